#include "cocheck/timeout.hpp"

#include <cassert>

namespace cocheck {

Timeout::Timeout(std::optional<TimePoint> deadline) noexcept {
  // Not as a whole: its padding would come along, with whatever a register held.
  if (deadline) deadline_.emplace(*deadline);
  Loop* loop = Loop::current_or_null();
  if (deadline_ && loop != nullptr) loop->deadline_opened();
}

Timeout::~Timeout() {
  Loop* loop = Loop::current_or_null();
  if (state_ == State::created && deadline_ && loop != nullptr) loop->deadline_closed();
}

void Timeout::enter() {
  if (state_ != State::created) throw RuntimeError("Timeout: it has already been entered");
  if (deadline_) Loop::current().deadline_closed();
  task_ = &detail::running_task();
  cancelling_before_ = task_->cancelling();
  state_ = State::active;
  arm();
}

void Timeout::arm() {
  expiry_.reset();
  if (deadline_) expiry_.emplace(*deadline_, *this);
}

void Timeout::reschedule(std::optional<TimePoint> deadline) {
  if (state_ != State::active) {
    throw RuntimeError(state_ == State::created
                           ? std::string("Timeout: it has not been entered")
                           : std::string("Timeout: cannot change the state of a timeout that is ") +
                                 to_string(state_));
  }
  if (deadline) detail::see_time();
  deadline_ = deadline;
  arm();
}

void Timeout::expire() {
  assert(state_ == State::active);
  state_ = State::expiring;
  task_->cancel({});
}

void Timeout::exit(const std::exception_ptr& error, bool cancelled) {
  assert(state_ == State::active || state_ == State::expiring);
  expiry_.reset();
  if (state_ == State::active) {
    state_ = State::finished;
    return;
  }
  state_ = State::expired;
  // More requests than before mean that somebody else asked for a cancellation too: it goes on.
  if (task_->uncancel() > cancelling_before_ || !cancelled) return;
  detail::observe_operation("throws TimeoutError", nullptr);
  try {
    std::rethrow_exception(error);
  } catch (...) {
    std::throw_with_nested(TimeoutError("the time was up"));
  }
}

std::string to_string(const Timeout& timeout) {
  std::string text = std::string("<Timeout [") + to_string(timeout.state()) + "]";
  if (timeout.state() == Timeout::State::created || timeout.state() == Timeout::State::active) {
    text += " when=";
    if (timeout.when()) {
      const auto milliseconds =
          std::chrono::duration_cast<std::chrono::milliseconds>(timeout.when()->time_since_epoch());
      std::string fraction = std::to_string(milliseconds.count() % 1000);
      fraction.insert(0, 3 - fraction.size(), '0');
      text += std::to_string(milliseconds.count() / 1000) + "." + fraction;
    } else {
      text += "none";
    }
  }
  return text + ">";
}

}  // namespace cocheck
