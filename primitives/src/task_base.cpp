#include "cocheck/detail/task_base.hpp"

#include <algorithm>
#include <cassert>
#include <string_view>

namespace cocheck::detail {

namespace {

/// "increment" of "cocheck::Task<> shop::increment(cocheck::Lock&, int&)", "" where there is none.
std::string_view coroutine_name(std::string_view signature) {
  if (const auto with = signature.find(" ["); with != std::string_view::npos) {
    signature = signature.substr(0, with);
  }
  if (signature.find("lambda") != std::string_view::npos ||
      signature.find("anonymous class") != std::string_view::npos) {
    return {};
  }
  constexpr std::string_view kUnnamed = "(anonymous namespace)::";  // as clang has it
  if (const auto unnamed = signature.rfind(kUnnamed); unnamed != std::string_view::npos) {
    signature = signature.substr(unnamed + kUnnamed.size());
  }
  signature = signature.substr(0, signature.find('('));
  const auto is_name = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
  };
  auto begin = signature.size();
  while (begin > 0 && is_name(signature[begin - 1])) --begin;
  return signature.substr(begin);
}

}  // namespace

TaskBase::TaskBase(Loop& loop, std::coroutine_handle<> body, std::source_location definition)
    : Runnable(Kind::step, this),
      CallbackFuture(this),
      resume_point_(body),
      record_{definition, definition},
      lineage_{Reference<TaskBase>(loop.acting())} {
  if (TaskBase* parent = lineage_.parent.get()) {
    lineage_.index = parent->next_child();
    ++parent->children_alive_;
  }
  if (!loop.compares_states() && !loop.tracks_accesses()) return;
  const auto word_of = [](const void* member) {
    const auto address = reinterpret_cast<std::uintptr_t>(member);
    return static_cast<const std::byte*>(member) - address % sizeof(std::uint64_t);
  };
  loop.exclude_links(&previous_task, sizeof previous_task + sizeof next_task);
  loop.exclude_links(&record_, sizeof record_);
  loop.exclude_links(word_of(&numbers_), sizeof(std::uint64_t));
  loop.exclude_names(&lineage_, sizeof lineage_);
  // The flags in the same word are the task's own.
  loop.exclude_accesses(word_of(&children_alive_), sizeof(std::uint64_t));
  loop.exclude_accesses(&wakeup_, sizeof wakeup_);
}

void TaskBase::destroy() noexcept {
  // A chain of tasks of which each spawned the next may be long: no recursion.
  TaskBase* task = this;
  while (task != nullptr) {
    task->report_lost_exception();
    TaskBase* parent = task->lineage_.parent.detach();
    delete task;
    if (parent != nullptr) --parent->children_alive_;
    task = parent != nullptr && parent->drop_unseen() ? parent : nullptr;
  }
}

/// What a task ended with dies when only its children still know it: what happens must not depend
/// on how long these live.
void TaskBase::reference_dropped() noexcept {
  if (result_dropped_ || references() != children_alive_) return;
  result_dropped_ = true;
  const Reference<TaskBase> alive(this);
  report_lost_exception();
  (void)exception();  // it is told of once
  drop_result();
}

std::string TaskBase::describe_self() const {
  return "task " + id() + " '" + name() + "'";
}

std::vector<std::uint32_t> TaskBase::path() const {
  std::vector<std::uint32_t> result;
  for (const TaskBase* task = this; task != nullptr; task = task->parent()) {
    result.push_back(task->index());
  }
  std::reverse(result.begin(), result.end());
  return result;
}

std::string TaskBase::id() const {
  std::string result;
  for (const std::uint32_t index : path()) {
    if (!result.empty()) result += '.';
    result += std::to_string(index);
  }
  return result;
}

std::string TaskBase::name() const {
  if (texts_ != nullptr && !texts_->name.empty()) return texts_->name;
  if (parent() == nullptr) return "main";
  const std::string_view function = coroutine_name(record_.definition.function_name());
  return function.empty() ? "task " + id() : std::string(function);
}

bool TaskBase::cancel(const std::string& message) {
  observe(LoopEvent::Kind::cancel, loop().running(), "cancel", nullptr,
          loop().running() != nullptr ? loop().running()->place() : std::source_location{},
          [&](LoopEvent& event) {
            event.peer = this;
            if (done()) event.detail = "already done";
          });
  if (done()) return false;
  ++cancel_requests_;
  const bool already_thrown = waiting_on_ != nullptr && waiting_on_->cancelled();
  if (!already_thrown) set_message(message);
  // Tasks that await each other would pass the request round for ever.
  if (passing_cancel_on_) return false;
  passing_cancel_on_ = true;
  const bool passed_on = waiting_on_ != nullptr && waiting_on_->cancel(message);
  passing_cancel_on_ = false;
  if (!passed_on) must_cancel_ = true;
  return true;
}

int TaskBase::uncancel() noexcept {
  if (cancel_requests_ > 0) --cancel_requests_;
  if (cancel_requests_ == 0) must_cancel_ = false;
  return cancel_requests_;
}

void TaskBase::wake() {
  observe(LoopEvent::Kind::wake, loop().running(), "wake", nullptr, {},
          [&](LoopEvent& event) { event.peer = this; });
  loop().post(*this);
}

void TaskBase::run() {
  assert(!done());
  Loop& loop = TaskBase::loop();
  const Loop::RunningTask running(loop, *this);
  deliver_ = std::exchange(must_cancel_, false);
  waiting_on_ = nullptr;
  if (!started_) {
    started_ = true;
    if (deliver_) {
      deliver_ = false;
      set_cancelled_result();
      destroy_frame();
      finish(State::cancelled);
      return;
    }
  }
  if (Retry* retry = std::exchange(retry_, nullptr)) [[unlikely]] {
    retry->retry(*this);
  } else {
    resume_point_.resume();
  }
  while (const std::coroutine_handle<> next = loop.take_next()) next.resume();
  if (body_ended_) {
    State state = take_result();
    if (must_cancel_ && state == State::done && !has_unseen_exception()) {
      // Asked during its last step: the value is dropped; an exception is not.
      must_cancel_ = false;
      set_cancelled_result();
      state = State::cancelled;
    }
    finish(state);
  } else if (must_cancel_ && waiting_on_ != nullptr) [[unlikely]] {  // asked during this step
    pass_cancel_on();
  }
}

__attribute__((noinline)) void TaskBase::pass_cancel_on() {
  if (waiting_on_->cancel(make_cancelled_error().message())) must_cancel_ = false;
}

void TaskBase::forgotten_by_loop() noexcept {
  release();
}

void TaskBase::finish(State state) {
  observe(LoopEvent::Kind::finish, this, "", nullptr, place(), [&](LoopEvent& event) {
    event.verb = state == State::cancelled ? "cancelled"
                 : has_unseen_exception()  ? "throw"
                                           : "return";
  });
  resume_point_ = nullptr;
  complete(state);
  loop().task_finished(*this);
}

}  // namespace cocheck::detail
