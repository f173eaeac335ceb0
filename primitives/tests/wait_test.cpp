#include "cocheck/wait.hpp"

#include <optional>
#include <string>
#include <vector>

#include "cocheck/check.hpp"
#include "cocheck/future.hpp"
#include "cocheck/sleep.hpp"
#include "cocheck/task.hpp"
#include "cocheck/task_handle.hpp"
#include "run.hpp"

namespace cocheck {
namespace {

using namespace test;

using Handles = std::vector<TaskHandle<>>;

Task<> nap(Duration delay) {
  co_await sleep(delay);
}

Task<> fail_after(Duration delay) {
  co_await sleep(delay);
  throw RuntimeError("broken");
}

/// Cancels what a wait has left, and ends when it has ended.
Task<> clear_away(Handles handles) {
  for (const TaskHandle<>& handle : handles) handle.cancel();
  for (const TaskHandle<>& handle : handles) (void)co_await outcome(handle);
}

TEST(Wait, ForAllGivesThemInTheOrderOfTheArguments) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    const Handles handles = {create_task(nap(2s)), create_task(nap(1s)), create_task(nap(3s))};
    const auto [done, pending] = co_await wait(handles);
    EXPECT_EQ(done, handles);
    EXPECT_TRUE(pending.empty());
    EXPECT_EQ(LoopClock::now(), TimePoint(3s));
  })));
}

TEST(Wait, ForTheFirstLeavesTheOthersAlone) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    const Handles handles = {create_task(nap(2s)), create_task(nap(1s)), create_task(nap(3s))};
    const Waited<TaskHandle<>> waited =
        co_await wait(handles, std::nullopt, ReturnWhen::first_completed);
    EXPECT_EQ(waited.done, Handles(1, handles[1]));
    const Handles expected = {handles[0], handles[2]};
    EXPECT_EQ(waited.pending, expected);
    for (const TaskHandle<>& handle : waited.pending) EXPECT_EQ(handle.cancelling(), 0);
    co_await clear_away(waited.pending);
  })));
}

TEST(Wait, ForTheFirstExceptionDoesNotTakeACancellationForOne) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    const Handles handles = {create_task(nap(5s)), create_task(fail_after(2s)),
                             create_task(nap(10s))};
    handles[0].cancel();
    const Waited<TaskHandle<>> waited =
        co_await wait(handles, std::nullopt, ReturnWhen::first_exception);
    EXPECT_EQ(LoopClock::now(), TimePoint(2s));
    EXPECT_EQ(waited.done.size(), 2u);
    EXPECT_EQ(waited.pending, Handles(1, handles[2]));
    EXPECT_EQ(co_await outcome(handles[1]), "error: broken");
    co_await clear_away(waited.pending);
  })));
}

TEST(Wait, ForTheFirstExceptionEndsWhenAllAreDoneWithoutOne) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    const Handles handles = {create_task(nap(1s)), create_task(nap(2s))};
    const Waited<TaskHandle<>> waited =
        co_await wait(handles, std::nullopt, ReturnWhen::first_exception);
    EXPECT_EQ(waited.done, handles);
    EXPECT_EQ(LoopClock::now(), TimePoint(2s));
  })));
}

TEST(Wait, NeverThrowsWhatTheTasksThrew) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    const Handles handles = {create_task(fail_after(1s))};
    const Waited<TaskHandle<>> waited = co_await wait(handles);
    EXPECT_EQ(waited.done, handles);
    EXPECT_NE(handles[0].exception(), nullptr);
  })));
}

TEST(Wait, LooksAtNoException) {
  EXPECT_TRUE(failed_with(FailureKind::unretrieved_exception, run([]() -> Task<> {
                            Handles handles(1, create_task(fail_after(1s)));
                            (void)co_await wait(std::move(handles));
                            co_await sleep(0s);
                          })));
}

TEST(Wait, RunningOutOfTimeIsNoError) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    const Handles handles = {create_task(nap(1s)), create_task(nap(3s))};
    const Waited<TaskHandle<>> waited = co_await wait(handles, 2s);
    EXPECT_EQ(waited.done, Handles(1, handles[0]));
    EXPECT_EQ(waited.pending, Handles(1, handles[1]));
    EXPECT_EQ(LoopClock::now(), TimePoint(2s));
    EXPECT_EQ(current_task().cancelling(), 0);
    co_await handles[1];
  })));
}

TEST(Wait, TakesFuturesToo) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    const std::vector<Future<int>> futures(2);
    futures[1].set_result(7);
    const Waited<Future<int>> waited = co_await wait(futures, 1s);
    EXPECT_EQ(waited.done.size(), 1u);
    EXPECT_EQ(waited.done[0].result(), 7);
    EXPECT_EQ(waited.pending.size(), 1u);
  })));
}

TEST(Wait, DuplicatesCountOnce) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    const Handles handles(3, create_task(nap(1s)));
    const Waited<TaskHandle<>> waited = co_await wait(handles);
    EXPECT_EQ(waited.done, Handles(1, handles[0]));
  })));
}

TEST(Wait, ForNothingIsRefused) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    EXPECT_EQ(co_await outcome(wait(Handles())), "error: wait: there is nothing to wait for");
  })));
}

TEST(Wait, CancellingWhoWaitsCancelsNoneOfTheTasks) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    const Handles handles = {create_task(nap(2s)), create_task(nap(3s))};
    const auto waiting = create_task(wait(handles));
    co_await sleep(1s);
    waiting.cancel();
    EXPECT_EQ(co_await outcome(waiting), "cancelled");
    EXPECT_EQ(LoopClock::now(), TimePoint(1s));
    for (const TaskHandle<>& handle : handles) {
      EXPECT_FALSE(handle.done());
      EXPECT_EQ(handle.cancelling(), 0);
    }
    co_await wait(handles);
  })));
}

// In every order, and whoever is cancelled: what is called done is done, the rest is pending,
// together they are all, and at least one is done unless the waiting task was cancelled.
TEST(Wait, SaysWhatIsTrueWhenItResumes) {
  const Verdict verdict = run_every_order(
      []() -> Task<> {
        const Handles handles = {create_task(nap(0s)), create_task(nap(0s))};
        bool resumed = false;
        const auto body = [&]() -> Task<> {
          const Waited<TaskHandle<>> waited =
              co_await wait(handles, std::nullopt, ReturnWhen::first_completed);
          for (const TaskHandle<>& handle : waited.done) COCHECK(handle.done());
          for (const TaskHandle<>& handle : waited.pending) COCHECK(!handle.done());
          COCHECK(waited.done.size() + waited.pending.size() == 2);
          COCHECK(!waited.done.empty());
          resumed = true;
        };
        const TaskHandle<> task = create_task(body());
        const std::string ended = co_await outcome(task);
        COCHECK(resumed == (task.cancelling() == 0));
        COCHECK((ended == "cancelled") == (task.cancelling() > 0));
        for (const TaskHandle<>& handle : handles) {
          const std::string child = co_await outcome(handle);
          COCHECK((child == "cancelled") == (handle.cancelling() > 0));
        }
      },
      1);
  EXPECT_TRUE(proved(verdict));
}

}  // namespace
}  // namespace cocheck
