#pragma once

#include <memory>
#include <utility>

#include "cocheck/future.hpp"
#include "cocheck/task.hpp"
#include "cocheck/task_handle.hpp"

namespace cocheck {

namespace detail {

/// Mirrors the end of `inner` in `outer`; lives until that has happened. The inner future owns it
/// while it is pending and is kept alive by it afterwards.
template <class T>
class ShieldCallback final : public Callback, public LoopAllocated {
 public:
  ShieldCallback(CallbackFuture& inner, FutureState<T>& outer) : inner_(inner), outer_(&outer) {}

  void future_done(Loop& loop) override {
    if (outer_->done()) {  // nobody waits any more; an error of the inner one is for others
      delete this;
      return;
    }
    keep_inner_ = Reference<CallbackFuture>(&inner_);
    Callback::future_done(loop);
  }

 private:
  void invoke() override {
    const std::unique_ptr<ShieldCallback> self(this);
    Result<T>& result = *static_cast<Result<T>*>(inner_.result_address());
    if (outer_->done()) return;
    if (inner_.cancelled()) {
      outer_->cancel({});  // the message is for those who await the inner one
    } else {
      outer_->take_over(result.copy_or_move());
    }
  }
  void drop() noexcept override { delete this; }

  CallbackFuture& inner_;
  Reference<CallbackFuture> keep_inner_;
  Reference<FutureState<T>> outer_;
};

template <class T>
Future<T> shield_state(CallbackFuture& inner) {
  Future<T> outer;
  if (inner.done()) {
    outer.state().take_over(static_cast<Result<T>*>(inner.result_address())->copy_or_move());
  } else {
    (new ShieldCallback<T>(inner, outer.state()))->register_on(inner);
  }
  return outer;
}

}  // namespace detail

/// Protects a task from the cancellation of those that await it: asyncio.shield of CPython 3.13.
///
/// Gives a future that ends as the task does. Cancelling who awaits it cancels this future only;
/// the task runs on, so keep a handle to it and await that. A coroutine becomes a task first.
///
///     TaskHandle<int> saving = create_task(save());
///     int bytes = co_await shield(saving);
template <class T>
[[nodiscard]] Future<T> shield(const TaskHandle<T>& task) {
  return detail::shield_state<T>(task.state());
}
template <class T>
[[nodiscard]] Future<T> shield(const Future<T>& future) {
  return detail::shield_state<T>(future.state());
}
template <class T>
[[nodiscard]] Future<T> shield(Task<T> coroutine) {
  return shield(create_task(std::move(coroutine)));
}

}  // namespace cocheck
