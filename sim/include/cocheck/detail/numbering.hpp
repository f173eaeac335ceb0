#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace cocheck::detail {

/// Numbers keys in the order in which they are first met. O(1), and so is to forget them all.
class Numbering {
 public:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};

  /// With so many slots at first, a power of two: at least twice as many as there will be keys for
  /// long.
  explicit Numbering(std::size_t slots = 64) : slots_(slots), mask_(slots - 1) {}

  /// How many there are; so the next new key is numbered.
  [[nodiscard]] std::uint32_t size() const noexcept { return size_; }

  /// The number of the key, a new one if it has none.
  std::uint32_t add(std::uint64_t key) {
    Slot* slot = &slots_[slot_of(key)];
    if (slot->age == age_) return slot->number;
    if (std::size_t{size_} * 2 >= slots_.size()) {
      grow();
      slot = &slots_[slot_of(key)];
    }
    *slot = {key, size_, age_};
    return size_++;
  }

  [[nodiscard]] std::uint32_t find(std::uint64_t key) const noexcept {
    const Slot& slot = slots_[slot_of(key)];
    return slot.age == age_ ? slot.number : kNone;
  }

  void clear() noexcept {
    size_ = 0;
    if (++age_ == 0) {
      for (Slot& slot : slots_) slot.age = 0;
      age_ = 1;
    }
  }

 private:
  struct Slot {
    std::uint64_t key = 0;
    std::uint32_t number = 0;
    std::uint32_t age = 0;
  };

  /// Where the key is, or where it belongs.
  [[nodiscard]] std::size_t slot_of(std::uint64_t key) const noexcept {
    const std::uint64_t hash = key * 0x9e37'79b9'7f4a'7c15u;
    std::size_t slot = static_cast<std::size_t>(hash ^ hash >> 32) & mask_;
    while (slots_[slot].age == age_ && slots_[slot].key != key) slot = (slot + 1) & mask_;
    return slot;
  }

  void grow() {
    std::vector<Slot> before(slots_.size() * 2);
    before.swap(slots_);
    mask_ = slots_.size() - 1;
    for (const Slot& slot : before) {
      if (slot.age == age_) slots_[slot_of(slot.key)] = slot;
    }
  }

  std::vector<Slot> slots_;
  std::size_t mask_;
  std::uint32_t size_ = 0;
  std::uint32_t age_ = 1;
};

}  // namespace cocheck::detail
