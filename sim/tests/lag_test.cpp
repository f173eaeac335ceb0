// How late a loop may be: what it may do then, what the verdict says of it, and how the smallest
// lag that breaks a model is found.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cocheck/errors.hpp"
#include "cocheck/primitives.hpp"
#include "cocheck/random_stream.hpp"
#include "models.hpp"

namespace cocheck {
namespace {

using namespace test;

Options with_lag(Strategy strategy, std::chrono::nanoseconds lag) {
  Options options = with(strategy);
  options.lag = lag;
  return options;
}

TEST(Lag, HasATextThatIsReadBack) {
  for (const auto& [text, lag] :
       std::vector<std::pair<std::string, std::chrono::nanoseconds>>{{"0", kNoLag},
                                                                     {"any", kAnyLag},
                                                                     {"10ms", 10ms},
                                                                     {"1500us", 1500us},
                                                                     {"2s", 2s},
                                                                     {"7ns", 7ns}}) {
    EXPECT_EQ(parse_lag(text), lag);
    EXPECT_EQ(lag_to_string(lag), text);
  }
  EXPECT_EQ(parse_lag("infinite"), kAnyLag);
  EXPECT_EQ(parse_lag("0ms"), kNoLag);
  for (const char* const wrong : {"", "10", "ms", "-1ms", "1.5ms", "10 ms", "10min", "1e3ms",
                                  "99999999999999999999s", "9999999999999s", "idle"}) {
    EXPECT_THROW((void)parse_lag(wrong), ValueError) << wrong;
  }
}

TEST(Lag, IsABoundInWords) {
  EXPECT_EQ(lag_in_words(kNoLag), "for a loop that is never late");
  EXPECT_EQ(lag_in_words(10ms), "for a loop that is at most 10 ms late");
  EXPECT_EQ(lag_in_words(1500us), "for a loop that is at most 1500 us late");
  EXPECT_EQ(lag_in_words(kAnyLag), "");
}

TEST(Lag, IsGivenByItselfOrByTheClock) {
  Options options;
  EXPECT_EQ(options.loop_lag(), kNoLag);
  options.clock = Clock::race;
  EXPECT_EQ(options.loop_lag(), kAnyLag);
  options.lag = 3ms;
  EXPECT_EQ(options.loop_lag(), 3ms);
}

/// One task is ready from 1 ms on when another has a timer at `deadline`; fails where that fires
/// first.
Task<> overtaken_at(std::chrono::milliseconds deadline) {
  bool ran = false;
  const auto early = [&]() -> Task<> {
    co_await sleep(1ms);
    ran = true;
  };
  const auto late = [&]() -> Task<> {
    co_await sleep(deadline);
    COCHECK(ran);
  };
  co_await gather(early(), late());
}

TEST(Lag, LetsATimerOvertakeWhatHasNotBeenReadyForLonger) {
  for (const Strategy strategy : {Strategy::exhaustive, Strategy::states}) {
    const Model model = [] { return overtaken_at(4ms); };
    EXPECT_TRUE(is(Verdict::Kind::proved_within, explore(model, with_lag(strategy, 0ms))));
    EXPECT_TRUE(is(Verdict::Kind::proved_within, explore(model, with_lag(strategy, 3ms - 1ns))));
    const Verdict failed = explore(model, with_lag(strategy, 3ms));
    EXPECT_TRUE(failed_with(FailureKind::check, failed));
    EXPECT_EQ(failed.lateness, 3ms);
    EXPECT_NE(failed.summary().find("The loop is 3 ms late there."), std::string::npos)
        << failed.summary();
    EXPECT_TRUE(failed_with(FailureKind::check, explore(model, with_lag(strategy, kAnyLag))));
  }
}

TEST(Lag, CountsFromWhenATaskBecameReady) {
  // One timer after the other overtakes a task; each alone would be within the lag.
  const Model model = []() -> Task<> {
    const auto ticker = []() -> Task<> {
      for (int i = 0; i < 5; ++i) co_await sleep(1ms);
    };
    const auto waits = []() -> Task<> {
      const TimePoint begin = LoopClock::now();
      co_await sleep(0s);
      COCHECK(LoopClock::now() < begin + 3ms);
    };
    co_await gather(ticker(), waits());
  };
  for (const Strategy strategy : {Strategy::exhaustive, Strategy::states}) {
    Options options = with_lag(strategy, 3ms - 1ns);
    options.max_executions = 1'000'000;
    EXPECT_TRUE(is(Verdict::Kind::proved_within, explore(model, options)));
    options.lag = 3ms;
    EXPECT_TRUE(failed_with(FailureKind::check, explore(model, options)));
  }
}

TEST(Lag, IsPartOfTheScheduleAndOfItsReplay) {
  const Model model = [] { return overtaken_at(4ms); };
  const Verdict failed = explore(model, with_lag(Strategy::states, 3ms));
  ASSERT_TRUE(failed.recording);
  const Schedule& schedule = failed.recording->schedule;
  EXPECT_EQ(schedule.options.at("lag"), "3ms");
  EXPECT_FALSE(schedule.options.contains("clock"));
  EXPECT_TRUE(failed_with(FailureKind::check, replay(model, schedule)));

  Schedule race = explore(model, with_lag(Strategy::states, kAnyLag)).recording->schedule;
  EXPECT_EQ(race.options.at("clock"), "race");
  EXPECT_TRUE(failed_with(FailureKind::check, replay(model, race)));
  race.options.erase("clock");
  race.options["lag"] = "any";
  EXPECT_TRUE(failed_with(FailureKind::check, replay(model, race)));
}

TEST(LagVerdict, NamesTheBoundWhereTimersAreArmed) {
  const Model sleeps = []() -> Task<> { co_await sleep(1ms); };
  const Model yields = []() -> Task<> { co_await sleep(0s); };
  for (const Strategy strategy : {Strategy::exhaustive, Strategy::states}) {
    const Verdict idle = explore(sleeps, with(strategy));
    EXPECT_TRUE(is(Verdict::Kind::proved_within, idle));
    EXPECT_EQ(idle.bound, "for a loop that is never late");
    EXPECT_EQ(explore(sleeps, with_lag(strategy, 10ms)).bound,
              "for a loop that is at most 10 ms late");
    EXPECT_TRUE(is(Verdict::Kind::proved, explore(sleeps, with_lag(strategy, kAnyLag))));
    for (const auto lag : {kNoLag, std::chrono::nanoseconds(10ms), kAnyLag}) {
      EXPECT_TRUE(is(Verdict::Kind::proved, explore(yields, with_lag(strategy, lag))));
    }
    Options options = with(strategy);
    options.cancellations = 1;
    EXPECT_EQ(explore(sleeps, options).bound,
              "at most 1 injected cancellation, for a loop that is never late");
    EXPECT_EQ(explore(yields, options).bound, "at most 1 injected cancellation");
  }
  const Verdict sampled = explore(sleeps, with(Strategy::random));
  EXPECT_NE(sampled.summary().find("for a loop that is never late"), std::string::npos)
      << sampled.summary();
}

TEST(LagVerdict, APrivateTimerOnARarePathCountsAsWell) {
  const Model model = []() -> Task<> {
    int last = 0;
    const auto mark = [&](int who) -> Task<> {
      co_await sleep(0s);
      last = who;
    };
    co_await gather(mark(1), mark(2));
    if (last == 1) co_await sleep(1ms);
  };
  EXPECT_EQ(explore(model, with(Strategy::exhaustive)).bound, "for a loop that is never late");
  EXPECT_EQ(explore(model, with(Strategy::states)).bound, "for a loop that is never late");
}

TEST(LagVerdict, AProofHasNoLimitsThatWereHit) {
  const Verdict verdict = explore([] { return unchecked_counter(2); });
  EXPECT_TRUE(is(Verdict::Kind::proved, verdict));
  EXPECT_TRUE(verdict.limits.empty());
}

TEST(Fragile, IsToldWithTheSmallestLag) {
  const Verdict verdict = explore([] { return overtaken_at(3ms); });
  ASSERT_TRUE(is(Verdict::Kind::proved_within, verdict));
  ASSERT_TRUE(verdict.fragile) << verdict.report();
  EXPECT_EQ(verdict.fragile->lag, 2ms);
  EXPECT_TRUE(verdict.fragile->smallest);
  EXPECT_EQ(verdict.fragile->failure.kind, FailureKind::check);
  EXPECT_TRUE(verdict.fragility().starts_with(
      "fragile: breaks when the loop is 2 ms late: check failed: ran"))
      << verdict.fragility();
  EXPECT_NE(verdict.summary().find(verdict.fragility()), std::string::npos);
  const Recording& recording = verdict.fragile->recording;
  EXPECT_EQ(recording.schedule.options.at("lag"), "2ms");
  EXPECT_TRUE(recording.verdict.starts_with("Fragile: breaks when the loop is 2 ms late: check"))
      << recording.verdict;
}

TEST(Fragile, IsNotSoughtWhereItIsNotWanted) {
  const Model model = [] { return overtaken_at(3ms); };
  Options options;
  options.seek_lag = false;
  EXPECT_FALSE(explore(model, options).fragile);
  EXPECT_EQ(explore(model, options).margin, "");
  options = with_lag(Strategy::automatic, kNoLag);
  EXPECT_FALSE(explore(model, options).fragile);
  EXPECT_FALSE(explore(model, with(Strategy::states)).fragile);
  EXPECT_FALSE(explore([] { return unchecked_counter(2); }).fragile) << "it arms no timers";
  EXPECT_TRUE(failed_with(FailureKind::check, explore(model, with_lag(Strategy::automatic, 2ms))));
  options = with(Strategy::automatic);
  options.clock = Clock::race;
  EXPECT_TRUE(failed_with(FailureKind::check, explore(model, options)));
}

TEST(Fragile, IsNothingThatFailsAnyhow) {
  const Verdict verdict = explore([]() -> Task<> {
    co_await sleep(1ms);
    COCHECK(false);
  });
  EXPECT_TRUE(failed_with(FailureKind::check, verdict));
  EXPECT_FALSE(verdict.fragile);
  EXPECT_EQ(verdict.lateness, 0ms);
}

TEST(Fragile, WithinASmallBudgetMayNotBeTheSmallest) {
  Options options;
  options.max_executions = 4;
  const Verdict verdict = explore([] { return overtaken_at(3ms); }, options);
  EXPECT_TRUE(verdict.passed()) << verdict.report();
  EXPECT_TRUE(!verdict.fragile || verdict.fragile->lag >= 2ms) << verdict.report();
}

/// Tasks that sleep and take turns, and stamps that tell states apart.
Task<> random_sleeper(const std::vector<std::size_t>& naps, int& stamp, int name) {
  for (const std::size_t nap : naps) {
    co_await sleep(std::chrono::milliseconds(nap));
    stamp = stamp * 3 % 101 + name;
  }
}

TEST(LagStates, AreReachedByAsManySchedulesAsThereAre) {
  int compared = 0;
  for (std::uint64_t seed = 1; seed <= 120; ++seed) {
    RandomStream random(seed);
    std::vector<std::vector<std::size_t>> tasks(2 + random.below(2));
    for (auto& task : tasks) {
      task.resize(1 + random.below(3));
      for (std::size_t& nap : task) nap = random.below(4);
    }
    const bool equal = random.below(2) == 0;
    const Model model = [&]() -> Task<> {
      int stamp = 0;
      std::vector<Task<>> all;
      for (std::size_t i = 0; i < tasks.size(); ++i) {
        all.push_back(random_sleeper(tasks[equal ? 0 : i], stamp, equal ? 1 : static_cast<int>(i)));
      }
      co_await gather(std::move(all));
    };
    for (const auto lag : {kNoLag, std::chrono::nanoseconds(1ms), std::chrono::nanoseconds(2ms),
                           std::chrono::nanoseconds(2500us), kAnyLag}) {
      Options options = with_lag(Strategy::exhaustive, lag);
      options.max_executions = 20'000;
      const Verdict all = explore(model, options);
      if (all.kind == Verdict::Kind::sampled) continue;  // too many
      options.strategy = Strategy::states;
      for (const bool fold : {true, false}) {
        options.fold = fold;
        const Verdict states = explore(model, options);
        ASSERT_EQ(states.kind, all.kind) << states.report();
        ASSERT_EQ(static_cast<std::uint64_t>(states.states->schedules), all.executions)
            << "seed " << seed << ", lag " << lag_to_string(lag) << ", fold " << fold;
        ++compared;
      }
    }
  }
  EXPECT_GT(compared, 600);
}

}  // namespace
}  // namespace cocheck
