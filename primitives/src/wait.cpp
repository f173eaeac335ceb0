#include "cocheck/wait.hpp"

#include <memory>

namespace cocheck::detail {

class CompletionCounter::Completion final : public Callback {
 public:
  Completion(CompletionCounter& counter, CallbackFuture& future)
      : counter_(counter), future_(future) {
    register_on(future);
  }

 private:
  void invoke() override { counter_.completed(future_); }
  // Only counts and wakes: what is done is looked at when the task resumes.
  [[nodiscard]] bool decides() override { return false; }

  CompletionCounter& counter_;
  CallbackFuture& future_;
};

CompletionCounter::CompletionCounter(std::vector<CallbackFuture*> futures, ReturnWhen return_when)
    : left_(std::make_unique<Left>(futures.size())), return_when_(return_when) {
  completions_.reserve(futures.size());
  for (CallbackFuture* future : futures) {
    completions_.push_back(std::make_unique<Completion>(*this, *future));
  }
}

CompletionCounter::~CompletionCounter() = default;

void CompletionCounter::completed(CallbackFuture& future) {
  const bool last = --left_->count == 0;
  Loop& loop = Loop::current();
  loop.note_read(&waiter_);  // whichever is the last: a cancellation comes before or behind each
  last ? loop.note_all_arrived(left_.get()) : loop.note_arrival(left_.get());
  if (last || return_when_ == ReturnWhen::first_completed ||
      (return_when_ == ReturnWhen::first_exception && !future.cancelled() &&
       future.exception() != nullptr)) {
    waiter_.complete();
  }
}

namespace {

class WaitTimer final : public SleepTimer {
 public:
  using SleepTimer::SleepTimer;
  [[nodiscard]] const char* purpose() const noexcept override { return "timeout"; }
};

}  // namespace

Task<> CompletionCounter::wait(std::optional<Duration> timeout) {
  std::optional<WaitTimer> timer;
  if (timeout) timer.emplace(deadline_after(*timeout), waiter_);
  co_await WaiterAwaiter(waiter_, "wait", this);
}

}  // namespace cocheck::detail
