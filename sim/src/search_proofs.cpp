#include <stdexcept>

#include "class_search.hpp"
#include "search.hpp"
#include "state_search.hpp"

namespace cocheck::detail {

namespace {

/// Why a search over states, in which nothing failed, did not see all; "" if it did.
std::string why_incomplete(const StateSearchResult& found, const Options& options,
                           std::uint64_t max_steps) {
  using End = StatesExplorer::End;
  const std::string after = " (after " + std::to_string(found.seen.states) + " states and " +
                            std::to_string(found.seen.steps) + " steps)";
  switch (found.end) {
    case End::exhausted:
      if (!found.livelock_unknown) return {};
      return "states: there are cycles of steps, and it could not be told whether one is a "
             "livelock" +
             after;
    case End::out_of_states:
      return "states, by max_states, " + std::to_string(options.max_states) + after;
    case End::out_of_steps:
      return "states, " + std::to_string(max_steps) + " steps" + after;
    case End::out_of_time:
      return "states, by max_time" + after;
    case End::too_deep:
      return "states, by max_steps, " + std::to_string(options.max_steps) +
             ": a path of so many steps" + after;
    case End::leaves_memory:
      return "a part of the model outlives an execution, or it leaks memory";
    default:
      throw std::logic_error("the search for states ended in an unexpected way");
  }
}

}  // namespace

bool Search::explore_states(std::uint64_t max_steps) {
  const bool alone = options_.strategy == Strategy::states;
  if (!ModelMemory::holds_everything()) {
    give_up("the strategy states needs to see all memory of the model: link cocheck::memory");
    return false;
  }
  // The next explorer says so.
  if (deadline_ && !alone && std::chrono::steady_clock::now() >= *deadline_) return true;
  if (const std::size_t left = check_repeatable(*world_, model_, options_); left > 0) {
    return not_searched("the model leaves " + std::to_string(left) +
                        (left == 1 ? " block" : " blocks") +
                        " of memory behind: it leaks, or something outside of it holds on "
                        "to what it has allocated");
  }
  StateSearchLimits limits{max_steps, deadline_};
  if (!alone) limits.deadline = half_of_time_left();
  const StateSearchResult found = search_states(*world_, model_, options_, limits);
  verdict_.shares.push_back({"states", 0, found.seen.states});
  verdict_.steps += found.seen.steps;
  verdict_.failing += found.failing;
  verdict_.states = found.seen;
  if (found.failure) {
    record_failure(*found.failure, found.tape, Order::any, "states");
    stopped_early_ = options_.stop_at_failure;
    return false;
  }
  if (found.end == StatesExplorer::End::out_of_memory) {
    give_up(memory_reason());
    return false;
  }
  if (const std::string why = why_incomplete(found, options_, max_steps); !why.empty()) {
    return not_searched(why);
  }
  if (found.livelock) {
    record_livelock(*found.livelock);
  } else {
    note_proof();
  }
  return false;
}

void Search::note_proof() {
  exhausted_ = true;
  verdict_.cut = 0;  // asyncio's order may be endless, and is one of those that pass
  verdict_.recording.reset();
}

bool Search::explore_classes(std::uint64_t max_executions) {
  using End = DporExplorer::End;
  if (const std::string why = class_search_refused(); !why.empty()) {
    give_up(why);
    return false;
  }
  const bool alone = options_.strategy == Strategy::dpor;
  // The next explorer says so.
  if (deadline_ && !alone && std::chrono::steady_clock::now() >= *deadline_) return true;
  const ClassSearchResult found = search_classes(*world_, model_, options_, max_executions,
                                                 alone ? deadline_ : half_of_time_left());
  verdict_.shares.push_back({"dpor", found.executions});
  verdict_.executions += found.executions;
  verdict_.steps += found.steps;
  verdict_.failing += found.failing;
  distinct_.add_distinct(found.executions);
  if (found.failure) {
    record_failure(*found.failure, found.tape, Order::any, "dpor");
    stopped_early_ = options_.stop_at_failure;
    return false;
  }
  switch (found.end) {
    case End::exhausted:
      note_proof();
      return false;
    case End::out_of_executions:
      return true;
    case End::out_of_time:
      if (alone) say_out_of_time();
      return !alone;
    case End::too_deep:
      give_up("an execution has more than " + std::to_string(options_.max_steps) +
              " steps (Options::max_steps): perhaps a livelock");
      return false;
    case End::out_of_memory:
      if (alone) {
        give_up(memory_reason());
      } else {
        verdict_.limits.push_back("dpor, by " + memory_limit_without_reuse());
      }
      return !alone;
    default:
      give_up(found.reason);
      return false;
  }
}

bool Search::not_searched(const std::string& why) {
  const bool alone = options_.strategy == Strategy::states;
  if (alone) {
    give_up("not all states were seen: " + why);
  } else {
    verdict_.limits.push_back(why);
  }
  return !alone;
}

}  // namespace cocheck::detail
