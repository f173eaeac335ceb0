#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

#include "cocheck/event.hpp"
#include "cocheck/gather.hpp"
#include "cocheck/lifo_queue.hpp"
#include "cocheck/priority_queue.hpp"
#include "cocheck/queue.hpp"
#include "cocheck/task_handle.hpp"
#include "cocheck/wait_for.hpp"
#include "run_fifo.hpp"

namespace cocheck::conformance {
namespace {

using namespace std::chrono_literals;
using Items = std::vector<int>;

/// Puts 1, 3, 2 and gives the order in which they come out.
template <class AnyQueue>
Task<Items> order_of(AnyQueue& queue) {
  for (const int item : {1, 3, 2}) co_await queue.put(item);
  Items items;
  for (int i = 0; i < 3; ++i) items.push_back(co_await queue.get());
  co_return items;
}

TEST(QueueBasicTests, repr) {
  expect_fifo_passes([]() -> Task<> {
    {
      Queue<int> queue;
      COCHECK(to_string(queue) == "<Queue maxsize=0>");
      const auto getter = create_task(queue.get());
      co_await tick();
      COCHECK(to_string(queue) == "<Queue maxsize=0 getters[1]>");
      queue.put_nowait(0);
      COCHECK(co_await getter == 0);
    }
    {
      Queue<int> queue(1);
      queue.put_nowait(1);
      const auto putter = create_task(queue.put(2));
      co_await tick();
      COCHECK(to_string(queue) == "<Queue maxsize=1 size=1 putters[1] tasks=1>");
      COCHECK(queue.get_nowait() == 1);
      co_await putter;
    }
  });
}

TEST(QueueBasicTests, str) {
  Queue<std::unique_ptr<int>> queue;
  queue.put_nowait(std::make_unique<int>(1));
  EXPECT_EQ(to_string(queue), "<Queue maxsize=0 size=1 tasks=1>");
}

TEST(QueueBasicTests, empty) {
  expect_fifo_passes([]() -> Task<> {
    Queue<int> queue;
    COCHECK(queue.empty());
    co_await queue.put(1);
    COCHECK(!queue.empty());
    COCHECK(co_await queue.get() == 1);
    COCHECK(queue.empty());
  });
}

TEST(QueueBasicTests, full) {
  expect_fifo_passes([]() -> Task<> {
    const Queue<int> unbounded;
    COCHECK(!unbounded.full());

    Queue<int> bounded(1);
    co_await bounded.put(1);
    COCHECK(bounded.full());
  });
}

TEST(QueueBasicTests, order) {
  expect_fifo_passes([]() -> Task<> {
    Queue<int> queue;
    const Items items = co_await order_of(queue);
    COCHECK(items == Items{1, 3, 2});
  });
}

TEST(QueueBasicTests, maxsize) {
  expect_fifo_passes([]() -> Task<> {
    Queue<int> queue(2);
    COCHECK(queue.maxsize() == 2);
    Items put;
    const auto put_three = [&]() -> Task<bool> {
      for (int i = 0; i < 3; ++i) {
        co_await queue.put(i);
        put.push_back(i);
      }
      co_return true;
    };
    const auto putter = create_task(put_three());
    co_await tick();
    co_await tick();
    COCHECK(put == Items{0, 1});
    COCHECK(co_await queue.get() == 0);

    co_await tick();
    COCHECK(put == Items{0, 1, 2});
    COCHECK(co_await queue.get() == 1);
    COCHECK(co_await queue.get() == 2);
    COCHECK(putter.done());
    COCHECK(putter.result());
  });
}

TEST(QueueGetTests, blocking_get) {
  expect_fifo_passes([]() -> Task<> {
    Queue<int> queue;
    queue.put_nowait(1);
    COCHECK(co_await queue.get() == 1);
  });
}

TEST(QueueGetTests, get_with_putters) {
  expect_fifo_passes([]() -> Task<> {
    Queue<int> queue(1);
    co_await queue.put(1);
    const auto putter = create_task(queue.put(2));
    co_await tick();
    COCHECK(queue.putters() == 1);

    COCHECK(co_await queue.get() == 1);
    COCHECK(queue.putters() == 0);
    co_await tick();
    COCHECK(putter.done());
    COCHECK(putter.exception() == nullptr);
    COCHECK(queue.qsize() == 1);
  });
}

TEST(QueueGetTests, blocking_get_wait) {
  expect_fifo_passes([]() -> Task<> {
    Queue<int> queue;
    Event started;
    bool finished = false;
    const auto get = [&]() -> Task<int> {
      started.set();
      const int item = co_await queue.get();
      finished = true;
      co_return item;
    };
    const auto put_later = [&]() -> Task<> {
      co_await sleep(10ms);
      queue.put_nowait(1);
    };
    const TimePoint start = LoopClock::now();
    const auto getter = create_task(get());
    co_await started.wait();
    COCHECK(!finished);

    const auto putter = create_task(put_later());
    COCHECK(co_await getter == 1);
    COCHECK(finished);
    COCHECK(LoopClock::now() - start == 10ms);
    COCHECK(putter.done());
  });
}

TEST(QueueGetTests, nonblocking_get) {
  Queue<int> queue;
  queue.put_nowait(1);
  EXPECT_EQ(queue.get_nowait(), 1);
}

TEST(QueueGetTests, nonblocking_get_exception) {
  Queue<int> queue;
  EXPECT_THROW(queue.get_nowait(), QueueEmpty);
}

TEST(QueueGetTests, get_cancelled_race) {
  expect_fifo_passes([]() -> Task<> {
    Queue<std::string> queue;
    const auto first = create_task(queue.get());
    const auto second = create_task(queue.get());
    co_await tick();
    first.cancel();
    co_await tick();
    COCHECK(first.cancelled());

    co_await queue.put("a");
    co_await tick();
    COCHECK(co_await second == "a");
  });
}

TEST(QueueGetTests, get_with_waiting_putters) {
  expect_fifo_passes([]() -> Task<> {
    Queue<std::string> queue(1);
    const auto first = create_task(queue.put("a"));
    const auto second = create_task(queue.put("b"));
    COCHECK(co_await queue.get() == "a");
    COCHECK(co_await queue.get() == "b");
    COCHECK(first.done());
    COCHECK(second.done());
  });
}

TEST(QueueGetTests, why_are_getters_waiting) {
  expect_fifo_passes([]() -> Task<> {
    constexpr int kItems = 5;
    Queue<int> queue(1);
    Items got;
    const auto produce = [&]() -> Task<> {
      for (int i = 0; i < kItems; ++i) co_await queue.put(i);
    };
    const auto consume = [&]() -> Task<> {
      for (int i = 0; i < kItems; ++i) got.push_back(co_await queue.get());
    };
    co_await gather(produce(), consume());
    COCHECK(got == Items{0, 1, 2, 3, 4});
    COCHECK(queue.getters() == 0);
    COCHECK(queue.putters() == 0);
  });
}

TEST(QueueGetTests, cancelled_getters_not_being_held_in_self_getters) {
  expect_fifo_passes([]() -> Task<> {
    Queue<int> queue(5);
    COCHECK(co_await fails_with<TimeoutError>(wait_for(queue.get(), 100ms)));
    COCHECK(queue.getters() == 0);
  });
}

TEST(QueuePutTests, blocking_put) {
  expect_fifo_passes([]() -> Task<> {
    Queue<int> queue;
    co_await queue.put(1);
    COCHECK(co_await queue.get() == 1);
  });
}

TEST(QueuePutTests, blocking_put_wait) {
  expect_fifo_passes([]() -> Task<> {
    Queue<int> queue(1);
    Event started;
    bool finished = false;
    const auto get_later = [&]() -> Task<> {
      co_await sleep(10ms);
      COCHECK(queue.get_nowait() == 1);
    };
    const auto put_two = [&]() -> Task<> {
      started.set();
      co_await queue.put(1);
      co_await queue.put(2);
      finished = true;
    };
    const TimePoint start = LoopClock::now();
    const auto getter = create_task(get_later());
    const auto putter = create_task(put_two());
    co_await started.wait();
    COCHECK(!finished);
    co_await putter;
    COCHECK(finished);
    COCHECK(LoopClock::now() - start == 10ms);
    COCHECK(getter.done());
  });
}

TEST(QueuePutTests, nonblocking_put) {
  Queue<int> queue;
  queue.put_nowait(1);
  EXPECT_EQ(queue.qsize(), 1u);
  EXPECT_EQ(queue.get_nowait(), 1);
}

TEST(QueuePutTests, get_cancel_drop_one_pending_reader) {
  expect_fifo_passes([]() -> Task<> {
    Queue<int> queue;
    const auto reader = create_task(queue.get());
    co_await tick();
    queue.put_nowait(1);
    queue.put_nowait(2);
    reader.cancel();

    COCHECK(co_await fails_with<CancelledError>(reader));
    COCHECK(co_await queue.get() == 1);
    COCHECK(queue.get_nowait() == 2);
  });
}

TEST(QueuePutTests, get_cancel_drop_many_pending_readers) {
  expect_fifo_passes([]() -> Task<> {
    Queue<int> queue;
    const auto first = create_task(queue.get());
    const auto second = create_task(queue.get());
    const auto third = create_task(queue.get());
    co_await tick();
    queue.put_nowait(1);
    queue.put_nowait(2);
    first.cancel();

    COCHECK(co_await fails_with<CancelledError>(first));
    std::set<int> got;
    got.insert(co_await third);
    got.insert(co_await second);
    COCHECK(got == std::set<int>{1, 2});
  });
}

TEST(QueuePutTests, put_cancel_drop) {
  expect_fifo_passes([]() -> Task<> {
    Queue<int> queue(1);
    queue.put_nowait(1);
    const auto writer = create_task(queue.put(2));
    co_await tick();
    COCHECK(queue.get_nowait() == 1);

    writer.cancel();
    COCHECK(co_await fails_with<CancelledError>(writer));
    COCHECK(queue.empty());
    co_await queue.put(2);
    COCHECK(queue.get_nowait() == 2);
    COCHECK(queue.qsize() == 0);
  });
}

TEST(QueuePutTests, nonblocking_put_exception) {
  Queue<int> queue(1);
  queue.put_nowait(1);
  EXPECT_THROW(queue.put_nowait(2), QueueFull);
  EXPECT_EQ(queue.qsize(), 1u);
}

TEST(QueuePutTests, put_cancelled) {
  expect_fifo_passes([]() -> Task<> {
    Queue<int> queue;
    const auto put = [&]() -> Task<bool> {
      co_await queue.put(1);
      co_return true;
    };
    const auto putter = create_task(put());
    COCHECK(co_await queue.get() == 1);
    COCHECK(putter.done());
    COCHECK(putter.result());
  });
}

TEST(QueuePutTests, put_cancelled_race) {
  expect_fifo_passes([]() -> Task<> {
    Queue<std::string> queue(1);
    const auto first = create_task(queue.put("a"));
    const auto second = create_task(queue.put("b"));
    const auto third = create_task(queue.put("X"));
    co_await tick();
    COCHECK(first.done());
    COCHECK(!second.done());

    third.cancel();
    co_await tick();
    COCHECK(third.cancelled());
    COCHECK(queue.get_nowait() == "a");
    co_await tick();
    COCHECK(queue.get_nowait() == "b");
    co_await second;
  });
}

TEST(QueuePutTests, put_with_waiting_getters) {
  expect_fifo_passes([]() -> Task<> {
    Queue<std::string> queue;
    const auto getter = create_task(queue.get());
    co_await tick();
    co_await queue.put("a");
    COCHECK(co_await getter == "a");
  });
}

TEST(QueuePutTests, why_are_putters_waiting) {
  expect_fifo_passes([]() -> Task<> {
    Queue<int> queue(2);
    std::size_t taken = 0;
    const auto take_all = [&]() -> Task<> {
      co_await tick();
      for (std::size_t left = queue.qsize(); left > 0; --left) {
        (void)queue.get_nowait();
        ++taken;
      }
    };
    co_await gather(take_all(), queue.put(0), queue.put(1), queue.put(2), queue.put(3));
    COCHECK(taken == 2);
    COCHECK(queue.qsize() == 2);
    COCHECK(queue.putters() == 0);
  });
}

TEST(QueuePutTests, cancelled_puts_not_being_held_in_self_putters) {
  expect_fifo_passes([]() -> Task<> {
    Queue<int> queue(1);
    queue.put_nowait(1);
    const auto putter = create_task(queue.put(1));
    co_await tick();
    COCHECK(queue.putters() == 1);

    putter.cancel();
    COCHECK(co_await fails_with<CancelledError>(putter));
    COCHECK(queue.putters() == 0);
  });
}

TEST(QueuePutTests, cancelled_put_silence_value_error_exception) {
  expect_fifo_passes([]() -> Task<> {
    Queue<int> queue(1);
    queue.put_nowait(1);
    const auto putter = create_task(queue.put(1));
    co_await tick();

    (void)queue.get_nowait();
    COCHECK(queue.putters() == 0);
    putter.cancel();
    COCHECK(co_await fails_with<CancelledError>(putter));
    COCHECK(queue.empty());
  });
}

TEST(LifoQueueTests, order) {
  expect_fifo_passes([]() -> Task<> {
    LifoQueue<int> queue;
    const Items items = co_await order_of(queue);
    COCHECK(items == Items{2, 3, 1});
  });
}

TEST(PriorityQueueTests, order) {
  expect_fifo_passes([]() -> Task<> {
    PriorityQueue<int> queue;
    const Items items = co_await order_of(queue);
    COCHECK(items == Items{1, 2, 3});
  });
}

/// Runs `scenario(std::type_identity<...>)` for each of the three queues of T.
template <class T, class Scenario>
void for_each_queue(const Scenario& scenario) {
  const auto run = [&]<class AnyQueue>(const char* name, std::type_identity<AnyQueue> type) {
    SCOPED_TRACE(name);
    scenario(type);
  };
  run("Queue", std::type_identity<Queue<T>>());
  run("LifoQueue", std::type_identity<LifoQueue<T>>());
  run("PriorityQueue", std::type_identity<PriorityQueue<T>>());
}

TEST(QueueJoinTests, task_done_underflow) {
  for_each_queue<int>([]<class AnyQueue>(std::type_identity<AnyQueue>) {
    AnyQueue queue;
    EXPECT_THROW(queue.task_done(), ValueError);
  });
}

template <class AnyQueue>
Task<> join_after_two_workers() {
  constexpr int kItems = 100;
  AnyQueue queue;
  for (int i = 0; i < kItems; ++i) queue.put_nowait(i);

  int sum = 0;
  bool running = true;
  const auto work = [&]() -> Task<> {
    while (running) {
      sum += co_await queue.get();
      queue.task_done();
    }
  };
  const auto first = create_task(work());
  const auto second = create_task(work());
  co_await queue.join();
  COCHECK(sum == kItems * (kItems - 1) / 2);
  COCHECK(queue.unfinished() == 0);

  running = false;
  queue.put_nowait(0);
  queue.put_nowait(0);
  co_await gather(first, second);
}

TEST(QueueJoinTests, task_done) {
  for_each_queue<int>([]<class AnyQueue>(std::type_identity<AnyQueue>) {
    expect_fifo_passes(join_after_two_workers<AnyQueue>);
  });
}

template <class AnyQueue>
Task<> join_empty_queue_twice() {
  AnyQueue queue;
  bool yielded = false;
  const auto other = [&]() -> Task<> {
    yielded = true;
    co_return;
  };
  const auto bystander = create_task(other());
  co_await queue.join();
  co_await queue.join();
  COCHECK(!yielded);
  co_await bystander;
}

TEST(QueueJoinTests, join_empty_queue) {
  for_each_queue<int>([]<class AnyQueue>(std::type_identity<AnyQueue>) {
    expect_fifo_passes(join_empty_queue_twice<AnyQueue>);
  });
}

TEST(QueueJoinTests, format) {
  for_each_queue<int>([]<class AnyQueue>(std::type_identity<AnyQueue>) {
    AnyQueue queue;
    EXPECT_EQ(to_string(queue), "<Queue maxsize=0>");
    for (const int item : {1, 2}) queue.put_nowait(item);
    for (int i = 0; i < 2; ++i) (void)queue.get_nowait();
    EXPECT_EQ(to_string(queue), "<Queue maxsize=0 tasks=2>");
  });
}

template <class AnyQueue>
Task<> check_nothing_goes(AnyQueue& queue) {
  COCHECK(co_await fails_with<QueueShutDown>(queue.put("data")));
  COCHECK(throws<QueueShutDown>([&] { queue.put_nowait("data"); }));
  COCHECK(co_await fails_with<QueueShutDown>(queue.get()));
  COCHECK(throws<QueueShutDown>([&] { queue.get_nowait(); }));
}

TEST(QueueShutdownTests, format) {
  for_each_queue<int>([]<class AnyQueue>(std::type_identity<AnyQueue>) {
    AnyQueue queue;
    queue.shutdown();
    EXPECT_EQ(to_string(queue), "<Queue maxsize=0 shutdown>");
  });
}

template <class AnyQueue>
Task<> shutdown_empty() {
  AnyQueue queue;
  const auto getter = create_task(queue.get());
  co_await tick();

  queue.shutdown();
  COCHECK(queue.qsize() == 0);
  co_await queue.join();
  co_await tick();
  COCHECK(getter.done());
  COCHECK(co_await fails_with<QueueShutDown>(getter));
  co_await check_nothing_goes(queue);
}

TEST(QueueShutdownTests, shutdown_empty) {
  for_each_queue<std::string>([]<class AnyQueue>(std::type_identity<AnyQueue>) {
    expect_fifo_passes(shutdown_empty<AnyQueue>);
  });
}

template <class AnyQueue>
Task<> shutdown_nonempty() {
  AnyQueue queue(1);
  queue.put_nowait("data");
  const auto joiner = create_task(queue.join());
  const auto putter = create_task(queue.put("data2"));
  co_await tick();
  COCHECK(!putter.done());

  queue.shutdown();
  COCHECK(queue.qsize() == 1);
  co_await tick();
  COCHECK(putter.done());
  COCHECK(co_await fails_with<QueueShutDown>(putter));
  COCHECK(co_await queue.get() == "data");
  co_await tick();
  COCHECK(!joiner.done());
  co_await check_nothing_goes(queue);

  queue.task_done();
  co_await tick();
  COCHECK(joiner.done());
  co_await joiner;
  COCHECK(throws<ValueError>([&] { queue.task_done(); }));
}

TEST(QueueShutdownTests, shutdown_nonempty) {
  for_each_queue<std::string>([]<class AnyQueue>(std::type_identity<AnyQueue>) {
    expect_fifo_passes(shutdown_nonempty<AnyQueue>);
  });
}

template <class AnyQueue>
Task<> shutdown_immediate() {
  AnyQueue queue;
  queue.put_nowait("data");
  const auto parked_joiner = create_task(queue.join());
  co_await tick();
  const auto late_joiner = create_task(queue.join());

  queue.shutdown(true);
  COCHECK(queue.qsize() == 0);
  co_await tick();
  for (const auto& joiner : {parked_joiner, late_joiner}) {
    COCHECK(joiner.done());
    COCHECK(joiner.exception() == nullptr);
  }
  co_await check_nothing_goes(queue);
  COCHECK(throws<ValueError>([&] { queue.task_done(); }));
}

TEST(QueueShutdownTests, shutdown_immediate) {
  for_each_queue<std::string>([]<class AnyQueue>(std::type_identity<AnyQueue>) {
    expect_fifo_passes(shutdown_immediate<AnyQueue>);
  });
}

template <class AnyQueue>
Task<> shutdown_immediate_with_unfinished() {
  AnyQueue queue;
  queue.put_nowait("data");
  queue.put_nowait("data");
  const auto joiner = create_task(queue.join());
  COCHECK(co_await queue.get() == "data");

  queue.shutdown(true);
  COCHECK(queue.qsize() == 0);
  co_await tick();
  COCHECK(!joiner.done());
  co_await check_nothing_goes(queue);

  queue.task_done();
  COCHECK(throws<ValueError>([&] { queue.task_done(); }));
  co_await tick();
  COCHECK(joiner.done());
  co_await joiner;
}

TEST(QueueShutdownTests, shutdown_immediate_with_unfinished) {
  for_each_queue<std::string>([]<class AnyQueue>(std::type_identity<AnyQueue>) {
    expect_fifo_passes(shutdown_immediate_with_unfinished<AnyQueue>);
  });
}

}  // namespace
}  // namespace cocheck::conformance
