// Defects that CPython's asyncio has and cocheck keeps, so that a model shows what production would
// do. docs/asyncio.md describes them with these schedules. A test here fails once one is gone.

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "cocheck/explore.hpp"
#include "cocheck/primitives.hpp"

namespace cocheck {
namespace {

using namespace std::chrono_literals;

/// The search finds the defect, and its schedule shows it again.
void expect_defect(const Model& model, const Options& options, const std::string& message) {
  const Verdict found = explore(model, options);
  ASSERT_EQ(found.kind, Verdict::Kind::failed) << found.report();
  EXPECT_EQ(found.failure->message, message) << found.report();
  const Verdict again = replay(model, found.recording->schedule, options);
  EXPECT_EQ(again.kind, Verdict::Kind::failed) << again.report();
}

Task<> meet(Barrier& barrier, std::multiset<std::size_t>& indices) {
  indices.insert(co_await barrier.wait());
}

/// CPython issue 155233.
Task<> three_of_four_meet() {
  Barrier barrier(3);
  std::multiset<std::size_t> indices;
  std::vector<TaskHandle<>> tasks;
  for (int i = 0; i < 4; ++i) tasks.push_back(create_task(meet(barrier, indices)));
  co_await sleep(0s);
  tasks.front().cancel();
  co_await wait(tasks, 1s);
  const bool distinct = indices.size() < 3 || indices.count(1) == 1;
  co_await barrier.abort();
  co_await gather(return_exceptions, std::move(tasks));
  COCHECK(distinct);
}

TEST(AsyncioDefects, ACancelledArrivalGivesTwoTasksOneBarrierIndex) {
  expect_defect(three_of_four_meet, {.strategy = Strategy::exhaustive, .max_executions = 100'000},
                "distinct");
}

/// CPython issue 134471.
Task<> cancelled_before_a_timeout_in_the_past() {
  bool cancelled = false;
  const auto work = [&]() -> Task<> {
    current_task().cancel();  // from outside, say, and not delivered yet
    try {
      co_await timeout(0s).run([]() -> Task<> { co_await sleep(1s); });
    } catch (const CancelledError&) {
      cancelled = true;
    } catch (const TimeoutError&) {
    }
  };
  co_await gather(return_exceptions, work());
  COCHECK(cancelled);
}

TEST(AsyncioDefects, ATimeoutInThePastSwallowsAnEarlierCancellation) {
  expect_defect(cancelled_before_a_timeout_in_the_past,
                {.strategy = Strategy::exhaustive, .clock = Clock::race}, "cancelled");
}

/// CPython issue 83055.
Task<> putters_of_a_full_queue() {
  Queue<int> queue(1);
  queue.put_nowait(0);
  const auto put = [&](int item) -> Task<> { co_await queue.put(item); };
  auto putters = gather(put(1), put(2));
  co_await sleep(1s);  // both wait, 1 before 2
  queue.get_nowait();  // wakes 1
  queue.put_nowait(9);
  std::vector<int> items;
  while (items.size() < 3) items.push_back(co_await queue.get());
  co_await putters;
  COCHECK((items == std::vector{9, 1, 2}));
}

TEST(AsyncioDefects, PutsOnAFullQueueDoNotKeepTheirOrder) {
  expect_defect(putters_of_a_full_queue, {.strategy = Strategy::exhaustive},
                "(items == std::vector{9, 1, 2})");
}

/// A cancellation that meets a child which has just failed: cancel() says true, and nobody sees it.
Task<> gather_is_cancelled_as_a_child_fails() {
  const auto fail = []() -> Task<> {
    co_await sleep(0s);
    throw RuntimeError("broken");
  };
  const auto endure = []() -> Task<> { co_await sleep(1s); };
  bool cancelled = false;
  const auto parent = [&]() -> Task<> {
    try {
      co_await gather(fail(), endure());
    } catch (const CancelledError&) {
      cancelled = true;
    } catch (const RuntimeError&) {
    }
  };
  const TaskHandle<> task = create_task(parent());
  co_await sleep(0s);
  const bool accepted = task.cancel();
  co_await gather(return_exceptions, task);
  co_await sleep(2s);
  COCHECK(cancelled || !accepted);
}

TEST(AsyncioDefects, AFailingChildHidesTheCancellationOfItsGather) {
  expect_defect(gather_is_cancelled_as_a_child_fails, {.strategy = Strategy::exhaustive},
                "cancelled || !accepted");
}

}  // namespace
}  // namespace cocheck
