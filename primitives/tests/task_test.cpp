#include "cocheck/task.hpp"

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "cocheck/check.hpp"
#include "cocheck/event.hpp"
#include "cocheck/sleep.hpp"
#include "cocheck/task_handle.hpp"
#include "run.hpp"

namespace cocheck {
namespace {

using namespace test;

static_assert(!std::is_copy_constructible_v<Task<int>>);
static_assert(std::is_nothrow_move_constructible_v<Task<int>>);
static_assert(std::is_same_v<Task<int>::value_type, int>);

Task<int> answer() {
  co_return 42;
}

Task<> fail(const char* message) {
  throw ValueError(message);
  co_return;
}

TEST(Task, IsLazyAndRunsWhereItIsAwaited) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    auto child = [&]() -> Task<> {
      log.push_back("child");
      co_return;
    };
    Task<> coroutine = child();
    EXPECT_TRUE(coroutine.valid());
    log.push_back("before");
    co_await std::move(coroutine);
    log.push_back("after");
  })));
  EXPECT_EQ(log, (Log{"before", "child", "after"}));
}

TEST(Task, AwaitingIsNoSchedulingPoint) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    auto other = [&]() -> Task<> {
      log.push_back("other");
      co_return;
    };
    const TaskHandle<> handle = create_task(other());
    EXPECT_EQ(co_await answer(), 42);
    log.push_back("awaited");
    co_await handle;
  })));
  EXPECT_EQ(log, (Log{"awaited", "other"}));
}

TEST(Task, AwaitingIsNoCancellationPoint) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    auto body = []() -> Task<> {
      current_task().cancel();
      EXPECT_EQ(co_await answer(), 42);
      current_task().uncancel();
    };
    const TaskHandle<> handle = create_task(body());
    EXPECT_EQ(co_await outcome(handle), "done");
  })));
}

TEST(Task, GivesMoveOnlyValues) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    auto make = []() -> Task<std::unique_ptr<int>> { co_return std::make_unique<int>(7); };
    const std::unique_ptr<int> value = co_await make();
    EXPECT_EQ(*value, 7);
  })));
}

TEST(Task, GivesReferences) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    int number = 1;
    auto reference = [&]() -> Task<int&> { co_return number; };
    int& same = co_await reference();
    EXPECT_EQ(&same, &number);
    const int constant = 3;
    auto to_constant = [&]() -> Task<const int&> { co_return constant; };
    EXPECT_EQ(&co_await to_constant(), &constant);
  })));
}

TEST(Task, GivesValuesWithoutDefaultConstructor) {
  struct Point {
    Point(int first, int second) : x(first), y(second) {}
    int x;
    int y;
  };
  EXPECT_TRUE(passed(run([]() -> Task<> {
    auto make = []() -> Task<Point> { co_return Point(1, 2); };
    const Point point = co_await make();
    EXPECT_EQ(point.x + point.y, 3);
  })));
}

TEST(Task, ConvertsWhatIsReturned) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    auto make = []() -> Task<std::string> { co_return "literal"; };
    EXPECT_EQ(co_await make(), "literal");
  })));
}

TEST(Task, ThrowsWhatTheCoroutineThrew) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    EXPECT_EQ(co_await outcome(fail("broken")), "error: broken");
    auto number = []() -> Task<> {
      throw 7;
      co_return;
    };
    int caught = 0;
    try {
      co_await number();
    } catch (int thrown) {
      caught = thrown;
    }
    EXPECT_EQ(caught, 7);
  })));
}

TEST(Task, KeepsTheIdentityOfAnExceptionThroughManyLevels) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    const std::exception* thrown = nullptr;
    auto inner = [&]() -> Task<> {
      try {
        throw ValueError("inner");
      } catch (const std::exception& error) {
        thrown = &error;
        throw;
      }
      co_return;
    };
    auto middle = [&]() -> Task<> { co_await inner(); };
    try {
      co_await middle();
      ADD_FAILURE();
    } catch (const std::exception& error) {
      EXPECT_EQ(&error, thrown);
    }
  })));
}

TEST(Task, CanBeAwaitedThroughAVariable) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Task<int> task = answer();
    const int value = co_await task;
    EXPECT_EQ(value, 42);
  })));
}

TEST(Task, CannotBeAwaitedTwice) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Task<int> task = answer();
    co_await task;
    EXPECT_EQ(co_await outcome(std::move(task)),
              "error: a coroutine can be awaited once, and this one was already");
  })));
}

TEST(Task, CannotBeAwaitedOnceGivenAway) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Task<int> task = answer();
    Task<int> other = std::move(task);
    bool refused = false;
    try {
      co_await task;
    } catch (const RuntimeError&) {
      refused = true;
    }
    EXPECT_TRUE(refused);
    EXPECT_FALSE(task.valid());
    co_await other;
  })));
}

TEST(Task, OneThatNeverRanIsAFailure) {
  unsigned line = 0;
  const Verdict verdict = run([&]() -> Task<> {
    { Task<int> forgotten = answer(); }
    line = 1;
    co_return;
  });
  ASSERT_TRUE(failed_with(FailureKind::never_awaited, verdict));
  EXPECT_EQ(verdict.failure->message, "this coroutine was made but never awaited nor made a task");
  EXPECT_NE(std::string(verdict.failure->place.function_name()).find("answer"), std::string::npos);
  EXPECT_EQ(line, 1u);
}

TEST(Task, OverwritingOneThatNeverRanIsAFailure) {
  EXPECT_TRUE(failed_with(FailureKind::never_awaited, run([]() -> Task<> {
                            Task<int> task = answer();
                            task = answer();
                            co_await task;
                          })));
}

TEST(Task, ClosingOneThatWillNotRunIsNoFailure) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Task<int> task = answer();
    task.close();
    EXPECT_FALSE(task.valid());
    co_return;
  })));
}

TEST(Task, ClosedOneReleasesItsParameters) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    auto owner = std::make_shared<int>(1);
    auto child = [](std::shared_ptr<int> held) -> Task<int> { co_return *held; };
    Task<int> task = child(owner);
    EXPECT_EQ(owner.use_count(), 2);
    task.close();
    EXPECT_EQ(owner.use_count(), 1);
    co_return;
  })));
}

TEST(Task, OneThatIsUnwoundByAnExceptionIsNoFailure) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    try {
      Task<int> forgotten = answer();
      throw ValueError("first");
    } catch (const ValueError&) {
    }
    co_return;
  })));
}

TEST(Task, OutsideOfALoopItIsSilent) {
  Task<int> task = answer();
  EXPECT_TRUE(task.valid());
  Task<int> other = std::move(task);
  EXPECT_FALSE(task.valid());
  EXPECT_TRUE(other.valid());
}

TEST(Task, LocalsDieBeforeTheAwaitingCoroutineGoesOn) {
  Log log;
  struct Loud {
    explicit Loud(Log& log_in) : log(log_in) {}
    ~Loud() { log.push_back("local dies"); }
    Log& log;
  };
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    auto child = [&]() -> Task<> {
      const Loud loud(log);
      co_await sleep(0s);
      log.push_back("child ends");
    };
    co_await child();
    log.push_back("parent");
  })));
  EXPECT_EQ(log, (Log{"child ends", "local dies", "parent"}));
}

TEST(Task, CancellationReachesTheInnermostAwaitAndUnwindsFromThere) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    auto inner = [&]() -> Task<> {
      try {
        co_await sleep(1h);
      } catch (const CancelledError&) {
        log.push_back("inner");
        throw;
      }
    };
    auto outer = [&]() -> Task<> {
      try {
        co_await inner();
      } catch (const CancelledError& error) {
        log.push_back("outer: " + error.message());
        throw;
      }
    };
    const TaskHandle<> handle = create_task(outer());
    co_await sleep(0s);
    handle.cancel("enough");
    log.push_back(co_await outcome(handle));
  })));
  EXPECT_EQ(log, (Log{"inner", "outer: enough", "cancelled: enough"}));
}

TEST(Task, AMillionAwaitsOfReadyChildrenNeedNoStack) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    auto one = []() -> Task<int> { co_return 1; };
    int sum = 0;
    for (int i = 0; i < 1'000'000; ++i) sum += co_await one();
    EXPECT_EQ(sum, 1'000'000);
  })));
}

Task<int> depth(int levels) {
  if (levels == 0) {
    co_await sleep(0s);
    co_return 0;
  }
  const int below = co_await depth(levels - 1);
  co_return below + 1;
}

Task<> throw_from(int levels) {
  if (levels == 0) throw ValueError("from the bottom");
  co_await throw_from(levels - 1);
}

Task<> wait_at(int levels, Event& event) {
  if (levels == 0) {
    co_await event.wait();
  } else {
    co_await wait_at(levels - 1, event);
  }
}

TEST(Task, DeepChainsOfAwaitsNeedNoStack) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    EXPECT_EQ(co_await depth(100'000), 100'000);
    EXPECT_EQ(co_await outcome(throw_from(100'000)), "error: from the bottom");
  })));
}

TEST(Task, DeepChainOfAStoppedExecutionIsDestroyed) {
  EXPECT_TRUE(failed_with(FailureKind::deadlock, run([]() -> Task<> {
                            Event event;
                            co_await wait_at(10'000, event);
                          })));
}

TEST(Task, NothingOutlivesAnExecution) {
  EXPECT_TRUE(proved(run_every_order([]() -> Task<> {
    auto child = []() -> Task<> { co_await sleep(0s); };
    const TaskHandle<> a = create_task(child());
    const TaskHandle<> b = create_task(child());
    co_await a;
    co_await b;
  })));
}

}  // namespace
}  // namespace cocheck
