#pragma once

#include <concepts>
#include <coroutine>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "cocheck/detail/awaiters.hpp"
#include "cocheck/detail/future_state.hpp"

namespace cocheck {

/// Names a callback of a future, to remove it.
enum class CallbackToken : std::uintptr_t {};

/// A result that somebody sets later: asyncio.Future of CPython 3.13, and what own primitives are
/// made of. Copies name the same future.
///
/// Awaiting a done future does not suspend. All tasks that await it are made ready in the order of
/// their arrival. Callbacks run later, one by one, never inside `set_result`.
///
/// Cancelling a task that awaits a future cancels the future, and so all others that await it; put
/// a `shield` around it to avoid that.
///
///     Future<int> answer;
///     answer.set_result(42);           // in one task
///     int value = co_await answer;     // in another
template <class T = void>
class Future {
 public:
  using value_type = T;
  using Callback = std::function<void(const Future&)>;

  /// A pending future. Throws RuntimeError when no loop runs.
  Future() : state_(new detail::FutureState<T>()) {}

  [[nodiscard]] bool done() const noexcept { return state_->done(); }
  [[nodiscard]] bool cancelled() const noexcept { return state_->cancelled(); }

  /// Completes it; throws InvalidStateError when it is done already.
  template <class... Args>
  void set_result(Args&&... args) const {
    state_->set_value(std::forward<Args>(args)...);
  }
  void set_exception(std::exception_ptr error) const { state_->set_exception(std::move(error)); }
  template <std::derived_from<std::exception> E>
  void set_exception(E error) const {
    set_exception(std::make_exception_ptr(std::move(error)));
  }

  /// Completes it as cancelled; false when it is done already.
  bool cancel(const std::string& message = {}) const { return state_->cancel(message); }

  /// The value; throws what it was completed with, CancelledError, or InvalidStateError.
  T result() const {
    require_done();
    return result_of(*state_).copy_or_take();
  }
  /// The exception or null. Throws CancelledError, or InvalidStateError when it is pending.
  [[nodiscard]] std::exception_ptr exception() const {
    require_done();
    if (cancelled()) std::rethrow_exception(state_->exception());
    return state_->exception();
  }

  /// Calls `callback(future)` some time after the future is done, also if it is done already.
  CallbackToken add_done_callback(Callback callback) const {
    auto* added = new DoneCallback(*state_, std::move(callback));
    const auto token = CallbackToken{reinterpret_cast<std::uintptr_t>(added)};
    added->register_on(*state_);
    return token;
  }
  /// Whether the callback was still waiting for the future; it will then not be called.
  bool remove_done_callback(CallbackToken token) const {
    auto* removed = state_->find_callback([&](const detail::Callback& callback) {
      return reinterpret_cast<std::uintptr_t>(&callback) == static_cast<std::uintptr_t>(token);
    });
    if (removed == nullptr) return false;
    removed->unregister();
    removed->abandoned();
    return true;
  }

  class Awaiter : public detail::FutureAwaiter {
   public:
    explicit Awaiter(detail::CallbackFuture& state) noexcept : FutureAwaiter(state, "future") {}
    T await_resume() const {
      deliver_cancellation();
      return result_of(*future_).copy_or_take();
    }
  };
  [[nodiscard]] Awaiter operator co_await() const noexcept { return Awaiter(*state_); }

  friend bool operator==(const Future&, const Future&) = default;

  /// For combinators.
  [[nodiscard]] detail::FutureState<T>& state() const noexcept { return *state_; }

 private:
  /// Owns itself until it has run or will not run. Keeps the future alive from its end on.
  class DoneCallback final : public detail::Callback, public detail::LoopAllocated {
   public:
    DoneCallback(detail::FutureState<T>& state, Future::Callback function)
        : state_(state), function_(std::move(function)) {}
    void future_done(Loop& loop) override {
      future_.emplace(Future(state_));
      detail::Callback::future_done(loop);
    }

   private:
    void invoke() override {
      const std::unique_ptr<DoneCallback> self(this);
      function_(*future_);
    }
    void drop() noexcept override { delete this; }

    detail::FutureState<T>& state_;
    Future::Callback function_;
    std::optional<Future> future_;
  };

  explicit Future(detail::FutureState<T>& state) noexcept : state_(&state) {}

  [[nodiscard]] static Result<T>& result_of(detail::CallbackFuture& state) noexcept {
    return *static_cast<Result<T>*>(state.result_address());
  }
  void require_done() const {
    if (!done()) throw InvalidStateError("the future is not done yet");
  }

  detail::Reference<detail::FutureState<T>> state_;
};

}  // namespace cocheck
