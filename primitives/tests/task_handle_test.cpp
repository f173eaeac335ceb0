#include "cocheck/task_handle.hpp"

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cocheck/check.hpp"
#include "cocheck/describe.hpp"
#include "cocheck/event.hpp"
#include "cocheck/gather.hpp"
#include "cocheck/lock.hpp"
#include "cocheck/sleep.hpp"
#include "cocheck/task.hpp"
#include "run.hpp"

namespace cocheck {
namespace {

using namespace test;

Task<int> answer() {
  co_return 42;
}

Task<int> answer_later() {
  co_await sleep(0s);
  co_return 42;
}

Task<> fail(const char* message) {
  throw ValueError(message);
  co_return;
}

Task<> note_down(Log& log, const char* name) {
  log.push_back(name);
  co_return;
}

Task<> sleep_long() {
  co_await sleep(1h);
}

TEST(CreateTask, QueuesTheFirstStepInOrderOfCreation) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    const TaskHandle<> first = create_task(note_down(log, "1"));
    const TaskHandle<> second = create_task(note_down(log, "2"));
    EXPECT_EQ(log, Log{});
    EXPECT_FALSE(first.done());
    co_await second;
    EXPECT_TRUE(first.done());
  })));
  EXPECT_EQ(log, (Log{"1", "2"}));
}

TEST(CreateTask, EagerTaskRunsItsFirstStepInside) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    const TaskRef parent = current_task();
    auto child = [&]() -> Task<int> {
      EXPECT_NE(current_task(), parent);
      EXPECT_EQ(current_task().id(), "0.0");
      log.push_back("first step");
      co_await sleep(0s);
      log.push_back("second step");
      co_return 7;
    };
    const TaskHandle<int> handle = create_task(child(), TaskOptions{"eager", true});
    log.push_back("created");
    EXPECT_EQ(current_task(), parent);
    EXPECT_FALSE(handle.done());
    EXPECT_EQ(handle.name(), "eager");
    EXPECT_EQ(co_await handle, 7);
  })));
  EXPECT_EQ(log, (Log{"first step", "created", "second step"}));
}

TEST(CreateTask, EagerTaskThatNeedsNotWaitIsDoneAtOnce) {
  Options options;
  options.strategy = Strategy::fifo;
  options.eager_tasks = true;
  EXPECT_TRUE(passed(explore(
      []() -> Task<> {
        const TaskHandle<int> handle = create_task(answer());
        EXPECT_TRUE(handle.done());
        EXPECT_EQ(handle.result(), 42);
        const TaskHandle<int> lazy = create_task(answer(), TaskOptions{"", false});
        EXPECT_FALSE(lazy.done());
        co_await lazy;
      },
      options)));
}

TEST(CreateTask, OutsideOfALoopThrowsAndClosesTheCoroutine) {
  auto owner = std::make_shared<int>(1);
  auto child = [](std::shared_ptr<int> held) -> Task<int> { co_return *held; };
  EXPECT_THROW(create_task(child(owner)), RuntimeError);
  EXPECT_EQ(owner.use_count(), 1);
}

TEST(CreateTask, RefusesACoroutineThatWasGivenAway) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Task<int> task = answer();
    co_await create_task(std::move(task));
    EXPECT_THROW(create_task(std::move(task)), RuntimeError);
  })));
}

TEST(CreateTask, TaskLivesOnWithoutHandles) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    create_task(note_down(log, "ran"));
    co_await sleep(0s);
  })));
  EXPECT_EQ(log, (Log{"ran"}));
}

TEST(CurrentTask, ThrowsOutsideOfTasks) {
  EXPECT_THROW((void)current_task(), RuntimeError);
}

TEST(TaskHandle, NamesAndIdsFollowTheSpawnTree) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    EXPECT_EQ(current_task().id(), "0");
    const TaskHandle<int> first = create_task(answer());
    const TaskHandle<int> second = create_task(answer(), "named");
    EXPECT_EQ(first.id(), "0.0");
    EXPECT_EQ(second.id(), "0.1");
    EXPECT_EQ(first.name(), "answer");
    EXPECT_EQ(second.name(), "named");
    first.set_name("renamed");
    EXPECT_EQ(first.name(), "renamed");
    auto parent = []() -> Task<std::string> {
      const TaskHandle<int> child = create_task(answer());
      co_await child;
      co_return child.id();
    };
    const TaskHandle<std::string> grandparent = create_task(parent());
    EXPECT_EQ(grandparent.name(), "task 0.2") << "a lambda has no name";
    EXPECT_EQ(co_await grandparent, "0.2.0");
    co_await gather(first, second);
  })));
}

TEST(TaskHandle, IdsAreTheSameInEveryOrder) {
  std::set<std::string> ids;
  EXPECT_TRUE(proved(run_every_order([&]() -> Task<> {
    auto parent = [&]() -> Task<> {
      const TaskHandle<int> a = create_task(answer());
      const TaskHandle<int> b = create_task(answer());
      ids.insert(current_task().id() + " " + a.id() + " " + b.id());
      co_await gather(a, b);
    };
    co_await gather(parent(), parent());
  })));
  EXPECT_EQ(ids, (std::set<std::string>{"0.0 0.0.0 0.0.1", "0.1 0.1.0 0.1.1"}));
}

TEST(TaskHandle, CopiesNameTheSameTask) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    const TaskHandle<int> handle = create_task(answer());
    const TaskHandle<int> copy = handle;
    const TaskHandle<int> other = create_task(answer());
    EXPECT_EQ(handle, copy);
    EXPECT_FALSE(handle == other);
    co_await gather(handle, other);
    EXPECT_TRUE(copy.done());
  })));
}

TEST(TaskHandle, AwaitingADoneTaskDoesNotSuspend) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    const TaskHandle<int> handle = create_task(answer());
    co_await sleep(0s);
    EXPECT_TRUE(handle.done());
    const TaskHandle<> other = create_task(note_down(log, "other"));
    EXPECT_EQ(co_await handle, 42);
    log.push_back("awaited");
    co_await other;
  })));
  EXPECT_EQ(log, (Log{"awaited", "other"}));
}

TEST(TaskHandle, AwaitingADoneTaskIsNoCancellationPoint) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    const TaskHandle<int> done = create_task(answer());
    co_await done;
    Log log;
    auto body = [&]() -> Task<> {
      current_task().cancel();
      EXPECT_EQ(co_await done, 42);
      log.push_back("passed the await");
      co_await sleep(0s);
      log.push_back("never");
    };
    const TaskHandle<> handle = create_task(body());
    EXPECT_EQ(co_await outcome(handle), "cancelled");
    EXPECT_EQ(log, (Log{"passed the await"}));
  })));
}

TEST(TaskHandle, GivesACopyToEveryone) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    auto word = []() -> Task<std::string> { co_return "word"; };
    const TaskHandle<std::string> handle = create_task(word());
    EXPECT_EQ(co_await handle, "word");
    EXPECT_EQ(co_await handle, "word");
    EXPECT_EQ(handle.result(), "word");
  })));
}

TEST(TaskHandle, GivesAMoveOnlyValueOnce) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    auto pointer = []() -> Task<std::unique_ptr<int>> { co_return std::make_unique<int>(7); };
    const TaskHandle<std::unique_ptr<int>> handle = create_task(pointer());
    const std::unique_ptr<int> value = co_await handle;
    EXPECT_EQ(*value, 7);
    EXPECT_THROW((void)handle.result(), InvalidStateError);
  })));
}

TEST(TaskHandle, GivesReferences) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    int number = 1;
    auto reference = [&]() -> Task<int&> { co_return number; };
    const TaskHandle<int&> handle = create_task(reference());
    EXPECT_EQ(&co_await handle, &number);
    EXPECT_EQ(&handle.result(), &number);
  })));
}

TEST(TaskHandle, ThrowsTheErrorAtEveryAwait) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    const TaskHandle<> handle = create_task(fail("broken"));
    EXPECT_EQ(co_await outcome(handle), "error: broken");
    EXPECT_EQ(co_await outcome(handle), "error: broken");
    EXPECT_THROW(handle.result(), ValueError);
    EXPECT_EQ(describe(handle.exception()), "cocheck::ValueError(\"broken\")");
    EXPECT_FALSE(handle.cancelled());
  })));
}

TEST(TaskHandle, ResultOfATaskThatIsNotDoneIsAnInvalidState) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    const TaskHandle<int> handle = create_task(answer());
    EXPECT_THROW((void)handle.result(), InvalidStateError);
    EXPECT_THROW((void)handle.exception(), InvalidStateError);
    co_await handle;
    EXPECT_EQ(handle.result(), 42);
    EXPECT_EQ(handle.exception(), nullptr);
  })));
}

TEST(TaskHandle, WakesThoseWhoAwaitItInOrder) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    const TaskHandle<int> handle = create_task(answer_later());
    auto await = [&](const char* name) -> Task<> {
      EXPECT_EQ(co_await handle, 42);
      log.push_back(name);
    };
    co_await gather(await("1"), await("2"), await("3"));
  })));
  EXPECT_EQ(log, (Log{"1", "2", "3"}));
}

TEST(TaskHandle, AwaitingItselfThrowsAtTheNextStep) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    std::optional<TaskHandle<>> self;
    auto body = [&]() -> Task<> { log.push_back(co_await outcome(*self)); };
    self = create_task(body());
    const TaskHandle<> other = create_task(note_down(log, "other"));
    co_await gather(*self, other);
  })));
  EXPECT_EQ(log, (Log{"other", "error: a task cannot await itself"}));
}

TEST(TaskHandle, LastHandleMayGoWhileTheTaskIsAwaited) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    auto word = []() -> Task<std::string> {
      co_await sleep(1ms);
      co_return std::string(100, 'x');
    };
    auto handle = std::make_unique<TaskHandle<std::string>>(create_task(word()));
    auto await = [&]() -> Task<> {
      const std::string value = co_await *handle;
      EXPECT_EQ(value, std::string(100, 'x'));
    };
    const TaskHandle<> waiter = create_task(await());
    co_await sleep(0s);
    handle.reset();
    co_await waiter;
  })));
}

// What cancel() does.

TEST(Cancel, OfADoneTaskIsFalseAndWithoutEffect) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    const TaskHandle<int> handle = create_task(answer());
    co_await handle;
    EXPECT_FALSE(handle.cancel());
    EXPECT_FALSE(handle.cancelled());
    EXPECT_EQ(handle.cancelling(), 0);
    EXPECT_EQ(handle.result(), 42);
  })));
}

TEST(Cancel, BeforeTheFirstStepTheBodyNeverRuns) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    const TaskHandle<> handle = create_task(note_down(log, "ran"));
    EXPECT_TRUE(handle.cancel("too early"));
    EXPECT_FALSE(handle.done()) << "it is delivered by a step";
    EXPECT_EQ(co_await outcome(handle), "cancelled: too early");
    EXPECT_TRUE(handle.cancelled());
  })));
  EXPECT_EQ(log, Log{});
}

TEST(Cancel, BeforeTheFirstStepReleasesTheParameters) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    auto owner = std::make_shared<int>(1);
    auto child = [](std::shared_ptr<int> held) -> Task<int> { co_return *held; };
    const TaskHandle<int> handle = create_task(child(owner));
    handle.cancel();
    (void)co_await outcome(handle);
    EXPECT_EQ(owner.use_count(), 1);
  })));
}

TEST(Cancel, EndsASuspendedTaskAndResultThrows) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    const TaskHandle<> handle = create_task(sleep_long());
    co_await sleep(0s);
    EXPECT_TRUE(handle.cancel("enough"));
    EXPECT_EQ(handle.cancelling(), 1);
    EXPECT_EQ(co_await outcome(handle), "cancelled: enough");
    EXPECT_TRUE(handle.done());
    EXPECT_TRUE(handle.cancelled());
    EXPECT_THROW(handle.result(), CancelledError);
    EXPECT_THROW((void)handle.exception(), CancelledError);
  })));
}

TEST(Cancel, OfATaskThatYieldsHitsItThere) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    auto body = []() -> Task<> { co_await sleep(0s); };
    const TaskHandle<> handle = create_task(body());
    co_await sleep(0s);
    EXPECT_FALSE(handle.done());
    handle.cancel();
    EXPECT_EQ(co_await outcome(handle), "cancelled");
  })));
}

TEST(Cancel, OfAWokenTaskIsDeliveredThoughItsWaitWasServed) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Event event;
    auto body = [&]() -> Task<> { co_await event.wait(); };
    const TaskHandle<> handle = create_task(body());
    co_await sleep(0s);
    event.set();
    EXPECT_TRUE(handle.cancel());
    EXPECT_EQ(co_await outcome(handle), "cancelled");
  })));
}

TEST(Cancel, OfATaskWokenByAFinishedTaskLeavesThatOnesResult) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    const TaskHandle<int> inner = create_task(answer_later());
    auto body = [&]() -> Task<int> { co_return co_await inner; };
    const TaskHandle<int> outer = create_task(body());
    while (!inner.done()) co_await sleep(0s);
    EXPECT_FALSE(outer.done());
    outer.cancel();
    EXPECT_EQ(co_await outcome(outer), "cancelled");
    EXPECT_EQ(inner.result(), 42);
    EXPECT_FALSE(inner.cancelled());
  })));
}

TEST(Cancel, OfATaskWokenByAFailedTaskHasLookedAtTheError) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    auto failing = []() -> Task<> {
      co_await sleep(0s);
      throw ValueError("seen by who awaits");
    };
    std::optional<TaskHandle<>> inner = create_task(failing());
    auto body = [&]() -> Task<> { co_await *inner; };
    const TaskHandle<> outer = create_task(body());
    while (!inner->done()) co_await sleep(0s);
    EXPECT_FALSE(outer.done());
    outer.cancel();
    EXPECT_EQ(co_await outcome(outer), "cancelled");
    inner.reset();
  })));
}

TEST(Cancel, TwiceBeforeDeliveryCountsTwiceAndThrowsOnce) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    int thrown = 0;
    auto body = [&]() -> Task<int> {
      for (int i = 0; i < 3; ++i) {
        try {
          co_await sleep(1ms);
        } catch (const CancelledError& error) {
          ++thrown;
          EXPECT_EQ(error.message(), "first");
        }
      }
      co_return 1;
    };
    const TaskHandle<int> handle = create_task(body());
    co_await sleep(0s);
    EXPECT_TRUE(handle.cancel("first"));
    EXPECT_TRUE(handle.cancel("second"));
    EXPECT_EQ(handle.cancelling(), 2);
    EXPECT_EQ(co_await handle, 1);
    EXPECT_EQ(thrown, 1);
    EXPECT_FALSE(handle.cancelled());
  })));
}

TEST(Cancel, TwiceBeforeDeliveryToAYieldingTaskThrowsOnceWithTheLastMessage) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Log thrown;
    auto body = [&]() -> Task<> {
      for (int i = 0; i < 3; ++i) {
        try {
          co_await sleep(0s);
        } catch (const CancelledError& error) {
          thrown.push_back(error.message());
        }
      }
    };
    const TaskHandle<> handle = create_task(body());
    co_await sleep(0s);
    handle.cancel("first");
    handle.cancel("second");
    co_await handle;
    EXPECT_EQ(thrown, (Log{"second"}));
  })));
}

TEST(Cancel, WhileAHandlerWaitsThrowsThere) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    auto body = [&]() -> Task<> {
      bool cancelled = false;
      try {
        co_await sleep(1h);
      } catch (const CancelledError&) {
        cancelled = true;
      }
      COCHECK(cancelled);
      try {
        co_await sleep(1h);
      } catch (const CancelledError& error) {
        log.push_back("clean-up: " + error.message());
        throw;
      }
    };
    const TaskHandle<> handle = create_task(body());
    co_await sleep(0s);
    handle.cancel("one");
    co_await sleep(0s);
    co_await sleep(0s);
    handle.cancel("two");
    log.push_back(co_await outcome(handle));
    EXPECT_EQ(handle.cancelling(), 2);
  })));
  EXPECT_EQ(log, (Log{"clean-up: two", "cancelled: two"}));
}

TEST(Cancel, SwallowedLetsTheTaskReturnAndStaysCounted) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    auto body = []() -> Task<int> {
      try {
        co_await sleep(1h);
      } catch (const CancelledError&) {
      }
      EXPECT_EQ(current_task().cancelling(), 1);
      co_await sleep(0s);
      co_return 1;
    };
    const TaskHandle<int> handle = create_task(body());
    co_await sleep(0s);
    handle.cancel();
    EXPECT_EQ(co_await handle, 1);
    EXPECT_FALSE(handle.cancelled());
    EXPECT_EQ(handle.cancelling(), 1);
  })));
}

TEST(Cancel, IsPassedOnToTheAwaitedTask) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    auto inner_body = [&]() -> Task<> {
      try {
        co_await sleep(1h);
      } catch (const CancelledError& error) {
        log.push_back("inner: " + error.message());
        throw;
      }
    };
    const TaskHandle<> inner = create_task(inner_body());
    auto outer_body = [&]() -> Task<> { co_await inner; };
    const TaskHandle<> outer = create_task(outer_body());
    co_await sleep(0s);
    EXPECT_TRUE(outer.cancel("go"));
    EXPECT_EQ(inner.cancelling(), 1);
    log.push_back("outer: " + co_await outcome(outer));
    EXPECT_TRUE(inner.cancelled());
    EXPECT_TRUE(outer.cancelled());
  })));
  EXPECT_EQ(log, (Log{"inner: go", "outer: cancelled: go"}));
}

TEST(Cancel, IsNotSeenByTheOuterTaskWhereTheInnerOneSwallowsIt) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    auto inner_body = []() -> Task<int> {
      try {
        co_await sleep(1h);
      } catch (const CancelledError&) {
      }
      co_return 5;
    };
    const TaskHandle<int> inner = create_task(inner_body());
    auto outer_body = [&]() -> Task<int> {
      const int value = co_await inner;
      co_await sleep(0s);
      co_return value;
    };
    const TaskHandle<int> outer = create_task(outer_body());
    co_await sleep(0s);
    EXPECT_TRUE(outer.cancel());
    EXPECT_EQ(co_await outer, 5);
    EXPECT_EQ(outer.cancelling(), 1);
    EXPECT_FALSE(outer.cancelled());
  })));
}

TEST(Cancel, OfOneOfSeveralWhoAwaitATaskCancelsItForAll) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    const TaskHandle<> shared = create_task(sleep_long());
    auto await = [&]() -> Task<> { co_await shared; };
    const TaskHandle<> first = create_task(await());
    const TaskHandle<> second = create_task(await());
    co_await sleep(0s);
    first.cancel();
    EXPECT_EQ(co_await outcome(second), "cancelled");
    EXPECT_EQ(second.cancelling(), 0);
    EXPECT_TRUE(first.cancelled());
    EXPECT_TRUE(shared.cancelled());
  })));
}

TEST(Cancel, OfItselfIsDeliveredAtTheNextSuspension) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    Lock lock;
    co_await lock.acquire();
    auto body = [&]() -> Task<> {
      EXPECT_TRUE(current_task().cancel("myself"));
      log.push_back("goes on");
      co_await lock.acquire();
      log.push_back("never");
    };
    const TaskHandle<> handle = create_task(body());
    log.push_back(co_await outcome(handle));
    EXPECT_EQ(lock.waiting(), 0u);
  })));
  EXPECT_EQ(log, (Log{"goes on", "cancelled: myself"}));
}

TEST(Cancel, OfItselfIsPassedOnToTheTaskThatItAwaitsThen) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    auto inner_body = []() -> Task<int> {
      try {
        co_await sleep(1h);
      } catch (const CancelledError& error) {
        EXPECT_EQ(error.message(), "for you");
      }
      co_return 5;
    };
    const TaskHandle<int> inner = create_task(inner_body());
    co_await sleep(0s);
    auto outer_body = [&]() -> Task<int> {
      current_task().cancel("for you");
      const int value = co_await inner;
      co_await sleep(0s);
      co_return value;
    };
    const TaskHandle<int> outer = create_task(outer_body());
    EXPECT_EQ(co_await outer, 5) << "the inner task swallowed the one request there was";
    EXPECT_EQ(inner.cancelling(), 1);
  })));
}

TEST(Cancel, OfItselfHitsABareYield) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    auto body = []() -> Task<> {
      current_task().cancel();
      co_await sleep(0s);
      ADD_FAILURE();
    };
    const TaskHandle<> handle = create_task(body());
    EXPECT_EQ(co_await outcome(handle), "cancelled");
  })));
}

TEST(Cancel, OfItselfPassesAnAwaitThatNeedNotSuspend) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    Lock lock;
    auto body = [&]() -> Task<> {
      current_task().cancel();
      co_await lock.acquire();
      log.push_back("has the lock");
      lock.release();
      co_await sleep(0s);
    };
    const TaskHandle<> handle = create_task(body());
    log.push_back(co_await outcome(handle));
    EXPECT_FALSE(lock.locked());
  })));
  EXPECT_EQ(log, (Log{"has the lock", "cancelled"}));
}

TEST(Cancel, OfItselfInItsLastStepDropsTheResult) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    auto body = []() -> Task<int> {
      current_task().cancel("at the end");
      co_return 1;
    };
    const TaskHandle<int> handle = create_task(body());
    EXPECT_EQ(co_await outcome(handle), "cancelled: at the end");
    EXPECT_TRUE(handle.cancelled());
  })));
}

TEST(Cancel, OfItselfInAStepThatThrowsKeepsTheError) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    auto body = []() -> Task<> {
      current_task().cancel();
      throw ValueError("kept");
      co_return;
    };
    const TaskHandle<> handle = create_task(body());
    EXPECT_EQ(co_await outcome(handle), "error: kept");
    EXPECT_FALSE(handle.cancelled());
  })));
}

TEST(Cancel, DuringAnAwaitOfItselfIsDeliveredInstead) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    std::optional<TaskHandle<>> self;
    auto body = [&]() -> Task<> {
      current_task().cancel();
      co_await *self;
    };
    self = create_task(body());
    EXPECT_EQ(co_await outcome(*self), "cancelled");
  })));
}

TEST(Cancel, ACancelledErrorThatTheTaskThrowsEndsItAsCancelled) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    auto body = []() -> Task<> {
      throw CancelledError("of my own");
      co_return;
    };
    const TaskHandle<> handle = create_task(body());
    EXPECT_EQ(co_await outcome(handle), "cancelled: of my own");
    EXPECT_TRUE(handle.cancelled());
    EXPECT_EQ(handle.cancelling(), 0);
  })));
}

TEST(Cancel, ErrorOfTheCleanUpReplacesIt) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    auto body = []() -> Task<> {
      try {
        co_await sleep(1h);
      } catch (const CancelledError&) {
        throw ValueError("clean-up failed");
      }
    };
    const TaskHandle<> handle = create_task(body());
    co_await sleep(0s);
    handle.cancel();
    EXPECT_EQ(co_await outcome(handle), "error: clean-up failed");
    EXPECT_FALSE(handle.cancelled());
  })));
}

TEST(Cancel, OfTasksThatAwaitEachOtherEnds) {
  EXPECT_TRUE(failed_with(FailureKind::deadlock, run([]() -> Task<> {
                            std::optional<TaskHandle<>> first;
                            std::optional<TaskHandle<>> second;
                            auto await = [](std::optional<TaskHandle<>>& handle) -> Task<> {
                              co_await *handle;
                            };
                            first = create_task(await(second));
                            second = create_task(await(first));
                            co_await sleep(0s);
                            first->cancel();
                            co_await *first;
                          })));
}

// What uncancel() does.

TEST(Uncancel, CountsDownToZero) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    const TaskHandle<> handle = create_task(sleep_long());
    co_await sleep(0s);
    EXPECT_EQ(handle.uncancel(), 0);
    handle.cancel();
    handle.cancel();
    EXPECT_EQ(handle.cancelling(), 2);
    EXPECT_EQ(handle.uncancel(), 1);
    EXPECT_EQ(handle.uncancel(), 0);
    EXPECT_EQ(handle.uncancel(), 0);
    EXPECT_EQ(handle.cancelling(), 0);
    EXPECT_EQ(co_await outcome(handle), "cancelled") << "what was passed on is not taken back";
  })));
}

TEST(Uncancel, AtZeroTakesBackARequestThatWasNotDelivered) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    auto body = []() -> Task<int> {
      current_task().cancel();
      EXPECT_EQ(current_task().uncancel(), 0);
      co_await sleep(0s);
      co_return 1;
    };
    const TaskHandle<int> handle = create_task(body());
    EXPECT_EQ(co_await handle, 1);
  })));
}

TEST(Uncancel, AboveZeroLeavesTheRequest) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    auto body = []() -> Task<> {
      current_task().cancel();
      current_task().cancel();
      EXPECT_EQ(current_task().uncancel(), 1);
      co_await sleep(0s);
    };
    const TaskHandle<> handle = create_task(body());
    EXPECT_EQ(co_await outcome(handle), "cancelled");
  })));
}

TEST(Uncancel, BeforeTheFirstStepLetsTheBodyRun) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    const TaskHandle<int> handle = create_task(answer());
    handle.cancel();
    handle.uncancel();
    EXPECT_EQ(co_await handle, 42);
  })));
}

// Errors that nobody looks at.

TEST(UnretrievedException, OfADroppedTaskIsAFailure) {
  const Verdict verdict = run([]() -> Task<> {
    create_task(fail("unseen"));
    co_await sleep(0s);
  });
  ASSERT_TRUE(failed_with(FailureKind::unretrieved_exception, verdict));
  EXPECT_EQ(verdict.failure->message,
            "task 0.0 'fail' ended with cocheck::ValueError(\"unseen\"), and nobody looked at it");
}

TEST(UnretrievedException, OfAHandleThatNobodyAwaitsIsAFailure) {
  // Also where a child of the task lives on: it knows its parent only by name.
  EXPECT_TRUE(failed_with(FailureKind::unretrieved_exception, run([]() -> Task<> {
                            const auto child = []() -> Task<> { co_await sleep(1s); };
                            const auto parent = [&]() -> Task<> {
                              create_task(child());
                              co_await sleep(0s);
                              throw std::runtime_error("lost");
                            };
                            create_task(parent());
                            co_await sleep(10ms);
                            COCHECK(false);  // it has failed already
                          })));
  EXPECT_TRUE(failed_with(FailureKind::unretrieved_exception, run([]() -> Task<> {
                            const TaskHandle<> handle = create_task(fail("unseen"));
                            co_await sleep(0s);
                            EXPECT_TRUE(handle.done());
                          })));
}

TEST(UnretrievedException, LookingAtItIsEnough) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    const TaskHandle<> handle = create_task(fail("seen"));
    co_await sleep(0s);
    EXPECT_NE(handle.exception(), nullptr);
  })));
}

TEST(UnretrievedException, CancellationIsNone) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    const TaskHandle<> handle = create_task(sleep_long());
    co_await sleep(0s);
    handle.cancel();
    co_await sleep(0s);
    EXPECT_TRUE(handle.cancelled());
  })));
}

TEST(TaskHandle, LongChainsOfTasksNeedNoStack) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    // Each task is the child of the one before; only the last handle is kept.
    int spawned = 0;
    std::optional<TaskHandle<>> last;
    auto next = [&](auto& self) -> Task<> {
      if (++spawned < 30'000) last = create_task(self(self));
      co_return;
    };
    last = create_task(next(next));
    while (spawned < 30'000) co_await sleep(0s);
    co_await *last;
  })));
}

}  // namespace
}  // namespace cocheck
