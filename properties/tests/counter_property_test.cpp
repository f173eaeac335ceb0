// A counter that tasks read, and write back plus one: with a lock it counts them all.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "cocheck/gtest.hpp"
#include "cocheck/text_table.hpp"

namespace {

using namespace std::chrono_literals;
using cocheck::explore;
using cocheck::replay;
using cocheck::Strategy;
using cocheck::Task;
using cocheck::Verdict;

Task<> increment(int& counter) {
  const int value = counter;
  co_await cocheck::sleep(0s);
  counter = value + 1;
}

Task<> increment_locked(cocheck::Lock& lock, int& counter) {
  const auto guard = co_await lock.scoped();
  co_await increment(counter);
}

Task<> count_locked(int tasks) {
  cocheck::Lock lock;
  int counter = 0;
  std::vector<Task<>> increments;
  for (int i = 0; i < tasks; ++i) increments.push_back(increment_locked(lock, counter));
  co_await cocheck::gather(std::move(increments));
  EXPECT_EQ(counter, tasks);
  EXPECT_FALSE(lock.locked());
}

Task<> count_racing(int tasks) {
  int counter = 0;
  std::vector<Task<>> increments;
  for (int i = 0; i < tasks; ++i) increments.push_back(increment(counter));
  co_await cocheck::gather(std::move(increments));
  COCHECK(counter == tasks);
}

/// As many tasks as not cancelled count; the lock is free in the end and nobody waits for it.
Task<> count_cancelled(int tasks) {
  cocheck::Lock lock;
  int counter = 0;
  std::vector<Task<>> increments;
  for (int i = 0; i < tasks; ++i) increments.push_back(increment_locked(lock, counter));
  const auto results = co_await cocheck::gather(cocheck::return_exceptions, std::move(increments));
  const auto completed = std::count_if(results.begin(), results.end(),
                                       [](const auto& result) { return result.has_value(); });
  EXPECT_EQ(counter, completed);
  EXPECT_GE(counter, tasks - 1);
  EXPECT_FALSE(lock.locked());
  EXPECT_EQ(lock.waiting(), 0u);
}

COCHECK_TEST(Counter, AlwaysReaches100) {
  co_await count_locked(100);
}

TEST(Counter, TwoAndThreeAreProved) {
  const cocheck::ExpectBridge bridge;
  for (const int tasks : {2, 3}) {
    const Verdict verdict =
        explore([tasks] { return count_locked(tasks); }, {.strategy = Strategy::exhaustive});
    EXPECT_EQ(verdict.kind, Verdict::Kind::proved) << verdict.report();
    EXPECT_GT(verdict.executions, 1u);
  }
}

TEST(Counter, LosesAnIncrementWithoutTheLock) {
  for (const Strategy strategy : {Strategy::fifo, Strategy::exhaustive, Strategy::random}) {
    const Verdict verdict = explore([] { return count_racing(2); }, {.strategy = strategy});
    ASSERT_EQ(verdict.kind, Verdict::Kind::failed) << verdict.report();
    EXPECT_EQ(verdict.failure->message, "counter == tasks");
    const std::string table = text_table(*verdict.recording);
    EXPECT_LT(std::count(table.begin(), table.end(), '\n'), 10) << table;
    EXPECT_EQ(replay([] { return count_racing(2); }, verdict.recording->schedule).kind,
              Verdict::Kind::failed);
  }
}

TEST(Counter, FailsOnlyWhereTheRaceIsLost) {
  const Verdict verdict = explore([] { return count_racing(2); },
                                  {.strategy = Strategy::exhaustive, .stop_at_failure = false});
  EXPECT_GT(verdict.failing, 0u);
  EXPECT_LT(verdict.failing, verdict.executions);
}

TEST(Counter, LosesNoLockToACancellation) {
  const cocheck::ExpectBridge bridge;
  for (const int tasks : {2, 3}) {
    const Verdict verdict =
        explore([tasks] { return count_cancelled(tasks); },
                {.strategy = Strategy::exhaustive, .max_executions = 100'000, .cancellations = 1});
    EXPECT_EQ(verdict.kind, Verdict::Kind::proved_within) << verdict.report();
  }
}

COCHECK_TEST(Counter, LosesNoLockToACancellationOf20, .max_executions = 2'000, .cancellations = 1) {
  co_await count_cancelled(20);
}

}  // namespace
