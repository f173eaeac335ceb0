#pragma once

#include <cstddef>
#include <cstdint>

#include "cocheck/detail/harness_allocator.hpp"

namespace cocheck::detail {

/// A range of addresses.
struct MemoryRange {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;

  [[nodiscard]] bool holds(std::uintptr_t address) const noexcept {
    return address - begin < end - begin;
  }
};

/// Where a program keeps what outlives an execution of a model, the system's own libraries apart.
struct OutsideRegions {
  /// Whole pages of memory that seldom changes while models run: statics, the stack of whoever
  /// called the search, and the heap.
  HarnessVector<MemoryRange> pages;
  /// Small ranges, of whole words: the variables of this thread.
  HarnessVector<MemoryRange> words;
  /// Within these, what is no part of a model: cocheck's own, and the standard streams.
  HarnessVector<MemoryRange> ignored;

  /// Those of the calling thread, whose frames above `border`, a page boundary, belong to callers.
  [[nodiscard]] static OutsideRegions find(std::uintptr_t border);
};

/// Whether code of the program or of a library of its own lies at an address; of libraries those
/// that were loaded when this was asked first.
[[nodiscard]] bool is_user_code(std::uintptr_t address) noexcept;

inline constexpr std::size_t kSystemPage = 4096;

}  // namespace cocheck::detail
