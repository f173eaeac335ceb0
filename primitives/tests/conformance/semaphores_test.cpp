#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "cocheck/gather.hpp"
#include "cocheck/semaphore.hpp"
#include "cocheck/task_handle.hpp"
#include "cocheck/wait_for.hpp"
#include "run_fifo.hpp"

namespace cocheck::conformance {
namespace {

using namespace std::chrono_literals;
using Order = std::vector<int>;

Task<bool> acquire(Semaphore& semaphore) {
  co_return co_await semaphore.acquire();
}

TEST(SemaphoreTests, initial_value_zero) {
  const Semaphore semaphore(0);
  EXPECT_TRUE(semaphore.locked());
}

TEST(SemaphoreTests, repr) {
  expect_fifo_passes([]() -> Task<> {
    Semaphore semaphore;
    COCHECK(to_string(semaphore) == "<Semaphore unlocked, value:1>");
    co_await semaphore.acquire();
    COCHECK(to_string(semaphore) == "<Semaphore locked>");

    const auto first = create_task(acquire(semaphore));
    co_await tick();
    COCHECK(to_string(semaphore) == "<Semaphore locked, waiters:1>");
    const auto second = create_task(acquire(semaphore));
    co_await tick();
    COCHECK(to_string(semaphore) == "<Semaphore locked, waiters:2>");

    semaphore.release();
    semaphore.release();
    co_await gather(first, second);
  });
}

TEST(SemaphoreTests, semaphore) {
  static_assert(Awaitable<Semaphore::Acquire>);
  static_assert(!Awaitable<Semaphore>);
  static_assert(!Awaitable<BoundedSemaphore>);

  const Semaphore semaphore;
  EXPECT_EQ(semaphore.value(), 1);
  EXPECT_FALSE(semaphore.locked());
}

TEST(SemaphoreTests, semaphore_value) {
  EXPECT_THROW(Semaphore(-1), ValueError);
}

TEST(SemaphoreTests, acquire) {
  expect_fifo_passes([]() -> Task<> {
    Semaphore semaphore(3);
    Order order;
    COCHECK(co_await semaphore.acquire());
    COCHECK(co_await semaphore.acquire());
    COCHECK(!semaphore.locked());

    const auto contend = [&](int name) -> Task<bool> {
      co_await semaphore.acquire();
      order.push_back(name);
      co_return true;
    };
    const auto first = create_task(contend(1));
    const auto second = create_task(contend(2));
    const auto third = create_task(contend(3));
    co_await tick();
    COCHECK(order == Order{1});
    COCHECK(semaphore.locked());
    COCHECK(semaphore.waiting() == 2);
    COCHECK(semaphore.value() == 0);

    const auto fourth = create_task(contend(4));
    semaphore.release();
    semaphore.release();
    COCHECK(semaphore.value() == 0);

    co_await tick();
    COCHECK(order == Order{1, 2, 3});
    COCHECK(semaphore.locked());
    COCHECK(semaphore.waiting() == 1);
    COCHECK(semaphore.value() == 0);
    for (const auto& task : {first, second, third}) {
      COCHECK(task.done());
      COCHECK(task.result());
    }
    COCHECK(!fourth.done());

    semaphore.release();
    COCHECK(co_await fourth);
  });
}

TEST(SemaphoreTests, acquire_cancel) {
  expect_fifo_passes([]() -> Task<> {
    Semaphore semaphore;
    co_await semaphore.acquire();

    const auto waiter = create_task(acquire(semaphore));
    const auto cancel = [&]() -> Task<> {
      COCHECK(semaphore.waiting() == 1);
      waiter.cancel();
      co_return;
    };
    const auto canceller = create_task(cancel());
    COCHECK(co_await fails_with<CancelledError>(waiter));
    COCHECK(canceller.done());
    COCHECK(semaphore.waiting() == 0);
  });
}

TEST(SemaphoreTests, acquire_cancel_before_awoken) {
  expect_fifo_passes([]() -> Task<> {
    Semaphore semaphore(0);
    const auto first = create_task(acquire(semaphore));
    const auto second = create_task(acquire(semaphore));
    const auto third = create_task(acquire(semaphore));
    const auto fourth = create_task(acquire(semaphore));
    co_await tick();

    first.cancel();
    second.cancel();
    semaphore.release();
    co_await tick();
    co_await tick();
    COCHECK(first.cancelled());
    COCHECK(second.cancelled());
    COCHECK(third.done());
    COCHECK(!fourth.done());

    COCHECK(!third.cancel());
    COCHECK(fourth.cancel());
    co_await tick();
    COCHECK(fourth.cancelled());
  });
}

TEST(SemaphoreTests, acquire_hang) {
  expect_fifo_passes([]() -> Task<> {
    Semaphore semaphore(0);
    const auto first = create_task(acquire(semaphore));
    const auto second = create_task(acquire(semaphore));
    co_await tick();

    first.cancel();
    semaphore.release();
    co_await tick();
    co_await tick();
    COCHECK(semaphore.locked());
    COCHECK(first.cancelled());
    COCHECK(second.done());
  });
}

TEST(SemaphoreTests, acquire_no_hang) {
  expect_fifo_passes([]() -> Task<> {
    Semaphore semaphore(1);
    std::optional<TaskHandle<>> woken;
    const auto release_and_cancel = [&]() -> Task<> {
      {
        const auto guard = co_await semaphore.scoped();
        co_await tick();
      }
      woken->cancel();
    };
    const auto never_enter = [&]() -> Task<> {
      const auto guard = co_await semaphore.scoped();
      COCHECK(false);
    };
    const auto releaser = create_task(release_and_cancel());
    woken = create_task(never_enter());

    const auto results = co_await gather(return_exceptions, releaser, *woken);
    COCHECK(std::get<0>(results).has_value());
    COCHECK(std::get<1>(results).cancelled());
    COCHECK(co_await wait_for(acquire(semaphore), 1s));
  });
}

TEST(SemaphoreTests, release_not_acquired) {
  BoundedSemaphore semaphore;
  EXPECT_THROW(semaphore.release(), ValueError);
  EXPECT_EQ(semaphore.value(), 1);
}

TEST(SemaphoreTests, release_no_waiters) {
  expect_fifo_passes([]() -> Task<> {
    Semaphore semaphore;
    co_await semaphore.acquire();
    COCHECK(semaphore.locked());
    semaphore.release();
    COCHECK(!semaphore.locked());
  });
}

TEST(SemaphoreTests, acquire_fifo_order) {
  expect_fifo_passes([]() -> Task<> {
    Semaphore semaphore(1);
    std::vector<std::string> order;
    const auto acquire_twice = [&](std::string name) -> Task<> {
      for (const char* round : {"_1", "_2"}) {
        co_await semaphore.acquire();
        order.push_back(name + round);
        co_await sleep(10ms);
        semaphore.release();
      }
    };
    co_await gather(acquire_twice("c1"), acquire_twice("c2"), acquire_twice("c3"));

    const std::vector<std::string> expected{"c1_1", "c2_1", "c3_1", "c1_2", "c2_2", "c3_2"};
    COCHECK(order == expected);
  });
}

TEST(SemaphoreTests, acquire_fifo_order_2) {
  expect_fifo_passes([]() -> Task<> {
    Semaphore semaphore(1);
    Order order;
    const auto acquire_once = [&](int name) -> Task<> {
      co_await semaphore.acquire();
      order.push_back(name);
    };
    const auto acquire_again = [&]() -> Task<> {
      co_await semaphore.acquire();
      order.push_back(2);
      semaphore.release();
      co_await semaphore.acquire();
      order.push_back(4);
    };
    const auto first = create_task(acquire_once(1));
    const auto second = create_task(acquire_again());
    const auto third = create_task(acquire_once(3));
    co_await tick();

    semaphore.release();
    semaphore.release();
    co_await gather(first, second, third);
    COCHECK(order == Order{1, 2, 3, 4});
  });
}

TEST(SemaphoreTests, acquire_fifo_order_3) {
  expect_fifo_passes([]() -> Task<> {
    Semaphore semaphore(0);
    Order order;
    const auto acquire_once = [&](int name) -> Task<> {
      co_await semaphore.acquire();
      order.push_back(name);
    };
    const auto first = create_task(acquire_once(1));
    const auto second = create_task(acquire_once(2));
    const auto third = create_task(acquire_once(3));
    co_await tick();
    first.cancel();
    co_await tick();

    semaphore.release();
    semaphore.release();
    const auto results = co_await gather(return_exceptions, first, second, third);
    COCHECK(std::get<0>(results).cancelled());
    COCHECK(order == Order{2, 3});
  });
}

TEST(SemaphoreTests, acquire_fifo_order_4) {
  expect_fifo_passes([]() -> Task<> {
    Semaphore semaphore(0);
    Order order;
    std::optional<TaskHandle<>> fourth;
    const auto log_fourth = [&]() -> Task<> {
      order.push_back(4);
      co_return;
    };
    const auto wait_and_spawn = [&]() -> Task<> {
      COCHECK(semaphore.value() == 0);
      co_await semaphore.acquire();
      COCHECK(semaphore.value() == 0);
      fourth = create_task(log_fourth());
      order.push_back(1);
    };
    const auto release_thrice = [&]() -> Task<> {
      semaphore.release();
      semaphore.release();
      semaphore.release();
      COCHECK(semaphore.value() == 2);
      COCHECK(semaphore.locked());
      co_await semaphore.acquire();
      order.push_back(2);
    };
    const auto queue_behind = [&]() -> Task<> {
      co_await semaphore.acquire();
      COCHECK(semaphore.locked());
      order.push_back(3);
    };
    const auto first = create_task(wait_and_spawn());
    const auto second = create_task(release_thrice());
    const auto third = create_task(queue_behind());

    co_await tick();
    COCHECK(semaphore.value() == 2);
    COCHECK(semaphore.waiting() == 3);
    co_await tick();

    co_await gather(first, second, third, *fourth);
    COCHECK(order == Order{1, 2, 3, 4});
  });
}

}  // namespace
}  // namespace cocheck::conformance
