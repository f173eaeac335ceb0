#include "cocheck/semaphore.hpp"

#include "cocheck/check.hpp"
#include "cocheck/gather.hpp"
#include "cocheck/sleep.hpp"
#include "cocheck/task.hpp"
#include "cocheck/task_handle.hpp"
#include "run.hpp"

namespace cocheck {
namespace {

using namespace test;

static_assert(!detail::DirectAwaiter<Semaphore&> && !detail::IndirectAwaiter<Semaphore&>,
              "a semaphore is acquired, not awaited");

Task<> take(Semaphore& semaphore, Log& log, const char* name) {
  COCHECK(co_await semaphore.acquire());
  log.push_back(name);
}

TEST(Semaphore, HasOnePermitByDefault) {
  Semaphore semaphore;
  EXPECT_EQ(semaphore.value(), 1);
  EXPECT_FALSE(semaphore.locked());
}

TEST(Semaphore, WithoutPermitsIsLocked) {
  Semaphore semaphore(0);
  EXPECT_TRUE(semaphore.locked());
}

TEST(Semaphore, RefusesANegativeNumber) {
  EXPECT_THROW(Semaphore(-1), ValueError);
  EXPECT_THROW(BoundedSemaphore(-1), ValueError);
}

TEST(Semaphore, AcquiresWithoutSuspendingWhilePermitsLast) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    Semaphore semaphore(2);
    const TaskHandle<> other = create_task(take(semaphore, log, "other"));
    EXPECT_TRUE(co_await semaphore.acquire());
    EXPECT_EQ(semaphore.value(), 1);
    EXPECT_FALSE(semaphore.locked());
    EXPECT_TRUE(co_await semaphore.acquire());
    EXPECT_TRUE(semaphore.locked());
    EXPECT_EQ(log, Log{});
    semaphore.release();
    co_await other;
  })));
  EXPECT_EQ(log, (Log{"other"}));
}

TEST(Semaphore, ReleaseWithoutWaitersAddsAPermit) {
  Semaphore semaphore(1);
  semaphore.release();
  EXPECT_EQ(semaphore.value(), 2);
}

TEST(Semaphore, FourTasksThreePermits) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    Semaphore semaphore(3);
    EXPECT_TRUE(co_await semaphore.acquire());
    EXPECT_TRUE(co_await semaphore.acquire());
    auto all = gather(take(semaphore, log, "1"), take(semaphore, log, "2"),
                      take(semaphore, log, "3"), take(semaphore, log, "4"));
    co_await sleep(0s);
    EXPECT_EQ(log, (Log{"1"}));
    EXPECT_EQ(semaphore.value(), 0);
    semaphore.release();
    semaphore.release();
    EXPECT_EQ(semaphore.value(), 0) << "a permit that is handed over is not free";
    co_await sleep(0s);
    EXPECT_EQ(log, (Log{"1", "2", "3"}));
    EXPECT_EQ(semaphore.value(), 0);
    semaphore.release();
    co_await all;
    EXPECT_EQ(semaphore.value(), 0);
    EXPECT_EQ(semaphore.waiting(), 0u);
  })));
  EXPECT_EQ(log, (Log{"1", "2", "3", "4"}));
}

TEST(Semaphore, NewcomerCannotTakeAPermitThatWasHandedOver) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    Semaphore semaphore(0);
    const TaskHandle<> waiter = create_task(take(semaphore, log, "waiter"));
    co_await sleep(0s);
    semaphore.release();
    EXPECT_TRUE(semaphore.locked());
    const TaskHandle<> newcomer = create_task(take(semaphore, log, "newcomer"));
    co_await waiter;
    EXPECT_FALSE(newcomer.done());
    semaphore.release();
    co_await newcomer;
  })));
  EXPECT_EQ(log, (Log{"waiter", "newcomer"}));
}

TEST(Semaphore, NewcomerQueuesBehindALiveWaiterThoughPermitsAreFree) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    Semaphore semaphore(0);
    const TaskHandle<> waiter = create_task(take(semaphore, log, "waiter"));
    co_await sleep(0s);
    semaphore.release();
    semaphore.release();
    EXPECT_EQ(semaphore.value(), 1);
    EXPECT_TRUE(semaphore.locked());
    EXPECT_TRUE(co_await semaphore.acquire());
    log.push_back("newcomer");
    EXPECT_EQ(semaphore.value(), 0);
    co_await waiter;
  })));
  EXPECT_EQ(log, (Log{"waiter", "newcomer"}));
}

TEST(Semaphore, CancelledWaitersBarNobody) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    Semaphore semaphore(0);
    const TaskHandle<> waiter = create_task(take(semaphore, log, "waiter"));
    co_await sleep(0s);
    waiter.cancel();
    semaphore.release();
    EXPECT_EQ(semaphore.value(), 1);
    EXPECT_FALSE(semaphore.locked());
    co_await semaphore.acquire();
    EXPECT_FALSE(waiter.done()) << "acquire suspended";
    EXPECT_EQ(co_await outcome(waiter), "cancelled");
    EXPECT_EQ(semaphore.value(), 0);
  })));
  EXPECT_EQ(log, Log{});
}

TEST(Semaphore, CancelledWaiterLeavesTheQueue) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Semaphore semaphore(0);
    Log log;
    const TaskHandle<> waiter = create_task(take(semaphore, log, "waiter"));
    co_await sleep(0s);
    waiter.cancel("enough");
    EXPECT_EQ(co_await outcome(waiter), "cancelled: enough");
    EXPECT_EQ(semaphore.waiting(), 0u);
    EXPECT_EQ(semaphore.value(), 0) << "it had no permit to give back";
  })));
}

TEST(Semaphore, ReleasePassesOverWaitersCancelledBefore) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    Semaphore semaphore(0);
    const TaskHandle<> first = create_task(take(semaphore, log, "1"));
    const TaskHandle<> second = create_task(take(semaphore, log, "2"));
    const TaskHandle<> third = create_task(take(semaphore, log, "3"));
    const TaskHandle<> fourth = create_task(take(semaphore, log, "4"));
    co_await sleep(0s);
    first.cancel();
    second.cancel();
    semaphore.release();
    for (int i = 0; i < 3; ++i) co_await sleep(0s);
    EXPECT_TRUE(first.cancelled());
    EXPECT_TRUE(second.cancelled());
    EXPECT_TRUE(third.done());
    EXPECT_FALSE(fourth.done());
    semaphore.release();
    co_await fourth;
  })));
  EXPECT_EQ(log, (Log{"3", "4"}));
}

TEST(Semaphore, WokenThenCancelledWaiterPassesItsPermitOn) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    Semaphore semaphore(0);
    const TaskHandle<> first = create_task(take(semaphore, log, "first"));
    const TaskHandle<> second = create_task(take(semaphore, log, "second"));
    co_await sleep(0s);
    semaphore.release();
    first.cancel();
    EXPECT_EQ(co_await outcome(first), "cancelled");
    co_await second;
    EXPECT_EQ(semaphore.value(), 0);
  })));
  EXPECT_EQ(log, (Log{"second"}));
}

TEST(Semaphore, WokenThenCancelledOnlyWaiterGivesItsPermitBack) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Semaphore semaphore(0);
    Log log;
    const TaskHandle<> waiter = create_task(take(semaphore, log, "waiter"));
    co_await sleep(0s);
    semaphore.release();
    EXPECT_EQ(semaphore.value(), 0);
    waiter.cancel();
    EXPECT_EQ(co_await outcome(waiter), "cancelled");
    EXPECT_EQ(semaphore.value(), 1);
    EXPECT_FALSE(semaphore.locked());
  })));
}

TEST(Semaphore, ReleaseThenReacquireGoesToTheBack) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    Semaphore semaphore(1);
    auto twice = [&](const char* first, const char* second) -> Task<> {
      co_await semaphore.acquire();
      log.push_back(first);
      co_await sleep(10ms);
      semaphore.release();
      co_await semaphore.acquire();
      log.push_back(second);
      co_await sleep(10ms);
      semaphore.release();
    };
    co_await gather(twice("c1_1", "c1_2"), twice("c2_1", "c2_2"), twice("c3_1", "c3_2"));
  })));
  EXPECT_EQ(log, (Log{"c1_1", "c2_1", "c3_1", "c1_2", "c2_2", "c3_2"}));
}

TEST(Semaphore, WokenTaskThatReacquiresQueuesBehind) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    Semaphore semaphore(1);
    auto second = [&]() -> Task<> {
      co_await semaphore.acquire();
      log.push_back("2");
      semaphore.release();
      co_await semaphore.acquire();
      log.push_back("4");
    };
    auto all = gather(take(semaphore, log, "1"), second(), take(semaphore, log, "3"));
    co_await sleep(0s);
    semaphore.release();
    semaphore.release();
    co_await all;
  })));
  EXPECT_EQ(log, (Log{"1", "2", "3", "4"}));
}

TEST(Semaphore, CancelledHeadDoesNotBlockTwoReleases) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    Semaphore semaphore(0);
    const TaskHandle<> first = create_task(take(semaphore, log, "1"));
    const TaskHandle<> second = create_task(take(semaphore, log, "2"));
    const TaskHandle<> third = create_task(take(semaphore, log, "3"));
    co_await sleep(0s);
    first.cancel();
    co_await sleep(0s);
    semaphore.release();
    semaphore.release();
    co_await gather(return_exceptions, first, second, third);
  })));
  EXPECT_EQ(log, (Log{"2", "3"}));
}

TEST(Semaphore, ResumedWaiterWakesThoseWhoQueuedThoughPermitsWereFree) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    Semaphore semaphore(0);
    const TaskHandle<> first = create_task(take(semaphore, log, "1"));
    co_await sleep(0s);
    // Queued before the release, so they run before the one whom it wakes.
    const TaskHandle<> second = create_task(take(semaphore, log, "2"));
    const TaskHandle<> third = create_task(take(semaphore, log, "3"));
    for (int i = 0; i < 3; ++i) semaphore.release();
    co_await sleep(0s);
    EXPECT_EQ(log, (Log{"1"}));
    EXPECT_EQ(semaphore.value(), 0) << "the first has handed over both";
    co_await gather(first, second, third);
  })));
  EXPECT_EQ(log, (Log{"1", "2", "3"}));
}

TEST(Semaphore, CancelledWaiterWakesThoseWhoQueuedThoughPermitsWereFree) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    Semaphore semaphore(0);
    const TaskHandle<> first = create_task(take(semaphore, log, "1"));
    co_await sleep(0s);
    const TaskHandle<> second = create_task(take(semaphore, log, "2"));
    const TaskHandle<> third = create_task(take(semaphore, log, "3"));
    semaphore.release();
    semaphore.release();
    first.cancel();
    EXPECT_EQ(co_await outcome(first), "cancelled");
    co_await gather(second, third);
    EXPECT_EQ(semaphore.value(), 0);
  })));
  EXPECT_EQ(log, (Log{"2", "3"}));
}

TEST(Semaphore, GuardGivesThePermitBack) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Semaphore semaphore(2);
    {
      auto guard = co_await semaphore.scoped();
      EXPECT_EQ(semaphore.value(), 1);
    }
    EXPECT_EQ(semaphore.value(), 2);
  })));
}

TEST(BoundedSemaphore, RefusesAReleaseTooMany) {
  BoundedSemaphore semaphore(2);
  EXPECT_THROW(semaphore.release(), ValueError);
  EXPECT_EQ(semaphore.value(), 2);
}

TEST(BoundedSemaphore, CountsPermitsInHandOverAsTaken) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    BoundedSemaphore semaphore(1);
    Log log;
    co_await semaphore.acquire();
    const TaskHandle<> waiter = create_task(take(semaphore, log, "waiter"));
    co_await sleep(0s);
    semaphore.release();
    EXPECT_EQ(semaphore.value(), 0);
    semaphore.release();
    EXPECT_THROW(semaphore.release(), ValueError);
    co_await waiter;
  })));
}

TEST(BoundedSemaphore, GuardOfAPermitThatWasGivenBackIsAMisuse) {
  const Verdict verdict = run([]() -> Task<> {
    BoundedSemaphore semaphore(1);
    auto guard = co_await semaphore.scoped();
    semaphore.release();
  });
  ASSERT_TRUE(failed_with(FailureKind::misuse, verdict));
  EXPECT_EQ(verdict.failure->message,
            "BoundedSemaphore.release: released more often than acquired");
}

Task<> use(Semaphore& semaphore, int& inside, int permits) {
  auto guard = co_await semaphore.scoped();
  COCHECK(++inside <= permits);
  try {
    co_await sleep(0s);
  } catch (...) {
    --inside;
    throw;
  }
  --inside;
}

Task<> share_permits(int permits) {
  BoundedSemaphore semaphore(permits);
  int inside = 0;
  co_await gather(return_exceptions, use(semaphore, inside, permits),
                  use(semaphore, inside, permits), use(semaphore, inside, permits));
  COCHECK(inside == 0);
  COCHECK(semaphore.value() == permits);
  COCHECK(semaphore.waiting() == 0);
}

TEST(Semaphore, AdmitsNoMoreThanItsPermitsInEveryOrder) {
  for (const int permits : {1, 2}) {
    EXPECT_TRUE(proved(run_every_order([&] { return share_permits(permits); }))) << permits;
  }
}

TEST(Semaphore, LosesNoPermitToACancellation) {
  for (const int permits : {1, 2}) {
    EXPECT_TRUE(proved(run_every_order([&] { return share_permits(permits); }, 1))) << permits;
  }
}

TEST(Semaphore, LosesNoPermitToTwoCancellations) {
  EXPECT_TRUE(proved(run_every_order([] { return share_permits(1); }, 2)));
}

}  // namespace
}  // namespace cocheck
