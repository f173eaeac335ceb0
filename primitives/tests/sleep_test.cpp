#include "cocheck/sleep.hpp"

#include <cmath>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "cocheck/check.hpp"
#include "cocheck/gather.hpp"
#include "cocheck/task.hpp"
#include "cocheck/task_handle.hpp"
#include "run.hpp"

namespace cocheck {
namespace {

using namespace test;

TEST(Sleep, OfZeroSuspendsExactlyOnce) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    auto other = [&](const char* name) -> Task<> {
      log.push_back(name);
      co_await sleep(0s);
      log.push_back(name);
    };
    const TaskHandle<> first = create_task(other("a"));
    const TaskHandle<> second = create_task(other("b"));
    co_await sleep(0s);
    log.push_back("main");
    co_await gather(first, second);
    EXPECT_EQ(LoopClock::now().time_since_epoch(), 0s);
  })));
  EXPECT_EQ(log, (Log{"a", "b", "main", "a", "b"}));
}

TEST(Sleep, OfZeroQueuesTheNextStepAtOnce) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    auto late = [&]() -> Task<> {
      log.push_back("late");
      co_return;
    };
    auto other = [&]() -> Task<> { co_await create_task(late()); };
    const TaskHandle<> handle = create_task(other());
    co_await sleep(0s);
    log.push_back("main");
    co_await handle;
  })));
  EXPECT_EQ(log, (Log{"main", "late"})) << "no timer stands in between";
}

TEST(Sleep, OfLessThanZeroIsOneOfZero) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    co_await sleep(-1s);
    co_await sleep(-std::numeric_limits<double>::infinity() * 1s);
    EXPECT_EQ(LoopClock::now().time_since_epoch(), 0s);
  })));
}

TEST(Sleep, MovesTheClockToItsDeadline) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    co_await sleep(1500ms);
    EXPECT_EQ(LoopClock::now().time_since_epoch(), 1500ms);
    co_await sleep(0.25s);
    EXPECT_EQ(LoopClock::now().time_since_epoch(), 1750ms);
    co_await sleep(1ns);
    EXPECT_EQ(LoopClock::now().time_since_epoch(), 1750ms + 1ns);
  })));
}

TEST(Sleep, RefusesNaN) {
  EXPECT_THROW((void)sleep(std::chrono::duration<double>(std::nan(""))), ValueError);
}

TEST(Sleep, HugeDelaysDoNotOverflow) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    co_await sleep(1s);
    auto long_sleep = [](auto delay) -> Task<> { co_await sleep(delay); };
    const TaskHandle<> a = create_task(long_sleep(Duration::max()));
    const TaskHandle<> b = create_task(long_sleep(std::chrono::hours(24 * 365 * 1000)));
    const TaskHandle<> c = create_task(long_sleep(std::numeric_limits<double>::infinity() * 1s));
    co_await sleep(24h);
    EXPECT_FALSE(a.done());
    EXPECT_FALSE(b.done());
    EXPECT_FALSE(c.done());
    a.cancel();
    b.cancel();
    c.cancel();
    co_await gather(return_exceptions, a, b, c);
  })));
}

TEST(Sleep, GivesTheResult) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    EXPECT_EQ(co_await sleep(1ms, std::string("done")), "done");
    const std::unique_ptr<int> owned = co_await sleep(0s, std::make_unique<int>(7));
    EXPECT_EQ(*owned, 7);
  })));
}

TEST(Sleep, ShorterOnesEndFirst) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    auto sleeper = [&](Duration delay, const char* name) -> Task<> {
      co_await sleep(delay);
      log.push_back(name);
    };
    co_await gather(sleeper(3ms, "3"), sleeper(1ms, "1"), sleeper(2ms, "2"), sleeper(1ms, "1b"));
  })));
  EXPECT_EQ(log, (Log{"1", "1b", "2", "3"})) << "equal deadlines in the order of arming";
}

TEST(Sleep, CancelledOneEndsAtOnceAndDropsItsTimer) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    auto sleeper = []() -> Task<> { co_await sleep(1h); };
    const TaskHandle<> handle = create_task(sleeper());
    co_await sleep(1ms);
    handle.cancel("wake up");
    EXPECT_EQ(co_await outcome(handle), "cancelled: wake up");
    EXPECT_EQ(LoopClock::now().time_since_epoch(), 1ms);
    co_await sleep(2h);
    EXPECT_EQ(LoopClock::now().time_since_epoch(), 2h + 1ms);
  })));
}

TEST(Sleep, OneThatIsOverButHasNotRunIsCancelled) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    std::optional<TaskHandle<>> second;
    auto first_body = [&]() -> Task<> {
      co_await sleep(1ms);
      second->cancel();
    };
    auto second_body = []() -> Task<> { co_await sleep(1ms); };
    const TaskHandle<> first = create_task(first_body());
    second = create_task(second_body());
    EXPECT_EQ(co_await outcome(*second), "cancelled");
    co_await first;
  })));
}

TEST(Sleep, TimersStandBehindWhatIsReady) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    auto sleeper = [&]() -> Task<> {
      co_await sleep(1ms);
      log.push_back("slept");
    };
    const TaskHandle<> handle = create_task(sleeper());
    co_await sleep(0s);
    static_cast<World&>(Loop::current()).advance(2ms);
    auto ready = [&]() -> Task<> {
      log.push_back("ready");
      co_return;
    };
    const TaskHandle<> other = create_task(ready());
    co_await gather(handle, other);
    EXPECT_EQ(LoopClock::now().time_since_epoch(), 2ms);
  })));
  EXPECT_EQ(log, (Log{"ready", "slept"}));
}

TEST(Sleep, EqualDeadlinesFireInAnyOrder) {
  std::set<std::string> orders;
  EXPECT_TRUE(proved(run_every_order([&]() -> Task<> {
    std::string order;
    auto sleeper = [&](char name) -> Task<> {
      co_await sleep(1ms);
      order += name;
    };
    co_await gather(sleeper('a'), sleeper('b'), sleeper('c'));
    orders.insert(order);
  })));
  EXPECT_EQ(orders, (std::set<std::string>{"abc", "acb", "bac", "bca", "cab", "cba"}));
}

TEST(Sleep, LongerOneNeverEndsBeforeAShorterOneWhileTimeIsIdle) {
  EXPECT_TRUE(proved(run_every_order([]() -> Task<> {
    Log log;
    auto sleeper = [&](Duration delay, const char* name) -> Task<> {
      co_await sleep(delay);
      log.push_back(name);
    };
    co_await gather(sleeper(2ms, "2"), sleeper(1ms, "1"));
    COCHECK(log == (Log{"1", "2"}));
  })));
}

}  // namespace
}  // namespace cocheck
