// How a world ends an execution: what was wrong with it, and what becomes of its tasks.

#include <algorithm>
#include <span>
#include <string>
#include <utility>

#include "cocheck/describe.hpp"
#include "cocheck/detail/access_log.hpp"
#include "cocheck/detail/outside_memory.hpp"
#include "cocheck/detail/recorder.hpp"
#include "cocheck/detail/task_base.hpp"
#include "cocheck/world.hpp"
#include "symbols.hpp"

namespace cocheck {

namespace {

constexpr const char* kNoStep =
    " (before the first step: is the model a coroutine, with a co_await or co_return in its body?)";

}  // namespace

void World::conclude() {
  if (failure_ || cut_ || memory_->exhausted()) return;
  if (!state_.root->done()) {
    fail({FailureKind::deadlock,
          std::to_string(state_.unfinished_tasks) +
              (state_.unfinished_tasks == 1 ? " task waits" : " tasks wait") +
              " and nothing is left that could wake " +
              (state_.unfinished_tasks == 1 ? "it" : "them"),
          // Where the first task waits for others nothing is wrong.
          state_.unfinished_tasks == 1 ? state_.root->place() : std::source_location()});
    return;
  }
  const bool cancelled_from_outside = state_.cancellations_left < max_cancellations_;
  if (const std::exception_ptr error = state_.root->exception();
      error != nullptr && !(state_.root->cancelled() && cancelled_from_outside)) {
    std::string text;
    if (!guard_.run([&] { text = describe(error); })) return step_left();
    fail({FailureKind::exception, text + " left the model", state_.root->place()});
  } else if (state_.first_task != nullptr) {
    fail({FailureKind::unfinished_task,
          "task " + state_.first_task->id() + " '" + state_.first_task->name() +
              "' was not finished when the model returned: await it, or cancel and await it",
          state_.first_task->place()});
  }
}

void World::end() {
  if (state_.root == nullptr && !failure_) return;
  conclude();
  close();
}

void World::close() noexcept {
  if (recorder_ != nullptr) {
    const bool stuck = cut_ || (failure_ && (failure_->kind == FailureKind::deadlock ||
                                             failure_->kind == FailureKind::unfinished_task));
    recorder_->finish(stuck ? state_.first_task : nullptr);
  }
  closing_ = true;
  observer_ = nullptr;
  if (outside_ != nullptr) outside_->begin_step();
  // What lived in the first task's frames is dead: tasks that are left may use it.
  const bool outlived =
      state_.root != nullptr && state_.root->done() && state_.first_task != nullptr;
  abandoned_ = abandoned_ || outlived;
  if (!abandoned_) {
    const detail::ModelMemory::Scope inside(memory_.get());
    if (!guard_.run([&] { destroy_tasks(); })) step_left();
  }
  forget_execution();
  recorder_ = nullptr;
  closing_ = false;
  if (outside_ != nullptr) outside_->commit();
}

void World::forget_execution() noexcept {
  state_.ready.clear();
  state_.timers.clear();
  settling_.clear();
  state_.root = state_.first_task = state_.last_task = nullptr;
  state_.unfinished_tasks = 0;
  if (abandoned_) state_.loop_blocks = 0;
  first_invariant_ = nullptr;
  running_ = acting_ = nullptr;
  (void)take_next();
}

void World::destroy_tasks() {
  for (const detail::ReadyEntry& entry : state_.ready) entry.runnable->abandoned();
  for (Runnable* runnable : settling_) runnable->abandoned();
  state_.ready.clear();
  settling_.clear();
  detail::HarnessVector<detail::TaskBase*> tasks;
  for (detail::TaskBase* task = state_.first_task; task != nullptr; task = task->next_task) {
    tasks.push_back(task);
  }
  destroy(tasks);
  // Those that destructors have started.
  while (detail::TaskBase* task = state_.last_task) {
    const Loop::RunningTask destroyed(*this, *task);
    task->destroy_frame();
    task_finished(*task);
  }
  if (detail::TaskBase* root = std::exchange(state_.root, nullptr)) root->release();
}

/// Children before their parents: they use what lives in the frames of these. Whose frame is
/// destroyed is the running task, so that what lives there may ask.
void World::destroy(std::span<detail::TaskBase* const> tasks) {
  // First everybody leaves the queues in which they stand, while these are all alive.
  for (detail::TaskBase* task : tasks) {
    if (detail::Awaited* awaited = task->waiting_on()) awaited->abandon();
  }
  for (detail::TaskBase* task : tasks) task->abandon();
  for (std::size_t i = tasks.size(); i-- > 0;) {
    const Loop::RunningTask destroyed(*this, *tasks[i]);
    tasks[i]->destroy_frame();
    task_finished(*tasks[i]);
  }
}

void World::about_to_unwind() noexcept {
  if (running_ == nullptr || closing_ || state_.unfinished_tasks < 2) return;
  const detail::AccessLog::Pause pause;
  const detail::TaskBase* const parent = running_;
  const auto is_below = [&](const detail::TaskBase* task) {
    if (task == parent) return false;
    while (task != nullptr && task != parent) task = task->parent();
    return task != nullptr;
  };
  const auto leaves = [&](Runnable* runnable) {
    if (!is_below(runnable->task())) return false;
    runnable->abandoned();
    return true;
  };
  detail::HarnessVector<detail::TaskBase*> below;
  for (detail::TaskBase* task = state_.first_task; task != nullptr; task = task->next_task) {
    if (is_below(task)) below.push_back(task);
  }
  closing_ = true;
  std::erase_if(state_.ready,
                [&](const detail::ReadyEntry& entry) { return leaves(entry.runnable); });
  std::erase_if(settling_, leaves);
  destroy(below);
  closing_ = false;
}

void World::note_invalid_free() {
  const detail::ModelMemory::Scope outside(nullptr);
  Failure failure{FailureKind::misuse,
                  "the model frees memory that is not allocated, or frees it twice",
                  state_.root->place()};
  if (recorder_ != nullptr) failure.at = detail::user_line_of({&memory_->invalid_free_by(), 1});
  fail(std::move(failure));
}

void World::note_exhausted() {
  if (!exhausted_by_.empty() || abandoned_) return;
  const detail::ModelMemory::Scope outside(nullptr);
  const Choice& step = recorder_->choices().back();
  std::string place = step.place.file + ":" + std::to_string(step.place.line);
  for (detail::TaskBase* task = state_.first_task; task != nullptr; task = task->next_task) {
    if (task != recorder_->acting()) continue;  // one that has ended may be no more
    place = std::string(task->place().file_name()) + ":" + std::to_string(task->place().line());
  }
  exhausted_by_ = "task " + step.task + " at " + place;
  recorder_->failed({FailureKind::memory_limit, "", {}, place}, nullptr);
}

void World::step_left() {
  running_ = acting_ = nullptr;
  (void)take_next();
  choosing_value_ = closing_ = false;
  settling_.clear();
  abandoned_ = true;
  detail::ModelMemory::exchange_current(memory_.get());
  const detail::ModelMemory::Scope outside(nullptr);
  Failure failure = guard_.failure(recorder_ != nullptr);
  if (state_.root == nullptr) failure.message += kNoStep;
  fail(std::move(failure));
}

}  // namespace cocheck
