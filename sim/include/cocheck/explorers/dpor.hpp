#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cocheck/detail/access_log.hpp"
#include "cocheck/detail/happens_before.hpp"
#include "cocheck/detail/pick_order.hpp"
#include "cocheck/detail/undo_log.hpp"
#include "cocheck/explorer.hpp"
#include "cocheck/world.hpp"

namespace cocheck {

/// One execution of each class: of all executions that differ only in the order of steps that do
/// not depend on each other, it makes one.
///
/// Optimal dynamic partial-order reduction of Abdulla, Aronis, Jonsson and Sagonas (JACM 2017): at
/// the end of an execution, for each conflict of two steps that could have come the other way
/// round, the sequence that leads to that is added where it must branch off, unless what branches
/// off there already leads to it. Sleep sets keep classes from being met again. A step depends on
/// another by what it touched, so the model has to be instrumented.
///
/// A step that draws values with choose() is one of several, and none of them stands for another.
/// Goes back by an undo log. Memory O(depth * (what steps touch and change)).
class DporExplorer final : public Explorer {
 public:
  struct Limits {
    std::uint64_t executions = ~std::uint64_t{0};
    std::optional<std::chrono::steady_clock::time_point> deadline = std::nullopt;
    std::size_t undo_bytes = std::size_t{1} << 30;
  };

  /// Which step is taken where nothing says so; what is found does not depend on it.
  enum class FirstPick : std::uint8_t {
    first,
    last,
    random,
    /// First one that is known to conflict with none, then by detail::PickOrder. The fewest steps
    /// in all.
    by_priority,
  };

  /// One step of a process: its first, second... counted from 0.
  struct StepOf {
    const void* process = nullptr;  ///< its address, the same in all executions of a World
    std::uint32_t ordinal = 0;

    friend bool operator==(const StepOf&, const StepOf&) = default;
  };
  /// That one step comes before another one, or the other one never.
  struct StepOrder {
    StepOf first;
    StepOf second;
    bool counts_neither = true;  ///< whether executions count in which neither comes
  };

  /// What a search has learned of which steps to take first.
  struct Picks {
    std::vector<const void*> processes;  ///< in the order of their numbers
    detail::PickOrder order{1};
  };

  struct Settings {
    bool stop_at_failure = true;
    bool reduce = true;           ///< false: every interleaving, to count the classes
    bool counts_classes = false;  ///< whether classes() is wanted
    FirstPick first_pick = FirstPick::first;
    std::uint64_t seed = 1;
    std::optional<Picks> picks = std::nullopt;  ///< of another search of the model in this World
    bool repeats_steps = true;                  ///< false: all are executed; see detail::KnownSteps
    bool checks_repeated = false;       ///< for tests: these are executed, too, and compared
    std::uint64_t ignored_modulus = 0;  ///< for tests: see HappensBefore::ignore_words()
    std::uint64_t ignored_remainder = 0;
    /// Only executions in which these hold are made. With both orders of two steps that always
    /// conflict the classes fall into two parts, if one of them alone counts those without either.
    std::vector<StepOrder> orders = {};
    /// Whether steps that leave errno and such as read it depend on each other.
    bool logs_errno = false;
    bool counts_conflicts = false;                      ///< whether conflicts() is wanted
    std::function<void(const World&)> on_end = {};      ///< after each execution
    std::function<void(const World&)> on_failure = {};  ///< after each that failed
    std::function<void(const DporExplorer&)> on_progress = {};
  };

  enum class End : std::uint8_t {
    exhausted,
    failure,
    out_of_executions,
    out_of_time,
    too_deep,  ///< an execution has Options::max_steps steps
    out_of_memory,
    leaves_memory,
    outside,           ///< steps change something outside of the memory of the model
    not_instrumented,  ///< a step changed what others use, and no instrumented code did it
    clock_moved,       ///< time passed within a step
    shares_errno,      ///< a step leaves another errno, and one reads it: see Settings::logs_errno
    no_conflict,       ///< two steps of Settings::orders do not conflict
  };

  DporExplorer();
  DporExplorer(Limits limits, Settings settings);
  ~DporExplorer() override;

  bool next() override;
  std::size_t pick(std::size_t alternatives, const World& world) override;
  bool drive(World& world) override;
  [[nodiscard]] bool tracks_accesses() const noexcept override { return true; }
  [[nodiscard]] detail::ModelMemory::Layout layout() const noexcept override {
    return detail::ModelMemory::Layout::by_process;
  }
  [[nodiscard]] bool exhausted() const noexcept override { return end_ == End::exhausted; }

  [[nodiscard]] End end() const noexcept { return end_; }
  /// Executions that came to their end: one for each class.
  [[nodiscard]] std::uint64_t executions() const noexcept { return executions_; }
  /// Executions that were given up since all that could happen leads to what was seen. Only where
  /// what a step touches depends on others can there be some.
  [[nodiscard]] std::uint64_t blocked() const noexcept { return blocked_; }
  [[nodiscard]] std::uint64_t failing() const noexcept { return failing_; }
  [[nodiscard]] std::uint64_t steps() const noexcept { return steps_; }
  /// How many of these were known, and not executed.
  [[nodiscard]] std::uint64_t repeated() const noexcept { return repeated_; }
  /// With Settings::checks_repeated: how many would have done something else.
  [[nodiscard]] std::uint64_t wrongly_repeated() const noexcept { return wrongly_repeated_; }
  /// About which part of the search is done, from 0 to 1: each point of the present execution
  /// shares what is left between the branches that are known (weighted backtracking).
  [[nodiscard]] double progress() const;
  /// The classes of the executions, sorted; with Settings::counts_classes.
  [[nodiscard]] std::vector<detail::Fingerprint> classes() const;
  /// Two steps of which one was reversed with the other, and how often they came in an execution
  /// with or without a conflict.
  struct Conflict {
    StepOf one;
    StepOf other;
    std::uint64_t conflicts = 0;
    std::uint64_t without = 0;
  };
  /// With Settings::counts_conflicts: those of the first execution, in its order.
  [[nodiscard]] const std::vector<Conflict>& conflicts() const noexcept { return conflicts_; }
  /// When the search has ended.
  [[nodiscard]] const Picks& picks() const noexcept { return picks_; }
  /// With End::outside: what was changed, by which instruction.
  [[nodiscard]] const std::optional<detail::AccessLog::Outside>& outside() const noexcept {
    return outside_;
  }

 private:
  class Driver;

  Limits limits_;
  Settings settings_;
  std::vector<detail::Fingerprint> classes_;
  std::vector<Conflict> conflicts_;
  Picks picks_;
  std::optional<detail::AccessLog::Outside> outside_;
  Driver* driver_ = nullptr;  // while a search runs
  std::uint64_t executions_ = 0;
  std::uint64_t blocked_ = 0;
  std::uint64_t failing_ = 0;
  std::uint64_t steps_ = 0;
  std::uint64_t repeated_ = 0;
  std::uint64_t wrongly_repeated_ = 0;
  End end_ = End::exhausted;
  bool started_ = false;
};

}  // namespace cocheck
