#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <vector>

namespace cocheck::detail {

/// Which process makes its step where a search may choose. What is found does not depend on it; how
/// many steps it takes does.
///
/// Those first that write the least of what others read who could go on as well: then the others
/// have read the old value when it is written, and to try it the other way round takes only the
/// writer's step, of which all is known. Among equals, by priorities that stay the same: multiples
/// of the golden ratio, so that those of processes made one after the other, which often share
/// something, are far apart.
///
/// O(candidates). Readers are remembered by the last 6 bits of their numbers.
class PickOrder {
 public:
  explicit PickOrder(std::uint64_t seed) : seed_(seed) {}

  /// That a process has read what another one has written, or would have if it came later.
  void note_read(std::uint32_t writer, std::uint32_t reader) {
    if (writer >= readers_.size()) readers_.resize(writer + 1);
    readers_[writer] |= bit_of(reader);
  }

  /// Whether that is known already.
  [[nodiscard]] bool reads(std::uint32_t writer, std::uint32_t reader) const noexcept {
    return writer < readers_.size() && (readers_[writer] & bit_of(reader)) != 0;
  }

  /// Tells about those who can go on.
  void begin(std::span<const std::uint32_t> processes) {
    there_ = 0;
    for (const std::uint32_t process : processes) there_ |= bit_of(process);
  }
  /// Of one of them: the highest one is picked. Never 0.
  [[nodiscard]] std::uint64_t priority(std::uint32_t process) const {
    const std::uint64_t readers = process < readers_.size() ? readers_[process] : 0;
    const auto waiting = static_cast<unsigned>(std::popcount(readers & there_ & ~bit_of(process)));
    return std::uint64_t{64 - waiting} << 48 | (process + seed_) * kGoldenRatio >> 16 | 1;
  }

 private:
  // Its multiples are spread evenly: of 2^64.
  static constexpr std::uint64_t kGoldenRatio = 0x9e37'79b9'7f4a'7c15u;

  [[nodiscard]] static std::uint64_t bit_of(std::uint32_t process) noexcept {
    return std::uint64_t{1} << process % 64;
  }

  std::uint64_t seed_;
  std::uint64_t there_ = 0;
  std::vector<std::uint64_t> readers_;  // of what a process writes
};

}  // namespace cocheck::detail
