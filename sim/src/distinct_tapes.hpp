#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "cocheck/explorer.hpp"

namespace cocheck::detail {

/// Counts different tapes by a 64-bit hash of each.
class DistinctTapes {
 public:
  [[nodiscard]] static std::uint64_t hash_of(std::span<const std::uint32_t> tape,
                                             Order order) noexcept {
    std::uint64_t hash = order == Order::fifo ? 0x51ed270b9f4cb2ddu : 0xcbf29ce484222325u;
    for (const std::uint32_t choice : tape) {
      hash = (hash ^ choice) * 0x9e3779b97f4a7c15u;
      hash ^= hash >> 32;
    }
    return hash;
  }

  void add(std::uint64_t hash) {
    if (hashes_.size() == kLimit) {
      full_ = true;
    } else {
      hashes_.push_back(hash);
    }
  }
  /// So many that are known to differ from each other, but perhaps not from the others.
  void add_distinct(std::uint64_t tapes) { known_ += tapes; }
  [[nodiscard]] std::uint64_t count() {
    std::sort(hashes_.begin(), hashes_.end());
    hashes_.erase(std::unique(hashes_.begin(), hashes_.end()), hashes_.end());
    return std::max<std::uint64_t>(hashes_.size(), known_);
  }
  /// Whether there may be more than count() says.
  [[nodiscard]] bool full() const noexcept { return full_ || (known_ > 0 && !hashes_.empty()); }

 private:
  static constexpr std::size_t kLimit = std::size_t{1} << 24;

  std::vector<std::uint64_t> hashes_;
  std::uint64_t known_ = 0;
  bool full_ = false;
};

}  // namespace cocheck::detail
