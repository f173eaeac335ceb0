#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>

#include "cocheck/condition.hpp"
#include "cocheck/task.hpp"

namespace cocheck {

/// A point at which tasks wait for each other: asyncio.Barrier of CPython 3.13.
///
/// The task that completes a round of `parties` goes on without suspending and wakes the others.
/// Tasks that come while a round is leaving wait outside. `reset` fails those inside with
/// BrokenBarrierError and leaves the barrier usable, `abort` breaks it until it is reset.
///
/// Cancellation: a task cancelled while the round fills leaves with CancelledError and the barrier
/// waits for another one; it is not broken. After the round is complete only that task fails.
///
/// Known and kept (CPython issue 155233): the index that `wait` returns is the number inside at the
/// arrival, so that after a cancellation two tasks of a round can get the same one.
///
///     Barrier barrier(3);
///     std::size_t index = co_await barrier.wait();
class Barrier {
 public:
  enum class State : std::uint8_t { filling, draining, resetting, broken };

  /// Throws ValueError for less than one party.
  explicit Barrier(std::int64_t parties) : parties_(static_cast<std::size_t>(parties)) {
    if (parties < 1) throw ValueError("Barrier: there must be at least one party");
    condition_.lock().observed_ = false;
    condition_.verb_ = "barrier.wait";
    condition_.observed_ = false;
  }
  Barrier(const Barrier&) = delete;
  Barrier& operator=(const Barrier&) = delete;

  /// Waits until `parties` tasks have called it. Throws BrokenBarrierError.
  Task<std::size_t> wait() {
    co_await detail::EntryPoint("barrier");
    const auto guard = co_await detail::Internally<detail::ScopedAcquire<Lock>>(
        condition_.lock(), detail::running_task().place());
    co_await detail::Inside<bool>(condition_.wait(
        [this] { return state_ != State::draining && state_ != State::resetting; }));
    if (state_ == State::broken) throw BrokenBarrierError("Barrier: it was aborted");
    const std::size_t index = count_++;
    const Leaving leaving(*this);
    if (index + 1 == parties_) {
      state_ = State::draining;
      condition_.notify_all();
    } else {
      co_await detail::Inside<bool>(condition_.wait([this] { return state_ != State::filling; }));
      if (state_ == State::broken || state_ == State::resetting) {
        throw BrokenBarrierError("Barrier: it was aborted or reset");
      }
    }
    detail::observe_value("barrier.wait", &condition_, index, "-> ");
    co_return index;
  }

  /// Fails those who wait inside; the barrier is empty and whole afterwards.
  Task<> reset() {
    co_await detail::EntryPoint("barrier");
    const auto guard = co_await detail::Internally<detail::ScopedAcquire<Lock>>(
        condition_.lock(), detail::running_task().place());
    state_ = count_ > 0 ? State::resetting : State::filling;
    condition_.notify_all();
  }

  /// Breaks it: all who wait or come fail, until it is reset.
  Task<> abort() {
    co_await detail::EntryPoint("barrier");
    const auto guard = co_await detail::Internally<detail::ScopedAcquire<Lock>>(
        condition_.lock(), detail::running_task().place());
    state_ = State::broken;
    condition_.notify_all();
  }

  [[nodiscard]] std::size_t parties() const noexcept { return parties_; }
  [[nodiscard]] bool broken() const noexcept { return state_ == State::broken; }
  [[nodiscard]] State state() const noexcept { return state_; }
  /// How many wait for the round to fill.
  [[nodiscard]] std::size_t n_waiting() const noexcept {
    return state_ == State::filling ? count_ : 0;
  }

 private:
  /// One task fewer inside; the last one opens the barrier again. Runs under the lock.
  class Leaving {
   public:
    explicit Leaving(Barrier& barrier) noexcept : barrier_(barrier) {}
    Leaving(const Leaving&) = delete;
    Leaving& operator=(const Leaving&) = delete;
    ~Leaving() {
      Loop* loop = Loop::current_or_null();
      if (loop == nullptr || loop->closing()) return;
      if (--barrier_.count_ > 0) return;
      if (barrier_.state_ == State::resetting || barrier_.state_ == State::draining) {
        barrier_.state_ = State::filling;
      }
      barrier_.condition_.notify_all();
    }

   private:
    Barrier& barrier_;
  };

  Condition condition_;
  std::size_t parties_;
  std::size_t count_ = 0;
  State state_ = State::filling;
};

[[nodiscard]] constexpr const char* to_string(Barrier::State state) noexcept {
  switch (state) {
    case Barrier::State::filling:
      return "filling";
    case Barrier::State::draining:
      return "draining";
    case Barrier::State::resetting:
      return "resetting";
    case Barrier::State::broken:
      return "broken";
  }
  return "";
}

/// For debugging: `<Barrier filling, waiters:1/3>`.
[[nodiscard]] inline std::string to_string(const Barrier& barrier) {
  std::string text = std::string("<Barrier ") + to_string(barrier.state());
  if (!barrier.broken()) {
    text += ", waiters:" + std::to_string(barrier.n_waiting()) + "/" +
            std::to_string(barrier.parties());
  }
  return text + ">";
}

}  // namespace cocheck
