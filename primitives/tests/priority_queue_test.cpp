#include "cocheck/priority_queue.hpp"

#include <functional>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cocheck/check.hpp"
#include "cocheck/gather.hpp"
#include "cocheck/sleep.hpp"
#include "cocheck/task.hpp"
#include "cocheck/task_handle.hpp"
#include "run.hpp"

namespace cocheck {
namespace {

using namespace test;

TEST(PriorityQueue, GivesTheSmallestItem) {
  PriorityQueue<int> queue;
  for (const int item : {1, 3, 2}) queue.put_nowait(item);
  EXPECT_EQ(queue.get_nowait(), 1);
  queue.put_nowait(0);
  EXPECT_EQ(queue.get_nowait(), 0);
  EXPECT_EQ(queue.get_nowait(), 2);
  EXPECT_EQ(queue.get_nowait(), 3);
  EXPECT_THROW(queue.get_nowait(), QueueEmpty);
}

TEST(PriorityQueue, AgreesWithASortedSet) {
  std::mt19937 random(7);
  PriorityQueue<unsigned> queue;
  std::multiset<unsigned> expected;
  for (int i = 0; i < 10'000; ++i) {
    if (expected.empty() || random() % 3 != 0) {
      const unsigned item = static_cast<unsigned>(random() % 100);
      queue.put_nowait(item);
      expected.insert(item);
    } else {
      ASSERT_EQ(queue.get_nowait(), *expected.begin());
      expected.erase(expected.begin());
    }
    ASSERT_EQ(queue.qsize(), expected.size());
  }
}

TEST(PriorityQueue, ComparesPairsByPriorityFirst) {
  PriorityQueue<std::pair<int, std::string>> queue;
  queue.put_nowait({2, "later"});
  queue.put_nowait({1, "urgent"});
  EXPECT_EQ(queue.get_nowait().second, "urgent");
  EXPECT_EQ(queue.get_nowait().second, "later");
}

TEST(PriorityQueue, TakesAnotherOrder) {
  PriorityQueue<int, std::greater<>> queue;
  for (const int item : {1, 3, 2}) queue.put_nowait(item);
  EXPECT_EQ(queue.get_nowait(), 3);
  EXPECT_EQ(queue.get_nowait(), 2);
  EXPECT_EQ(queue.get_nowait(), 1);
}

TEST(PriorityQueue, TakesMoveOnlyItems) {
  struct ByValue {
    bool operator()(const std::unique_ptr<int>& left, const std::unique_ptr<int>& right) const {
      return *left < *right;
    }
  };
  PriorityQueue<std::unique_ptr<int>, ByValue> queue;
  for (const int item : {2, 1, 3}) queue.put_nowait(std::make_unique<int>(item));
  for (const int item : {1, 2, 3}) EXPECT_EQ(*queue.get_nowait(), item);
}

TEST(PriorityQueue, WokenGetterTakesTheSmallestWhenItRuns) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    PriorityQueue<int> queue;
    const TaskHandle<int> getter = create_task(queue.get());
    co_await sleep(0s);
    queue.put_nowait(2);
    queue.put_nowait(1);
    EXPECT_EQ(co_await getter, 1);
    EXPECT_EQ(queue.get_nowait(), 2);
  })));
}

/// Whether tasks let others run after each item.
enum class Pace { at_once, yielding };

/// Two producers and a consumer of `gets` items; each item that comes out is the smallest inside.
Task<> take_the_smallest(int max_size, int gets, Pace pace) {
  PriorityQueue<int> queue(max_size);
  std::multiset<int> inside;
  auto producer = [&](int first) -> Task<> {
    for (const int item : {first + 1, first}) {
      co_await queue.put(item);
      inside.insert(item);
      if (pace == Pace::yielding) co_await sleep(0s);
    }
  };
  auto consumer = [&]() -> Task<> {
    for (int i = 0; i < gets; ++i) {
      const int item = co_await queue.get();
      COCHECK(item == *inside.begin());
      inside.erase(inside.begin());
      if (pace == Pace::yielding) co_await sleep(0s);
    }
  };
  const TaskHandle<> first = create_task(producer(10));
  const TaskHandle<> second = create_task(producer(20));
  const TaskHandle<> third = create_task(consumer());
  co_await sleep(1ms);
  // Nothing can run any more: who is left waits for a slot or an item that is not there.
  COCHECK(queue.qsize() == inside.size());
  COCHECK(queue.full() || (first.done() && second.done()));
  COCHECK(queue.empty() || third.done());

  queue.shutdown();
  co_await gather(return_exceptions, first, second, third);
  while (!queue.empty()) {
    COCHECK(queue.get_nowait() == *inside.begin());
    inside.erase(inside.begin());
  }
  COCHECK(inside.empty());
}

TEST(PriorityQueue, GivesTheSmallestItemInEveryOrder) {
  EXPECT_TRUE(proved(run_every_order([] { return take_the_smallest(0, 4, Pace::yielding); })));
  EXPECT_TRUE(proved(run_every_order([] { return take_the_smallest(2, 4, Pace::yielding); })));
}

TEST(PriorityQueue, LosesNothingToACancelledTask) {
  EXPECT_TRUE(proved(run_every_order([] { return take_the_smallest(1, 2, Pace::at_once); }, 2)));
  EXPECT_TRUE(proved(run_every_order([] { return take_the_smallest(2, 2, Pace::at_once); }, 2)));
}

}  // namespace
}  // namespace cocheck
