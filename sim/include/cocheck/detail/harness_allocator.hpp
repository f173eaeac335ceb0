#pragma once

#include <cstddef>
#include <cstdlib>
#include <functional>
#include <new>
#include <unordered_map>
#include <utility>
#include <vector>

namespace cocheck::detail {

/// Takes its memory from malloc, whatever operator new does at the moment: for what cocheck keeps
/// on its own behalf and changes while a step of a model runs.
template <class T>
struct HarnessAllocator {
  using value_type = T;

  HarnessAllocator() = default;
  template <class U>
  HarnessAllocator(const HarnessAllocator<U>&) noexcept {}

  [[nodiscard]] T* allocate(std::size_t count) {
    void* memory = alignof(T) > alignof(std::max_align_t)
                       ? std::aligned_alloc(alignof(T), count * sizeof(T))
                       : std::malloc(count * sizeof(T));
    if (memory == nullptr) throw std::bad_alloc();
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, std::size_t) noexcept { std::free(memory); }

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
