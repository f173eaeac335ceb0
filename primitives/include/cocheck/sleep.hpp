#pragma once

#include <chrono>
#include <cmath>
#include <coroutine>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "cocheck/detail/waiter.hpp"
#include "cocheck/loop.hpp"

namespace cocheck {

namespace detail {

/// A duration for people: "1.5 s", "20 ms", "7 ns".
[[nodiscard]] std::string in_words(Duration duration);

/// The point of time after `delay`, or the last there is.
[[nodiscard]] inline TimePoint deadline_after(Duration delay) {
  const TimePoint now = Loop::current().time();
  return delay > TimePoint::max() - now ? TimePoint::max() : now + delay;
}

class SleepTimer final : public Timer {
 public:
  SleepTimer(TimePoint deadline, Waiter& waiter) : waiter_(waiter) { arm(deadline); }
  void run() override { waiter_.complete(); }

 private:
  Waiter& waiter_;
};

class SleepAwaiter : public LoopAwaiter {
 public:
  explicit SleepAwaiter(Duration delay) noexcept : delay_(delay) {}

  [[nodiscard]] bool will_suspend() const noexcept { return true; }
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> coroutine) {
    TaskBase& task = running_task();
    if (delay_ <= Duration::zero()) {
      observe(LoopEvent::Kind::yield, &task, "sleep", nullptr, task.place(),
              [](LoopEvent& event) { event.detail = "0"; });
      task.yield(coroutine);
      return;
    }
    waiter_.park(coroutine);
    timer_.emplace(deadline_after(delay_), waiter_);
    observe(LoopEvent::Kind::park, &task, "sleep", nullptr, task.place(),
            [&](LoopEvent& event) { event.detail = in_words(delay_); });
  }
  void await_resume() {
    timer_.reset();
    TaskBase& task = running_task();
    if (task.take_cancellation() || waiter_.cancelled()) throw task.make_cancelled_error();
  }

 private:
  Duration delay_;
  Waiter waiter_;
  std::optional<SleepTimer> timer_;
};

template <class T>
class SleepForResult : public SleepAwaiter {
 public:
  SleepForResult(Duration delay, T result) : SleepAwaiter(delay), result_(std::move(result)) {}
  T await_resume() {
    SleepAwaiter::await_resume();
    return std::move(result_);
  }

 private:
  T result_;
};

template <class Rep, class Period>
[[nodiscard]] Duration checked_delay(std::chrono::duration<Rep, Period> delay) {
  if constexpr (std::is_floating_point_v<Rep>) {
    if (std::isnan(delay.count())) throw ValueError("a delay must be a number, and this is NaN");
  }
  // In seconds as double there is no overflow; beyond the range a century does as well as for ever.
  constexpr std::chrono::duration<double> kForever = std::chrono::hours(24 * 365 * 100);
  const std::chrono::duration<double> in_seconds = delay;
  if (in_seconds >= kForever) return std::chrono::duration_cast<Duration>(kForever);
  if (in_seconds <= -kForever) return std::chrono::duration_cast<Duration>(-kForever);
  const auto rounded = std::chrono::duration_cast<Duration>(delay);
  // A delay that is too small to count still is one.
  return rounded == Duration::zero() && delay > delay.zero() ? Duration(1) : rounded;
}

}  // namespace detail

/// Suspends the task for `delay` of the loop's time. A delay of zero or less suspends exactly once
/// and leaves the task ready: a bare scheduling point. Throws ValueError for NaN.
///
/// Cancellation ends the sleep at once with CancelledError and drops the timer.
///
///     co_await cocheck::sleep(0s);
///     std::string word = co_await cocheck::sleep(1.5s, std::string("done"));
template <class Rep, class Period>
[[nodiscard]] detail::SleepAwaiter sleep(std::chrono::duration<Rep, Period> delay) {
  return detail::SleepAwaiter(detail::checked_delay(delay));
}

/// The same, and the await gives `result`.
template <class Rep, class Period, class T>
[[nodiscard]] detail::SleepForResult<T> sleep(std::chrono::duration<Rep, Period> delay, T result) {
  return detail::SleepForResult<T>(detail::checked_delay(delay), std::move(result));
}

}  // namespace cocheck
