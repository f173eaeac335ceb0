#pragma once

#include <cstddef>
#include <cstdlib>
#include <functional>
#include <new>
#include <unordered_map>
#include <utility>
#include <vector>

#include "cocheck/detail/sanitizers.hpp"

#if defined(__GLIBC__) && !COCHECK_ADDRESS_SANITIZER
// The C library's own, whatever malloc is in this program.
extern "C" {
void* __libc_malloc(std::size_t bytes) noexcept;
void* __libc_memalign(std::size_t alignment, std::size_t bytes) noexcept;
void __libc_free(void* memory) noexcept;
}
#endif

namespace cocheck::detail {

#if !defined(__GLIBC__) || COCHECK_ADDRESS_SANITIZER
inline void* __libc_malloc(std::size_t bytes) noexcept {
  return std::malloc(bytes);
}
inline void* __libc_memalign(std::size_t alignment, std::size_t bytes) noexcept {
  return std::aligned_alloc(alignment, bytes);
}
inline void __libc_free(void* memory) noexcept {
  std::free(memory);
}
#endif

/// Takes its memory from the C library, whatever operator new and malloc do at the moment: for what
/// cocheck keeps on its own behalf and changes while a step of a model runs.
template <class T>
struct HarnessAllocator {
  using value_type = T;

  HarnessAllocator() = default;
  template <class U>
  HarnessAllocator(const HarnessAllocator<U>&) noexcept {}

  [[nodiscard]] T* allocate(std::size_t count) {
    void* memory = alignof(T) > alignof(std::max_align_t)
                       ? __libc_memalign(alignof(T), count * sizeof(T))
                       : __libc_malloc(count * sizeof(T));
    if (memory == nullptr) throw std::bad_alloc();
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, std::size_t) noexcept { __libc_free(memory); }

  template <class U>
  bool operator==(const HarnessAllocator<U>&) const noexcept {
    return true;
  }
};

template <class T>
using HarnessVector = std::vector<T, HarnessAllocator<T>>;

template <class Key, class Value>
using HarnessMap = std::unordered_map<Key, Value, std::hash<Key>, std::equal_to<Key>,
                                      HarnessAllocator<std::pair<const Key, Value>>>;

}  // namespace cocheck::detail
