// What code that is compiled with -fsanitize=thread calls in the place of ThreadSanitizer's
// runtime, for plain accesses. See cocheck_instrument() in CMake.

#include <cstddef>

#include "accesses.hpp"

using cocheck::detail::AccessLog;
using cocheck::detail::log;

// The names are the compilers', and there is one for each size of an access: macros write them.

#define COCHECK_ACCESS(name, bytes, write)       \
  extern "C" void __tsan_##name(void* address) { \
    log(address, bytes, write, COCHECK_HERE);    \
  }

#define COCHECK_ACCESSES(prefix, size)                               \
  COCHECK_ACCESS(prefix##read##size, size, false)                    \
  COCHECK_ACCESS(prefix##write##size, size, true)                    \
  extern "C" void __tsan_##prefix##read_write##size(void* address) { \
    log(address, size, false, COCHECK_HERE);                         \
    log(address, size, true, COCHECK_HERE);                          \
  }

COCHECK_ACCESSES(, 1)
COCHECK_ACCESSES(, 2)
COCHECK_ACCESSES(, 4)
COCHECK_ACCESSES(, 8)
COCHECK_ACCESSES(, 16)
COCHECK_ACCESSES(unaligned_, 2)
COCHECK_ACCESSES(unaligned_, 4)
COCHECK_ACCESSES(unaligned_, 8)
COCHECK_ACCESSES(unaligned_, 16)
COCHECK_ACCESSES(volatile_, 1)
COCHECK_ACCESSES(volatile_, 2)
COCHECK_ACCESSES(volatile_, 4)
COCHECK_ACCESSES(volatile_, 8)
COCHECK_ACCESSES(volatile_, 16)
COCHECK_ACCESSES(unaligned_volatile_, 2)
COCHECK_ACCESSES(unaligned_volatile_, 4)
COCHECK_ACCESSES(unaligned_volatile_, 8)
COCHECK_ACCESSES(unaligned_volatile_, 16)

extern "C" {
/// Each file that is instrumented has it called when the program starts,
void __tsan_init() {
  AccessLog::add_unit();
}
/// and the plugin for the compiler has this one called as well.
void cocheck_unit_tells_calls() {
  AccessLog::add_unit_that_tells_calls();
}

void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
void __tsan_ignore_thread_begin() {}
void __tsan_ignore_thread_end() {}

void __tsan_vptr_read(void* pointer) {
  log(pointer, sizeof(void*), false, COCHECK_HERE);
}
void __tsan_vptr_update(void* pointer, void* value) {
  // Destructors write it again and again, mostly as it is.
  if (*static_cast<void**>(pointer) != value) {
    log(pointer, sizeof(void*), true, COCHECK_HERE);
  } else if (AccessLog* active = AccessLog::active()) {
    active->look(pointer, COCHECK_HERE);
  }
}

void __tsan_read_range(void* begin, std::size_t bytes) {
  if (bytes > 0) log(begin, bytes, false, COCHECK_HERE);
}
void __tsan_write_range(void* begin, std::size_t bytes) {
  if (bytes > 0) log(begin, bytes, true, COCHECK_HERE);
}
}  // extern "C"
