#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "cocheck/detail/body.hpp"
#include "cocheck/detail/waiter.hpp"
#include "cocheck/sleep.hpp"
#include "cocheck/task.hpp"

namespace cocheck {

namespace detail {

/// The model uses a point of time that is not reckoned from now.
inline void see_time() noexcept {
  if (const Loop* loop = Loop::current_or_null()) (void)loop->now();
}

}  // namespace detail

/// A scope that is cancelled when its time is up: what asyncio.timeout of CPython 3.13 gives.
///
/// C++ has no `async with`: the body is a coroutine that run() awaits as part of the same task.
/// When the deadline passes, the task is cancelled; if a CancelledError then leaves the body and
/// nobody else asked for a cancellation meanwhile, run() throws TimeoutError with the
/// CancelledError nested in it. Other exceptions pass unchanged, and so does a cancellation from
/// outside. A deadline that is in the past fires at the first suspension of the body.
///
/// Runs once, in a task: RuntimeError otherwise, and for reschedule() outside of the run. Nested
/// scopes each convert their own expiry only.
///
/// Known and kept (CPython issue 134471): with a deadline in the past, a cancellation that was
/// asked for before run() and not delivered yet merges with the expiry and is converted too.
///
///     auto reply = co_await timeout(5s).run([&]() -> Task<Reply> { co_return co_await fetch(); });
class Timeout {
 public:
  enum class State : std::uint8_t { created, active, expiring, expired, finished };

  /// Without a deadline it never fires.
  explicit Timeout(std::optional<TimePoint> deadline) noexcept;
  ~Timeout();
  Timeout(const Timeout&) = delete;
  Timeout& operator=(const Timeout&) = delete;

  /// Awaits `body(*this)`, `body()` or the coroutine `body`, and gives its value.
  template <class Body>
    requires detail::BodyOf<Body, Timeout> Task<detail::BodyValue<Body, Timeout>> run(Body body) {
      using Value = detail::BodyValue<Body, Timeout>;
      try {
        enter();
      } catch (...) {
        detail::close_body(body);
        throw;
      }
      Result<Value> result;
      try {
        if constexpr (std::is_void_v<Value>) {
          co_await detail::Inside<Value>(detail::call_body(body, *this));
          result.set_value();
        } else {
          result.set_value(co_await detail::Inside<Value>(detail::call_body(body, *this)));
        }
      } catch (...) {
        result.set_current_exception();
      }
      exit(result.error(), result.cancelled());
      co_return result.take();
    }

  /// The deadline in force.
  [[nodiscard]] std::optional<TimePoint> when() const noexcept {
    detail::see_time();
    return deadline_;
  }
  /// Whether the deadline has cancelled the body.
  [[nodiscard]] bool expired() const noexcept {
    return state_ == State::expiring || state_ == State::expired;
  }
  [[nodiscard]] State state() const noexcept { return state_; }

  /// Moves or removes the deadline while the body runs. Throws RuntimeError at other times.
  void reschedule(std::optional<TimePoint> deadline);

 private:
  class Expiry final : public Timer {
   public:
    Expiry(TimePoint deadline, Timeout& scope) : scope_(scope) {
      if (deadline <= Loop::current().time()) {
        arm_soon();
      } else {
        arm(deadline);
      }
    }
    void run() override { scope_.expire(); }
    [[nodiscard]] const char* purpose() const noexcept override { return "timeout"; }

   private:
    Timeout& scope_;
  };

  void enter();
  void arm();
  void exit(const std::exception_ptr& error, bool cancelled);
  void expire();

  std::optional<TimePoint> deadline_;
  std::optional<Expiry> expiry_;
  detail::TaskBase* task_ = nullptr;
  int cancelling_before_ = 0;
  State state_ = State::created;
};

[[nodiscard]] constexpr const char* to_string(Timeout::State state) noexcept {
  switch (state) {
    case Timeout::State::created:
      return "created";
    case Timeout::State::active:
      return "active";
    case Timeout::State::expiring:
      return "expiring";
    case Timeout::State::expired:
      return "expired";
    case Timeout::State::finished:
      return "finished";
  }
  return "";
}

/// A scope that ends after `delay` of the loop's time from now. Throws RuntimeError when no loop
/// runs.
template <class Rep, class Period>
[[nodiscard]] Timeout timeout(std::chrono::duration<Rep, Period> delay) {
  return Timeout(detail::deadline_after(detail::checked_delay(delay)));
}
/// A scope without a deadline, until it is rescheduled.
[[nodiscard]] inline Timeout timeout(std::nullopt_t) {
  return Timeout(std::nullopt);
}

/// A scope that ends at `deadline`.
[[nodiscard]] inline Timeout timeout_at(std::optional<TimePoint> deadline) {
  if (deadline) detail::see_time();
  return Timeout(deadline);
}

/// For debugging: `<Timeout [active] when=1.500>`, in seconds of the loop's time.
[[nodiscard]] std::string to_string(const Timeout& timeout);

}  // namespace cocheck
