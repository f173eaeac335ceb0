// What the C++ library and its runtime do to the model's memory, other than in containers: by the
// names that the linker knows.

#include <cstddef>
#include <string>

#include "accesses.hpp"

using namespace cocheck::detail;

extern "C" {
// std::_Hash_bytes(), of which the hash of a std::string is made
std::size_t __real__ZSt11_Hash_bytesPKvmm(const void*, std::size_t, std::size_t);
std::size_t __wrap__ZSt11_Hash_bytesPKvmm(const void* begin, std::size_t bytes, std::size_t seed) {
  log_read(begin, bytes, COCHECK_HERE);
  return __real__ZSt11_Hash_bytesPKvmm(begin, bytes, seed);
}

// std::exception_ptr: how many hold the exception is no matter.
void __real__ZNSt15__exception_ptr13exception_ptr9_M_addrefEv(void*);
void __real__ZNSt15__exception_ptr13exception_ptr10_M_releaseEv(void*);

void __wrap__ZNSt15__exception_ptr13exception_ptr9_M_addrefEv(void* pointer) {
  log_read(pointer, sizeof(void*), COCHECK_HERE);
  __real__ZNSt15__exception_ptr13exception_ptr9_M_addrefEv(pointer);
}
void __wrap__ZNSt15__exception_ptr13exception_ptr10_M_releaseEv(void* pointer) {
  log_write(pointer, sizeof(void*), COCHECK_HERE);
  __real__ZNSt15__exception_ptr13exception_ptr10_M_releaseEv(pointer);
}

// dynamic_cast looks at what the object is, and at that of which it is a part.
void* __real___dynamic_cast(const void*, const void*, const void*, std::ptrdiff_t);
void* __wrap___dynamic_cast(const void* object, const void* from, const void* to,
                            std::ptrdiff_t offset) {
  if (logging()) {
    log_read(object, sizeof(void*), COCHECK_HERE);
    // Two words in front of the functions of a class stands where the whole begins.
    const auto* functions = *static_cast<const std::ptrdiff_t* const*>(object);
    log_read(static_cast<const std::byte*>(object) + functions[-2], sizeof(void*), COCHECK_HERE);
  }
  return __real___dynamic_cast(object, from, to, offset);
}
}  // extern "C"

// The errors of <stdexcept> keep a copy of their text: what is behind the pointer to functions.

namespace {

constexpr std::size_t kErrorBytes = 2 * sizeof(void*);

void log_string(const std::string& text, const void* instruction) {
  log_read(&text, 2 * sizeof(void*), instruction);
  log_read(text.data(), text.size(), instruction);
}

}  // namespace

#define COCHECK_ERROR_FROM(name, Text, log_it)            \
  extern "C" void __real_##name(void*, Text);             \
  extern "C" void __wrap_##name(void* error, Text text) { \
    log_it(text, COCHECK_HERE);                           \
    __real_##name(error, text);                           \
    log_write(error, kErrorBytes, COCHECK_HERE);          \
  }
// Of a whole object, and of a part of one of a derived class.
#define COCHECK_ERROR_BY(constructor)                                                      \
  COCHECK_ERROR_FROM(constructor##EPKc, const char*, log_text)                             \
  COCHECK_ERROR_FROM(constructor##ERKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE, \
                     const std::string&, log_string)
#define COCHECK_ERROR(name)  \
  COCHECK_ERROR_BY(name##C1) \
  COCHECK_ERROR_BY(name##C2)
COCHECK_ERROR(_ZNSt11logic_error)
COCHECK_ERROR(_ZNSt12domain_error)
COCHECK_ERROR(_ZNSt16invalid_argument)
COCHECK_ERROR(_ZNSt12length_error)
COCHECK_ERROR(_ZNSt12out_of_range)
COCHECK_ERROR(_ZNSt13runtime_error)
COCHECK_ERROR(_ZNSt11range_error)
COCHECK_ERROR(_ZNSt14overflow_error)
COCHECK_ERROR(_ZNSt15underflow_error)
#undef COCHECK_ERROR
#undef COCHECK_ERROR_BY
#undef COCHECK_ERROR_FROM

// Copies of them share the text; how many do is no matter, but the library counts.
#define COCHECK_ERROR_COPY(name)                                                   \
  extern "C" void __real_##name(void*, const void*);                               \
  extern "C" void __wrap_##name(void* error, const void* other) {                  \
    log_read(other, kErrorBytes, COCHECK_HERE);                                    \
    if (AccessLog* active = AccessLog::active()) active->expect_unlogged_writes(); \
    __real_##name(error, other);                                                   \
    log_write(error, kErrorBytes, COCHECK_HERE);                                   \
  }
COCHECK_ERROR_COPY(_ZNSt11logic_errorC1ERKS_)
COCHECK_ERROR_COPY(_ZNSt11logic_errorC2ERKS_)
COCHECK_ERROR_COPY(_ZNSt11logic_erroraSERKS_)
COCHECK_ERROR_COPY(_ZNSt13runtime_errorC1ERKS_)
COCHECK_ERROR_COPY(_ZNSt13runtime_errorC2ERKS_)
COCHECK_ERROR_COPY(_ZNSt13runtime_erroraSERKS_)
#undef COCHECK_ERROR_COPY
