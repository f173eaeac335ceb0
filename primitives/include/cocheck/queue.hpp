#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <source_location>
#include <string>
#include <utility>

#include "cocheck/detail/waiter.hpp"
#include "cocheck/task.hpp"

namespace cocheck {

namespace detail {

/// The items of a Queue: first in, first out.
template <class T>
class FifoItems {
 public:
  [[nodiscard]] std::size_t size() const noexcept { return items_.size(); }
  void push(T&& item) { items_.push_back(std::move(item)); }
  [[nodiscard]] T pop() {
    T item = std::move(items_.front());
    items_.pop_front();
    return item;
  }

 private:
  std::deque<T> items_;
};

}  // namespace detail

/// A bounded or unbounded channel of items: asyncio.Queue of CPython 3.13, `shutdown` included.
///
/// Items come out in the order in which they went in. `put` waits while the queue is full, `get`
/// while it is empty; neither suspends otherwise. Waiters are woken in order but items and slots
/// are not handed over: a task that comes by in between may take what another was woken for, which
/// then waits again at the end of the line. So fairness among several getters is not promised.
///
/// Cancellation of a waiting `put` or `get`: CancelledError; a wake-up that it had received is
/// passed on, so no item and no slot is lost. `put` never inserts when it throws.
///
/// T may be move-only. Give message types a constructor: g++ 12 destroys a brace-made aggregate
/// inside a co_await expression twice.
///
///     Queue<int> queue(3);
///     co_await queue.put(7);
///     int item = co_await queue.get();
///     queue.task_done();
///
/// `Items` decides the order; see LifoQueue and PriorityQueue.
template <class T, class Items = detail::FifoItems<T>>
class Queue {
 public:
  /// `max_size` 0 or less means without limit.
  explicit Queue(std::int64_t max_size = 0) : max_size_(max_size) {}
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  [[nodiscard]] std::size_t qsize() const noexcept { return items_.size(); }
  [[nodiscard]] bool empty() const noexcept { return items_.size() == 0; }
  [[nodiscard]] std::int64_t maxsize() const noexcept { return max_size_; }
  [[nodiscard]] bool full() const noexcept {
    return max_size_ > 0 && static_cast<std::int64_t>(items_.size()) >= max_size_;
  }

  /// Inserts, waiting for room. Throws QueueShutDown once the queue is shut down.
  Task<> put(T item) {
    co_await detail::EntryPoint("queue.put");
    while (full()) {
      if (shut_down_) throw_shut_down();
      detail::Waiter putter;
      putters_.push_back(putter);
      try {
        co_await detail::WaiterAwaiter(putter, "queue.put", this);
      } catch (...) {
        leave_cancelled(putter, putters_, full());
        throw;
      }
    }
    put_nowait(std::move(item));
  }

  /// Removes the next item, waiting for one. Throws QueueShutDown once the queue is shut down and
  /// empty.
  Task<T> get() {
    co_await detail::EntryPoint("queue.get");
    while (empty()) {
      if (shut_down_) throw_shut_down();
      detail::Waiter getter;
      getters_.push_back(getter);
      try {
        co_await detail::WaiterAwaiter(getter, "queue.get", this);
      } catch (...) {
        leave_cancelled(getter, getters_, empty());
        throw;
      }
    }
    co_return get_nowait();
  }

  /// Inserts without waiting. Throws QueueFull or QueueShutDown.
  void put_nowait(T item) {
    if (shut_down_) throw_shut_down();
    if (full()) throw QueueFull("Queue.put_nowait: the queue is full");
    detail::observe_value("queue.put", this, item, "");
    items_.push(std::move(item));
    ++unfinished_;
    getters_.pop_and_wake();
  }

  /// Removes the next item without waiting. Throws QueueEmpty, or QueueShutDown.
  T get_nowait() {
    if (empty()) {
      if (shut_down_) throw_shut_down();
      throw QueueEmpty("Queue.get_nowait: the queue is empty");
    }
    T item = items_.pop();
    detail::observe_value("queue.get", this, item, "-> ");
    putters_.pop_and_wake();
    return item;
  }

  /// Says that an item which was got has been dealt with. Throws ValueError when called more often
  /// than items were put.
  void task_done(std::source_location place = std::source_location::current()) {
    if (unfinished_ == 0)
      throw ValueError("Queue.task_done: called more often than items were put");
    detail::observe_operation("queue.task_done", this, place);
    if (--unfinished_ == 0) joiners_.wake_all();
  }

  /// Waits until every item that was put has been dealt with. What is put between that moment and
  /// the resumption does not hold it back.
  Task<> join() {
    co_await detail::EntryPoint("queue.join");
    if (unfinished_ == 0) co_return;
    detail::Waiter joiner;
    joiners_.push_back(joiner);
    co_await detail::WaiterAwaiter(joiner, "queue.join", this);
  }

  /// Closes the queue: `put` throws QueueShutDown from now on, and `get` does once the queue is
  /// empty. With `immediate` the items are dropped, as if dealt with. Wakes everyone who waits.
  void shutdown(bool immediate = false,
                std::source_location place = std::source_location::current()) {
    detail::observe_operation("queue.shutdown", this, place);
    shut_down_ = true;
    if (immediate) {
      while (!empty()) {
        (void)items_.pop();
        if (unfinished_ > 0) --unfinished_;
      }
      if (unfinished_ == 0) joiners_.wake_all();
    }
    while (getters_.pop_and_wake()) {
    }
    while (putters_.pop_and_wake()) {
    }
  }

  /// Tasks that wait to get or to put.
  [[nodiscard]] std::size_t getters() const noexcept { return getters_.size(); }
  [[nodiscard]] std::size_t putters() const noexcept { return putters_.size(); }
  /// Items that were put and not dealt with.
  [[nodiscard]] std::size_t unfinished() const noexcept { return unfinished_; }
  [[nodiscard]] bool is_shut_down() const noexcept { return shut_down_; }

 private:
  /// Leaves the queue of waiters; a wake-up that can still serve somebody is passed on.
  static void leave_cancelled(detail::Waiter& waiter, detail::WaiterQueue& queue, bool blocked) {
    waiter.leave();
    if (!waiter.cancelled() && !blocked) queue.pop_and_wake();
  }

  [[noreturn]] static void throw_shut_down() { throw QueueShutDown("the queue is shut down"); }

  std::int64_t max_size_;
  Items items_;
  detail::WaiterQueue getters_;
  detail::WaiterQueue putters_;
  detail::WaiterQueue joiners_;
  std::size_t unfinished_ = 0;
  bool shut_down_ = false;
};

/// For debugging: `<Queue maxsize=3 size=1 getters[0] putters[2] tasks=1 shutdown>`.
template <class T, class Items>
[[nodiscard]] std::string to_string(const Queue<T, Items>& queue) {
  std::string text = "<Queue maxsize=" + std::to_string(queue.maxsize());
  if (!queue.empty()) text += " size=" + std::to_string(queue.qsize());
  if (queue.getters() > 0) text += " getters[" + std::to_string(queue.getters()) + "]";
  if (queue.putters() > 0) text += " putters[" + std::to_string(queue.putters()) + "]";
  if (queue.unfinished() > 0) text += " tasks=" + std::to_string(queue.unfinished());
  if (queue.is_shut_down()) text += " shutdown";
  return text + ">";
}

}  // namespace cocheck
