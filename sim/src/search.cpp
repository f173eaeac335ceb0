#include "search.hpp"

#include <algorithm>

#include "class_search.hpp"
#include "cocheck/explorers/exhaustive.hpp"
#include "cocheck/explorers/fifo.hpp"
#include "cocheck/explorers/loop.hpp"
#include "cocheck/explorers/replay.hpp"
#include "schedule_options.hpp"

namespace cocheck::detail {

namespace {

// By default, how many steps `states` may make for each execution that is allowed.
constexpr std::uint64_t kStatesStepsPerExecution = 50;

/// Worlds that something of their model outlived: their memory must stay.
std::vector<std::unique_ptr<World>>& immortal_worlds() {
  static auto* worlds = new std::vector<std::unique_ptr<World>>();
  return *worlds;
}

std::size_t actions_of(const Schedule& schedule) {
  return static_cast<std::size_t>(
      std::count_if(schedule.choices.begin(), schedule.choices.end(),
                    [](const Choice& choice) { return choice.kind != Choice::Kind::value; }));
}

}  // namespace

Search::Search(const Model& model, const Options& options)
    : model_(model), options_(options), world_(std::make_unique<World>(options)) {
  verdict_.seed = options.seed;
}

Search::~Search() {
  if (world_->blocks_held() > 0) immortal_worlds().push_back(std::move(world_));
}

Verdict Search::run() {
  if (options_.max_executions == 0) {
    throw ValueError("Options::max_executions must be at least 1");
  }
  if (options_.max_time) deadline_ = std::chrono::steady_clock::now() + *options_.max_time;
  try {
    search();
  } catch (const NotDeterministic& error) {
    give_up(error.what());
  }
  finish();
  return std::move(verdict_);
}

Verdict Search::replay(const Schedule& schedule) {
  verdict_.shares.push_back({"replay", 1});
  verdict_.executions = verdict_.distinct = 1;
  ReplayExplorer explorer(schedule);
  explorer.next();
  Recorder recorder;
  try {
    replay_with(explorer, schedule, recorder);
    verdict_.steps = world_->steps();
    if (world_->failure()) {
      verdict_.kind = Verdict::Kind::failed;
      verdict_.failure = world_->failure();
      verdict_.failing = 1;
    } else if (world_->cut()) {
      verdict_.cut = 1;
      give_up(cut_reason());
    } else if (explorer.position() < explorer.size()) {
      give_up("the schedule does not fit the model: diverged at choice " +
              std::to_string(explorer.position()) + ": expected " +
              std::to_string(explorer.size() - explorer.position()) +
              " more choices, found the end of the execution");
    } else {
      verdict_.kind = Verdict::Kind::sampled;
    }
  } catch (const ReplayDiverged& error) {
    give_up("the schedule does not fit the model: " + std::string(error.what()));
  }
  record(recorder, explorer.order(), schedule.strategy);
  return std::move(verdict_);
}

void Search::replay_with(ReplayExplorer& explorer, const Schedule& schedule, Recorder& recorder) {
  const auto loop = schedule.options.find(kLoop);
  if (loop == schedule.options.end()) {
    world_->run(model_, explorer, &recorder);
    return;
  }
  LoopExplorer round(explorer, number_in_schedule(loop->second, "steps before its loop"),
                     actions_of(schedule));
  loop_ = loop->second;
  world_->run(model_, round, &recorder);
}

void Search::search() {
  switch (options_.strategy) {
    case Strategy::fifo:
      explore_with(FifoExplorer(), "fifo", 1);
      break;
    case Strategy::exhaustive:
      explore_with(ExhaustiveExplorer(), "exhaustive", options_.max_executions);
      break;
    case Strategy::states:
      explore_states(~std::uint64_t{0});
      break;
    case Strategy::dpor:
      explore_classes(options_.max_executions);
      break;
    case Strategy::random:
    case Strategy::pct:
    case Strategy::pos:
    case Strategy::surw:
      sample_alone();
      break;
    case Strategy::automatic:
      search_automatically();
      break;
  }
}

void Search::search_automatically() {
  if (!explore_with(FifoExplorer(), "fifo", 1)) return;
  if (executions_left() == 0) return;
  if (ModelMemory::holds_everything()) {
    if (!explore_states(kStatesStepsPerExecution * executions_left())) return;
    if (class_search_refused().empty() && !explore_classes((executions_left() + 1) / 2)) {
      return;
    }
  } else if (!explore_with(ExhaustiveExplorer(), "exhaustive", (executions_left() + 1) / 2)) {
    return;
  }
  explore_samples();
}

bool Search::explore_with(Explorer&& explorer, const std::string& name, std::uint64_t budget) {
  return explore_with(explorer, name, budget);
}
bool Search::explore_with(Explorer& explorer, const std::string& name, std::uint64_t budget) {
  if (budget == 0) return true;
  Verdict::Share& share = share_of(name);
  for (const std::uint64_t end = share.executions + budget; share.executions < end;) {
    if (out_of_time()) return false;
    if (!explorer.next()) {
      exhausted_ = explorer.exhausted();
      return !exhausted_;
    }
    world_->run(model_, explorer);
    if (world_->out_of_memory() && can_do_without(explorer)) {
      verdict_.limits.push_back(name + ", by " + memory_limit_without_reuse());
      return true;
    }
    ++share.executions;
    ++verdict_.executions;
    verdict_.steps += world_->steps();
    if (options_.strategy != Strategy::exhaustive) {
      distinct_.add(DistinctTapes::hash_of(world_->tape(), explorer.order()));
    }
    if (!judge_execution(explorer, name)) return false;
  }
  // The last execution of the budget may have been the last there is.
  if (explorer.order() == Order::any && name == "exhaustive" && !explorer.next() &&
      explorer.exhausted()) {
    exhausted_ = true;
    return false;
  }
  return true;
}

bool Search::judge_execution(const Explorer& explorer, const std::string& name) {
  if (world_->blocks_held() > 0) [[unlikely]] {
    give_up("a task, a handle or a coroutine outlives the execution that made it (" +
            std::to_string(world_->blocks_held()) + " blocks of memory): keep it inside the model");
    return false;
  }
  if (world_->out_of_memory()) [[unlikely]] {
    give_up(memory_reason());
    return false;
  }
  if (world_->cut()) [[unlikely]] {
    if (verdict_.cut++ == 0 && !verdict_.recording) record_tape(explorer.order(), name);
  }
  if (world_->failure()) [[unlikely]] {
    if (verdict_.failing++ == 0) {
      record_failure(Failure(*world_->failure()), last_tape(), explorer.order(), name);
    }
    if (options_.stop_at_failure) {
      stopped_early_ = true;
      return false;
    }
  }
  return true;
}

Verdict::Share& Search::share_of(const std::string& name) {
  const auto known =
      std::find_if(verdict_.shares.begin(), verdict_.shares.end(),
                   [&](const Verdict::Share& share) { return share.strategy == name; });
  if (known != verdict_.shares.end()) return *known;
  return verdict_.shares.emplace_back(Verdict::Share{name, 0});
}

bool Search::can_do_without(const Explorer& explorer) const {
  return options_.strategy == Strategy::automatic &&
         explorer.layout() == ModelMemory::Layout::by_process;
}

bool Search::out_of_time() {
  if (!deadline_ || verdict_.executions == 0) return false;
  return verdict_.executions % kExecutionsBetweenTimeChecks == 1 && out_of_time_now();
}
bool Search::out_of_time_now() {
  if (!deadline_ || std::chrono::steady_clock::now() < *deadline_) return false;
  say_out_of_time();
  return true;
}

void Search::say_out_of_time() {
  verdict_.limits.push_back("max_time, " + std::to_string(options_.max_time->count()) + " ms");
}

std::optional<std::chrono::steady_clock::time_point> Search::half_of_time_left() const {
  if (!deadline_) return std::nullopt;
  const auto now = std::chrono::steady_clock::now();
  return now + (*deadline_ - now) / 2;
}

}  // namespace cocheck::detail
