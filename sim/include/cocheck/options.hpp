#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cocheck {

/// Which explorer decides.
enum class Strategy : std::uint8_t {
  automatic,   ///< fifo once, then states and dpor within a budget, then all samplers
  fifo,        ///< asyncio's own order, one execution
  exhaustive,  ///< every interleaving, depth first
  states,      ///< every reachable state once; needs cocheck::memory
  dpor,        ///< one execution of each class of equivalent ones; needs instrumented code
  random,      ///< uniform over what can happen next, seeded
  pct,         ///< by random priorities that drop a few times, seeded
  surw,        ///< all orders of the steps on one object alike, seeded; needs instrumented code
  pos,         ///< by random priorities that conflicts renew, seeded; needs instrumented code
};

/// When time moves: the two ends of Options::lag, by name.
enum class Clock : std::uint8_t {
  idle,  ///< kNoLag: only when nothing is ready; it jumps to the next deadline
  race,  ///< kAnyLag: the next timers may also fire while tasks are ready, so a timeout can hit
         ///< anywhere
};

/// How late a loop may be, for Options::lag: never, and without limit.
inline constexpr std::chrono::nanoseconds kNoLag{0};
inline constexpr std::chrono::nanoseconds kAnyLag = std::chrono::nanoseconds::max();

/// What to explore, how and for how long.
struct Options {
  Strategy strategy = Strategy::automatic;
  std::uint64_t seed = 1;
  /// How many executions at the most, over all strategies; those that shrink a failure come on top.
  std::uint64_t max_executions = 10'000;
  /// How many states the strategy `states` may keep; each takes some 80 bytes.
  std::uint64_t max_states = 100'000'000;
  /// How many actions one execution may take. More are a failure: perhaps a livelock.
  std::uint64_t max_steps = 100'000;
  /// How much real time the search may take; asked between executions.
  std::optional<std::chrono::milliseconds> max_time = std::nullopt;
  /// How much processor time a step may take. One that takes more spins, which is a failure; so is
  /// one that waits so long outside of the model, as for a file. 0: as long as it likes.
  std::chrono::milliseconds step_time{5'000};
  /// How many bytes the model may have allocated at the same time.
  std::size_t memory_limit = std::size_t{1} << 30;
  /// How late the loop may be. The next timers may fire while something is ready, as long as
  /// nothing is ready for longer than that; they always fire in the order of their deadlines, equal
  /// ones in any order. If it is not given, `clock` says it.
  std::optional<std::chrono::nanoseconds> lag = std::nullopt;
  Clock clock = Clock::idle;
  /// Whether `automatic`, where neither `lag` nor Clock::race is given and the model passes, goes
  /// on to look for the smallest lag that breaks it: see Verdict::fragile. It takes up to a quarter
  /// of max_executions and max_time on top.
  bool seek_lag = true;
  /// Up to how many cancellations the explorer injects, at any point of any task but the first.
  std::uint32_t cancellations = 0;
  /// Whether every await of a primitive is preceded by a suspension, unless it is known to suspend
  /// anyway, so that code cannot rely on fast paths.
  bool always_suspend = false;
  /// Whether new tasks run their first step at once, as with asyncio's eager task factory.
  bool eager_tasks = false;
  /// Whether `states` looks at states in the order of how many steps they are away, so that the
  /// first failure is one of the shortest; it then takes more time.
  bool breadth_first = false;
  /// Whether `states` takes states for the same that differ only in which of several equal tasks is
  /// where.
  bool fold = true;
  /// In how many processes `dpor` and the samplers search, from max_executions = 20,000 on; 0: one
  /// for each core. A search that ends by itself has the same verdict with any, but for its steps
  /// and for which failing schedule `dpor` finds; one that max_time or, in `dpor`, max_executions
  /// ends may have seen others. What the model writes outside of itself in others is lost.
  std::size_t jobs = 0;
  /// Whether the first failure ends the search. If not, all failing executions are counted.
  bool stop_at_failure = true;
  /// Whether a failing schedule is made small.
  bool shrink = true;
  /// A schedule to replay instead of searching: the path of a schedule file or the one-line form.
  std::string replay = {};
  /// The full name of the test and the program it is in, for the schedule file.
  std::string test = {};
  std::string program = {};

  /// By `lag`, or else by `clock`.
  [[nodiscard]] std::chrono::nanoseconds loop_lag() const noexcept {
    return lag.value_or(clock == Clock::race ? kAnyLag : kNoLag);
  }
};

[[nodiscard]] const char* to_string(Strategy strategy) noexcept;
[[nodiscard]] const char* to_string(Clock clock) noexcept;

/// The strategy or clock of that name ("auto", "fifo", "exhaustive", "states", "dpor", "random",
/// "pct", "pos", "surw"; "idle", "race"). Throws ValueError with the names there are.
[[nodiscard]] Strategy parse_strategy(std::string_view name);
[[nodiscard]] Clock parse_clock(std::string_view name);

/// A lag as parse_lag() reads it: "0", "10ms", "1500us", "any".
[[nodiscard]] std::string lag_to_string(std::chrono::nanoseconds lag);

/// "0", a whole number with ns, us, ms or s, or "any" or "infinite". Throws ValueError that says
/// so.
[[nodiscard]] std::chrono::nanoseconds parse_lag(std::string_view text);

/// Exactly, in the largest unit that needs no fraction: "2 ms", "1500 us".
[[nodiscard]] std::string time_in_words(std::chrono::nanoseconds time);

/// A lag as a bound of what is claimed: "for a loop that is at most 10 ms late"; "" for kAnyLag,
/// which is none.
[[nodiscard]] std::string lag_in_words(std::chrono::nanoseconds lag);

}  // namespace cocheck
