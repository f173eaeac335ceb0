// Texts of C: <cstring> and <strings.h>.

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "accesses.hpp"

using namespace cocheck::detail;

extern "C" {
int __real_strcmp(const char*, const char*);
int __real_strncmp(const char*, const char*, std::size_t);
int __real_strcasecmp(const char*, const char*);
int __real_strncasecmp(const char*, const char*, std::size_t);
int __real_strcoll(const char*, const char*);
std::size_t __real_strxfrm(char*, const char*, std::size_t);
char* __real_strchr(const char*, int);
char* __real_strrchr(const char*, int);
char* __real_strchrnul(const char*, int);
char* __real_strstr(const char*, const char*);
char* __real_strcasestr(const char*, const char*);
std::size_t __real_strspn(const char*, const char*);
std::size_t __real_strcspn(const char*, const char*);
char* __real_strpbrk(const char*, const char*);
char* __real_strcpy(char*, const char*);
char* __real_stpcpy(char*, const char*);
char* __real_strncpy(char*, const char*, std::size_t);
char* __real_stpncpy(char*, const char*, std::size_t);
char* __real_strcat(char*, const char*);
char* __real_strncat(char*, const char*, std::size_t);
char* __real_strdup(const char*);
char* __real_strndup(const char*, std::size_t);
char* __real_strtok(char*, const char*);
char* __real_strtok_r(char*, const char*, char**);

std::size_t __wrap_strlen(const char* text) {
  log_text(text, COCHECK_HERE);
  return __real_strlen(text);
}
std::size_t __wrap_strnlen(const char* text, std::size_t most) {
  log_text(text, most, COCHECK_HERE);
  return __real_strnlen(text, most);
}

// Two texts that are looked at.
#define COCHECK_TWO_TEXTS(type, name)                      \
  type __wrap_##name(const char* one, const char* other) { \
    log_text(one, COCHECK_HERE);                           \
    log_text(other, COCHECK_HERE);                         \
    return __real_##name(one, other);                      \
  }
COCHECK_TWO_TEXTS(int, strcmp)
COCHECK_TWO_TEXTS(int, strcasecmp)
COCHECK_TWO_TEXTS(int, strcoll)
COCHECK_TWO_TEXTS(char*, strstr)
COCHECK_TWO_TEXTS(char*, strcasestr)
COCHECK_TWO_TEXTS(std::size_t, strspn)
COCHECK_TWO_TEXTS(std::size_t, strcspn)
COCHECK_TWO_TEXTS(char*, strpbrk)
#undef COCHECK_TWO_TEXTS

int __wrap_strncmp(const char* one, const char* other, std::size_t most) {
  log_text(one, most, COCHECK_HERE);
  log_text(other, most, COCHECK_HERE);
  return __real_strncmp(one, other, most);
}
int __wrap_strncasecmp(const char* one, const char* other, std::size_t most) {
  log_text(one, most, COCHECK_HERE);
  log_text(other, most, COCHECK_HERE);
  return __real_strncasecmp(one, other, most);
}
char* __wrap_strchr(const char* text, int value) {
  log_text(text, COCHECK_HERE);
  return __real_strchr(text, value);
}
char* __wrap_strrchr(const char* text, int value) {
  log_text(text, COCHECK_HERE);
  return __real_strrchr(text, value);
}
char* __wrap_strchrnul(const char* text, int value) {
  log_text(text, COCHECK_HERE);
  return __real_strchrnul(text, value);
}

char* __wrap_strcpy(char* to, const char* from) {
  log_text(from, COCHECK_HERE);
  if (logging()) log_write(to, length_of(from) + 1, COCHECK_HERE);
  return __real_strcpy(to, from);
}
char* __wrap_stpcpy(char* to, const char* from) {
  log_text(from, COCHECK_HERE);
  if (logging()) log_write(to, length_of(from) + 1, COCHECK_HERE);
  return __real_stpcpy(to, from);
}
char* __wrap_strncpy(char* to, const char* from, std::size_t bytes) {
  log_text(from, bytes, COCHECK_HERE);
  log_write(to, bytes, COCHECK_HERE);
  return __real_strncpy(to, from, bytes);
}
char* __wrap_stpncpy(char* to, const char* from, std::size_t bytes) {
  log_text(from, bytes, COCHECK_HERE);
  log_write(to, bytes, COCHECK_HERE);
  return __real_stpncpy(to, from, bytes);
}
char* __wrap_strcat(char* to, const char* from) {
  log_text(to, COCHECK_HERE);
  log_text(from, COCHECK_HERE);
  if (logging()) log_write(to + length_of(to), length_of(from) + 1, COCHECK_HERE);
  return __real_strcat(to, from);
}
char* __wrap_strncat(char* to, const char* from, std::size_t most) {
  log_text(to, COCHECK_HERE);
  log_text(from, most, COCHECK_HERE);
  if (logging()) log_write(to + length_of(to), length_of(from, most) + 1, COCHECK_HERE);
  return __real_strncat(to, from, most);
}
std::size_t __wrap_strxfrm(char* to, const char* from, std::size_t bytes) {
  log_text(from, COCHECK_HERE);
  const std::size_t needed = __real_strxfrm(to, from, bytes);
  log_write(to, std::min(needed + 1, bytes), COCHECK_HERE);
  return needed;
}
char* __wrap_strdup(const char* text) {
  log_text(text, COCHECK_HERE);
  char* copy = __real_strdup(text);
  if (copy != nullptr) log_written_text(copy, COCHECK_HERE);
  return copy;
}
char* __wrap_strndup(const char* text, std::size_t most) {
  log_text(text, most, COCHECK_HERE);
  char* copy = __real_strndup(text, most);
  if (copy != nullptr) log_written_text(copy, COCHECK_HERE);
  return copy;
}

char* __wrap_strtok(char* text, const char* delimiters) {
  log_unseen("strtok", COCHECK_HERE);
  return __real_strtok(text, delimiters);
}
char* __wrap_strtok_r(char* text, const char* delimiters, char** rest) {
  log_text(delimiters, COCHECK_HERE);
  if (text == nullptr) {
    log_read(rest, sizeof *rest, COCHECK_HERE);
    text = *rest;
  }
  if (text != nullptr) log_text(text, COCHECK_HERE);
  char* token = __real_strtok_r(text, delimiters, rest);
  log_write(rest, sizeof *rest, COCHECK_HERE);
  if (token != nullptr && logging()) {
    char* end = token + length_of(token);
    if (*rest == end + 1) log_write(end, 1, COCHECK_HERE);
  }
  return token;
}
}  // extern "C"
