#include "cocheck/lifo_queue.hpp"

#include <memory>
#include <string>
#include <type_traits>
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

static_assert(!std::is_same_v<LifoQueue<int>, Queue<int>>);

TEST(LifoQueue, GivesTheItemPutLast) {
  LifoQueue<int> queue;
  for (const int item : {1, 3, 2}) queue.put_nowait(item);
  EXPECT_EQ(queue.get_nowait(), 2);
  queue.put_nowait(4);
  EXPECT_EQ(queue.get_nowait(), 4);
  EXPECT_EQ(queue.get_nowait(), 3);
  EXPECT_EQ(queue.get_nowait(), 1);
  EXPECT_THROW(queue.get_nowait(), QueueEmpty);
}

TEST(LifoQueue, TakesMoveOnlyItems) {
  LifoQueue<std::unique_ptr<int>> queue;
  queue.put_nowait(std::make_unique<int>(1));
  queue.put_nowait(std::make_unique<int>(2));
  EXPECT_EQ(*queue.get_nowait(), 2);
  EXPECT_EQ(*queue.get_nowait(), 1);
}

TEST(LifoQueue, WokenGetterTakesWhatIsOnTopWhenItRuns) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    LifoQueue<int> queue;
    const TaskHandle<int> getter = create_task(queue.get());
    co_await sleep(0s);
    queue.put_nowait(1);
    queue.put_nowait(2);
    EXPECT_EQ(co_await getter, 2);
    EXPECT_EQ(queue.get_nowait(), 1);
  })));
}

TEST(LifoQueue, WaitingPutterGetsTheSlotAndComesOutFirst) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    LifoQueue<int> queue(2);
    queue.put_nowait(1);
    queue.put_nowait(2);
    EXPECT_THROW(queue.put_nowait(3), QueueFull);
    const TaskHandle<> putter = create_task(queue.put(3));
    co_await sleep(0s);
    EXPECT_EQ(queue.putters(), 1u);
    EXPECT_EQ(queue.get_nowait(), 2);
    co_await putter;
    EXPECT_EQ(queue.get_nowait(), 3);
    EXPECT_EQ(queue.get_nowait(), 1);
  })));
}

/// Whether tasks let others run after each item.
enum class Pace { at_once, yielding };

/// Two producers and a consumer of `gets` items; each item that comes out is the youngest inside.
Task<> take_the_youngest(int max_size, int gets, Pace pace) {
  LifoQueue<int> queue(max_size);
  std::vector<int> inside;
  auto producer = [&](int first) -> Task<> {
    for (const int item : {first, first + 1}) {
      co_await queue.put(item);
      inside.push_back(item);
      if (pace == Pace::yielding) co_await sleep(0s);
    }
  };
  auto consumer = [&]() -> Task<> {
    for (int i = 0; i < gets; ++i) {
      const int item = co_await queue.get();
      COCHECK(item == inside.back());
      inside.pop_back();
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
    COCHECK(queue.get_nowait() == inside.back());
    inside.pop_back();
  }
  COCHECK(inside.empty());
}

TEST(LifoQueue, GivesTheYoungestItemInEveryOrder) {
  EXPECT_TRUE(proved(run_every_order([] { return take_the_youngest(0, 4, Pace::yielding); })));
  EXPECT_TRUE(proved(run_every_order([] { return take_the_youngest(2, 4, Pace::yielding); })));
}

TEST(LifoQueue, LosesNothingToACancelledTask) {
  EXPECT_TRUE(proved(run_every_order([] { return take_the_youngest(1, 2, Pace::at_once); }, 2)));
  EXPECT_TRUE(proved(run_every_order([] { return take_the_youngest(2, 2, Pace::at_once); }, 2)));
}

}  // namespace
}  // namespace cocheck
