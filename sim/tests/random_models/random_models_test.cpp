// Random C++ source under every strategy that proves: what `exhaustive` sees at the end of some
// schedule, the others must see as well, and nothing else.
//
// What a strategy sees is asked of its verdict, as users do: with all observations allowed it must
// not fail; with one of them forbidden it must. Inconclusive is no lie, and counted. Before each
// execution of `exhaustive` the statics are given their first values by the test, so that the truth
// does not rest on how cocheck keeps them.

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "cocheck/explore.hpp"
#include "observations.hpp"

namespace random_models {
namespace {

using cocheck::Options;
using cocheck::Strategy;
using cocheck::Verdict;

constexpr std::uint64_t kMostSchedules = 20'000;
constexpr std::size_t kForbidden = 4;  // of the observations of a model, so many are forbidden

struct Way {
  const char* name;
  Strategy strategy;
  bool fold;
};
constexpr Way kWays[] = {{"states", Strategy::states, true},
                         {"states without folding", Strategy::states, false},
                         {"dpor", Strategy::dpor, true},
                         {"automatic", Strategy::automatic, true}};

Options options_of(Strategy strategy) {
  Options options;
  options.strategy = strategy;
  options.max_executions = kMostSchedules;
  options.shrink = false;
  options.jobs = 1;
  return options;
}

bool proved(const Verdict& verdict) {
  return verdict.kind == Verdict::Kind::proved || verdict.kind == Verdict::Kind::proved_within;
}

/// What all schedules of a model show.
struct Truth {
  bool known = false;  // whether there were few enough schedules
  bool fails = false;  // some schedule ends in a deadlock or an exception
  std::uint64_t schedules = 0;
  std::set<std::uint64_t> observations;
};

Truth truth_of(const GeneratedModel& model) {
  Options options = options_of(Strategy::exhaustive);
  int captured = 0;
  collect_observations();
  const Verdict verdict = explore(
      [&] {
        model.reset();
        captured = 0;
        return model.body(captured);
      },
      options);
  Truth truth;
  truth.fails = verdict.kind == Verdict::Kind::failed;
  truth.known = truth.fails || proved(verdict);
  truth.schedules = verdict.executions;
  truth.observations = collected_observations();
  return truth;
}

class Comparison {
 public:
  void compare(const GeneratedModel& model) {
    const Truth truth = truth_of(model);
    if (!truth.known) {
      ++too_large_;
      return;
    }
    ++compared_;
    if (std::getenv("RANDOM_MODELS_VERBOSE") != nullptr) {
      std::cout << model.name << ": " << truth.observations.size() << " observations, "
                << truth.schedules << " schedules" << (truth.fails ? ", fails" : "") << "\n";
    }
    observations_ += truth.observations.size();
    for (const Way& way : kWays) {
      if (check(model, way, truth.observations, truth.fails) && !truth.fails) {
        forbid_some(model, way, truth.observations);
      }
    }
  }

  void report() const {
    std::cout << compared_ << " models compared, " << too_large_ << " too large, " << observations_
              << " observations\n";
    for (const auto& [reason, count] : inconclusive_) std::cout << count << " x " << reason << "\n";
  }

  [[nodiscard]] int compared() const { return compared_; }
  [[nodiscard]] int too_large() const { return too_large_; }

 private:
  /// Whether there was a verdict, and a right one.
  bool check(const GeneratedModel& model, const Way& way, const std::set<std::uint64_t>& allowed,
             bool must_fail) {
    Options options = options_of(way.strategy);
    options.fold = way.fold;
    allow_observations(allowed);
    model.reset();
    int captured = 0;
    const Verdict verdict = explore([&] { return model.body(captured); }, options);
    if (verdict.kind == Verdict::Kind::inconclusive) {
      ++inconclusive_[std::string(way.name) + ": " + verdict.reason.substr(0, 160)];
      return false;
    }
    const bool failed = verdict.kind == Verdict::Kind::failed;
    EXPECT_EQ(failed, must_fail) << model.name << " by " << way.name << ": " << verdict.summary();
    return failed == must_fail;
  }

  void forbid_some(const GeneratedModel& model, const Way& way,
                   const std::set<std::uint64_t>& observations) {
    std::size_t left = kForbidden;
    for (const std::uint64_t forbidden : observations) {
      if (left-- == 0) return;
      std::set<std::uint64_t> allowed = observations;
      allowed.erase(forbidden);
      if (!check(model, way, allowed, true)) return;
    }
  }

  int compared_ = 0;
  int too_large_ = 0;
  std::size_t observations_ = 0;
  std::map<std::string, int> inconclusive_;
};

TEST(RandomModels, AllStrategiesSeeTheSame) {
  Comparison comparison;
  const char* const only = std::getenv("RANDOM_MODEL");
  for (const GeneratedModel& model : generated_models()) {
    if (only != nullptr && std::string(only) != model.name) continue;
    comparison.compare(model);
  }
  comparison.report();
  EXPECT_GT(comparison.compared(), comparison.too_large());
}

}  // namespace
}  // namespace random_models
