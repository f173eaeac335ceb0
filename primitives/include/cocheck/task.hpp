#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <source_location>
#include <type_traits>
#include <utility>

#include "cocheck/detail/awaiters.hpp"
#include "cocheck/detail/memory.hpp"
#include "cocheck/result.hpp"

namespace cocheck {

template <class T>
class Task;

namespace detail {

template <class T>
inline constexpr bool kIsTask = false;
template <class T>
inline constexpr bool kIsTask<Task<T>> = true;

/// A coroutine that cocheck's own code awaits, without that being a place of the user's code.
template <class T>
class Inside {
 public:
  explicit Inside(Task<T>&& task) noexcept : task_(std::move(task)) {}
  [[nodiscard]] Task<T>& task() noexcept { return task_; }

 private:
  Task<T> task_;
};

/// What all coroutines of cocheck have in common.
class PromiseBase {
 public:
  static void* operator new(std::size_t bytes) { return allocate(bytes); }
  static void operator delete(void* frame, std::size_t bytes) noexcept { deallocate(frame, bytes); }

  [[nodiscard]] std::suspend_always initial_suspend() const noexcept { return {}; }

  struct FinalAwaiter {
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> ended) const noexcept {
      TaskBase& task = *Loop::current_or_null()->running();
      if (const std::coroutine_handle<> continuation = ended.promise().continuation_) {
        task.continue_with(continuation);
      } else {
        task.body_ended();
      }
    }
    void await_resume() const noexcept {}
  };
  [[nodiscard]] FinalAwaiter final_suspend() const noexcept { return {}; }

  /// A child coroutine: runs as part of this task, so entering it is no scheduling point.
  template <class T>
  [[nodiscard]] auto await_transform(Task<T>&& task,
                                     std::source_location place = std::source_location::current()) {
    return await_child(task, place);
  }
  template <class T>
  [[nodiscard]] auto await_transform(Task<T>& task,
                                     std::source_location place = std::source_location::current()) {
    return await_child(task, place);
  }

  /// The same where cocheck's own code awaits: the task's place stays that of the user's call.
  template <class T>
  [[nodiscard]] auto await_transform(Inside<T>&& inside) {
    return typename Task<T>::Awaiter(inside.task());
  }

  template <std::derived_from<InternalAwaiter> Awaiter>
  [[nodiscard]] auto await_transform(Awaiter&& awaiter) const noexcept {
    return AwaiterReference<std::remove_reference_t<Awaiter>>(awaiter);
  }

  template <class Awaitable>
    requires DirectAwaiter<Awaitable>
  [[nodiscard]] auto await_transform(
      Awaitable&& awaitable, std::source_location place = std::source_location::current()) const {
    running_task().set_place(place);
    return SchedulingPoint<std::remove_reference_t<Awaitable>&>(awaitable);
  }

  template <class Awaitable>
    requires IndirectAwaiter<Awaitable>
  [[nodiscard]] auto await_transform(
      Awaitable&& awaitable, std::source_location place = std::source_location::current()) const {
    running_task().set_place(place);
    using Awaiter = decltype(std::forward<Awaitable>(awaitable).operator co_await());
    return SchedulingPoint<Awaiter>(std::forward<Awaitable>(awaitable).operator co_await());
  }

  template <class Awaitable>
    requires(!std::derived_from<std::remove_cvref_t<Awaitable>, LoopAwaiter> &&
             !IndirectAwaiter<Awaitable>)
  void await_transform(Awaitable&&) const {
    static_assert(!std::is_same_v<Awaitable, Awaitable>,
                  "a cocheck::Task awaits Tasks, TaskHandles, Futures and cocheck's primitives "
                  "only: make your own primitive of these");
  }

  [[nodiscard]] std::source_location definition() const noexcept { return definition_; }
  void set_continuation(std::coroutine_handle<> parent) noexcept { continuation_ = parent; }

 protected:
  explicit PromiseBase(std::source_location definition) noexcept : definition_(definition) {}

 private:
  template <class T>
  static auto await_child(Task<T>& task, std::source_location place);

  std::coroutine_handle<> continuation_;
  std::source_location definition_;
};

template <class T>
class PromiseResult : public PromiseBase {
 public:
  using PromiseBase::PromiseBase;
  template <class U = T>
    requires std::convertible_to<U&&, T>
  void return_value(U&& value) { result_.set_value(std::forward<U>(value)); }
  void unhandled_exception() noexcept { result_.set_current_exception(); }
  [[nodiscard]] Result<T>& result() noexcept { return result_; }

 private:
  Result<T> result_;
};

template <>
class PromiseResult<void> : public PromiseBase {
 public:
  using PromiseBase::PromiseBase;
  void return_void() noexcept { result_.set_value(); }
  void unhandled_exception() noexcept { result_.set_current_exception(); }
  [[nodiscard]] Result<void>& result() noexcept { return result_; }

 private:
  Result<void> result_;
};

}  // namespace detail

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

template <class T>
auto detail::PromiseBase::await_child(Task<T>& task, std::source_location place) {
  running_task().set_place(place);
  return typename Task<T>::Awaiter(task);
}

}  // namespace cocheck
