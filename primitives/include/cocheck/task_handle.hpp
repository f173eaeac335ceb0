#pragma once

#include <cassert>
#include <coroutine>
#include <exception>
#include <optional>
#include <string>
#include <utility>

#include "cocheck/detail/awaiters.hpp"
#include "cocheck/detail/task_base.hpp"
#include "cocheck/task.hpp"

namespace cocheck {

namespace detail {

/// A spawned coroutine that ends with a T.
template <class T>
class TaskState final : public TaskBase {
 public:
  TaskState(Loop& loop, typename Task<T>::Handle body)
      : TaskBase(loop, body, body.promise().definition()), body_(body) {}
  ~TaskState() override { destroy_frame(); }

  void destroy_frame() noexcept override {
    if (body_) std::exchange(body_, {}).destroy();
  }

 private:
  State take_result() noexcept override {
    result_.take_over(std::move(body_.promise().result()));
    destroy_frame();
    if (result_.cancelled()) return State::cancelled;
    if (!result_.has_value()) expect_retrieval();
    return State::done;
  }
  void drop_result() noexcept override { result_.clear(); }
  void set_cancelled_result() noexcept override {
    result_.set_error(std::make_exception_ptr(make_cancelled_error()), true);
  }
  [[nodiscard]] std::exception_ptr stored_exception() const noexcept override {
    return result_.error();
  }
  [[nodiscard]] void* stored_result() noexcept override { return &result_; }

  typename Task<T>::Handle body_;
  Result<T> result_;
};

}  // namespace detail

/// A task of unknown result type: what `current_task()` gives.
class TaskRef {
 public:
  explicit TaskRef(detail::TaskBase& state) noexcept : state_(&state) {}

  /// Asks the task to end by CancelledError at its present or next suspension, and says whether it
  /// was not done yet. The task may catch it. Two requests before the first is delivered throw
  /// once.
  bool cancel(const std::string& message = {}) const { return state_->cancel(message); }
  /// Takes a request back; returns how many remain.
  int uncancel() const noexcept { return state_->uncancel(); }
  [[nodiscard]] int cancelling() const noexcept { return state_->cancelling(); }

  [[nodiscard]] bool done() const noexcept { return state_->done(); }
  [[nodiscard]] bool cancelled() const noexcept { return state_->cancelled(); }

  /// The given name, else that of the coroutine function.
  [[nodiscard]] std::string name() const {
    state_->loop().names_seen();
    return state_->name();
  }
  void set_name(std::string name) const { state_->set_name(std::move(name)); }
  /// The path in the spawn tree, the same in every interleaving: "0.2.1".
  [[nodiscard]] std::string id() const {
    state_->loop().names_seen();
    return state_->id();
  }

  friend bool operator==(const TaskRef&, const TaskRef&) = default;

  /// For combinators.
  [[nodiscard]] detail::TaskBase& state() const noexcept { return *state_; }

 protected:
  detail::Reference<detail::TaskBase> state_;
};

/// A task that runs beside its creator: asyncio's Task object. Copies name the same task, which
/// lives on without any of them.
///
/// Awaiting it gives the result: a copy where T can be copied, else the value itself, once. An
/// error of the task is thrown there; one that nobody ever looks at is a failure of the execution.
/// Cancelling a task that awaits a handle cancels the awaited task and waits for it.
///
///     TaskHandle<int> handle = create_task(answer());
///     int value = co_await handle;
template <class T = void>
class TaskHandle : public TaskRef {
 public:
  using value_type = T;

  explicit TaskHandle(detail::TaskState<T>& state) noexcept : TaskRef(state) {}

  /// The value; throws what the task threw, CancelledError, or InvalidStateError when not done.
  T result() const {
    if (!done()) throw InvalidStateError("the task '" + name() + "' is not done yet");
    return static_cast<Result<T>*>(state_->result_address())->copy_or_take();
  }

  /// The exception that it ended with or null. Throws CancelledError or InvalidStateError.
  [[nodiscard]] std::exception_ptr exception() const {
    if (!done()) throw InvalidStateError("the task '" + name() + "' is not done yet");
    if (cancelled()) std::rethrow_exception(state_->exception());
    return state_->exception();
  }

  class Awaiter : public detail::FutureAwaiter {
   public:
    explicit Awaiter(detail::TaskBase& task) noexcept : FutureAwaiter(task, "task.join") {}
    void await_suspend(std::coroutine_handle<> coroutine) {
      detail::TaskBase& task = detail::running_task();
      awaits_itself_ = future_.get() == &task;
      if (awaits_itself_) {
        suspended_ = true;
        task.yield(coroutine);
      } else {
        FutureAwaiter::await_suspend(coroutine);
      }
    }
    T await_resume() const {
      deliver_cancellation();
      if (awaits_itself_) throw RuntimeError("a task cannot await itself");
      return static_cast<Result<T>*>(future_->result_address())->copy_or_take();
    }

   private:
    bool awaits_itself_ = false;
  };
  [[nodiscard]] Awaiter operator co_await() const noexcept { return Awaiter(*state_); }
};

/// How a task is made.
struct TaskOptions {
  // A constructor, since g++ 12 destroys a brace-made aggregate in a co_await expression twice.
  explicit TaskOptions(std::string task_name = {}, std::optional<bool> eager = std::nullopt)
      : name(std::move(task_name)), eager_start(eager) {}

  std::string name;
  /// Whether the first step runs inside create_task, as the task; default: what the loop says.
  std::optional<bool> eager_start;
};

namespace detail {

/// See create_task(). Without options it has no name and starts as the loop says.
template <class T>
TaskHandle<T> spawn(Task<T>& coroutine, TaskOptions* options) {
  Loop* loop = Loop::current_or_null();
  if (loop == nullptr || !coroutine.valid()) {
    coroutine.close();
    throw RuntimeError(loop == nullptr ? "create_task: no loop is running in this thread"
                                       : "create_task: the coroutine was moved away");
  }
  auto* state = new TaskState<T>(*loop, coroutine.release());
  TaskHandle<T> handle(*state);
  if (options != nullptr && !options->name.empty()) state->set_name(std::move(options->name));
  loop->task_started(*state);
  observe(LoopEvent::Kind::spawn, loop->running(), "spawn", nullptr, state->definition(),
          [&](LoopEvent& event) { event.peer = state; });
  const bool eager = loop->eager_tasks();
  if (options != nullptr ? options->eager_start.value_or(eager) : eager) {
    state->run();
  } else {
    loop->post(*state);
  }
  return handle;
}

}  // namespace detail

/// Makes a task of the coroutine. Its first step is queued, not run, unless it starts eagerly.
/// Throws RuntimeError when no loop runs; the coroutine is closed then.
template <class T>
TaskHandle<T> create_task(Task<T> coroutine, TaskOptions options) {
  return detail::spawn(coroutine, &options);
}
template <class T>
TaskHandle<T> create_task(Task<T> coroutine, std::string name) {
  return create_task(std::move(coroutine), TaskOptions(std::move(name)));
}
template <class T>
TaskHandle<T> create_task(Task<T> coroutine) {
  return detail::spawn(coroutine, nullptr);
}

/// The running task. Throws RuntimeError outside of tasks.
[[nodiscard]] inline TaskRef current_task() {
  return TaskRef(detail::running_task());
}

}  // namespace cocheck
