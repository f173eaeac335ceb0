// What code that is compiled with -fsanitize=thread calls in the place of ThreadSanitizer's
// runtime: each access goes to the AccessLog of the step that runs, if there is one. See
// cocheck_instrument() in CMake.
//
// Functions that compilers and the standard library call instead of accessing memory themselves are
// wrapped by the linker (--wrap): __wrap_memcpy() is called for memcpy(), __real_memcpy() calls it.

#include <bits/stl_tree.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "cocheck/detail/access_log.hpp"

namespace cocheck::detail {

namespace {

inline void log(const void* address, std::size_t bytes, bool write,
                const void* instruction) noexcept {
  if (AccessLog* active = AccessLog::active()) [[unlikely]]
    active->record(address, bytes, write, instruction);
}

}  // namespace

}  // namespace cocheck::detail

using cocheck::detail::AccessLog;
using cocheck::detail::log;

// The names are the compilers', and there is one for each size of an access: macros write them.

#define COCHECK_HERE __builtin_return_address(0)

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

extern "C" void __tsan_init() {
  AccessLog::add_unit();
}
/// The plugin for the compiler has it called beside the one above.
extern "C" void cocheck_unit_tells_calls() {
  AccessLog::add_unit_that_tells_calls();
}
extern "C" void __tsan_func_entry(void*) {}
extern "C" void __tsan_func_exit() {}
extern "C" void __tsan_ignore_thread_begin() {}
extern "C" void __tsan_ignore_thread_end() {}
extern "C" void __tsan_vptr_read(void* pointer) {
  log(pointer, sizeof(void*), false, COCHECK_HERE);
}
extern "C" void __tsan_vptr_update(void* pointer, void* value) {
  // Destructors write it again and again, mostly as it is.
  if (*static_cast<void**>(pointer) != value) {
    log(pointer, sizeof(void*), true, COCHECK_HERE);
  } else if (AccessLog* active = AccessLog::active()) {
    active->look(pointer);
  }
}
extern "C" void __tsan_read_range(void* begin, std::size_t bytes) {
  if (bytes > 0) log(begin, bytes, false, COCHECK_HERE);
}
extern "C" void __tsan_write_range(void* begin, std::size_t bytes) {
  if (bytes > 0) log(begin, bytes, true, COCHECK_HERE);
}

namespace {

// These functions are called by code that is not the model's as well: what they do outside of the
// model's memory says nothing.
inline void log_inside(const void* begin, std::size_t bytes, bool write,
                       const void* instruction) noexcept {
  AccessLog* active = AccessLog::active();
  if (active == nullptr || bytes == 0) return;
  if (active->is_inside(begin)) {
    active->record(begin, bytes, write, instruction);
  } else if (write) {
    active->write_outside(begin);
  }
}
inline void log_read(const void* begin, std::size_t bytes, const void* instruction) noexcept {
  log_inside(begin, bytes, false, instruction);
}
inline void log_write(const void* begin, std::size_t bytes, const void* instruction) noexcept {
  log_inside(begin, bytes, true, instruction);
}

}  // namespace

// Atomic operations. A model has one thread, so the order of memory does not matter.

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

// Memory and strings of C.

extern "C" {
void* __real_memcpy(void*, const void*, std::size_t);
void* __real_memmove(void*, const void*, std::size_t);
void* __real_memset(void*, int, std::size_t);
int __real_memcmp(const void*, const void*, std::size_t);
void* __real_memchr(const void*, int, std::size_t);
std::size_t __real_strlen(const char*);
int __real_strcmp(const char*, const char*);
int __real_strncmp(const char*, const char*, std::size_t);
char* __real_strchr(const char*, int);
char* __real_strrchr(const char*, int);
char* __real_strstr(const char*, const char*);
char* __real_strcpy(char*, const char*);
char* __real_strncpy(char*, const char*, std::size_t);
char* __real_strcat(char*, const char*);

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
void* __wrap_memset(void* to, int value, std::size_t bytes) {
  log_write(to, bytes, COCHECK_HERE);
  return __real_memset(to, value, bytes);
}
int __wrap_memcmp(const void* one, const void* other, std::size_t bytes) {
  log_read(one, bytes, COCHECK_HERE);
  log_read(other, bytes, COCHECK_HERE);
  return __real_memcmp(one, other, bytes);
}
void* __wrap_memchr(const void* begin, int value, std::size_t bytes) {
  log_read(begin, bytes, COCHECK_HERE);
  return __real_memchr(begin, value, bytes);
}
}  // extern "C"

namespace {

inline bool logging() noexcept {
  return AccessLog::active() != nullptr;
}

/// A text with its end, or `most` bytes of it.
inline void log_text(const char* text, std::size_t most, const void* instruction) noexcept {
  if (logging()) log_read(text, std::min(::strnlen(text, most), most - 1) + 1, instruction);
}
inline void log_text(const char* text, const void* instruction) noexcept {
  if (logging()) log_read(text, __real_strlen(text) + 1, instruction);
}

/// What was read of a text as a number, and where its end is told. To know that a number has ended,
/// what is behind it is looked at, too: that of "1e+x" or "0xg" ends behind the first digit.
template <class Number, class... Base>
Number read_number(Number (*read)(const char*, char**, Base...), const char* text, char** end,
                   Base... base, const void* instruction) noexcept {
  char* behind = nullptr;
  const Number number = read(text, &behind, base...);
  if (logging()) {
    constexpr std::size_t kBehind = 16;
    const std::size_t before = std::strspn(text, " \t\n\v\f\r+-");  // also where there is no number
    const auto used = static_cast<std::size_t>(behind - text);
    log_text(text, std::max(used, before) + kBehind, instruction);
    if (end != nullptr) log_write(end, sizeof(char*), instruction);
  }
  if (end != nullptr) *end = behind;
  return number;
}

}  // namespace

extern "C" {
std::size_t __wrap_strlen(const char* text) {
  log_text(text, COCHECK_HERE);
  return __real_strlen(text);
}
int __wrap_strcmp(const char* one, const char* other) {
  log_text(one, COCHECK_HERE);
  log_text(other, COCHECK_HERE);
  return __real_strcmp(one, other);
}
int __wrap_strncmp(const char* one, const char* other, std::size_t bytes) {
  if (bytes > 0) {
    log_text(one, bytes, COCHECK_HERE);
    log_text(other, bytes, COCHECK_HERE);
  }
  return __real_strncmp(one, other, bytes);
}
char* __wrap_strchr(const char* text, int value) {
  log_text(text, COCHECK_HERE);
  return __real_strchr(text, value);
}
char* __wrap_strrchr(const char* text, int value) {
  log_text(text, COCHECK_HERE);
  return __real_strrchr(text, value);
}
char* __wrap_strstr(const char* text, const char* part) {
  log_text(text, COCHECK_HERE);
  log_text(part, COCHECK_HERE);
  return __real_strstr(text, part);
}
char* __wrap_strcpy(char* to, const char* from) {
  log_text(from, COCHECK_HERE);
  if (logging()) log_write(to, __real_strlen(from) + 1, COCHECK_HERE);
  return __real_strcpy(to, from);
}
char* __wrap_strncpy(char* to, const char* from, std::size_t bytes) {
  if (bytes > 0) log_text(from, bytes, COCHECK_HERE);
  log_write(to, bytes, COCHECK_HERE);
  return __real_strncpy(to, from, bytes);
}
char* __wrap_strcat(char* to, const char* from) {
  log_text(to, COCHECK_HERE);
  log_text(from, COCHECK_HERE);
  if (logging()) log_write(to + __real_strlen(to), __real_strlen(from) + 1, COCHECK_HERE);
  return __real_strcat(to, from);
}

// Texts as numbers: std::stoi() and so on call these.
#define COCHECK_READ_INTEGER(name, type)                                         \
  type __real_##name(const char*, char**, int);                                  \
  type __wrap_##name(const char* text, char** end, int base) {                   \
    return read_number<type, int>(__real_##name, text, end, base, COCHECK_HERE); \
  }
#define COCHECK_READ_REAL(name, type)                                 \
  type __real_##name(const char*, char**);                            \
  type __wrap_##name(const char* text, char** end) {                  \
    return read_number<type>(__real_##name, text, end, COCHECK_HERE); \
  }
COCHECK_READ_INTEGER(strtol, long)
COCHECK_READ_INTEGER(strtoll, long long)
COCHECK_READ_INTEGER(strtoul, unsigned long)
COCHECK_READ_INTEGER(strtoull, unsigned long long)
COCHECK_READ_REAL(strtod, double)
COCHECK_READ_REAL(strtof, float)
COCHECK_READ_REAL(strtold, long double)
#undef COCHECK_READ_INTEGER
#undef COCHECK_READ_REAL
int __wrap_atoi(const char* text) {
  return static_cast<int>(read_number<long, int>(__real_strtol, text, nullptr, 10, COCHECK_HERE));
}

// std::_Hash_bytes(), of which the hash of a std::string is made
std::size_t __real__ZSt11_Hash_bytesPKvmm(const void*, std::size_t, std::size_t);
std::size_t __wrap__ZSt11_Hash_bytesPKvmm(const void* begin, std::size_t bytes, std::size_t seed) {
  log_read(begin, bytes, COCHECK_HERE);
  return __real__ZSt11_Hash_bytesPKvmm(begin, bytes, seed);
}

void* __tsan_memcpy(void* to, const void* from, std::size_t bytes) {
  return __wrap_memcpy(to, from, bytes);
}
void* __tsan_memmove(void* to, const void* from, std::size_t bytes) {
  return __wrap_memmove(to, from, bytes);
}
void* __tsan_memset(void* to, int value, std::size_t bytes) {
  return __wrap_memset(to, value, bytes);
}
}  // extern "C"

// std::exception_ptr: how many hold the exception is no matter.

extern "C" {
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
}  // extern "C"

// The parts of std::map, std::set and std::list that lie in the library. Whoever changes a tree or
// a list also writes its head; which other words have changed is seen by comparing.

namespace {

using TreeNode = std::_Rb_tree_node_base;

inline void changes(const void* head, std::size_t bytes, const void* instruction) noexcept {
  AccessLog* active = AccessLog::active();
  if (active == nullptr) return;
  active->record(head, bytes, false, instruction);
  active->record(head, bytes, true, instruction);
  active->expect_unlogged_writes();
}

/// The nodes that are looked at on the way from one to the next in order.
template <bool kForward>
void log_walk(const TreeNode* node, const void* instruction) noexcept {
  const auto near = [](const TreeNode* of) { return kForward ? of->_M_left : of->_M_right; };
  const auto far = [](const TreeNode* of) { return kForward ? of->_M_right : of->_M_left; };
  log_read(node, sizeof *node, instruction);
  if (far(node) != nullptr) {
    for (node = far(node); node != nullptr; node = near(node)) {
      log_read(node, sizeof *node, instruction);
    }
    return;
  }
  const TreeNode* parent = node->_M_parent;
  log_read(parent, sizeof *parent, instruction);
  while (node == far(parent)) {
    node = parent;
    parent = parent->_M_parent;
    log_read(parent, sizeof *parent, instruction);
  }
}

}  // namespace

extern "C" {
// std::_Rb_tree_increment() and so on, by the names that the linker knows.
TreeNode* __real__ZSt18_Rb_tree_incrementPSt18_Rb_tree_node_base(TreeNode*);
TreeNode* __real__ZSt18_Rb_tree_decrementPSt18_Rb_tree_node_base(TreeNode*);
void __real__ZSt29_Rb_tree_insert_and_rebalancebPSt18_Rb_tree_node_baseS0_RS_(bool, TreeNode*,
                                                                              TreeNode*, TreeNode&);
TreeNode* __real__ZSt28_Rb_tree_rebalance_for_erasePSt18_Rb_tree_node_baseRS_(TreeNode*, TreeNode&);

TreeNode* __wrap__ZSt18_Rb_tree_incrementPSt18_Rb_tree_node_base(TreeNode* node) {
  if (AccessLog::active() != nullptr) log_walk<true>(node, COCHECK_HERE);
  return __real__ZSt18_Rb_tree_incrementPSt18_Rb_tree_node_base(node);
}
const TreeNode* __wrap__ZSt18_Rb_tree_incrementPKSt18_Rb_tree_node_base(const TreeNode* node) {
  if (AccessLog::active() != nullptr) log_walk<true>(node, COCHECK_HERE);
  return __real__ZSt18_Rb_tree_incrementPSt18_Rb_tree_node_base(const_cast<TreeNode*>(node));
}
TreeNode* __wrap__ZSt18_Rb_tree_decrementPSt18_Rb_tree_node_base(TreeNode* node) {
  if (AccessLog::active() != nullptr) log_walk<false>(node, COCHECK_HERE);
  return __real__ZSt18_Rb_tree_decrementPSt18_Rb_tree_node_base(node);
}
const TreeNode* __wrap__ZSt18_Rb_tree_decrementPKSt18_Rb_tree_node_base(const TreeNode* node) {
  if (AccessLog::active() != nullptr) log_walk<false>(node, COCHECK_HERE);
  return __real__ZSt18_Rb_tree_decrementPSt18_Rb_tree_node_base(const_cast<TreeNode*>(node));
}
void __wrap__ZSt29_Rb_tree_insert_and_rebalancebPSt18_Rb_tree_node_baseS0_RS_(bool left,
                                                                              TreeNode* node,
                                                                              TreeNode* parent,
                                                                              TreeNode& head) {
  changes(&head, sizeof head, COCHECK_HERE);
  __real__ZSt29_Rb_tree_insert_and_rebalancebPSt18_Rb_tree_node_baseS0_RS_(left, node, parent,
                                                                           head);
}
TreeNode* __wrap__ZSt28_Rb_tree_rebalance_for_erasePSt18_Rb_tree_node_baseRS_(TreeNode* node,
                                                                              TreeNode& head) {
  changes(&head, sizeof head, COCHECK_HERE);
  return __real__ZSt28_Rb_tree_rebalance_for_erasePSt18_Rb_tree_node_baseRS_(node, head);
}

// std::__detail::_List_node_base
struct ListNode {
  ListNode* next;
  ListNode* previous;
};
void __real__ZNSt8__detail15_List_node_base7_M_hookEPS0_(ListNode*, ListNode*);
void __real__ZNSt8__detail15_List_node_base9_M_unhookEv(ListNode*);
void __real__ZNSt8__detail15_List_node_base11_M_transferEPS0_S1_(ListNode*, ListNode*, ListNode*);
void __real__ZNSt8__detail15_List_node_base10_M_reverseEv(ListNode*);
void __real__ZNSt8__detail15_List_node_base4swapERS0_S1_(ListNode&, ListNode&);

void __wrap__ZNSt8__detail15_List_node_base7_M_hookEPS0_(ListNode* node, ListNode* position) {
  changes(position, sizeof *position, COCHECK_HERE);
  __real__ZNSt8__detail15_List_node_base7_M_hookEPS0_(node, position);
}
void __wrap__ZNSt8__detail15_List_node_base9_M_unhookEv(ListNode* node) {
  changes(node, sizeof *node, COCHECK_HERE);
  __real__ZNSt8__detail15_List_node_base9_M_unhookEv(node);
}
void __wrap__ZNSt8__detail15_List_node_base11_M_transferEPS0_S1_(ListNode* node, ListNode* first,
                                                                 ListNode* last) {
  changes(node, sizeof *node, COCHECK_HERE);
  changes(first, sizeof *first, COCHECK_HERE);
  changes(last, sizeof *last, COCHECK_HERE);
  __real__ZNSt8__detail15_List_node_base11_M_transferEPS0_S1_(node, first, last);
}
void __wrap__ZNSt8__detail15_List_node_base10_M_reverseEv(ListNode* node) {
  const ListNode* at = node;
  if (AccessLog::active() != nullptr) {
    do {
      changes(at, sizeof *at, COCHECK_HERE);
      at = at->next;
    } while (at != node);
  }
  __real__ZNSt8__detail15_List_node_base10_M_reverseEv(node);
}
void __wrap__ZNSt8__detail15_List_node_base4swapERS0_S1_(ListNode& one, ListNode& other) {
  changes(&one, sizeof one, COCHECK_HERE);
  changes(&other, sizeof other, COCHECK_HERE);
  __real__ZNSt8__detail15_List_node_base4swapERS0_S1_(one, other);
}

// std::__detail::_Prime_rehash_policy of the unordered containers, 16 bytes
std::size_t __real__ZNKSt8__detail20_Prime_rehash_policy11_M_next_bktEm(const void*, std::size_t);
std::size_t __wrap__ZNKSt8__detail20_Prime_rehash_policy11_M_next_bktEm(const void* policy,
                                                                        std::size_t count) {
  if (AccessLog::active() != nullptr) changes(policy, 16, COCHECK_HERE);
  return __real__ZNKSt8__detail20_Prime_rehash_policy11_M_next_bktEm(policy, count);
}

// As the ABI returns a std::pair<bool, std::size_t>.
struct NeedRehash {
  bool needed;
  std::size_t buckets;
};
NeedRehash __real__ZNKSt8__detail20_Prime_rehash_policy14_M_need_rehashEmmm(const void*,
                                                                            std::size_t,
                                                                            std::size_t,
                                                                            std::size_t);
NeedRehash __wrap__ZNKSt8__detail20_Prime_rehash_policy14_M_need_rehashEmmm(const void* policy,
                                                                            std::size_t buckets,
                                                                            std::size_t elements,
                                                                            std::size_t more) {
  if (AccessLog* active = AccessLog::active()) {
    active->record(policy, 16, false, COCHECK_HERE);
    active->expect_unlogged_writes();
  }
  return __real__ZNKSt8__detail20_Prime_rehash_policy14_M_need_rehashEmmm(policy, buckets, elements,
                                                                          more);
}
}  // extern "C"
