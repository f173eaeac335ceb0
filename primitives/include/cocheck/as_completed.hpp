#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "cocheck/detail/waiter.hpp"
#include "cocheck/queue.hpp"
#include "cocheck/sleep.hpp"
#include "cocheck/task.hpp"
#include "cocheck/task_handle.hpp"

namespace cocheck {

/// Gives tasks one by one in the order in which they end: asyncio.as_completed of CPython 3.13, in
/// the form that gives the original tasks.
///
/// When the time is up, next() throws TimeoutError for each task that was not done. The tasks are
/// not touched: cancelling who waits, or dropping this object, cancels none of them. Duplicates
/// count once.
///
///     AsCompleted<int> completed(std::move(handles));
///     while (auto handle = co_await completed.next()) use(handle->result());
template <class T>
class AsCompleted {
 public:
  explicit AsCompleted(std::vector<TaskHandle<T>> tasks,
                       std::optional<Duration> timeout = std::nullopt) {
    for (TaskHandle<T>& task : tasks) {
      bool known = false;
      for (const auto& completion : completions_) known |= completion->task() == task;
      if (!known) completions_.push_back(std::make_unique<Completion>(*this, std::move(task)));
    }
    left_ = open_ = completions_.size();
    if (timeout && open_ > 0) expiry_.emplace(detail::deadline_after(*timeout), *this);
    for (const auto& completion : completions_) completion->start();
  }
  AsCompleted(const AsCompleted&) = delete;
  AsCompleted& operator=(const AsCompleted&) = delete;

  /// The next task that is done, or nothing after the last.
  Task<std::optional<TaskHandle<T>>> next() {
    if (left_ == 0) co_return std::nullopt;
    --left_;
    std::optional<TaskHandle<T>> task =
        co_await detail::Inside<std::optional<TaskHandle<T>>>(done_.get());
    if (!task) throw TimeoutError("as_completed: the time was up");
    co_return task;
  }

 private:
  class Completion final : public detail::Callback {
   public:
    Completion(AsCompleted& owner, TaskHandle<T> task) : owner_(owner), task_(std::move(task)) {}
    void start() { register_on(task_.state()); }
    [[nodiscard]] const TaskHandle<T>& task() const noexcept { return task_; }

   private:
    void invoke() override {
      if (owner_.expired_) return;
      owner_.done_.put_nowait(task_);
      if (--owner_.open_ == 0) owner_.expiry_.reset();
    }

    AsCompleted& owner_;
    TaskHandle<T> task_;
  };

  class Expiry final : public Timer {
   public:
    Expiry(TimePoint deadline, AsCompleted& owner) : owner_(owner) { arm(deadline); }
    [[nodiscard]] const char* purpose() const noexcept override { return "timeout"; }
    void run() override {
      owner_.expired_ = true;
      for (const auto& completion : owner_.completions_) completion->unregister();
      for (; owner_.open_ > 0; --owner_.open_) owner_.done_.put_nowait(std::nullopt);
    }

   private:
    AsCompleted& owner_;
  };

  Queue<std::optional<TaskHandle<T>>> done_;
  std::vector<std::unique_ptr<Completion>> completions_;
  std::optional<Expiry> expiry_;
  std::size_t open_ = 0;  // not seen to be done
  std::size_t left_ = 0;  // not given yet
  bool expired_ = false;
};

/// Makes tasks of the coroutines and gives them in the order in which they end.
template <class T>
[[nodiscard]] AsCompleted<T> as_completed(std::vector<TaskHandle<T>> tasks,
                                          std::optional<Duration> timeout = std::nullopt) {
  return AsCompleted<T>(std::move(tasks), timeout);
}
template <class T>
[[nodiscard]] AsCompleted<T> as_completed(std::vector<Task<T>> coroutines,
                                          std::optional<Duration> timeout = std::nullopt) {
  std::vector<TaskHandle<T>> tasks;
  for (Task<T>& coroutine : coroutines) tasks.push_back(create_task(std::move(coroutine)));
  return AsCompleted<T>(std::move(tasks), timeout);
}

}  // namespace cocheck
