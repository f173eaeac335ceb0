#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <source_location>
#include <type_traits>
#include <utility>

#include "cocheck/detail/promise.hpp"
#include "cocheck/result.hpp"

namespace cocheck {

/// A coroutine: what an `async def` call gives in Python.
///
/// It is lazy: it runs when it is awaited, as part of the task that awaits it, or when it becomes a
/// task of its own by `create_task`, `gather` or a task group. Awaiting gives its value (move-only
/// types and references too) or throws what it threw. It can be awaited once. Destroying one that
/// never ran is reported as a failure, like Python's "was never awaited" warning.
///
/// Cancellation of the task reaches the innermost await as CancelledError and unwinds from there.
///
///     Task<int> answer() { co_return 42; }
///     Task<> print() { std::cout << co_await answer(); }
template <class T = void>
class [[nodiscard]] Task {
 public:
  class promise_type : public detail::PromiseResult<T> {
   public:
    // The defaulted argument is where the coroutine is defined.
    explicit promise_type(
        std::source_location definition = std::source_location::current()) noexcept
        : detail::PromiseResult<T>(definition) {}
    [[nodiscard]] Task get_return_object() noexcept {
      return Task(std::coroutine_handle<promise_type>::from_promise(*this));
    }
  };
  using Handle = std::coroutine_handle<promise_type>;
  using value_type = T;

  Task(Task&& other) noexcept
      : coroutine_(std::exchange(other.coroutine_, {})), started_(other.started_) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      destroy();
      coroutine_ = std::exchange(other.coroutine_, {});
      started_ = other.started_;
    }
    return *this;
  }
  ~Task() { destroy(); }

  /// Whether there is a coroutine that has not been given away.
  [[nodiscard]] bool valid() const noexcept { return static_cast<bool>(coroutine_); }

  /// Destroys a coroutine that will not run, without a complaint: Python's `close()`.
  void close() noexcept {
    started_ = true;
    destroy();
  }

  /// Gives the coroutine to the caller, who will run and destroy it.
  [[nodiscard]] Handle release() noexcept { return std::exchange(coroutine_, {}); }

  /// Awaits it inline; see PromiseBase::await_transform.
  class Awaiter {
   public:
    explicit Awaiter(Task& task) noexcept : task_(&task) {}
    [[nodiscard]] bool await_ready() const {
      if (!task_->valid() || task_->started_) {
        throw RuntimeError("a coroutine can be awaited once, and this one was already");
      }
      return false;
    }
    void await_suspend(std::coroutine_handle<> parent) const noexcept {
      task_->started_ = true;
      task_->coroutine_.promise().set_continuation(parent);
      Loop::current_or_null()->running()->continue_with(task_->coroutine_);
    }
    T await_resume() const { return task_->coroutine_.promise().result().take(); }

   private:
    Task* task_;
  };

 private:
  friend class detail::PromiseBase;

  explicit Task(Handle coroutine) noexcept : coroutine_(coroutine) {}

  void destroy() noexcept {
    if (!coroutine_) return;
    if (!started_) report_never_awaited();
    std::exchange(coroutine_, {}).destroy();
  }

  void report_never_awaited() const noexcept {
    Loop* loop = Loop::current_or_null();
    if (loop == nullptr || loop->closing() || std::uncaught_exceptions() > 0) return;
    loop->fail({FailureKind::never_awaited,
                "this coroutine was made but never awaited nor made a task",
                coroutine_.promise().definition()});
  }

  Handle coroutine_;
  bool started_ = false;
};

namespace detail {

/// A coroutine that cocheck's own code awaits, without that being a place of the user's code.
template <class T>
class Inside {
 public:
  explicit Inside(Task<T>&& task) noexcept : task_(std::move(task)) {}
  [[nodiscard]] Task<T>& task() noexcept { return task_; }

 private:
  Task<T> task_;
};

template <class T>
auto PromiseBase::await_child(Task<T>& task, std::source_location place) {
  running_task().set_place(place);
  return typename Task<T>::Awaiter(task);
}

template <class T>
auto PromiseBase::await_inside(Inside<T>& inside) {
  return typename Task<T>::Awaiter(inside.task());
}

}  // namespace detail

}  // namespace cocheck
