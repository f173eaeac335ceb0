#pragma once

// How the functions that instrumented code calls tell of what they read and write: each access goes
// to the AccessLog of the step that runs, if there is one.
//
// The linker makes __wrap_f() of each f() in COCHECK_WRAPPED_FUNCTIONS (CMake): there it is told
// what f() does, and __real_f() does it. What is read must be told before what is written: what a
// step reads behind its own write is no read of others.

#include <wchar.h>

#include <cstddef>
#include <cstring>

#include "cocheck/detail/access_log.hpp"

/// Where the function that is being executed was called.
#define COCHECK_HERE __builtin_return_address(0)

extern "C" {
std::size_t __real_strlen(const char*);
std::size_t __real_strnlen(const char*, std::size_t);
std::size_t __real_wcslen(const wchar_t*);
std::size_t __real_wcsnlen(const wchar_t*, std::size_t);
}

namespace cocheck::detail {

/// An access of instrumented code.
inline void log(const void* address, std::size_t bytes, bool write,
                const void* instruction) noexcept {
  if (AccessLog* active = AccessLog::active()) [[unlikely]]
    active->record(address, bytes, write, instruction);
}

[[nodiscard]] inline bool logging() noexcept {
  return AccessLog::active() != nullptr;
}

/// The same by a function that is called by code that is not the model's as well: what it does
/// outside of the model's memory says nothing.
inline void log_inside(const void* begin, std::size_t bytes, bool write,
                       const void* instruction) noexcept {
  AccessLog* active = AccessLog::active();
  if (active == nullptr || bytes == 0) return;
  if (active->is_inside(begin)) {
    active->record(begin, bytes, write, instruction);
  } else if (write) {
    active->write_outside(begin);
  }
}
inline void log_read(const void* begin, std::size_t bytes, const void* instruction) noexcept {
  log_inside(begin, bytes, false, instruction);
}
inline void log_write(const void* begin, std::size_t bytes, const void* instruction) noexcept {
  log_inside(begin, bytes, true, instruction);
}

/// Some of it is read and some is changed, and it is not known which.
inline void log_update(const void* begin, std::size_t bytes, const void* instruction) noexcept {
  log_read(begin, bytes, instruction);
  log_write(begin, bytes, instruction);
}

inline std::size_t length_of(const char* text) noexcept {
  return __real_strlen(text);
}
inline std::size_t length_of(const wchar_t* text) noexcept {
  return __real_wcslen(text);
}
inline std::size_t length_of(const char* text, std::size_t most) noexcept {
  return __real_strnlen(text, most);
}
inline std::size_t length_of(const wchar_t* text, std::size_t most) noexcept {
  return __real_wcsnlen(text, most);
}

/// A text with its end, or `most` characters of it, is read.
template <class Char>
void log_text(const Char* text, std::size_t most, const void* instruction) noexcept {
  if (!logging() || most == 0) return;
  const std::size_t length = length_of(text, most);
  log_read(text, (length < most ? length + 1 : most) * sizeof(Char), instruction);
}
template <class Char>
void log_text(const Char* text, const void* instruction) noexcept {
  if (logging()) log_read(text, (length_of(text) + 1) * sizeof(Char), instruction);
}
/// A text with its end was written there.
template <class Char>
void log_written_text(const Char* text, const void* instruction) noexcept {
  if (logging()) log_write(text, (length_of(text) + 1) * sizeof(Char), instruction);
}

/// A function of which it is not known what it reads or writes, such as a state of its own.
inline void log_unseen(const char* function, const void* instruction) noexcept {
  if (AccessLog* active = AccessLog::active()) active->call_unseen(function, instruction);
}

}  // namespace cocheck::detail
