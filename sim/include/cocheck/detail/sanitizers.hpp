#pragma once

// What code must know of the sanitizers that it is built with.

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
