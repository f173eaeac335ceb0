#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cocheck/failure.hpp"
#include "cocheck/schedule.hpp"

namespace cocheck {

/// What a search over states has seen.
struct StateStatistics {
  std::uint64_t states = 0;
  std::uint64_t steps = 0;
  std::uint64_t bytes = 0;    ///< that the search itself needed
  bool folded = false;        ///< whether states with equal tasks in each other's places were one
  bool endless = false;       ///< whether there are cycles: then there is no number of schedules
  long double schedules = 0;  ///< how many schedules the states stand for, if all were seen
};

/// How it was audited that all is known that steps touch: see docs/dpor.md.
struct AuditStatistics {
  std::uint64_t breakpoints = 0;   ///< that were met
  std::uint64_t instructions = 0;  ///< of libraries, that were executed one by one
  std::uint64_t nanoseconds = 0;   ///< that this took, about
};

/// What a search has shown. It claims no more than was done, and names every limit that was hit.
struct [[nodiscard]] Verdict {
  enum class Kind : std::uint8_t {
    proved,         ///< every schedule there is passes
    proved_within,  ///< every schedule within `bound` passes
    sampled,        ///< some schedules were run and pass; others may fail
    failed,         ///< `failure`, and `recording` has the schedule
    inconclusive,   ///< `reason` says why nothing can be claimed
  };

  /// How many executions an explorer made.
  struct Share {
    std::string strategy;
    std::uint64_t executions = 0;
    std::uint64_t states = 0;  ///< for `states`, which makes no executions one by one
    /// For `pct` alone: how likely at least each one shows a bug of the depth in the name.
    double chance = 0;
  };

  /// A failure of a model that passes, which only a loop that is late can cause.
  struct Fragile {
    std::chrono::nanoseconds lag{0};  ///< that it takes; kAnyLag where no number is enough
    bool smallest = false;            ///< whether it is known to pass with any smaller one
    Failure failure;
    Recording recording;  ///< at that lag
  };

  Kind kind = Kind::inconclusive;
  std::string bound;   ///< of proved_within, such as "at most 1 injected cancellation"
  std::string reason;  ///< of inconclusive
  std::vector<Share> shares;
  std::uint64_t executions = 0;
  std::uint64_t distinct = 0;      ///< of `executions`, those with different schedules
  bool distinct_at_least = false;  ///< whether counting them stopped before the end
  std::uint64_t failing =
      0;                    ///< how many executions failed; more than 1 only with !stop_at_failure
  std::uint64_t cut = 0;    ///< how many were stopped at Options::max_steps
  std::uint64_t steps = 0;  ///< actions over all executions
  /// Where the strategy `states` was used: what it saw.
  std::optional<StateStatistics> states;
  /// Where the strategy `dpor` was used.
  std::optional<AuditStatistics> audit;
  std::uint64_t seed = 0;
  /// How late the loop could be in all that was run, if that is a bound: where timers were armed,
  /// and it was limited.
  std::optional<std::chrono::nanoseconds> lag;
  /// Of failed: how late the loop is in the schedule found.
  std::chrono::nanoseconds lateness{0};
  /// With Options::seek_lag: what a late loop breaks; or else, if that was sought, a sentence that
  /// says what was shown.
  std::optional<Fragile> fragile;
  std::string margin;
  /// What a proof rests on and was not checked, in words.
  std::vector<std::string> notes;
  /// Limits that ended the search before it was complete, in words.
  std::vector<std::string> limits;
  std::optional<Failure> failure;
  /// The schedule and trace of the failure, or of an execution that was cut.
  std::optional<Recording> recording;

  /// Whether nothing is wrong: proved, proved_within or sampled.
  [[nodiscard]] bool passed() const noexcept {
    return kind != Kind::failed && kind != Kind::inconclusive;
  }

  /// A few sentences: the verdict, what it rests on and which limits it has.
  [[nodiscard]] std::string summary() const;

  /// Of `fragile`, which must be there: "fragile: breaks when the loop is 2 ms late: check failed:
  /// ...", without a full stop.
  [[nodiscard]] std::string fragility() const;

  /// The summary and, where there is a recording, its table and the line that replays it.
  [[nodiscard]] std::string report() const;
};

[[nodiscard]] const char* to_string(Verdict::Kind kind) noexcept;

}  // namespace cocheck
