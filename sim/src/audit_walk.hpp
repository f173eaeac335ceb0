#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "audit_sites.hpp"

namespace cocheck::detail {

/// What an instruction has touched.
struct SeenAccess {
  std::uintptr_t at = 0;
  std::size_t bytes = 0;
  bool write = false;
  std::uintptr_t instruction = 0;
};

/// Where a thread stands, in a handler of its signals: what is changed here holds when it goes on.
class ThreadState {
 public:
  explicit ThreadState(void* context) noexcept;

  [[nodiscard]] Registers registers() const noexcept;
  [[nodiscard]] std::uintptr_t instruction() const noexcept;
  [[nodiscard]] std::uintptr_t stack() const noexcept;
  /// Whether a breakpoint was met; else an instruction was executed.
  [[nodiscard]] bool at_breakpoint() const noexcept;
  void go_to(std::uintptr_t instruction) noexcept;
  /// As a call would.
  void push(std::uintptr_t word) noexcept;
  /// Whether it stops after each instruction.
  void set_stepping(bool stops) noexcept;

 private:
  long long& reg(int index) const noexcept;
  void* context_;
};

/// Executes a call of code that is not instrumented instruction by instruction, and notes what that
/// touches in a range of memory. Allocates nothing while it does. Calls back into instrumented code
/// and cocheck are left alone: these run as ever.
class CodeWalk {
 public:
  explicit CodeWalk(AuditedCode& code);

  /// Begins with the call that the thread is about to make, `target` being what it calls, and goes
  /// on where it returns to.
  void begin(ThreadState& thread, AuditSite& site, std::uintptr_t target, std::uintptr_t returns_to,
             std::uintptr_t range_begin, std::uintptr_t range_bytes);
  [[nodiscard]] bool active() const noexcept { return site_ != nullptr; }
  /// After an instruction, or at a breakpoint of its own; false: it was not this.
  [[nodiscard]] bool go_on(ThreadState& thread);
  /// Whether the call has been left by an exception.
  [[nodiscard]] bool was_left(const ThreadState& thread) const noexcept;
  /// Takes what it may have left in the code away.
  void stop() noexcept;

  /// Of the walk that ended last, or was stopped.
  [[nodiscard]] const std::vector<SeenAccess>& seen() const noexcept { return seen_; }
  [[nodiscard]] AuditSite& site() const noexcept { return *last_; }
  /// Whether it saw the call to its end, and understood all.
  [[nodiscard]] bool complete() const noexcept { return complete_; }
  [[nodiscard]] std::uint64_t instructions() const noexcept { return instructions_; }

 private:
  void look(ThreadState& thread);
  void note(std::uintptr_t at, std::size_t bytes, bool write, std::uintptr_t instruction) noexcept;
  void note_system_call(const Registers& registers, std::uintptr_t instruction) noexcept;
  void note_instruction(const ThreadState& thread) noexcept;
  void run_until_it_returns(ThreadState& thread);
  void end(ThreadState& thread, bool complete) noexcept;

  AuditedCode& code_;
  AuditSite* site_ = nullptr;
  AuditSite* last_ = nullptr;
  std::uintptr_t returns_to_ = 0;
  std::uintptr_t stack_ = 0;  // when it returns
  std::uintptr_t range_begin_ = 0;
  std::uintptr_t range_bytes_ = 0;
  std::uintptr_t planted_ = 0;  // a breakpoint behind a call that is not watched
  std::uint8_t planted_over_ = 0;
  std::vector<SeenAccess> seen_;
  std::uint64_t instructions_ = 0;
  bool complete_ = true;
};

}  // namespace cocheck::detail
