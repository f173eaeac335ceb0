#pragma once

#include <atomic>
#include <csetjmp>
#include <csignal>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "cocheck/failure.hpp"

namespace cocheck::detail {

struct Incident;

/// Leads a thread back out of a step of a model that would end the program or never end: a fault,
/// abort(), a failed assert, std::terminate, exit(), want of stack, a step that spins or blocks.
///
/// What the step was about is abandoned where it stands: no frame is unwound, no destructor runs.
/// The owner must not use anything of that execution again but its schedule.
///
///     const StepGuard::Scope mine(guard);        // once for an execution
///     if (!guard.run([&] { step(); })) failure = guard.failure(true);
///
/// One guard serves one thread at a time. run() costs what sigsetjmp() without a mask costs.
class StepGuard {
 public:
  /// Puts the handlers of faults in.
  StepGuard();
  ~StepGuard();
  StepGuard(const StepGuard&) = delete;
  StepGuard& operator=(const StepGuard&) = delete;

  /// Makes a guard the one of this thread.
  class Scope {
   public:
    explicit Scope(StepGuard& guard) noexcept;
    ~Scope() { active_ = previous_; }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    StepGuard* previous_;
  };

  /// Whether `step` came back; it may throw. Not to be nested.
  template <class Step>
  [[gnu::noinline]] bool run(Step&& step) {
    steps_.store(steps_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    bottom_ = __builtin_frame_address(0);
    if (sigsetjmp(landing_, 0) != 0) return false;
    set_armed(true);
    try {
      step();
    } catch (...) {
      set_armed(false);
      throw;
    }
    set_armed(false);
    return true;
  }

  /// What happened in the step that did not come back. Where it stood is looked up in the debug
  /// information if wanted, which takes its time.
  [[nodiscard]] Failure failure(bool with_place) const;
  /// Whether it stood within malloc or free, whose heap may be damaged.
  [[nodiscard]] bool in_heap() const noexcept;

  /// The guard of a step that runs in this thread; null where none runs.
  [[nodiscard]] static StepGuard* running() noexcept {
    return active_ != nullptr && active_->armed() ? active_ : nullptr;
  }
  /// Leaves the step for `what`, such as "exit(0) was called"; where it stood is looked up unless
  /// `place` says so, as "file.cpp:12".
  [[noreturn]] void leave(FailureKind kind, std::string_view what,
                          std::string_view place = {}) noexcept;
  /// The same from the handler of a signal.
  [[noreturn]] void leave_signal(FailureKind kind, std::string_view what, void* context) noexcept;

  /// What a watchdog has seen of the present step: in the memory of the loop, since a handler of
  /// signals may run within a step, whose every other write counts.
  struct Watched {
    std::uint64_t step = 0;
    std::int64_t began = 0;  // processor time of the thread, in nanoseconds
    std::int64_t last = 0;
    unsigned waiting = 0;    // looks in a row that found it in the same call of the system
    unsigned postponed = 0;  // looks at which it could not be left
  };
  [[nodiscard]] Watched& watched() noexcept { return watched_; }

  /// Another number, another step.
  [[nodiscard]] std::uint64_t steps() const noexcept {
    return steps_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] bool armed() const noexcept { return armed_.load(std::memory_order_relaxed); }
  [[nodiscard]] static StepGuard* active() noexcept { return active_; }

 private:
  void set_armed(bool armed) noexcept {
    std::atomic_signal_fence(std::memory_order_seq_cst);
    armed_.store(armed, std::memory_order_relaxed);
    std::atomic_signal_fence(std::memory_order_seq_cst);
  }
  static bool on_fault(int signal, siginfo_t& info, void* context);
  [[noreturn]] void land() noexcept;

  static inline constinit thread_local StepGuard* active_ = nullptr;

  /// What the C++ runtime keeps of exceptions that are handled now.
  struct Exceptions {
    void* caught = nullptr;
    unsigned uncaught = 0;
  };

  sigjmp_buf landing_;
  void* bottom_ = nullptr;  // of the stack of the step
  Exceptions exceptions_;
  std::atomic<bool> armed_ = false;
  std::atomic<std::uint64_t> steps_ = 0;
  Watched watched_;
  std::unique_ptr<Incident> incident_;
};

}  // namespace cocheck::detail
