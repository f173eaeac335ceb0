// Atomic operations of instrumented code. A model has one thread, so the order of memory does not
// matter.

#include <cstddef>
#include <cstdint>

#include "accesses.hpp"

using cocheck::detail::log;
using cocheck::detail::log_read;
using cocheck::detail::log_write;

// What the compilers call: the parameters are the operation's, then its order of memory.
#define COCHECK_ATOMIC(bits, T)                                                                    \
  extern "C" T __tsan_atomic##bits##_load(const volatile T* object, int) {                         \
    log(const_cast<const T*>(object), sizeof(T), false, COCHECK_HERE);                             \
    return *object;                                                                                \
  }                                                                                                \
  extern "C" void __tsan_atomic##bits##_store(volatile T* object, T value, int) {                  \
    log(const_cast<const T*>(object), sizeof(T), true, COCHECK_HERE);                              \
    *object = value;                                                                               \
  }                                                                                                \
  COCHECK_ATOMIC_UPDATE(bits, T, exchange, value)                                                  \
  COCHECK_ATOMIC_UPDATE(bits, T, fetch_add, before + value)                                        \
  COCHECK_ATOMIC_UPDATE(bits, T, fetch_sub, before - value)                                        \
  COCHECK_ATOMIC_UPDATE(bits, T, fetch_and, before& value)                                         \
  COCHECK_ATOMIC_UPDATE(bits, T, fetch_or, before | value)                                         \
  COCHECK_ATOMIC_UPDATE(bits, T, fetch_xor, before ^ value)                                        \
  COCHECK_ATOMIC_UPDATE(bits, T, fetch_nand, ~(before & value))                                    \
  COCHECK_ATOMIC_COMPARE(bits, T, strong)                                                          \
  COCHECK_ATOMIC_COMPARE(bits, T, weak)                                                            \
  extern "C" T __tsan_atomic##bits##_compare_exchange_val(volatile T* object, T expected, T value, \
                                                          int, int) {                              \
    log(const_cast<const T*>(object), sizeof(T), false, COCHECK_HERE);                             \
    const T before = *object;                                                                      \
    if (before != expected) return before;                                                         \
    log(const_cast<const T*>(object), sizeof(T), true, COCHECK_HERE);                              \
    *object = value;                                                                               \
    return before;                                                                                 \
  }

#define COCHECK_ATOMIC_UPDATE(bits, T, name, after)                             \
  extern "C" T __tsan_atomic##bits##_##name(volatile T* object, T value, int) { \
    log(const_cast<const T*>(object), sizeof(T), false, COCHECK_HERE);          \
    log(const_cast<const T*>(object), sizeof(T), true, COCHECK_HERE);           \
    const T before = *object;                                                   \
    *object = static_cast<T>(after);                                            \
    return before;                                                              \
  }

#define COCHECK_ATOMIC_COMPARE(bits, T, name)                                                   \
  extern "C" int __tsan_atomic##bits##_compare_exchange_##name(volatile T* object, T* expected, \
                                                               T value, int, int) {             \
    log(const_cast<const T*>(object), sizeof(T), false, COCHECK_HERE);                          \
    log(expected, sizeof(T), false, COCHECK_HERE);                                              \
    const T before = *object;                                                                   \
    if (before == *expected) {                                                                  \
      log(const_cast<const T*>(object), sizeof(T), true, COCHECK_HERE);                         \
      *object = value;                                                                          \
      return 1;                                                                                 \
    }                                                                                           \
    log(expected, sizeof(T), true, COCHECK_HERE);                                               \
    *expected = before;                                                                         \
    return 0;                                                                                   \
  }

__extension__ using Word128 = unsigned __int128;

COCHECK_ATOMIC(8, std::uint8_t)
COCHECK_ATOMIC(16, std::uint16_t)
COCHECK_ATOMIC(32, std::uint32_t)
COCHECK_ATOMIC(64, std::uint64_t)
COCHECK_ATOMIC(128, Word128)

extern "C" void __tsan_atomic_thread_fence(int) {}
extern "C" void __tsan_atomic_signal_fence(int) {}

// Objects of other sizes: compilers call libatomic, which need not be there then.

extern "C" {
void* __real_memcpy(void*, const void*, std::size_t);
int __real_memcmp(const void*, const void*, std::size_t);

void __wrap___atomic_load(std::size_t bytes, const void* object, void* result, int) {
  log_read(object, bytes, COCHECK_HERE);
  log_write(result, bytes, COCHECK_HERE);
  __real_memcpy(result, object, bytes);
}
void __wrap___atomic_store(std::size_t bytes, void* object, const void* value, int) {
  log_read(value, bytes, COCHECK_HERE);
  log_write(object, bytes, COCHECK_HERE);
  __real_memcpy(object, value, bytes);
}
void __wrap___atomic_exchange(std::size_t bytes, void* object, const void* value, void* result,
                              int) {
  log_read(object, bytes, COCHECK_HERE);
  log_read(value, bytes, COCHECK_HERE);
  log_write(object, bytes, COCHECK_HERE);
  log_write(result, bytes, COCHECK_HERE);
  __real_memcpy(result, object, bytes);
  __real_memcpy(object, value, bytes);
}
bool __wrap___atomic_compare_exchange(std::size_t bytes, void* object, void* expected,
                                      const void* value, int, int) {
  log_read(object, bytes, COCHECK_HERE);
  log_read(expected, bytes, COCHECK_HERE);
  const bool equal = __real_memcmp(object, expected, bytes) == 0;
  if (equal) log_read(value, bytes, COCHECK_HERE);
  log_write(equal ? object : expected, bytes, COCHECK_HERE);
  __real_memcpy(equal ? object : expected, equal ? value : object, bytes);
  return equal;
}

// The same for 16 bytes, where the processor is not known to have an instruction for it.
Word128 __wrap___atomic_load_16(const volatile void* object, int order) {
  return __tsan_atomic128_load(static_cast<const volatile Word128*>(object), order);
}
void __wrap___atomic_store_16(volatile void* object, Word128 value, int order) {
  __tsan_atomic128_store(static_cast<volatile Word128*>(object), value, order);
}
Word128 __wrap___atomic_exchange_16(volatile void* object, Word128 value, int order) {
  return __tsan_atomic128_exchange(static_cast<volatile Word128*>(object), value, order);
}
bool __wrap___atomic_compare_exchange_16(volatile void* object, void* expected, Word128 value,
                                         int order, int otherwise) {
  return __tsan_atomic128_compare_exchange_strong(static_cast<volatile Word128*>(object),
                                                  static_cast<Word128*>(expected), value, order,
                                                  otherwise) != 0;
}
}  // extern "C"
