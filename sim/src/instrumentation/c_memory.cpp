// Memory of C: <cstring> and <cwchar>.

#include <cstddef>
#include <cstring>

#include "accesses.hpp"

using cocheck::detail::log_read;
using cocheck::detail::log_update;
using cocheck::detail::log_write;

extern "C" {
void* __real_memcpy(void*, const void*, std::size_t);
void* __real_memmove(void*, const void*, std::size_t);
void* __real_mempcpy(void*, const void*, std::size_t);
void* __real_memccpy(void*, const void*, int, std::size_t);
void* __real_memset(void*, int, std::size_t);
int __real_memcmp(const void*, const void*, std::size_t);
int __real_bcmp(const void*, const void*, std::size_t);
void* __real_memchr(const void*, int, std::size_t);
void* __real_memrchr(const void*, int, std::size_t);
void* __real_memmem(const void*, std::size_t, const void*, std::size_t);

void* __wrap_memcpy(void* to, const void* from, std::size_t bytes) {
  log_read(from, bytes, COCHECK_HERE);
  log_write(to, bytes, COCHECK_HERE);
  return __real_memcpy(to, from, bytes);
}
void* __wrap_memmove(void* to, const void* from, std::size_t bytes) {
  log_read(from, bytes, COCHECK_HERE);
  log_write(to, bytes, COCHECK_HERE);
  return __real_memmove(to, from, bytes);
}
void* __wrap_mempcpy(void* to, const void* from, std::size_t bytes) {
  log_read(from, bytes, COCHECK_HERE);
  log_write(to, bytes, COCHECK_HERE);
  return __real_mempcpy(to, from, bytes);
}
void* __wrap_memccpy(void* to, const void* from, int last, std::size_t most) {
  void* behind = __real_memccpy(to, from, last, most);
  const std::size_t bytes =
      behind != nullptr
          ? static_cast<std::size_t>(static_cast<char*>(behind) - static_cast<char*>(to))
          : most;
  log_read(from, bytes, COCHECK_HERE);
  log_write(to, bytes, COCHECK_HERE);
  return behind;
}
void* __wrap_memset(void* to, int value, std::size_t bytes) {
  log_write(to, bytes, COCHECK_HERE);
  return __real_memset(to, value, bytes);
}
void __wrap_bzero(void* to, std::size_t bytes) {
  log_write(to, bytes, COCHECK_HERE);
  __real_memset(to, 0, bytes);
}
int __wrap_memcmp(const void* one, const void* other, std::size_t bytes) {
  log_read(one, bytes, COCHECK_HERE);
  log_read(other, bytes, COCHECK_HERE);
  return __real_memcmp(one, other, bytes);
}
int __wrap_bcmp(const void* one, const void* other, std::size_t bytes) {
  log_read(one, bytes, COCHECK_HERE);
  log_read(other, bytes, COCHECK_HERE);
  return __real_bcmp(one, other, bytes);
}
void* __wrap_memchr(const void* begin, int value, std::size_t bytes) {
  log_read(begin, bytes, COCHECK_HERE);
  return __real_memchr(begin, value, bytes);
}
void* __wrap_memrchr(const void* begin, int value, std::size_t bytes) {
  log_read(begin, bytes, COCHECK_HERE);
  return __real_memrchr(begin, value, bytes);
}
void* __wrap_memmem(const void* begin, std::size_t bytes, const void* part,
                    std::size_t part_bytes) {
  log_read(begin, bytes, COCHECK_HERE);
  log_read(part, part_bytes, COCHECK_HERE);
  return __real_memmem(begin, bytes, part, part_bytes);
}

// What clang calls for copies that it makes.
void* __tsan_memcpy(void* to, const void* from, std::size_t bytes) {
  return __wrap_memcpy(to, from, bytes);
}
void* __tsan_memmove(void* to, const void* from, std::size_t bytes) {
  return __wrap_memmove(to, from, bytes);
}
void* __tsan_memset(void* to, int value, std::size_t bytes) {
  return __wrap_memset(to, value, bytes);
}

wchar_t* __real_wmemcpy(wchar_t*, const wchar_t*, std::size_t);
wchar_t* __real_wmemmove(wchar_t*, const wchar_t*, std::size_t);
wchar_t* __real_wmemset(wchar_t*, wchar_t, std::size_t);
int __real_wmemcmp(const wchar_t*, const wchar_t*, std::size_t);
wchar_t* __real_wmemchr(const wchar_t*, wchar_t, std::size_t);

wchar_t* __wrap_wmemcpy(wchar_t* to, const wchar_t* from, std::size_t count) {
  log_read(from, count * sizeof(wchar_t), COCHECK_HERE);
  log_write(to, count * sizeof(wchar_t), COCHECK_HERE);
  return __real_wmemcpy(to, from, count);
}
wchar_t* __wrap_wmemmove(wchar_t* to, const wchar_t* from, std::size_t count) {
  log_read(from, count * sizeof(wchar_t), COCHECK_HERE);
  log_write(to, count * sizeof(wchar_t), COCHECK_HERE);
  return __real_wmemmove(to, from, count);
}
wchar_t* __wrap_wmemset(wchar_t* to, wchar_t value, std::size_t count) {
  log_write(to, count * sizeof(wchar_t), COCHECK_HERE);
  return __real_wmemset(to, value, count);
}
int __wrap_wmemcmp(const wchar_t* one, const wchar_t* other, std::size_t count) {
  log_read(one, count * sizeof(wchar_t), COCHECK_HERE);
  log_read(other, count * sizeof(wchar_t), COCHECK_HERE);
  return __real_wmemcmp(one, other, count);
}
wchar_t* __wrap_wmemchr(const wchar_t* begin, wchar_t value, std::size_t count) {
  log_read(begin, count * sizeof(wchar_t), COCHECK_HERE);
  return __real_wmemchr(begin, value, count);
}

// What moves elements of arrays itself.
void __real_qsort(void*, std::size_t, std::size_t, int (*)(const void*, const void*));
void __real_qsort_r(void*, std::size_t, std::size_t, int (*)(const void*, const void*, void*),
                    void*);

void __wrap_qsort(void* begin, std::size_t count, std::size_t bytes,
                  int (*compare)(const void*, const void*)) {
  if (count > 1) log_update(begin, count * bytes, COCHECK_HERE);
  __real_qsort(begin, count, bytes, compare);
}
void __wrap_qsort_r(void* begin, std::size_t count, std::size_t bytes,
                    int (*compare)(const void*, const void*, void*), void* argument) {
  if (count > 1) log_update(begin, count * bytes, COCHECK_HERE);
  __real_qsort_r(begin, count, bytes, compare, argument);
}
}  // extern "C"
