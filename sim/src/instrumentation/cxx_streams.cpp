// The parts of streams and locales that lie in the library; the others are templates, of which
// instrumented code has its own.

#include <cstddef>
#include <istream>
#include <locale>
#include <streambuf>
#include <string>

#include "accesses.hpp"

using namespace cocheck::detail;

// std::ios_base, the part of a stream that has nothing to do with characters.
extern "C" {
void __real__ZNSt8ios_baseC2Ev(std::ios_base*);
void __real__ZNSt8ios_baseD2Ev(std::ios_base*);
void __real__ZNSt8ios_base7_M_initEv(std::ios_base*);

void __wrap__ZNSt8ios_baseC2Ev(std::ios_base* stream) {
  __real__ZNSt8ios_baseC2Ev(stream);
  log_write(stream, sizeof *stream, COCHECK_HERE);
}
void __wrap__ZNSt8ios_baseD2Ev(std::ios_base* stream) {
  log_update(stream, sizeof *stream, COCHECK_HERE);
  __real__ZNSt8ios_baseD2Ev(stream);
}
void __wrap__ZNSt8ios_base7_M_initEv(std::ios_base* stream) {
  log_update(stream, sizeof *stream, COCHECK_HERE);
  __real__ZNSt8ios_base7_M_initEv(stream);
}

// std::locale: a pointer to something that is counted outside of the model.
void __real__ZNSt6localeC1Ev(void*);
void __real__ZNSt6localeC1ERKS_(void*, const void*);
void __real__ZNSt6localeD1Ev(void*);
void* __real__ZNSt6localeaSERKS_(void*, const void*);

void __wrap__ZNSt6localeC1Ev(void* locale) {
  __real__ZNSt6localeC1Ev(locale);
  log_write(locale, sizeof(std::locale), COCHECK_HERE);
}
void __wrap__ZNSt6localeC1ERKS_(void* locale, const void* other) {
  log_read(other, sizeof(std::locale), COCHECK_HERE);
  __real__ZNSt6localeC1ERKS_(locale, other);
  log_write(locale, sizeof(std::locale), COCHECK_HERE);
}
void __wrap__ZNSt6localeD1Ev(void* locale) {
  log_read(locale, sizeof(std::locale), COCHECK_HERE);
  __real__ZNSt6localeD1Ev(locale);
}
void* __wrap__ZNSt6localeaSERKS_(void* locale, const void* other) {
  log_read(other, sizeof(std::locale), COCHECK_HERE);
  log_update(locale, sizeof(std::locale), COCHECK_HERE);
  return __real__ZNSt6localeaSERKS_(locale, other);
}
}  // extern "C"

// Reading a text from a stream, which is not a template for char: the stream, its buffer and the
// text are changed.

namespace {

/// Shows where the buffer of a stream is read.
struct Buffer : std::streambuf {
  static void log(std::streambuf& buffer, const void* instruction) {
    const char* begin = (buffer.*(&Buffer::gptr))();
    const char* end = (buffer.*(&Buffer::egptr))();
    log_read(begin, static_cast<std::size_t>(end - begin), instruction);
    log_update(&buffer, sizeof buffer, instruction);
  }
};

void log_reading(std::istream& stream, const std::string& text, const void* instruction) {
  if (!logging()) return;
  auto* ios = static_cast<std::ios*>(&stream);
  log_update(&stream, 2 * sizeof(void*), instruction);  // with how much was read last
  log_update(ios, sizeof *ios, instruction);
  if (stream.rdbuf() != nullptr) Buffer::log(*stream.rdbuf(), instruction);
  log_update(&text, sizeof text, instruction);
}

void log_text_read(const std::string& text, const void* instruction) {
  log_write(text.data(), text.size() + 1, instruction);
}

}  // namespace

// std::operator>>(std::istream&, std::string&) and std::getline(std::istream&, std::string&, char)
#define COCHECK_OF_STREAM(prefix, name, rest) \
  prefix##name##IcSt11char_traitsIcESaIcEERSt13basic_istreamIT_T0_ES7_##rest
#define COCHECK_EXTRACT(prefix) \
  COCHECK_OF_STREAM(prefix, _ZStrs, RNSt7__cxx1112basic_stringIS4_S5_T1_EE)
#define COCHECK_GET_LINE(prefix) \
  COCHECK_OF_STREAM(prefix, _ZSt7getline, RNSt7__cxx1112basic_stringIS4_S5_T1_EES4_)

// Pointers, which are passed as references are, and which C knows.
extern "C" {
std::istream* COCHECK_EXTRACT(__real_)(std::istream*, std::string*);
std::istream* COCHECK_EXTRACT(__wrap_)(std::istream* stream, std::string* text) {
  log_reading(*stream, *text, COCHECK_HERE);
  COCHECK_EXTRACT(__real_)(stream, text);
  log_text_read(*text, COCHECK_HERE);
  return stream;
}
std::istream* COCHECK_GET_LINE(__real_)(std::istream*, std::string*, char);
std::istream* COCHECK_GET_LINE(__wrap_)(std::istream* stream, std::string* text, char end) {
  log_reading(*stream, *text, COCHECK_HERE);
  COCHECK_GET_LINE(__real_)(stream, text, end);
  log_text_read(*text, COCHECK_HERE);
  return stream;
}
}  // extern "C"
