#pragma once

#include <cstdint>
#include <source_location>
#include <string>

namespace cocheck {

/// What can be wrong with one execution.
enum class FailureKind : std::uint8_t {
  check,                  ///< a COCHECK, or an EXPECT_* of a test framework
  exception,              ///< an exception escaped from the model
  unretrieved_exception,  ///< a task failed and nobody looked at its result
  deadlock,               ///< tasks wait, and nothing is left that could wake them
  unfinished_task,        ///< the model returned while tasks that it spawned were suspended
  never_awaited,          ///< a coroutine was made and destroyed without having run
  misuse,                 ///< a guard released what was not held, and the like
  livelock,               ///< a cycle of steps in which everybody runs and nothing is ever reached
  step_limit,             ///< more steps than `Options::max_steps`: perhaps a livelock
  crash,                  ///< a step would have ended the program: a fault, abort(), exit(), ...
  memory_limit,           ///< the model wants more memory than `Options::memory_limit`
  stuck,                  ///< a step did not end within `Options::step_time`: it spins or blocks
};

/// The text of a kind, such as "deadlock" or "check failed".
[[nodiscard]] constexpr const char* to_string(FailureKind kind) noexcept {
  switch (kind) {
    case FailureKind::check:
      return "check failed";
    case FailureKind::exception:
      return "exception escaped";
    case FailureKind::unretrieved_exception:
      return "exception never retrieved";
    case FailureKind::deadlock:
      return "deadlock";
    case FailureKind::unfinished_task:
      return "task left unfinished";
    case FailureKind::never_awaited:
      return "coroutine never awaited";
    case FailureKind::misuse:
      return "misuse";
    case FailureKind::livelock:
      return "livelock";
    case FailureKind::step_limit:
      return "step limit reached";
    case FailureKind::crash:
      return "crash";
    case FailureKind::memory_limit:
      return "memory limit reached";
    case FailureKind::stuck:
      return "step does not end";
  }
  return "unknown";
}

/// One thing that is wrong with an execution, and where it showed.
struct Failure {
  FailureKind kind = FailureKind::check;
  std::string message;  ///< one sentence, such as "counter == 100"
  std::source_location place;
  /// The same as "path/counter.cpp:12" where only the debug information knows it.
  std::string at = {};
};

}  // namespace cocheck
