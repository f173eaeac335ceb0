#pragma once

#include <coroutine>
#include <cstdint>
#include <memory>
#include <source_location>
#include <string>
#include <utility>
#include <vector>

#include "cocheck/detail/awaited.hpp"

namespace cocheck::detail {

/// Lets an await be tried again when its task resumes, instead of resuming the coroutine.
class Retry {
 public:
  virtual void retry(TaskBase& task) = 0;

 protected:
  ~Retry() = default;
};

/// A spawned coroutine with all that it awaits inline: the unit that is scheduled.
///
/// Follows CPython 3.13's Task: `must_cancel` is a request not yet delivered, `waiting_on` is what
/// the task is parked on, also while it is woken and has not run. A step resumes coroutines in a
/// loop (a trampoline) until one of them parks, so that neither a long chain of awaits nor a
/// compiler without tail calls needs stack.
class TaskBase : public Runnable, public CallbackFuture {
 public:
  /// Asks the task to end by CancelledError at its next or present suspension. False when it is
  /// done. The request is passed on to what the task waits for, if that accepts it.
  bool cancel(const std::string& message) override;

  /// Takes one request back and returns how many remain; at 0 an undelivered one is dropped too.
  int uncancel() noexcept;
  [[nodiscard]] int cancelling() const noexcept { return cancel_requests_; }

  /// The path in the spawn tree: "0" for the first task of a loop, "0.2" for its third child.
  [[nodiscard]] std::string id() const;
  [[nodiscard]] std::vector<std::uint32_t> path() const;
  [[nodiscard]] TaskBase* parent() const noexcept { return lineage_.parent.get(); }
  [[nodiscard]] std::uint32_t index() const noexcept { return lineage_.index; }

  /// The given name, or that of the coroutine; "main" for the first task of a loop.
  [[nodiscard]] std::string name() const;
  void set_name(std::string name) { texts().name = std::move(name); }

  /// Where the last await of the user's code stands.
  [[nodiscard]] std::source_location place() const noexcept { return record_.place; }
  void set_place(std::source_location place) noexcept { record_.place = place; }
  /// Where the coroutine is defined.
  [[nodiscard]] std::source_location definition() const noexcept { return record_.definition; }

  /// The loop that it belongs to, which is the current one.
  [[nodiscard]] static Loop& loop() noexcept { return *Loop::current_or_null(); }
  [[nodiscard]] bool started() const noexcept { return started_; }
  [[nodiscard]] Awaited* waiting_on() const noexcept { return waiting_on_; }
  [[nodiscard]] bool must_cancel() const noexcept { return must_cancel_; }

  /// Runs one step.
  void run() final;

  // For awaiters, during a step of this task.

  /// Suspends until `awaited` posts the task.
  void park(std::coroutine_handle<> coroutine, Awaited& awaited) noexcept {
    resume_point_ = coroutine;
    waiting_on_ = &awaited;
  }
  /// Suspends until `future` is done.
  void park(std::coroutine_handle<> coroutine, CallbackFuture& future) {
    park(coroutine, static_cast<Awaited&>(future));
    wakeup_.register_on(future);
  }
  /// Suspends and is ready at once. With `retry` the await is tried again first.
  void yield(std::coroutine_handle<> coroutine, Retry* retry = nullptr) {
    resume_point_ = coroutine;
    retry_ = retry;
    loop().post(*this);
  }
  /// Goes on in the same step with another coroutine of this task.
  void continue_with(std::coroutine_handle<> coroutine) noexcept { loop().set_next(coroutine); }
  /// What the task was suspended in.
  [[nodiscard]] std::coroutine_handle<> resume_point() const noexcept { return resume_point_; }
  /// The outermost coroutine has ended.
  void body_ended() noexcept { body_ended_ = true; }
  /// Whether this step must deliver a cancellation; asking takes it.
  [[nodiscard]] bool take_cancellation() noexcept { return std::exchange(deliver_, false); }
  [[nodiscard]] CancelledError make_cancelled_error() const {
    return CancelledError(texts_ != nullptr ? texts_->message : std::string());
  }

  /// Makes the task ready; the running task, if any, did it.
  void wake();

  [[nodiscard]] std::uint32_t next_child() noexcept { return lineage_.children++; }
  /// Numbers the callbacks and timers of the task, as they reach the loop.
  [[nodiscard]] std::uint32_t next_number() noexcept { return numbers_++; }

  /// Destroys the coroutine of an execution that was stopped.
  virtual void destroy_frame() noexcept = 0;

 protected:
  TaskBase(Loop& loop, std::coroutine_handle<> body, std::source_location definition);
  ~TaskBase() override = default;

  /// Takes the result out of the coroutine and destroys it. Returns the state to end in.
  virtual State take_result() noexcept = 0;
  /// Ends as cancelled without result.
  virtual void set_cancelled_result() noexcept = 0;
  /// Nobody can ask for the result any more.
  virtual void drop_result() noexcept = 0;
  void destroy() noexcept override;
  void reference_dropped() noexcept override;

  [[nodiscard]] std::string describe_self() const override;

 private:
  /// Wakes the task when a future is done, without an entry of its own in the queue.
  class Wakeup final : public Callback {
   public:
    explicit Wakeup(TaskBase& task) noexcept : Callback(task) {}
    void future_done(Loop&) override { task_->wake(); }
    void invoke() override {}
  };

  /// For traces and tapes only; no step depends on it.
  struct Record {
    std::source_location definition;
    std::source_location place;
  };

  /// What the id is made of.
  struct Lineage {
    Reference<TaskBase> parent;
    std::uint32_t index = 0;
    std::uint32_t children = 0;
  };

  /// What few tasks have.
  struct Texts {
    std::string name;
    std::string message;  // of the last cancellation
  };
  [[nodiscard]] Texts& texts() {
    if (texts_ == nullptr) texts_ = std::make_unique<Texts>();
    return *texts_;
  }
  void set_message(const std::string& message) {
    if (texts_ != nullptr || !message.empty()) texts().message = message;
  }

  void finish(State state);
  void pass_cancel_on();

  std::uint32_t numbers_ = 0;  // given to callbacks and timers; nothing else is in its word
  // What every step needs comes next.
  std::coroutine_handle<> resume_point_;
  Retry* retry_ = nullptr;
  Awaited* waiting_on_ = nullptr;
  int cancel_requests_ = 0;
  bool must_cancel_ = false;
  bool passing_cancel_on_ = false;
  bool deliver_ = false;
  bool started_ = false;
  bool body_ended_ = false;
  bool result_dropped_ = false;
  std::uint32_t children_alive_ = 0;  // each keeps a reference, only to be able to say its id
  Record record_;
  Wakeup wakeup_{*this};
  Lineage lineage_;
  std::unique_ptr<Texts> texts_;

 public:
  /// The loop gives its reference up. A function of the primitives, so that in instrumented
  /// programs it tells what it touches.
  void forgotten_by_loop() noexcept;

  // Links of the loop's list of unfinished tasks.
  TaskBase* previous_task = nullptr;
  TaskBase* next_task = nullptr;
};

/// The running task. Throws RuntimeError outside of tasks.
[[nodiscard]] inline TaskBase& running_task() {
  TaskBase* task = Loop::current().running();
  if (task == nullptr) throw RuntimeError("no task is running: this must be called in a task");
  return *task;
}

inline Callback::Callback() : Runnable(Kind::callback, Loop::current().acting()) {}

/// Tells the observer, if there is one. `detail()` is called only then.
template <class Detail>
void observe(LoopEvent::Kind kind, const TaskBase* task, const char* verb, const void* object,
             std::source_location place, Detail&& detail) {
  Loop* loop = Loop::current_or_null();
  if (loop == nullptr || loop->observer() == nullptr || loop->closing()) [[likely]]
    return;
  LoopEvent event;
  event.kind = kind;
  event.task = task;
  event.verb = verb;
  event.object = object;
  event.place = place;
  detail(event);
  loop->observer()->on_event(event);
}

/// The running task did something to a primitive without suspending.
inline void observe_operation(const char* verb, const void* object, std::source_location place) {
  Loop* loop = Loop::current_or_null();
  observe(LoopEvent::Kind::operation, loop != nullptr ? loop->running() : nullptr, verb, object,
          place, [](LoopEvent&) {});
}

/// The same at the place of the task's last await.
inline void observe_operation(const char* verb, const void* object) {
  Loop* loop = Loop::current_or_null();
  if (loop == nullptr || loop->observer() == nullptr || loop->running() == nullptr) return;
  observe_operation(verb, object, loop->running()->place());
}

/// The running task is about to be suspended in `verb` on `object`.
inline void observe_park(const TaskBase& task, const char* verb, const void* object) {
  observe(LoopEvent::Kind::park, &task, verb, object, task.place(), [](LoopEvent&) {});
}

}  // namespace cocheck::detail

namespace cocheck {

inline Timer::Timer() : Runnable(Kind::timer, Loop::current().acting()) {
  if (task_ == nullptr) throw RuntimeError("a timer can be made in a task only");
}

}  // namespace cocheck
