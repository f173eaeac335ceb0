#include "cocheck/explore.hpp"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "cocheck/choose.hpp"
#include "cocheck/lock.hpp"
#include "cocheck/schedule_file.hpp"
#include "cocheck/schedule_line.hpp"
#include "cocheck/task_handle.hpp"
#include "models.hpp"

namespace cocheck {
namespace {

using namespace test;

Task<> two_unchecked() {
  return unchecked_counter(2);
}
Task<> two_racy() {
  return racy_counter(2);
}

TEST(Exhaustive, ProvesWhenEveryExecutionWasMade) {
  const Verdict verdict = explore(two_unchecked, with(Strategy::exhaustive));
  EXPECT_TRUE(is(Verdict::Kind::proved, verdict));
  EXPECT_TRUE(verdict.passed());
  EXPECT_EQ(verdict.executions, 6u);
  EXPECT_EQ(verdict.distinct, 6u);
  EXPECT_EQ(verdict.steps, 36u);
  EXPECT_TRUE(verdict.limits.empty());
  EXPECT_EQ(verdict.summary(), "Proved: every schedule passes (6 executions, 6 exhaustive).");
}

TEST(Exhaustive, ProvesWhereTheLimitIsJustEnough) {
  Options options = with(Strategy::exhaustive);
  options.max_executions = 6;
  const Verdict verdict = explore(two_unchecked, options);
  EXPECT_TRUE(is(Verdict::Kind::proved, verdict));
  EXPECT_EQ(verdict.executions, 6u);
  EXPECT_TRUE(verdict.limits.empty());
}

TEST(Exhaustive, OneExecutionShortOfAProofIsNone) {
  Options options = with(Strategy::exhaustive);
  options.max_executions = 5;
  const Verdict verdict = explore(two_unchecked, options);
  EXPECT_TRUE(is(Verdict::Kind::sampled, verdict));
  EXPECT_EQ(verdict.executions, 5u);
  EXPECT_EQ(verdict.limits, (std::vector<std::string>{"max_executions, 5"}));
  EXPECT_EQ(verdict.summary(),
            "Sampled(5): all schedules that were run pass, 5 of them distinct (5 exhaustive). "
            "Others may fail. Limit hit: max_executions, 5.");
}

TEST(Exhaustive, ProvesAModelWithoutChoicesInOneExecution) {
  Options options = with(Strategy::exhaustive);
  options.max_executions = 1;
  const Verdict verdict = explore([]() -> Task<> { co_return; }, options);
  EXPECT_TRUE(is(Verdict::Kind::proved, verdict));
  EXPECT_EQ(verdict.executions, 1u);
  EXPECT_EQ(verdict.steps, 1u);
}

TEST(Exhaustive, ModelIsMadeOnceForEachExecution) {
  int made = 0;
  const Verdict verdict = explore(
      [&] {
        ++made;
        return unchecked_counter(3);
      },
      with(Strategy::exhaustive));
  EXPECT_TRUE(is(Verdict::Kind::proved, verdict));
  EXPECT_EQ(made, 90);
}

TEST(Exhaustive, NamesTheBoundOfCancellations) {
  Options options = with(Strategy::exhaustive);
  options.cancellations = 1;
  const Verdict verdict = explore(
      []() -> Task<> {
        auto child = []() -> Task<> { co_await sleep(0s); };
        co_await gather(return_exceptions, child());
      },
      options);
  EXPECT_EQ(verdict.summary(),
            "ProvedWithin(at most 1 injected cancellation): every schedule within that bound "
            "passes (3 executions, 3 exhaustive).");
}

TEST(Failing, FirstFailureEndsTheSearch) {
  const Verdict verdict = explore(two_racy, with(Strategy::exhaustive));
  EXPECT_TRUE(failed_with(FailureKind::check, verdict));
  EXPECT_FALSE(verdict.passed());
  EXPECT_EQ(verdict.executions, 1u) << "asyncio's own order comes first and fails";
  EXPECT_EQ(verdict.failing, 1u);
  EXPECT_TRUE(verdict.limits.empty()) << verdict.summary();
}

TEST(Failing, AllFailuresAreCountedOnRequest) {
  Options options = with(Strategy::exhaustive);
  options.stop_at_failure = false;
  const Verdict verdict = explore(two_racy, options);
  EXPECT_TRUE(failed_with(FailureKind::check, verdict));
  EXPECT_EQ(verdict.executions, 6u);
  EXPECT_EQ(verdict.failing, 4u);
  EXPECT_TRUE(verdict.limits.empty());
  EXPECT_NE(verdict.summary().find("4 failing executions of 6 (6 exhaustive)."), std::string::npos)
      << verdict.summary();
}

TEST(Failing, CountThatALimitEndedSaysSo) {
  Options options = with(Strategy::exhaustive);
  options.stop_at_failure = false;
  options.max_executions = 3;
  const Verdict verdict = explore(two_racy, options);
  EXPECT_TRUE(failed_with(FailureKind::check, verdict));
  EXPECT_EQ(verdict.executions, 3u);
  EXPECT_EQ(verdict.limits, (std::vector<std::string>{"max_executions, 3"}));
}

TEST(Failing, FailureInTheLastExecutionOfTheBudgetIsNoLimit) {
  Options options = with(Strategy::random);
  options.max_executions = 1;
  const Verdict verdict = explore(
      []() -> Task<> {
        COCHECK(false);
        co_return;
      },
      options);
  EXPECT_TRUE(failed_with(FailureKind::check, verdict));
  EXPECT_TRUE(verdict.limits.empty());
}

TEST(Failing, CountIsOfTheSearchAndNotOfWhatShrinksIt) {
  Options options = with(Strategy::random);
  options.max_executions = 100;
  options.stop_at_failure = false;
  int made = 0;
  const Verdict verdict = explore(
      [&] {
        ++made;
        return two_racy();
      },
      options);
  EXPECT_TRUE(failed_with(FailureKind::check, verdict));
  EXPECT_EQ(verdict.executions, 100u);
  EXPECT_GT(made, 100) << "the failure was recorded and shrunk";
  EXPECT_GT(verdict.failing, 1u);
  EXPECT_LT(verdict.failing, 100u);
}

TEST(Failing, RecordingHasAllThatAReplayNeeds) {
  Options options = with(Strategy::random);
  options.seed = 42;
  options.test = "Counter.CountsToTwo";
  options.program = "build/counter_test";
  options.clock = Clock::race;
  options.cancellations = 1;
  options.always_suspend = true;
  options.eager_tasks = true;
  const Verdict verdict = explore(
      []() -> Task<> {
        COCHECK(false);
        co_return;
      },
      options);
  ASSERT_TRUE(verdict.recording);
  const Schedule& schedule = verdict.recording->schedule;
  EXPECT_EQ(schedule.test, "Counter.CountsToTwo");
  EXPECT_EQ(schedule.program, "build/counter_test");
  EXPECT_EQ(schedule.strategy, "random");
  EXPECT_EQ(schedule.seed, 42u);
  EXPECT_EQ(schedule.options, (std::map<std::string, std::string>{{"order", "any"},
                                                                  {"clock", "race"},
                                                                  {"cancellations", "1"},
                                                                  {"always_suspend", "yes"},
                                                                  {"eager_tasks", "yes"}}));
  EXPECT_EQ(verdict.recording->verdict, "Failed: check failed: false");
  EXPECT_EQ(verdict.recording->failure, "false");
}

TEST(Failing, PassingVerdictHasNoRecording) {
  const Verdict verdict = explore(two_unchecked, with(Strategy::exhaustive));
  EXPECT_FALSE(verdict.recording);
  EXPECT_FALSE(verdict.failure);
}

TEST(Sampling, CountsExecutionsAndDistinctSchedules) {
  Options options = with(Strategy::random);
  options.max_executions = 1'000;
  const Verdict verdict = explore(two_unchecked, options);
  EXPECT_TRUE(is(Verdict::Kind::sampled, verdict)) << "sampling proves nothing, even if it saw all";
  EXPECT_EQ(verdict.executions, 1'000u);
  EXPECT_EQ(verdict.distinct, 6u);
  EXPECT_FALSE(verdict.distinct_at_least);
  EXPECT_EQ(verdict.summary(),
            "Sampled(1,000): all schedules that were run pass, 6 of them distinct (1,000 random "
            "from seed 1). Others may fail. Limit hit: max_executions, 1000.");
}

TEST(Sampling, FifoRunsOnceAndSaysSo) {
  const Verdict verdict = explore(two_unchecked, with(Strategy::fifo));
  EXPECT_TRUE(is(Verdict::Kind::sampled, verdict));
  EXPECT_EQ(verdict.executions, 1u);
  EXPECT_TRUE(verdict.limits.empty());
  EXPECT_EQ(verdict.summary(),
            "Sampled(1): the one schedule that was run passes (1 fifo). Others may fail.");
}

TEST(Sampling, SameSeedSameSearch) {
  const auto search = [](std::uint64_t seed) {
    Options options = with(Strategy::random);
    options.seed = seed;
    options.max_executions = 20;
    std::string orders;
    const Verdict verdict = explore(
        [&]() -> Task<> {
          auto child = [&](char name) -> Task<> {
            orders += name;
            co_return;
          };
          co_await gather(child('a'), child('b'), child('c'));
          orders += ' ';
        },
        options);
    EXPECT_EQ(verdict.seed, seed);
    return orders;
  };
  EXPECT_EQ(search(5), search(5));
  EXPECT_NE(search(5), search(6));
}

TEST(Sampling, ByWhatStepsTouchIsRefusedWhereThatIsNotKnown) {
  for (const Strategy strategy : {Strategy::pos, Strategy::surw}) {
    const Verdict verdict = explore(two_unchecked, with(strategy));
    EXPECT_TRUE(is(Verdict::Kind::inconclusive, verdict));
    EXPECT_EQ(verdict.reason,
              std::string("the strategy ") + to_string(strategy) +
                  " needs to know what each step touches: call "
                  "cocheck_instrument(TARGET) in CMake for the target of the model");
  }
}

TEST(Automatic, ProvesASmallModel) {
  const Verdict verdict = explore(two_unchecked);
  EXPECT_TRUE(is(Verdict::Kind::proved, verdict));
  EXPECT_EQ(verdict.executions, 1u);
  EXPECT_EQ(verdict.summary(),
            "Proved: every schedule passes (10 states and 10 steps stand for 6 schedules).");
}

TEST(Automatic, TriesAsynciosOwnOrderFirst) {
  const Verdict verdict = explore(two_racy);
  EXPECT_TRUE(failed_with(FailureKind::check, verdict));
  ASSERT_EQ(verdict.shares.size(), 1u);
  EXPECT_EQ(verdict.shares[0].strategy, "fifo");
  EXPECT_EQ(verdict.recording->schedule.options.at("order"), "fifo");
}

/// Its tasks all differ and leave their order behind: as many states as orders of what was done.
Task<> remembered_order(int tasks) {
  std::vector<int> order;
  const auto append = [&](int number) -> Task<> {
    co_await sleep(0s);
    order.push_back(number);
  };
  std::vector<Task<>> children;
  for (int i = 0; i < tasks; ++i) children.push_back(append(i));
  co_await gather(std::move(children));
}

TEST(Automatic, TriesToProveAndSpendsTheRestOnSamples) {
  Options options;
  options.max_executions = 101;
  const Verdict verdict = explore([] { return remembered_order(8); }, options);
  EXPECT_TRUE(is(Verdict::Kind::sampled, verdict));
  EXPECT_EQ(verdict.executions, 101u);
  ASSERT_EQ(verdict.shares.size(), 5u);
  EXPECT_EQ(verdict.shares[0].strategy, "fifo");
  EXPECT_EQ(verdict.shares[0].executions, 1u);
  EXPECT_EQ(verdict.shares[1].strategy, "states");
  EXPECT_EQ(verdict.shares[1].executions, 0u);
  EXPECT_GT(verdict.shares[1].states, 1'000u);
  EXPECT_EQ(verdict.shares[2].strategy, "pct-3");
  EXPECT_EQ(verdict.shares[2].executions, 34u);
  EXPECT_EQ(verdict.shares[3].strategy, "pct-10");
  EXPECT_EQ(verdict.shares[3].executions, 33u);
  EXPECT_EQ(verdict.shares[4].strategy, "random");
  EXPECT_EQ(verdict.shares[4].executions, 33u);
  EXPECT_NE(verdict.summary().find("34 pct-3, 33 pct-10, 33 random from seed 1"), std::string::npos)
      << verdict.summary();
  ASSERT_EQ(verdict.limits.size(), 2u);
  EXPECT_TRUE(verdict.limits[0].starts_with("states, 5000 steps (after ")) << verdict.limits[0];
  EXPECT_EQ(verdict.limits[1], "max_executions, 101");
  EXPECT_GE(verdict.distinct, 50u);
  EXPECT_LE(verdict.distinct, 101u);
}

TEST(Automatic, ProvesAModelWithStateThatOnlyTheHarnessReads) {
  int executions = 0;
  const Verdict verdict = explore([&]() -> Task<> {
    ++executions;
    co_await unchecked_counter(2);
  });
  EXPECT_TRUE(is(Verdict::Kind::proved, verdict));
  EXPECT_GT(executions, 0);
}

TEST(Automatic, OfOneExecutionIsFifo) {
  Options options;
  options.max_executions = 1;
  const Verdict verdict = explore(two_unchecked, options);
  EXPECT_TRUE(is(Verdict::Kind::sampled, verdict));
  EXPECT_EQ(verdict.executions, 1u);
  EXPECT_EQ(verdict.limits, (std::vector<std::string>{"max_executions, 1"}));
}

TEST(Limits, TimeThatIsUpIsPrintedAndSomethingWasRun) {
  for (const Strategy strategy : {Strategy::automatic, Strategy::exhaustive, Strategy::random}) {
    Options options = with(strategy);
    options.max_time = 0ms;
    const Verdict verdict = explore([] { return remembered_order(6); }, options);
    EXPECT_TRUE(is(Verdict::Kind::sampled, verdict)) << to_string(strategy);
    EXPECT_EQ(verdict.limits, (std::vector<std::string>{"max_time, 0 ms"}));
    EXPECT_GE(verdict.executions, 1u);
    EXPECT_LE(verdict.executions, 64u);
  }
}

TEST(Limits, TimeThatIsNotUpIsNotPrinted) {
  Options options = with(Strategy::exhaustive);
  options.max_time = std::chrono::hours(1);
  const Verdict verdict = explore(two_unchecked, options);
  EXPECT_TRUE(is(Verdict::Kind::proved, verdict));
  EXPECT_TRUE(verdict.limits.empty());
}

TEST(Limits, NoExecutionsAtAllIsAnError) {
  Options options;
  options.max_executions = 0;
  EXPECT_THROW((void)explore(two_unchecked, options), ValueError);
}

// Models that are not deterministic.

TEST(NotDeterministic, MoreAlternativesThanBefore) {
  std::size_t calls = 0;
  const Verdict verdict = explore(
      [&]() -> Task<> {
        ++calls;
        (void)choose(2);
        (void)choose(calls == 1 ? 2 : 3);
        co_return;
      },
      with(Strategy::exhaustive));
  ASSERT_TRUE(is(Verdict::Kind::inconclusive, verdict));
  EXPECT_FALSE(verdict.passed());
}

TEST(NotDeterministic, AnotherNumberOfAlternativesIsNamed) {
  std::size_t calls = 0;
  const Verdict verdict = explore(
      [&]() -> Task<> {
        ++calls;
        (void)choose(calls == 1 ? 3 : 2);
        co_return;
      },
      with(Strategy::exhaustive));
  ASSERT_TRUE(is(Verdict::Kind::inconclusive, verdict));
  EXPECT_EQ(verdict.reason,
            "the model is not deterministic: at choice 0 it had 3 alternatives before and 2 now; "
            "look for state that outlives an execution, addresses or real time");
}

TEST(NotDeterministic, FewerChoicesThanBefore) {
  std::size_t calls = 0;
  const Verdict verdict = explore(
      [&]() -> Task<> {
        if (++calls > 1) co_return;
        (void)choose(2);
        (void)choose(2);
      },
      with(Strategy::exhaustive));
  EXPECT_TRUE(is(Verdict::Kind::inconclusive, verdict));
  EXPECT_NE(verdict.reason.find("not deterministic"), std::string::npos) << verdict.reason;
}

TEST(NotDeterministic, AnotherNumberOfReadyTasks) {
  std::size_t calls = 0;
  const Verdict verdict =
      explore([&]() -> Task<> { return unchecked_counter(++calls == 1 ? 3 : 2); },
              with(Strategy::exhaustive));
  EXPECT_TRUE(is(Verdict::Kind::inconclusive, verdict));
}

TEST(NotDeterministic, ModelThatCatchesEverythingCannotHideIt) {
  std::size_t calls = 0;
  const Verdict verdict = explore(
      [&]() -> Task<> {
        ++calls;
        try {
          (void)choose(calls == 1 ? 3 : 2);
        } catch (...) {
        }
        co_return;
      },
      with(Strategy::exhaustive));
  EXPECT_TRUE(is(Verdict::Kind::inconclusive, verdict));
}

TEST(NotDeterministic, FailureThatDoesNotComeAgain) {
  for (const Strategy strategy : {Strategy::fifo, Strategy::exhaustive, Strategy::random}) {
    int calls = 0;
    const Verdict verdict = explore(
        [&]() -> Task<> {
          COCHECK(++calls > 1);
          co_return;
        },
        with(strategy));
    EXPECT_TRUE(is(Verdict::Kind::inconclusive, verdict)) << to_string(strategy);
    EXPECT_NE(verdict.reason.find("it failed with '++calls > 1', and the same choices again gave "
                                  "no failure"),
              std::string::npos)
        << verdict.reason;
  }
}

// Replays through the options.

class Replay : public ::testing::Test {
 protected:
  void SetUp() override {
    Options options = with(Strategy::exhaustive);
    const Verdict verdict = explore(two_racy, options);
    ASSERT_TRUE(verdict.recording);
    recording_ = *verdict.recording;
  }
  Recording recording_;
};

TEST_F(Replay, OfALine) {
  Options options;
  options.replay = to_line(recording_.schedule);
  const Verdict verdict = explore(two_racy, options);
  EXPECT_TRUE(failed_with(FailureKind::check, verdict));
  EXPECT_EQ(verdict.executions, 1u);
  ASSERT_EQ(verdict.shares.size(), 1u);
  EXPECT_EQ(verdict.shares[0].strategy, "replay");
  EXPECT_EQ(verdict.recording->schedule.choices, recording_.schedule.choices);
}

TEST_F(Replay, OfAFile) {
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() /
      ("cocheck_explore_test_" +
       std::to_string(reinterpret_cast<std::uintptr_t>(this) % 1'000'000) + ".json");
  write_recording(path, recording_);
  Options options;
  options.replay = path.string();
  const Verdict verdict = explore(two_racy, options);
  std::filesystem::remove(path);
  EXPECT_TRUE(failed_with(FailureKind::check, verdict));
  EXPECT_EQ(verdict.recording->trace, recording_.trace);
}

TEST_F(Replay, OfAModelThatIsMendedIsOneSample) {
  Options options;
  options.replay = to_line(recording_.schedule);
  const Verdict verdict = explore(two_unchecked, options);
  EXPECT_TRUE(is(Verdict::Kind::sampled, verdict));
  EXPECT_EQ(verdict.executions, 1u);
  EXPECT_TRUE(verdict.recording) << "a replay always has the trace";
}

TEST_F(Replay, OfSomethingUnreadableIsAScheduleError) {
  Options options;
  options.replay = "cocheck1:nonsense";
  EXPECT_THROW((void)explore(two_racy, options), ScheduleError);
  options.replay = "there is no such file";
  EXPECT_THROW((void)explore(two_racy, options), ScheduleError);
}

}  // namespace
}  // namespace cocheck
