// What the library cocheck::memory puts in the place of the standard library's: operator new and
// delete in all forms, the memory of exceptions, and the guards of local statics.
//
// While the model of a world runs, what it allocates comes from the memory of that world and goes
// back there, so that an execution can be reset, compared and rewound. At all other times these do
// what the standard ones do.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <limits>
#include <memory>
#include <new>
#include <utility>

#include "cocheck/detail/access_log.hpp"
#include "cocheck/detail/harness_allocator.hpp"
#include "cocheck/detail/model_memory.hpp"
#include "cocheck/detail/outside_memory.hpp"
#include "cocheck/detail/sanitizers.hpp"
#include "model_allocation.hpp"
#include "outside_heap.hpp"
#include "own_statics.hpp"
#include "real_call.hpp"

namespace cocheck::detail {

void* allocate_in_model(std::size_t bytes, std::size_t alignment) noexcept {
  void* memory = alignment <= alignof(std::max_align_t)
                     ? ::operator new(bytes, std::nothrow)
                     : ::operator new (bytes, std::align_val_t{alignment}, std::nothrow);
  return memory;
}

bool is_of_program(const void* instruction) noexcept {
  return is_user_code(reinterpret_cast<std::uintptr_t>(instruction));
}

void* allocate_outside(std::size_t bytes, std::size_t alignment) noexcept {
  bytes = std::max(bytes, std::size_t{1});
  if (!COCHECK_ADDRESS_SANITIZER && OutsideMemory::active() == nullptr) {
    if (void* memory = OutsideHeap::allocate(bytes, alignment)) return memory;
  }
  return alignment <= alignof(std::max_align_t)
             ? __libc_malloc(bytes)
             : __libc_memalign(alignment, (bytes + alignment - 1) / alignment * alignment);
}

void release_anywhere(void* memory, void* caller) noexcept {
  if (memory == nullptr) return;
  if (ModelMemory* owner = ModelMemory::owner_of(memory)) {
    // By what a library decides that it is time to release something, it does not tell.
    if (AccessLog* log = AccessLog::active(); log != nullptr && !is_of_program(caller)) {
      log->set_untold();
    }
    owner->deallocate(memory, caller);
  } else if (OutsideHeap::owns(memory)) {
    OutsideHeap::release(memory);
  } else {
    __libc_free(memory);
  }
}

}  // namespace cocheck::detail

namespace {

using cocheck::detail::allocate_outside;
using cocheck::detail::ModelMemory;
using cocheck::detail::OutsideMemory;
using cocheck::detail::real_call;
using cocheck::detail::release_anywhere;

/// Whoever has operator new has the calls of the system, too.
[[gnu::used]] void (*const with_system_calls)() noexcept = cocheck::detail::replace_system_calls;

constexpr std::size_t kMost = std::numeric_limits<std::ptrdiff_t>::max();

void* allocate_from_heap(std::size_t bytes, std::size_t alignment) {
  cocheck::detail::use_c_allocation();  // which the linker must not leave out
  if (bytes > kMost - alignment) throw std::bad_alloc();
  while (true) {
    void* memory = allocate_outside(bytes, alignment);
    if (memory != nullptr) return memory;
    const std::new_handler handler = std::get_new_handler();
    if (handler == nullptr) throw std::bad_alloc();
    handler();
  }
}

void* allocate(std::size_t bytes, std::size_t alignment = alignof(std::max_align_t)) {
  ModelMemory* memory = ModelMemory::current();
  if (memory == nullptr) return allocate_from_heap(bytes, alignment);
  if (alignment <= ModelMemory::kGranule) return memory->allocate(bytes);
  if (bytes > kMost - alignment) return memory->allocate(kMost);  // which cannot be
  void* block = memory->allocate(bytes + alignment);
  std::size_t space = bytes + alignment;
  return std::align(alignment, std::max(bytes, std::size_t{1}), block, space);
}

void* allocate_or_null(std::size_t bytes,
                       std::size_t alignment = alignof(std::max_align_t)) noexcept {
  try {
    return allocate(bytes, alignment);
  } catch (...) {
    return nullptr;
  }
}

void deallocate(void* memory, void* caller) noexcept {
  release_anywhere(memory, caller);
}

std::size_t as_number(std::align_val_t alignment) noexcept {
  return static_cast<std::size_t>(alignment);
}

}  // namespace

void* operator new(std::size_t bytes) {
  return allocate(bytes);
}
void* operator new[](std::size_t bytes) {
  return allocate(bytes);
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return allocate(bytes, as_number(alignment));
}
void* operator new[](std::size_t bytes, std::align_val_t alignment) {
  return allocate(bytes, as_number(alignment));
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  return allocate_or_null(bytes);
}
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept {
  return allocate_or_null(bytes);
}
void* operator new(std::size_t bytes, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return allocate_or_null(bytes, as_number(alignment));
}
void* operator new[](std::size_t bytes, std::align_val_t alignment,
                     const std::nothrow_t&) noexcept {
  return allocate_or_null(bytes, as_number(alignment));
}

void operator delete(void* memory) noexcept {
  deallocate(memory, __builtin_return_address(0));
}
void operator delete[](void* memory) noexcept {
  deallocate(memory, __builtin_return_address(0));
}
void operator delete(void* memory, std::size_t) noexcept {
  deallocate(memory, __builtin_return_address(0));
}
void operator delete[](void* memory, std::size_t) noexcept {
  deallocate(memory, __builtin_return_address(0));
}
void operator delete(void* memory, std::align_val_t) noexcept {
  deallocate(memory, __builtin_return_address(0));
}
void operator delete[](void* memory, std::align_val_t) noexcept {
  deallocate(memory, __builtin_return_address(0));
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  deallocate(memory, __builtin_return_address(0));
}
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept {
  deallocate(memory, __builtin_return_address(0));
}
void operator delete(void* memory, const std::nothrow_t&) noexcept {
  deallocate(memory, __builtin_return_address(0));
}
void operator delete[](void* memory, const std::nothrow_t&) noexcept {
  deallocate(memory, __builtin_return_address(0));
}
void operator delete(void* memory, std::align_val_t, const std::nothrow_t&) noexcept {
  deallocate(memory, __builtin_return_address(0));
}
void operator delete[](void* memory, std::align_val_t, const std::nothrow_t&) noexcept {
  deallocate(memory, __builtin_return_address(0));
}

// An exception that is kept in a result outlives the step that threw it, so it has to lie where the
// result does. The Itanium C++ ABI puts a header in front of the object.

namespace {

// sizeof(__cxa_refcounted_exception), and where in it begins what only the unwinder needs.
constexpr std::size_t kExceptionHeader = 128;
constexpr std::size_t kUnwinding = 32;

}  // namespace

extern "C" void* __cxa_allocate_exception(std::size_t bytes) noexcept {
  void* header = nullptr;
  if (ModelMemory* memory = ModelMemory::current()) {
    const ModelMemory::Scope outside(nullptr);  // where it is full, that is an exception too
    try {
      header = memory->allocate(bytes + kExceptionHeader);
      // Where accesses are tracked, it is no matter who holds an exception either.
      const std::size_t first =
          memory->layout() == ModelMemory::Layout::by_process ? 0 : kUnwinding;
      memory->exclude(static_cast<std::byte*>(header) + first, kExceptionHeader - first, false);
    } catch (const std::bad_alloc&) {
      header = nullptr;
    }
  }
  if (header == nullptr)
    header = allocate_outside(bytes + kExceptionHeader, alignof(std::max_align_t));
  if (header == nullptr) std::terminate();
  std::memset(header, 0, kExceptionHeader);
  return static_cast<std::byte*>(header) + kExceptionHeader;
}

extern "C" void __cxa_free_exception(void* exception) noexcept {
  deallocate(static_cast<std::byte*>(exception) - kExceptionHeader, nullptr);
}

// A local static is initialised by whichever step comes there first. Where it is watched it is part
// of the state: what its initialiser allocates is the model's, and since it goes back to what it
// was nobody has to destroy it at the end of the program. Others, those of the system's libraries,
// live on: what they allocate is not the model's.

namespace {

using Guard = std::int64_t;

/// The memory of the model that is left while statics are initialised, and how many of them.
constinit thread_local ModelMemory* left = nullptr;
constinit thread_local int depth = 0;

/// Whether the static is part of the state while models run: then what it allocates is, too.
bool is_state(const void* object) noexcept {
  const OutsideMemory* const outside = OutsideMemory::active();
  return outside != nullptr && ModelMemory::current() != nullptr &&
         outside->watches(reinterpret_cast<std::uintptr_t>(object));
}

void enter_static(const Guard* guard) noexcept {
  if (is_state(guard)) return;
  if (depth == 0 && ModelMemory::current() == nullptr) return;
  if (depth++ == 0) left = ModelMemory::exchange_current(nullptr);
}

void leave_static(const Guard* guard) noexcept {
  if (is_state(guard)) return;
  if (depth == 0) return;
  if (--depth == 0) ModelMemory::exchange_current(std::exchange(left, nullptr));
}

}  // namespace

extern "C" int __cxa_guard_acquire(Guard* guard) {
  COCHECK_OWN static int (*real)(Guard*) = nullptr;
  if (real == nullptr) real = real_call<int(Guard*)>("__cxa_guard_acquire");
  const int mine = real(guard);
  if (mine != 0) enter_static(guard);
  return mine;
}

extern "C" void __cxa_guard_release(Guard* guard) noexcept {
  COCHECK_OWN static void (*real)(Guard*) = nullptr;
  if (real == nullptr) real = real_call<void(Guard*)>("__cxa_guard_release");
  leave_static(guard);
  real(guard);
}

extern "C" void __cxa_guard_abort(Guard* guard) noexcept {
  COCHECK_OWN static void (*real)(Guard*) = nullptr;
  if (real == nullptr) real = real_call<void(Guard*)>("__cxa_guard_abort");
  leave_static(guard);
  real(guard);
}

extern "C" int __cxa_atexit(void (*destroy)(void*), void* object, void* library) noexcept {
  using Register = int(void (*)(void*), void*, void*);
  COCHECK_OWN static Register* real = nullptr;
  if (real == nullptr) real = real_call<Register>("__cxa_atexit");
  return is_state(object) ? 0 : real(destroy, object, library);
}

extern "C" int __cxa_thread_atexit(void (*destroy)(void*), void* object, void* library) noexcept {
  using Register = int(void (*)(void*), void*, void*);
  COCHECK_OWN static Register* real = nullptr;
  if (real == nullptr) real = real_call<Register>("__cxa_thread_atexit");
  return is_state(object) ? 0 : real(destroy, object, library);
}
