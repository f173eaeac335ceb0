#include "cocheck/shield.hpp"

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "cocheck/check.hpp"
#include "cocheck/sleep.hpp"
#include "cocheck/task.hpp"
#include "cocheck/task_handle.hpp"
#include "cocheck/timeout.hpp"
#include "run.hpp"

namespace cocheck {
namespace {

using namespace test;

Task<int> value_after(Duration delay, int value) {
  co_await sleep(delay);
  co_return value;
}

template <class T>
Task<T> read(Future<T> future) {
  co_return co_await future;
}

TEST(Shield, GivesTheValueOfATask) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    const TaskHandle<int> task = create_task(value_after(1s, 7));
    EXPECT_EQ(co_await shield(task), 7);
    EXPECT_EQ(task.result(), 7);
  })));
}

TEST(Shield, MakesATaskOfACoroutine) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    const Future<int> future = shield(value_after(0s, 7));
    EXPECT_FALSE(future.done());
    co_await sleep(1ms);
    EXPECT_EQ(future.result(), 7);
  })));
}

TEST(Shield, OfADoneTaskIsDone) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    const TaskHandle<int> task = create_task(value_after(0s, 7));
    co_await task;
    EXPECT_EQ(shield(task).result(), 7);
    EXPECT_EQ(co_await shield(task), 7);
  })));
}

TEST(Shield, ThrowsWhatTheTaskThrows) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    const auto fail = []() -> Task<int> {
      co_await sleep(1ms);
      throw RuntimeError("broken");
    };
    EXPECT_EQ(co_await outcome(read(shield(fail()))), "error: broken");
  })));
}

TEST(Shield, EndsAsCancelledWhereTheTaskDoes) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    const TaskHandle<int> task = create_task(value_after(1s, 7));
    const Future<int> future = shield(task);
    co_await sleep(1ms);
    task.cancel("enough");
    EXPECT_EQ(co_await outcome(read(future)), "cancelled: enough");
    EXPECT_TRUE(future.cancelled());
    EXPECT_EQ(current_task().cancelling(), 0);
  })));
}

TEST(Shield, CarriesAMoveOnlyValue) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    const auto make = []() -> Task<std::unique_ptr<int>> {
      co_await sleep(1ms);
      co_return std::make_unique<int>(7);
    };
    const std::unique_ptr<int> value = co_await shield(make());
    EXPECT_EQ(*value, 7);
  })));
}

TEST(Shield, ATimeoutLeavesTheTaskRunning) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    const TaskHandle<int> task = create_task(value_after(1s, 7));
    Timeout scope = timeout(10ms);
    EXPECT_EQ(co_await outcome(scope.run(read(shield(task)))), "error: the time was up");
    EXPECT_FALSE(task.done());
    EXPECT_EQ(task.cancelling(), 0);
    EXPECT_EQ(co_await task, 7);
    EXPECT_EQ(LoopClock::now(), TimePoint(1s));
  })));
}

TEST(Shield, ShieldsOfOneTaskAreIndependent) {
  EXPECT_TRUE(proved(run_every_order([]() -> Task<> {
    const TaskHandle<int> task = create_task(value_after(1s, 7));
    const Future<int> first = shield(task);
    const Future<int> second = shield(task);
    COCHECK(first.cancel());
    COCHECK(co_await second == 7);
    COCHECK(first.cancelled());
    COCHECK(task.result() == 7);
  })));
}

// Whoever of the two is cancelled, and when: the saving goes through unless it was hit itself.
TEST(Shield, OnlyItsOwnCancellationStopsAShieldedTask) {
  const Verdict verdict = run_every_order(
      []() -> Task<> {
        int saved = 0;
        const auto save = [&]() -> Task<> {
          co_await sleep(0s);
          ++saved;
        };
        const TaskHandle<> saving = create_task(save());
        const auto wait_for_it = [&]() -> Task<> { co_await shield(saving); };
        const TaskHandle<> waiting = create_task(wait_for_it());
        const std::string waited = co_await outcome(waiting);
        const std::string ended = co_await outcome(saving);
        COCHECK((saved == 1) == (saving.cancelling() == 0));
        COCHECK((ended == "done") == (saved == 1));
        if (waited == "done") COCHECK(saved == 1);
        if (saving.cancelling() > 0) COCHECK(waited == "cancelled" && waiting.cancelling() == 0);
      },
      1);
  EXPECT_TRUE(proved(verdict));
}

TEST(Shield, AFailureBehindACancelledShieldIsNotHidden) {
  const auto model = [](bool look) {
    return [look]() -> Task<> {
      const auto fail = []() -> Task<> {
        co_await sleep(1ms);
        throw RuntimeError("broken");
      };
      std::optional<TaskHandle<>> task = create_task(fail());
      {
        const Future<> future = shield(*task);
        future.cancel();
      }
      co_await sleep(2ms);
      if (look) COCHECK(task->exception() != nullptr);
      task.reset();
      co_await sleep(0s);
    };
  };
  EXPECT_TRUE(passed(run(model(true))));
  EXPECT_TRUE(failed_with(FailureKind::unretrieved_exception, run(model(false))));
}

TEST(Shield, OfAFutureThatNeverCompletesMayBeDropped) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Future<int> inner;
    const Future<int> outer = shield(inner);
    co_await sleep(0s);
    EXPECT_FALSE(outer.done());
  })));
}

}  // namespace
}  // namespace cocheck
