// Texts of wide characters of C: <cwchar>.

#include <wchar.h>

#include <cstddef>

#include "accesses.hpp"

using namespace cocheck::detail;

extern "C" {
int __real_wcscmp(const wchar_t*, const wchar_t*);
int __real_wcsncmp(const wchar_t*, const wchar_t*, std::size_t);
int __real_wcscoll(const wchar_t*, const wchar_t*);
wchar_t* __real_wcschr(const wchar_t*, wchar_t);
wchar_t* __real_wcsrchr(const wchar_t*, wchar_t);
wchar_t* __real_wcsstr(const wchar_t*, const wchar_t*);
std::size_t __real_wcsspn(const wchar_t*, const wchar_t*);
std::size_t __real_wcscspn(const wchar_t*, const wchar_t*);
wchar_t* __real_wcspbrk(const wchar_t*, const wchar_t*);
wchar_t* __real_wcscpy(wchar_t*, const wchar_t*);
wchar_t* __real_wcsncpy(wchar_t*, const wchar_t*, std::size_t);
wchar_t* __real_wcscat(wchar_t*, const wchar_t*);
wchar_t* __real_wcsncat(wchar_t*, const wchar_t*, std::size_t);
std::size_t __real_mbstowcs(wchar_t*, const char*, std::size_t);
std::size_t __real_wcstombs(char*, const wchar_t*, std::size_t);

std::size_t __wrap_wcslen(const wchar_t* text) {
  log_text(text, COCHECK_HERE);
  return __real_wcslen(text);
}
std::size_t __wrap_wcsnlen(const wchar_t* text, std::size_t most) {
  log_text(text, most, COCHECK_HERE);
  return __real_wcsnlen(text, most);
}

// Two texts that are looked at.
#define COCHECK_TWO_TEXTS(type, name)                            \
  type __wrap_##name(const wchar_t* one, const wchar_t* other) { \
    log_text(one, COCHECK_HERE);                                 \
    log_text(other, COCHECK_HERE);                               \
    return __real_##name(one, other);                            \
  }
COCHECK_TWO_TEXTS(int, wcscmp)
COCHECK_TWO_TEXTS(int, wcscoll)
COCHECK_TWO_TEXTS(wchar_t*, wcsstr)
COCHECK_TWO_TEXTS(std::size_t, wcsspn)
COCHECK_TWO_TEXTS(std::size_t, wcscspn)
COCHECK_TWO_TEXTS(wchar_t*, wcspbrk)
#undef COCHECK_TWO_TEXTS

int __wrap_wcsncmp(const wchar_t* one, const wchar_t* other, std::size_t most) {
  log_text(one, most, COCHECK_HERE);
  log_text(other, most, COCHECK_HERE);
  return __real_wcsncmp(one, other, most);
}
wchar_t* __wrap_wcschr(const wchar_t* text, wchar_t value) {
  log_text(text, COCHECK_HERE);
  return __real_wcschr(text, value);
}
wchar_t* __wrap_wcsrchr(const wchar_t* text, wchar_t value) {
  log_text(text, COCHECK_HERE);
  return __real_wcsrchr(text, value);
}

wchar_t* __wrap_wcscpy(wchar_t* to, const wchar_t* from) {
  log_text(from, COCHECK_HERE);
  wchar_t* result = __real_wcscpy(to, from);
  log_written_text(to, COCHECK_HERE);
  return result;
}
wchar_t* __wrap_wcsncpy(wchar_t* to, const wchar_t* from, std::size_t count) {
  log_text(from, count, COCHECK_HERE);
  log_write(to, count * sizeof(wchar_t), COCHECK_HERE);
  return __real_wcsncpy(to, from, count);
}
wchar_t* __wrap_wcscat(wchar_t* to, const wchar_t* from) {
  log_text(to, COCHECK_HERE);
  log_text(from, COCHECK_HERE);
  wchar_t* end = logging() ? to + length_of(to) : nullptr;
  wchar_t* result = __real_wcscat(to, from);
  if (end != nullptr) log_written_text(end, COCHECK_HERE);
  return result;
}
wchar_t* __wrap_wcsncat(wchar_t* to, const wchar_t* from, std::size_t most) {
  log_text(to, COCHECK_HERE);
  log_text(from, most, COCHECK_HERE);
  wchar_t* end = logging() ? to + length_of(to) : nullptr;
  wchar_t* result = __real_wcsncat(to, from, most);
  if (end != nullptr) log_written_text(end, COCHECK_HERE);
  return result;
}

std::size_t __wrap_mbstowcs(wchar_t* to, const char* from, std::size_t most) {
  log_text(from, COCHECK_HERE);
  const std::size_t count = __real_mbstowcs(to, from, most);
  if (to != nullptr && count != ~std::size_t{0}) {
    log_write(to, (count < most ? count + 1 : most) * sizeof(wchar_t), COCHECK_HERE);
  }
  return count;
}
std::size_t __wrap_wcstombs(char* to, const wchar_t* from, std::size_t most) {
  log_text(from, COCHECK_HERE);
  const std::size_t count = __real_wcstombs(to, from, most);
  if (to != nullptr && count != ~std::size_t{0}) {
    log_write(to, count < most ? count + 1 : most, COCHECK_HERE);
  }
  return count;
}
}  // extern "C"
