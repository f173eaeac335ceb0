// Queue: order, and that every item arrives once, whoever is cancelled.

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "cocheck/rapidcheck.hpp"

namespace {

using namespace std::chrono_literals;
using cocheck::Between;
using cocheck::explore;
using cocheck::Queue;
using cocheck::Strategy;
using cocheck::Task;
using cocheck::Verdict;

using Items = std::vector<int>;

Task<> produce(Queue<int>& queue, const Items& items, Items& put) {
  for (const int item : items) {
    co_await queue.put(item);
    put.push_back(item);
  }
}

Task<> consume(Queue<int>& queue, std::size_t number, Items& received) {
  for (std::size_t i = 0; i < number; ++i) received.push_back(co_await queue.get());
}

/// Until the queue is shut down and empty.
Task<> consume_all(Queue<int>& queue, Items& received) {
  for (;;) {
    try {
      received.push_back(co_await queue.get());
    } catch (const cocheck::QueueShutDown&) {
      co_return;
    }
  }
}

Items sorted(Items items) {
  std::sort(items.begin(), items.end());
  return items;
}

/// One producer, one consumer.
Task<> pass_through(std::int64_t capacity, const Items& items) {
  Queue<int> queue(capacity);
  Items put;
  Items received;
  co_await cocheck::gather(produce(queue, items, put), consume(queue, items.size(), received));
  EXPECT_EQ(received, items);
  EXPECT_TRUE(queue.empty());
}

/// Several of both; the items of a producer are numbered from a thousand times its own number.
Task<> distribute(int producers, int consumers, std::int64_t capacity, int items_each) {
  Queue<int> queue(capacity);
  Items put;
  Items received;
  std::vector<Items> items(static_cast<std::size_t>(producers));
  std::vector<cocheck::TaskHandle<>> producing;
  std::vector<cocheck::TaskHandle<>> consuming;
  for (int i = 0; i < consumers; ++i) {
    consuming.push_back(cocheck::create_task(consume_all(queue, received)));
  }
  for (int i = 0; i < producers; ++i) {
    Items& own = items[static_cast<std::size_t>(i)];
    for (int j = 0; j < items_each; ++j) own.push_back(1'000 * i + j);
    producing.push_back(cocheck::create_task(produce(queue, own, put)));
  }
  co_await cocheck::gather(cocheck::return_exceptions, std::move(producing));
  queue.shutdown();
  co_await cocheck::gather(cocheck::return_exceptions, std::move(consuming));
  EXPECT_EQ(sorted(received), sorted(put));
  EXPECT_TRUE(queue.empty());
}

COCHECK_PROP(Queue, KeepsTheOrder, (Between<0, 4> capacity, const std::vector<int>& items)) {
  co_await pass_through(capacity, items);
}

COCHECK_PROP(Queue, LosesAndDoublesNothing,
             (Between<1, 3> producers, Between<1, 3> consumers, Between<0, 3> capacity,
              Between<0, 4> items_each)) {
  co_await distribute(producers, consumers, capacity, items_each);
}

// With two consumers one is left to make room, and with two producers the other goes on.
COCHECK_PROP(Queue, LosesNothingToACancellation,
             (Between<1, 3> producers, Between<2, 3> consumers, Between<0, 3> capacity,
              Between<0, 4> items_each),
             .cancellations = 1) {
  co_await distribute(producers, consumers, capacity, items_each);
}

TEST(Queue, SmallOnesAreProved) {
  const cocheck::ExpectBridge bridge;
  const Items items{1, 2, 3, 4};
  for (const std::int64_t capacity : {0, 1, 2, 3}) {
    const Verdict verdict =
        explore([&] { return pass_through(capacity, items); }, {.strategy = Strategy::exhaustive});
    EXPECT_EQ(verdict.kind, Verdict::Kind::proved) << verdict.report();
  }
}

TEST(Queue, SmallOnesAreProvedWithACancellation) {
  const cocheck::ExpectBridge bridge;
  const Verdict verdict =
      explore([] { return distribute(1, 2, 1, 2); },
              {.strategy = Strategy::exhaustive, .max_executions = 200'000, .cancellations = 1});
  EXPECT_EQ(verdict.kind, Verdict::Kind::proved_within) << verdict.report();
}

}  // namespace
