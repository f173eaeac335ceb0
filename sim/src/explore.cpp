#include "cocheck/explore.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <vector>

#include "class_search.hpp"
#include "cocheck/detail/recorder.hpp"
#include "cocheck/detail/sample_parts.hpp"
#include "cocheck/explorers/exhaustive.hpp"
#include "cocheck/explorers/fifo.hpp"
#include "cocheck/explorers/guided.hpp"
#include "cocheck/explorers/loop.hpp"
#include "cocheck/explorers/pct.hpp"
#include "cocheck/explorers/pos.hpp"
#include "cocheck/explorers/random.hpp"
#include "cocheck/explorers/replay.hpp"
#include "cocheck/explorers/surw.hpp"
#include "cocheck/minimise.hpp"
#include "cocheck/schedule_file.hpp"
#include "cocheck/schedule_line.hpp"
#include "distinct_tapes.hpp"
#include "state_search.hpp"
#include "worker_processes.hpp"

namespace cocheck {

namespace {

constexpr std::uint64_t kShrinkExecutions = 2'000;
// By default, how many steps `states` may make for each execution that is allowed.
constexpr std::uint64_t kStatesStepsPerExecution = 50;
// Executions of the samplers together, at first.
constexpr std::uint64_t kFirstRound = 100;
// An option of a schedule: the number of steps before its loop begins.
constexpr const char* kLoop = "loop";

bool is_schedule_line(std::string_view text) {
  return text.starts_with("cocheck1:");
}

/// Worlds that something of their model outlived: their memory must stay.
std::vector<std::unique_ptr<World>>& immortal_worlds() {
  static auto* worlds = new std::vector<std::unique_ptr<World>>();
  return *worlds;
}

/// What shapes the tree of choices, so that a replay offers the same; defaults are left out.
std::map<std::string, std::string> schedule_options(const Options& options, Order order) {
  std::map<std::string, std::string> named{{"order", order == Order::fifo ? "fifo" : "any"}};
  if (options.clock != Clock::idle) named["clock"] = to_string(options.clock);
  if (options.cancellations > 0) named["cancellations"] = std::to_string(options.cancellations);
  if (options.always_suspend) named["always_suspend"] = "yes";
  if (options.eager_tasks) named["eager_tasks"] = "yes";
  return named;
}

std::size_t number_in_schedule(const std::string& text, const char* of_what) {
  try {
    return std::stoul(text);
  } catch (const std::logic_error&) {
    throw ScheduleError("the schedule allows '" + text + "' " + of_what + ", which is no number");
  }
}

/// The options of a replay: what shapes the tree of choices comes from the schedule.
Options replay_options(const Schedule& schedule, Options options) {
  options.clock = Clock::idle;
  options.cancellations = 0;
  options.always_suspend = false;
  options.eager_tasks = false;
  for (const auto& [name, value] : schedule.options) {
    if (name == "clock") {
      options.clock = parse_clock(value);
    } else if (name == "cancellations") {
      options.cancellations =
          static_cast<std::uint32_t>(number_in_schedule(value, "cancellations"));
    } else if (name == "always_suspend") {
      options.always_suspend = value == "yes";
    } else if (name == "eager_tasks") {
      options.eager_tasks = value == "yes";
    }
  }
  return options;
}

/// One search: a world, the explorers one after the other, and the verdict in the making.
class Search {
 public:
  Search(const Model& model, const Options& options)
      : model_(model), options_(options), world_(std::make_unique<World>(options)) {
    verdict_.seed = options.seed;
  }

  ~Search() {
    if (world_->blocks_held() > 0) immortal_worlds().push_back(std::move(world_));
  }
  Search(const Search&) = delete;
  Search& operator=(const Search&) = delete;

  Verdict run() {
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

  Verdict replay(const Schedule& schedule) {
    verdict_.shares.push_back({"replay", 1});
    verdict_.executions = verdict_.distinct = 1;
    ReplayExplorer explorer(schedule);
    explorer.next();
    detail::Recorder recorder;
    try {
      if (const auto loop = schedule.options.find(kLoop); loop != schedule.options.end()) {
        LoopExplorer round(explorer, number_in_schedule(loop->second, "steps before its loop"),
                           actions_of(schedule));
        loop_ = loop->second;
        world_->run(model_, round, &recorder);
      } else {
        world_->run(model_, explorer, &recorder);
      }
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

 private:
  void search() {
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
        sample(sampler<RandomExplorer>("random"), options_.max_executions);
        break;
      case Strategy::pct:
        sample(pct_sampler(PctExplorer::kDepth), options_.max_executions);
        verdict_.shares.back().chance = chance_;
        break;
      case Strategy::pos:
        if (!accesses_known()) break;
        sample(sampler<PosExplorer>("pos"), options_.max_executions);
        break;
      case Strategy::surw:
        if (!accesses_known()) break;
        sample(sampler<SurwExplorer>("surw"), options_.max_executions);
        break;
      case Strategy::automatic:
        if (!explore_with(FifoExplorer(), "fifo", 1)) return;
        if (executions_left() == 0) break;
        if (detail::ModelMemory::holds_everything()) {
          if (!explore_states(kStatesStepsPerExecution * executions_left())) return;
          if (detail::class_search_refused(options_).empty() &&
              !explore_classes((executions_left() + 1) / 2)) {
            return;
          }
        } else if (!explore_with(ExhaustiveExplorer(), "exhaustive", (executions_left() + 1) / 2)) {
          return;
        }
        explore_samples();
        break;
    }
  }

  /// One of those that share what is left of the budget, and its part of it.
  struct Sampler {
    std::string name;
    detail::SampleParts parts;
    std::uint64_t percent = 0;
  };

  template <class Sampling, class... Settings>
  [[nodiscard]] Sampler sampler(std::string name, Settings... settings) const {
    return {std::move(name), detail::SampleParts(
                                 [settings...](std::uint64_t seed) {
                                   return std::make_unique<Sampling>(seed, settings...);
                                 },
                                 options_.seed)};
  }
  [[nodiscard]] Sampler pct_sampler(std::uint32_t depth) const {
    return sampler<PctExplorer>("pct-" + std::to_string(depth), depth);
  }

  [[nodiscard]] std::vector<Sampler> samplers() const {
    std::vector<Sampler> result;
    const auto add = [&](Sampler sampler, std::uint64_t percent) {
      result.push_back(std::move(sampler));
      result.back().percent = percent;
    };
    const bool known = detail::accesses_unknown(Strategy::surw).empty();
    if (known) {
      add(sampler<SurwExplorer>("surw"), 41);
      add(sampler<PosExplorer>("pos"), 30);
    }
    add(pct_sampler(3), known ? 10 : 34);
    add(pct_sampler(10), known ? 10 : 33);
    add(sampler<RandomExplorer>("random"), known ? 9 : 33);
    return result;
  }

  /// In rounds, each twice as long as the one before, so that all samplers have had their turns
  /// whenever time is up, and memory is seldom laid out anew.
  void explore_samples() {
    std::vector<Sampler> members = samplers();
    for (std::uint64_t round = kFirstRound; executions_left() > 0; round *= 2) {
      const std::uint64_t budget = std::min(round, executions_left());
      std::uint64_t all = 0;
      for (const Sampler& member : members) all += member.percent;
      std::uint64_t before = 0;
      for (Sampler& member : members) {
        const std::uint64_t end = before + member.percent;
        const std::uint64_t part = budget * end / all - budget * before / all;
        before = end;
        if (!sample(member, part)) return;
        if (world_->out_of_memory()) member.percent = 0;
      }
      std::erase_if(members, [](const Sampler& member) { return member.percent == 0; });
    }
  }

  bool sample(Sampler&& sampler, std::uint64_t budget) { return sample(sampler, budget); }
  /// Whether the search is to go on with another explorer. Where much is to be done, several
  /// processes do it, as long as nothing else happens than that executions pass.
  bool sample(Sampler& sampler, std::uint64_t budget) {
    using detail::SampleParts;
    const bool long_search = budget >= detail::kWorthDividing;
    while (budget > 0) {
      if (sampler.parts.left() == 0) {
        if (long_search && sampler.parts.next() > 0 && budget >= 2 * SampleParts::kPart) {
          budget -= sample_in_processes(sampler, budget / SampleParts::kPart);
          if (out_of_time_now()) return false;
          if (budget == 0) break;
        }
        sampler.parts.begin_part();
      }
      const std::uint64_t now = std::min(budget, sampler.parts.left());
      const bool goes_on = explore_with(sampler.parts.explorer(), sampler.name, now);
      claim(sampler.parts.explorer().chance());
      if (!goes_on) return false;
      if (world_->out_of_memory()) return true;  // others may do with less
      sampler.parts.count(now);
      budget -= now;
    }
    return true;
  }

  /// Makes `parts` at most in other processes, and says how many executions that were.
  std::uint64_t sample_in_processes(Sampler& sampler, std::uint64_t parts) {
    const std::size_t jobs = detail::jobs_of(options_);
    if (!divides_ || jobs < 2 || !detail::can_fork()) return 0;
    const detail::PassingParts passed =
        detail::make_parts(*world_, model_, sampler.parts, parts, jobs, deadline_);
    sampler.parts.skip(passed.parts);
    divides_ = passed.all;
    const std::uint64_t executions = passed.parts * detail::SampleParts::kPart;
    share_of(sampler.name).executions += executions;
    verdict_.executions += executions;
    verdict_.steps += passed.steps;
    for (const std::uint64_t hash : passed.hashes) distinct_.add(hash);
    if (passed.parts > 0) claim(passed.chance);
    return executions;
  }

  /// The least that a part claims holds for all.
  void claim(double chance) {
    if (chance > 0) chance_ = chance_ > 0 ? std::min(chance_, chance) : chance;
  }

  /// Gives up if the strategy needs to know what steps touch, and that cannot be.
  bool accesses_known() {
    const std::string why = detail::accesses_unknown(options_.strategy);
    if (!why.empty()) give_up(why);
    return why.empty();
  }

  [[nodiscard]] std::uint64_t executions_left() const noexcept {
    return options_.max_executions - verdict_.executions;
  }

  /// Whether the search is to go on with another explorer.
  bool explore_states(std::uint64_t max_steps) {
    using End = StatesExplorer::End;
    const bool alone = options_.strategy == Strategy::states;
    if (!detail::ModelMemory::holds_everything()) {
      give_up("the strategy states needs to see all memory of the model: link cocheck::memory");
      return false;
    }
    // The next explorer says so.
    if (deadline_ && !alone && std::chrono::steady_clock::now() >= *deadline_) return true;
    if (const std::size_t left = detail::check_repeatable(*world_, model_, options_); left > 0) {
      return not_searched("the model leaves " + std::to_string(left) +
                          (left == 1 ? " block" : " blocks") +
                          " of memory behind: it leaks, or something outside of it holds on "
                          "to what it has allocated");
    }
    detail::StateSearchLimits limits{max_steps, deadline_};
    if (!alone) limits.deadline = half_of_time_left();
    const detail::StateSearchResult found =
        detail::search_states(*world_, model_, options_, limits);
    verdict_.shares.push_back({"states", 0, found.seen.states});
    verdict_.steps += found.seen.steps;
    verdict_.failing += found.failing;
    verdict_.states = found.seen;
    if (found.failure) {
      record_failure(*found.failure, found.tape, Order::any, "states");
      stopped_early_ = options_.stop_at_failure;
      return false;
    }
    const std::string after = " (after " + std::to_string(found.seen.states) + " states and " +
                              std::to_string(found.seen.steps) + " steps)";
    switch (found.end) {
      case End::exhausted:
        break;
      case End::out_of_states:
        return not_searched("states, by max_states, " + std::to_string(options_.max_states) +
                            after);
      case End::out_of_steps:
        return not_searched("states, " + std::to_string(max_steps) + " steps" + after);
      case End::out_of_time:
        return not_searched("states, by max_time" + after);
      case End::too_deep:
        return not_searched("states, by max_steps, " + std::to_string(options_.max_steps) +
                            ": a path of so many steps" + after);
      case End::out_of_memory:
        give_up(memory_reason());
        return false;
      case End::leaves_memory:
        return not_searched("a part of the model outlives an execution, or it leaks memory");
      case End::failure:
      case End::reads_names:
      case End::reads_clock:
      case End::followed:
        throw std::logic_error("the search for states ended in an unexpected way");
    }
    if (found.livelock_unknown) {
      return not_searched(
          "states: there are cycles of steps, and it could not be told whether one is a livelock" +
          after);
    }
    if (found.livelock) {
      record_livelock(*found.livelock);
      return false;
    }
    exhausted_ = true;
    verdict_.cut = 0;  // asyncio's order may be endless, and is one of those that pass
    verdict_.recording.reset();
    return false;
  }

  /// Whether the search is to go on with another explorer.
  bool explore_classes(std::uint64_t max_executions) {
    using End = DporExplorer::End;
    if (const std::string why = detail::class_search_refused(options_); !why.empty()) {
      give_up(why);
      return false;
    }
    const bool alone = options_.strategy == Strategy::dpor;
    // The next explorer says so.
    if (deadline_ && !alone && std::chrono::steady_clock::now() >= *deadline_) return true;
    const detail::ClassSearchResult found = detail::search_classes(
        *world_, model_, options_, max_executions, alone ? deadline_ : half_of_time_left());
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
        exhausted_ = true;
        verdict_.cut = 0;  // asyncio's order is one of those that pass
        verdict_.recording.reset();
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

  /// What is left undone is said; alone, it leaves nothing to claim.
  bool not_searched(const std::string& why) {
    const bool alone = options_.strategy == Strategy::states;
    if (alone) {
      give_up("not all states were seen: " + why);
    } else {
      verdict_.limits.push_back(why);
    }
    return !alone;
  }

  void record_livelock(const detail::Lasso& lasso) {
    TapeExplorer tape(lasso.tape, Order::any);
    LoopExplorer explorer(tape, lasso.loop, lasso.steps);
    explorer.next();
    detail::Recorder recorder;
    world_->run(model_, explorer, &recorder);
    loop_ = std::to_string(lasso.loop);
    if (explorer.timers_pending() && options_.clock == Clock::idle) {
      give_up(
          "the model goes round in a circle while timers are pending, and Clock::idle lets "
          "time pass only when nothing is ready: let it sleep for a while instead of 0 "
          "seconds, or use Clock::race");
    } else {
      verdict_.failing = 1;
      verdict_.kind = Verdict::Kind::failed;
      verdict_.failure = world_->failure();
    }
    record(recorder, Order::any, "states");
  }

  [[nodiscard]] static std::size_t actions_of(const Schedule& schedule) {
    return static_cast<std::size_t>(
        std::count_if(schedule.choices.begin(), schedule.choices.end(),
                      [](const Choice& choice) { return choice.kind != Choice::Kind::value; }));
  }

  [[nodiscard]] std::string memory_reason() const {
    return "the model wants more than " + std::to_string(options_.memory_limit) +
           " bytes of memory (Options::memory_limit)";
  }

  /// Whether the search is to go on with another explorer.
  bool explore_with(Explorer&& explorer, const std::string& name, std::uint64_t budget) {
    return explore_with(explorer, name, budget);
  }
  bool explore_with(Explorer& explorer, const std::string& name, std::uint64_t budget) {
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
        distinct_.add(detail::DistinctTapes::hash_of(world_->tape(), explorer.order()));
      }
      if (world_->blocks_held() > 0) [[unlikely]] {
        give_up("a task, a handle or a coroutine outlives the execution that made it (" +
                std::to_string(world_->blocks_held()) +
                " blocks of memory): keep it inside the model");
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
    }
    // The last execution of the budget may have been the last there is.
    if (explorer.order() == Order::any && name == "exhaustive" && !explorer.next() &&
        explorer.exhausted()) {
      exhausted_ = true;
      return false;
    }
    return true;
  }

  /// What a strategy has done so far.
  Verdict::Share& share_of(const std::string& name) {
    const auto known =
        std::find_if(verdict_.shares.begin(), verdict_.shares.end(),
                     [&](const Verdict::Share& share) { return share.strategy == name; });
    if (known != verdict_.shares.end()) return *known;
    return verdict_.shares.emplace_back(Verdict::Share{name, 0});
  }

  /// Whether a model that needs too much memory with this explorer may do with less with others.
  [[nodiscard]] bool can_do_without(const Explorer& explorer) const {
    return options_.strategy == Strategy::automatic &&
           explorer.layout() == detail::ModelMemory::Layout::by_process;
  }
  [[nodiscard]] std::string memory_limit_without_reuse() const {
    return "memory_limit, " + std::to_string(options_.memory_limit) +
           " bytes: it uses no memory twice in an execution";
  }

  [[nodiscard]] bool out_of_time() {
    if (!deadline_ || verdict_.executions == 0) return false;
    return verdict_.executions % detail::kExecutionsBetweenTimeChecks == 1 && out_of_time_now();
  }
  [[nodiscard]] bool out_of_time_now() {
    if (!deadline_ || std::chrono::steady_clock::now() < *deadline_) return false;
    say_out_of_time();
    return true;
  }

  void say_out_of_time() {
    verdict_.limits.push_back("max_time, " + std::to_string(options_.max_time->count()) + " ms");
  }

  [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> half_of_time_left() const {
    if (!deadline_) return std::nullopt;
    const auto now = std::chrono::steady_clock::now();
    return now + (*deadline_ - now) / 2;
  }

  [[nodiscard]] std::vector<std::uint32_t> last_tape() const {
    return {world_->tape().begin(), world_->tape().end()};
  }

  /// Repeats an execution, writing it down.
  detail::Recorder record_again(const std::vector<std::uint32_t>& tape, Order order) {
    TapeExplorer explorer(tape, order);
    explorer.next();
    detail::Recorder recorder;
    world_->run(model_, explorer, &recorder);
    return recorder;
  }

  void record_tape(Order order, const std::string& strategy) {
    const detail::Recorder recorder = record_again(last_tape(), order);
    record(recorder, order, strategy);
  }

  /// `tape` leads to the failure `found`, which must come again.
  void record_failure(const Failure& found, const std::vector<std::uint32_t>& tape, Order order,
                      const std::string& strategy) {
    detail::Recorder recorder = record_again(tape, order);
    if (!world_->failure() || world_->failure()->kind != found.kind) {
      throw NotDeterministic(
          "the model is not deterministic: it failed with '" + found.message +
          "', and the same choices again gave " +
          (world_->failure() ? "'" + world_->failure()->message + "'" : std::string("no failure")) +
          "; look for state that outlives an execution, addresses or real time");
    }
    const bool shortest = options_.breadth_first && strategy == "states";
    if (options_.shrink && order == Order::any && !shortest) {
      const auto small =
          minimise(*world_, model_, deviations_of(recorder.choices(), world_->tape()), found.kind,
                   kShrinkExecutions);
      GuidedExplorer explorer(small);
      explorer.next();
      recorder = detail::Recorder();
      world_->run(model_, explorer, &recorder);
      if (!world_->failure()) {
        throw NotDeterministic("the model is not deterministic: a schedule that had failed passes");
      }
    }
    verdict_.kind = Verdict::Kind::failed;
    verdict_.failure = world_->failure();
    record(recorder, order, strategy);
  }

  void record(const detail::Recorder& recorder, Order order, const std::string& strategy) {
    Recording recording;
    recording.schedule.program = options_.program;
    recording.schedule.test = options_.test;
    recording.schedule.strategy = strategy;
    recording.schedule.seed = options_.seed;
    recording.schedule.options = schedule_options(options_, order);
    if (!loop_.empty()) recording.schedule.options[kLoop] = loop_;
    recording.schedule.choices = recorder.choices();
    recording.trace = recorder.trace();
    if (verdict_.failure) recording.failure = verdict_.failure->message;
    recording.verdict = std::string(to_string(verdict_.kind)) +
                        (verdict_.failure ? std::string(": ") + to_string(verdict_.failure->kind) +
                                                ": " + verdict_.failure->message
                                          : ": " + verdict_.reason);
    verdict_.recording = std::move(recording);
  }

  void give_up(std::string reason) {
    verdict_.kind = Verdict::Kind::inconclusive;
    verdict_.reason = std::move(reason);
    gave_up_ = true;
  }

  [[nodiscard]] std::string cut_reason() const {
    return std::to_string(verdict_.cut) + " of " + std::to_string(verdict_.executions) +
           (verdict_.executions == 1 ? " execution" : " executions") + " stopped after " +
           std::to_string(options_.max_steps) + " steps (Options::max_steps): perhaps a livelock";
  }

  void finish() {
    if (options_.strategy == Strategy::exhaustive) {
      verdict_.distinct = verdict_.executions;
    } else {
      verdict_.distinct = distinct_.count();
      verdict_.distinct_at_least = distinct_.full();
    }
    if (!exhausted_ && verdict_.executions == options_.max_executions &&
        options_.strategy != Strategy::fifo && options_.strategy != Strategy::states &&
        !stopped_early_) {
      verdict_.limits.push_back("max_executions, " + std::to_string(options_.max_executions));
    }
    if (verdict_.kind == Verdict::Kind::failed || gave_up_) return;
    if (verdict_.cut > 0) {
      give_up(cut_reason());
      verdict_.recording->verdict = "Inconclusive: " + verdict_.reason;
      return;
    }
    if (exhausted_) {
      verdict_.kind =
          options_.cancellations == 0 ? Verdict::Kind::proved : Verdict::Kind::proved_within;
      verdict_.bound =
          "at most " + std::to_string(options_.cancellations) +
          (options_.cancellations == 1 ? " injected cancellation" : " injected cancellations");
      return;
    }
    verdict_.kind = Verdict::Kind::sampled;
  }

  const Model& model_;
  const Options& options_;
  std::unique_ptr<World> world_;
  Verdict verdict_;
  detail::DistinctTapes distinct_;
  std::optional<std::chrono::steady_clock::time_point> deadline_;
  std::string loop_;     // of a livelock: the steps before it begins
  double chance_ = 0;    // the least that a part of pct claims
  bool divides_ = true;  // whether samplers may work in several processes
  bool exhausted_ = false;
  bool gave_up_ = false;
  bool stopped_early_ = false;  // at a failure
};

}  // namespace

Verdict explore(const Model& model, const Options& options) {
  if (!options.replay.empty()) {
    const Schedule schedule = is_schedule_line(options.replay)
                                  ? schedule_from_line(options.replay)
                                  : read_recording(options.replay).schedule;
    return replay(model, schedule, options);
  }
  return Search(model, options).run();
}

Verdict replay(const Model& model, const Schedule& schedule, const Options& options) {
  const Options fitting = replay_options(schedule, options);
  return Search(model, fitting).replay(schedule);
}

}  // namespace cocheck
