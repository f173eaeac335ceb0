#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <source_location>
#include <span>
#include <string>
#include <vector>

#include "cocheck/detail/harness_allocator.hpp"
#include "cocheck/detail/model_memory.hpp"
#include "cocheck/explorer.hpp"
#include "cocheck/loop.hpp"
#include "cocheck/options.hpp"
#include "cocheck/schedule.hpp"
#include "cocheck/task.hpp"

namespace cocheck {

namespace detail {
class Recorder;
class StepWatcher;

/// What is ready, and the number that names it if it is a callback or a timer.
struct ReadyEntry {
  Runnable* runnable;
  std::uint32_t number;

  friend bool operator==(const ReadyEntry&, const ReadyEntry&) = default;
};

struct TimerEntry {
  Timer* timer;
  TimePoint deadline;
  std::uint32_t number;

  friend bool operator==(const TimerEntry&, const TimerEntry&) = default;
};

/// What a world keeps of an execution from one action to the next, apart from the memory of the
/// model.
struct LoopState {
  HarnessVector<ReadyEntry> ready;   // in the order of posting
  HarnessVector<TimerEntry> timers;  // by deadline, then by arming
  TaskBase* root = nullptr;          // retained
  TaskBase* first_task = nullptr;
  TaskBase* last_task = nullptr;
  std::size_t unfinished_tasks = 0;
  std::uint64_t task_list = 0;  // names the list of unfinished tasks
  std::size_t loop_blocks = 0;
  std::size_t offered_timers = 0;  // how many of `timers` are alternatives now
  std::size_t offered_cancellations = 0;
  std::uint64_t steps = 0;
  std::uint32_t cancellations_left = 0;
};

/// What an action did to the loop, apart from the memory of the model.
struct LoopEffects {
  HarnessVector<ReadyEntry> posted;
  std::ptrdiff_t loop_blocks = 0;  // more than before

  /// Those of a step or callback that stood at `index` of what was ready; nothing if it did more
  /// than can be said here.
  [[nodiscard]] static std::optional<LoopEffects> of(const LoopState& before, std::size_t index,
                                                     const LoopState& after);
};

/// A task that leaves the list of unfinished ones, and the words of memory that change with that.
struct TaskLinks {
  TaskBase* task = nullptr;
  const std::byte* to = nullptr;    // in the task before it, if there is one
  const std::byte* back = nullptr;  // in the task behind it

  [[nodiscard]] static TaskLinks of(TaskBase& task) noexcept;
};

/// All that restoring memory alone does not bring back.
struct LoopSnapshot {
  LoopState state;
  TimePoint now{};
  Invariant* first_invariant = nullptr;
  std::size_t tape_length = 0;
};
}  // namespace detail

/// What is explored: called once for each execution, it gives the first task. It must build anew
/// all that it uses; what outlives an execution makes the next one different.
using Model = std::function<Task<>()>;

/// What can happen next in a world.
struct Action {
  Choice::Kind kind = Choice::Kind::step;
  Runnable* runnable = nullptr;      ///< null for a cancellation
  detail::TaskBase* task = nullptr;  ///< whose id names the action
  std::uint32_t number = 0;          ///< of a timer or callback, else 0

  /// Runnable::identity(), and likewise for the cancellations of a task.
  [[nodiscard]] const void* identity() const noexcept;
};

/// One execution after the other of a model: the loop that the primitives run on, with its virtual
/// clock, its memory and its tape.
///
/// Between two actions an explorer is asked which comes next. What the loop keeps of an execution
/// is gone before the next begins. A world belongs to one thread.
///
/// While the model runs, and where operator new is replaced (cocheck::memory), all that it
/// allocates comes from the memory of the world.
class World final : public Loop {
 public:
  explicit World(const Options& options);
  ~World();

  /// Runs `model` once. With a recorder it also writes down what happens.
  void run(const Model& model, Explorer& explorer, detail::Recorder* recorder = nullptr);

  /// What was wrong with the last execution.
  [[nodiscard]] const std::optional<Failure>& failure() const noexcept { return failure_; }
  /// Whether the last execution was stopped at Options::max_steps.
  [[nodiscard]] bool cut() const noexcept { return cut_; }
  /// The alternatives taken, one for each point that had several.
  [[nodiscard]] std::span<const std::uint32_t> tape() const noexcept { return tape_; }
  /// How many actions it took.
  [[nodiscard]] std::uint64_t steps() const noexcept { return state_.steps; }
  /// Blocks of memory that the model still holds: more than 0 after an execution means that a task
  /// or a handle outlives it.
  [[nodiscard]] std::size_t blocks_held() const noexcept { return state_.loop_blocks; }
  /// Whether the last execution was stopped since it wanted more than Options::memory_limit.
  [[nodiscard]] bool out_of_memory() const noexcept { return memory_->exhausted(); }

  /// Lets time pass inside a step, as a slow computation would.
  void advance(Duration duration);

  // For explorers that drive the world themselves; see Explorer::drive().

  /// How many alternatives there are; 0 when the execution has ended. Time passes if it must.
  [[nodiscard]] std::size_t alternatives();
  /// The same without time passing: 0 also where only that can happen.
  [[nodiscard]] std::size_t alternatives_now();
  /// Nothing else can happen: the clock moves to the next deadline.
  void pass_time() { move_clock(state_.timers.front().deadline); }
  /// Whether nothing can happen any more, whatever is ready.
  [[nodiscard]] bool stopped() const noexcept;
  /// How many cancellations could be injected if something else could happen.
  [[nodiscard]] std::size_t possible_cancellations() const noexcept {
    return state_.cancellations_left > 0 ? state_.unfinished_tasks - 1 : 0;
  }
  /// Takes one of them.
  void take(std::size_t index, std::size_t alternatives);
  /// Does to the loop what an action did before that stood among what is ready; memory, and to
  /// forget() tasks, is the business of the caller.
  void repeat(std::size_t index, std::size_t alternatives, const detail::LoopEffects& effects);
  /// Takes a task that has ended out of the list.
  void forget(detail::TaskBase& task) noexcept;
  /// The execution ends here since it has taken max_steps() actions.
  void cut_short() noexcept { cut_ = true; }
  /// Looks at how the execution has ended, and destroys what is left of it.
  void end();
  /// Destroys what is left of an execution that was not led to its end.
  void discard() { close(); }
  /// The same, and begins the execution again.
  void restart();
  /// Who is told what steps do to the loop; null: nobody.
  void set_watcher(detail::StepWatcher* watcher) noexcept { watcher_ = watcher; }
  [[nodiscard]] const detail::LoopState& state() const noexcept { return state_; }
  /// What memory does not hold; restoring it also forgets a failure.
  void save(detail::LoopSnapshot& snapshot) const;
  void restore(const detail::LoopSnapshot& snapshot);
  [[nodiscard]] detail::ModelMemory& memory() noexcept { return *memory_; }
  [[nodiscard]] const detail::TaskBase* root() const noexcept { return state_.root; }
  [[nodiscard]] std::span<const detail::ReadyEntry> ready() const noexcept { return state_.ready; }
  [[nodiscard]] std::span<const detail::TimerEntry> timers() const noexcept {
    return state_.timers;
  }
  [[nodiscard]] detail::TaskBase* first_task() const noexcept { return state_.first_task; }
  /// Names the list of unfinished tasks: another number, another list.
  [[nodiscard]] std::uint64_t task_list() const noexcept { return state_.task_list; }
  [[nodiscard]] std::uint64_t max_steps() const noexcept { return max_steps_; }
  [[nodiscard]] std::uint32_t cancellations_left() const noexcept {
    return state_.cancellations_left;
  }
  [[nodiscard]] bool time_seen() const noexcept { return time_seen_; }
  [[nodiscard]] bool names_seen() const noexcept { return names_seen_; }

  /// For explorers, in pick(): what alternative `index` is. Not for the values of a choose().
  [[nodiscard]] Action action(std::size_t index) const;
  /// In pick(): how many of the alternatives, the last ones, are cancellations.
  [[nodiscard]] std::size_t cancellations_offered() const noexcept {
    return choosing_value_ ? 0 : state_.offered_cancellations;
  }
  /// In pick() of an execution that is recorded: what its task is about to do, such as "start" or
  /// "resume lock.acquire".
  [[nodiscard]] std::string label(const Action& action) const;
  /// In pick(): whether the alternatives are the values of a choose() of the running task.
  [[nodiscard]] bool choosing_value() const noexcept { return choosing_value_; }

  // Loop
  void post(Runnable& runnable) override;
  void withdraw(Runnable& runnable) noexcept override;
  void task_started(detail::TaskBase& task) override;
  void task_finished(detail::TaskBase& task) noexcept override;
  std::size_t choose(std::size_t alternatives, std::source_location place) override;
  void fail(Failure failure) override;
  [[nodiscard]] void* allocate(std::size_t bytes) override {
    ++state_.loop_blocks;
    return memory_->allocate_named(bytes);
  }
  void deallocate(void* memory, std::size_t) noexcept override {
    --state_.loop_blocks;
    memory_->deallocate_named(memory);
  }

 protected:
  void exclude(const void* begin, std::size_t bytes, Excluded what) override;
  void note(const void* word, Access access) noexcept override;
  void arm_timer(Timer& timer, TimePoint deadline) override;
  void disarm_timer(Timer& timer) noexcept override;

 private:
  void reset();
  void start(const Model& model);
  /// Takes actions until nothing can happen or the execution has failed.
  template <bool kRecorded>
  void run_any_order();
  void run_fifo();
  /// Takes alternative `index`.
  template <bool kRecorded>
  void perform(Action action, std::size_t index, std::size_t alternatives);
  void perform(Action action, std::size_t index, std::size_t alternatives);
  void post_watched(Runnable& runnable);
  void enqueue(Runnable& runnable);
  void grow_and_enqueue(Runnable& runnable);
  /// Whether it runs at the end of the step.
  [[nodiscard]] bool settles(const Runnable& runnable) const noexcept;
  void run_settling();
  void check_invariants();
  void conclude();
  void close() noexcept;

  [[nodiscard]] std::size_t pick(std::size_t alternatives);
  /// Where `index` counts from the first timer on.
  [[nodiscard]] Action action_behind_ready(std::size_t index) const;
  [[nodiscard]] std::size_t count_alternatives() noexcept;
  [[nodiscard]] std::size_t count_due_timers() const noexcept;
  [[nodiscard]] std::size_t count_racing_timers(std::size_t due) const noexcept;
  [[nodiscard]] bool root_done() const noexcept;
  void move_clock(TimePoint time);
  void fire(Timer& timer) noexcept;
  void take_timer(std::size_t index) noexcept;
  void remove_ready(std::size_t index) noexcept;

  detail::ModelMemory::Handle memory_;
  detail::LoopState state_;
  detail::HarnessVector<Runnable*> settling_;  // runs at the end of the step
  detail::HarnessVector<std::uint32_t> tape_;
  const Model* model_ = nullptr;
  int* errno_ = nullptr;  // of this thread; 0 when a step begins, so that none depends on it
  Explorer* explorer_ = nullptr;
  detail::Recorder* recorder_ = nullptr;
  detail::StepWatcher* watcher_ = nullptr;
  std::optional<Failure> failure_;
  std::exception_ptr explorer_error_;  // of a pick() inside the model
  std::uint64_t task_lists_ = 0;       // that there have been
  std::size_t iteration_left_ = 0;     // in fifo order: what still belongs to this iteration
  std::uint64_t max_steps_;
  std::uint32_t max_cancellations_;
  Clock clock_;
  bool fifo_ = false;
  bool cut_ = false;
  bool picks_forced_ = false;
  bool choosing_value_ = false;
};

}  // namespace cocheck
