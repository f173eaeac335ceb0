#include "thread_stack.hpp"

#include <pthread.h>

#include <cstddef>

namespace cocheck::detail {

const ThreadStack& ThreadStack::mine() noexcept {
  static thread_local const ThreadStack stack = [] {
    pthread_attr_t attributes;
    void* lowest = nullptr;
    std::size_t bytes = 0;
    if (::pthread_getattr_np(::pthread_self(), &attributes) == 0) {
      ::pthread_attr_getstack(&attributes, &lowest, &bytes);
      ::pthread_attr_destroy(&attributes);
    }
    const auto begin = reinterpret_cast<std::uintptr_t>(lowest);
    return ThreadStack{begin, begin + bytes};
  }();
  return stack;
}

}  // namespace cocheck::detail
