// malloc and its like, in the place of the C library's: what a step of a model takes from them is
// memory of the model, as with operator new. What the C library takes for itself stays its own.

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "cocheck/detail/access_log.hpp"
#include "cocheck/detail/harness_allocator.hpp"
#include "cocheck/detail/model_memory.hpp"
#include "cocheck/detail/outside_memory.hpp"
#include "cocheck/detail/sanitizers.hpp"
#include "model_allocation.hpp"
#include "outside_heap.hpp"

namespace cocheck::detail {

void use_c_allocation() noexcept {}

}  // namespace cocheck::detail

#if defined(__GLIBC__) && !COCHECK_ADDRESS_SANITIZER

extern "C" {
void* __libc_calloc(std::size_t count, std::size_t bytes) noexcept;
void* __libc_realloc(void* memory, std::size_t bytes) noexcept;
}

namespace {

using cocheck::detail::AccessLog;
using cocheck::detail::ModelMemory;
using cocheck::detail::OutsideHeap;

/// Null where the C library is to serve it.
void* allocate(std::size_t bytes, std::size_t alignment, const void* caller) noexcept {
  if (ModelMemory::current() != nullptr) {
    if (!cocheck::detail::is_of_program(caller)) return nullptr;
    void* const memory = cocheck::detail::allocate_in_model(bytes, alignment);
    if (memory == nullptr) errno = ENOMEM;
    return memory;
  }
  if (cocheck::detail::OutsideMemory::active() != nullptr) return nullptr;
  if (!cocheck::detail::is_of_program(caller)) return nullptr;
  return OutsideHeap::allocate(bytes, alignment);
}

/// Whether nothing else than the answer of allocate() is to be given.
bool is_models(const void* caller) noexcept {
  return ModelMemory::current() != nullptr && cocheck::detail::is_of_program(caller);
}

bool overflows(std::size_t count, std::size_t bytes) noexcept {
  return bytes != 0 && count > ~std::size_t{0} / bytes;
}

bool is_ours(const void* memory) noexcept {
  return ModelMemory::owner_of(memory) != nullptr || OutsideHeap::owns(memory);
}

std::size_t size_of(const void* memory) noexcept {
  const ModelMemory* const owner = ModelMemory::owner_of(memory);
  if (owner == nullptr) return OutsideHeap::size_of(memory);
  return owner->block(owner->block_at(memory)).bytes;
}

void tell(const void* memory, std::size_t bytes, bool write) noexcept {
  if (AccessLog* const log = AccessLog::active()) {
    log->record(memory, bytes, write, __builtin_return_address(0));
  }
}

void* move_to(std::size_t bytes, void* old, void* caller) noexcept {
  void* memory = ModelMemory::current() != nullptr
                     ? cocheck::detail::allocate_in_model(bytes, alignof(std::max_align_t))
                     : cocheck::detail::allocate_outside(bytes, alignof(std::max_align_t));
  if (memory == nullptr) return nullptr;
  const std::size_t kept = size_of(old) < bytes ? size_of(old) : bytes;
  tell(old, kept, false);
  tell(memory, kept, true);
  std::memcpy(memory, old, kept);
  cocheck::detail::release_anywhere(old, caller);
  return memory;
}

}  // namespace

extern "C" {

void* malloc(std::size_t bytes) noexcept {
  void* const caller = __builtin_return_address(0);
  void* const memory = allocate(bytes, alignof(std::max_align_t), caller);
  if (memory != nullptr || is_models(caller)) return memory;
  return __libc_malloc(bytes);
}

void* calloc(std::size_t count, std::size_t bytes) noexcept {
  void* const caller = __builtin_return_address(0);
  if (overflows(count, bytes)) {
    errno = ENOMEM;
    return nullptr;
  }
  void* const memory = allocate(count * bytes, alignof(std::max_align_t), caller);
  if (memory != nullptr) return std::memset(memory, 0, count * bytes);
  if (is_models(caller)) return nullptr;
  return __libc_calloc(count, bytes);
}

void* aligned_alloc(std::size_t alignment, std::size_t bytes) noexcept {
  void* const caller = __builtin_return_address(0);
  void* const memory = allocate(bytes, alignment, caller);
  if (memory != nullptr || is_models(caller)) return memory;
  return __libc_memalign(alignment, bytes);
}

void* memalign(std::size_t alignment, std::size_t bytes) noexcept {
  void* const caller = __builtin_return_address(0);
  void* const memory = allocate(bytes, alignment, caller);
  if (memory != nullptr || is_models(caller)) return memory;
  return __libc_memalign(alignment, bytes);
}

int posix_memalign(void** result, std::size_t alignment, std::size_t bytes) noexcept {
  void* const caller = __builtin_return_address(0);
  if (alignment < sizeof(void*) || (alignment & (alignment - 1)) != 0) return EINVAL;
  void* memory = allocate(bytes, alignment, caller);
  if (memory == nullptr && !is_models(caller)) memory = __libc_memalign(alignment, bytes);
  if (memory == nullptr) return ENOMEM;
  *result = memory;
  return 0;
}

void* realloc(void* memory, std::size_t bytes) noexcept {
  void* const caller = __builtin_return_address(0);
  if (memory == nullptr) {
    void* const fresh = allocate(bytes, alignof(std::max_align_t), caller);
    if (fresh != nullptr || is_models(caller)) return fresh;
    return __libc_realloc(nullptr, bytes);
  }
  if (!is_ours(memory)) return __libc_realloc(memory, bytes);
  if (bytes == 0) {
    cocheck::detail::release_anywhere(memory, caller);
    return nullptr;
  }
  return move_to(bytes, memory, caller);
}

void* reallocarray(void* memory, std::size_t count, std::size_t bytes) noexcept {
  if (overflows(count, bytes)) {
    errno = ENOMEM;
    return nullptr;
  }
  return ::realloc(memory, count * bytes);
}

void free(void* memory) noexcept {
  if (memory == nullptr) return;
  if (is_ours(memory)) {
    cocheck::detail::release_anywhere(memory, __builtin_return_address(0));
  } else {
    __libc_free(memory);
  }
}

std::size_t malloc_usable_size(void* memory) noexcept {
  if (memory == nullptr) return 0;
  if (is_ours(memory)) return size_of(memory);
  // What lies in front of a block of the C library: its size, and three bits.
  std::size_t size = 0;
  std::memcpy(&size, static_cast<const std::byte*>(memory) - sizeof size, sizeof size);
  const bool mapped = (size & 2) != 0;
  return (size & ~std::size_t{7}) - (mapped ? 2 : 1) * sizeof size;
}

char* strndup(const char* text, std::size_t most) noexcept {
  const std::size_t length = ::strnlen(text, most);
  void* const caller = __builtin_return_address(0);
  void* memory = allocate(length + 1, alignof(std::max_align_t), caller);
  if (memory == nullptr && !is_models(caller)) memory = __libc_malloc(length + 1);
  if (memory == nullptr) return nullptr;
  tell(text, length, false);
  std::memcpy(memory, text, length);
  static_cast<char*>(memory)[length] = 0;
  return static_cast<char*>(memory);
}

char* strdup(const char* text) noexcept {
  const std::size_t length = std::strlen(text);
  void* const caller = __builtin_return_address(0);
  void* memory = allocate(length + 1, alignof(std::max_align_t), caller);
  if (memory == nullptr && !is_models(caller)) memory = __libc_malloc(length + 1);
  if (memory == nullptr) return nullptr;
  tell(text, length + 1, false);
  return static_cast<char*>(std::memcpy(memory, text, length + 1));
}

}  // extern "C"

#endif
