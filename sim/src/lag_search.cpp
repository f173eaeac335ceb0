#include "lag_search.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "schedule_options.hpp"
#include "search.hpp"

namespace cocheck::detail {

namespace {

// The part of max_executions and max_time that it takes on top.
constexpr std::uint64_t kShare = 4;

using SteadyClock = std::chrono::steady_clock;

class LagSearch {
 public:
  LagSearch(const Model& model, const Options& options, std::uintptr_t border, Verdict& verdict)
      : model_(model),
        options_(options),
        border_(border),
        verdict_(verdict),
        executions_left_(std::max<std::uint64_t>(options.max_executions / kShare, 1)) {
    options_.stop_at_failure = true;
    options_.replay.clear();
    if (options.max_time) deadline_ = SteadyClock::now() + *options.max_time / kShare;
  }

  void run() {
    Verdict found = search(kAnyLag);
    if (found.kind != Verdict::Kind::failed) {
      verdict_.margin = in_words(found);
      return;
    }
    while (found.kind == Verdict::Kind::failed) {
      if (found.lateness == kNoLag) {
        fail(std::move(found));
        return;
      }
      const std::chrono::nanoseconds lag = note(found);
      if (is_over()) break;
      found = search(lag);
    }
    verdict_.fragile->smallest = proves(found);
    std::string title = verdict_.fragility();
    title.front() = 'F';
    verdict_.fragile->recording.verdict = std::move(title);
  }

 private:
  Verdict search(std::chrono::nanoseconds lag) {
    options_.lag = lag;
    options_.max_executions = executions_left_;
    if (deadline_) options_.max_time = time_left();
    Verdict found = Search(model_, options_, border_, Search::Plan::samples_first).run();
    executions_left_ -= std::min(executions_left_, found.executions);
    return found;
  }

  [[nodiscard]] std::chrono::milliseconds time_left() const {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(*deadline_ - SteadyClock::now());
    return std::max(left, std::chrono::milliseconds(1));
  }

  [[nodiscard]] bool is_over() const {
    return executions_left_ == 0 || (deadline_ && SteadyClock::now() >= *deadline_);
  }

  /// Keeps the failure, with a schedule for a loop that is no later than it must be. Gives the lag
  /// to try next.
  std::chrono::nanoseconds note(const Verdict& found) {
    options_.lag = found.lateness;
    std::optional<Verdict> again = at_lag(*found.recording);
    const bool is_enough = again && again->kind == Verdict::Kind::failed &&
                           again->failure->kind == found.failure->kind;
    const Verdict& kept = is_enough ? *again : found;
    if (is_enough || !verdict_.fragile) {
      verdict_.fragile = Verdict::Fragile{is_enough ? found.lateness : kAnyLag, false,
                                          *kept.failure, *kept.recording};
    }
    return found.lateness - std::chrono::nanoseconds(is_enough ? 1 : 0);
  }

  /// The same schedule where less is on offer at each choice.
  std::optional<Verdict> at_lag(const Recording& recording) {
    Schedule schedule = recording.schedule;
    for (Choice& choice : schedule.choices) choice.label.clear();
    Verdict again = Search(model_, options_, 0).replay(schedule);
    if (again.kind != Verdict::Kind::failed) return std::nullopt;
    again.recording->schedule.strategy = recording.schedule.strategy;
    return again;
  }

  /// The model fails although the loop is never late.
  void fail(Verdict found) {
    options_.lag = kNoLag;
    std::optional<Verdict> again = at_lag(*found.recording);
    if (!again) return;
    found.failure = again->failure;
    found.recording = again->recording;
    found.lag = kNoLag;
    verdict_ = std::move(found);
  }

  [[nodiscard]] static bool proves(const Verdict& found) {
    return found.kind == Verdict::Kind::proved || found.kind == Verdict::Kind::proved_within;
  }

  /// Of a search in which nothing failed.
  [[nodiscard]] static std::string in_words(const Verdict& found) {
    if (proves(found)) return "However late the loop is, it passes as well.";
    if (found.kind == Verdict::Kind::sampled) {
      return "None of " + std::to_string(found.executions) +
             " schedules of a loop that is late breaks it.";
    }
    return "Whether a loop that is late breaks it is not known: " + found.reason + ".";
  }

  const Model& model_;
  Options options_;
  std::uintptr_t border_;
  Verdict& verdict_;
  std::uint64_t executions_left_;
  std::optional<SteadyClock::time_point> deadline_;
};

}  // namespace

bool is_lag_sought(const Options& options, const Verdict& verdict) {
  return options.seek_lag && options.strategy == Strategy::automatic && !options.lag &&
         options.clock == Clock::idle && verdict.passed() && verdict.lag;
}

void seek_lag(const Model& model, const Options& options, std::uintptr_t border, Verdict& verdict) {
  LagSearch(model, options, border, verdict).run();
}

}  // namespace cocheck::detail
