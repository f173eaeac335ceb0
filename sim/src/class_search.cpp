#include "class_search.hpp"

#include <algorithm>
#include <utility>

#include "class_shards.hpp"
#include "cocheck/detail/access_log.hpp"
#include "cocheck/detail/model_memory.hpp"
#include "progress.hpp"
#include "symbols.hpp"
#include "worker_processes.hpp"

namespace cocheck::detail {

namespace {

// How many executions are made to see whether there are many, and what conflicts in them.
constexpr std::uint64_t kBeforeDividing = 1'000;

std::string describe(const AccessLog::Outside& outside) {
  const std::string name = symbol_at(outside.address);
  const auto instruction = reinterpret_cast<std::uintptr_t>(outside.instruction);
  const std::string line = line_at(instruction);
  const std::string function = symbol_at(instruction);
  return "steps change " +
         (name.empty() ? std::string("a variable outside of the model's memory, which it has "
                                     "captured perhaps,")
                       : "'" + name + "', which lies outside of the model's memory,") +
         (line.empty() ? function.empty() ? std::string() : " in " + function : " at " + line) +
         " and read it: it outlives an execution, so each one begins in another state; make it "
         "anew in the model";
}

}  // namespace

std::string accesses_unknown(Strategy strategy) {
  const std::string who = std::string("the strategy ") + to_string(strategy);
  if (!ModelMemory::holds_everything()) {
    return who + " needs to see all memory of the model: link cocheck::memory";
  }
  if (!AccessLog::instrumented()) {
    return who +
           " needs to know what each step touches: call cocheck_instrument(TARGET) in CMake for "
           "the target of the model";
  }
  return {};
}

DporExplorer::Settings class_settings(const Options& options) {
  DporExplorer::Settings settings;
  settings.stop_at_failure = options.stop_at_failure;
  settings.first_pick = DporExplorer::FirstPick::by_priority;
  settings.seed = options.seed;
  return settings;
}

std::string class_search_refused() {
  return accesses_unknown(Strategy::dpor);
}

bool classes_are_known(const Options& options) {
  return options.clock == Clock::idle && !(options.eager_tasks && options.cancellations > 0);
}

namespace {

/// What is worth knowing of a search before it is divided.
struct Begun {
  std::vector<DporExplorer::Conflict> conflicts;
  DporExplorer::Picks picks;
};

/// By one process. Fills `begun` if it is not null.
ClassSearchResult search_whole(World& world, const Model& model, const Options& options,
                               bool reduces, std::uint64_t max_executions,
                               std::optional<std::chrono::steady_clock::time_point> deadline,
                               Begun* begun) {
  using End = DporExplorer::End;
  Progress progress;
  ClassSearchResult result;
  DporExplorer::Limits limits;
  limits.executions = max_executions;
  limits.deadline = deadline;
  DporExplorer::Settings settings = class_settings(options);
  settings.reduce = settings.repeats_steps = reduces;
  settings.counts_conflicts = begun != nullptr;
  settings.on_progress = [&](const DporExplorer& explorer) { progress.show(explorer); };
  settings.on_failure = [&](const World& failed) {
    if (result.failure) return;
    result.failure = failed.failure();
    result.tape.assign(failed.tape().begin(), failed.tape().end());
  };
  DporExplorer explorer(limits, std::move(settings));
  explorer.next();
  world.run(model, explorer);
  result.end = explorer.end();
  result.executions = explorer.executions();
  result.steps = explorer.steps();
  result.failing = explorer.failing();
  if (begun != nullptr) *begun = {explorer.conflicts(), explorer.picks()};
  switch (result.end) {
    case End::leaves_memory:
      result.reason = "a part of the model outlives an execution, or it leaks memory";
      break;
    case End::outside:
      result.reason = describe(*explorer.outside());
      break;
    case End::not_instrumented:
      result.reason =
          "code that is not instrumented changes what several tasks use: call "
          "cocheck_instrument(TARGET) in CMake for all that the model is made of";
      break;
    default:
      break;
  }
  return result;
}

/// One execution of each class. Ends early where time passes within a step.
ClassSearchResult search_reduced(World& world, const Model& model, const Options& options,
                                 std::uint64_t max_executions,
                                 std::optional<std::chrono::steady_clock::time_point> deadline) {
  const std::size_t jobs = jobs_of(options);
  if (jobs > 1 && max_executions >= kWorthDividing && can_fork()) {
    Begun begun;
    ClassSearchResult first =
        search_whole(world, model, options, true, kBeforeDividing, deadline, &begun);
    if (first.end != DporExplorer::End::out_of_executions) return first;
    if (const Shards shards = divide(begun.conflicts, jobs); !shards.empty()) {
      std::optional<ClassSearchResult> found =
          search_shards(world, model, options, shards, begun.picks, jobs, max_executions, deadline);
      if (found) return std::move(*found);
    }
  }
  return search_whole(world, model, options, true, max_executions, deadline, nullptr);
}

}  // namespace

ClassSearchResult search_classes(World& world, const Model& model, const Options& options,
                                 std::uint64_t max_executions,
                                 std::optional<std::chrono::steady_clock::time_point> deadline) {
  if (classes_are_known(options)) {
    ClassSearchResult found = search_reduced(world, model, options, max_executions, deadline);
    if (found.end != DporExplorer::End::clock_moved) return found;
  }
  return search_whole(world, model, options, false, max_executions, deadline, nullptr);
}

}  // namespace cocheck::detail
