#pragma once

// Comes before all else in code that is compiled for cocheck_instrument().

#include <cstddef>

// Else streams and parts of std::string come from the library, where nobody sees what they do. The
// headers of libstdc++ define it whatever the command line says.
#undef _GLIBCXX_EXTERN_TEMPLATE
#define _GLIBCXX_EXTERN_TEMPLATE 0

// g++ replaces calls of these functions by what they do where it knows how much that is, after it
// has put in the calls that tell of accesses: nothing would be told of it. The option -fno-builtin
// keeps calls of memcpy() as they are, but not those of __builtin_memcpy(), which the standard
// library makes.

#ifndef __clang__

#include <cstring>

namespace cocheck::detail {

// NOLINTBEGIN(bugprone-reserved-identifier): the names are the compiler's

#define COCHECK_CALLED(type, name, parameters, arguments)                          \
  [[gnu::always_inline]] inline constexpr type called_##name parameters noexcept { \
    if (__builtin_is_constant_evaluated()) {                                       \
      return __builtin_##name arguments;                                           \
    } else {                                                                       \
      return ::name arguments;                                                     \
    }                                                                              \
  }

COCHECK_CALLED(void*, memcpy, (void* to, const void* from, std::size_t bytes), (to, from, bytes))
COCHECK_CALLED(void*, memmove, (void* to, const void* from, std::size_t bytes), (to, from, bytes))
COCHECK_CALLED(void*, memset, (void* to, int value, std::size_t bytes), (to, value, bytes))
COCHECK_CALLED(int, memcmp, (const void* one, const void* other, std::size_t bytes),
               (one, other, bytes))
COCHECK_CALLED(std::size_t, strlen, (const char* text), (text))
COCHECK_CALLED(int, strcmp, (const char* one, const char* other), (one, other))

/// As of a pointer to constant memory, and to other memory.
[[gnu::always_inline]] inline constexpr void* called_memchr(const void* begin, int value,
                                                            std::size_t bytes) noexcept {
  if (__builtin_is_constant_evaluated()) {
    return __builtin_memchr(begin, value, bytes);
  } else {
    return const_cast<void*>(::memchr(begin, value, bytes));
  }
}

#undef COCHECK_CALLED

}  // namespace cocheck::detail

#define __builtin_memcpy ::cocheck::detail::called_memcpy
#define __builtin_memmove ::cocheck::detail::called_memmove
#define __builtin_memset ::cocheck::detail::called_memset
#define __builtin_memcmp ::cocheck::detail::called_memcmp
#define __builtin_memchr ::cocheck::detail::called_memchr
#define __builtin_strlen ::cocheck::detail::called_strlen
#define __builtin_strcmp ::cocheck::detail::called_strcmp

// NOLINTEND(bugprone-reserved-identifier)

#endif
