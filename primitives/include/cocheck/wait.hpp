#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "cocheck/detail/awaited.hpp"
#include "cocheck/detail/waiter.hpp"
#include "cocheck/sleep.hpp"
#include "cocheck/task.hpp"
#include "cocheck/task_handle.hpp"

namespace cocheck {

/// When `wait` returns.
enum class ReturnWhen : std::uint8_t {
  all_completed,
  first_completed,
  first_exception,  ///< or all are done; a cancelled task is no exception
};

/// What `wait` has seen, each in the order of the arguments.
template <class Handle>
struct Waited {
  Waited() = default;
  std::vector<Handle> done;
  std::vector<Handle> pending;
};

namespace detail {

/// Counts the futures of one wait() and wakes it. Lives in its frame.
class CompletionCounter {
 public:
  CompletionCounter(std::vector<CallbackFuture*> futures, ReturnWhen return_when);
  CompletionCounter(const CompletionCounter&) = delete;
  CompletionCounter& operator=(const CompletionCounter&) = delete;
  ~CompletionCounter();

  /// Parks until the condition holds or the time is up.
  Task<> wait(std::optional<Duration> timeout);

 private:
  class Completion;

  /// How many have not ended. They may end in any order: see Loop::note_arrival().
  struct Left : LoopAllocated {
    explicit Left(std::size_t futures) : count(futures) {
      Loop::current().exclude_accesses(&count, sizeof count);
    }
    std::size_t count;
  };

  void completed(CallbackFuture& future);

  std::vector<std::unique_ptr<Completion>> completions_;
  Waiter waiter_;
  std::unique_ptr<Left> left_;
  ReturnWhen return_when_;
};

}  // namespace detail

/// Waits for tasks or futures without touching them: asyncio.wait of CPython 3.13.
///
/// Returns those that are done and those that are not when it resumes, so more may be done than
/// made it return. It never throws what they threw, and running out of time is no error. Cancelling
/// the task that waits cancels none of them. Duplicates count once. Throws ValueError for no tasks.
///
///     auto [done, pending] = co_await wait(handles, 1s, ReturnWhen::first_completed);
template <class Handle>
Task<Waited<Handle>> wait(std::vector<Handle> handles,
                          std::optional<Duration> timeout = std::nullopt,
                          ReturnWhen return_when = ReturnWhen::all_completed) {
  if (handles.empty()) throw ValueError("wait: there is nothing to wait for");
  std::vector<Handle> distinct;
  std::vector<detail::CallbackFuture*> futures;
  for (Handle& handle : handles) {
    detail::CallbackFuture* future = &handle.state();
    if (std::find(futures.begin(), futures.end(), future) != futures.end()) continue;
    futures.push_back(future);
    distinct.push_back(std::move(handle));
  }
  {
    detail::CompletionCounter counter(std::move(futures), return_when);
    co_await detail::Inside<void>(counter.wait(timeout));
  }
  Waited<Handle> result;
  for (Handle& handle : distinct) {
    (handle.done() ? result.done : result.pending).push_back(std::move(handle));
  }
  co_return result;
}

}  // namespace cocheck
