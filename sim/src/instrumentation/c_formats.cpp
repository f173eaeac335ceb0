// Texts that are made by a format, and read by one: snprintf() and sscanf() and their like. What
// goes to a file is no matter.

#include <algorithm>
#include <cstdarg>
#include <cstddef>
#include <cstdint>

#include "accesses.hpp"
#include "formats.hpp"

using namespace cocheck::detail;

extern "C" {
int __real_vsnprintf(char*, std::size_t, const char*, std::va_list);
int __real_vasprintf(char**, const char*, std::va_list);
int __real_vsscanf(const char*, const char*, std::va_list);
int __real___isoc99_vsscanf(const char*, const char*, std::va_list);
// Older than glibc 2.38 does not have it.
int __real___isoc23_vsscanf(const char*, const char*, std::va_list) __attribute__((weak));
}

namespace {

void log_arguments(const char* function, const char* format, std::va_list list,
                   const void* instruction) {
  if (!logging()) return;
  Arguments arguments;
  va_copy(arguments.list, list);
  log_text(format, instruction);
  if (!log_printed(format, arguments, instruction)) log_unseen(function, instruction);
  va_end(arguments.list);
}

int print(const char* function, char* to, std::size_t most, const char* format, std::va_list list,
          const void* instruction) {
  log_arguments(function, format, list, instruction);
  const int length = __real_vsnprintf(to, most, format, list);
  if (length >= 0 && most > 0) {
    log_write(to, std::min(static_cast<std::size_t>(length) + 1, most), instruction);
  }
  return length;
}

int print_allocated(const char* function, char** to, const char* format, std::va_list list,
                    const void* instruction) {
  log_arguments(function, format, list, instruction);
  const int length = __real_vasprintf(to, format, list);
  log_write(to, sizeof *to, instruction);
  return length;
}

using Scan = int (*)(const char*, const char*, std::va_list);

int scan(Scan real, const char* text, const char* format, std::va_list list,
         const void* instruction) {
  Arguments arguments;
  va_copy(arguments.list, list);
  log_text(text, instruction);
  log_text(format, instruction);
  const int assigned = real(text, format, list);
  if (logging() && !log_scanned(format, assigned, arguments, instruction)) {
    log_unseen("sscanf", instruction);
  }
  va_end(arguments.list);
  return assigned;
}

// As much as there may be: the function does not know how much there is.
constexpr std::size_t kNoLimit = INT32_MAX;

}  // namespace

// Each by its arguments and by a list of them. The macros give `list` to the call that is named.
#define COCHECK_WITH_ARGUMENTS(call) \
  std::va_list list;                 \
  va_start(list, format);            \
  const void* here = COCHECK_HERE;   \
  const int result = call;           \
  va_end(list);                      \
  return result

extern "C" {
int __wrap_vsnprintf(char* to, std::size_t most, const char* format, std::va_list list) {
  return print("vsnprintf", to, most, format, list, COCHECK_HERE);
}
int __wrap_snprintf(char* to, std::size_t most, const char* format, ...) {
  COCHECK_WITH_ARGUMENTS(print("snprintf", to, most, format, list, here));
}
int __wrap_vsprintf(char* to, const char* format, std::va_list list) {
  return print("vsprintf", to, kNoLimit, format, list, COCHECK_HERE);
}
int __wrap_sprintf(char* to, const char* format, ...) {
  COCHECK_WITH_ARGUMENTS(print("sprintf", to, kNoLimit, format, list, here));
}
int __wrap_vasprintf(char** to, const char* format, std::va_list list) {
  return print_allocated("vasprintf", to, format, list, COCHECK_HERE);
}
int __wrap_asprintf(char** to, const char* format, ...) {
  COCHECK_WITH_ARGUMENTS(print_allocated("asprintf", to, format, list, here));
}

// What headers call in the place of sscanf() differs with the standard that a program is compiled
// for, and with glibc.
#define COCHECK_SCAN(name, listed, real)                                         \
  int __wrap_##name(const char* text, const char* format, ...) {                 \
    COCHECK_WITH_ARGUMENTS(scan(real, text, format, list, here));                \
  }                                                                              \
  int __wrap_##listed(const char* text, const char* format, std::va_list list) { \
    return scan(real, text, format, list, COCHECK_HERE);                         \
  }
COCHECK_SCAN(sscanf, vsscanf, __real_vsscanf)
COCHECK_SCAN(__isoc99_sscanf, __isoc99_vsscanf, __real___isoc99_vsscanf)
COCHECK_SCAN(__isoc23_sscanf, __isoc23_vsscanf, __real___isoc23_vsscanf)
#undef COCHECK_SCAN
}  // extern "C"
#undef COCHECK_WITH_ARGUMENTS
