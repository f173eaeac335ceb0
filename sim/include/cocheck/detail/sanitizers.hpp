#pragma once

// What code must know of the sanitizers that it is built with.

#include <cstddef>
#include <cstdint>

#if defined(__SANITIZE_ADDRESS__)
#define COCHECK_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define COCHECK_ADDRESS_SANITIZER 1
#endif
#endif
#if !defined(COCHECK_ADDRESS_SANITIZER)
#define COCHECK_ADDRESS_SANITIZER 0
#endif

/// For a function that reads or writes memory which may be poisoned.
#if defined(__clang__)
#define COCHECK_UNCHECKED __attribute__((no_sanitize("address", "undefined")))
#else
#define COCHECK_UNCHECKED __attribute__((no_sanitize_address, no_sanitize_undefined))
#endif

namespace cocheck::detail {

/// A word of memory that may be poisoned.
COCHECK_UNCHECKED inline std::uint64_t load_unchecked(const std::byte* at) noexcept {
  return *reinterpret_cast<const volatile std::uint64_t*>(at);
}
COCHECK_UNCHECKED inline void store_unchecked(std::byte* at, std::uint64_t value) noexcept {
  *reinterpret_cast<volatile std::uint64_t*>(at) = value;
}

}  // namespace cocheck::detail
