// Every primitive with three tasks, under every order of their steps and up to two cancellations at
// any point. A lost wake-up shows as a deadlock, which is a failure by itself.

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "cocheck/gtest.hpp"

namespace {

using namespace cocheck;
using namespace std::chrono_literals;

const Options kEveryOrderAndCancellation = {
    .strategy = Strategy::exhaustive, .max_executions = 5'000'000, .cancellations = 2};

/// Who waits in which order, as the property sees it.
class ArrivalOrder {
 public:
  void arrives() { waiting_.push_back(current_task()); }
  void gives_up() { std::erase(waiting_, current_task()); }
  /// First come, first served, but for those who were cancelled and have not run since.
  void is_served() {
    for (const TaskRef& task : waiting_) {
      if (task == current_task()) break;
      COCHECK(task.cancelling() > 0);
    }
    gives_up();
  }
  [[nodiscard]] bool empty() const noexcept { return waiting_.empty(); }

 private:
  std::vector<TaskRef> waiting_;
};

/// The handles as a vector. (g++ 12 does not compile braces beside a co_await.)
template <class... Handles>
std::vector<TaskHandle<>> listed(const Handles&... handles) {
  return {handles...};
}

/// Three tasks made of `make(0)` to `make(2)`. A coroutine lambda must outlive its tasks.
template <class Make>
auto three_tasks(const Make& make) {
  std::vector<Task<>> tasks;
  for (int who = 0; who < 3; ++who) tasks.push_back(make(who));
  return gather(return_exceptions, std::move(tasks));
}

/// Takes one of `capacity` places in arrival order and leaves it after another step.
template <class Primitive>
Task<> visit(Primitive& primitive, ArrivalOrder& order, int& inside, int capacity) {
  order.arrives();
  try {
    co_await primitive.acquire();
  } catch (const CancelledError&) {
    order.gives_up();
    throw;
  }
  order.is_served();
  ++inside;
  COCHECK(inside <= capacity);
  try {
    co_await sleep(0s);
  } catch (const CancelledError&) {
    --inside;
    primitive.release();
    throw;
  }
  --inside;
  primitive.release();
}

COCHECK_TEST(UnderCancellation, LockExcludesInOrderOfArrival, kEveryOrderAndCancellation) {
  Lock lock;
  ArrivalOrder order;
  int inside = 0;
  co_await three_tasks([&](int) { return visit(lock, order, inside, 1); });
  COCHECK(!lock.locked());
  COCHECK(lock.waiting() == 0);
  COCHECK(order.empty());
  co_await lock.acquire();
}

COCHECK_TEST(UnderCancellation, LockGuardsReleaseOnEveryPath, kEveryOrderAndCancellation) {
  Lock lock;
  int inside = 0;
  const auto enter = [&](int) -> Task<> {
    auto guard = co_await lock.scoped();
    COCHECK(++inside == 1);
    --inside;
    co_await sleep(0s);
  };
  co_await three_tasks(enter);
  COCHECK(!lock.locked());
}

COCHECK_TEST(UnderCancellation, SemaphoreKeepsItsPermits, kEveryOrderAndCancellation) {
  Semaphore semaphore(1);
  ArrivalOrder order;
  int inside = 0;
  co_await three_tasks([&](int) { return visit(semaphore, order, inside, 1); });
  COCHECK(semaphore.value() == 1);
  COCHECK(semaphore.waiting() == 0);
  COCHECK(!semaphore.locked());
}

COCHECK_TEST(UnderCancellation, BoundedSemaphoreKeepsItsPermits, kEveryOrderAndCancellation) {
  BoundedSemaphore semaphore(2);
  ArrivalOrder order;
  int inside = 0;
  co_await three_tasks([&](int) { return visit(semaphore, order, inside, 2); });
  COCHECK(semaphore.value() == 2);
  COCHECK(semaphore.waiting() == 0);
}

COCHECK_TEST(UnderCancellation, EventReleasesWhoeverWaits, kEveryOrderAndCancellation) {
  Event event;
  const auto pass = [&](int) -> Task<> {
    co_await event.wait();
    COCHECK(event.is_set());
  };
  auto waiters = three_tasks(pass);
  co_await sleep(0s);
  event.set();
  co_await waiters;
  COCHECK(event.waiting() == 0);
}

COCHECK_TEST(UnderCancellation, ConditionLosesNoNotification, kEveryOrderAndCancellation) {
  Condition condition;
  int items = 0;
  int consumed = 0;
  bool inside = false;
  const auto consume = [&](int) -> Task<> {
    co_await condition.acquire();
    std::exception_ptr error;
    try {
      co_await condition.wait([&] { return items > 0; });
      --items;
      ++consumed;
    } catch (const CancelledError&) {
      error = std::current_exception();
    }
    // Whichever way wait() was left, the lock is held.
    COCHECK(condition.locked());
    COCHECK(!inside);
    inside = true;
    inside = false;
    condition.release();
    if (error) std::rethrow_exception(error);
  };
  auto consumers = three_tasks(consume);
  for (int i = 0; i < 3; ++i) {
    auto guard = co_await condition.scoped();
    ++items;
    condition.notify();
  }
  co_await consumers;
  COCHECK(items + consumed == 3);
  COCHECK(condition.waiting() == 0);
  COCHECK(!condition.locked());
}

/// One task puts two items, two take what comes until the queue is shut down.
template <class AnyQueue>
Task<> queue_loses_nothing(AnyQueue& queue) {
  int put = 0;
  int got = 0;
  const auto produce = [&]() -> Task<> {
    for (int item = 0; item < 2; ++item) {
      co_await queue.put(item);
      ++put;
    }
  };
  const auto consume = [&]() -> Task<> {
    for (;;) {
      try {
        co_await queue.get();
      } catch (const QueueShutDown&) {
        break;
      }
      ++got;
      queue.task_done();
    }
  };
  auto producer = create_task(produce());
  auto consumers = gather(return_exceptions, consume(), consume());
  // Where both consumers were cancelled, the rest is taken here, once nothing else can happen.
  while (!producer.done()) {
    co_await sleep(1s);
    if (producer.done() || queue.empty()) continue;
    queue.get_nowait();
    ++got;
    queue.task_done();
  }
  queue.shutdown();
  co_await consumers;
  COCHECK(put == got + static_cast<int>(queue.qsize()));
  COCHECK(static_cast<std::size_t>(put - got) == queue.unfinished());
  COCHECK(queue.getters() == 0);
  COCHECK(queue.putters() == 0);
}

COCHECK_TEST(UnderCancellation, QueueLosesNoItem, kEveryOrderAndCancellation) {
  Queue<int> queue(1);
  co_await queue_loses_nothing(queue);
}

COCHECK_TEST(UnderCancellation, LifoQueueLosesNoItem, kEveryOrderAndCancellation) {
  LifoQueue<int> queue(1);
  co_await queue_loses_nothing(queue);
}

COCHECK_TEST(UnderCancellation, PriorityQueueLosesNoItem, kEveryOrderAndCancellation) {
  PriorityQueue<int> queue(1);
  co_await queue_loses_nothing(queue);
}

COCHECK_TEST(UnderCancellation, QueueWithTwoPutters, kEveryOrderAndCancellation) {
  Queue<int> queue(1);
  queue.put_nowait(-1);
  int put = 1;
  const auto produce = [&](int item) -> Task<> {
    co_await queue.put(item);
    ++put;
    COCHECK(queue.qsize() <= 1);
  };
  auto putters = three_tasks(produce);
  int got = 0;
  while (!putters.done() || !queue.empty()) {
    if (!queue.empty()) {
      queue.get_nowait();
      ++got;
    }
    if (putters.done() && queue.empty()) break;
    co_await sleep(1s);
  }
  co_await putters;
  COCHECK(put == got);
}

COCHECK_TEST(UnderCancellation, QueueJoinWaitsForEveryItem, kEveryOrderAndCancellation) {
  Queue<int> queue;
  queue.put_nowait(1);
  queue.put_nowait(2);
  auto waiters = gather(return_exceptions, queue.join(), queue.join());
  auto worker = create_task([](Queue<int>& from) -> Task<> {
    for (int i = 0; i < 2; ++i) {
      from.get_nowait();
      std::exception_ptr error;
      try {
        co_await sleep(0s);
      } catch (const CancelledError&) {
        error = std::current_exception();
      }
      from.task_done();
    }
  }(queue));
  co_await wait(listed(worker));
  while (!queue.empty()) {
    queue.get_nowait();
    queue.task_done();
  }
  co_await waiters;
  COCHECK(queue.unfinished() == 0);
}

COCHECK_TEST(UnderCancellation, BarrierLetsNobodyBehind, kEveryOrderAndCancellation) {
  Barrier barrier(2);
  int passed = 0;
  int failed = 0;
  const auto meet = [&](int) -> Task<> {
    try {
      const std::size_t index = co_await barrier.wait();
      COCHECK(index < 2);
      ++passed;
    } catch (const BrokenBarrierError&) {
      ++failed;
    }
  };
  auto tasks = three_tasks(meet);
  co_await sleep(1s);  // whoever can has passed
  const int before_abort = passed;
  co_await barrier.abort();
  co_await tasks;
  COCHECK(passed == before_abort);
  COCHECK(passed <= 2);
  COCHECK(failed <= 1);
  co_await barrier.reset();
  COCHECK(barrier.n_waiting() == 0);
  COCHECK(barrier.state() == Barrier::State::filling);
}

COCHECK_TEST(UnderCancellation, ShieldedFutureReachesTheOthers, kEveryOrderAndCancellation) {
  Future<int> future;
  const auto receive = [&](int) -> Task<> {
    const int value = co_await shield(future);
    COCHECK(value == 7);
  };
  auto waiters = three_tasks(receive);
  co_await sleep(0s);
  COCHECK(!future.cancelled());
  future.set_result(7);
  co_await waiters;
}

COCHECK_TEST(UnderCancellation, GatherEndsAfterItsChildren, kEveryOrderAndCancellation) {
  int running = 0;
  const auto child = [&]() -> Task<> {
    ++running;
    try {
      co_await sleep(0s);
    } catch (const CancelledError&) {
      --running;
      throw;
    }
    --running;
  };
  auto parent = create_task([](auto make, int& left) -> Task<> {
    try {
      co_await gather(return_exceptions, make(), make());
    } catch (const CancelledError&) {
      COCHECK(left == 0);
      throw;
    }
    COCHECK(left == 0);
  }(child, running));
  co_await wait(listed(parent));
}

COCHECK_TEST(UnderCancellation, TaskGroupLeavesNobodyBehind, kEveryOrderAndCancellation) {
  int running = 0;
  const auto child = [&]() -> Task<> {
    ++running;
    try {
      co_await sleep(0s);
      co_await sleep(0s);
    } catch (const CancelledError&) {
      --running;
      throw;
    }
    --running;
  };
  bool finished = false;
  auto parent = create_task([](auto make, int& left, bool& end) -> Task<> {
    TaskGroup group;
    std::exception_ptr error;
    try {
      co_await group.run([&]() -> Task<> {
        group.create_task(make());
        group.create_task(make());
        co_return;
      });
    } catch (const CancelledError&) {
      error = std::current_exception();
    }
    COCHECK(left == 0);
    COCHECK(group.size() == 0);
    // Without a request from outside the scope leaves none.
    if (!error) COCHECK(current_task().cancelling() == 0);
    end = true;
    if (error) std::rethrow_exception(error);
  }(child, running, finished));
  co_await wait(listed(parent));
  COCHECK(running == 0);
}

COCHECK_TEST(UnderCancellation, FailingTaskGroupLeavesNoRequest, .strategy = Strategy::exhaustive,
             .max_executions = 1'000'000) {
  const auto fail = []() -> Task<> {
    co_await sleep(0s);
    throw RuntimeError("broken");
  };
  TaskGroup group;
  bool thrown = false;
  try {
    co_await group.run([&]() -> Task<> {
      group.create_task(fail());
      group.create_task(fail());
      co_await sleep(0s);
    });
  } catch (const ExceptionGroup& error) {
    thrown = true;
    COCHECK(!error.exceptions().empty());
  }
  COCHECK(thrown);
  COCHECK(current_task().cancelling() == 0);
  co_await sleep(0s);  // no cancellation leaks out of the group
}

COCHECK_TEST(UnderCancellation, TimeoutConvertsItsOwnRequestOnly, .strategy = Strategy::exhaustive,
             .max_executions = 5'000'000, .clock = Clock::race, .cancellations = 2) {
  bool entered = false;
  auto task = create_task([](bool& inside) -> Task<> {
    Timeout scope = timeout(1s);
    std::exception_ptr error;
    bool timed_out = false;
    try {
      co_await scope.run([&]() -> Task<> {
        inside = true;
        co_await sleep(0s);
        co_await sleep(2s);
      });
    } catch (const TimeoutError&) {
      timed_out = true;
    } catch (const CancelledError&) {
      error = std::current_exception();
    }
    if (timed_out) {
      COCHECK(scope.expired());
      COCHECK(current_task().cancelling() == 0);
    }
    if (!timed_out && !error) COCHECK(!scope.expired());
    if (error) {
      COCHECK(current_task().cancelling() > 0);
      std::rethrow_exception(error);
    }
  }(entered));
  co_await wait(listed(task));
  COCHECK(entered || task.cancelled());
}

COCHECK_TEST(UnderCancellation, WaitForEndsWhatItWaitsFor, .strategy = Strategy::exhaustive,
             .max_executions = 5'000'000, .clock = Clock::race, .cancellations = 2) {
  Lock lock;
  const auto hold = [&]() -> Task<> {
    auto guard = co_await lock.scoped();
    co_await sleep(1s);
  };
  const auto wait_a_little = [&]() -> Task<> {
    try {
      co_await wait_for(hold(), 1s);
    } catch (const TimeoutError&) {
    }
  };
  co_await gather(return_exceptions, wait_a_little(), wait_a_little());
  COCHECK(!lock.locked());
  COCHECK(lock.waiting() == 0);
}

COCHECK_TEST(UnderCancellation, WaitTouchesNothing, kEveryOrderAndCancellation) {
  auto slow = create_task([]() -> Task<> { co_await sleep(0s); }());
  auto watcher = create_task([](TaskHandle<> watched) -> Task<> {
    auto waited = co_await wait(listed(watched), std::nullopt, ReturnWhen::first_completed);
    COCHECK(waited.done.size() == 1);
  }(slow));
  co_await wait(listed(slow, watcher));
  COCHECK(slow.done());
}

COCHECK_TEST(UnderCancellation, AsCompletedGivesEachOnce, kEveryOrderAndCancellation) {
  std::vector<TaskHandle<int>> handles;
  for (int i = 0; i < 2; ++i) {
    handles.push_back(create_task([](int value) -> Task<int> {
      co_await sleep(0s);
      co_return value;
    }(i)));
  }
  auto watcher = create_task([](std::vector<TaskHandle<int>> all) -> Task<> {
    AsCompleted<int> completed(all);
    std::size_t seen = 0;
    for (;;) {
      const auto next = co_await completed.next();
      if (!next) break;
      COCHECK(next->done());
      ++seen;
    }
    COCHECK(seen == all.size());
  }(handles));
  co_await wait(listed(watcher));
  co_await wait(handles);
}

}  // namespace
