#include "incident.hpp"

#include <dlfcn.h>
#include <link.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>

#include "symbols.hpp"

namespace cocheck::detail {

namespace {

constexpr std::uintptr_t kNullPage = 4'096;
// A frame may be larger than the page that guards the stack.
constexpr std::uintptr_t kBelowStack = 64 * 1'024;
constexpr std::uintptr_t kDeep = 256 * 1'024;

std::uintptr_t number(const void* address) noexcept {
  return reinterpret_cast<std::uintptr_t>(address);
}

bool is_stack_overflow(const siginfo_t& info, const Interrupted& at, const void* bottom) noexcept {
  const std::uintptr_t stack = number(at.stack);
  const std::uintptr_t fault = number(info.si_addr);
  const std::uintptr_t distance = fault > stack ? fault - stack : stack - fault;
  return at.stack != nullptr && distance < kBelowStack && number(bottom) - stack > kDeep;
}

const char* name_of(int signal) noexcept {
  switch (signal) {
    case SIGSEGV:
      return "SIGSEGV";
    case SIGBUS:
      return "SIGBUS";
    case SIGFPE:
      return "SIGFPE";
    case SIGILL:
      return "SIGILL";
    case SIGABRT:
      return "SIGABRT";
    case SIGTRAP:
      return "SIGTRAP";
    default:
      return "a signal";
  }
}

/// Behind an address: what is special about it.
const char* what_lies_at(const siginfo_t& info, bool writing) noexcept {
  if (number(info.si_addr) < kNullPage) return ", which is no object: a null pointer";
  if (info.si_code == SEGV_ACCERR && writing) return ", which is read-only";
  return "";
}

/// As much of it as fits.
void copy(std::string_view from, std::array<char, 512>& to) noexcept {
  const std::size_t length = std::min(from.size(), to.size() - 1);
  if (length > 0) std::memcpy(to.data(), from.data(), length);
  to[length] = '\0';
}

}  // namespace

void Incident::set_text(std::string_view what) noexcept {
  copy(what, text);
}

void Incident::set_place(std::string_view where) noexcept {
  copy(where, place);
}

void describe_fault(int signal, const siginfo_t& info, void* context, const void* bottom,
                    Incident& incident) noexcept {
  const Interrupted at = interrupted_at(context);
  char* const text = incident.text.data();
  const std::size_t size = incident.text.size();
  const bool was_sent = info.si_code <= 0;
  if (signal == SIGABRT) {
    std::snprintf(text, size, "SIGABRT: abort() was called");
  } else if (was_sent) {
    std::snprintf(text, size, "%s was raised", name_of(signal));
  } else if (signal == SIGSEGV && is_stack_overflow(info, at, bottom)) {
    std::snprintf(text, size, "stack overflow: endless recursion, or variables that are too large");
  } else if (signal == SIGSEGV && info.si_code == SI_KERNEL) {
    std::snprintf(text, size, "SIGSEGV: uses an address that cannot be one");
  } else if (signal == SIGSEGV && info.si_addr == at.instruction) {
    std::snprintf(text, size, "SIGSEGV: calls a function at address %#zx, where there is none",
                  static_cast<std::size_t>(number(info.si_addr)));
  } else if (signal == SIGSEGV || signal == SIGBUS) {
    std::snprintf(text, size, "%s: %s address %#zx%s", name_of(signal),
                  at.writing ? "writes to" : "reads from",
                  static_cast<std::size_t>(number(info.si_addr)), what_lies_at(info, at.writing));
  } else if (signal == SIGFPE) {
    std::snprintf(text, size, "SIGFPE: %s",
                  info.si_code == FPE_INTDIV ? "an integer is divided by zero"
                                             : "a calculation has no result");
  } else if (signal == SIGILL) {
    std::snprintf(text, size,
                  "SIGILL: an instruction that cannot be executed: where compilers know that code "
                  "is not to be reached, as behind a function that must return a value and does "
                  "not");
  } else {
    std::snprintf(text, size, "%s", name_of(signal));
  }
}

std::string user_place(const CallStack& stack) {
  return user_line_of(stack.frames());
}

bool is_in_heap(const CallStack& stack) noexcept {
  constexpr std::array kHeap{"malloc", "free",           "calloc",       "realloc",
                             "cfree",  "posix_memalign", "aligned_alloc"};
  return std::any_of(stack.frames().begin(), stack.frames().end(), [&](const void* at) {
    Dl_info info{};
    void* found = nullptr;
    if (dladdr1(at, &info, &found, RTLD_DL_SYMENT) == 0) return false;
    const auto* symbol = static_cast<const ElfW(Sym)*>(found);
    if (info.dli_sname == nullptr || symbol == nullptr) return false;
    if (number(at) - number(info.dli_saddr) >= symbol->st_size) return false;
    return std::any_of(kHeap.begin(), kHeap.end(),
                       [&](const char* name) { return std::strcmp(info.dli_sname, name) == 0; });
  });
}

}  // namespace cocheck::detail
