#include "cocheck/event.hpp"

#include "cocheck/check.hpp"
#include "cocheck/gather.hpp"
#include "cocheck/sleep.hpp"
#include "cocheck/task.hpp"
#include "cocheck/task_handle.hpp"
#include "run.hpp"

namespace cocheck {
namespace {

using namespace test;

static_assert(!detail::DirectAwaiter<Event&> && !detail::IndirectAwaiter<Event&>,
              "an event is waited for, not awaited");

Task<> wait(Event& event, Log& log, const char* name) {
  COCHECK(co_await event.wait());
  log.push_back(name);
}

TEST(Event, FlagToggles) {
  Event event;
  EXPECT_FALSE(event.is_set());
  event.set();
  EXPECT_TRUE(event.is_set());
  event.set();
  EXPECT_TRUE(event.is_set());
  event.clear();
  EXPECT_FALSE(event.is_set());
}

TEST(Event, WaitingForASetEventDoesNotSuspend) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    Event event;
    event.set();
    auto other = [&]() -> Task<> {
      log.push_back("other");
      co_return;
    };
    const TaskHandle<> handle = create_task(other());
    EXPECT_TRUE(co_await event.wait());
    log.push_back("waited");
    co_await handle;
  })));
  EXPECT_EQ(log, (Log{"waited", "other"}));
}

TEST(Event, SetWakesAllInOrderOfArrival) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    Event event;
    auto all = gather(wait(event, log, "1"), wait(event, log, "2"), wait(event, log, "3"));
    co_await sleep(0s);
    EXPECT_EQ(event.waiting(), 3u);
    event.set();
    EXPECT_EQ(log, Log{}) << "set resumed somebody inline";
    co_await all;
    EXPECT_EQ(event.waiting(), 0u);
  })));
  EXPECT_EQ(log, (Log{"1", "2", "3"}));
}

TEST(Event, WhoWaitsBetweenSetAndTheResumptionPassesFirst) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    Event event;
    const TaskHandle<> first = create_task(wait(event, log, "1"));
    const TaskHandle<> second = create_task(wait(event, log, "2"));
    co_await sleep(0s);
    const TaskHandle<> third = create_task(wait(event, log, "3"));
    event.set();
    co_await gather(first, second, third);
  })));
  EXPECT_EQ(log, (Log{"3", "1", "2"}));
}

TEST(Event, ClearAfterSetDoesNotHoldBackWhoWasWoken) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    Event event;
    const TaskHandle<> waiter = create_task(wait(event, log, "waiter"));
    co_await sleep(0s);
    event.set();
    event.clear();
    const TaskHandle<> late = create_task(wait(event, log, "late"));
    co_await waiter;
    EXPECT_FALSE(event.is_set());
    EXPECT_FALSE(late.done());
    event.set();
    co_await late;
  })));
  EXPECT_EQ(log, (Log{"waiter", "late"}));
}

TEST(Event, SetClearSetReleasesAWaiterOnce) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    Event event;
    const TaskHandle<> waiter = create_task(wait(event, log, "waiter"));
    co_await sleep(0s);
    event.set();
    event.clear();
    event.set();
    event.set();
    co_await waiter;
    EXPECT_TRUE(event.is_set());
  })));
  EXPECT_EQ(log, (Log{"waiter"}));
}

TEST(Event, CancelledWaiterLeavesTheQueue) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Event event;
    Log log;
    const TaskHandle<> waiter = create_task(wait(event, log, "waiter"));
    co_await sleep(0s);
    waiter.cancel();
    EXPECT_EQ(co_await outcome(waiter), "cancelled");
    EXPECT_EQ(event.waiting(), 0u);
    event.set();
    EXPECT_EQ(log, Log{});
  })));
}

TEST(Event, WokenThenCancelledWaiterIsCancelled) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Event event;
    Log log;
    const TaskHandle<> first = create_task(wait(event, log, "first"));
    const TaskHandle<> second = create_task(wait(event, log, "second"));
    co_await sleep(0s);
    event.set();
    EXPECT_TRUE(first.cancel());
    EXPECT_EQ(co_await outcome(first), "cancelled");
    co_await second;
    EXPECT_EQ(log, (Log{"second"}));
    EXPECT_EQ(event.waiting(), 0u);
  })));
}

TEST(Event, SetAfterACancellationDoesNotReviveTheWaiter) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Event event;
    Log log;
    const TaskHandle<> waiter = create_task(wait(event, log, "waiter"));
    co_await sleep(0s);
    waiter.cancel();
    event.set();
    EXPECT_EQ(co_await outcome(waiter), "cancelled");
  })));
}

TEST(Event, NobodyIsLeftBehindInAnyOrder) {
  EXPECT_TRUE(proved(run_every_order(
      []() -> Task<> {
        Event event;
        auto waiter = [&]() -> Task<> { co_await event.wait(); };
        auto setter = [&]() -> Task<> {
          co_await sleep(0s);
          event.set();
        };
        const TaskHandle<> set = create_task(setter());
        const TaskHandle<> a = create_task(waiter());
        const TaskHandle<> b = create_task(waiter());
        co_await gather(return_exceptions, set);
        event.set();
        co_await gather(return_exceptions, a, b);
        COCHECK(event.waiting() == 0);
      },
      2)));
}

}  // namespace
}  // namespace cocheck
