#include "call_stack.hpp"

#include <ucontext.h>
#include <unwind.h>

#include <cstdint>
#include <cstring>

namespace cocheck::detail {

namespace {

struct Walk {
  std::span<void*> frames;
  std::size_t count = 0;
  void* from = nullptr;  // what is inside of it is left out
  bool found = false;
};

_Unwind_Reason_Code visit(_Unwind_Context* context, void* argument) {
  Walk& walk = *static_cast<Walk*>(argument);
  // NOLINTNEXTLINE(performance-no-int-to-ptr): it is an address
  void* const at = reinterpret_cast<void*>(_Unwind_GetIP(context));
  walk.found = walk.found || walk.from == nullptr || at == walk.from;
  if (!walk.found) return _URC_NO_REASON;
  if (walk.count == walk.frames.size()) return _URC_END_OF_STACK;
  walk.frames[walk.count++] = at;
  return _URC_NO_REASON;
}

}  // namespace

Interrupted interrupted_at(void* context) noexcept {
  Interrupted result;
#if defined(__x86_64__)
  const auto& registers = static_cast<const ucontext_t*>(context)->uc_mcontext.gregs;
  // NOLINTBEGIN(performance-no-int-to-ptr): they are addresses
  result.instruction = reinterpret_cast<void*>(registers[REG_RIP]);
  result.stack = reinterpret_cast<void*>(registers[REG_RSP]);
  // NOLINTEND(performance-no-int-to-ptr)
  constexpr greg_t kWrite = 2;
  result.writing = (registers[REG_ERR] & kWrite) != 0;
  result.result = registers[REG_RAX];
#elif defined(__aarch64__)
  const auto& machine = static_cast<const ucontext_t*>(context)->uc_mcontext;
  result.instruction = reinterpret_cast<void*>(machine.pc);
  result.stack = reinterpret_cast<void*>(machine.sp);
  result.result = static_cast<std::ptrdiff_t>(machine.regs[0]);
#else
  (void)context;
#endif
  return result;
}

CallStack CallStack::here() noexcept {
  CallStack stack;
  Walk walk{stack.frames_};
  walk.from = __builtin_return_address(0);
  _Unwind_Backtrace(visit, &walk);
  stack.count_ = walk.count;
  return stack;
}

CallStack CallStack::of_signal(void* context) noexcept {
  const Interrupted at = interrupted_at(context);
  CallStack stack;
  Walk walk{stack.frames_};
  walk.from = at.instruction;
  _Unwind_Backtrace(visit, &walk);
  stack.count_ = walk.count;
  if (walk.count > 1 || at.stack == nullptr) return stack;
  // Where a call of no function led there, only the top of the stack says who called.
  stack.frames_[0] = at.instruction;
  std::memcpy(&stack.frames_[1], at.stack, sizeof(void*));
  stack.count_ = 2;
  return stack;
}

void prepare_call_stacks() noexcept {
  static const CallStack first = CallStack::here();
  (void)first;
}

}  // namespace cocheck::detail
