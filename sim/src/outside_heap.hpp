#pragma once

#include <cstddef>

#include "cocheck/detail/outside_regions.hpp"

namespace cocheck::detail {

/// The heap of a program outside of its searches: one range of addresses of its own, so that it can
/// be watched while models run, and nothing that cocheck or the C library allocate lies in between.
///
/// Blocks are given out again by size. Thread-safe. Each costs 16 bytes more. Where no such range
/// is to be had, allocate() gives null, always.
class OutsideHeap {
 public:
  OutsideHeap() = delete;

  [[nodiscard]] static void* allocate(std::size_t bytes, std::size_t alignment) noexcept;
  [[nodiscard]] static bool owns(const void* memory) noexcept;
  /// Of a block.
  [[nodiscard]] static std::size_t size_of(const void* memory) noexcept;
  /// While a search is watched this does nothing: what it goes back to needs the block.
  static void release(void* memory) noexcept;
  /// Whole pages.
  [[nodiscard]] static MemoryRange in_use() noexcept;
};

}  // namespace cocheck::detail
