#pragma once

#include <coroutine>
#include <source_location>
#include <string>
#include <utility>

#include "cocheck/detail/scoped_acquire.hpp"
#include "cocheck/detail/waiter.hpp"

namespace cocheck {

/// Mutual exclusion between tasks: asyncio.Lock of CPython 3.13.
///
/// Acquiring a free lock that no live task waits for does not suspend. Otherwise tasks are served
/// in the order in which they asked. `release` does not hand the lock over: it wakes the first
/// waiter, which takes the lock when it runs; nobody can take it in between, since newcomers queue
/// behind. The lock knows no owner: any task may release it. All operations are O(1), except that a
/// newcomer looks past cancelled waiters.
///
/// Cancellation: a waiting task leaves the queue with CancelledError, also when it was woken
/// already; it then wakes the next one. No wake-up is lost.
///
///     auto guard = co_await lock.scoped();   // released at the end of the scope
class Lock {
 public:
  class Acquire;
  using Guard = detail::ScopedRelease<Lock>;

  Lock() = default;
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

  [[nodiscard]] bool locked() const noexcept { return locked_; }

  /// `co_await` takes the lock and gives true.
  [[nodiscard]] Acquire acquire() noexcept;

  /// `co_await` takes the lock and gives a guard that releases it when it dies.
  [[nodiscard]] detail::ScopedAcquire<Lock> scoped(
      std::source_location place = std::source_location::current()) noexcept;

  /// Frees the lock and wakes the first waiter. Throws RuntimeError when it is not locked.
  void release(std::source_location place = std::source_location::current()) {
    if (!locked_) throw RuntimeError("Lock.release: the lock is not locked");
    if (observed_) detail::observe_operation("lock.release", this, place);
    locked_ = false;
    waiters_.wake_head();
  }

  /// How many tasks stand in the queue, those woken or cancelled that have not run included.
  [[nodiscard]] std::size_t waiting() const noexcept { return waiters_.size(); }

 private:
  friend class Barrier;  // whose lock is no part of what the user did

  bool locked_ = false;
  bool observed_ = true;
  detail::WaiterQueue waiters_;
};

/// What `co_await lock.acquire()` runs.
class Lock::Acquire : public detail::LoopAwaiter {
 public:
  explicit Acquire(Lock& lock) noexcept : lock_(lock) {}

  [[nodiscard]] bool await_ready() const noexcept {
    if (lock_.locked_ || lock_.waiters_.any_live()) return false;
    take();
    return true;
  }
  void await_suspend(std::coroutine_handle<> coroutine) {
    lock_.waiters_.push_back(waiter_);
    waiter_.park(coroutine);
    detail::observe_park(waiter_.task(), "lock.acquire", &lock_);
  }
  bool await_resume() {
    if (!waiter_.parked()) return true;
    // The removal comes first and only the head is looked at: else two are woken (bpo-32734).
    waiter_.leave();
    if (waiter_.take_cancellation()) {
      if (!lock_.locked_) lock_.waiters_.wake_head();
      throw waiter_.task().make_cancelled_error();
    }
    take();
    return true;
  }

 private:
  void take() const noexcept {
    assert(!lock_.locked_);
    lock_.locked_ = true;
    if (lock_.observed_) detail::observe_operation("lock.acquire", &lock_);
  }

  Lock& lock_;
  detail::Waiter waiter_;
};

inline Lock::Acquire Lock::acquire() noexcept {
  return Acquire(*this);
}

inline detail::ScopedAcquire<Lock> Lock::scoped(std::source_location place) noexcept {
  return detail::ScopedAcquire<Lock>(*this, place);
}

/// For debugging: `<Lock locked, waiters:2>`.
[[nodiscard]] inline std::string to_string(const Lock& lock) {
  return std::string("<Lock ") + (lock.locked() ? "locked" : "unlocked") +
         detail::waiters_suffix(lock.waiting()) + ">";
}

}  // namespace cocheck
