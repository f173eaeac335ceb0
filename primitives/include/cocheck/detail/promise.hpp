#pragma once

#include <concepts>
#include <coroutine>
#include <cstddef>
#include <source_location>
#include <type_traits>
#include <utility>

#include "cocheck/detail/awaiters.hpp"
#include "cocheck/detail/keep_apart.hpp"
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

template <class T>
class Inside;

/// What all coroutines of cocheck have in common.
class PromiseBase {
 public:
  static void* operator new(std::size_t bytes) { return allocate(bytes); }
  static void operator delete(void* frame, std::size_t bytes) noexcept { deallocate(frame, bytes); }

  [[nodiscard, gnu::always_inline]] std::suspend_always initial_suspend() const noexcept {
    keep_variables_apart();
    return {};
  }

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
    return await_inside(inside);
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
  template <class T>
  static auto await_inside(Inside<T>& inside);

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

}  // namespace cocheck
