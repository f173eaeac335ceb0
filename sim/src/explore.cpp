#include "cocheck/explore.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <vector>

#include "cocheck/detail/recorder.hpp"
#include "cocheck/explorers/exhaustive.hpp"
#include "cocheck/explorers/fifo.hpp"
#include "cocheck/explorers/guided.hpp"
#include "cocheck/explorers/random.hpp"
#include "cocheck/explorers/replay.hpp"
#include "cocheck/minimise.hpp"
#include "cocheck/schedule_file.hpp"
#include "cocheck/schedule_line.hpp"

namespace cocheck {

namespace {

constexpr std::uint64_t kShrinkExecutions = 2'000;
constexpr std::size_t kDistinctLimit = std::size_t{1} << 24;
constexpr std::uint64_t kExecutionsBetweenTimeChecks = 64;

bool is_schedule_line(std::string_view text) {
  return text.starts_with("cocheck1:");
}

/// Worlds that something of their model outlived: their memory must stay.
std::vector<std::unique_ptr<World>>& immortal_worlds() {
  static auto* worlds = new std::vector<std::unique_ptr<World>>();
  return *worlds;
}

/// Counts different tapes by a 64-bit hash of each.
class DistinctTapes {
 public:
  void add(std::span<const std::uint32_t> tape, Order order) {
    if (hashes_.size() == kDistinctLimit) {
      full_ = true;
      return;
    }
    std::uint64_t hash = order == Order::fifo ? 0x51ed270b9f4cb2ddu : 0xcbf29ce484222325u;
    for (const std::uint32_t choice : tape) {
      hash = (hash ^ choice) * 0x9e3779b97f4a7c15u;
      hash ^= hash >> 32;
    }
    hashes_.push_back(hash);
  }
  [[nodiscard]] std::uint64_t count() {
    std::sort(hashes_.begin(), hashes_.end());
    hashes_.erase(std::unique(hashes_.begin(), hashes_.end()), hashes_.end());
    return hashes_.size();
  }
  [[nodiscard]] bool full() const noexcept { return full_; }

 private:
  std::vector<std::uint64_t> hashes_;
  bool full_ = false;
};

/// What shapes the tree of choices, so that a replay offers the same; defaults are left out.
std::map<std::string, std::string> schedule_options(const Options& options, Order order) {
  std::map<std::string, std::string> named{{"order", order == Order::fifo ? "fifo" : "any"}};
  if (options.clock != Clock::idle) named["clock"] = to_string(options.clock);
  if (options.cancellations > 0) named["cancellations"] = std::to_string(options.cancellations);
  if (options.always_suspend) named["always_suspend"] = "yes";
  if (options.eager_tasks) named["eager_tasks"] = "yes";
  return named;
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
      try {
        options.cancellations = static_cast<std::uint32_t>(std::stoul(value));
      } catch (const std::logic_error&) {
        throw ScheduleError("the schedule allows '" + value +
                            "' cancellations, which is no number");
      }
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
      world_->run(model_, explorer, &recorder);
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
      case Strategy::random:
        explore_with(RandomExplorer(options_.seed), "random", options_.max_executions);
        break;
      case Strategy::automatic:
        if (!explore_with(FifoExplorer(), "fifo", 1)) return;
        if (!explore_with(ExhaustiveExplorer(), "exhaustive", (executions_left() + 1) / 2)) return;
        explore_with(RandomExplorer(options_.seed), "random", executions_left());
        break;
    }
  }

  [[nodiscard]] std::uint64_t executions_left() const noexcept {
    return options_.max_executions - verdict_.executions;
  }

  /// Whether the search is to go on with another explorer.
  bool explore_with(Explorer&& explorer, const char* name, std::uint64_t budget) {
    if (budget == 0) return true;
    Verdict::Share& share = verdict_.shares.emplace_back(Verdict::Share{name, 0});
    while (share.executions < budget) {
      if (out_of_time()) return false;
      if (!explorer.next()) {
        exhausted_ = explorer.exhausted();
        return !exhausted_;
      }
      world_->run(model_, explorer);
      ++share.executions;
      ++verdict_.executions;
      verdict_.steps += world_->steps();
      if (options_.strategy != Strategy::exhaustive) {
        distinct_.add(world_->tape(), explorer.order());
      }
      if (world_->blocks_held() > 0) [[unlikely]] {
        give_up("a task, a handle or a coroutine outlives the execution that made it (" +
                std::to_string(world_->blocks_held()) +
                " blocks of memory): keep it inside the model");
        return false;
      }
      if (world_->cut()) [[unlikely]] {
        if (verdict_.cut++ == 0 && !verdict_.recording) record_tape(explorer.order(), name);
      }
      if (world_->failure()) [[unlikely]] {
        if (verdict_.failing++ == 0) record_failure(explorer.order(), name);
        if (options_.stop_at_failure) {
          stopped_early_ = true;
          return false;
        }
      }
    }
    // The last execution of the budget may have been the last there is.
    if (explorer.order() == Order::any && name == std::string_view("exhaustive") &&
        !explorer.next() && explorer.exhausted()) {
      exhausted_ = true;
      return false;
    }
    return true;
  }

  [[nodiscard]] bool out_of_time() {
    if (!deadline_ || verdict_.executions == 0) return false;
    if (verdict_.executions % kExecutionsBetweenTimeChecks != 1) return false;
    if (std::chrono::steady_clock::now() < *deadline_) return false;
    verdict_.limits.push_back("max_time, " + std::to_string(options_.max_time->count()) + " ms");
    return true;
  }

  /// Repeats the execution that the world has just made, writing it down.
  detail::Recorder record_again(Order order) {
    const std::vector<std::uint32_t> tape(world_->tape().begin(), world_->tape().end());
    TapeExplorer explorer(tape, order);
    explorer.next();
    detail::Recorder recorder;
    world_->run(model_, explorer, &recorder);
    return recorder;
  }

  void record_tape(Order order, const char* strategy) {
    const detail::Recorder recorder = record_again(order);
    record(recorder, order, strategy);
  }

  void record_failure(Order order, const char* strategy) {
    const Failure found = *world_->failure();
    detail::Recorder recorder = record_again(order);
    if (!world_->failure() || world_->failure()->kind != found.kind) {
      throw NotDeterministic(
          "the model is not deterministic: it failed with '" + found.message +
          "', and the same choices again gave " +
          (world_->failure() ? "'" + world_->failure()->message + "'" : std::string("no failure")) +
          "; look for state that outlives an execution, addresses or real time");
    }
    if (options_.shrink && order == Order::any) {
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
        options_.strategy != Strategy::fifo && !stopped_early_) {
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
  DistinctTapes distinct_;
  std::optional<std::chrono::steady_clock::time_point> deadline_;
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
