#include "state_search.hpp"

#include <algorithm>
#include <cassert>

#include "cocheck/detail/livelock.hpp"
#include "cocheck/detail/model_memory.hpp"
#include "cocheck/explorers/guided.hpp"
#include "cocheck/explorers/random.hpp"
#include "cocheck/explorers/watch.hpp"
#include "progress.hpp"

namespace cocheck::detail {

namespace {

constexpr std::uint64_t kWatched = 3;
constexpr std::size_t kWatchedSteps = 2'000;

/// The k-th of the executions that are watched: 0 takes the first alternative everywhere.
WatchExplorer watch(World& world, const Model& model, std::uint64_t seed, std::uint64_t k,
                    ModelMemory::Layout layout, bool details) {
  GuidedExplorer first({});
  RandomExplorer random(seed + k);
  Explorer& inner = k == 0 ? static_cast<Explorer&>(first) : random;
  WatchExplorer explorer(inner, kWatchedSteps, layout, details);
  explorer.next();
  world.run(model, explorer);
  return explorer;
}

std::optional<std::size_t> first_difference(const std::vector<WatchExplorer::Sight>& one,
                                            const std::vector<WatchExplorer::Sight>& other) {
  for (std::size_t i = 0; i < std::min(one.size(), other.size()); ++i) {
    if (one[i].alternatives != other[i].alternatives ||
        one[i].fingerprint != other[i].fingerprint) {
      return i;
    }
  }
  if (one.size() != other.size()) return std::min(one.size(), other.size());
  return std::nullopt;
}

}  // namespace

std::size_t check_repeatable(World& world, const Model& model, const Options& options) {
  std::size_t left = 0;
  for (std::uint64_t k = 0; k < kWatched; ++k) {
    const auto watched = [&](ModelMemory::Layout layout, bool details) {
      return watch(world, model, options.seed, k, layout, details);
    };
    const auto once = watched(ModelMemory::Layout::upward, false);
    const auto again = watched(ModelMemory::Layout::downward, false);
    left = std::max({left, once.blocks_left(), again.blocks_left()});
    if (!first_difference(once.sights(), again.sights())) continue;
    const auto first = watched(ModelMemory::Layout::upward, true);
    const auto second = watched(ModelMemory::Layout::downward, true);
    const auto step = first_difference(first.sights(), second.sights());
    if (!step) continue;  // it does not come again: something was made when it was first needed
    std::string what = "the model is not deterministic: the same choices led to another state";
    if (*step > 0) {
      what += " after step " + std::to_string(*step - 1) + " (" + second.sights()[*step - 1].actor +
              ")";
    }
    throw NotDeterministic(
        what +
        "; what a step changes must lie in memory that the model has allocated: look for a static "
        "or a captured variable that outlives an execution, for addresses that are compared or "
        "hashed, or for real time");
  }
  return left;
}

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
