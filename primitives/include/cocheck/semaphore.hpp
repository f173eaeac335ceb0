#pragma once

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <source_location>
#include <string>

#include "cocheck/detail/scoped_acquire.hpp"
#include "cocheck/detail/waiter.hpp"

namespace cocheck {

/// A number of permits: asyncio.Semaphore of CPython 3.13.
///
/// `acquire` takes a permit, at once if one is free and nobody waits. Otherwise tasks are served in
/// the order in which they asked: `release` hands its permit to the first of them, so that no
/// newcomer can take it. `release` may be called by any task, any number of times.
///
/// Cancellation: a waiting task leaves with CancelledError. If it had been given a permit already,
/// it passes that on. No permit is lost and none is made.
///
///     Semaphore connections(5);
///     auto guard = co_await connections.scoped();
class Semaphore {
 public:
  class Acquire;
  using Guard = detail::ScopedRelease<Semaphore>;

  /// Throws ValueError for a negative number.
  explicit Semaphore(std::int64_t permits = 1) : value_(permits) {
    if (permits < 0) {
      throw ValueError("Semaphore: the number of permits must not be negative, got " +
                       std::to_string(permits));
    }
  }
  Semaphore(const Semaphore&) = delete;
  Semaphore& operator=(const Semaphore&) = delete;

  /// Whether `acquire` would suspend now.
  [[nodiscard]] bool locked() const noexcept { return value_ == 0 || waiters_.any_live(); }

  /// Permits that are free; those handed to a task that has not run yet are not.
  [[nodiscard]] std::int64_t value() const noexcept { return value_; }

  /// `co_await` takes a permit and gives true.
  [[nodiscard]] Acquire acquire() noexcept;

  /// `co_await` takes a permit and gives a guard that releases it when it dies.
  [[nodiscard]] detail::ScopedAcquire<Semaphore> scoped(
      std::source_location place = std::source_location::current()) noexcept;

  /// Gives a permit back, or a new one.
  void release(std::source_location place = std::source_location::current()) {
    check_release();
    detail::observe_operation("semaphore.release", this, place);
    ++value_;
    hand_over();
  }

  /// How many tasks stand in the queue, those woken or cancelled that have not run included.
  [[nodiscard]] std::size_t waiting() const noexcept { return waiters_.size(); }

 protected:
  Semaphore(std::int64_t permits, std::int64_t bound) : Semaphore(permits) { bound_ = bound; }

 private:
  static constexpr std::int64_t kUnbounded = -1;

  void check_release() const {
    if (bound_ != kUnbounded && value_ >= bound_) {
      throw ValueError("BoundedSemaphore.release: released more often than acquired");
    }
  }

  /// Gives one free permit to the first waiter that is not done.
  bool hand_over() {
    if (!waiters_.wake_next()) return false;
    --value_;
    return true;
  }

  std::int64_t value_;
  std::int64_t bound_ = kUnbounded;
  detail::WaiterQueue waiters_;
};

/// A semaphore that throws ValueError when it is released more often than it was acquired:
/// asyncio.BoundedSemaphore. Otherwise the same.
///
///     BoundedSemaphore slots(2);
class BoundedSemaphore : public Semaphore {
 public:
  explicit BoundedSemaphore(std::int64_t permits = 1) : Semaphore(permits, permits) {}
};

/// What `co_await semaphore.acquire()` runs.
class Semaphore::Acquire : public detail::LoopAwaiter {
 public:
  explicit Acquire(Semaphore& semaphore) noexcept : semaphore_(semaphore) {}

  [[nodiscard]] bool await_ready() const noexcept {
    if (semaphore_.locked()) return false;
    --semaphore_.value_;
    detail::observe_operation("semaphore.acquire", &semaphore_);
    return true;
  }
  void await_suspend(std::coroutine_handle<> coroutine) {
    semaphore_.waiters_.push_back(waiter_);
    waiter_.park(coroutine);
    detail::observe_park(waiter_.task(), "semaphore.acquire", &semaphore_);
  }
  bool await_resume() {
    if (!waiter_.parked()) return true;
    waiter_.leave();
    const bool cancelled = waiter_.take_cancellation();
    if (cancelled && !waiter_.cancelled()) ++semaphore_.value_;  // the permit goes back
    // Newcomers may have queued for the sake of order although permits are free.
    while (semaphore_.value_ > 0 && semaphore_.hand_over()) {
    }
    if (cancelled) throw waiter_.task().make_cancelled_error();
    detail::observe_operation("semaphore.acquire", &semaphore_);
    return true;
  }

 private:
  Semaphore& semaphore_;
  detail::Waiter waiter_;
};

inline Semaphore::Acquire Semaphore::acquire() noexcept {
  return Acquire(*this);
}

inline detail::ScopedAcquire<Semaphore> Semaphore::scoped(std::source_location place) noexcept {
  return detail::ScopedAcquire<Semaphore>(*this, place);
}

/// For debugging: `<Semaphore unlocked, value:3>`, `<Semaphore locked, waiters:2>`.
[[nodiscard]] inline std::string to_string(const Semaphore& semaphore) {
  return "<Semaphore " +
         (semaphore.locked() ? "locked" : "unlocked, value:" + std::to_string(semaphore.value())) +
         detail::waiters_suffix(semaphore.waiting()) + ">";
}

}  // namespace cocheck
