#include "cocheck/detail/gather_state.hpp"

#include <cassert>

#include "cocheck/detail/task_base.hpp"

namespace cocheck::detail {

GatherState::GatherState(std::size_t children, bool return_exceptions, bool keeps_results)
    : CallbackFuture(Loop::current().running()),
      children_(children, !keeps_results && Loop::current().compares_states()),
      return_exceptions_(return_exceptions) {
  // Children of one that nobody else looks at may end in any order; see child_done().
  Loop::current().exclude_accesses(&finished_, sizeof finished_);
}

void GatherState::add(CallbackFuture& future) {
  children_.add(*this, future);
}

void GatherState::start() {
  if (children_.size() == 0) {
    complete(State::done);
    return;
  }
  retain();  // released by the last child
  std::vector<Child*> done;
  for (std::size_t i = 0; i < children_.size(); ++i) {
    Child* child = children_[i];
    if (child->future().done()) {
      done.push_back(child);
    } else {
      child->register_on(child->future());
    }
  }
  // With eager tasks all may be done: then the gather is too, before anyone awaits it.
  for (Child* child : done) {
    (void)child->decides();
    child_done(*child);
  }
}

bool GatherState::cancel(const std::string& message) {
  // Whichever child is the last: a cancellation comes before or behind each.
  if (private_) Loop::current().note_write(&finished_);
  if (done()) return false;
  bool accepted = false;
  for (std::size_t i = 0; i < children_.size(); ++i) {
    if (Child* child = children_[i]; child != nullptr) accepted |= child->future().cancel(message);
  }
  // Where a child swallows the request, the end of the gather still tells of it.
  if (accepted) {
    cancel_requested_ = true;
    message_ = message;
  }
  return accepted;
}

bool GatherState::Child::decides() {
  if (!gather_.private_) Loop::current().note_write(&gather_.finished_);
  const bool last = gather_.finished_ + 1 == gather_.children_.size();
  const bool fails = !gather_.return_exceptions_ && failed();
  // One that neither fails nor is the last does not look at the gather: the order of such children
  // must not seem to matter.
  if (!fails && !last) return false;
  if (!fails) return !gather_.private_ && !gather_.settled();
  if (gather_.done() || gather_.deciding_) return false;
  decider_ = true;
  gather_.deciding_ = true;
  return true;
}

void GatherState::child_done(Child& child) {
  ++finished_;
  const bool last = finished_ == children_.size();
  Loop& loop = Loop::current();
  private_ ? loop.note_arrival(&finished_) : loop.note_write(&finished_);
  if (!return_exceptions_ && child.decider()) {
    if (!done()) {
      deciding_ = false;
      end(child.future().exception());
    }
  } else if (last && !settled()) {
    if (private_) loop.note_all_arrived(&finished_);
    end(cancel_requested_ ? std::make_exception_ptr(CancelledError(message_)) : nullptr);
  } else if (child.future().has_unseen_exception() && settled()) {
    (void)child.failed();  // an exception that comes too late is looked at and dropped
  }
  children_.forget(child);
  if (last) release();
}

bool GatherState::settled() const noexcept {
  return state_ != State::pending || deciding_;
}

void GatherState::child_gone() noexcept {
  if (++finished_ == children_.size()) release();
}

void GatherState::end(std::exception_ptr error) {
  error_ = std::move(error);
  if (error_) expect_retrieval();
  complete(State::done);
}

}  // namespace cocheck::detail
