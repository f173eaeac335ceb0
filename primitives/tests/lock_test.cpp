#include "cocheck/lock.hpp"

#include <utility>

#include "cocheck/check.hpp"
#include "cocheck/gather.hpp"
#include "cocheck/sleep.hpp"
#include "cocheck/task.hpp"
#include "cocheck/task_handle.hpp"
#include "run.hpp"

namespace cocheck {
namespace {

using namespace test;

static_assert(!detail::DirectAwaiter<Lock&> && !detail::IndirectAwaiter<Lock&>,
              "a lock is acquired, not awaited");
static_assert(!std::is_copy_constructible_v<Lock> && !std::is_move_constructible_v<Lock>);

Task<> hold(Lock& lock, Log& log, const char* name) {
  COCHECK(co_await lock.acquire());
  log.push_back(name);
}

TEST(Lock, IsFreeAtFirst) {
  Lock lock;
  EXPECT_FALSE(lock.locked());
  EXPECT_EQ(lock.waiting(), 0u);
}

TEST(Lock, AcquiringAFreeLockDoesNotSuspend) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    Lock lock;
    auto other = [&]() -> Task<> {
      log.push_back("other");
      co_return;
    };
    const TaskHandle<> handle = create_task(other());
    const bool result = co_await lock.acquire();
    EXPECT_TRUE(result);
    EXPECT_TRUE(lock.locked());
    log.push_back("acquired");
    co_await handle;
  })));
  EXPECT_EQ(log, (Log{"acquired", "other"}));
}

TEST(Lock, ServesInOrderOfArrivalOnePerRelease) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    Lock lock;
    co_await lock.acquire();
    auto all = gather(hold(lock, log, "a"), hold(lock, log, "b"), hold(lock, log, "c"));
    co_await sleep(0s);
    EXPECT_EQ(lock.waiting(), 3u);
    EXPECT_EQ(log, Log{});
    lock.release();
    co_await sleep(0s);
    co_await sleep(0s);
    EXPECT_EQ(log, (Log{"a"}));
    EXPECT_TRUE(lock.locked());
    lock.release();
    co_await sleep(0s);
    co_await sleep(0s);
    EXPECT_EQ(log, (Log{"a", "b"}));
    lock.release();
    co_await all;
    EXPECT_EQ(lock.waiting(), 0u);
    EXPECT_TRUE(lock.locked());
  })));
  EXPECT_EQ(log, (Log{"a", "b", "c"}));
}

TEST(Lock, IsFreeButNotForNewcomersBetweenReleaseAndTheWaitersStep) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    Lock lock;
    co_await lock.acquire();
    auto waiter = [&]() -> Task<> {
      co_await lock.acquire();
      log.push_back("waiter");
      lock.release();
    };
    const TaskHandle<> handle = create_task(waiter());
    co_await sleep(0s);
    lock.release();
    EXPECT_FALSE(lock.locked());
    EXPECT_EQ(lock.waiting(), 1u);
    co_await lock.acquire();
    log.push_back("newcomer");
    lock.release();
    co_await handle;
  })));
  EXPECT_EQ(log, (Log{"waiter", "newcomer"}));
}

TEST(Lock, ReleasingAFreeLockThrows) {
  Lock lock;
  EXPECT_THROW(lock.release(), RuntimeError);
  EXPECT_FALSE(lock.locked());
}

TEST(Lock, ReleasingTwiceWhileTheWaiterIsWokenThrows) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Lock lock;
    Log log;
    co_await lock.acquire();
    const TaskHandle<> waiter = create_task(hold(lock, log, "waiter"));
    co_await sleep(0s);
    lock.release();
    EXPECT_THROW(lock.release(), RuntimeError);
    co_await waiter;
    EXPECT_TRUE(lock.locked());
  })));
}

TEST(Lock, AnyTaskMayRelease) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Lock lock;
    co_await lock.acquire();
    auto release = [&]() -> Task<> {
      lock.release();
      co_return;
    };
    co_await create_task(release());
    EXPECT_FALSE(lock.locked());
  })));
}

TEST(Lock, CancelledWaiterLeavesTheQueueAndNotTheLock) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Lock lock;
    Log log;
    co_await lock.acquire();
    const TaskHandle<> waiter = create_task(hold(lock, log, "waiter"));
    co_await sleep(0s);
    EXPECT_TRUE(waiter.cancel("enough"));
    EXPECT_EQ(lock.waiting(), 1u);
    EXPECT_EQ(co_await outcome(waiter), "cancelled: enough");
    EXPECT_TRUE(lock.locked());
    EXPECT_EQ(lock.waiting(), 0u);
    EXPECT_EQ(log, Log{});
    lock.release();
  })));
}

TEST(Lock, WokenThenCancelledWaiterWakesTheNext) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    Lock lock;
    co_await lock.acquire();
    const TaskHandle<> first = create_task(hold(lock, log, "first"));
    const TaskHandle<> second = create_task(hold(lock, log, "second"));
    co_await sleep(0s);
    lock.release();
    first.cancel();
    EXPECT_EQ(co_await outcome(first), "cancelled");
    EXPECT_EQ(co_await outcome(second), "done");
  })));
  EXPECT_EQ(log, (Log{"second"}));
}

TEST(Lock, CancelledAndNotYetRunWaiterWakesTheNext) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    Lock lock;
    co_await lock.acquire();
    const TaskHandle<> first = create_task(hold(lock, log, "first"));
    const TaskHandle<> second = create_task(hold(lock, log, "second"));
    co_await sleep(0s);
    first.cancel();
    lock.release();
    EXPECT_EQ(co_await outcome(first), "cancelled");
    EXPECT_EQ(co_await outcome(second), "done");
  })));
  EXPECT_EQ(log, (Log{"second"}));
}

TEST(Lock, CancelledWaiterBehindTheHeadWakesNobody) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    Lock lock;
    co_await lock.acquire();
    const TaskHandle<> first = create_task(hold(lock, log, "first"));
    const TaskHandle<> second = create_task(hold(lock, log, "second"));
    const TaskHandle<> third = create_task(hold(lock, log, "third"));
    co_await sleep(0s);
    second.cancel();
    lock.release();
    co_await sleep(0s);
    co_await sleep(0s);
    EXPECT_EQ(log, (Log{"first"}));
    EXPECT_EQ(lock.waiting(), 1u);
    lock.release();
    EXPECT_EQ(co_await outcome(second), "cancelled");
    co_await third;
  })));
  EXPECT_EQ(log, (Log{"first", "third"}));
}

TEST(Lock, ReleaseLeavesTheNextToAHeadThatIsCancelledAndHasNotRun) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    Lock lock;
    co_await lock.acquire();
    const TaskHandle<> first = create_task(hold(lock, log, "first"));
    const TaskHandle<> second = create_task(hold(lock, log, "second"));
    co_await sleep(0s);
    first.cancel();
    lock.release();
    auto other = [&]() -> Task<> {
      log.push_back("other");
      co_return;
    };
    const TaskHandle<> ready = create_task(other());
    co_await gather(return_exceptions, first, second, ready);
  })));
  EXPECT_EQ(log, (Log{"other", "second"})) << "the second was woken by the first, not by release";
}

// bpo-32734
TEST(Lock, OneReleaseAfterACancellationLetsExactlyOneIn) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    Lock lock;
    co_await lock.acquire();
    const TaskHandle<> first = create_task(hold(lock, log, "first"));
    const TaskHandle<> second = create_task(hold(lock, log, "second"));
    const TaskHandle<> third = create_task(hold(lock, log, "third"));
    co_await sleep(0s);
    first.cancel();
    lock.release();
    for (int i = 0; i < 4; ++i) co_await sleep(0s);
    EXPECT_EQ(log, (Log{"second"}));
    EXPECT_TRUE(lock.locked());
    EXPECT_FALSE(third.done());
    lock.release();
    co_await gather(return_exceptions, first, second, third);
  })));
  EXPECT_EQ(log, (Log{"second", "third"}));
}

TEST(Lock, NewcomerPassesWaitersThatAreAllCancelled) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    Lock lock;
    co_await lock.acquire();
    const TaskHandle<> waiter = create_task(hold(lock, log, "waiter"));
    co_await sleep(0s);
    waiter.cancel();
    lock.release();
    EXPECT_EQ(lock.waiting(), 1u);
    co_await lock.acquire();
    EXPECT_FALSE(waiter.done()) << "acquire suspended";
    EXPECT_EQ(co_await outcome(waiter), "cancelled");
    EXPECT_TRUE(lock.locked());
  })));
  EXPECT_EQ(log, Log{});
}

TEST(Lock, NewcomerQueuesBehindALiveWaiterThoughTheHeadIsCancelled) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    Lock lock;
    co_await lock.acquire();
    const TaskHandle<> first = create_task(hold(lock, log, "first"));
    auto locker = [&]() -> Task<> {
      co_await lock.acquire();
      log.push_back("second");
      lock.release();
    };
    const TaskHandle<> second = create_task(locker());
    co_await sleep(0s);
    first.cancel();
    lock.release();
    co_await lock.acquire();
    log.push_back("newcomer");
    co_await gather(return_exceptions, first, second);
  })));
  EXPECT_EQ(log, (Log{"second", "newcomer"}));
}

TEST(Lock, GuardReleasesAtTheEndOfTheScope) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Lock lock;
    {
      auto guard = co_await lock.scoped();
      EXPECT_TRUE(lock.locked());
    }
    EXPECT_FALSE(lock.locked());
    try {
      auto guard = co_await lock.scoped();
      throw ValueError("out");
    } catch (const ValueError&) {
      EXPECT_FALSE(lock.locked());
    }
  })));
}

TEST(Lock, GuardReleasesOnceAlsoWhenMoved) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Lock first;
    Lock second;
    auto guard = co_await first.scoped();
    Lock::Guard moved = std::move(guard);
    EXPECT_TRUE(first.locked());
    moved.release();
    EXPECT_FALSE(first.locked());
    moved.release();
    auto of_first = co_await first.scoped();
    auto of_second = co_await second.scoped();
    of_first = std::move(of_second);
    EXPECT_FALSE(first.locked());
    EXPECT_TRUE(second.locked());
  })));
}

TEST(Lock, GuardOfALockThatSomebodyElseReleasedIsAMisuse) {
  const Verdict verdict = run([]() -> Task<> {
    Lock lock;
    auto guard = co_await lock.scoped();
    lock.release();
  });
  ASSERT_TRUE(failed_with(FailureKind::misuse, verdict));
  EXPECT_EQ(verdict.failure->message, "Lock.release: the lock is not locked");
}

TEST(Lock, WaiterThatIsCancelledDoesNotReleaseThroughItsGuard) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Lock lock;
    co_await lock.acquire();
    auto scope = [&]() -> Task<> { auto guard = co_await lock.scoped(); };
    const TaskHandle<> waiter = create_task(scope());
    co_await sleep(0s);
    waiter.cancel();
    EXPECT_EQ(co_await outcome(waiter), "cancelled");
    EXPECT_TRUE(lock.locked());
  })));
}

TEST(Lock, DyingBeforeItsWaitersLeavesThemHarmless) {
  EXPECT_TRUE(failed_with(FailureKind::deadlock, run([]() -> Task<> {
                            auto lock = std::make_unique<Lock>();
                            co_await lock->acquire();
                            Log log;
                            const TaskHandle<> waiter = create_task(hold(*lock, log, "waiter"));
                            co_await sleep(0s);
                            lock.reset();
                            co_await waiter;
                          })));
}

/// Tasks that take the lock, suspend inside and count how many are in there.
Task<> contend(Lock& lock, int& inside, int& served, int steps) {
  auto guard = co_await lock.scoped();
  COCHECK(++inside == 1);
  for (int i = 0; i < steps; ++i) {
    try {
      co_await sleep(0s);
    } catch (...) {
      --inside;
      throw;
    }
  }
  COCHECK(inside-- == 1);
  ++served;
}

TEST(Lock, ExcludesEachOtherInEveryOrder) {
  EXPECT_TRUE(proved(run_every_order([]() -> Task<> {
    Lock lock;
    int inside = 0;
    int served = 0;
    co_await gather(contend(lock, inside, served, 2), contend(lock, inside, served, 2),
                    contend(lock, inside, served, 2));
    COCHECK(served == 3);
    COCHECK(!lock.locked());
    COCHECK(lock.waiting() == 0);
  })));
}

/// A wake-up that got lost would leave a task waiting: a deadlock.
Task<> contend_with_cancellations() {
  Lock lock;
  int inside = 0;
  int served = 0;
  const TaskHandle<> a = create_task(contend(lock, inside, served, 1));
  const TaskHandle<> b = create_task(contend(lock, inside, served, 1));
  const TaskHandle<> c = create_task(contend(lock, inside, served, 1));
  co_await gather(return_exceptions, a, b, c);
  COCHECK(served == !a.cancelled() + !b.cancelled() + !c.cancelled());
  COCHECK(inside == 0);
  COCHECK(!lock.locked());
  COCHECK(lock.waiting() == 0);
}

TEST(Lock, LosesNoWakeUpToACancellation) {
  const Verdict verdict = run_every_order(contend_with_cancellations, 1);
  EXPECT_TRUE(proved(verdict));
  EXPECT_EQ(verdict.bound, "at most 1 injected cancellation");
}

TEST(Lock, LosesNoWakeUpToTwoCancellations) {
  EXPECT_TRUE(proved(run_every_order(contend_with_cancellations, 2)));
}

}  // namespace
}  // namespace cocheck
