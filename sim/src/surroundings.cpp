#include "cocheck/detail/surroundings.hpp"

#include <alloca.h>

#include <cstring>

#include "cocheck/detail/sanitizers.hpp"

namespace cocheck::detail {

__attribute__((noinline)) COCHECK_UNCHECKED void fill_stack(std::byte value,
                                                            std::size_t bytes) noexcept {
  void* below = alloca(bytes);
  std::memset(below, static_cast<int>(value), bytes);
  __asm__ volatile("" : : "r"(below) : "memory");
}

__attribute__((noinline)) COCHECK_UNCHECKED std::size_t stack_used(std::byte value,
                                                                   std::size_t bytes) noexcept {
  const auto* here = static_cast<const std::byte*>(__builtin_frame_address(0));
  const auto* at = reinterpret_cast<const volatile std::byte*>(here - bytes);
  std::size_t used = bytes;
  while (used > 0 && *at == value) {
    ++at;
    --used;
  }
  return used;
}

}  // namespace cocheck::detail
