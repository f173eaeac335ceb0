#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "cocheck/condition.hpp"
#include "cocheck/lock.hpp"
#include "cocheck/task_handle.hpp"
#include "cocheck/timeout.hpp"
#include "cocheck/wait_for.hpp"
#include "run_fifo.hpp"

namespace cocheck::conformance {
namespace {

using namespace std::chrono_literals;
using Order = std::vector<int>;

TEST(ConditionTests, wait) {
  expect_fifo_passes([]() -> Task<> {
    Condition condition;
    Order order;
    const auto wait_and_keep_lock = [&](int name) -> Task<bool> {
      co_await condition.acquire();
      if (co_await condition.wait()) order.push_back(name);
      co_return true;
    };
    const auto first = create_task(wait_and_keep_lock(1));
    const auto second = create_task(wait_and_keep_lock(2));
    const auto third = create_task(wait_and_keep_lock(3));
    co_await tick();
    COCHECK(order.empty());
    COCHECK(!condition.locked());

    COCHECK(co_await condition.acquire());
    condition.notify();
    co_await tick();
    COCHECK(order.empty());
    COCHECK(condition.locked());

    condition.release();
    co_await tick();
    COCHECK(order == Order{1});
    COCHECK(condition.locked());

    condition.notify(2);
    co_await tick();
    COCHECK(order == Order{1});
    COCHECK(condition.locked());

    condition.release();
    co_await tick();
    COCHECK(order == Order{1, 2});
    COCHECK(condition.locked());

    condition.release();
    co_await tick();
    COCHECK(order == Order{1, 2, 3});
    COCHECK(condition.locked());

    for (const auto& task : {first, second, third}) {
      COCHECK(task.done());
      COCHECK(task.result());
    }
  });
}

TEST(ConditionTests, wait_cancel) {
  expect_fifo_passes([]() -> Task<> {
    Condition condition;
    co_await condition.acquire();

    const auto waiter = create_task(condition.wait());
    const auto cancel = [&]() -> Task<> {
      COCHECK(condition.waiting() == 1);
      COCHECK(!condition.locked());
      waiter.cancel();
      co_return;
    };
    const auto canceller = create_task(cancel());
    COCHECK(co_await fails_with<CancelledError>(waiter));
    COCHECK(canceller.done());
    COCHECK(condition.waiting() == 0);
    COCHECK(condition.locked());
  });
}

TEST(ConditionTests, wait_cancel_contested) {
  expect_fifo_passes([]() -> Task<> {
    Condition condition;
    co_await condition.acquire();
    COCHECK(condition.locked());

    const auto waiter = create_task(condition.wait());
    co_await tick();
    COCHECK(!condition.locked());

    co_await condition.acquire();
    COCHECK(condition.locked());
    condition.notify();
    const auto cancel = [&]() -> Task<> {
      waiter.cancel();
      co_return;
    };
    const auto release = [&]() -> Task<> {
      condition.release();
      co_return;
    };
    const auto canceller = create_task(cancel());
    const auto releaser = create_task(release());

    // The request waits until the lock is taken again, and is not lost.
    COCHECK(co_await fails_with<CancelledError>(waiter));
    COCHECK(canceller.done());
    COCHECK(releaser.done());
    COCHECK(condition.locked());
  });
}

TEST(ConditionTests, wait_cancel_after_notify) {
  expect_fifo_passes([]() -> Task<> {
    Condition condition;
    bool entered = false;
    const auto wait_in_block = [&]() -> Task<> {
      const auto guard = co_await condition.scoped();
      entered = true;
      co_await condition.wait();
    };
    const auto waiter = create_task(wait_in_block());
    co_await tick();

    co_await condition.acquire();
    condition.notify();
    co_await tick();
    waiter.cancel();
    co_await tick();
    COCHECK(!waiter.done());
    condition.release();
    co_await tick();

    COCHECK(waiter.cancelled());
    COCHECK(entered);
    COCHECK(!condition.locked());
  });
}

TEST(ConditionTests, wait_unacquired) {
  expect_fifo_passes([]() -> Task<> {
    Condition condition;
    COCHECK(co_await fails_with<RuntimeError>(condition.wait()));
  });
}

TEST(ConditionTests, wait_for) {
  expect_fifo_passes([]() -> Task<> {
    Condition condition;
    bool holds = false;
    int evaluations = 0;
    Order order;
    const auto wait_until_holds = [&]() -> Task<bool> {
      co_await condition.acquire();
      const bool value = co_await condition.wait([&] {
        ++evaluations;
        return holds;
      });
      if (value) {
        order.push_back(1);
        condition.release();
      }
      co_return true;
    };
    const auto waiter = create_task(wait_until_holds());
    co_await tick();
    COCHECK(order.empty());
    COCHECK(evaluations == 1);

    co_await condition.acquire();
    condition.notify();
    condition.release();
    co_await tick();
    COCHECK(order.empty());
    COCHECK(evaluations == 2);

    holds = true;
    co_await condition.acquire();
    condition.notify();
    condition.release();
    co_await tick();
    COCHECK(order == Order{1});
    COCHECK(evaluations == 3);
    COCHECK(waiter.done());
    COCHECK(waiter.result());
  });
}

TEST(ConditionTests, wait_for_unacquired) {
  expect_fifo_passes([]() -> Task<> {
    Condition condition;
    const std::vector<int> items{1, 2, 3};
    const auto found = co_await condition.wait([&] { return std::optional(items); });
    COCHECK(found == items);
    COCHECK(co_await fails_with<RuntimeError>(condition.wait([] { return false; })));
  });
}

TEST(ConditionTests, notify) {
  expect_fifo_passes([]() -> Task<> {
    Condition condition;
    Order order;
    const auto wait_once = [&](int name) -> Task<bool> {
      co_await condition.acquire();
      if (co_await condition.wait()) {
        order.push_back(name);
        condition.release();
      }
      co_return true;
    };
    const auto first = create_task(wait_once(1));
    const auto second = create_task(wait_once(2));
    const auto third = create_task(wait_once(3));
    co_await tick();
    COCHECK(order.empty());

    co_await condition.acquire();
    condition.notify(1);
    condition.release();
    co_await tick();
    COCHECK(order == Order{1});

    co_await condition.acquire();
    condition.notify(1);
    condition.notify(2048);
    condition.release();
    co_await tick();
    COCHECK(order == Order{1, 2, 3});

    for (const auto& task : {first, second, third}) {
      COCHECK(task.done());
      COCHECK(task.result());
    }
  });
}

TEST(ConditionTests, notify_all) {
  expect_fifo_passes([]() -> Task<> {
    Condition condition;
    Order order;
    const auto wait_once = [&](int name) -> Task<bool> {
      co_await condition.acquire();
      if (co_await condition.wait()) {
        order.push_back(name);
        condition.release();
      }
      co_return true;
    };
    const auto first = create_task(wait_once(1));
    const auto second = create_task(wait_once(2));
    co_await tick();
    COCHECK(order.empty());

    co_await condition.acquire();
    condition.notify_all();
    condition.release();
    co_await tick();
    COCHECK(order == Order{1, 2});
    for (const auto& task : {first, second}) {
      COCHECK(task.done());
      COCHECK(task.result());
    }
  });
}

TEST(ConditionTests, notify_unacquired) {
  Condition condition;
  EXPECT_THROW(condition.notify(), RuntimeError);
}

TEST(ConditionTests, notify_all_unacquired) {
  Condition condition;
  EXPECT_THROW(condition.notify_all(), RuntimeError);
}

TEST(ConditionTests, repr) {
  expect_fifo_passes([]() -> Task<> {
    Condition condition;
    COCHECK(to_string(condition) == "<Condition unlocked>");
    co_await condition.acquire();
    COCHECK(to_string(condition) == "<Condition locked>");
    condition.release();

    const auto wait_in_block = [&]() -> Task<> {
      const auto guard = co_await condition.scoped();
      co_await condition.wait();
    };
    const auto first = create_task(wait_in_block());
    co_await tick();
    COCHECK(to_string(condition) == "<Condition unlocked, waiters:1>");
    const auto second = create_task(wait_in_block());
    co_await tick();
    co_await condition.acquire();
    COCHECK(to_string(condition) == "<Condition locked, waiters:2>");

    condition.notify_all();
    condition.release();
    co_await first;
    co_await second;
    COCHECK(to_string(condition) == "<Condition unlocked>");
  });
}

TEST(ConditionTests, context_manager) {
  expect_fifo_passes([]() -> Task<> {
    Condition condition;
    COCHECK(!condition.locked());
    {
      const auto guard = co_await condition.scoped();
      COCHECK(condition.locked());
    }
    COCHECK(!condition.locked());
  });
}

Task<> expect_one_lock(Lock& lock, Condition& condition) {
  COCHECK(&condition.lock() == &lock);
  COCHECK(!lock.locked());
  COCHECK(!condition.locked());
  {
    const auto guard = co_await condition.scoped();
    COCHECK(lock.locked());
    COCHECK(condition.locked());
  }
  COCHECK(!lock.locked());
  COCHECK(!condition.locked());
  {
    const auto guard = co_await lock.scoped();
    COCHECK(lock.locked());
    COCHECK(condition.locked());
  }
  COCHECK(!lock.locked());
  COCHECK(!condition.locked());
}

TEST(ConditionTests, explicit_lock) {
  expect_fifo_passes([]() -> Task<> {
    Condition with_own_lock;
    co_await expect_one_lock(with_own_lock.lock(), with_own_lock);

    Lock lock;
    Condition with_given_lock(lock);
    co_await expect_one_lock(lock, with_given_lock);
  });
}

TEST(ConditionTests, timeout_in_block) {
  expect_fifo_passes([]() -> Task<> {
    Condition condition;
    const TimePoint start = LoopClock::now();
    {
      const auto guard = co_await condition.scoped();
      COCHECK(co_await fails_with<TimeoutError>(wait_for(condition.wait(), 500ms)));
      COCHECK(condition.locked());
    }
    COCHECK(!condition.locked());
    COCHECK(LoopClock::now() - start == 500ms);
  });
}

/// Waits for ever; writes down the CancelledError that `wait` threw and passes it on.
Task<> wait_and_record(Condition& condition, bool& wake, const CancelledError*& raised) {
  const auto guard = co_await condition.scoped();
  try {
    co_await condition.wait([&] { return wake; });
  } catch (const CancelledError& error) {
    raised = &error;
    throw;
  }
}

/// Whether the task ended with that very error and the message "foo".
Task<bool> ended_with(TaskHandle<> task, const CancelledError*& raised) {
  bool same = false;
  try {
    co_await task;
  } catch (const CancelledError& error) {
    same = &error == raised && error.message() == "foo";
  }
  co_return same;
}

TEST(ConditionTests, cancelled_error_wakeup) {
  expect_fifo_passes([]() -> Task<> {
    Condition condition;
    bool wake = false;
    const CancelledError* raised = nullptr;
    const auto waiter = create_task(wait_and_record(condition, wake, raised));
    co_await tick();

    waiter.cancel("foo");
    COCHECK(co_await ended_with(waiter, raised));
    COCHECK(raised != nullptr);
  });
}

TEST(ConditionTests, cancelled_error_re_aquire) {
  expect_fifo_passes([]() -> Task<> {
    Condition condition;
    bool wake = false;
    const CancelledError* raised = nullptr;
    const auto waiter = create_task(wait_and_record(condition, wake, raised));
    co_await tick();

    co_await condition.acquire();
    wake = true;
    condition.notify();
    co_await tick();
    COCHECK(condition.waiting() == 0);
    COCHECK(condition.lock().waiting() == 1);
    waiter.cancel("foo");
    condition.release();
    COCHECK(co_await ended_with(waiter, raised));
    COCHECK(raised != nullptr);
  });
}

/// One item for two consumers; the one that is notified of it is cancelled after `ticks`.
Task<> cancel_notified_consumer(int ticks) {
  Condition condition;
  int items = 0;
  const auto consume = [&]() -> Task<> {
    const auto guard = co_await condition.scoped();
    while (true) {
      co_await condition.wait([&] { return items != 0; });
      if (items < 0) co_return;
      --items;
    }
  };
  const auto first = create_task(consume());
  const auto second = create_task(consume());
  co_await tick();
  {
    const auto guard = co_await condition.scoped();
    ++items;
    condition.notify(1);
    for (int i = 0; i < ticks; ++i) co_await tick();
    COCHECK(condition.lock().waiting() == static_cast<std::size_t>(ticks));
    COCHECK(first.cancel());

    // Nobody tells of the item's going, so the time always runs out.
    Timeout scope = timeout(10ms);
    auto waited = scope.run(condition.wait([&] { return items == 0; }));
    COCHECK(co_await fails_with<TimeoutError>(std::move(waited)));
    COCHECK(items == 0);

    items = -1;
    condition.notify_all();
  }
  co_await second;
  COCHECK(first.cancelled());
}

TEST(ConditionTests, cancelled_wakeup) {
  expect_fifo_passes([] { return cancel_notified_consumer(0); });
}

TEST(ConditionTests, cancelled_wakeup_relock) {
  expect_fifo_passes([] { return cancel_notified_consumer(1); });
}

}  // namespace
}  // namespace cocheck::conformance
