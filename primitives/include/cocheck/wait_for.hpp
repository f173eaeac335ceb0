#pragma once

#include <exception>
#include <optional>
#include <utility>

#include "cocheck/detail/waiter.hpp"
#include "cocheck/future.hpp"
#include "cocheck/task.hpp"
#include "cocheck/task_handle.hpp"
#include "cocheck/timeout.hpp"

namespace cocheck {

namespace detail {

/// Cancels `future` and waits until it is really done, however often it swallows the request.
Task<> cancel_and_wait(CallbackFuture& future);

template <class T, class Handle>
Task<T> wait_for_handle(Handle handle, std::optional<Duration> delay) {
  if (delay && *delay <= Duration::zero()) {
    // What is done already is not a matter of time, be it a cancellation.
    if (handle.done()) co_return handle.result();
    co_await Inside<void>(cancel_and_wait(handle.state()));
    if (handle.cancelled()) {
      try {
        handle.result();
      } catch (const CancelledError&) {
        std::throw_with_nested(TimeoutError("wait_for: there was no time"));
      }
    }
    co_return handle.result();
  }
  Timeout scope(delay ? std::optional(detail::deadline_after(*delay)) : std::nullopt);
  co_return co_await Inside<T>(scope.run([&]() -> Task<T> {
    co_return co_await Internally<typename Handle::Awaiter>(handle.state());
  }));
}

}  // namespace detail

/// Awaits a coroutine, task or future for at most `delay`: asyncio.wait_for of CPython 3.13.
///
/// A coroutine runs as part of the awaiting task; with a delay of zero or less it becomes a task,
/// which never starts, or makes its first step only where tasks are eager.
/// When the time is up, what is awaited is cancelled and waited for, and TimeoutError is thrown,
/// unless it returns a value or throws something else all the same. Without a delay it waits for
/// ever.
///
/// Cancellation reaches what is awaited.
///
///     Reply reply = co_await wait_for(fetch(), 5s);
template <class T>
Task<T> wait_for(Task<T> coroutine, std::optional<Duration> delay) {
  if (delay && *delay <= Duration::zero()) {
    co_return co_await detail::Inside<T>(detail::wait_for_handle<T>(
        create_task(std::move(coroutine)), delay));
  }
  Timeout scope(delay ? std::optional(detail::deadline_after(*delay)) : std::nullopt);
  co_return co_await detail::Inside<T>(scope.run(std::move(coroutine)));
}
template <class T>
Task<T> wait_for(TaskHandle<T> task, std::optional<Duration> delay) {
  return detail::wait_for_handle<T>(std::move(task), delay);
}
template <class T>
Task<T> wait_for(Future<T> future, std::optional<Duration> delay) {
  return detail::wait_for_handle<T>(std::move(future), delay);
}

}  // namespace cocheck
