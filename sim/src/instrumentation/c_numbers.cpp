// Texts as numbers: std::stoi() and its like call these. And numbers that C makes up.

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cwchar>

#include "accesses.hpp"

using namespace cocheck::detail;

namespace {

std::size_t blank_at(const char* text) noexcept {
  return std::strspn(text, " \t\n\v\f\r+-");
}
std::size_t blank_at(const wchar_t* text) noexcept {
  return std::wcsspn(text, L" \t\n\v\f\r+-");
}

/// What was read of a text as a number, and where its end is told. To know that a number has ended,
/// what is behind it is looked at, too: that of "1e+x" or "0xg" ends behind the first digit.
template <class Number, class Char, class... Base>
Number read_number(Number (*read)(const Char*, Char**, Base...), const Char* text, Char** end,
                   Base... base, const void* instruction) noexcept {
  Char* behind = nullptr;
  const Number number = read(text, &behind, base...);
  if (logging()) {
    constexpr std::size_t kBehind = 16;
    const std::size_t before = blank_at(text);  // also where there is no number
    const auto used = static_cast<std::size_t>(behind - text);
    log_text(text, std::max(used, before) + kBehind, instruction);
    if (end != nullptr) log_write(end, sizeof(Char*), instruction);
  }
  if (end != nullptr) *end = behind;
  return number;
}

}  // namespace

extern "C" {
#define COCHECK_READ_INTEGER(name, type, Char, ...)                                    \
  type __real_##name(const Char*, Char**, int) __VA_ARGS__;                            \
  type __wrap_##name(const Char* text, Char** end, int base) {                         \
    return read_number<type, Char, int>(__real_##name, text, end, base, COCHECK_HERE); \
  }
#define COCHECK_READ_REAL(name, type, Char)                                 \
  type __real_##name(const Char*, Char**);                                  \
  type __wrap_##name(const Char* text, Char** end) {                        \
    return read_number<type, Char>(__real_##name, text, end, COCHECK_HERE); \
  }
COCHECK_READ_INTEGER(strtol, long, char)
COCHECK_READ_INTEGER(strtoll, long long, char)
COCHECK_READ_INTEGER(strtoul, unsigned long, char)
COCHECK_READ_INTEGER(strtoull, unsigned long long, char)
COCHECK_READ_INTEGER(strtoimax, std::intmax_t, char)
COCHECK_READ_INTEGER(strtoumax, std::uintmax_t, char)
COCHECK_READ_INTEGER(wcstol, long, wchar_t)
COCHECK_READ_INTEGER(wcstoll, long long, wchar_t)
COCHECK_READ_INTEGER(wcstoul, unsigned long, wchar_t)
COCHECK_READ_INTEGER(wcstoull, unsigned long long, wchar_t)
// What the headers of glibc 2.38 and later call instead; older ones do not have them.
COCHECK_READ_INTEGER(__isoc23_strtol, long, char, __attribute__((weak)))
COCHECK_READ_INTEGER(__isoc23_strtoll, long long, char, __attribute__((weak)))
COCHECK_READ_INTEGER(__isoc23_strtoul, unsigned long, char, __attribute__((weak)))
COCHECK_READ_INTEGER(__isoc23_strtoull, unsigned long long, char, __attribute__((weak)))
COCHECK_READ_INTEGER(__isoc23_strtoimax, std::intmax_t, char, __attribute__((weak)))
COCHECK_READ_INTEGER(__isoc23_strtoumax, std::uintmax_t, char, __attribute__((weak)))
COCHECK_READ_INTEGER(__isoc23_wcstol, long, wchar_t, __attribute__((weak)))
COCHECK_READ_INTEGER(__isoc23_wcstoll, long long, wchar_t, __attribute__((weak)))
COCHECK_READ_INTEGER(__isoc23_wcstoul, unsigned long, wchar_t, __attribute__((weak)))
COCHECK_READ_INTEGER(__isoc23_wcstoull, unsigned long long, wchar_t, __attribute__((weak)))
COCHECK_READ_REAL(strtod, double, char)
COCHECK_READ_REAL(strtof, float, char)
COCHECK_READ_REAL(strtold, long double, char)
COCHECK_READ_REAL(wcstod, double, wchar_t)
COCHECK_READ_REAL(wcstof, float, wchar_t)
COCHECK_READ_REAL(wcstold, long double, wchar_t)
#undef COCHECK_READ_INTEGER
#undef COCHECK_READ_REAL

int __wrap_atoi(const char* text) {
  return static_cast<int>(
      read_number<long, char, int>(__real_strtol, text, nullptr, 10, COCHECK_HERE));
}
long __wrap_atol(const char* text) {
  return read_number<long, char, int>(__real_strtol, text, nullptr, 10, COCHECK_HERE);
}
long long __wrap_atoll(const char* text) {
  return read_number<long long, char, int>(__real_strtoll, text, nullptr, 10, COCHECK_HERE);
}
double __wrap_atof(const char* text) {
  return read_number<double, char>(__real_strtod, text, nullptr, COCHECK_HERE);
}

// std::from_chars(const char*, const char*, Real&, std::chars_format), by the names that the linker
// knows. It may look at all of the text.
#define COCHECK_FROM_CHARS(name, Real)                                                      \
  std::from_chars_result __real_##name(const char*, const char*, Real&, std::chars_format); \
  std::from_chars_result __wrap_##name(const char* first, const char* last, Real& value,    \
                                       std::chars_format format) {                          \
    log_read(first, static_cast<std::size_t>(last - first), COCHECK_HERE);                  \
    const std::from_chars_result result = __real_##name(first, last, value, format);        \
    if (result.ec == std::errc()) log_write(&value, sizeof value, COCHECK_HERE);            \
    return result;                                                                          \
  }
COCHECK_FROM_CHARS(_ZSt10from_charsPKcS0_RdSt12chars_format, double)
COCHECK_FROM_CHARS(_ZSt10from_charsPKcS0_RfSt12chars_format, float)
COCHECK_FROM_CHARS(_ZSt10from_charsPKcS0_ReSt12chars_format, long double)
#undef COCHECK_FROM_CHARS

// std::to_chars(char*, char*, Real, ...), which says how much it has written.
#define COCHECK_TO_CHARS(name, parameters, arguments)                      \
  std::to_chars_result __real_##name parameters;                           \
  std::to_chars_result __wrap_##name parameters {                          \
    const std::to_chars_result result = __real_##name arguments;           \
    const char* end = result.ec == std::errc() ? result.ptr : last;        \
    log_write(first, static_cast<std::size_t>(end - first), COCHECK_HERE); \
    return result;                                                         \
  }
#define COCHECK_TO_CHARS_OF(letter, Real)                                                          \
  COCHECK_TO_CHARS(_ZSt8to_charsPcS_##letter, (char* first, char* last, Real value),               \
                   (first, last, value))                                                           \
  COCHECK_TO_CHARS(_ZSt8to_charsPcS_##letter##St12chars_format,                                    \
                   (char* first, char* last, Real value, std::chars_format format),                \
                   (first, last, value, format))                                                   \
  COCHECK_TO_CHARS(_ZSt8to_charsPcS_##letter##St12chars_formati,                                   \
                   (char* first, char* last, Real value, std::chars_format format, int precision), \
                   (first, last, value, format, precision))
COCHECK_TO_CHARS_OF(d, double)
COCHECK_TO_CHARS_OF(f, float)
COCHECK_TO_CHARS_OF(e, long double)
#undef COCHECK_TO_CHARS_OF
#undef COCHECK_TO_CHARS

// Numbers that come from a state which is no part of the model.
#define COCHECK_UNSEEN(type, name, parameters, arguments) \
  type __real_##name parameters;                          \
  type __wrap_##name parameters {                         \
    log_unseen(#name, COCHECK_HERE);                      \
    return __real_##name arguments;                       \
  }
COCHECK_UNSEEN(int, rand, (), ())
COCHECK_UNSEEN(void, srand, (unsigned seed), (seed))
COCHECK_UNSEEN(long, random, (), ())
COCHECK_UNSEEN(void, srandom, (unsigned seed), (seed))
COCHECK_UNSEEN(double, drand48, (), ())
COCHECK_UNSEEN(long, lrand48, (), ())
COCHECK_UNSEEN(long, mrand48, (), ())
COCHECK_UNSEEN(void, srand48, (long seed), (seed))
#undef COCHECK_UNSEEN

int __real_rand_r(unsigned*);
int __wrap_rand_r(unsigned* seed) {
  log_update(seed, sizeof *seed, COCHECK_HERE);
  return __real_rand_r(seed);
}
}  // extern "C"
