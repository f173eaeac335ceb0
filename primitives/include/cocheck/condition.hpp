#pragma once

#include <concepts>
#include <cstddef>
#include <exception>
#include <source_location>
#include <string>
#include <type_traits>

#include "cocheck/detail/scoped_acquire.hpp"
#include "cocheck/detail/waiter.hpp"
#include "cocheck/lock.hpp"
#include "cocheck/task.hpp"

namespace cocheck {

/// Waiting for something to change under a lock: asyncio.Condition of CPython 3.13.
///
/// Made of its own lock or of a shared one. `wait` gives the lock up, waits to be notified and
/// takes the lock again before it returns. Tasks are notified in the order in which they began to
/// wait; a notification that finds nobody is lost. A wait may return without its condition holding:
/// check again, or use the form with a predicate.
///
/// Cancellation: the lock is always held again when `wait` leaves, however often the task is
/// cancelled meanwhile; the last CancelledError is then thrown. A task that leaves by an exception
/// notifies another one, since it may have used up a notification.
///
///     auto guard = co_await condition.scoped();
///     co_await condition.wait([&] { return !items.empty(); });
class Condition {
 public:
  using Acquire = Lock::Acquire;

  Condition() noexcept : lock_(own_lock_) {}
  /// Uses `lock`, which must outlive the condition.
  explicit Condition(Lock& lock) noexcept : lock_(lock) {}
  Condition(const Condition&) = delete;
  Condition& operator=(const Condition&) = delete;

  [[nodiscard]] bool locked() const noexcept { return lock_.locked(); }
  [[nodiscard]] Lock& lock() const noexcept { return lock_; }

  // As of the lock.
  [[nodiscard]] Lock::Acquire acquire() const noexcept { return lock_.acquire(); }
  [[nodiscard]] detail::ScopedAcquire<Lock> scoped(
      std::source_location place = std::source_location::current()) const noexcept {
    return lock_.scoped(place);
  }
  void release(std::source_location place = std::source_location::current()) const {
    lock_.release(place);
  }

  /// Waits to be notified; returns true. Throws RuntimeError when the lock is not locked.
  Task<bool> wait() {
    co_await detail::EntryPoint("condition.wait");
    if (!locked()) throw RuntimeError("Condition.wait: the lock is not locked");
    lock_.release(detail::running_task().place());
    std::exception_ptr error;
    {
      detail::Waiter waiter;
      waiters_.push_back(waiter);
      try {
        co_await detail::WaiterAwaiter(waiter, verb_, this);
      } catch (...) {
        error = std::current_exception();
      }
    }
    for (bool acquired = false; !acquired;) {
      try {
        acquired = co_await detail::Internally<Lock::Acquire>(lock_);
      } catch (const CancelledError&) {
        error = std::current_exception();
      }
    }
    if (error) {
      waiters_.wake_next();
      std::rethrow_exception(error);
    }
    co_return true;
  }

  /// Waits until `predicate()` holds and returns its value; returns at once, even without the lock,
  /// when it holds already. asyncio's wait_for.
  template <std::invocable Predicate>
  Task<std::invoke_result_t<Predicate&>> wait(Predicate predicate) {
    auto value = predicate();
    while (!value) {
      co_await detail::Inside<bool>(wait());
      value = predicate();
    }
    co_return value;
  }

  /// Makes the first `count` waiting tasks ready. They stay in the queue until they run, so that
  /// two calls notify two tasks. Throws RuntimeError when the lock is not locked.
  void notify(std::size_t count = 1, std::source_location place = std::source_location::current()) {
    if (!locked()) throw RuntimeError("Condition.notify: the lock is not locked");
    std::size_t notified = 0;
    while (notified < count && waiters_.wake_next()) ++notified;
    if (!observed_) return;
    detail::observe(LoopEvent::Kind::operation, &detail::running_task(), "condition.notify", this,
                    place, [&](LoopEvent& event) {
                      event.suspicious = notified == 0 && count > 0;
                      if (event.suspicious) event.detail = "no one is waiting";
                    });
  }
  void notify_all(std::source_location place = std::source_location::current()) {
    notify(waiters_.size(), place);
  }

  /// How many tasks stand in the queue, those notified that have not run included.
  [[nodiscard]] std::size_t waiting() const noexcept { return waiters_.size(); }

 private:
  friend class Barrier;  // whose waiting shows as its own

  Lock own_lock_;
  Lock& lock_;
  detail::WaiterQueue waiters_;
  const char* verb_ = "condition.wait";
  bool observed_ = true;
};

/// For debugging: `<Condition locked, waiters:2>`.
[[nodiscard]] inline std::string to_string(const Condition& condition) {
  return std::string("<Condition ") + (condition.locked() ? "locked" : "unlocked") +
         detail::waiters_suffix(condition.waiting()) + ">";
}

}  // namespace cocheck
