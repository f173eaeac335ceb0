#include "audit_walk.hpp"

#include <sys/syscall.h>
#include <ucontext.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <utility>

namespace cocheck::detail {

#if defined(__x86_64__)

namespace {

constexpr std::array kIndices{REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
                              REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
                              REG_R12, REG_R13, REG_R14, REG_R15};
constexpr long long kTrapFlag = 0x100;
constexpr long long kBreakpointTrap = 3;

}  // namespace

ThreadState::ThreadState(void* context) noexcept : context_(context) {}

long long& ThreadState::reg(int index) const noexcept {
  return static_cast<ucontext_t*>(context_)->uc_mcontext.gregs[index];
}

Registers ThreadState::registers() const noexcept {
  Registers all;
  for (std::size_t i = 0; i < all.size(); ++i)
    all[i] = static_cast<std::uint64_t>(reg(kIndices[i]));
  return all;
}

std::uintptr_t ThreadState::instruction() const noexcept {
  return static_cast<std::uintptr_t>(reg(REG_RIP));
}

std::uintptr_t ThreadState::stack() const noexcept {
  return static_cast<std::uintptr_t>(reg(REG_RSP));
}

bool ThreadState::at_breakpoint() const noexcept {
  return reg(REG_TRAPNO) == kBreakpointTrap;
}

void ThreadState::go_to(std::uintptr_t instruction) noexcept {
  reg(REG_RIP) = static_cast<long long>(instruction);
}

void ThreadState::push(std::uintptr_t word) noexcept {
  reg(REG_RSP) -= 8;
  // NOLINTNEXTLINE(performance-no-int-to-ptr): it is the stack
  std::memcpy(reinterpret_cast<void*>(stack()), &word, sizeof word);
}

void ThreadState::set_stepping(bool stops) noexcept {
  if (stops) {
    reg(REG_EFL) |= kTrapFlag;
  } else {
    reg(REG_EFL) &= ~kTrapFlag;
  }
}

#else

ThreadState::ThreadState(void* context) noexcept : context_(context) {}
Registers ThreadState::registers() const noexcept {
  return {};
}
std::uintptr_t ThreadState::instruction() const noexcept {
  return 0;
}
std::uintptr_t ThreadState::stack() const noexcept {
  return 0;
}
bool ThreadState::at_breakpoint() const noexcept {
  return false;
}
void ThreadState::go_to(std::uintptr_t) noexcept {}
void ThreadState::push(std::uintptr_t) noexcept {}
void ThreadState::set_stepping(bool) noexcept {}

#endif

namespace {

constexpr std::size_t kMostSeen = 1 << 14;
constexpr std::size_t kLongest = 15;  // bytes of an instruction
constexpr std::size_t kPage = 4096;

std::uintptr_t word_at(std::uintptr_t address) noexcept {
  std::uintptr_t word = 0;
  // NOLINTNEXTLINE(performance-no-int-to-ptr): it is the stack
  std::memcpy(&word, reinterpret_cast<const void*>(address), sizeof word);
  return word;
}

}  // namespace

CodeWalk::CodeWalk(AuditedCode& code) : code_(code) {
  seen_.reserve(kMostSeen);
}

void CodeWalk::begin(ThreadState& thread, AuditSite& site, std::uintptr_t target,
                     std::uintptr_t returns_to, std::uintptr_t range_begin,
                     std::uintptr_t range_bytes) {
  site_ = last_ = &site;
  returns_to_ = returns_to;
  stack_ = thread.stack() + 8;  // the address to return to is on it already
  range_begin_ = range_begin;
  range_bytes_ = range_bytes;
  seen_.clear();
  complete_ = true;
  thread.go_to(target);
  thread.set_stepping(true);
  look(thread);
}

bool CodeWalk::go_on(ThreadState& thread) {
  if (!active()) return false;
  if (!thread.at_breakpoint()) {
    look(thread);
    return true;
  }
  if (planted_ == 0 || thread.instruction() - 1 != planted_) return false;
  thread.go_to(planted_);
  (void)code_.patches().exchange(std::exchange(planted_, 0), planted_over_);
  thread.set_stepping(true);
  look(thread);
  return true;
}

bool CodeWalk::was_left(const ThreadState& thread) const noexcept {
  return active() && thread.stack() > stack_;
}

void CodeWalk::stop() noexcept {
  if (planted_ != 0) {
    (void)code_.patches().exchange(std::exchange(planted_, 0), planted_over_);
  }
  if (active()) complete_ = false;
  site_ = nullptr;
}

void CodeWalk::end(ThreadState& thread, bool complete) noexcept {
  complete_ = complete_ && complete;
  site_ = nullptr;
  thread.set_stepping(false);
}

/// At an instruction that is executed next.
void CodeWalk::look(ThreadState& thread) {
  const std::uintptr_t at = thread.instruction();
  if (at == returns_to_ && thread.stack() == stack_) {
    end(thread, true);
    return;
  }
  ++instructions_;
  if (code_.leaves_by_exception(at)) {
    end(thread, true);
    return;
  }
  if (ProgramCode::Function* function = code_.unprepared_at(at)) code_.prepare(*function);
  if (code_.program().function_at(at) != nullptr || code_.is_known(at)) {
    run_until_it_returns(thread);
    return;
  }
  note_instruction(thread);
}

void CodeWalk::run_until_it_returns(ThreadState& thread) {
  planted_ = word_at(thread.stack());
  planted_over_ = code_.patches().exchange(planted_, CodePatches::kBreakpoint);
  thread.set_stepping(false);
}

void CodeWalk::note_instruction(const ThreadState& thread) noexcept {
  const std::uintptr_t at = thread.instruction();
  // NOLINTNEXTLINE(performance-no-int-to-ptr): it is code
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(at);
  CodeInstruction code;
  // What lies behind the page may not be there.
  const std::size_t here = std::min(kLongest, kPage - at % kPage);
  if (!decode(at, std::span(bytes, here), code) &&
      (here == kLongest || !decode(at, std::span(bytes, kLongest), code))) {
    complete_ = false;
    return;
  }
  const Registers registers = thread.registers();
  if (code.kind == CodeInstruction::Kind::system_call) note_system_call(registers, at);
  if (!code.exact) complete_ = false;
  for (const CodeOperand& operand : code.memory()) {
    const std::uintptr_t address = operand.address(registers);
    const std::size_t count = code.bytes_of(operand, registers);
    if (operand.reads) note(address, count, false, at);
    if (operand.writes) note(address, count, true, at);
  }
}

void CodeWalk::note(std::uintptr_t at, std::size_t bytes, bool write,
                    std::uintptr_t instruction) noexcept {
  if (bytes == 0 || at - range_begin_ >= range_bytes_) return;
  if (seen_.size() == seen_.capacity()) {
    complete_ = false;
    return;
  }
  seen_.push_back({at, bytes, write, instruction});
}

/// What the kernel touches for it.
void CodeWalk::note_system_call(const Registers& registers, std::uintptr_t instruction) noexcept {
  constexpr std::size_t kRax = 0, kRdx = 2, kRsi = 6, kRdi = 7, kR10 = 10;
  switch (registers[kRax]) {
    case SYS_write:
    case SYS_pwrite64:
    case SYS_sendto:
      note(registers[kRsi], registers[kRdx], false, instruction);
      return;
    case SYS_read:
    case SYS_pread64:
    case SYS_recvfrom:
      note(registers[kRsi], registers[kRdx], true, instruction);
      return;
    default:
      break;
  }
  for (const std::size_t argument : {kRdi, kRsi, kRdx, kR10}) {
    if (registers[argument] - range_begin_ < range_bytes_) complete_ = false;
  }
}

}  // namespace cocheck::detail
