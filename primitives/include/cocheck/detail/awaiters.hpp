#pragma once

#include <concepts>
#include <coroutine>
#include <utility>

#include "cocheck/detail/task_base.hpp"
#include "cocheck/result.hpp"

namespace cocheck::detail {

/// Base of every awaiter that suspends by way of the loop. A Task awaits nothing else, so that
/// each suspension is one that a loop can see.
struct LoopAwaiter {};

/// Base of the waits inside of cocheck's own coroutines: they leave the task's place where the
/// user's code called.
struct InternalAwaiter : LoopAwaiter {};

/// What a type gives when it is awaited: itself, or what its operator co_await returns.
template <class A>
concept DirectAwaiter = std::derived_from<std::remove_cvref_t<A>, LoopAwaiter> &&
    !std::derived_from<std::remove_cvref_t<A>, InternalAwaiter>;

template <class A>
concept IndirectAwaiter = requires(A&& awaitable) {
  { std::forward<A>(awaitable).operator co_await() } -> DirectAwaiter;
};

/// Awaits an awaiter that lives in the same full expression. (g++ 12 copies what a reference that
/// await_transform returns refers to.)
template <class Awaiter>
class AwaiterReference {
 public:
  explicit AwaiterReference(Awaiter& awaiter) noexcept : awaiter_(awaiter) {}

  [[nodiscard]] bool await_ready() { return awaiter_.await_ready(); }
  void await_suspend(std::coroutine_handle<> coroutine) { awaiter_.await_suspend(coroutine); }
  decltype(auto) await_resume() { return awaiter_.await_resume(); }

 private:
  Awaiter& awaiter_;
};

/// Wraps an awaiter so that a loop which always suspends sees a suspension before it; one that says
/// that it will suspend by itself needs none.
/// `Awaiter` is a reference to one that lives in the same full expression, or a value.
template <class Awaiter>
class SchedulingPoint final : private Retry {
 public:
  explicit SchedulingPoint(Awaiter&& awaiter) : awaiter_(std::forward<Awaiter>(awaiter)) {}

  bool await_ready() {
    if (Loop::current().always_suspends() && !will_suspend()) [[unlikely]]
      return false;
    tried_ = true;
    return awaiter_.await_ready();
  }

  void await_suspend(std::coroutine_handle<> coroutine) {
    if (tried_) {
      awaiter_.await_suspend(coroutine);
      return;
    }
    TaskBase& task = running_task();
    observe(LoopEvent::Kind::yield, &task, "await", nullptr, task.place(), [](LoopEvent&) {});
    task.yield(coroutine, this);
  }

  decltype(auto) await_resume() {
    if (!tried_) throw running_task().make_cancelled_error();
    return awaiter_.await_resume();
  }

 private:
  [[nodiscard]] bool will_suspend() const noexcept {
    if constexpr (requires { awaiter_.will_suspend(); }) {
      return awaiter_.will_suspend();
    } else {
      return false;
    }
  }

  void retry(TaskBase& task) override {
    const std::coroutine_handle<> coroutine = task.resume_point();
    if (task.take_cancellation()) {
      task.continue_with(coroutine);
      return;
    }
    tried_ = true;
    if (awaiter_.await_ready()) {
      task.continue_with(coroutine);
    } else {
      awaiter_.await_suspend(coroutine);
    }
  }

  Awaiter awaiter_;
  bool tried_ = false;
};

/// Awaits a future that many can wait for. Cancelling the task cancels the future.
class FutureAwaiter : public LoopAwaiter {
 public:
  FutureAwaiter(CallbackFuture& future, const char* verb) noexcept
      : future_(&future), verb_(verb) {}
  FutureAwaiter(const FutureAwaiter&) = default;
  FutureAwaiter& operator=(const FutureAwaiter&) = default;
  ~FutureAwaiter() {
    suspended_ = false;
    forget(*this);
  }

  [[nodiscard]] bool will_suspend() const noexcept { return !future_->done(); }
  [[nodiscard]] bool await_ready() const noexcept { return future_->done(); }
  void await_suspend(std::coroutine_handle<> coroutine) {
    TaskBase& task = running_task();
    observe(LoopEvent::Kind::park, &task, verb_, future_.get(), task.place(),
            [&](LoopEvent& event) {
              if (future_->owner() != &task) event.peer = future_->owner();
            });
    suspended_ = true;
    task.park(coroutine, *future_);
  }

 protected:
  /// Throws when this suspension delivers a cancellation.
  void deliver_cancellation() const {
    if (!suspended_) return;
    TaskBase& task = running_task();
    if (!task.take_cancellation()) return;
    if (future_->done()) (void)future_->exception();  // the wake-up has looked at it
    throw task.make_cancelled_error();
  }

  Reference<CallbackFuture> future_;
  const char* verb_;
  bool suspended_ = false;
};

}  // namespace cocheck::detail
