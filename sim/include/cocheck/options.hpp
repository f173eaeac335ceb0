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

/// When time moves.
enum class Clock : std::uint8_t {
  idle,  ///< only when nothing is ready: it jumps to the next deadline
  race,  ///< the next timers may also fire while tasks are ready, so a timeout can hit anywhere
};

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
  /// How many bytes the model may have allocated at the same time.
  std::size_t memory_limit = std::size_t{1} << 30;
  Clock clock = Clock::idle;
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
  /// In how many processes `dpor` and the samplers search, where max_executions allows 20,000 or
  /// more; 0: one for each core. The verdict is the same with any number; but of several failing
  /// schedules `dpor` may find another one. What the model writes outside of itself in another
  /// process is lost.
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
};

[[nodiscard]] const char* to_string(Strategy strategy) noexcept;
[[nodiscard]] const char* to_string(Clock clock) noexcept;

/// The strategy or clock of that name ("auto", "fifo", "exhaustive", "states", "dpor", "random",
/// "pct", "pos", "surw"; "idle", "race"). Throws ValueError with the names there are.
[[nodiscard]] Strategy parse_strategy(std::string_view name);
[[nodiscard]] Clock parse_clock(std::string_view name);

}  // namespace cocheck
