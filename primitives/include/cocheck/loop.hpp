#pragma once

#include <chrono>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <source_location>
#include <string>
#include <utility>

#include "cocheck/detail/loop_event.hpp"
#include "cocheck/detail/loop_memory.hpp"
#include "cocheck/errors.hpp"
#include "cocheck/failure.hpp"

namespace cocheck {

namespace detail {
class Invariant;
class TaskBase;
}  // namespace detail

using Duration = std::chrono::nanoseconds;

/// The clock of the running loop, as the type of its time points. It never moves backward.
struct LoopClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<LoopClock>;
  static constexpr bool is_steady = true;

  /// The time of the running loop; throws RuntimeError when there is none.
  [[nodiscard]] static time_point now();
};

using TimePoint = LoopClock::time_point;

/// One entry of a loop's queue of ready work: asyncio's Handle. It is owned by whoever posts it and
/// must stay alive until it has run or was withdrawn.
class Runnable {
 public:
  enum class Kind : std::uint8_t {
    step,      ///< the next step of task()
    callback,  ///< a callback of task(); that it ran can be told from its running later
    settling,  ///< a callback that only counts or wakes: nobody can tell when it ran
    timer,     ///< a timer of task()
  };

  Runnable(const Runnable&) = delete;
  Runnable& operator=(const Runnable&) = delete;

  virtual void run() = 0;

  /// What tells it from others that are ready in the same execution: the same in executions that
  /// differ only in the order of steps that do not depend on each other.
  [[nodiscard]] virtual const void* identity() const noexcept { return this; }

  /// It will not run: the execution was stopped.
  virtual void abandoned() noexcept {}

  [[nodiscard]] Kind kind() const noexcept { return kind_; }
  [[nodiscard]] detail::TaskBase* task() const noexcept { return task_; }

 protected:
  Runnable(Kind kind, detail::TaskBase* task) noexcept : task_(task), kind_(kind) {}
  ~Runnable() = default;

  detail::TaskBase* task_;
  Kind kind_;
};

/// Something that is due at a point of time. Whoever owns it disarms it before it dies.
class Timer : public Runnable {
 public:
  [[nodiscard]] bool armed() const noexcept { return armed_; }

  /// What it is for, in a word, for people: "sleep", "timeout".
  [[nodiscard]] virtual const char* purpose() const noexcept { return "timer"; }

 protected:
  /// Belongs to the acting task.
  Timer();
  ~Timer() { disarm(); }

  /// Makes it pending until `deadline`, which only the loop remembers.
  void arm(TimePoint deadline);
  /// Puts one that is due already behind what is ready: asyncio's call_soon.
  void arm_soon();
  void disarm() noexcept;

 private:
  friend class Loop;
  bool armed_ = false;
};

/// What the primitives know of their surroundings: a queue of ready work, timers, a clock, memory,
/// and whom to tell of failures and events. The simulation implements it; so can a real event loop.
///
/// A loop runs in one thread and is current() there while it runs. Waking never resumes inline:
/// it posts.
class Loop : public detail::LoopMemory {
 public:
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// The loop that runs in this thread. Throws RuntimeError when there is none.
  [[nodiscard]] static Loop& current() {
    if (current_ == nullptr) throw RuntimeError("no loop is running in this thread");
    return *current_;
  }
  [[nodiscard]] static Loop* current_or_null() noexcept { return current_; }
  /// Whether an address is where that is kept.
  [[nodiscard]] static bool holds_current(std::uintptr_t address) noexcept {
    return address == reinterpret_cast<std::uintptr_t>(&current_);
  }

  /// Makes `loop` current for the life of the object.
  class Scope {
   public:
    explicit Scope(Loop& loop) noexcept : previous_(current_) { current_ = &loop; }
    ~Scope() { current_ = previous_; }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Loop* previous_;
  };

  /// Puts `runnable` behind what is ready. It must not be in the queue already.
  virtual void post(Runnable& runnable) = 0;

  /// Takes a callback that is queued out of the queue.
  virtual void withdraw(Runnable& runnable) noexcept = 0;

  /// Tells a loop that keeps tasks of one that begins or that has ended.
  virtual void task_started(detail::TaskBase& task) = 0;
  virtual void task_finished(detail::TaskBase& task) noexcept = 0;

  /// A number below `alternatives`, which is at least 1; see cocheck::choose().
  virtual std::size_t choose(std::size_t alternatives, std::source_location place) = 0;

  /// Something is wrong with this execution. The loop stops it after the running step.
  virtual void fail(Failure failure) = 0;

  /// A check that has failed is about to end the running step by an exception: what the running
  /// task spawned uses what lives in the frames that are destroyed next.
  virtual void about_to_unwind() noexcept {}

  [[nodiscard]] TimePoint now() const noexcept {
    time_seen_ = true;
    return now_;
  }
  /// The same for primitives, where all that depends on it is how far off a deadline is.
  [[nodiscard]] TimePoint time() const noexcept { return now_; }

  /// A point of time is kept that is no timer yet, and no more. As long as a step leaves one, how
  /// far off it is can be told from the time alone, which is then part of the state.
  void deadline_opened() noexcept { ++open_deadlines_; }
  void deadline_closed() noexcept { --open_deadlines_; }
  /// Somebody reads the name or the id of a task: from now on they are part of the state.
  void names_seen() const noexcept { names_seen_ = true; }

  /// The invariants of the execution that are in force; see cocheck::always().
  [[nodiscard]] detail::Invariant* first_invariant() const noexcept { return first_invariant_; }
  void set_first_invariant(detail::Invariant* first) noexcept { first_invariant_ = first; }

  /// The task whose step runs, null between steps.
  [[nodiscard]] detail::TaskBase* running() const noexcept { return running_; }
  /// The running task, or during a callback or timer the task to which that belongs.
  [[nodiscard]] detail::TaskBase* acting() const noexcept {
    return running_ != nullptr ? running_ : acting_;
  }
  [[nodiscard]] Observer* observer() const noexcept { return observer_; }
  /// Whether an await suspends even if it need not.
  [[nodiscard]] bool always_suspends() const noexcept { return always_suspends_; }
  /// Whether new tasks run their first step at once.
  [[nodiscard]] bool eager_tasks() const noexcept { return eager_tasks_; }
  /// Whether the loop is destroying its tasks: nothing that happens now is part of the execution.
  [[nodiscard]] bool closing() const noexcept { return closing_; }

  /// The coroutine with which the running step goes on.
  void set_next(std::coroutine_handle<> coroutine) noexcept { next_ = coroutine; }
  [[nodiscard]] std::coroutine_handle<> take_next() noexcept { return std::exchange(next_, {}); }

  /// Makes `task` the running one for the life of the object.
  class RunningTask {
   public:
    RunningTask(Loop& loop, detail::TaskBase& task) noexcept
        : loop_(loop), previous_(loop.running_) {
      loop.running_ = &task;
    }
    ~RunningTask() { loop_.running_ = previous_; }
    RunningTask(const RunningTask&) = delete;
    RunningTask& operator=(const RunningTask&) = delete;

   private:
    Loop& loop_;
    detail::TaskBase* previous_;
  };

 protected:
  Loop() = default;
  ~Loop() = default;

  /// Adds the timer to those that are pending; fire or disarm_timer() takes it out.
  virtual void arm_timer(Timer& timer, TimePoint deadline) = 0;
  virtual void disarm_timer(Timer& timer) noexcept = 0;
  /// For the loop that takes a timer out to run it.
  static void mark_fired(Timer& timer) noexcept { timer.armed_ = false; }

  TimePoint now_{};
  detail::TaskBase* running_ = nullptr;
  detail::TaskBase* acting_ = nullptr;
  Observer* observer_ = nullptr;
  bool always_suspends_ = false;
  bool eager_tasks_ = false;
  bool closing_ = false;
  mutable bool time_seen_ = false;   // whether the model has read the clock
  mutable bool names_seen_ = false;  // whether it has read names or ids
  int open_deadlines_ = 0;
  detail::Invariant* first_invariant_ = nullptr;

 private:
  friend class Timer;
  std::coroutine_handle<> next_;
  static inline constinit thread_local Loop* current_ = nullptr;
};

inline LoopClock::time_point LoopClock::now() {
  return Loop::current().now();
}

inline void Timer::arm(TimePoint deadline) {
  armed_ = true;
  Loop::current().arm_timer(*this, deadline);
}

inline void Timer::arm_soon() {
  armed_ = true;
  Loop::current().post(*this);
}

inline void Timer::disarm() noexcept {
  if (!armed_) return;
  armed_ = false;
  if (Loop* loop = Loop::current_or_null()) loop->disarm_timer(*this);
}

}  // namespace cocheck
