#include "cocheck/as_completed.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cocheck/check.hpp"
#include "cocheck/sleep.hpp"
#include "cocheck/task.hpp"
#include "cocheck/task_handle.hpp"
#include "run.hpp"

namespace cocheck {
namespace {

using namespace test;

Task<int> value_after(Duration delay, int value) {
  co_await sleep(delay);
  co_return value;
}

Task<int> fail_after(Duration delay) {
  co_await sleep(delay);
  throw RuntimeError("broken");
}

using Handles = std::vector<TaskHandle<int>>;

TEST(AsCompleted, GivesTasksInTheOrderInWhichTheyEnd) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    const Handles tasks = {create_task(value_after(3s, 3)), create_task(value_after(1s, 1)),
                           create_task(value_after(2s, 2))};
    AsCompleted<int> completed = as_completed(tasks);
    for (int expected = 1; expected <= 3; ++expected) {
      const std::optional<TaskHandle<int>> task = co_await completed.next();
      EXPECT_EQ(task->result(), expected);
      EXPECT_EQ(LoopClock::now(), TimePoint(expected * 1s));
    }
    EXPECT_EQ(co_await completed.next(), std::nullopt);
    EXPECT_EQ(co_await completed.next(), std::nullopt);
  })));
}

TEST(AsCompleted, MakesTasksOfCoroutines) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    std::vector<Task<int>> coroutines;
    coroutines.push_back(value_after(2s, 2));
    coroutines.push_back(value_after(1s, 1));
    AsCompleted<int> completed = as_completed(std::move(coroutines));
    EXPECT_EQ((co_await completed.next())->result(), 1);
    EXPECT_EQ((co_await completed.next())->result(), 2);
    EXPECT_EQ(LoopClock::now(), TimePoint(2s));
  })));
}

TEST(AsCompleted, GivesTheOriginalTasksOnceEach) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    const TaskHandle<int> task = create_task(value_after(1s, 7));
    AsCompleted<int> completed = as_completed(Handles(3, task));
    const std::optional<TaskHandle<int>> given = co_await completed.next();
    EXPECT_EQ(given, task);
    EXPECT_EQ(co_await completed.next(), std::nullopt);
  })));
}

TEST(AsCompleted, TasksThatAreDoneComeWithoutWaiting) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    const TaskHandle<int> done = create_task(value_after(0s, 7));
    co_await done;
    const Handles tasks = {create_task(value_after(1s, 1)), done};
    AsCompleted<int> completed = as_completed(tasks);
    const std::optional<TaskHandle<int>> first = co_await completed.next();
    EXPECT_EQ(first, done);
    EXPECT_EQ(LoopClock::now(), TimePoint());
    (void)co_await completed.next();
  })));
}

TEST(AsCompleted, OfNothingEndsAtOnce) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    AsCompleted<int> completed = as_completed(Handles(), 1s);
    EXPECT_EQ(co_await completed.next(), std::nullopt);
    EXPECT_EQ(LoopClock::now(), TimePoint());
  })));
}

TEST(AsCompleted, LeavesErrorsInTheTasks) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    const Handles tasks = {create_task(fail_after(1s)), create_task(value_after(2s, 7))};
    tasks[1].cancel();
    AsCompleted<int> completed = as_completed(tasks);
    const std::optional<TaskHandle<int>> first = co_await completed.next();
    EXPECT_TRUE(first->cancelled());
    const std::optional<TaskHandle<int>> second = co_await completed.next();
    EXPECT_EQ(co_await outcome(*second), "error: broken");
  })));
}

TEST(AsCompleted, WhenTheTimeIsUpThrowsOnceForEachTaskThatIsLeft) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    const Handles tasks = {create_task(value_after(1s, 1)), create_task(value_after(3s, 3)),
                           create_task(value_after(4s, 4))};
    AsCompleted<int> completed = as_completed(tasks, 2s);
    EXPECT_EQ((co_await completed.next())->result(), 1);
    for (int i = 0; i < 2; ++i) {
      EXPECT_EQ(co_await outcome(completed.next()), "error: as_completed: the time was up");
    }
    EXPECT_EQ(co_await completed.next(), std::nullopt);
    EXPECT_EQ(LoopClock::now(), TimePoint(2s));
    EXPECT_EQ(tasks[1].cancelling(), 0);
    EXPECT_EQ(co_await tasks[1], 3);
    EXPECT_EQ(co_await tasks[2], 4);
    EXPECT_EQ(co_await completed.next(), std::nullopt);
  })));
}

TEST(AsCompleted, WhatEndedInTimeCanBeTakenLater) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    const Handles tasks = {create_task(value_after(1s, 1))};
    AsCompleted<int> completed = as_completed(tasks, 2s);
    co_await sleep(10s);
    EXPECT_EQ((co_await completed.next())->result(), 1);
  })));
}

TEST(AsCompleted, MayBeDroppedWhileTasksRun) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    const Handles tasks = {create_task(value_after(1s, 1)), create_task(value_after(2s, 2))};
    {
      AsCompleted<int> completed = as_completed(tasks, 10s);
      (void)co_await completed.next();
    }
    EXPECT_EQ(co_await tasks[1], 2);
    EXPECT_EQ(LoopClock::now(), TimePoint(2s));
  })));
}

TEST(AsCompleted, CancellingWhoWaitsLosesNothing) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    const Handles tasks = {create_task(value_after(2s, 7))};
    AsCompleted<int> completed = as_completed(tasks);
    const auto waiting = create_task(completed.next());
    co_await sleep(1s);
    waiting.cancel();
    EXPECT_EQ(co_await outcome(waiting), "cancelled");
    EXPECT_EQ(tasks[0].cancelling(), 0);
    EXPECT_EQ(co_await tasks[0], 7);
  })));
}

// In every order, and with any of the tasks cancelled, each comes once, when it is done.
TEST(AsCompleted, GivesEachTaskOnceInEveryOrder) {
  const Verdict verdict = run_every_order(
      []() -> Task<> {
        const Handles tasks = {create_task(value_after(0s, 0)), create_task(value_after(0s, 1))};
        AsCompleted<int> completed = as_completed(tasks);
        const std::optional<TaskHandle<int>> first = co_await completed.next();
        COCHECK(first->done());
        const std::optional<TaskHandle<int>> second = co_await completed.next();
        COCHECK(second->done());
        COCHECK(!(*first == *second));
        COCHECK(*first == tasks[0] || *first == tasks[1]);
        COCHECK(!co_await completed.next());
      },
      2);
  EXPECT_TRUE(proved(verdict));
}

// A deadline that races with the ends of the tasks: each counts once, as an end or as an expiry.
TEST(AsCompleted, ARacingDeadlineLosesNoTask) {
  Options options;
  options.strategy = Strategy::exhaustive;
  options.clock = Clock::race;
  const Verdict verdict = explore(
      []() -> Task<> {
        const Handles tasks = {create_task(value_after(0s, 0)), create_task(value_after(0s, 1))};
        AsCompleted<int> completed = as_completed(tasks, 1s);
        int given = 0;
        int expired = 0;
        for (int i = 0; i < 2; ++i) {
          const std::string ended = co_await outcome(completed.next());
          (ended == "done" ? given : expired) += 1;
        }
        COCHECK(given + expired == 2);
        COCHECK(!co_await completed.next());
        for (const TaskHandle<int>& task : tasks) {
          COCHECK(co_await outcome(task) == "done");
          COCHECK(task.cancelling() == 0);
        }
      },
      options);
  EXPECT_TRUE(proved(verdict));
}

}  // namespace
}  // namespace cocheck
