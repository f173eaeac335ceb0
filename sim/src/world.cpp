#include "cocheck/world.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <utility>

#include "cocheck/always.hpp"
#include "cocheck/check.hpp"
#include "cocheck/describe.hpp"
#include "cocheck/detail/access_log.hpp"
#include "cocheck/detail/recorder.hpp"
#include "cocheck/detail/step_watcher.hpp"
#include "cocheck/task_handle.hpp"

namespace cocheck {

namespace {

template <class T>
__attribute__((noinline)) void grow(detail::HarnessVector<T>& vector) {
  vector.reserve(std::max(vector.size() * 2, std::size_t{16}));
}

/// push_back() where there is room.
template <class T>
inline void append(detail::HarnessVector<T>& vector, const T& value) {
  assert(vector.size() < vector.capacity());
  if (vector.size() == vector.capacity()) __builtin_unreachable();
  vector.push_back(value);
}

inline Action action_of(const detail::ReadyEntry& entry) {
  Runnable* runnable = entry.runnable;
  const Choice::Kind kind = runnable->kind() == Runnable::Kind::step    ? Choice::Kind::step
                            : runnable->kind() == Runnable::Kind::timer ? Choice::Kind::timer
                                                                        : Choice::Kind::callback;
  return {kind, runnable, runnable->task(), entry.number};
}

/// Clears what the next calls will have their frames in.
__attribute__((noinline)) void clear_stack() noexcept {
  std::array<std::byte, 1024> below;
  below.fill(std::byte{0});
  __asm__ volatile("" : : "r"(below.data()) : "memory");
}

}  // namespace

const void* Action::identity() const noexcept {
  return runnable != nullptr ? runnable->identity() : &task->next_task;
}

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
  errno_ = &errno;
  fifo_ = explorer.order() == Order::fifo;
  picks_forced_ = explorer.picks_forced();
  compares_states_ = explorer.compares_states();
  tracks_accesses_ = explorer.tracks_accesses();
  model_ = &model;
  reset();
  try {
    start(model);
    if (!explorer.drive(*this)) {
      if (fifo_) {
        run_fifo();
      } else if (recorder_ != nullptr) {
        run_any_order<true>();
      } else {
        run_any_order<false>();
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
  state_.steps = 0;
  cut_ = false;
  time_seen_ = names_seen_ = false;
  open_deadlines_ = 0;
  iteration_left_ = 0;
  state_.offered_cancellations = 0;
  state_.cancellations_left = max_cancellations_;
  memory_->begin_execution(explorer_->layout());
}

void World::restart() {
  discard();
  reset();
  start(*model_);
}

void World::end() {
  if (state_.root == nullptr) return;
  conclude();
  close();
}

void World::start(const Model& model) {
  assert(state_.ready.empty() && settling_.empty() && state_.timers.empty() &&
         state_.first_task == nullptr);
  {
    const detail::ModelMemory::Scope inside(memory_.get());
    // The first task is never eager: asyncio starts tasks eagerly only while the loop runs.
    const TaskHandle<> root = create_task(model(), TaskOptions("", false));
    state_.root = &root.state();
    state_.root->retain();
  }
  if (recorder_ != nullptr) recorder_->root_started(*state_.root);
}

inline bool World::root_done() const noexcept {
  return state_.root->done();
}

bool World::stopped() const noexcept {
  return failure_.has_value() || explorer_error_ != nullptr || memory_->exhausted() || root_done();
}

std::size_t World::alternatives_now() {
  return stopped() ? 0 : count_alternatives();
}

std::size_t World::alternatives() {
  while (!stopped()) {
    const std::size_t count = count_alternatives();
    if (count > 0 || state_.timers.empty()) return count;
    move_clock(state_.timers.front().deadline);
  }
  return 0;
}

Action World::action(std::size_t index) const {
  return index < state_.ready.size() ? action_of(state_.ready[index])
                                     : action_behind_ready(index - state_.ready.size());
}

__attribute__((noinline)) Action World::action_behind_ready(std::size_t index) const {
  if (index < state_.offered_timers) {
    Timer* timer = state_.timers[index].timer;
    return {Choice::Kind::timer, timer, timer->task(), state_.timers[index].number};
  }
  index -= state_.offered_timers;
  detail::TaskBase* task = state_.first_task->next_task;
  for (; index > 0; --index) task = task->next_task;
  return {Choice::Kind::cancel, nullptr, task, 0};
}

template <bool kRecorded>
void World::run_any_order() {
  assert(kRecorded == (recorder_ != nullptr));
  while (!stopped()) {
    std::size_t count = count_alternatives();
    if (count == 0) [[unlikely]] {
      count = alternatives();
      if (count == 0) return;
    }
    if (state_.steps == max_steps_) [[unlikely]] {
      cut_ = true;
      return;
    }
    const std::size_t index = pick(count);
    perform<kRecorded>(action(index), index, count);
  }
}

inline void World::perform(Action action, std::size_t index, std::size_t alternatives) {
  if (recorder_ != nullptr) {
    perform<true>(action, index, alternatives);
  } else {
    perform<false>(action, index, alternatives);
  }
}

void World::take(std::size_t index, std::size_t alternatives) {
  assert(index < alternatives);
  if (alternatives > 1) tape_.push_back(static_cast<std::uint32_t>(index));
  perform(action(index), index, alternatives);
}

void World::repeat(std::size_t index, std::size_t alternatives,
                   const detail::LoopEffects& effects) {
  assert(index < state_.ready.size());
  if (alternatives > 1) tape_.push_back(static_cast<std::uint32_t>(index));
  ++state_.steps;
  remove_ready(index);
  state_.ready.insert(state_.ready.end(), effects.posted.begin(), effects.posted.end());
  state_.loop_blocks += static_cast<std::size_t>(effects.loop_blocks);
}

std::optional<detail::LoopEffects> detail::LoopEffects::of(const LoopState& before,
                                                           std::size_t index,
                                                           const LoopState& after) {
  const std::size_t left = before.ready.size() - 1;
  if (index > left || after.ready.size() < left || after.root != before.root ||
      after.cancellations_left != before.cancellations_left || after.timers != before.timers) {
    return std::nullopt;
  }
  for (std::size_t i = 0; i < left; ++i) {
    if (before.ready[i < index ? i : i + 1] != after.ready[i]) return std::nullopt;
  }
  LoopEffects effects;
  effects.posted.assign(after.ready.begin() + static_cast<std::ptrdiff_t>(left), after.ready.end());
  effects.loop_blocks = static_cast<std::ptrdiff_t>(after.loop_blocks) -
                        static_cast<std::ptrdiff_t>(before.loop_blocks);
  return effects;
}

detail::TaskLinks detail::TaskLinks::of(TaskBase& task) noexcept {
  const auto at = [](TaskBase*& link) { return reinterpret_cast<const std::byte*>(&link); };
  TaskLinks links{&task, nullptr, nullptr};
  if (task.previous_task != nullptr) links.to = at(task.previous_task->next_task);
  if (task.next_task != nullptr) links.back = at(task.next_task->previous_task);
  return links;
}

void World::save(detail::LoopSnapshot& snapshot) const {
  assert(settling_.empty());
  snapshot.state = state_;
  snapshot.now = now_;
  snapshot.first_invariant = first_invariant_;
  snapshot.tape_length = tape_.size();
}

void World::restore(const detail::LoopSnapshot& snapshot) {
  state_ = snapshot.state;
  now_ = snapshot.now;
  first_invariant_ = snapshot.first_invariant;
  tape_.resize(snapshot.tape_length);
  settling_.clear();
  failure_.reset();
}

void World::run_fifo() {
  while (!stopped()) {
    if (iteration_left_ == 0) {
      if (state_.ready.empty()) {
        if (state_.timers.empty()) return;
        // One that is overdue, since a step took its time, fires now.
        move_clock(std::max(now_, state_.timers.front().deadline));
      }
      const std::size_t due = count_due_timers();
      for (std::size_t i = 0; i < due; ++i) {
        state_.ready.push_back({state_.timers[i].timer, state_.timers[i].number});
      }
      state_.timers.erase(state_.timers.begin(),
                          state_.timers.begin() + static_cast<std::ptrdiff_t>(due));
      iteration_left_ = state_.ready.size();
    }
    Runnable& next = *state_.ready.front().runnable;
    if (next.kind() == Runnable::Kind::settling) {
      remove_ready(0);
      const detail::ModelMemory::Scope inside(memory_.get());
      next.run();
      continue;
    }
    if (state_.steps == max_steps_) {
      cut_ = true;
      return;
    }
    const std::size_t index = pick(1);
    perform(action(index), index, 1);
  }
}

std::size_t World::count_due_timers() const noexcept {
  std::size_t due = 0;
  while (due < state_.timers.size() && state_.timers[due].deadline <= now_) ++due;
  return due;
}

std::size_t World::count_racing_timers(std::size_t due) const noexcept {
  if (clock_ != Clock::race || due == state_.timers.size()) return 0;
  const TimePoint earliest = state_.timers[due].deadline;
  std::size_t end = due;
  while (end < state_.timers.size() && state_.timers[end].deadline == earliest) ++end;
  return end - due;
}

inline std::size_t World::count_alternatives() noexcept {
  state_.offered_timers = 0;
  if (!state_.timers.empty()) {
    const std::size_t due = count_due_timers();
    state_.offered_timers = due;
    // Where nothing is ready the clock jumps there anyway.
    if (!state_.ready.empty() || due > 0) state_.offered_timers += count_racing_timers(due);
  }
  std::size_t alternatives = state_.ready.size() + state_.offered_timers;
  // Without anything else to do a cancellation is tried only where it can still help: a deadlock
  // stays one, and time may jump first.
  state_.offered_cancellations = alternatives > 0 ? possible_cancellations() : 0;
  return alternatives + state_.offered_cancellations;
}

std::string World::label(const Action& action) const {
  return recorder_ != nullptr ? recorder_->label(action) : std::string();
}

inline std::size_t World::pick(std::size_t alternatives) {
  if (alternatives == 1 && !picks_forced_) return 0;
  const std::size_t choice = explorer_->pick(alternatives, *this);
  assert(choice < alternatives);
  if (alternatives > 1) {
    if (tape_.size() == tape_.capacity()) [[unlikely]]
      grow(tape_);
    append(tape_, static_cast<std::uint32_t>(choice));
  }
  return choice;
}

/// That an execution is recorded costs nothing where it is not.
template <bool kRecorded>
__attribute__((always_inline)) inline void World::perform(Action action, std::size_t index,
                                                          std::size_t alternatives) {
  ++state_.steps;
  if constexpr (kRecorded) {
    const Action copy = action;  // of which the address is taken; `action` stays in registers
    recorder_->begin_action(copy, alternatives, now_);
  }
  if (action.runnable == nullptr) {
    --state_.cancellations_left;
  } else if (index < state_.ready.size()) {
    assert(state_.ready[index].runnable == action.runnable);
    if (action.kind == Choice::Kind::timer) fire(static_cast<Timer&>(*action.runnable));
    remove_ready(index);
  } else {
    take_timer(index - state_.ready.size());
  }
  *errno_ = 0;
  // What is copied with its padding should not depend on what was on the stack before.
  if (compares_states_) clear_stack();
  std::optional<detail::AccessLog::Scope> logging;
  if constexpr (kRecorded)
    recorder_->watch_accesses(logging, *memory_, detail::AccessLog::Range::between(this, this + 1));
  const detail::ModelMemory::Scope inside(memory_.get());
  if (action.runnable == nullptr) [[unlikely]] {
    action.task->cancel({});
  } else {
    acting_ = action.task;
    action.runnable->run();
    acting_ = nullptr;
  }
  if (!settling_.empty()) run_settling();
  if constexpr (kRecorded) {
    logging.reset();
    const detail::ModelMemory::Scope outside(nullptr);
    recorder_->action_ended();
  }
  if (open_deadlines_ > 0) time_seen_ = true;
  if (first_invariant_ != nullptr && !failure_) check_invariants();
  if (memory_->invalid_free()) [[unlikely]]
    fail({FailureKind::misuse, "the model frees memory that is not allocated, or frees it twice",
          state_.root->place()});
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

void World::fire(Timer& timer) noexcept {
  mark_fired(timer);
  if (detail::AccessLog* log = detail::AccessLog::active()) [[unlikely]]
    log->record(&timer, sizeof timer, true, nullptr);
}

void World::take_timer(std::size_t index) noexcept {
  const detail::TimerEntry entry = state_.timers[index];
  fire(*entry.timer);
  state_.timers.erase(state_.timers.begin() + static_cast<std::ptrdiff_t>(index));
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
  state_.ready.erase(state_.ready.begin() + static_cast<std::ptrdiff_t>(index));
  if (index < iteration_left_) --iteration_left_;
}

void World::conclude() {
  if (failure_ || cut_ || memory_->exhausted()) return;
  if (!root_done()) {
    fail({FailureKind::deadlock,
          std::to_string(state_.unfinished_tasks) +
              (state_.unfinished_tasks == 1 ? " task waits" : " tasks wait") +
              " and nothing is left that could wake " +
              (state_.unfinished_tasks == 1 ? "it" : "them"),
          state_.root->place()});
    return;
  }
  const bool cancelled_from_outside = state_.cancellations_left < max_cancellations_;
  if (const std::exception_ptr error = state_.root->exception();
      error != nullptr && !(state_.root->cancelled() && cancelled_from_outside)) {
    fail({FailureKind::exception, describe(error) + " left the model", state_.root->place()});
  } else if (state_.first_task != nullptr) {
    fail({FailureKind::unfinished_task,
          "task " + state_.first_task->id() + " '" + state_.first_task->name() +
              "' was not finished when the model returned: await it, or cancel and await it",
          state_.first_task->place()});
  }
}

void World::close() noexcept {
  if (recorder_ != nullptr) {
    const bool stuck = cut_ || (failure_ && (failure_->kind == FailureKind::deadlock ||
                                             failure_->kind == FailureKind::unfinished_task));
    recorder_->finish(stuck ? state_.first_task : nullptr);
  }
  closing_ = true;
  observer_ = nullptr;
  const detail::ModelMemory::Scope inside(memory_.get());
  for (const detail::ReadyEntry& entry : state_.ready) entry.runnable->abandoned();
  for (Runnable* runnable : settling_) runnable->abandoned();
  state_.ready.clear();
  settling_.clear();
  // First everybody leaves the queues in which they stand, while these are all alive.
  for (detail::TaskBase* task = state_.first_task; task != nullptr; task = task->next_task) {
    if (detail::Awaited* awaited = task->waiting_on()) awaited->abandon();
  }
  for (detail::TaskBase* task = state_.first_task; task != nullptr; task = task->next_task) {
    task->abandon();
  }
  // Children before their parents: they use what lives in the frames of these.
  while (detail::TaskBase* task = state_.last_task) {
    task->destroy_frame();
    task_finished(*task);
  }
  if (detail::TaskBase* root = std::exchange(state_.root, nullptr)) root->release();
  recorder_ = nullptr;
  state_.timers.clear();
  first_invariant_ = nullptr;
  closing_ = false;
}

void World::post(Runnable& runnable) {
  if (watcher_ != nullptr || detail::AccessLog::active() != nullptr) [[unlikely]] {
    post_watched(runnable);
  } else {
    enqueue(runnable);
  }
}

__attribute__((noinline)) void World::post_watched(Runnable& runnable) {
  const detail::AccessLog::Pause pause;
  if (watcher_ != nullptr && !closing_ && !settles(runnable)) watcher_->posted(runnable);
  enqueue(runnable);
}

inline bool World::settles(const Runnable& runnable) const noexcept {
  return runnable.kind() == Runnable::Kind::settling && !fifo_;
}

/// Nothing is kept over a call, so that what happens at every step is short.
__attribute__((always_inline)) inline void World::enqueue(Runnable& runnable) {
  if (closing_) return;
  if (state_.ready.size() == state_.ready.capacity() || settling_.size() == settling_.capacity())
      [[unlikely]] {
    grow_and_enqueue(runnable);
    return;
  }
  if (settles(runnable)) {
    append(settling_, &runnable);
    return;
  }
  const bool named =
      runnable.kind() == Runnable::Kind::callback || runnable.kind() == Runnable::Kind::timer;
  append(state_.ready,
         {&runnable, named && runnable.task() != nullptr ? runnable.task()->next_number() : 0});
}

__attribute__((noinline)) void World::grow_and_enqueue(Runnable& runnable) {
  if (state_.ready.size() == state_.ready.capacity()) grow(state_.ready);
  if (settling_.size() == settling_.capacity()) grow(settling_);
  enqueue(runnable);
}

void World::withdraw(Runnable& runnable) noexcept {
  const detail::AccessLog::Pause pause;
  if (watcher_ != nullptr) [[unlikely]]
    watcher_->withdrawn(runnable);
  if (const auto queued = std::find_if(
          state_.ready.begin(), state_.ready.end(),
          [&](const detail::ReadyEntry& entry) { return entry.runnable == &runnable; });
      queued != state_.ready.end()) {
    remove_ready(static_cast<std::size_t>(queued - state_.ready.begin()));
  } else {
    std::erase(settling_, &runnable);
  }
}

void World::task_started(detail::TaskBase& task) {
  if (watcher_ != nullptr) [[unlikely]] {
    const detail::AccessLog::Pause pause;
    watcher_->started(task);
  }
  task.retain();
  task.previous_task = state_.last_task;
  task.next_task = nullptr;
  (state_.last_task != nullptr ? state_.last_task->next_task : state_.first_task) = &task;
  state_.last_task = &task;
  ++state_.unfinished_tasks;
  state_.task_list = ++task_lists_;
}

void World::task_finished(detail::TaskBase& task) noexcept {
  if (watcher_ != nullptr && !closing_) [[unlikely]] {
    const detail::AccessLog::Pause pause;
    watcher_->finishing(task);
  }
  forget(task);
  task.forgotten_by_loop();
}

void World::forget(detail::TaskBase& task) noexcept {
  (task.previous_task != nullptr ? task.previous_task->next_task : state_.first_task) =
      task.next_task;
  (task.next_task != nullptr ? task.next_task->previous_task : state_.last_task) =
      task.previous_task;
  --state_.unfinished_tasks;
  state_.task_list = ++task_lists_;
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

void World::exclude(const void* begin, std::size_t bytes, Excluded what) {
  if (!memory_->in_use(reinterpret_cast<std::uintptr_t>(begin))) return;
  if (bytes == 0) {
    memory_->exclude_block(begin);
  } else {
    memory_->exclude(begin, bytes, what == Excluded::names);
  }
}

void World::note(const void* word, Access access) noexcept {
  detail::AccessLog* log = detail::AccessLog::active();
  if (log == nullptr || watcher_ == nullptr) return;
  log->note(word, access == Access::write);
  const detail::AccessLog::Pause pause;
  if (access == Access::arrival) watcher_->arrived(word);
  if (access == Access::all_arrived) watcher_->all_arrived(word);
}

void World::arm_timer(Timer& timer, TimePoint deadline) {
  const detail::AccessLog::Pause pause;
  if (watcher_ != nullptr) [[unlikely]]
    watcher_->posted(timer);
  const auto later = [](TimePoint mine, const detail::TimerEntry& other) {
    return mine < other.deadline;
  };
  state_.timers.insert(
      std::upper_bound(state_.timers.begin(), state_.timers.end(), deadline, later),
      {&timer, deadline, timer.task()->next_number()});
}

void World::disarm_timer(Timer& timer) noexcept {
  const detail::AccessLog::Pause pause;
  if (watcher_ != nullptr) [[unlikely]]
    watcher_->withdrawn(timer);
  if (const auto found =
          std::find_if(state_.timers.begin(), state_.timers.end(),
                       [&](const detail::TimerEntry& entry) { return entry.timer == &timer; });
      found != state_.timers.end()) {
    state_.timers.erase(found);
  } else {  // due timers may stand there: in fifo order, or by arm_soon()
    withdraw(timer);
  }
}

}  // namespace cocheck
