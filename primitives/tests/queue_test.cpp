#include "cocheck/queue.hpp"

#include <memory>

#include "cocheck/check.hpp"
#include "cocheck/gather.hpp"
#include "cocheck/sleep.hpp"
#include "cocheck/task.hpp"
#include "cocheck/task_handle.hpp"
#include "run.hpp"

namespace cocheck {
namespace {

using namespace test;

Task<> put(Queue<int>& queue, int item) {
  co_await queue.put(item);
}

Task<> get(Queue<int>& queue, std::vector<int>& got) {
  const int item = co_await queue.get();
  got.push_back(item);
}

TEST(Queue, GivesItemsInTheOrderInWhichTheyWerePut) {
  Queue<int> queue;
  for (const int item : {1, 3, 2}) queue.put_nowait(item);
  EXPECT_EQ(queue.qsize(), 3u);
  EXPECT_EQ(queue.get_nowait(), 1);
  EXPECT_EQ(queue.get_nowait(), 3);
  EXPECT_EQ(queue.get_nowait(), 2);
  EXPECT_TRUE(queue.empty());
}

TEST(Queue, KnowsWhetherItIsFullOrEmpty) {
  Queue<int> queue(2);
  EXPECT_EQ(queue.maxsize(), 2);
  EXPECT_TRUE(queue.empty());
  EXPECT_FALSE(queue.full());
  queue.put_nowait(1);
  EXPECT_FALSE(queue.empty());
  EXPECT_FALSE(queue.full());
  queue.put_nowait(2);
  EXPECT_TRUE(queue.full());
}

TEST(Queue, WithoutALimitIsNeverFull) {
  for (const int limit : {0, -1}) {
    Queue<int> queue(limit);
    for (int i = 0; i < 100; ++i) queue.put_nowait(i);
    EXPECT_FALSE(queue.full()) << limit;
    EXPECT_EQ(queue.qsize(), 100u) << limit;
  }
}

TEST(Queue, NowaitThrowsWhereItWouldWait) {
  Queue<int> queue(1);
  EXPECT_THROW(queue.get_nowait(), QueueEmpty);
  queue.put_nowait(1);
  EXPECT_THROW(queue.put_nowait(2), QueueFull);
  EXPECT_EQ(queue.get_nowait(), 1);
}

TEST(Queue, PutAndGetDoNotSuspendWhereTheyNeedNot) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    Queue<int> queue(1);
    auto other = [&]() -> Task<> {
      log.push_back("other");
      co_return;
    };
    const TaskHandle<> handle = create_task(other());
    co_await queue.put(7);
    const int item = co_await queue.get();
    EXPECT_EQ(item, 7);
    log.push_back("got");
    co_await handle;
  })));
  EXPECT_EQ(log, (Log{"got", "other"}));
}

TEST(Queue, JoinWaitsThoughTheItemWasGot) {
  const Verdict verdict = run([]() -> Task<> {
    Queue<int> queue;
    co_await queue.put(7);
    co_await queue.get();
    co_await queue.join();
  });
  EXPECT_TRUE(failed_with(FailureKind::deadlock, verdict));
}

TEST(Queue, PutWaitsForRoom) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Queue<int> queue(2);
    auto putter = [&]() -> Task<> {
      for (const int item : {1, 2, 3}) co_await queue.put(item);
    };
    const TaskHandle<> putting = create_task(putter());
    co_await sleep(0s);
    EXPECT_EQ(queue.qsize(), 2u);
    EXPECT_FALSE(putting.done());
    EXPECT_EQ(queue.get_nowait(), 1);
    co_await putting;
    EXPECT_EQ(queue.qsize(), 2u);
    EXPECT_EQ(queue.get_nowait(), 2);
    EXPECT_EQ(queue.get_nowait(), 3);
  })));
}

TEST(Queue, GetWaitsForAnItem) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Queue<int> queue;
    auto putter = [&]() -> Task<> {
      co_await sleep(10ms);
      queue.put_nowait(1);
    };
    const TaskHandle<> putting = create_task(putter());
    const int item = co_await queue.get();
    EXPECT_EQ(item, 1);
    EXPECT_EQ(LoopClock::now().time_since_epoch(), 10ms);
    co_await putting;
  })));
}

TEST(Queue, ItemIsNotHandedOver) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Queue<int> queue;
    std::vector<int> got;
    const TaskHandle<> getter = create_task(get(queue, got));
    co_await sleep(0s);
    queue.put_nowait(1);
    EXPECT_EQ(queue.qsize(), 1u);
    EXPECT_EQ(queue.get_nowait(), 1) << "who comes in between may take it";
    co_await sleep(0s);
    EXPECT_FALSE(getter.done()) << "it waits again";
    queue.put_nowait(2);
    co_await getter;
    EXPECT_EQ(got, (std::vector<int>{2}));
  })));
}

TEST(Queue, RobbedGetterWaitsAgainAtTheEnd) {
  std::vector<int> order;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    Queue<int> queue;
    auto getter = [&](int name) -> Task<> {
      co_await queue.get();
      order.push_back(name);
    };
    const TaskHandle<> first = create_task(getter(1));
    const TaskHandle<> second = create_task(getter(2));
    co_await sleep(0s);
    queue.put_nowait(10);
    EXPECT_EQ(queue.get_nowait(), 10);
    co_await sleep(0s);
    queue.put_nowait(20);
    queue.put_nowait(30);
    co_await gather(first, second);
  })));
  EXPECT_EQ(order, (std::vector<int>{2, 1}));
}

TEST(Queue, EachPutWakesAnotherGetter) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Queue<int> queue;
    std::vector<int> got;
    auto all = gather(get(queue, got), get(queue, got));
    co_await sleep(0s);
    queue.put_nowait(1);
    queue.put_nowait(2);
    co_await all;
    EXPECT_EQ(got, (std::vector<int>{1, 2}));
  })));
}

TEST(Queue, WaitingPuttersAreServedInOrder) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Queue<int> queue(1);
    queue.put_nowait(0);
    auto all = gather(put(queue, 1), put(queue, 2));
    co_await sleep(0s);
    std::vector<int> got;
    for (int i = 0; i < 3; ++i) got.push_back(co_await queue.get());
    co_await all;
    EXPECT_EQ(got, (std::vector<int>{0, 1, 2}));
  })));
}

TEST(Queue, EachGetWakesAnotherPutter) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Queue<int> queue(2);
    queue.put_nowait(1);
    queue.put_nowait(2);
    auto all = gather(put(queue, 3), put(queue, 4), put(queue, 5), put(queue, 6));
    co_await sleep(0s);
    EXPECT_EQ(queue.get_nowait(), 1);
    EXPECT_EQ(queue.get_nowait(), 2);
    co_await sleep(0s);
    EXPECT_EQ(queue.qsize(), 2u);
    EXPECT_EQ(queue.get_nowait(), 3);
    EXPECT_EQ(queue.get_nowait(), 4);
    co_await all;
    EXPECT_EQ(queue.get_nowait(), 5);
    EXPECT_EQ(queue.get_nowait(), 6);
  })));
}

TEST(Queue, ProducerAndConsumerOnOneSlot) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Queue<int> queue(1);
    std::vector<int> got;
    auto producer = [&]() -> Task<> {
      for (int i = 0; i < 5; ++i) {
        co_await queue.put(i);
        co_await sleep(10ms);
      }
    };
    auto consumer = [&]() -> Task<> {
      for (int i = 0; i < 5; ++i) got.push_back(co_await queue.get());
    };
    co_await gather(producer(), consumer());
    EXPECT_EQ(got, (std::vector<int>{0, 1, 2, 3, 4}));
  })));
}

TEST(Queue, CancelledGetterDoesNotEatTheItem) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Queue<int> queue;
    std::vector<int> got;
    const TaskHandle<> first = create_task(get(queue, got));
    const TaskHandle<> second = create_task(get(queue, got));
    co_await sleep(0s);
    first.cancel();
    queue.put_nowait(1);
    EXPECT_EQ(co_await outcome(first), "cancelled");
    co_await second;
    EXPECT_EQ(got, (std::vector<int>{1}));
  })));
}

TEST(Queue, WokenThenCancelledGetterPassesTheWakeUpOn) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Queue<int> queue;
    std::vector<int> got;
    const TaskHandle<> first = create_task(get(queue, got));
    const TaskHandle<> second = create_task(get(queue, got));
    co_await sleep(0s);
    queue.put_nowait(1);
    first.cancel();
    EXPECT_EQ(co_await outcome(first), "cancelled");
    co_await second;
    EXPECT_EQ(got, (std::vector<int>{1}));
  })));
}

TEST(Queue, WokenThenCancelledGetterOfARobbedQueueWakesNobody) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Queue<int> queue;
    std::vector<int> got;
    const TaskHandle<> first = create_task(get(queue, got));
    const TaskHandle<> second = create_task(get(queue, got));
    co_await sleep(0s);
    queue.put_nowait(1);
    EXPECT_EQ(queue.get_nowait(), 1);
    first.cancel();
    EXPECT_EQ(co_await outcome(first), "cancelled");
    co_await sleep(0s);
    EXPECT_FALSE(second.done());
    queue.put_nowait(2);
    co_await second;
    EXPECT_EQ(got, (std::vector<int>{2}));
  })));
}

TEST(Queue, CancelledGetterIsNotWokenForOthers) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Queue<int> queue;
    std::vector<int> got;
    const TaskHandle<> first = create_task(get(queue, got));
    const TaskHandle<> second = create_task(get(queue, got));
    const TaskHandle<> third = create_task(get(queue, got));
    co_await sleep(0s);
    queue.put_nowait(1);
    queue.put_nowait(2);
    first.cancel();
    co_await gather(return_exceptions, first, second, third);
    EXPECT_EQ(got, (std::vector<int>{1, 2}));
  })));
}

/// Getters that note who they are; one that is woken for nothing loses its place in the line.
struct Line {
  Task<> get(int name) {
    co_await queue.get();
    served.push_back(name);
  }
  Task<> put(int name) {
    co_await queue.put(name);
    served.push_back(name);
  }
  explicit Line(int slots) : queue(slots) {}
  Queue<int> queue;
  std::vector<int> served;
};

TEST(Queue, WokenThenCancelledGetterOfARobbedQueueCostsNobodyHisPlace) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Line line(0);
    const TaskHandle<> first = create_task(line.get(1));
    const TaskHandle<> second = create_task(line.get(2));
    const TaskHandle<> third = create_task(line.get(3));
    co_await sleep(0s);
    line.queue.put_nowait(10);
    EXPECT_EQ(line.queue.get_nowait(), 10);
    first.cancel();
    for (int i = 0; i < 3; ++i) co_await sleep(0s);
    line.queue.put_nowait(20);
    co_await second;
    line.queue.put_nowait(30);
    co_await gather(return_exceptions, first, third);
    EXPECT_EQ(line.served, (std::vector<int>{2, 3}));
  })));
}

TEST(Queue, GetterThatWasCancelledAndNotWokenCostsNobodyHisPlace) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Line line(0);
    const TaskHandle<> first = create_task(line.get(1));
    const TaskHandle<> second = create_task(line.get(2));
    const TaskHandle<> third = create_task(line.get(3));
    const TaskHandle<> fourth = create_task(line.get(4));
    co_await sleep(0s);
    first.cancel();
    line.queue.put_nowait(10);
    for (int i = 0; i < 3; ++i) co_await sleep(0s);
    EXPECT_EQ(line.served, (std::vector<int>{2}));
    line.queue.put_nowait(20);
    co_await third;
    line.queue.put_nowait(30);
    co_await gather(return_exceptions, first, second, fourth);
    EXPECT_EQ(line.served, (std::vector<int>{2, 3, 4}));
  })));
}

TEST(Queue, WokenThenCancelledPutterOfAFilledQueueCostsNobodyHisPlace) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Line line(1);
    line.queue.put_nowait(0);
    const TaskHandle<> first = create_task(line.put(1));
    const TaskHandle<> second = create_task(line.put(2));
    const TaskHandle<> third = create_task(line.put(3));
    co_await sleep(0s);
    EXPECT_EQ(line.queue.get_nowait(), 0);
    line.queue.put_nowait(10);
    first.cancel();
    for (int i = 0; i < 3; ++i) co_await sleep(0s);
    EXPECT_EQ(line.queue.get_nowait(), 10);
    co_await second;
    EXPECT_EQ(line.queue.get_nowait(), 2);
    co_await gather(return_exceptions, first, third);
    EXPECT_EQ(line.served, (std::vector<int>{2, 3}));
  })));
}

TEST(Queue, CancelledPutterInsertsNothingAndBlocksNobody) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Queue<int> queue(1);
    queue.put_nowait(1);
    const TaskHandle<> first = create_task(put(queue, 2));
    const TaskHandle<> second = create_task(put(queue, 3));
    co_await sleep(0s);
    first.cancel();
    EXPECT_EQ(queue.get_nowait(), 1);
    EXPECT_EQ(co_await outcome(first), "cancelled");
    co_await second;
    EXPECT_EQ(queue.get_nowait(), 3);
    EXPECT_TRUE(queue.empty());
  })));
}

TEST(Queue, WokenThenCancelledPutterPassesTheWakeUpOn) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Queue<int> queue(1);
    queue.put_nowait(1);
    const TaskHandle<> first = create_task(put(queue, 2));
    const TaskHandle<> second = create_task(put(queue, 3));
    co_await sleep(0s);
    EXPECT_EQ(queue.get_nowait(), 1);
    first.cancel();
    EXPECT_EQ(co_await outcome(first), "cancelled");
    co_await second;
    EXPECT_EQ(queue.get_nowait(), 3);
  })));
}

TEST(Queue, WokenThenCancelledPutterOfAFilledQueueWakesNobody) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Queue<int> queue(1);
    queue.put_nowait(1);
    const TaskHandle<> first = create_task(put(queue, 2));
    const TaskHandle<> second = create_task(put(queue, 3));
    co_await sleep(0s);
    EXPECT_EQ(queue.get_nowait(), 1);
    queue.put_nowait(4);
    first.cancel();
    EXPECT_EQ(co_await outcome(first), "cancelled");
    co_await sleep(0s);
    EXPECT_FALSE(second.done());
    EXPECT_EQ(queue.get_nowait(), 4);
    co_await second;
    EXPECT_EQ(queue.get_nowait(), 3);
  })));
}

TEST(Queue, CancelledPutCanBeRetriedAndInsertsOnce) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Queue<int> queue(1);
    queue.put_nowait(1);
    auto stubborn = [&]() -> Task<> {
      bool cancelled = false;
      try {
        co_await queue.put(2);
      } catch (const CancelledError&) {
        cancelled = true;
      }
      if (cancelled) co_await queue.put(2);
    };
    const TaskHandle<> putter = create_task(stubborn());
    co_await sleep(0s);
    EXPECT_EQ(queue.get_nowait(), 1);
    putter.cancel();
    co_await putter;
    EXPECT_EQ(queue.get_nowait(), 2);
    EXPECT_TRUE(queue.empty());
  })));
}

TEST(Queue, TakesMoveOnlyItems) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Queue<std::unique_ptr<int>> queue(1);
    auto producer = [&]() -> Task<> {
      co_await queue.put(std::make_unique<int>(1));
      co_await queue.put(std::make_unique<int>(2));
    };
    const TaskHandle<> producing = create_task(producer());
    const std::unique_ptr<int> first = co_await queue.get();
    const std::unique_ptr<int> second = co_await queue.get();
    EXPECT_EQ(*first, 1);
    EXPECT_EQ(*second, 2);
    co_await producing;
  })));
}

TEST(QueueJoin, ReturnsAtOnceWhenNothingWasPut) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    Queue<int> queue;
    auto other = [&]() -> Task<> {
      log.push_back("other");
      co_return;
    };
    const TaskHandle<> handle = create_task(other());
    co_await queue.join();
    co_await queue.join();
    log.push_back("joined");
    co_await handle;
  })));
  EXPECT_EQ(log, (Log{"joined", "other"}));
}

TEST(QueueJoin, TaskDoneTooOftenThrows) {
  Queue<int> queue;
  EXPECT_THROW(queue.task_done(), ValueError);
  queue.put_nowait(1);
  queue.task_done();
  EXPECT_THROW(queue.task_done(), ValueError);
}

TEST(QueueJoin, WaitsForAllItems) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Queue<int> queue;
    for (int i = 0; i < 100; ++i) queue.put_nowait(i);
    int sum = 0;
    auto worker = [&]() -> Task<> {
      while (true) {
        const int item = co_await queue.get();
        sum += item;
        co_await sleep(item % 3 == 0 ? 1ms : 2ms);
        queue.task_done();
      }
    };
    const TaskHandle<> first = create_task(worker());
    const TaskHandle<> second = create_task(worker());
    co_await queue.join();
    EXPECT_EQ(sum, 99 * 100 / 2);
    first.cancel();
    second.cancel();
    co_await gather(return_exceptions, first, second);
  })));
}

TEST(QueueJoin, IsNotHeldBackByWhatIsPutAfterTheLastItemWasDone) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Queue<int> queue;
    queue.put_nowait(1);
    auto join = [&]() -> Task<> { co_await queue.join(); };
    const TaskHandle<> joining = create_task(join());
    co_await sleep(0s);
    queue.task_done();
    queue.put_nowait(2);
    co_await joining;
  })));
}

TEST(QueueShutdown, WakesGettersAndFailsWhatComesLater) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    Queue<int> queue;
    std::vector<int> got;
    const TaskHandle<> first = create_task(get(queue, got));
    const TaskHandle<> second = create_task(get(queue, got));
    co_await sleep(0s);
    queue.shutdown();
    log.push_back(co_await outcome(first));
    log.push_back(co_await outcome(second));
    log.push_back(co_await outcome(put(queue, 1)));
    log.push_back(co_await outcome(get(queue, got)));
    EXPECT_THROW(queue.put_nowait(1), QueueShutDown);
    EXPECT_THROW(queue.get_nowait(), QueueShutDown);
    co_await queue.join();
    queue.shutdown();
  })));
  EXPECT_EQ(log, (Log(4, "error: the queue is shut down")));
}

TEST(QueueShutdown, LetsTheItemsOut) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    Queue<int> queue(1);
    queue.put_nowait(1);
    const TaskHandle<> putter = create_task(put(queue, 2));
    auto join = [&]() -> Task<> { co_await queue.join(); };
    const TaskHandle<> joining = create_task(join());
    co_await sleep(0s);
    queue.shutdown();
    log.push_back(co_await outcome(putter));
    EXPECT_EQ(queue.qsize(), 1u);
    const int item = co_await queue.get();
    EXPECT_EQ(item, 1);
    EXPECT_FALSE(joining.done()) << "join needs task_done";
    queue.task_done();
    co_await joining;
    std::vector<int> got;
    log.push_back(co_await outcome(get(queue, got)));
  })));
  EXPECT_EQ(log, (Log(2, "error: the queue is shut down")));
}

TEST(QueueShutdown, FailsAPutterThatWasWokenBefore) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Queue<int> queue(1);
    queue.put_nowait(1);
    const TaskHandle<> putter = create_task(put(queue, 2));
    co_await sleep(0s);
    EXPECT_EQ(queue.get_nowait(), 1);
    queue.shutdown();
    EXPECT_EQ(co_await outcome(putter), "error: the queue is shut down");
    EXPECT_TRUE(queue.empty());
  })));
}

TEST(QueueShutdown, ImmediateDropsTheItemsAndReleasesJoin) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Queue<int> queue(2);
    queue.put_nowait(1);
    queue.put_nowait(2);
    auto join = [&]() -> Task<> { co_await queue.join(); };
    const TaskHandle<> joining = create_task(join());
    const TaskHandle<> putter = create_task(put(queue, 3));
    co_await sleep(0s);
    queue.shutdown(true);
    EXPECT_TRUE(queue.empty());
    co_await joining;
    EXPECT_EQ(co_await outcome(putter), "error: the queue is shut down");
    EXPECT_THROW(queue.get_nowait(), QueueShutDown);
    EXPECT_THROW(queue.task_done(), ValueError);
  })));
}

TEST(QueueShutdown, ImmediateWaitsForItemsThatWereGot) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Queue<int> queue;
    queue.put_nowait(1);
    queue.put_nowait(2);
    EXPECT_EQ(queue.get_nowait(), 1);
    auto join = [&]() -> Task<> { co_await queue.join(); };
    const TaskHandle<> joining = create_task(join());
    co_await sleep(0s);
    queue.shutdown(true);
    co_await sleep(0s);
    co_await sleep(0s);
    EXPECT_FALSE(joining.done());
    queue.task_done();
    co_await joining;
  })));
}

TEST(QueueShutdown, ImmediateAfterAGentleOneDropsTheRest) {
  Queue<int> queue;
  queue.put_nowait(1);
  queue.shutdown();
  EXPECT_EQ(queue.qsize(), 1u);
  queue.shutdown(true);
  EXPECT_EQ(queue.qsize(), 0u);
}

/// One producer of two items, two consumers of one each, one slot; who is cancelled loses nothing.
Task<> pass_items() {
  Queue<int> queue(1);
  int put_items = 0;
  std::vector<int> got;
  auto producer = [&](int item) -> Task<> {
    co_await queue.put(item);
    ++put_items;
  };
  const TaskHandle<> first = create_task(producer(1));
  const TaskHandle<> second = create_task(producer(2));
  const TaskHandle<> third = create_task(get(queue, got));
  co_await gather(return_exceptions, first, second, third);
  while (!queue.empty()) got.push_back(queue.get_nowait());
  COCHECK(got.size() == static_cast<std::size_t>(put_items));
  COCHECK(got.size() < 2 || got[0] != got[1]);
}

TEST(Queue, PassesEveryItemOnceInEveryOrder) {
  EXPECT_TRUE(proved(run_every_order(pass_items)));
}

/// Two getters, one item; the item or the wake-up for it must not get lost.
Task<> compete_for_items(int items) {
  Queue<int> queue;
  std::vector<int> got;
  auto producer = [&]() -> Task<> {
    for (int i = 0; i < items; ++i) {
      queue.put_nowait(i);
      if (i + 1 < items) co_await sleep(0s);
    }
  };
  const TaskHandle<> first = create_task(get(queue, got));
  const TaskHandle<> second = create_task(get(queue, got));
  const TaskHandle<> producing = create_task(producer());
  co_await gather(return_exceptions, producing);
  // Whoever was not served and not cancelled by now is served by these.
  queue.put_nowait(100);
  queue.put_nowait(101);
  co_await gather(return_exceptions, first, second);
  COCHECK(got.size() == std::size_t{!first.cancelled()} + std::size_t{!second.cancelled()});
}

TEST(Queue, LosesNoItemToACancelledGetter) {
  EXPECT_TRUE(proved(run_every_order([] { return compete_for_items(1); }, 1)));
  EXPECT_TRUE(proved(run_every_order([] { return compete_for_items(2); }, 1)));
  EXPECT_TRUE(proved(run_every_order([] { return compete_for_items(1); }, 2)));
}

/// Three getters and two items in one step: if one getter is cancelled, the two others are served.
TEST(Queue, ServesAllWhoAreLeftAfterACancellation) {
  EXPECT_TRUE(proved(run_every_order([]() -> Task<> {
    Queue<int> queue;
    std::vector<int> got;
    const TaskHandle<> first = create_task(get(queue, got));
    const TaskHandle<> second = create_task(get(queue, got));
    const TaskHandle<> third = create_task(get(queue, got));
    auto disturb = [&]() -> Task<> {
      first.cancel();
      co_return;
    };
    const TaskHandle<> disturbing = create_task(disturb());
    queue.put_nowait(1);
    queue.put_nowait(2);
    co_await disturbing;
    if (!first.cancelled() && !first.done()) queue.put_nowait(3);
    queue.put_nowait(4);
    co_await gather(return_exceptions, first, second, third);
    COCHECK(second.done() && third.done());
  })));
}

/// Two putters wait for one slot that a getter frees.
TEST(Queue, LosesNoSlotToACancelledPutter) {
  EXPECT_TRUE(proved(run_every_order(
      []() -> Task<> {
        Queue<int> queue(1);
        queue.put_nowait(0);
        const TaskHandle<> first = create_task(put(queue, 1));
        const TaskHandle<> second = create_task(put(queue, 2));
        std::vector<int> got{queue.get_nowait()};
        co_await sleep(1ms);
        // Time moves when nothing is ready: one slot was free, so at most one is left waiting.
        COCHECK(first.done() || second.done());
        while (!queue.empty()) {
          got.push_back(queue.get_nowait());
          co_await sleep(1ms);
        }
        co_await gather(return_exceptions, first, second);
        COCHECK(got.size() ==
                1 + std::size_t{!first.cancelled()} + std::size_t{!second.cancelled()});
      },
      1)));
}

}  // namespace
}  // namespace cocheck
