#pragma once

#include <cstddef>
#include <new>

#include "cocheck/loop.hpp"

namespace cocheck::detail {

/// In front of each block: the loop that it came from, so that it finds its way back, and a word
/// that the loop may use as it likes.
inline constexpr std::size_t kMemoryHeader = __STDCPP_DEFAULT_NEW_ALIGNMENT__;

/// Memory from the running loop, or from the heap where none runs.
[[nodiscard]] inline void* allocate(std::size_t bytes) {
  Loop* loop = Loop::current_or_null();
  void* block = loop != nullptr ? loop->allocate(bytes + kMemoryHeader)
                                : ::operator new(bytes + kMemoryHeader);
  *static_cast<Loop**>(block) = loop;
  return static_cast<std::byte*>(block) + kMemoryHeader;
}

inline void deallocate(void* memory, std::size_t bytes) noexcept {
  void* block = static_cast<std::byte*>(memory) - kMemoryHeader;
  Loop* loop = *static_cast<Loop**>(block);
  if (loop != nullptr) {
    loop->deallocate(block, bytes + kMemoryHeader);
  } else {
    ::operator delete(block);
  }
}

/// Base of what belongs to a loop: `new` takes its memory from there.
struct LoopAllocated {
  static void* operator new(std::size_t bytes) { return allocate(bytes); }
  static void operator delete(void* memory, std::size_t bytes) noexcept {
    deallocate(memory, bytes);
  }
};

}  // namespace cocheck::detail
