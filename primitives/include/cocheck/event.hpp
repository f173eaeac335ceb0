#pragma once

#include <coroutine>
#include <source_location>
#include <string>

#include "cocheck/detail/waiter.hpp"

namespace cocheck {

/// A flag to wait for: asyncio.Event of CPython 3.13.
///
/// `wait` on a set event does not suspend. `set` wakes everyone who waits, in the order of their
/// arrival; they pass even if the flag is cleared again before they run. A task that calls `wait`
/// between `set` and their resumption passes first. Setting a set event does nothing.
///
/// Cancellation: a waiting task leaves with CancelledError; nothing needs to be passed on.
///
///     co_await event.wait();
class Event {
 public:
  class Wait;

  Event() = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  [[nodiscard]] bool is_set() const noexcept { return set_; }

  /// Sets the flag and wakes all waiters. O(waiters).
  void set(std::source_location place = std::source_location::current()) {
    detail::observe_operation("event.set", this, place);
    if (set_) return;
    set_ = true;
    waiters_.wake_all();
  }

  /// Takes the flag down; wakes nobody and stops nobody who was woken.
  void clear(std::source_location place = std::source_location::current()) {
    detail::observe_operation("event.clear", this, place);
    set_ = false;
  }

  /// `co_await` returns true once the event is set.
  [[nodiscard]] Wait wait() noexcept;

  /// How many tasks stand in the queue, those woken that have not run included.
  [[nodiscard]] std::size_t waiting() const noexcept { return waiters_.size(); }

 private:
  bool set_ = false;
  detail::WaiterQueue waiters_;
};

/// What `co_await event.wait()` runs.
class Event::Wait : public detail::LoopAwaiter {
 public:
  explicit Wait(Event& event) noexcept : event_(event) {}

  [[nodiscard]] bool await_ready() const noexcept {
    if (event_.set_) detail::observe_operation("event.wait", &event_);
    return event_.set_;
  }
  void await_suspend(std::coroutine_handle<> coroutine) {
    event_.waiters_.push_back(waiter_);
    waiter_.park(coroutine);
    detail::observe_park(waiter_.task(), "event.wait", &event_);
  }
  bool await_resume() {
    if (!waiter_.parked()) return true;
    waiter_.leave();
    if (waiter_.take_cancellation()) throw waiter_.task().make_cancelled_error();
    detail::observe_operation("event.wait", &event_);
    return true;
  }

 private:
  Event& event_;
  detail::Waiter waiter_;
};

inline Event::Wait Event::wait() noexcept {
  return Wait(*this);
}

/// For debugging: `<Event unset, waiters:2>`.
[[nodiscard]] inline std::string to_string(const Event& event) {
  return std::string("<Event ") + (event.is_set() ? "set" : "unset") +
         detail::waiters_suffix(event.waiting()) + ">";
}

}  // namespace cocheck
