#include "cocheck/wait_for.hpp"

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cocheck/check.hpp"
#include "cocheck/future.hpp"
#include "cocheck/queue.hpp"
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

Verdict run_racing(const Model& model, std::uint32_t cancellations = 0) {
  Options options;
  options.strategy = Strategy::exhaustive;
  options.max_executions = 2'000'000;
  options.cancellations = cancellations;
  options.clock = Clock::race;
  return explore(model, options);
}

TEST(WaitFor, GivesTheValueOfACoroutineATaskOrAFuture) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    EXPECT_EQ(co_await wait_for(value_after(1s, 1), 2s), 1);
    EXPECT_EQ(co_await wait_for(create_task(value_after(1s, 2)), 2s), 2);
    Future<int> future;
    future.set_result(3);
    EXPECT_EQ(co_await wait_for(future, 2s), 3);
    EXPECT_EQ(LoopClock::now(), TimePoint(2s));
  })));
}

TEST(WaitFor, RunsACoroutineAsPartOfTheAwaitingTask) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    const TaskRef awaiting = current_task();
    const auto body = [&]() -> Task<bool> { co_return current_task() == awaiting; };
    EXPECT_TRUE(co_await wait_for(body(), 1s));
  })));
}

TEST(WaitFor, CarriesAMoveOnlyValue) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    const auto make = []() -> Task<std::unique_ptr<int>> { co_return std::make_unique<int>(7); };
    const std::unique_ptr<int> value = co_await wait_for(make(), 1s);
    EXPECT_EQ(*value, 7);
    const std::unique_ptr<int> of_task = co_await wait_for(create_task(make()), 1s);
    EXPECT_EQ(*of_task, 7);
  })));
}

TEST(WaitFor, CancelsWhatIsLateAndWaitsForIt) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    const auto slow_to_go = []() -> Task<int> {
      if (co_await outcome(value_after(10s, 1)) == "cancelled") co_await sleep(1s);
      throw CancelledError();
    };
    const TaskHandle<int> task = create_task(slow_to_go());
    EXPECT_EQ(co_await outcome(wait_for(task, 1s)), "error: the time was up");
    EXPECT_TRUE(task.cancelled());
    EXPECT_EQ(LoopClock::now(), TimePoint(2s));
    EXPECT_EQ(current_task().cancelling(), 0);
  })));
}

TEST(WaitFor, AValueThatComesAllTheSameIsReturned) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    const auto stubborn = []() -> Task<int> {
      (void)co_await outcome(value_after(10s, 1));
      co_return 7;
    };
    EXPECT_EQ(co_await wait_for(stubborn(), 1s), 7);
    EXPECT_EQ(co_await wait_for(create_task(stubborn()), 1s), 7);
    const TaskHandle<int> started = create_task(stubborn());
    co_await sleep(0s);
    EXPECT_EQ(co_await wait_for(started, 0s), 7);
    EXPECT_EQ(current_task().cancelling(), 0);
  })));
}

TEST(WaitFor, AnErrorOfTheCleanupWins) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    const auto fail_in_cleanup = []() -> Task<int> {
      (void)co_await outcome(value_after(10s, 1));
      throw RuntimeError("broken in cleanup");
    };
    EXPECT_EQ(co_await outcome(wait_for(fail_in_cleanup(), 1s)), "error: broken in cleanup");
    const TaskHandle<int> task = create_task(fail_in_cleanup());
    EXPECT_EQ(co_await outcome(wait_for(task, 1s)), "error: broken in cleanup");
  })));
}

TEST(WaitFor, WithoutTimeACoroutineNeverStarts) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    bool started = false;
    const auto body = [&]() -> Task<> {
      started = true;
      co_return;
    };
    EXPECT_EQ(co_await outcome(wait_for(body(), 0s)), "error: wait_for: there was no time");
    EXPECT_EQ(co_await outcome(wait_for(body(), -1s)), "error: wait_for: there was no time");
    EXPECT_FALSE(started);
  })));
}

TEST(WaitFor, WithoutTimeWhatIsDoneIsTaken) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    const TaskHandle<int> task = create_task(value_after(0s, 7));
    co_await task;
    EXPECT_EQ(co_await wait_for(task, 0s), 7);
    EXPECT_EQ(co_await wait_for(task, -1s), 7);
  })));
}

TEST(WaitFor, WithoutADelayItWaitsForEver) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    EXPECT_EQ(co_await wait_for(value_after(std::chrono::hours(1000), 7), std::nullopt), 7);
  })));
}

TEST(WaitFor, CancellationReachesWhatIsAwaited) {
  for (const std::optional<Duration> delay : std::vector<std::optional<Duration>>{10s, {}}) {
    EXPECT_TRUE(passed(run([delay]() -> Task<> {
      const TaskHandle<int> inner = create_task(value_after(5s, 7));
      const TaskHandle<int> waiting = create_task(wait_for(inner, delay));
      co_await sleep(1s);
      waiting.cancel("enough");
      EXPECT_EQ(co_await outcome(waiting), "cancelled: enough");
      EXPECT_TRUE(inner.cancelled());
      EXPECT_EQ(LoopClock::now(), TimePoint(1s));
    })));
  }
}

TEST(WaitFor, CancellationWhileItWaitsForWhatHadNoTimeGoesOn) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    const auto slow_to_go = []() -> Task<int> {
      if (co_await outcome(value_after(10s, 1)) == "cancelled") co_await sleep(5s);
      co_return 7;
    };
    const TaskHandle<int> inner = create_task(slow_to_go());
    co_await sleep(0s);
    const TaskHandle<int> waiting = create_task(wait_for(inner, 0s));
    co_await sleep(1s);
    waiting.cancel();
    EXPECT_EQ(co_await outcome(waiting), "cancelled");
    EXPECT_EQ(co_await inner, 7);
  })));
}

// Wherever the deadline and a cancellation hit, an item of the queue is either here or still there.
TEST(WaitFor, NoOrderLosesAnItemOrACancellation) {
  const Verdict verdict = run_racing(
      []() -> Task<> {
        Queue<int> queue;
        int got = 0;
        const auto consume = [&]() -> Task<> { got = co_await wait_for(queue.get(), 1s); };
        const TaskHandle<> consumer = create_task(consume());
        co_await sleep(0s);
        queue.put_nowait(7);
        const std::string ended = co_await outcome(consumer);
        COCHECK((got == 7) == queue.empty());
        COCHECK((ended == "done") == (got == 7) || consumer.cancelling() > 0);
        COCHECK((ended == "cancelled") == (consumer.cancelling() > 0));
        COCHECK(queue.getters() == 0);
      },
      1);
  EXPECT_TRUE(proved(verdict));
}

TEST(WaitFor, InEveryOrderTheAwaitedTaskIsDoneAfterwards) {
  const Verdict verdict = run_racing(
      []() -> Task<> {
        std::optional<TaskHandle<int>> inner;
        bool ended_first = false;
        const auto body = [&]() -> Task<> {
          inner = create_task(value_after(0s, 7));
          const std::string ended = co_await outcome(wait_for(*inner, 1s));
          ended_first = inner->done();
          if (ended == "cancelled" && current_task().cancelling() > 0) throw CancelledError();
          if (ended == "done") COCHECK(inner->result() == 7);
        };
        const TaskHandle<> task = create_task(body());
        const std::string ended = co_await outcome(task);
        COCHECK(!inner || ended_first);
        COCHECK((ended == "cancelled") == (task.cancelling() > 0));
      },
      1);
  EXPECT_TRUE(proved(verdict));
}

}  // namespace
}  // namespace cocheck
