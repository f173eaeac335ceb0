#include "state_search.hpp"

#include <cassert>

#include "cocheck/detail/livelock.hpp"
#include "progress.hpp"

namespace cocheck::detail {

StateSearchResult search_states(World& world, const Model& model, const Options& options,
                                const StateSearchLimits& limits) {
  Progress progress;
  StateSearchResult result;
  StatesExplorer::Limits explorer_limits;
  explorer_limits.states = options.max_states;
  explorer_limits.steps = limits.steps;
  explorer_limits.deadline = limits.deadline;
  StatesExplorer::Settings settings;
  settings.breadth_first = options.breadth_first;
  settings.stack_bytes = limits.stack_bytes;
  settings.fold = options.fold;
  settings.stop_at_failure = options.stop_at_failure;
  settings.on_progress = [&](const StatesExplorer& explorer) { progress.show(explorer); };
  settings.on_failure = [&](const World& failed) {
    if (result.failure) return;
    result.failure = failed.failure();
    result.tape.assign(failed.tape().begin(), failed.tape().end());
  };

  const auto run = [&] {
    while (true) {
      StatesExplorer explorer(explorer_limits, settings);
      explorer.next();
      world.run(model, explorer);
      if (explorer.end() == StatesExplorer::End::reads_names) {
        settings.fold = false;
      } else if (explorer.end() == StatesExplorer::End::reads_clock) {
        settings.with_time = true;
      } else {
        return explorer;
      }
      result.failure.reset();
    }
  };
  {
    const StatesExplorer explorer = run();
    result.end = explorer.end();
    result.failing = explorer.failing();
    result.seen.states = explorer.graph().size();
    result.seen.steps = explorer.steps();
    result.seen.bytes = explorer.bytes();
    result.seen.folded = settings.fold;
    if (result.end != StatesExplorer::End::exhausted) return result;
    const auto schedules = explorer.graph().count_paths();
    result.seen.endless = !schedules;
    result.seen.schedules = schedules.value_or(0);
  }
  if (!result.seen.endless || result.failure) return result;

  // Who goes round in a cycle, and who is left out, can be told only where tasks are.
  settings.fold = false;
  settings.breadth_first = false;
  settings.with_actors = true;
  const StatesExplorer explorer = run();
  if (explorer.end() != StatesExplorer::End::exhausted) {
    result.livelock_unknown = true;
    return result;
  }
  const LivelockSearch search = find_livelock(explorer.graph(), explorer.actors());
  result.livelock_unknown = search.undecided;
  if (!search.found) return result;
  for (const StateGraph::State state : search.found->path) {
    settings.follow.push_back(explorer.graph().fingerprint(state));
  }
  const StatesExplorer follower = run();
  assert(follower.end() == StatesExplorer::End::followed);
  result.livelock = Lasso{follower.tape(), search.found->loop, search.found->path.size() - 1};
  return result;
}

}  // namespace cocheck::detail
