#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <type_traits>
#include <vector>

#include "cocheck/condition.hpp"
#include "cocheck/future.hpp"
#include "cocheck/lock.hpp"
#include "cocheck/semaphore.hpp"
#include "cocheck/task_handle.hpp"
#include "run_fifo.hpp"

namespace cocheck::conformance {
namespace {

using namespace std::chrono_literals;
using Order = std::vector<int>;

Task<bool> acquire(Lock& lock) {
  co_return co_await lock.acquire();
}

Task<> cancel_next(const TaskRef task) {
  task.cancel();
  co_return;
}

TEST(LockTests, repr) {
  expect_fifo_passes([]() -> Task<> {
    Lock lock;
    COCHECK(to_string(lock) == "<Lock unlocked>");

    co_await lock.acquire();
    COCHECK(to_string(lock) == "<Lock locked>");

    const auto waiter = create_task(acquire(lock));
    co_await tick();
    COCHECK(to_string(lock) == "<Lock locked, waiters:1>");
    lock.release();
    COCHECK(to_string(lock) == "<Lock unlocked, waiters:1>");
    COCHECK(co_await waiter);
  });
}

TEST(LockTests, lock) {
  static_assert(Awaitable<Lock::Acquire>);
  static_assert(!Awaitable<Lock>);

  const Lock lock;
  EXPECT_FALSE(lock.locked());
}

template <class Primitive>
void expect_unawaited_scope_takes_nothing() {
  static_assert(!Awaitable<Primitive>);
  static_assert(!std::is_constructible_v<typename Lock::Guard, Primitive&>);

  expect_fifo_passes([]() -> Task<> {
    Primitive primitive;
    co_await sleep(10ms);
    COCHECK(!primitive.locked());
    { [[maybe_unused]] const auto unawaited = primitive.scoped(); }
    COCHECK(!primitive.locked());
  });
}

TEST(LockTests, lock_by_with_statement) {
  expect_unawaited_scope_takes_nothing<Lock>();
  expect_unawaited_scope_takes_nothing<Condition>();
  expect_unawaited_scope_takes_nothing<Semaphore>();
  expect_unawaited_scope_takes_nothing<BoundedSemaphore>();
}

TEST(LockTests, acquire) {
  expect_fifo_passes([]() -> Task<> {
    Lock lock;
    Order order;
    COCHECK(co_await lock.acquire());

    const auto contend = [&](int name) -> Task<bool> {
      if (co_await lock.acquire()) order.push_back(name);
      co_return true;
    };
    const auto first = create_task(contend(1));
    const auto second = create_task(contend(2));
    co_await tick();
    COCHECK(order.empty());

    lock.release();
    co_await tick();
    COCHECK(order == Order{1});
    co_await tick();
    COCHECK(order == Order{1});

    const auto third = create_task(contend(3));
    lock.release();
    co_await tick();
    COCHECK(order == Order{1, 2});

    lock.release();
    co_await tick();
    COCHECK(order == Order{1, 2, 3});

    for (const auto& task : {first, second, third}) {
      COCHECK(task.done());
      COCHECK(task.result());
    }
  });
}

TEST(LockTests, acquire_cancel) {
  expect_fifo_passes([]() -> Task<> {
    Lock lock;
    COCHECK(co_await lock.acquire());

    const auto waiter = create_task(acquire(lock));
    const auto canceller = create_task(cancel_next(waiter));
    COCHECK(co_await fails_with<CancelledError>(waiter));
    COCHECK(canceller.done());
    COCHECK(lock.waiting() == 0);
    COCHECK(lock.locked());
  });
}

TEST(LockTests, cancel_race) {
  expect_fifo_passes([]() -> Task<> {
    Lock lock;
    const auto hold_until = [&](std::optional<Future<>> released) -> Task<> {
      const auto guard = co_await lock.scoped();
      if (released) co_await *released;
    };

    const Future<> released;
    const auto holder = create_task(hold_until(released));
    co_await tick();
    COCHECK(lock.locked());
    const auto cancelled = create_task(hold_until(std::nullopt));
    co_await tick();
    COCHECK(lock.waiting() == 1);
    const auto successor = create_task(hold_until(std::nullopt));
    co_await tick();
    COCHECK(lock.waiting() == 2);

    released.set_result();
    COCHECK(cancelled.cancel());
    COCHECK(lock.waiting() == 2);
    co_await tick();
    COCHECK(!lock.locked());
    COCHECK(holder.done());
    COCHECK(cancelled.cancelled());
    co_await successor;
    COCHECK(!lock.locked());
  });
}

TEST(LockTests, cancel_release_race) {
  expect_fifo_passes([]() -> Task<> {
    Lock lock;
    int calls = 0;
    int acquired = 0;
    const auto take = [&]() -> Task<> {
      ++calls;
      co_await lock.acquire();
      ++acquired;
    };
    co_await lock.acquire();

    const auto first = create_task(take());
    const auto second = create_task(take());
    const auto third = create_task(take());
    co_await tick();

    const auto cancel_and_release = [&]() -> Task<> {
      first.cancel();
      lock.release();
      co_return;
    };
    const auto trigger = create_task(cancel_and_release());
    COCHECK(co_await fails_with<CancelledError>(first));

    COCHECK(trigger.done());
    COCHECK(acquired == 1);
    COCHECK(calls == 3);
    COCHECK(first.cancelled());
    COCHECK(second.done());

    third.cancel();
    co_await tick();
    COCHECK(third.cancelled());
  });
}

TEST(LockTests, finished_waiter_cancelled) {
  expect_fifo_passes([]() -> Task<> {
    Lock lock;
    co_await lock.acquire();
    COCHECK(lock.locked());

    const auto cancelled = create_task(acquire(lock));
    co_await tick();
    COCHECK(lock.waiting() == 1);

    const auto successor = create_task(acquire(lock));
    cancelled.cancel();
    lock.release();
    co_await tick();
    COCHECK(lock.locked());
    COCHECK(cancelled.cancelled());
    COCHECK(co_await successor);
  });
}

TEST(LockTests, release_not_acquired) {
  Lock lock;
  EXPECT_THROW(lock.release(), RuntimeError);
  EXPECT_FALSE(lock.locked());
}

TEST(LockTests, release_no_waiters) {
  expect_fifo_passes([]() -> Task<> {
    Lock lock;
    co_await lock.acquire();
    COCHECK(lock.locked());
    lock.release();
    COCHECK(!lock.locked());
  });
}

TEST(LockTests, context_manager) {
  expect_fifo_passes([]() -> Task<> {
    Lock lock;
    COCHECK(!lock.locked());
    {
      const auto guard = co_await lock.scoped();
      COCHECK(lock.locked());
    }
    COCHECK(!lock.locked());
  });
}

}  // namespace
}  // namespace cocheck::conformance
