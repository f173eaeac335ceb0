#include "cocheck/task_group.hpp"

#include <cassert>

#include "cocheck/check.hpp"

namespace cocheck {

namespace {

/// What Python does with KeyboardInterrupt: it leaves the group alone.
bool is_base_error(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const CheckFailed&) {
    return true;
  } catch (...) {
    return false;
  }
}

}  // namespace

TaskGroup::Child::Child(TaskGroup& group, detail::TaskBase& task)
    : group_(group), task_(&task), previous_(group.order_->last) {
  (previous_ != nullptr ? previous_->next_ : group.order_->first) = this;
  group.order_->last = this;
  ++group.order_->children;
  if (group.order_->closing) group.order_->reopened = true;
  task.loop().note_write(group.order_.get());
  task.loop().exclude_links(&previous_, sizeof previous_ + sizeof next_);
}

TaskGroup::Child::~Child() {
  (previous_ != nullptr ? previous_->next_ : group_.order_->first) = next_;
  (next_ != nullptr ? next_->previous_ : group_.order_->last) = previous_;
  --group_.order_->children;
}

bool TaskGroup::Child::decides() {
  // The last child closes the group to newcomers, and a body that ends before this has run waits.
  if (!task_->cancelled() && task_->exception() != nullptr) return true;
  last_ = group_.order_->children == 1;
  if (last_) {
    group_.order_->closing = true;
    group_.note_end(true);
  }
  return last_;
}

void TaskGroup::Child::invoke() {
  TaskGroup& group = group_;
  const detail::Reference<detail::TaskBase> task = task_;
  const bool last = group.order_->children == 1;
  group.note_end(last);
  if (last_) group.order_->closing = false;
  if (last) group.order_->reopened = false;
  delete this;
  group.child_done(*task);
}

void TaskGroup::note_end(bool last) const {
  Loop& loop = Loop::current();
  if (order_->reopened) {
    loop.note_write(order_.get());
  } else {
    last ? loop.note_all_arrived(order_.get()) : loop.note_arrival(order_.get());
  }
}

TaskGroup::~TaskGroup() {
  while (Child* child = first()) delete child;
}

const char* TaskGroup::refuses() const noexcept {
  if (parent_ == nullptr) return "TaskGroup.create_task: the group has not been entered";
  if (exiting_ && children() == 0) return "TaskGroup.create_task: the group is finished";
  if (aborting_) return "TaskGroup.create_task: the group is shutting down";
  return nullptr;
}

void TaskGroup::enter() {
  if (parent_ != nullptr) throw RuntimeError("TaskGroup.run: it has already been entered");
  parent_ = &detail::running_task();
}

void TaskGroup::add(detail::TaskBase& task) {
  if (order_ == nullptr) order_ = std::make_unique<Order>();
  (new Child(*this, task))->register_on(task);
}

void TaskGroup::abort() {
  aborting_ = true;
  if (children() == 0) return;
  for (Child* child = first(); child != nullptr; child = child->next_) {
    if (!child->task_->done()) child->task_->cancel({});
  }
}

void TaskGroup::child_done(detail::TaskBase& task) {
  if (order_->children == 0 && completion_ != nullptr) completion_->complete();
  if (task.cancelled()) return;
  const std::exception_ptr error = task.exception();
  if (error == nullptr) return;
  errors_.push_back(error);
  if (base_error_ == nullptr && is_base_error(error)) base_error_ = error;
  if (!aborting_ && !parent_cancel_requested_) {
    abort();
    parent_cancel_requested_ = true;
    parent_->cancel({});
  }
}

Task<> TaskGroup::exit(std::exception_ptr error, bool cancelled) {
  exiting_ = true;
  if (error != nullptr && !cancelled && base_error_ == nullptr && is_base_error(error)) {
    base_error_ = error;
  }
  std::exception_ptr propagate = cancelled ? error : nullptr;
  if (error != nullptr && !aborting_) abort();
  while (children() > 0) {
    detail::Waiter waiter;
    completion_ = &waiter;
    try {
      co_await detail::WaiterAwaiter(waiter, "task_group.join", this);
    } catch (const CancelledError&) {
      if (!aborting_) {
        propagate = std::current_exception();
        abort();
      }
    }
    completion_ = nullptr;
  }
  if (base_error_ != nullptr) std::rethrow_exception(base_error_);
  if (parent_cancel_requested_ && parent_->uncancel() == 0) propagate = nullptr;
  if (propagate != nullptr && errors_.empty()) std::rethrow_exception(propagate);
  if (error != nullptr && !cancelled) errors_.push_back(error);
  if (!errors_.empty()) {
    if (parent_->cancelling() > 0) {  // a request from outside hits the next suspension
      parent_->uncancel();
      parent_->cancel({});
    }
    throw ExceptionGroup("unhandled errors in a TaskGroup", errors_);
  }
}

}  // namespace cocheck
