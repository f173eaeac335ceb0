#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "cocheck/queue.hpp"

namespace cocheck {

namespace detail {

/// The items of a LifoQueue: last in, first out.
template <class T>
class LifoItems {
 public:
  [[nodiscard]] std::size_t size() const noexcept { return items_.size(); }
  void push(T&& item) { items_.push_back(std::move(item)); }
  [[nodiscard]] T pop() {
    T item = std::move(items_.back());
    items_.pop_back();
    return item;
  }

 private:
  std::vector<T> items_;
};

}  // namespace detail

/// A queue that gives the item put last: asyncio.LifoQueue of CPython 3.13. Waiting, cancellation
/// and shutdown are as of Queue.
///
///     LifoQueue<int> stack;
///     stack.put_nowait(1);
///     stack.put_nowait(2);
///     int item = co_await stack.get();   // 2
template <class T>
using LifoQueue = Queue<T, detail::LifoItems<T>>;

}  // namespace cocheck
