#pragma once

#include <cassert>
#include <coroutine>
#include <cstddef>
#include <ostream>
#include <sstream>
#include <string>
#include <utility>

#include "cocheck/detail/awaiters.hpp"
#include "cocheck/detail/task_base.hpp"

namespace cocheck::detail {

class WaiterQueue;

/// One parked task: asyncio's private future of a primitive. Lives in the frame of the task that
/// waits, may stand in a WaiterQueue, and leaves it when it dies.
class Waiter final : public Awaited {
 public:
  Waiter() = default;
  ~Waiter() {
    leave();
    task_ = nullptr;
    state_ = State::pending;
    forget(*this);
  }

  /// Suspends the running task until complete() or a cancellation.
  void park(std::coroutine_handle<> coroutine) noexcept {
    task_ = Loop::current_or_null()->running();
    task_->park(coroutine, *this);
  }

  /// Wakes the task; false when that has happened or it was cancelled.
  bool complete() {
    if (done()) return false;
    state_ = State::done;
    task_->wake();
    return true;
  }

  bool cancel(const std::string&) override {
    Loop::current().note_write(this);
    if (done()) return false;
    state_ = State::cancelled;
    task_->wake();
    return true;
  }

  void abandon() noexcept override { leave(); }

  /// Takes it out of its queue, if it stands in one.
  void leave() noexcept;
  [[nodiscard]] bool queued() const noexcept { return queue_ != nullptr; }
  /// Whether a task was suspended on it.
  [[nodiscard]] bool parked() const noexcept { return task_ != nullptr; }

  /// Whether the step that resumed the task delivers a cancellation, of this waiter or of the
  /// woken task. Asked once, at the start of that step.
  [[nodiscard]] bool take_cancellation() const noexcept {
    const bool delivered = task_->take_cancellation();
    return delivered || cancelled();
  }

  [[nodiscard]] TaskBase& task() const noexcept { return *task_; }

 private:
  friend class WaiterQueue;
  TaskBase* task_ = nullptr;
  WaiterQueue* queue_ = nullptr;
  Waiter* previous_ = nullptr;
  Waiter* next_ = nullptr;
};

/// The waiters of a primitive in the order of their arrival. Owns none of them.
class WaiterQueue {
 public:
  WaiterQueue() = default;
  WaiterQueue(const WaiterQueue&) = delete;
  WaiterQueue& operator=(const WaiterQueue&) = delete;
  ~WaiterQueue() {
    while (first_ != nullptr) first_->leave();
  }

  void push_back(Waiter& waiter) noexcept {
    assert(!waiter.queued());
    waiter.queue_ = this;
    waiter.previous_ = last_;
    waiter.next_ = nullptr;
    (last_ != nullptr ? last_->next_ : first_) = &waiter;
    last_ = &waiter;
  }

  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
  [[nodiscard]] std::size_t size() const noexcept {
    std::size_t count = 0;
    for (const Waiter* waiter = first_; waiter != nullptr; waiter = waiter->next_) ++count;
    return count;
  }

  /// Whether somebody waits who was not cancelled.
  [[nodiscard]] bool any_live() const noexcept {
    for (const Waiter* waiter = first_; waiter != nullptr; waiter = waiter->next_) {
      if (!waiter->cancelled()) return true;
    }
    return false;
  }

  /// Completes the head if it is not done; a head that is done will run and see to the rest.
  bool wake_head() { return first_ != nullptr && first_->complete(); }

  /// Completes the first that is not done, wherever it stands, and leaves it in the queue.
  bool wake_next() {
    for (Waiter* waiter = first_; waiter != nullptr; waiter = waiter->next_) {
      if (waiter->complete()) return true;
    }
    return false;
  }

  /// Takes waiters off the front until one could be completed.
  bool pop_and_wake() {
    while (Waiter* waiter = first_) {
      waiter->leave();
      if (waiter->complete()) return true;
    }
    return false;
  }

  /// Completes all that are not done, in order; returns how many.
  std::size_t wake_all() {
    std::size_t count = 0;
    for (Waiter* waiter = first_; waiter != nullptr; waiter = waiter->next_) {
      if (waiter->complete()) ++count;
    }
    return count;
  }

 private:
  friend class Waiter;
  Waiter* first_ = nullptr;
  Waiter* last_ = nullptr;
};

inline void Waiter::leave() noexcept {
  if (queue_ == nullptr) return;
  (previous_ != nullptr ? previous_->next_ : queue_->first_) = next_;
  (next_ != nullptr ? next_->previous_ : queue_->last_) = previous_;
  queue_ = nullptr;
  previous_ = next_ = nullptr;
}

/// Tells the observer of an operation with a value, as text where T can be printed.
template <class T>
void observe_value(const char* verb, const void* object, const T& value, const char* arrow) {
  Loop* loop = Loop::current_or_null();
  if (loop == nullptr || loop->observer() == nullptr || loop->running() == nullptr) return;
  observe(LoopEvent::Kind::operation, loop->running(), verb, object, loop->running()->place(),
          [&](LoopEvent& event) {
            if constexpr (requires(std::ostream & out) { out << value; }) {
              std::ostringstream text;
              text << arrow << value;
              event.detail = text.str();
            }
          });
}

/// The number of waiters as ", waiters:2"; nothing where there are none.
[[nodiscard]] inline std::string waiters_suffix(std::size_t waiting) {
  return waiting == 0 ? std::string() : ", waiters:" + std::to_string(waiting);
}

/// Parks on a waiter inside one of cocheck's own coroutines. `co_await` throws CancelledError when
/// the task is cancelled, also when it was woken before.
class WaiterAwaiter : public InternalAwaiter {
 public:
  WaiterAwaiter(Waiter& waiter, const char* verb, const void* object) noexcept
      : waiter_(waiter), verb_(verb), object_(object) {}

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> coroutine) {
    waiter_.park(coroutine);
    observe_park(waiter_.task(), verb_, object_);
  }
  void await_resume() const {
    if (waiter_.take_cancellation()) throw waiter_.task().make_cancelled_error();
  }

 private:
  Waiter& waiter_;
  const char* verb_;
  const void* object_;
};

/// Awaits `Awaiter` inside one of cocheck's own coroutines.
template <class Awaiter>
class Internally : public InternalAwaiter {
 public:
  template <class... Args>
  explicit Internally(Args&&... args) : awaiter_(std::forward<Args>(args)...) {}

  [[nodiscard]] bool await_ready() { return awaiter_.await_ready(); }
  void await_suspend(std::coroutine_handle<> coroutine) { awaiter_.await_suspend(coroutine); }
  decltype(auto) await_resume() { return awaiter_.await_resume(); }

 private:
  Awaiter awaiter_;
};

/// Stands first in cocheck's own coroutines: a scheduling point for loops that always suspend.
class EntryPoint : public InternalAwaiter {
 public:
  explicit EntryPoint(const char* verb) noexcept : verb_(verb) {}

  [[nodiscard]] bool await_ready() const { return !Loop::current().always_suspends(); }
  void await_suspend(std::coroutine_handle<> coroutine) const {
    TaskBase& task = running_task();
    observe(LoopEvent::Kind::yield, &task, verb_, nullptr, task.place(), [](LoopEvent&) {});
    task.yield(coroutine);
  }
  void await_resume() const {
    TaskBase& task = running_task();
    if (task.take_cancellation()) throw task.make_cancelled_error();
  }

 private:
  const char* verb_;
};

}  // namespace cocheck::detail
