#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

#include "cocheck/queue.hpp"

namespace cocheck {

namespace detail {

/// The items of a PriorityQueue: a binary heap, smallest first.
template <class T, class Less>
class PriorityItems {
 public:
  [[nodiscard]] std::size_t size() const noexcept { return items_.size(); }
  void push(T&& item) {
    items_.push_back(std::move(item));
    std::push_heap(items_.begin(), items_.end(), greater);
  }
  [[nodiscard]] T pop() {
    std::pop_heap(items_.begin(), items_.end(), greater);
    T item = std::move(items_.back());
    items_.pop_back();
    return item;
  }

 private:
  static bool greater(const T& left, const T& right) { return Less{}(right, left); }

  std::vector<T> items_;
};

}  // namespace detail

/// A queue that gives the smallest item: asyncio.PriorityQueue of CPython 3.13. Equal items come in
/// no promised order. Waiting, cancellation and shutdown are as of Queue. O(log n) a put and get.
///
///     PriorityQueue<std::pair<int, std::string>> jobs;
///     jobs.put_nowait({2, "later"});
///     auto [priority, name] = co_await jobs.get();
template <class T, class Less = std::less<T>>
using PriorityQueue = Queue<T, detail::PriorityItems<T, Less>>;

}  // namespace cocheck
