#pragma once

#include <concepts>
#include <utility>

#include "cocheck/options.hpp"
#include "cocheck/task.hpp"
#include "cocheck/verdict.hpp"
#include "cocheck/world.hpp"

namespace cocheck {

/// Searches the schedules of `model` for one that fails.
///
/// The model is a callable that gives a Task<>; it is called for every execution and must build
/// anew what it uses. Errors in the options throw ValueError, an unreadable Options::replay
/// ScheduleError.
///
///     Verdict verdict = explore([]() -> Task<> { ... COCHECK(counter == 2); });
///     std::cout << verdict.report();
Verdict explore(const Model& model, const Options& options = {});

/// Replays one schedule and records the trace. The verdict is failed where it fails, sampled where
/// it passes, inconclusive where it diverges.
Verdict replay(const Model& model, const Schedule& schedule, const Options& options = {});

}  // namespace cocheck
