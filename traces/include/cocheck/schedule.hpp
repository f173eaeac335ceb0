#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cocheck/trace.hpp"

namespace cocheck {

/// One decision of an execution: which action came next, or which value a `choose()` gave.
///
/// Actions are named by task ids, never by their position in a list, so that a choice means the
/// same in every execution in which that task exists.
struct Choice {
  enum class Kind : std::uint8_t {
    step,      ///< the ready task `task` runs its next step
    timer,     ///< timer number `value` of `task` fires
    callback,  ///< callback number `value` of `task` runs (timers and callbacks count together)
    cancel,    ///< the explorer cancels `task`
    value,     ///< `choose()` in `task` gives `value`
  };

  /// Who decided, where there were several alternatives.
  enum class By : std::uint8_t {
    unknown,   ///< nobody wrote it down
    loop,      ///< asyncio's event loop would have gone on in the same way
    explorer,  ///< it would not: something else was first in its queue, or it would draw nothing
  };

  Kind kind = Kind::step;
  std::string task;              ///< id: digits and dots
  std::size_t value = 0;         ///< for `timer`, `callback` and `value`
  std::size_t alternatives = 1;  ///< how many actions or values there were to choose from
  std::string label;    ///< what the task was about to do: "start", "resume lock.acquire", ...
  Place place;          ///< where the task stood; informative, not compared by a replay
  By by = By::unknown;  ///< informative, too

  friend bool operator==(const Choice&, const Choice&) = default;
};

/// All decisions of one execution, enough to replay it in the program that made it.
struct Schedule {
  std::string program;   ///< path of the executable that recorded it; may be empty
  std::string test;      ///< full name of the test ("Counter.AlwaysReaches100"); may be empty
  std::string strategy;  ///< the explorer that found it
  std::uint64_t seed = 0;
  /// The options that shape the tree of choices, by name: "order" ("any" or "fifo"), "clock",
  /// "cancellations", ... A replay uses these and not its own. In addition "loop", when the last
  /// step leads back to an earlier state: how many steps (not counting values) lead to that state.
  std::map<std::string, std::string> options;
  std::vector<Choice> choices;

  friend bool operator==(const Schedule&, const Schedule&) = default;
};

/// What one schedule file holds: the schedule, what it led to, and the trace of it.
struct Recording {
  Schedule schedule;
  std::string verdict;  ///< first line of the verdict, such as "Failed: counter == 2"
  std::string failure;  ///< the whole message of the failure; empty when it passed
  Trace trace;

  friend bool operator==(const Recording&, const Recording&) = default;
};

}  // namespace cocheck
