#include "class_search.hpp"

#include <algorithm>
#include <utility>

#include "class_shards.hpp"
#include "cocheck/detail/access_log.hpp"
#include "cocheck/detail/model_memory.hpp"
#include "cocheck/detail/step_audit.hpp"
#include "progress.hpp"
#include "symbols.hpp"
#include "worker_processes.hpp"

namespace cocheck::detail {

namespace {

// How many executions are made to see whether there are many, and what conflicts in them.
constexpr std::uint64_t kBeforeDividing = 1'000;

/// " at counter.cpp:9", " in work()", or nothing.
std::string place_of(const void* instruction) {
  const auto address = reinterpret_cast<std::uintptr_t>(instruction);
  if (const std::string line = line_at(address); !line.empty()) return " at " + line;
  const std::string function = symbol_at(address);
  return function.empty() ? std::string() : " in " + function;
}

std::string describe(const AccessLog::Outside& outside) {
  const std::string name = symbol_at(outside.address);
  const std::string who = outside.told ? "steps change " : "code that is not instrumented changes ";
  const std::string why =
      outside.told ? " and read it: which of them depend on each other is not known for that"
                   : ": which steps depend on each other by that is not known";
  return who +
         (name.empty() ? std::string("a variable outside of the model's memory, which it has "
                                     "captured perhaps,")
                       : "'" + name + "', which lies outside of the model's memory,") +
         place_of(outside.instruction) + why +
         "; make it anew in the model, or use the strategy states";
}

std::string describe(const AccessLog::Unseen& unseen) {
  return std::string("a step calls ") + unseen.function + "()" + place_of(unseen.instruction) +
         ", and what that reads and writes is not known, such as a state of its own: keep that in "
         "the model, or use states";
}

/// A step changed what others use, and nobody told of it.
std::string describe_untold() {
  if (const std::string why = calls_untold(); !why.empty()) {
    return "something changes what several tasks use without telling of it, and " + why;
  }
  return "code that is not instrumented, of the model or of a library, changes what several tasks "
         "use: call cocheck_instrument(TARGET) in CMake for all that the model is made of";
}

std::string describe_refusal(const StepAudit::Report& audited) {
  return "not all is known that steps touch: " + audited.refused +
         ", touches what tasks may share in a way that cannot be followed, or too often to be "
         "followed each time; call cocheck_instrument(TARGET) in CMake for the target that it "
         "belongs to, or give it copies that no other task uses";
}

}  // namespace

void add_audit(ClassSearchResult& result, const StepAudit::Report& audited) {
  result.audit.breakpoints += audited.breakpoints;
  result.audit.instructions += audited.instructions;
  result.audit.nanoseconds += audited.nanoseconds;
  if (!audited.unavailable.empty()) {
    result.notes.push_back(
        "whether steps touch more than instrumented code tells was not audited, "
        "since " +
        audited.unavailable);
  }
  if (audited.not_understood > 0) {
    result.notes.push_back(std::to_string(audited.not_understood) +
                           " functions with instructions that are not known were not audited");
  }
  if (audited.passed_calls > 0) {
    result.notes.push_back("not all calls of libraries were audited, among them " +
                           audited.first_passed);
  }
}

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

std::string calls_untold() {
  if (AccessLog::calls_told()) return {};
  return "some of the instrumented code was compiled without cocheck's plugin for the compiler, so "
         "that what calls take and give by value is not seen: install the headers that CMake says "
         "are missing, and configure again";
}

DporExplorer::Settings class_settings(const Options& options) {
  DporExplorer::Settings settings;
  settings.stop_at_failure = options.stop_at_failure;
  settings.first_pick = DporExplorer::FirstPick::by_priority;
  settings.seed = options.seed;
  return settings;
}

std::string class_search_refused(const Options& options) {
  if (std::string why = accesses_unknown(Strategy::dpor); !why.empty()) return why;
  if (options.loop_lag() != kNoLag) {
    return "the strategy dpor does not know loops that are late (Options::lag, Clock::race): use "
           "states";
  }
  if (options.cancellations > 0) {
    return "the strategy dpor does not inject cancellations: use states";
  }
  return {};
}

namespace {

/// What is worth knowing of a search before it is divided.
struct Begun {
  std::vector<DporExplorer::Conflict> conflicts;
  DporExplorer::Picks picks;
};

/// By one process. Fills `begun` if it is not null.
ClassSearchResult search_whole(World& world, const Model& model, const Options& options,
                               std::uint64_t max_executions,
                               std::optional<std::chrono::steady_clock::time_point> deadline,
                               Begun* begun) {
  using End = DporExplorer::End;
  Progress progress;
  ClassSearchResult result;
  DporExplorer::Limits limits;
  limits.executions = max_executions;
  limits.deadline = deadline;
  DporExplorer::Settings settings = class_settings(options);
  settings.counts_conflicts = begun != nullptr;
  StepAudit audit(options.seed);
  settings.audit = &audit;
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
  const StepAudit::Report audited = audit.report();
  add_audit(result, audited);
  switch (result.end) {
    case End::leaves_memory:
      result.reason = "a part of the model outlives an execution, or it leaks memory";
      break;
    case End::outside:
      result.reason = describe(*explorer.outside());
      break;
    case End::unseen:
      result.reason = describe(*explorer.unseen());
      break;
    case End::not_instrumented:
      result.reason = describe_untold();
      break;
    case End::untold:
      result.reason = describe_refusal(audited);
      break;
    case End::clock_moved:
      result.reason = "time passes within a step, which the strategy dpor does not know";
      break;
    default:
      break;
  }
  return result;
}

}  // namespace

ClassSearchResult search_classes(World& world, const Model& model, const Options& options,
                                 std::uint64_t max_executions,
                                 std::optional<std::chrono::steady_clock::time_point> deadline) {
  const std::size_t jobs = jobs_of(options);
  if (jobs > 1 && max_executions >= kWorthDividing && can_fork()) {
    Begun begun;
    ClassSearchResult first =
        search_whole(world, model, options, kBeforeDividing, deadline, &begun);
    if (first.end != DporExplorer::End::out_of_executions) return first;
    if (const Shards shards = divide(begun.conflicts, jobs); !shards.empty()) {
      std::optional<ClassSearchResult> found =
          search_shards(world, model, options, shards, begun.picks, jobs, max_executions, deadline);
      if (found) return std::move(*found);
    }
  }
  return search_whole(world, model, options, max_executions, deadline, nullptr);
}

}  // namespace cocheck::detail
