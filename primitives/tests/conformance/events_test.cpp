#include <gtest/gtest.h>

#include <vector>

#include "cocheck/event.hpp"
#include "cocheck/task_handle.hpp"
#include "run_fifo.hpp"

namespace cocheck::conformance {
namespace {

using Order = std::vector<int>;

Task<bool> wait_for_event(Event& event) {
  co_return co_await event.wait();
}

TEST(EventTests, repr) {
  expect_fifo_passes([]() -> Task<> {
    Event event;
    COCHECK(to_string(event) == "<Event unset>");
    event.set();
    COCHECK(to_string(event) == "<Event set>");
    event.clear();

    const auto waiter = create_task(wait_for_event(event));
    co_await tick();
    COCHECK(to_string(event) == "<Event unset, waiters:1>");
    event.set();
    COCHECK(to_string(event) == "<Event set, waiters:1>");
    COCHECK(co_await waiter);
    COCHECK(to_string(event) == "<Event set>");
  });
}

TEST(EventTests, wait) {
  expect_fifo_passes([]() -> Task<> {
    Event event;
    COCHECK(!event.is_set());
    Order order;
    const auto wait_as = [&](int name) -> Task<> {
      if (co_await event.wait()) order.push_back(name);
    };
    const auto first = create_task(wait_as(1));
    const auto second = create_task(wait_as(2));
    co_await tick();
    COCHECK(order.empty());

    const auto late = create_task(wait_as(3));
    event.set();
    co_await tick();
    COCHECK(order == Order{3, 1, 2});
    for (const auto& task : {first, second, late}) {
      COCHECK(task.done());
      COCHECK(task.exception() == nullptr);
    }
  });
}

TEST(EventTests, wait_on_set) {
  expect_fifo_passes([]() -> Task<> {
    Event event;
    event.set();
    COCHECK(co_await event.wait());
  });
}

TEST(EventTests, wait_cancel) {
  expect_fifo_passes([]() -> Task<> {
    Event event;
    const auto waiter = create_task(wait_for_event(event));
    const auto cancel = [&]() -> Task<> {
      COCHECK(event.waiting() == 1);
      waiter.cancel();
      co_return;
    };
    const auto canceller = create_task(cancel());
    COCHECK(co_await fails_with<CancelledError>(waiter));
    COCHECK(canceller.done());
    COCHECK(event.waiting() == 0);
  });
}

TEST(EventTests, clear) {
  expect_fifo_passes([]() -> Task<> {
    Event event;
    COCHECK(!event.is_set());
    event.set();
    COCHECK(event.is_set());
    event.clear();
    COCHECK(!event.is_set());
    co_return;
  });
}

TEST(EventTests, clear_with_waiters) {
  expect_fifo_passes([]() -> Task<> {
    Event event;
    Order order;
    const auto wait_once = [&]() -> Task<bool> {
      if (co_await event.wait()) order.push_back(1);
      co_return true;
    };
    const auto waiter = create_task(wait_once());
    co_await tick();
    COCHECK(order.empty());

    event.set();
    event.clear();
    COCHECK(!event.is_set());
    event.set();
    event.set();
    COCHECK(event.waiting() == 1);

    co_await tick();
    COCHECK(order == Order{1});
    COCHECK(event.waiting() == 0);
    COCHECK(waiter.done());
    COCHECK(waiter.result());
  });
}

}  // namespace
}  // namespace cocheck::conformance
