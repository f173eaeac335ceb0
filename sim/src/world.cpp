#include "cocheck/world.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

#include "cocheck/always.hpp"
#include "cocheck/check.hpp"
#include "cocheck/describe.hpp"
#include "cocheck/detail/recorder.hpp"
#include "cocheck/task_handle.hpp"

namespace cocheck {

namespace {

/// Clears what the next calls will have their frames in.
__attribute__((noinline)) void clear_stack() noexcept {
  std::array<std::byte, 1024> below;
  below.fill(std::byte{0});
  __asm__ volatile("" : : "r"(below.data()) : "memory");
}

}  // namespace

World::World(const Options& options)
    : memory_(detail::ModelMemory::acquire(options.memory_limit)),
      max_steps_(options.max_steps),
      max_cancellations_(options.cancellations),
      clock_(options.clock) {
  always_suspends_ = options.always_suspend;
  eager_tasks_ = options.eager_tasks;
}

World::~World() = default;

void World::run(const Model& model, Explorer& explorer, detail::Recorder* recorder) {
  const Loop::Scope scope(*this);
  explorer_ = &explorer;
  recorder_ = recorder;
  observer_ = recorder;
  fifo_ = explorer.order() == Order::fifo;
  picks_forced_ = explorer.picks_forced();
  model_ = &model;
  reset();
  try {
    start(model);
    if (!explorer.drive(*this)) {
      if (fifo_) {
        run_fifo();
      } else {
        run_any_order();
      }
    }
  } catch (...) {  // a replay has diverged, or the model could not even begin
    close();
    throw;
  }
  if (explorer_error_) {
    close();
    std::rethrow_exception(std::exchange(explorer_error_, nullptr));
  }
  end();
}

void World::reset() {
  failure_.reset();
  explorer_error_ = nullptr;
  tape_.clear();
  now_ = TimePoint{};
  steps_ = 0;
  cut_ = false;
  time_seen_ = names_seen_ = false;
  open_deadlines_ = 0;
  iteration_left_ = 0;
  offered_cancellations_ = 0;
  cancellations_left_ = max_cancellations_;
  memory_->begin_execution(layout_);
}

void World::restart() {
  discard();
  reset();
  start(*model_);
}

void World::end() {
  if (root_ == nullptr) return;
  conclude();
  close();
}

void World::start(const Model& model) {
  assert(ready_.empty() && settling_.empty() && timers_.empty() && first_task_ == nullptr);
  {
    const detail::ModelMemory::Scope inside(memory_.get());
    // The first task is never eager: asyncio starts tasks eagerly only while the loop runs.
    const TaskHandle<> root = create_task(model(), TaskOptions("", false));
    root_ = &root.state();
    root_->retain();
  }
  if (recorder_ != nullptr) recorder_->root_started(*root_);
}

bool World::root_done() const noexcept {
  return root_->done();
}

bool World::stopped() const noexcept {
  return failure_.has_value() || explorer_error_ != nullptr || memory_->exhausted() || root_done();
}

std::size_t World::alternatives() {
  while (!stopped()) {
    const std::size_t count = count_alternatives();
    if (count > 0 || timers_.empty()) return count;
    move_clock(timers_.front().deadline);
  }
  return 0;
}

void World::run_any_order() {
  while (const std::size_t count = alternatives()) {
    if (steps_ == max_steps_) {
      cut_ = true;
      return;
    }
    const std::size_t index = pick(count);
    perform(action(index), index, count);
  }
}

void World::take(std::size_t index, std::size_t alternatives) {
  assert(index < alternatives);
  if (alternatives > 1) tape_.push_back(static_cast<std::uint32_t>(index));
  perform(action(index), index, alternatives);
}

void World::save(detail::LoopState& state) const {
  assert(settling_.empty());
  state.ready = ready_;
  state.timers = timers_;
  state.now = now_;
  state.first_task = first_task_;
  state.last_task = last_task_;
  state.first_invariant = first_invariant_;
  state.unfinished_tasks = unfinished_tasks_;
  state.task_list = task_list_;
  state.tape_length = tape_.size();
  state.loop_blocks = loop_blocks_;
  state.offered_timers = offered_timers_;
  state.offered_cancellations = offered_cancellations_;
  state.steps = steps_;
  state.cancellations_left = cancellations_left_;
  state.root = root_;
}

void World::restore(const detail::LoopState& state) {
  ready_ = state.ready;
  timers_ = state.timers;
  settling_.clear();
  now_ = state.now;
  first_task_ = state.first_task;
  last_task_ = state.last_task;
  first_invariant_ = state.first_invariant;
  unfinished_tasks_ = state.unfinished_tasks;
  task_list_ = state.task_list;
  tape_.resize(state.tape_length);
  loop_blocks_ = state.loop_blocks;
  offered_timers_ = state.offered_timers;
  offered_cancellations_ = state.offered_cancellations;
  steps_ = state.steps;
  cancellations_left_ = state.cancellations_left;
  root_ = state.root;
  failure_.reset();
}

void World::run_fifo() {
  while (!stopped()) {
    if (iteration_left_ == 0) {
      if (ready_.empty()) {
        if (timers_.empty()) return;
        // One that is overdue, since a step took its time, fires now.
        move_clock(std::max(now_, timers_.front().deadline));
      }
      const std::size_t due = count_due_timers();
      for (std::size_t i = 0; i < due; ++i) {
        ready_.push_back({timers_[i].timer, timers_[i].number});
      }
      timers_.erase(timers_.begin(), timers_.begin() + static_cast<std::ptrdiff_t>(due));
      iteration_left_ = ready_.size();
    }
    Runnable& next = *ready_.front().runnable;
    if (next.kind() == Runnable::Kind::settling) {
      remove_ready(0);
      const detail::ModelMemory::Scope inside(memory_.get());
      next.run();
      continue;
    }
    if (steps_ == max_steps_) {
      cut_ = true;
      return;
    }
    const std::size_t index = pick(1);
    perform(action(index), index, 1);
  }
}

std::size_t World::count_due_timers() const noexcept {
  std::size_t due = 0;
  while (due < timers_.size() && timers_[due].deadline <= now_) ++due;
  return due;
}

std::size_t World::count_racing_timers(std::size_t due) const noexcept {
  if (clock_ != Clock::race || due == timers_.size()) return 0;
  const TimePoint earliest = timers_[due].deadline;
  std::size_t end = due;
  while (end < timers_.size() && timers_[end].deadline == earliest) ++end;
  return end - due;
}

std::size_t World::count_alternatives() noexcept {
  offered_timers_ = 0;
  if (!timers_.empty()) {
    const std::size_t due = count_due_timers();
    offered_timers_ = due;
    // Where nothing is ready the clock jumps there anyway.
    if (!ready_.empty() || due > 0) offered_timers_ += count_racing_timers(due);
  }
  std::size_t alternatives = ready_.size() + offered_timers_;
  // Without anything else to do a cancellation is tried only where it can still help: a deadlock
  // stays one, and time may jump first.
  offered_cancellations_ = alternatives > 0 && cancellations_left_ > 0 ? unfinished_tasks_ - 1 : 0;
  return alternatives + offered_cancellations_;
}

Action World::action(std::size_t index) const {
  if (index < ready_.size()) {
    Runnable* runnable = ready_[index].runnable;
    const Choice::Kind kind = runnable->kind() == Runnable::Kind::step    ? Choice::Kind::step
                              : runnable->kind() == Runnable::Kind::timer ? Choice::Kind::timer
                                                                          : Choice::Kind::callback;
    return {kind, runnable, runnable->task(), ready_[index].number};
  }
  index -= ready_.size();
  if (index < offered_timers_) {
    Timer* timer = timers_[index].timer;
    return {Choice::Kind::timer, timer, timer->task(), timers_[index].number};
  }
  index -= offered_timers_;
  detail::TaskBase* task = first_task_->next_task;
  for (; index > 0; --index) task = task->next_task;
  return {Choice::Kind::cancel, nullptr, task, 0};
}

std::string World::label(const Action& action) const {
  return recorder_ != nullptr ? recorder_->label(action) : std::string();
}

std::size_t World::pick(std::size_t alternatives) {
  if (alternatives == 1 && !picks_forced_) return 0;
  const std::size_t choice = explorer_->pick(alternatives, *this);
  assert(choice < alternatives);
  if (alternatives > 1) tape_.push_back(static_cast<std::uint32_t>(choice));
  return choice;
}

void World::perform(const Action& action, std::size_t index, std::size_t alternatives) {
  ++steps_;
  if (recorder_ != nullptr) recorder_->begin_action(action, alternatives, now_);
  if (action.runnable == nullptr) {
    --cancellations_left_;
  } else if (index < ready_.size()) {
    assert(ready_[index].runnable == action.runnable);
    if (action.kind == Choice::Kind::timer) mark_fired(static_cast<Timer&>(*action.runnable));
    remove_ready(index);
  } else {
    take_timer(index - ready_.size());
  }
  // What is copied with its padding should not depend on what was on the stack before.
  if (compares_states_) clear_stack();
  const detail::ModelMemory::Scope inside(memory_.get());
  if (action.runnable == nullptr) {
    action.task->cancel({});
  } else {
    acting_ = action.task;
    action.runnable->run();
    acting_ = nullptr;
  }
  if (!settling_.empty()) run_settling();
  if (open_deadlines_ > 0) time_seen_ = true;
  if (first_invariant_ != nullptr && !failure_) check_invariants();
  if (memory_->invalid_free()) [[unlikely]]
    fail({FailureKind::misuse, "the model frees memory that is not allocated, or frees it twice",
          root_->place()});
}

void World::run_settling() {
  for (std::size_t i = 0; i < settling_.size(); ++i) settling_[i]->run();
  settling_.clear();
}

void World::check_invariants() {
  for (const detail::Invariant* invariant = first_invariant_; invariant != nullptr && !failure_;
       invariant = invariant->next()) {
    try {
      invariant->check();
    } catch (const CheckFailed&) {  // it has been recorded
      assert(failure_);
    } catch (...) {
      fail({FailureKind::exception,
            describe(std::current_exception()) + " was thrown by an invariant",
            invariant->place()});
    }
  }
}

void World::take_timer(std::size_t index) noexcept {
  const detail::TimerEntry entry = timers_[index];
  mark_fired(*entry.timer);
  timers_.erase(timers_.begin() + static_cast<std::ptrdiff_t>(index));
  if (entry.deadline > now_) move_clock(entry.deadline);
}

void World::move_clock(TimePoint time) {
  assert(time >= now_);
  if (time == now_) return;
  now_ = time;
  if (recorder_ != nullptr) recorder_->clock_moved(now_);
}

void World::advance(Duration duration) {
  move_clock(now_ + duration);
}

void World::remove_ready(std::size_t index) noexcept {
  ready_.erase(ready_.begin() + static_cast<std::ptrdiff_t>(index));
  if (index < iteration_left_) --iteration_left_;
}

void World::conclude() {
  if (failure_ || cut_ || memory_->exhausted()) return;
  if (!root_done()) {
    fail({FailureKind::deadlock,
          std::to_string(unfinished_tasks_) +
              (unfinished_tasks_ == 1 ? " task waits" : " tasks wait") +
              " and nothing is left that could wake " + (unfinished_tasks_ == 1 ? "it" : "them"),
          root_->place()});
    return;
  }
  const bool cancelled_from_outside = cancellations_left_ < max_cancellations_;
  if (const std::exception_ptr error = root_->exception();
      error != nullptr && !(root_->cancelled() && cancelled_from_outside)) {
    fail({FailureKind::exception, describe(error) + " left the model", root_->place()});
  } else if (first_task_ != nullptr) {
    fail({FailureKind::unfinished_task,
          "task " + first_task_->id() + " '" + first_task_->name() +
              "' was not finished when the model returned: await it, or cancel and await it",
          first_task_->place()});
  }
}

void World::close() noexcept {
  if (recorder_ != nullptr) {
    const bool stuck = cut_ || (failure_ && (failure_->kind == FailureKind::deadlock ||
                                             failure_->kind == FailureKind::unfinished_task));
    recorder_->finish(stuck ? first_task_ : nullptr);
  }
  closing_ = true;
  observer_ = nullptr;
  const detail::ModelMemory::Scope inside(memory_.get());
  for (const detail::ReadyEntry& entry : ready_) entry.runnable->abandoned();
  for (Runnable* runnable : settling_) runnable->abandoned();
  ready_.clear();
  settling_.clear();
  // First everybody leaves the queues in which they stand, while these are all alive.
  for (detail::TaskBase* task = first_task_; task != nullptr; task = task->next_task) {
    if (detail::Awaited* awaited = task->waiting_on()) awaited->abandon();
  }
  for (detail::TaskBase* task = first_task_; task != nullptr; task = task->next_task) {
    task->abandon();
  }
  // Children before their parents: they use what lives in the frames of these.
  while (detail::TaskBase* task = last_task_) {
    task->destroy_frame();
    task_finished(*task);
  }
  if (detail::TaskBase* root = std::exchange(root_, nullptr)) root->release();
  recorder_ = nullptr;
  timers_.clear();
  first_invariant_ = nullptr;
  closing_ = false;
}

void World::post(Runnable& runnable) {
  if (closing_) return;
  if (runnable.kind() == Runnable::Kind::settling && !fifo_) {
    settling_.push_back(&runnable);
    return;
  }
  const bool named =
      runnable.kind() == Runnable::Kind::callback || runnable.kind() == Runnable::Kind::timer;
  ready_.push_back(
      {&runnable, named && runnable.task() != nullptr ? runnable.task()->next_number() : 0});
}

void World::withdraw(Runnable& runnable) noexcept {
  if (const auto queued = std::find_if(
          ready_.begin(), ready_.end(),
          [&](const detail::ReadyEntry& entry) { return entry.runnable == &runnable; });
      queued != ready_.end()) {
    remove_ready(static_cast<std::size_t>(queued - ready_.begin()));
  } else {
    std::erase(settling_, &runnable);
  }
}

void World::task_started(detail::TaskBase& task) {
  task.retain();
  task.previous_task = last_task_;
  task.next_task = nullptr;
  (last_task_ != nullptr ? last_task_->next_task : first_task_) = &task;
  last_task_ = &task;
  ++unfinished_tasks_;
  task_list_ = ++task_lists_;
}

void World::task_finished(detail::TaskBase& task) noexcept {
  (task.previous_task != nullptr ? task.previous_task->next_task : first_task_) = task.next_task;
  (task.next_task != nullptr ? task.next_task->previous_task : last_task_) = task.previous_task;
  --unfinished_tasks_;
  task_list_ = ++task_lists_;
  task.release();
}

std::size_t World::choose(std::size_t alternatives, std::source_location place) {
  if (closing_ || explorer_error_) return 0;
  std::size_t value = 0;
  choosing_value_ = true;
  try {
    const detail::ModelMemory::Scope outside(nullptr);
    value = pick(alternatives);
  } catch (...) {
    // This is inside the model, which might catch it.
    explorer_error_ = std::current_exception();
  }
  choosing_value_ = false;
  if (explorer_error_) throw CheckFailed();
  if (recorder_ != nullptr) {
    const detail::ModelMemory::Scope outside(nullptr);
    recorder_->chosen(running_, value, alternatives, place);
  }
  return value;
}

void World::fail(Failure failure) {
  if (failure_ || closing_) return;
  const detail::ModelMemory::Scope outside(nullptr);
  // A copy: the message was made by the model, in its memory.
  failure_.emplace(Failure{failure.kind, std::string(failure.message), failure.place});
  if (recorder_ != nullptr) recorder_->failed(*failure_, running_);
}

void World::exclude(const void* begin, std::size_t bytes, bool names) {
  if (!memory_->in_use(reinterpret_cast<std::uintptr_t>(begin))) return;
  if (bytes == 0) {
    memory_->exclude_block(begin);
  } else {
    memory_->exclude(begin, bytes, names);
  }
}

void World::arm_timer(Timer& timer, TimePoint deadline) {
  const auto later = [](TimePoint mine, const detail::TimerEntry& other) {
    return mine < other.deadline;
  };
  timers_.insert(std::upper_bound(timers_.begin(), timers_.end(), deadline, later),
                 {&timer, deadline, timer.task()->next_number()});
}

void World::disarm_timer(Timer& timer) noexcept {
  if (const auto found =
          std::find_if(timers_.begin(), timers_.end(),
                       [&](const detail::TimerEntry& entry) { return entry.timer == &timer; });
      found != timers_.end()) {
    timers_.erase(found);
  } else {  // due timers may stand there: in fifo order, or by arm_soon()
    withdraw(timer);
  }
}

}  // namespace cocheck
