#include <algorithm>

#include "cocheck/explorers/guided.hpp"
#include "cocheck/explorers/loop.hpp"
#include "cocheck/minimise.hpp"
#include "schedule_options.hpp"
#include "search.hpp"
#include "state_search.hpp"
#include "step_watchdog.hpp"

namespace cocheck::detail {

namespace {

constexpr std::uint64_t kShrinkStuck = 20;

}  // namespace

void Search::record_livelock(const Lasso& lasso) {
  TapeExplorer tape(lasso.tape, Order::any);
  LoopExplorer explorer(tape, lasso.loop, lasso.steps);
  explorer.next();
  Recorder recorder;
  world_->run(model_, explorer, &recorder);
  loop_ = std::to_string(lasso.loop);
  if (explorer.timers_pending() && options_.loop_lag() != kAnyLag) {
    give_up("the model goes round in a circle while timers are pending, and " +
            std::string(options_.loop_lag() == kNoLag
                            ? "Clock::idle lets time pass only when nothing is ready"
                            : "Options::lag lets time pass for so long only while it is ready") +
            ": let it sleep for a while instead of 0 seconds, or use Clock::race");
  } else {
    verdict_.failing = 1;
    note_failure();
  }
  record(recorder, Order::any, "states");
}

Recorder Search::record_again(const std::vector<std::uint32_t>& tape, Order order) {
  TapeExplorer explorer(tape, order);
  explorer.next();
  Recorder recorder;
  world_->run(model_, explorer, &recorder);
  return recorder;
}

void Search::record_tape(Order order, const std::string& strategy) {
  const Recorder recorder = record_again(last_tape(), order);
  record(recorder, order, strategy);
}

void Search::record_failure(const Failure& found, const std::vector<std::uint32_t>& tape,
                            Order order, const std::string& strategy) {
  Recorder recorder = record_again(tape, order);
  if (!world_->failure() || world_->failure()->kind != found.kind) {
    throw NotDeterministic(
        "the model is not deterministic: it failed with '" + found.message +
        "', and the same choices again gave " +
        (world_->failure() ? "'" + world_->failure()->message + "'" : std::string("no failure")) +
        "; look for state that outlives an execution, addresses or real time");
  }
  const bool shortest = options_.breadth_first && strategy == "states";
  if (options_.shrink && order == Order::any && !shortest) {
    const auto small = shrink(deviations_of(recorder.choices(), world_->tape()), found.kind);
    GuidedExplorer explorer(small);
    explorer.next();
    recorder = Recorder();
    world_->run(model_, explorer, &recorder);
    if (!world_->failure()) {
      throw NotDeterministic("the model is not deterministic: a schedule that had failed passes");
    }
  }
  note_failure();
  record(recorder, order, strategy);
}

void Search::note_failure() {
  verdict_.kind = Verdict::Kind::failed;
  verdict_.failure = world_->failure();
  verdict_.lateness = world_->lateness();
}

std::vector<Deviation> Search::shrink(std::vector<Deviation> deviations, FailureKind kind) {
  ShrinkLimits limits{.deadline = deadline_};
  if (kind != FailureKind::stuck) {
    return minimise(*world_, model_, std::move(deviations), kind, limits);
  }
  // Each step that does not end takes its time.
  limits.executions = kShrinkStuck;
  const StepWatchdog::Hasty hasty;
  return minimise(*world_, model_, std::move(deviations), kind, limits);
}

void Search::record_as_far_as_it_goes(Order order) {
  const std::vector<std::uint32_t> tape = last_tape();
  TapeExplorer explorer(tape, order);
  explorer.next();
  Recorder recorder;
  try {
    world_->run(model_, explorer, &recorder);
  } catch (const NotDeterministic&) {
    // It shows what came before.
  }
  if (recorder.choices().empty()) return;
  record(recorder, order,
         verdict_.shares.empty() ? std::string(to_string(options_.strategy))
                                 : verdict_.shares.back().strategy);
}

void Search::give_up_for_memory(Order order, const std::string& strategy) {
  try {
    const Recorder recorder = record_again(last_tape(), order);
    if (world_->out_of_memory()) {
      give_up(memory_reason() + ": " + world_->exhausted_by());
      record(recorder, order, strategy);
      return;
    }
  } catch (const NotDeterministic&) {
    // With memory laid out in another way it goes on.
  }
  give_up(memory_reason());
}

void Search::record(const Recorder& recorder, Order order, const std::string& strategy) {
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

void Search::give_up(std::string reason) {
  verdict_.kind = Verdict::Kind::inconclusive;
  verdict_.reason = std::move(reason);
  gave_up_ = true;
}

std::string Search::cut_reason() const {
  return std::to_string(verdict_.cut) + " of " + std::to_string(verdict_.executions) +
         (verdict_.executions == 1 ? " execution" : " executions") + " stopped after " +
         std::to_string(options_.max_steps) + " steps (Options::max_steps): perhaps a livelock";
}

std::string Search::memory_reason() const {
  return "the model wants more than " + std::to_string(options_.memory_limit) +
         " bytes of memory (Options::memory_limit)";
}

std::string Search::memory_limit_without_reuse() const {
  return "memory_limit, " + std::to_string(options_.memory_limit) +
         " bytes: it uses no memory twice in an execution";
}

/// What a proof does not go beyond, in words; "" where it holds for all schedules there are.
std::string Search::bound_of_proof() const {
  std::string bound;
  if (options_.cancellations > 0) {
    bound = "at most " + std::to_string(options_.cancellations) +
            (options_.cancellations == 1 ? " injected cancellation" : " injected cancellations");
  }
  if (verdict_.lag) bound += (bound.empty() ? "" : ", ") + lag_in_words(*verdict_.lag);
  return bound;
}

void Search::finish() {
  if (options_.strategy == Strategy::exhaustive) {
    verdict_.distinct = verdict_.executions;
  } else {
    verdict_.distinct = distinct_.count();
    verdict_.distinct_at_least = distinct_.full();
  }
  if (timers_armed_ || world_->timers_armed()) {
    if (options_.loop_lag() != kAnyLag) verdict_.lag = options_.loop_lag();
  }
  if (exhausted_) {
    verdict_.limits.clear();  // another strategy has seen what they kept the first one from
  } else if (verdict_.executions == options_.max_executions &&
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
  verdict_.kind = Verdict::Kind::sampled;
  if (!exhausted_) return;
  verdict_.bound = bound_of_proof();
  verdict_.kind = verdict_.bound.empty() ? Verdict::Kind::proved : Verdict::Kind::proved_within;
}

}  // namespace cocheck::detail
