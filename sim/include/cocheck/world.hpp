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

#include "cocheck/detail/memory_pool.hpp"
#include "cocheck/explorer.hpp"
#include "cocheck/loop.hpp"
#include "cocheck/options.hpp"
#include "cocheck/schedule.hpp"
#include "cocheck/task.hpp"

namespace cocheck {

namespace detail {
class Recorder;
}

/// What is explored: called once for each execution, it gives the first task. It must build anew
/// all that it uses; what outlives an execution makes the next one different.
using Model = std::function<Task<>()>;

/// What can happen next in a world.
struct Action {
  Choice::Kind kind = Choice::Kind::step;
  Runnable* runnable = nullptr;      ///< null for a cancellation
  detail::TaskBase* task = nullptr;  ///< whose id names the action
  std::uint32_t number = 0;          ///< of a timer or callback, else 0
};

/// One execution after the other of a model: the loop that the primitives run on, with its virtual
/// clock, its memory and its tape.
///
/// Between two actions an explorer is asked which comes next. What the loop keeps of an execution
/// is gone before the next begins. A world belongs to one thread.
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
  [[nodiscard]] std::uint64_t steps() const noexcept { return steps_; }
  /// Blocks of memory that the model still holds: more than 0 after an execution means that a task
  /// or a handle outlives it.
  [[nodiscard]] std::size_t blocks_held() const noexcept { return pool_.outstanding(); }

  /// Lets time pass inside a step, as a slow computation would.
  void advance(Duration duration);

  /// For explorers, in pick(): what alternative `index` is. Not for the values of a choose().
  [[nodiscard]] Action action(std::size_t index) const;
  /// In pick(): how many of the alternatives, the last ones, are cancellations.
  [[nodiscard]] std::size_t cancellations_offered() const noexcept {
    return choosing_value_ ? 0 : offered_cancellations_;
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
  [[nodiscard]] void* allocate(std::size_t bytes) override { return pool_.allocate(bytes); }
  void deallocate(void* memory, std::size_t bytes) noexcept override {
    pool_.deallocate(memory, bytes);
  }

 protected:
  void arm_timer(Timer& timer) override;
  void disarm_timer(Timer& timer) noexcept override;

 private:
  class Closing;

  void start(const Model& model);
  /// Takes actions until nothing can happen or the execution has failed.
  void run_any_order();
  void run_fifo();
  /// Takes alternative `index`.
  void perform(const Action& action, std::size_t index, std::size_t alternatives);
  void run_settling();
  void conclude();
  void close() noexcept;

  [[nodiscard]] std::size_t pick(std::size_t alternatives);
  [[nodiscard]] std::size_t count_alternatives() noexcept;
  [[nodiscard]] std::size_t count_due_timers() const noexcept;
  [[nodiscard]] std::size_t count_racing_timers(std::size_t due) const noexcept;
  [[nodiscard]] bool root_done() const noexcept;
  [[nodiscard]] bool stopped() const noexcept;
  void move_clock(TimePoint time);
  void take_timer(Timer& timer) noexcept;
  void remove_ready(std::size_t index) noexcept;

  detail::MemoryPool pool_;
  std::vector<Runnable*> ready_;     // in the order of posting
  std::vector<Runnable*> settling_;  // runs at the end of the step
  std::vector<Timer*> timers_;       // by deadline, then by arming
  std::vector<std::uint32_t> tape_;
  Explorer* explorer_ = nullptr;
  detail::Recorder* recorder_ = nullptr;
  std::optional<Failure> failure_;
  std::exception_ptr explorer_error_;  // of a pick() inside the model
  detail::Reference<detail::TaskBase> root_;
  detail::TaskBase* first_task_ = nullptr;
  detail::TaskBase* last_task_ = nullptr;
  std::size_t unfinished_tasks_ = 0;
  std::size_t iteration_left_ = 0;  // in fifo order: what still belongs to this iteration
  std::size_t offered_timers_ = 0;  // how many of timers_ are alternatives now
  std::size_t offered_cancellations_ = 0;
  std::uint64_t steps_ = 0;
  std::uint64_t max_steps_;
  std::uint32_t cancellations_left_ = 0;
  std::uint32_t max_cancellations_;
  Clock clock_;
  bool fifo_ = false;
  bool cut_ = false;
  bool picks_forced_ = false;
  bool choosing_value_ = false;
};

}  // namespace cocheck
