#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "cocheck/detail/numbering.hpp"
#include "cocheck/random_stream.hpp"
#include "cocheck/world.hpp"

namespace cocheck::detail {

/// What the samplers that go by priorities have in common: an execution that is taken step by step,
/// with a random priority for each process. A process is a task, a timer or a callback.
///
///     run.begin(world);
///     while (run.look()) run.take(run.unsteered().value_or(run.highest()));
///     run.end();
///
/// Three things are not left to priorities. Cancellations: there is one for each task at each
/// point, so each that may be injected gets a step of its own, drawn from the length that
/// executions have, and hits any task. The first execution, in which that length is not known, is a
/// random walk. And what has become several times as long goes on as one: by priorities a task that
/// polls could starve the one that it waits for.
///
/// Schedules and the values of choose() are drawn from streams of their own. A step costs O(number
/// of alternatives); nothing is allocated once there have been as many processes before.
class SampledRun {
 public:
  using Process = std::uint32_t;

  /// Whether processes keep their numbers from one execution to the next, which takes
  /// Layout::by_process.
  enum class Numbers : std::uint8_t { kept, anew };

  SampledRun(std::uint64_t seed, Numbers numbers) noexcept
      : numbers_(numbers), seeds_(seed), random_(0), values_(0) {}

  /// Before each execution.
  void prepare() noexcept {
    random_ = RandomStream(seeds_.next());
    values_ = RandomStream(seeds_.next());
  }
  [[nodiscard]] RandomStream& random() noexcept { return random_; }
  [[nodiscard]] std::size_t draw_value(std::size_t alternatives) noexcept {
    return values_.below(alternatives);
  }

  /// Gives whether numbers of earlier executions are still those of the same processes.
  bool begin(World& world);
  /// False when the execution has come to its end.
  [[nodiscard]] bool look();
  void take(std::size_t index);
  void end();

  /// One alternative of the present point.
  struct Place {
    const Runnable* runnable = nullptr;
    std::uint32_t number = 0;
    Process process = 0;
  };
  /// The alternatives, cancellations left out.
  [[nodiscard]] std::span<const Place> places() const noexcept { return places_; }
  /// The processes that the last look() saw for the first time in this execution.
  [[nodiscard]] std::span<const Process> appeared() const noexcept { return appeared_; }

  /// The alternative to take if priorities are not to be asked.
  [[nodiscard]] std::optional<std::size_t> unsteered();
  /// The place of the highest priority.
  [[nodiscard]] std::size_t highest() const noexcept;
  /// Whether the alternative is a cancellation.
  [[nodiscard]] bool cancels(std::size_t index) const noexcept { return index >= places_.size(); }
  /// Whose step an alternative is. A cancellation is a step of a process of its own.
  [[nodiscard]] Process process_of(std::size_t index) {
    return cancels(index) ? canceller_of(index) : places_[index].process;
  }
  /// With Numbers::kept: the process of a Runnable with that identity().
  [[nodiscard]] Process process_named(const void* identity) {
    return process_with(reinterpret_cast<std::uintptr_t>(identity));
  }
  /// How many numbers were given so far.
  [[nodiscard]] std::uint32_t numbered() const noexcept { return numbering_.size(); }
  /// What the memory of the model is told: who allocates.
  [[nodiscard]] const void* name_of(std::size_t index) const;

  [[nodiscard]] std::uint64_t priority(Process process) const noexcept {
    return records_[process].priority;
  }
  void set_priority(Process process, std::uint64_t priority) noexcept {
    records_[process].priority = priority;
  }
  /// Priorities that are drawn lie above kLowest.
  static constexpr std::uint64_t kLowest = std::uint64_t{1} << 32;
  void redraw(Process process) noexcept { records_[process].priority = random_.next() | kLowest; }
  /// How many steps a process has taken in this execution.
  [[nodiscard]] std::uint32_t step_of(Process process) const noexcept {
    return records_[process].steps;
  }

  [[nodiscard]] World& world() const noexcept { return *world_; }
  /// Whether this execution is a random walk from its first step on.
  [[nodiscard]] bool walks() const noexcept { return walk_from_ == 0; }
  /// Makes it one; before the first step.
  void walk() noexcept { walk_from_ = 0; }
  /// How many steps an execution may be expected to have at the most, 0 before the first.
  [[nodiscard]] std::uint64_t length() const noexcept { return length_; }
  /// How many one had at the most.
  [[nodiscard]] std::uint64_t longest() const noexcept { return longest_; }
  /// The most processes that there were in one execution.
  [[nodiscard]] std::uint32_t processes() const noexcept { return most_processes_; }

 private:
  struct Record {
    std::uint64_t priority = 0;
    std::uint32_t execution = 0;  // in which it was last seen
    std::uint32_t steps = 0;
  };

  void plan_cancellations();
  [[nodiscard]] std::uint64_t key_of(const Runnable& runnable, std::uint32_t number) const;
  [[nodiscard]] Process process_with(std::uint64_t key);
  [[nodiscard]] Process canceller_of(std::size_t index);

  Numbers numbers_;
  RandomStream seeds_;
  RandomStream random_;
  RandomStream values_;
  World* world_ = nullptr;
  Numbering numbering_;
  std::vector<Record> records_;
  std::vector<Place> places_;
  std::vector<Process> appeared_;
  std::vector<std::uint64_t> cancellations_;  // the steps of those to come, the next one last
  std::size_t alternatives_ = 0;
  std::uint64_t walk_from_ = 0;
  std::uint64_t walked_ = 0;  // the longest random walk
  std::uint64_t length_ = 0;
  std::uint64_t longest_ = 0;
  std::uint64_t layouts_ = 0;
  const ModelMemory* memory_ = nullptr;
  std::uint32_t execution_ = 0;
  std::uint32_t seen_ = 0;  // processes in this execution
  std::uint32_t most_processes_ = 0;
};

}  // namespace cocheck::detail
