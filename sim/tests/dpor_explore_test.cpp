// The strategy dpor as people use it: explore(), its verdicts, and schedules that replay.

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "cocheck/choose.hpp"
#include "cocheck/explore.hpp"
#include "cocheck/lock.hpp"
#include "cocheck/schedule_line.hpp"
#include "models.hpp"

namespace cocheck {
namespace {

using namespace std::chrono_literals;
using test::failed_with;
using test::is;
using test::with;

Task<> write_once(int& own) {
  co_await sleep(0s);
  own = 1;
}

/// Tasks that have nothing to do with each other.
Task<> strangers() {
  std::vector<int> own(4);
  std::vector<Task<>> tasks;
  for (int& one : own) tasks.push_back(write_once(one));
  co_await gather(std::move(tasks));
}

TEST(StrategyDpor, ProvesWithOneExecutionWhatDiffersInNothingElse) {
  const Verdict verdict = explore(strangers, with(Strategy::dpor));
  EXPECT_TRUE(is(Verdict::Kind::proved, verdict));
  EXPECT_EQ(verdict.executions, 1u);
  EXPECT_EQ(verdict.distinct, 1u);
}

TEST(StrategyDpor, CountsTheClassesOfTheRacyCounter) {
  const Verdict verdict = explore([] { return test::unchecked_counter(3); }, with(Strategy::dpor));
  EXPECT_TRUE(is(Verdict::Kind::proved, verdict));
  EXPECT_EQ(verdict.executions, 36u);
}

TEST(StrategyDpor, FindsAFailureThatReplays) {
  const auto model = [] { return test::racy_counter(2); };
  const Verdict verdict = explore(model, with(Strategy::dpor));
  EXPECT_TRUE(failed_with(FailureKind::check, verdict));
  ASSERT_TRUE(verdict.recording);
  EXPECT_EQ(verdict.recording->schedule.strategy, "dpor");
  Options again;
  again.replay = to_line(verdict.recording->schedule);
  EXPECT_TRUE(failed_with(FailureKind::check, explore(model, again)));
}

std::string lost_updates(const Verdict& verdict) {
  std::string text;
  for (const TraceEvent& event : verdict.recording->trace.events) {
    if (event.verb == "lost update") text += event.task + " " + event.detail + "\n";
  }
  return text;
}

TEST(StrategyDpor, NamesTheLostUpdateInTheTrace) {
  const Verdict verdict = explore([] { return test::racy_counter(2); }, with(Strategy::dpor));
  ASSERT_TRUE(verdict.recording);
  const std::string text = lost_updates(verdict);
  // What the other one wrote is gone, and the read that missed it stands two lines above.
  EXPECT_EQ(text.find("0.1 of 0.0: models.hpp:"), 0u) << text;
  EXPECT_NE(text.find("read before at models.hpp:"), std::string::npos) << text;
  EXPECT_NE(verdict.report().find("lost update of 0.0"), std::string::npos);
}

TEST(StrategyDpor, NamesNoLostUpdateWhereThereIsNone) {
  const auto add = [](Lock& lock, int& counter) -> Task<> {
    const auto guard = co_await lock.scoped();
    const int value = counter;
    co_await sleep(0s);
    counter = value + 1;
  };
  const auto model = [&]() -> Task<> {
    Lock lock;
    int counter = 0;
    co_await gather(add(lock, counter), add(lock, counter));
    COCHECK(counter == 3);
  };
  const Verdict verdict = explore(model, with(Strategy::dpor));
  ASSERT_TRUE(verdict.recording);
  EXPECT_EQ(lost_updates(verdict), "");
}

TEST(StrategyDpor, FindsADeadlock) {
  const auto model = []() -> Task<> {
    Lock left;
    Lock right;
    const auto take = [](Lock& first, Lock& second) -> Task<> {
      const auto one = co_await first.scoped();
      co_await sleep(0s);
      const auto other = co_await second.scoped();
    };
    co_await gather(take(left, right), take(right, left));
  };
  EXPECT_TRUE(failed_with(FailureKind::deadlock, explore(model, with(Strategy::dpor))));
}

TEST(StrategyDpor, SaysWhichLimitItHit) {
  Options options = with(Strategy::dpor);
  options.max_executions = 10;
  const Verdict verdict = explore([] { return test::unchecked_counter(3); }, options);
  EXPECT_TRUE(is(Verdict::Kind::sampled, verdict));
  ASSERT_EQ(verdict.limits.size(), 1u);
  EXPECT_EQ(verdict.limits[0], "max_executions, 10");
}

TEST(StrategyDpor, TriesAllThatIsDrawn) {
  const auto draws = [](std::size_t allowed) -> Task<> {
    co_await sleep(0s);
    COCHECK(choose(2) < allowed);
  };
  const Verdict proved = explore([&] { return draws(2); }, with(Strategy::dpor));
  EXPECT_TRUE(is(Verdict::Kind::proved, proved));
  EXPECT_EQ(proved.executions, 2u);
  EXPECT_TRUE(is(Verdict::Kind::failed, explore([&] { return draws(1); }, with(Strategy::dpor))));
}

TEST(StrategyDpor, FindsTheSameInAnyNumberOfProcesses) {
  Options options = with(Strategy::dpor);
  options.max_executions = 100'000;
  options.stop_at_failure = false;
  options.shrink = false;
  options.jobs = 1;
  const Verdict alone = explore([] { return test::racy_counter(5); }, options);
  EXPECT_EQ(alone.executions, 14'400u);
  EXPECT_GT(alone.failing, 1'000u);
  for (const std::size_t jobs : {2u, 5u}) {
    options.jobs = jobs;
    const Verdict shared = explore([] { return test::racy_counter(5); }, options);
    EXPECT_TRUE(is(Verdict::Kind::failed, shared));
    EXPECT_EQ(shared.executions, alone.executions);
    EXPECT_EQ(shared.failing, alone.failing);
    EXPECT_TRUE(shared.failure);
  }
}

TEST(StrategyDpor, ProvesInSeveralProcesses) {
  Options options = with(Strategy::dpor);
  options.max_executions = 20'000;
  options.jobs = 2;
  const Verdict all = explore([] { return test::unchecked_counter(5); }, options);
  EXPECT_TRUE(is(Verdict::Kind::proved, all));
  EXPECT_EQ(all.executions, 14'400u);
  const Verdict some = explore([] { return test::unchecked_counter(6); }, options);
  EXPECT_FALSE(is(Verdict::Kind::proved, some));
  EXPECT_EQ(some.executions, 20'000u);
}

/// Few of many classes fail: those without a lost update.
Task<> rare_failure() {
  int counter = 0;
  std::vector<Task<>> tasks;
  for (int i = 0; i < 5; ++i) tasks.push_back(test::increment(counter));
  co_await gather(std::move(tasks));
  COCHECK(counter < 5);
}

TEST(StrategyDpor, AFailureThatAnotherProcessFindsReplays) {
  Options options = with(Strategy::dpor);
  options.max_executions = 100'000;
  options.jobs = 3;
  const Verdict verdict = explore(rare_failure, options);
  EXPECT_TRUE(failed_with(FailureKind::check, verdict));
  ASSERT_TRUE(verdict.recording);
  Options again;
  again.replay = to_line(verdict.recording->schedule);
  EXPECT_TRUE(failed_with(FailureKind::check, explore(rare_failure, again)));
}

int counter_of_all_executions = 0;

TEST(StrategyDpor, NamesStateThatOutlivesAnExecution) {
  const auto count = []() -> Task<> {
    co_await sleep(0s);
    ++counter_of_all_executions;
  };
  const auto model = [&]() -> Task<> { co_await gather(count(), count()); };
  const Verdict verdict = explore(model, with(Strategy::dpor));
  EXPECT_TRUE(is(Verdict::Kind::inconclusive, verdict));
  for (const char* part : {"counter_of_all_executions", " at dpor_explore_test.cpp:"}) {
    EXPECT_NE(verdict.reason.find(part), std::string::npos) << verdict.reason;
  }
}

TEST(StrategyDpor, NoticesACapturedVariableThatCountsInASingleExecution) {
  int executions = 0;
  const auto model = [&]() -> Task<> {
    ++executions;
    co_return;
  };
  const Verdict verdict = explore(model, with(Strategy::dpor));
  EXPECT_TRUE(is(Verdict::Kind::inconclusive, verdict));
  EXPECT_NE(verdict.reason.find("captured"), std::string::npos) << verdict.reason;
}

TEST(StrategyDpor, LetsAModelWriteOutsideWhatItDoesNotRead) {
  int last = 0;
  const auto model = [&]() -> Task<> {
    co_await sleep(0s);
    last = 7;
  };
  EXPECT_TRUE(is(Verdict::Kind::proved, explore(model, with(Strategy::dpor))));
  EXPECT_EQ(last, 7);
}

TEST(StrategyDpor, SaysThatAnExecutionIsTooLong) {
  Options options = with(Strategy::dpor);
  options.max_steps = 50;
  const auto model = []() -> Task<> {
    for (int i = 0; i < 100; ++i) co_await sleep(0s);
  };
  EXPECT_TRUE(is(Verdict::Kind::inconclusive, explore(model, options)));
}

}  // namespace
}  // namespace cocheck
