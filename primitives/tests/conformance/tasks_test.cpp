// CPython's test_tasks and test_eager_task_factory, as far as they have a meaning in C++.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <concepts>
#include <exception>
#include <functional>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "cocheck/as_completed.hpp"
#include "cocheck/describe.hpp"
#include "cocheck/future.hpp"
#include "cocheck/gather.hpp"
#include "cocheck/shield.hpp"
#include "cocheck/task_group.hpp"
#include "cocheck/task_handle.hpp"
#include "cocheck/wait.hpp"
#include "cocheck/world.hpp"
#include "run_fifo.hpp"

namespace cocheck::conformance {
namespace {

using namespace std::chrono_literals;

class ZeroDivisionError : public std::runtime_error {
 public:
  ZeroDivisionError() : std::runtime_error("division by zero") {}
};

class CustomError : public std::runtime_error {
 public:
  explicit CustomError(const char* what = "custom") : std::runtime_error(what) {}
};

/// Stands outside std::exception, as Python's BaseException does outside Exception.
class BaseError {};

/// asyncio's call_later: dropped when it dies.
class CallLater final : public Timer {
 public:
  CallLater(Duration delay, std::function<void()> function) : function_(std::move(function)) {
    arm(LoopClock::now() + delay);
  }
  void run() override { function_(); }

 private:
  std::function<void()> function_;
};

/// asyncio's call_soon.
void call_soon(std::function<void()> function) {
  Future<> ready;
  ready.set_result();
  ready.add_done_callback([function](const Future<>&) { function(); });
}

Task<> nap(Duration delay) {
  co_await sleep(delay);
}

template <class T>
Task<T> value(T result) {
  co_return result;
}

template <class T>
Task<T> value_after(Duration delay, T result) {
  co_await sleep(delay);
  co_return result;
}

template <class E>
Task<> fail_after(Duration delay) {
  co_await sleep(delay);
  throw E();
}

/// A coroutine that awaits a future, where only a coroutine will do.
template <class T>
Task<T> await_future(Future<T> future) {
  co_return co_await future;
}

/// What the call throws, in words; "no exception" when it throws nothing.
template <std::invocable Call>
std::string thrown_by(Call&& call) {
  try {
    (void)call();
  } catch (...) {
    return describe(std::current_exception());
  }
  return describe(nullptr);
}

template <class T>
bool parked_on(const TaskRef& task, const Future<T>& future) {
  return task.state().waiting_on() == &future.state();
}

/// Whether two lists hold the same, in any order.
template <class T>
bool same_items(std::vector<T> left, std::vector<T> right) {
  return std::is_permutation(left.begin(), left.end(), right.begin(), right.end());
}

TEST(TaskTests, task_basics) {
  expect_fifo_passes([]() -> Task<> {
    const auto outer = []() -> Task<int> {
      const int first = co_await value(42);
      const int second = co_await value(1000);
      co_return first + second;
    };
    COCHECK(co_await outer() == 1042);
  });
}

TEST(TaskTests, task_awaits_on_itself) {
  expect_fifo_passes([]() -> Task<> {
    std::optional<TaskHandle<>> task;
    const auto body = [&]() -> Task<> { co_await *task; };
    task = create_task(body());
    COCHECK(co_await fails_with<RuntimeError>(*task));
  });
}

TEST(TaskTests, current_task) {
  EXPECT_EQ(thrown_by([] { return current_task(); }).find("RuntimeError"),
            std::string("cocheck::").size());
  expect_fifo_passes([]() -> Task<> {
    std::optional<TaskHandle<>> task;
    const auto body = [&]() -> Task<> {
      COCHECK(current_task() == *task);
      co_await tick();
      COCHECK(current_task() == *task);
    };
    task = create_task(body());
    co_await *task;
    COCHECK(!(current_task() == *task));
  });
}

TEST(TaskTests, current_task_with_interleaving_tasks) {
  expect_fifo_passes([]() -> Task<> {
    Future<> one;
    Future<> two;
    std::vector<TaskHandle<>> tasks;
    const auto first = [&]() -> Task<> {
      COCHECK(current_task() == tasks[0]);
      co_await one;
      COCHECK(current_task() == tasks[0]);
      two.set_result();
    };
    const auto second = [&]() -> Task<> {
      COCHECK(current_task() == tasks[1]);
      one.set_result();
      co_await two;
      COCHECK(current_task() == tasks[1]);
    };
    tasks.push_back(create_task(first()));
    tasks.push_back(create_task(second()));
    co_await wait(tasks);
    COCHECK(tasks[0].done() && tasks[1].done());
  });
}

TEST(TaskTests, step_result_future) {
  expect_fifo_passes([]() -> Task<> {
    Future<int> future;
    int seen = 0;
    const auto body = [&]() -> Task<> { seen = co_await future; };
    const TaskHandle<> task = create_task(body());
    co_await tick();
    COCHECK(parked_on(task, future));
    future.set_result(7);
    COCHECK(seen == 0);
    co_await tick();
    COCHECK(seen == 7);
    COCHECK(task.done());
  });
}

template <class Handle>
concept Completable = requires(Handle handle) {
  handle.set_result(1);
}
|| requires(Handle handle) {
  handle.set_exception(std::exception_ptr());
};

TEST(TaskTests, set_result_causes_invalid_state) {
  static_assert(Completable<Future<int>>);
  static_assert(!Completable<TaskHandle<int>>, "only its coroutine completes a task");
  expect_fifo_passes([]() -> Task<> {
    Future<int> future;
    future.set_result(1);
    COCHECK(throws<InvalidStateError>([&] { future.set_result(2); }));
    COCHECK(future.result() == 1);
    co_return;
  });
}

TEST(TaskTests, set_exception_causes_invalid_state) {
  expect_fifo_passes([]() -> Task<> {
    Future<int> future;
    future.set_exception(CustomError());
    COCHECK(throws<InvalidStateError>([&] { future.set_exception(ZeroDivisionError()); }));
    COCHECK(throws<CustomError>([&] { return future.result(); }));
    co_return;
  });
}

TEST(TaskTests, eager_start_true) {
  expect_fifo_passes([]() -> Task<> {
    std::string seen;
    const auto look = [&]() -> Task<> {
      seen = current_task().name();
      co_return;
    };
    const TaskHandle<> task = create_task(look(), TaskOptions("example", true));
    COCHECK(task.done());
    COCHECK(seen == "example");
    co_await task;
  });
}

TEST(TaskTests, eager_start_false) {
  const Model model = []() -> Task<> {
    std::string seen;
    const auto look = [&]() -> Task<> {
      seen = current_task().name();
      co_return;
    };
    const TaskHandle<> task = create_task(look(), TaskOptions("example", false));
    COCHECK(!task.done());
    COCHECK(seen.empty());
    co_await task;
    COCHECK(seen == "example");
  };
  expect_fifo_passes(model);
  Options eager;
  eager.eager_tasks = true;
  expect_fifo_passes(model, eager);
}

TEST(TaskCancellationTests, cancelling) {
  expect_fifo_passes([]() -> Task<> {
    const TaskHandle<> task = create_task(nap(10s));
    COCHECK(task.cancelling() == 0);
    COCHECK(task.cancel());
    COCHECK(task.cancelling() == 1);
    COCHECK(task.cancel());
    COCHECK(task.cancelling() == 2);
    COCHECK(co_await fails_with<CancelledError>(task));
  });
}

TEST(TaskCancellationTests, uncancel_basic) {
  expect_fifo_passes([]() -> Task<> {
    const auto body = []() -> Task<> {
      try {
        co_await sleep(10s);
      } catch (const CancelledError&) {
        current_task().uncancel();
      }
      co_await sleep(10s);
    };
    const TaskHandle<> task = create_task(body());
    co_await sleep(10ms);
    COCHECK(task.cancel());
    COCHECK(task.cancelling() == 1);
    COCHECK(!task.cancelled());
    co_await sleep(10ms);
    COCHECK(task.cancelling() == 0);
    COCHECK(!task.cancelled());
    COCHECK(task.cancel());
    COCHECK(task.cancelling() == 1);
    COCHECK(!task.cancelled());
    COCHECK(co_await fails_with<CancelledError>(task));
    COCHECK(task.cancelled());
    task.uncancel();
    COCHECK(task.cancelled());
    COCHECK(task.done());
  });
}

/// What a user without `timeout` has to write.
Task<std::tuple<bool, bool>> request_with_timeout(Duration work, Duration patience) {
  const TaskRef task = current_task();
  bool timed_out = false;
  bool finished = false;
  {
    CallLater timer(patience, [&] {
      timed_out = true;
      task.cancel();
    });
    try {
      co_await sleep(work);
      finished = true;
    } catch (const CancelledError&) {
      if (!timed_out || task.uncancel() > 0) throw;
    }
  }
  co_await tick();  // not affected by the timeout
  co_return std::tuple(timed_out, finished);
}

TEST(TaskCancellationTests, uncancel_structured_blocks) {
  expect_fifo_passes([]() -> Task<> {
    const auto late = create_task(request_with_timeout(10s, 100ms));
    COCHECK(co_await late == std::tuple(true, false));
    COCHECK(late.cancelling() == 0);
    const auto in_time = create_task(request_with_timeout(0s, 10s));
    COCHECK(co_await in_time == std::tuple(false, true));
    COCHECK(in_time.cancelling() == 0);
  });
}

TEST(TaskCancellationTests, uncancel_resets_must_cancel) {
  expect_fifo_passes([]() -> Task<> {
    Future<> future;
    const auto body = [&]() -> Task<int> {
      co_await future;
      co_return 42;
    };
    const TaskHandle<int> task = create_task(body());
    co_await tick();
    future.set_result();
    task.cancel();
    COCHECK(task.cancelling() == 1);
    COCHECK(task.state().must_cancel());
    task.uncancel();
    COCHECK(task.cancelling() == 0);
    COCHECK(!task.state().must_cancel());
    COCHECK(co_await task == 42);
  });
}

TEST(TaskCancellationTests, cancel) {
  expect_fifo_passes([]() -> Task<> {
    const TaskHandle<int> task = create_task(value_after(10s, 12));
    call_soon([&] { task.cancel(); });
    COCHECK(co_await fails_with<CancelledError>(task));
    COCHECK(task.done());
    COCHECK(task.cancelled());
    COCHECK(!task.cancel());
    COCHECK(LoopClock::now() == TimePoint());
  });
}

TEST(TaskCancellationTests, cancel_with_message_then_future_result) {
  for (const char* message : {"", "my message"}) {
    expect_fifo_passes([message]() -> Task<> {
      const std::vector<TaskHandle<>> tasks(1, create_task(nap(10s)));
      co_await tick();
      tasks[0].cancel(message);
      co_await wait(tasks);
      COCHECK(thrown_by([&] { tasks[0].result(); }) ==
              describe(std::make_exception_ptr(CancelledError(message))));
    });
  }
}

TEST(TaskCancellationTests, cancel_with_message_then_future_exception) {
  for (const char* message : {"", "my message"}) {
    expect_fifo_passes([message]() -> Task<> {
      const std::vector<TaskHandle<>> tasks(1, create_task(nap(10s)));
      co_await tick();
      tasks[0].cancel(message);
      co_await wait(tasks);
      COCHECK(thrown_by([&] { return tasks[0].exception(); }) ==
              describe(std::make_exception_ptr(CancelledError(message))));
    });
  }
}

// In C++ the cause of an exception is what it is thrown nested with.
TEST(TaskCancellationTests, cancellation_exception_context) {
  expect_fifo_passes([]() -> Task<> {
    Future<> started;
    const auto inner = [&]() -> Task<> {
      started.set_result();
      co_await sleep(10s);
    };
    std::string cause;
    const auto outer = [&]() -> Task<> {
      const TaskHandle<> task = create_task(inner());
      co_await started;
      call_soon([task] { task.cancel("msg"); });
      try {
        co_await task;
      } catch (const CancelledError&) {
        std::throw_with_nested(CustomError("cancelled"));
      }
    };
    try {
      co_await create_task(outer());
    } catch (const CustomError& error) {
      cause = thrown_by([&] { std::rethrow_if_nested(error); });
    }
    COCHECK(cause == "CancelledError(\"msg\")");
  });
}

TEST(TaskCancellationTests, cancel_with_message_before_starting_task) {
  expect_fifo_passes([]() -> Task<> {
    const std::vector<TaskHandle<>> tasks(1, create_task(nap(10s)));
    tasks[0].cancel("my message");
    co_await wait(tasks);
    COCHECK(thrown_by([&] { return tasks[0].exception(); }) == "CancelledError(\"my message\")");
  });
}

TEST(TaskCancellationTests, cancel_yield) {
  expect_fifo_passes([]() -> Task<> {
    const auto body = []() -> Task<int> {
      co_await tick();
      co_await tick();
      co_return 12;
    };
    const TaskHandle<int> task = create_task(body());
    co_await tick();
    task.cancel();
    COCHECK(co_await fails_with<CancelledError>(task));
    COCHECK(task.cancelled());
    COCHECK(!task.cancel());
  });
}

TEST(TaskCancellationTests, cancel_inner_future) {
  expect_fifo_passes([]() -> Task<> {
    Future<> future;
    const TaskHandle<> task = create_task(await_future(future));
    co_await tick();
    future.cancel();
    COCHECK(co_await fails_with<CancelledError>(task));
    COCHECK(future.cancelled());
    COCHECK(task.cancelled());
    COCHECK(task.cancelling() == 0);
  });
}

TEST(TaskCancellationTests, cancel_both_task_and_inner_future) {
  expect_fifo_passes([]() -> Task<> {
    Future<> future;
    const TaskHandle<> task = create_task(await_future(future));
    co_await tick();
    future.cancel();
    task.cancel();
    COCHECK(co_await fails_with<CancelledError>(task));
    COCHECK(future.cancelled());
    COCHECK(task.cancelled());
  });
}

TEST(TaskCancellationTests, cancel_task_catching) {
  expect_fifo_passes([]() -> Task<> {
    Future<> first;
    Future<> second;
    const auto body = [&]() -> Task<int> {
      co_await first;
      try {
        co_await second;
      } catch (const CancelledError&) {
        co_return 42;
      }
      co_return 0;
    };
    const TaskHandle<int> task = create_task(body());
    co_await tick();
    COCHECK(parked_on(task, first));
    first.set_result();
    co_await tick();
    COCHECK(parked_on(task, second));
    task.cancel();
    COCHECK(second.cancelled());
    COCHECK(co_await task == 42);
    COCHECK(!task.cancelled());
  });
}

TEST(TaskCancellationTests, cancel_task_ignoring) {
  expect_fifo_passes([]() -> Task<> {
    Future<> first;
    Future<> second;
    Future<int> third;
    const auto body = [&]() -> Task<int> {
      co_await first;
      try {
        co_await second;
      } catch (const CancelledError&) {
      }
      co_return co_await third;
    };
    const TaskHandle<int> task = create_task(body());
    co_await tick();
    COCHECK(parked_on(task, first));
    first.set_result();
    co_await tick();
    COCHECK(parked_on(task, second));
    task.cancel();
    COCHECK(second.cancelled());
    co_await tick();
    COCHECK(parked_on(task, third));
    third.set_result(42);
    COCHECK(co_await task == 42);
    COCHECK(!third.cancelled());
    COCHECK(!task.cancelled());
  });
}

TEST(TaskCancellationTests, cancel_current_task) {
  expect_fifo_passes([]() -> Task<> {
    const auto body = []() -> Task<int> {
      current_task().cancel();
      COCHECK(current_task().state().must_cancel());
      co_await sleep(100s);
      co_return 12;
    };
    const TaskHandle<int> task = create_task(body());
    COCHECK(!task.cancelled());
    COCHECK(co_await fails_with<CancelledError>(task));
    COCHECK(task.cancelled());
    COCHECK(!task.state().must_cancel());
    COCHECK(!task.cancel());
    COCHECK(LoopClock::now() == TimePoint());
  });
}

TEST(TaskCancellationTests, cancel_at_end) {
  expect_fifo_passes([]() -> Task<> {
    const auto body = []() -> Task<int> {
      current_task().cancel();
      COCHECK(current_task().state().must_cancel());
      co_return 12;
    };
    const TaskHandle<int> task = create_task(body());
    COCHECK(!task.cancelled());
    COCHECK(co_await fails_with<CancelledError>(task));
    COCHECK(task.cancelled());
    COCHECK(!task.state().must_cancel());
    COCHECK(!task.cancel());
  });
}

TEST(TaskCancellationTests, cancel_awaited_task) {
  expect_fifo_passes([]() -> Task<> {
    Future<> future;
    std::optional<TaskHandle<>> nested;
    const auto body = [&]() -> Task<> {
      nested = create_task(await_future(future));
      co_await tick();
      current_task().cancel();
      co_await *nested;
    };
    const TaskHandle<> task = create_task(body());
    COCHECK(co_await fails_with<CancelledError>(task));
    COCHECK(task.cancelled());
    COCHECK(nested->cancelled());
    COCHECK(future.cancelled());
  });
}

TEST(TaskCancellationTests, task_cancel_sleeping_task) {
  expect_fifo_passes([]() -> Task<> {
    const TaskHandle<> sleeper = create_task(nap(5000s));
    CallLater timer(100ms, [&] { sleeper.cancel(); });
    COCHECK(co_await fails_with<CancelledError>(sleeper));
    COCHECK(LoopClock::now() == TimePoint(100ms));
  });
}

TEST(TaskCancellationTests, task_cancel_waiter_future) {
  expect_fifo_passes([]() -> Task<> {
    Future<> future;
    const TaskHandle<> task = create_task(await_future(future));
    co_await tick();
    COCHECK(parked_on(task, future));
    task.cancel();
    co_await tick();
    COCHECK(co_await fails_with<CancelledError>(task));
    COCHECK(task.state().waiting_on() == nullptr);
    COCHECK(future.cancelled());
  });
}

TEST(TaskCancellationTests, baseexception_during_cancel) {
  expect_fifo_passes([]() -> Task<> {
    const auto body = []() -> Task<> {
      try {
        co_await sleep(10s);
      } catch (const CancelledError&) {
        throw BaseError();
      }
    };
    const TaskHandle<> task = create_task(body());
    co_await tick();
    task.cancel();
    COCHECK(!task.done());
    co_await tick();
    COCHECK(task.done());
    COCHECK(!task.cancelled());
    COCHECK(throws<BaseError>([&] { task.result(); }));
  });
}

TEST(TaskCancellationTests, yield_future_passes_cancel) {
  expect_fifo_passes([]() -> Task<> {
    int proof = 0;
    Future<> waiter;
    const auto inner = [&]() -> Task<> {
      try {
        co_await waiter;
      } catch (const CancelledError&) {
        proof += 1;
        throw;
      }
    };
    const auto outer = [&]() -> Task<> {
      try {
        co_await inner();
        proof += 10;
      } catch (const CancelledError&) {
        proof += 100;
      }
    };
    const TaskHandle<> task = create_task(outer());
    co_await tick();
    task.cancel();
    co_await task;
    COCHECK(proof == 101);
    COCHECK(waiter.cancelled());
  });
}

TEST(TaskCancellationTests, yield_wait_does_not_shield_cancel) {
  expect_fifo_passes([]() -> Task<> {
    int proof = 0;
    Future<> waiter;
    const auto inner = [&]() -> Task<> {
      co_await waiter;
      proof += 1;
    };
    const auto outer = [&]() -> Task<> {
      const std::vector<TaskHandle<>> tasks(1, create_task(inner()));
      co_await wait(tasks);
      proof += 100;
    };
    const TaskHandle<> task = create_task(outer());
    co_await tick();
    task.cancel();
    COCHECK(co_await fails_with<CancelledError>(task));
    waiter.set_result();
    co_await tick();
    COCHECK(proof == 1);
  });
}

TEST(WaitTests, wait) {
  expect_fifo_passes([]() -> Task<> {
    const std::vector<TaskHandle<>> tasks = {create_task(nap(150ms)), create_task(nap(100ms))};
    for (int round = 0; round < 2; ++round) {  // the second finds them done
      const Waited<TaskHandle<>> waited = co_await cocheck::wait(tasks);
      COCHECK(waited.done == tasks);
      COCHECK(waited.pending.empty());
      COCHECK(LoopClock::now() == TimePoint(150ms));
    }
  });
}

TEST(WaitTests, wait_duplicate_coroutines) {
  expect_fifo_passes([]() -> Task<> {
    const TaskHandle<std::string> test = create_task(value(std::string("test")));
    const TaskHandle<std::string> spam = create_task(value(std::string("spam")));
    const std::vector<TaskHandle<std::string>> tasks = {test, test, spam};
    const Waited<TaskHandle<std::string>> waited = co_await cocheck::wait(tasks);
    COCHECK(waited.pending.empty());
    COCHECK(waited.done.size() == 2);
    COCHECK(waited.done[0].result() == "test");
    COCHECK(waited.done[1].result() == "spam");
  });
}

// A mode that does not exist has no counterpart.
TEST(WaitTests, wait_errors) {
  expect_fifo_passes([]() -> Task<> {
    COCHECK(co_await fails_with<ValueError>(cocheck::wait(std::vector<TaskHandle<>>())));
  });
}

TEST(WaitTests, wait_first_completed) {
  expect_fifo_passes([]() -> Task<> {
    const TaskHandle<> slow = create_task(nap(10s));
    const TaskHandle<> fast = create_task(nap(100ms));
    const std::vector<TaskHandle<>> tasks = {fast, slow};
    const Waited<TaskHandle<>> waited =
        co_await cocheck::wait(tasks, std::nullopt, ReturnWhen::first_completed);
    COCHECK(waited.done == std::vector<TaskHandle<>>(1, fast));
    COCHECK(waited.pending == std::vector<TaskHandle<>>(1, slow));
    COCHECK(!slow.done());
    COCHECK(LoopClock::now() == TimePoint(100ms));
    co_await cocheck::wait(tasks);
  });
}

TEST(WaitTests, wait_really_done) {
  expect_fifo_passes([]() -> Task<> {
    const auto twice = []() -> Task<> {
      co_await tick();
      co_await tick();
    };
    const TaskHandle<> once = create_task(nap(0s));
    const TaskHandle<> later = create_task(twice());
    const std::vector<TaskHandle<>> tasks = {later, once};
    const auto waiting =
        create_task(cocheck::wait(tasks, std::nullopt, ReturnWhen::first_completed));
    const Waited<TaskHandle<>> waited = co_await waiting;
    COCHECK(waited.done == tasks);
    COCHECK(waited.pending.empty());
  });
}

TEST(WaitTests, wait_first_exception) {
  expect_fifo_passes([]() -> Task<> {
    const auto fail_at_once = []() -> Task<> {
      throw ZeroDivisionError();
      co_return;
    };
    const TaskHandle<> slow = create_task(nap(10s));
    const TaskHandle<> failing = create_task(fail_at_once());
    const std::vector<TaskHandle<>> tasks = {failing, slow};
    const Waited<TaskHandle<>> waited =
        co_await cocheck::wait(tasks, std::nullopt, ReturnWhen::first_exception);
    COCHECK(waited.done == std::vector<TaskHandle<>>(1, failing));
    COCHECK(waited.pending == std::vector<TaskHandle<>>(1, slow));
    COCHECK(LoopClock::now() == TimePoint());
    co_await cocheck::wait(tasks);
  });
}

TEST(WaitTests, wait_first_exception_in_wait) {
  expect_fifo_passes([]() -> Task<> {
    const TaskHandle<> slow = create_task(nap(10s));
    const TaskHandle<> failing = create_task(fail_after<ZeroDivisionError>(10ms));
    const std::vector<TaskHandle<>> tasks = {failing, slow};
    const Waited<TaskHandle<>> waited =
        co_await cocheck::wait(tasks, std::nullopt, ReturnWhen::first_exception);
    COCHECK(waited.done == std::vector<TaskHandle<>>(1, failing));
    COCHECK(waited.pending == std::vector<TaskHandle<>>(1, slow));
    COCHECK(LoopClock::now() == TimePoint(10ms));
    co_await cocheck::wait(tasks);
  });
}

TEST(WaitTests, wait_with_exception) {
  expect_fifo_passes([]() -> Task<> {
    const TaskHandle<> good = create_task(nap(100ms));
    const TaskHandle<> bad = create_task(fail_after<ZeroDivisionError>(150ms));
    const std::vector<TaskHandle<>> tasks = {bad, good};
    for (int round = 0; round < 2; ++round) {
      const Waited<TaskHandle<>> waited = co_await cocheck::wait(tasks);
      COCHECK(waited.done.size() == 2);
      COCHECK(waited.pending.empty());
      COCHECK(bad.exception() != nullptr);
      COCHECK(good.exception() == nullptr);
      COCHECK(LoopClock::now() == TimePoint(150ms));
    }
  });
}

TEST(WaitTests, wait_with_timeout) {
  expect_fifo_passes([]() -> Task<> {
    const TaskHandle<> fast = create_task(nap(100ms));
    const TaskHandle<> slow = create_task(nap(150ms));
    const std::vector<TaskHandle<>> tasks = {slow, fast};
    const Waited<TaskHandle<>> waited = co_await cocheck::wait(tasks, 110ms);
    COCHECK(waited.done == std::vector<TaskHandle<>>(1, fast));
    COCHECK(waited.pending == std::vector<TaskHandle<>>(1, slow));
    COCHECK(LoopClock::now() == TimePoint(110ms));
    co_await cocheck::wait(tasks);
  });
}

TEST(WaitTests, wait_concurrent_complete) {
  expect_fifo_passes([]() -> Task<> {
    const TaskHandle<> fast = create_task(nap(100ms));
    const TaskHandle<> slow = create_task(nap(150ms));
    co_await tick();
    const std::vector<TaskHandle<>> tasks = {slow, fast};
    const Waited<TaskHandle<>> waited = co_await cocheck::wait(tasks, 100ms);
    COCHECK(waited.done == std::vector<TaskHandle<>>(1, fast));
    COCHECK(waited.pending == std::vector<TaskHandle<>>(1, slow));
    COCHECK(LoopClock::now() == TimePoint(100ms));
    co_await cocheck::wait(tasks);
  });
}

TEST(WaitTests, wait_generator) {
  expect_fifo_passes([]() -> Task<> {
    std::vector<TaskHandle<int>> tasks;
    for (int i = 0; i < 10; ++i) tasks.push_back(create_task(value(i)));
    const Waited<TaskHandle<int>> waited = co_await cocheck::wait(tasks);
    COCHECK(waited.done.size() == 10);
    COCHECK(waited.pending.empty());
  });
}

template <class Argument>
concept Waitable = requires(Argument argument) {
  cocheck::wait(argument);
};

template <class Argument>
concept HasCompletions = requires(Argument argument) {
  as_completed(argument);
};

TEST(WaitTests, wait_invalid_args) {
  static_assert(Waitable<std::vector<Future<>>>);
  static_assert(!Waitable<Future<>>, "a list is asked for");
  static_assert(!Waitable<Task<>>);
  expect_fifo_passes([]() -> Task<> {
    COCHECK(co_await fails_with<ValueError>(cocheck::wait(std::vector<Future<>>())));
  });
}

template <class T>
Task<std::vector<T>> collect(AsCompleted<T>& completed, std::size_t at_most = 100) {
  std::vector<T> values;
  while (values.size() < at_most) {
    const std::optional<TaskHandle<T>> task = co_await completed.next();
    if (!task) break;
    values.push_back(task->result());
  }
  co_return values;
}

TEST(AsCompletedTests, as_completed) {
  expect_fifo_passes([]() -> Task<> {
    int ended = 0;
    const auto sleeper = [&](Duration delay, char name) -> Task<char> {
      co_await sleep(delay);
      if (++ended == 2) static_cast<World&>(Loop::current()).advance(140ms);
      co_return name;
    };
    std::vector<Task<char>> coroutines;
    coroutines.push_back(sleeper(10ms, 'b'));
    coroutines.push_back(sleeper(150ms, 'c'));
    coroutines.push_back(sleeper(10ms, 'a'));
    AsCompleted<char> completed = cocheck::as_completed(std::move(coroutines));
    const std::vector<char> values = co_await collect(completed);
    const std::vector<char> expected = {'b', 'a', 'c'};
    COCHECK(values == expected);
    COCHECK(LoopClock::now() == TimePoint(150ms));
  });
}

TEST(AsCompletedTests, as_completed_same_tasks_in_as_out) {
  expect_fifo_passes([]() -> Task<> {
    const std::vector<TaskHandle<int>> in = {create_task(value(0)), create_task(value(1))};
    AsCompleted<int> completed = cocheck::as_completed(in);
    std::vector<TaskHandle<int>> out;
    while (const auto task = co_await completed.next()) out.push_back(*task);
    COCHECK(same_items(in, out));
  });
}

TEST(AsCompletedTests, as_completed_with_timeout) {
  expect_fifo_passes([]() -> Task<> {
    const std::vector<TaskHandle<char>> tasks = {create_task(value_after(100ms, 'a')),
                                                 create_task(value_after(150ms, 'b'))};
    AsCompleted<char> completed = cocheck::as_completed(tasks, 120ms);
    const auto first = co_await completed.next();
    COCHECK(first->result() == 'a');
    COCHECK(co_await fails_with<TimeoutError>(completed.next()));
    COCHECK(LoopClock::now() == TimePoint(120ms));
    COCHECK(!co_await completed.next());
    COCHECK(co_await tasks[1] == 'b');
  });
}

TEST(AsCompletedTests, as_completed_with_unused_timeout) {
  expect_fifo_passes([]() -> Task<> {
    std::vector<Task<char>> coroutines;
    coroutines.push_back(value_after(10ms, 'a'));
    AsCompleted<char> completed = cocheck::as_completed(std::move(coroutines), 1s);
    const std::vector<char> values = co_await collect(completed);
    COCHECK(values == std::vector<char>(1, 'a'));
    COCHECK(LoopClock::now() == TimePoint(10ms));
  });
}

TEST(AsCompletedTests, as_completed_resume_iterator) {
  expect_fifo_passes([]() -> Task<> {
    std::vector<Task<int>> coroutines;
    for (int i = 0; i < 4; ++i) coroutines.push_back(value(i));
    AsCompleted<int> completed = cocheck::as_completed(std::move(coroutines));
    std::vector<int> values = co_await collect(completed, 2);
    COCHECK(values.size() == 2);
    const std::vector<int> rest = co_await collect(completed);
    values.insert(values.end(), rest.begin(), rest.end());
    const std::vector<int> expected = {0, 1, 2, 3};
    COCHECK(same_items(values, expected));
  });
}

TEST(AsCompletedTests, as_completed_reverse_wait) {
  expect_fifo_passes([]() -> Task<> {
    std::vector<Task<char>> coroutines;
    coroutines.push_back(value_after(50ms, 'a'));
    coroutines.push_back(value_after(100ms, 'b'));
    AsCompleted<char> completed = cocheck::as_completed(std::move(coroutines));
    auto first = completed.next();
    auto second = completed.next();
    const auto earlier = co_await second;
    COCHECK(earlier->result() == 'a');
    COCHECK(LoopClock::now() == TimePoint(50ms));
    const auto later = co_await first;
    COCHECK(later->result() == 'b');
    COCHECK(LoopClock::now() == TimePoint(100ms));
  });
}

TEST(AsCompletedTests, as_completed_concurrent) {
  expect_fifo_passes([]() -> Task<> {
    std::vector<Task<char>> coroutines;
    coroutines.push_back(value_after(50ms, 'a'));
    coroutines.push_back(value_after(50ms, 'b'));
    AsCompleted<char> completed = cocheck::as_completed(std::move(coroutines));
    std::vector<TaskHandle<std::optional<TaskHandle<char>>>> waiting;
    for (int i = 0; i < 2; ++i) waiting.push_back(create_task(completed.next()));
    const auto waited = co_await cocheck::wait(waiting);
    std::vector<char> values;
    for (const auto& task : waited.done) values.push_back(task.result()->result());
    const std::vector<char> expected = {'a', 'b'};
    COCHECK(same_items(values, expected));
    COCHECK(LoopClock::now() == TimePoint(50ms));
  });
}

TEST(AsCompletedTests, as_completed_duplicate_coroutines) {
  expect_fifo_passes([]() -> Task<> {
    const TaskHandle<std::string> ham = create_task(value(std::string("ham")));
    const TaskHandle<std::string> spam = create_task(value(std::string("spam")));
    const std::vector<TaskHandle<std::string>> tasks = {ham, ham, spam};
    AsCompleted<std::string> completed = cocheck::as_completed(tasks);
    const std::vector<std::string> values = co_await collect(completed);
    const std::vector<std::string> expected = {"ham", "spam"};
    COCHECK(values == expected);
  });
}

TEST(AsCompletedTests, as_completed_coroutine_without_loop) {
  std::vector<Task<int>> coroutines;
  coroutines.push_back(value(42));
  EXPECT_TRUE(throws<RuntimeError>(
      [&] { AsCompleted<int> completed = cocheck::as_completed(std::move(coroutines)); }));
}

TEST(AsCompletedTests, as_completed_coroutine_use_running_loop) {
  expect_fifo_passes([]() -> Task<> {
    std::vector<Task<int>> coroutines;
    coroutines.push_back(value(42));
    AsCompleted<int> completed = cocheck::as_completed(std::move(coroutines));
    const std::vector<int> values = co_await collect(completed);
    COCHECK(values == std::vector<int>(1, 42));
  });
}

TEST(AsCompletedTests, as_completed_invalid_args) {
  static_assert(HasCompletions<std::vector<TaskHandle<int>>>);
  static_assert(!HasCompletions<TaskHandle<int>>, "a list is asked for");
  static_assert(!HasCompletions<Future<int>>);
  static_assert(!HasCompletions<Task<int>>);
}

TEST(ShieldTests, shield_result) {
  expect_fifo_passes([]() -> Task<> {
    Future<int> inner;
    const Future<int> outer = shield(inner);
    inner.set_result(42);
    COCHECK(co_await outer == 42);
  });
}

TEST(ShieldTests, shield_exception) {
  expect_fifo_passes([]() -> Task<> {
    Future<int> inner;
    const Future<int> outer = shield(inner);
    co_await tick();
    const std::exception_ptr error = std::make_exception_ptr(CustomError("expected"));
    inner.set_exception(error);
    co_await tick();
    COCHECK(outer.exception() == error);
  });
}

TEST(ShieldTests, shield_cancel_inner) {
  expect_fifo_passes([]() -> Task<> {
    Future<int> inner;
    const Future<int> outer = shield(inner);
    co_await tick();
    inner.cancel();
    co_await tick();
    COCHECK(outer.cancelled());
  });
}

TEST(ShieldTests, shield_cancel_outer) {
  expect_fifo_passes([]() -> Task<> {
    Future<int> inner;
    const Future<int> outer = shield(inner);
    co_await tick();
    outer.cancel();
    co_await tick();
    COCHECK(outer.cancelled());
    COCHECK(!inner.done());
    COCHECK(outer.state().find_callback([](const detail::Callback&) { return true; }) == nullptr);
  });
}

TEST(ShieldTests, shield_cancel_outer_result) {
  expect_fifo_passes([]() -> Task<> {
    const TaskHandle<int> inner = create_task(value_after(10ms, 1));
    const Future<int> outer = shield(inner);
    co_await tick();
    outer.cancel();
    COCHECK(co_await inner == 1);
    COCHECK(outer.cancelled());
  });
}

/// A task that fails although all that shields it was cancelled.
Task<> fail_behind_cancelled_shields(int shields, bool look) {
  std::optional<TaskHandle<>> inner = create_task(fail_after<CustomError>(10ms));
  co_await tick();
  for (int i = 0; i < shields; ++i) {
    const Future<> outer = shield(*inner);
    COCHECK(outer.cancel());
    co_await tick();
  }
  co_await sleep(20ms);
  if (look) COCHECK(inner->exception() != nullptr);
  inner.reset();
  co_await tick();
}

TEST(ShieldTests, shield_cancel_outer_exception) {
  const Verdict lost =
      run_fifo([]() -> Task<> { co_await fail_behind_cancelled_shields(1, false); });
  ASSERT_TRUE(lost.failure) << lost.report();
  EXPECT_EQ(lost.failure->kind, FailureKind::unretrieved_exception) << lost.report();
  expect_fifo_passes([]() -> Task<> { co_await fail_behind_cancelled_shields(1, true); });
}

TEST(ShieldTests, shield_duplicate_log_once) {
  const Verdict lost =
      run_fifo([]() -> Task<> { co_await fail_behind_cancelled_shields(2, false); });
  ASSERT_TRUE(lost.failure) << lost.report();
  EXPECT_EQ(lost.failure->kind, FailureKind::unretrieved_exception) << lost.report();
  expect_fifo_passes([]() -> Task<> { co_await fail_behind_cancelled_shields(2, true); });
}

TEST(ShieldTests, shield_shortcut) {
  expect_fifo_passes([]() -> Task<> {
    Future<int> future;
    future.set_result(42);
    COCHECK(shield(future).done());
    COCHECK(co_await shield(future) == 42);
  });
}

TEST(ShieldTests, shield_effect) {
  expect_fifo_passes([]() -> Task<> {
    int proof = 0;
    Future<> waiter;
    const auto inner = [&]() -> Task<> {
      co_await waiter;
      proof += 1;
    };
    const auto outer = [&]() -> Task<> {
      co_await shield(inner());
      proof += 100;
    };
    const TaskHandle<> task = create_task(outer());
    co_await tick();
    task.cancel();
    COCHECK(co_await fails_with<CancelledError>(task));
    waiter.set_result();
    co_await tick();
    COCHECK(proof == 1);
  });
}

// A gather is shielded as the coroutine that awaits it.
TEST(ShieldTests, shield_gather) {
  expect_fifo_passes([]() -> Task<> {
    Future<int> first;
    Future<int> second;
    const auto both = [&]() -> Task<std::tuple<int, int>> {
      co_return co_await gather(await_future(first), await_future(second));
    };
    const auto parent = create_task(both());
    const Future<std::tuple<int, int>> outer = shield(parent);
    co_await tick();
    outer.cancel();
    co_await tick();
    COCHECK(outer.cancelled());
    first.set_result(1);
    second.set_result(2);
    COCHECK(co_await parent == std::tuple(1, 2));
  });
}

TEST(ShieldTests, gather_shield) {
  expect_fifo_passes([]() -> Task<> {
    Future<int> first;
    Future<int> second;
    const TaskHandle<int> inner_first = create_task(await_future(shield(first)));
    const TaskHandle<int> inner_second = create_task(await_future(shield(second)));
    const auto parent = gather(inner_first, inner_second);
    co_await tick();
    COCHECK(parent.cancel());
    bool cancelled = false;
    try {
      co_await parent;
    } catch (const CancelledError&) {
      cancelled = true;
    }
    COCHECK(cancelled);
    COCHECK(inner_first.cancelled());
    COCHECK(inner_second.cancelled());
    COCHECK(!first.done());
    COCHECK(!second.done());
    first.set_result(1);
    second.set_result(2);
    co_await tick();
  });
}

TEST(ShieldTests, shield_coroutine_without_loop) {
  EXPECT_TRUE(throws<RuntimeError>([] { return shield(value(42)); }));
}

TEST(ShieldTests, shield_coroutine_use_running_loop) {
  expect_fifo_passes([]() -> Task<> {
    const auto give = []() -> Task<Future<int>> { co_return shield(value(42)); };
    const Future<int> outer = co_await create_task(give());
    COCHECK(co_await outer == 42);
  });
}

TEST(SleepTests, sleep) {
  expect_fifo_passes([]() -> Task<> {
    const auto sleeper = [](Duration delay, std::string result) -> Task<std::string> {
      co_await cocheck::sleep(delay / 2);
      co_return co_await cocheck::sleep(delay / 2, result);
    };
    const auto task = create_task(sleeper(100ms, "yeah"));
    COCHECK(co_await task == "yeah");
    COCHECK(LoopClock::now() == TimePoint(100ms));
  });
}

TEST(SleepTests, sleep_when_delay_is_nan) {
  expect_fifo_passes([]() -> Task<> {
    const auto sleeper = []() -> Task<> {
      co_await cocheck::sleep(
          std::chrono::duration<double>(std::numeric_limits<double>::quiet_NaN()));
    };
    COCHECK(co_await fails_with<ValueError>(sleeper()));
  });
}

// A timer that was not dropped would still be due.
TEST(SleepTests, sleep_cancel) {
  expect_fifo_passes([]() -> Task<> {
    const TaskHandle<> task = create_task(nap(10s));
    co_await tick();
    task.cancel();
    COCHECK(co_await fails_with<CancelledError>(task));
    COCHECK(LoopClock::now() == TimePoint());
    co_await cocheck::sleep(1h);
    COCHECK(LoopClock::now() == TimePoint(1h));
  });
}

TEST(SleepTests, sleep_zero) {
  expect_fifo_passes([]() -> Task<> {
    int result = 0;
    call_soon([&] { result += 1; });
    COCHECK(result == 0);
    const int number = co_await cocheck::sleep(0s, 10);
    COCHECK(result == 1);
    result += number;
    COCHECK(result == 11);
  });
}

TEST(GatherTests, success) {
  expect_fifo_passes([]() -> Task<> {
    Future<int> a;
    Future<int> b;
    Future<int> c;
    const auto all = gather(await_future(a), await_future(b), await_future(c));
    b.set_result(1);
    a.set_result(2);
    co_await sleep(1ms);
    COCHECK(!all.done());
    c.set_result(3);
    co_await sleep(1ms);
    COCHECK(all.done());
    COCHECK(co_await all == std::tuple(2, 1, 3));
  });
}

TEST(GatherTests, result_exception_success) {
  expect_fifo_passes([]() -> Task<> {
    Future<int> a;
    Future<int> b;
    Future<int> c;
    const auto all = gather(return_exceptions, await_future(a), await_future(b), await_future(c));
    b.set_result(1);
    a.set_result(2);
    co_await sleep(1ms);
    COCHECK(!all.done());
    c.set_result(3);
    const auto [first, second, third] = co_await all;
    COCHECK(first.value() == 2);
    COCHECK(second.value() == 1);
    COCHECK(third.value() == 3);
  });
}

/// How a gather fails, in words.
template <class Gathered>
Task<std::string> failure_of(const Gathered& gathered) {
  try {
    (void)co_await gathered;
  } catch (...) {
    co_return describe(std::current_exception());
  }
  co_return "";
}

TEST(GatherTests, one_exception) {
  expect_fifo_passes([]() -> Task<> {
    std::vector<Future<int>> futures(5);
    std::vector<Task<int>> coroutines;
    for (const Future<int>& future : futures) coroutines.push_back(await_future(future));
    const auto all = gather(std::move(coroutines));
    futures[0].set_result(1);
    futures[1].set_exception(ZeroDivisionError());
    co_await sleep(1ms);
    COCHECK(all.done());
    const std::string failure = co_await failure_of(all);
    COCHECK(failure.find("division by zero") != std::string::npos);
    futures[2].set_result(3);
    futures[3].cancel();
    futures[4].set_exception(CustomError());
    co_await sleep(1ms);
    COCHECK(co_await failure_of(all) == failure);
  });
}

TEST(GatherTests, return_exceptions) {
  expect_fifo_passes([]() -> Task<> {
    std::vector<Future<int>> futures(4);
    std::vector<Task<int>> coroutines;
    for (const Future<int>& future : futures) coroutines.push_back(await_future(future));
    const auto all = gather(cocheck::return_exceptions, std::move(coroutines));
    const auto first_error = std::make_exception_ptr(ZeroDivisionError());
    const auto second_error = std::make_exception_ptr(CustomError());
    futures[1].set_result(1);
    futures[2].set_exception(first_error);
    futures[0].set_result(3);
    co_await sleep(1ms);
    COCHECK(!all.done());
    futures[3].set_exception(second_error);
    co_await sleep(1ms);
    COCHECK(all.done());
    const std::vector<Result<int>> results = co_await all;
    COCHECK(results[0].value() == 3);
    COCHECK(results[1].value() == 1);
    COCHECK(results[2].error() == first_error);
    COCHECK(results[3].error() == second_error);
  });
}

TEST(GatherTests, constructor_empty_sequence_without_loop) {
  EXPECT_TRUE(throws<RuntimeError>([] { return gather(std::vector<Task<int>>()); }));
}

TEST(GatherTests, constructor_empty_sequence_use_running_loop) {
  expect_fifo_passes([]() -> Task<> {
    const auto none = gather(std::vector<Task<int>>());
    co_await tick();
    COCHECK(none.done());
    const std::vector<int> values = co_await none;
    COCHECK(values.empty());
  });
}

// The same tasks may be children of two gathers.
TEST(GatherTests, constructor_homogenous_futures) {
  expect_fifo_passes([]() -> Task<> {
    std::vector<Future<int>> futures(3);
    std::vector<TaskHandle<int>> children;
    for (const Future<int>& future : futures) children.push_back(create_task(await_future(future)));
    const auto first = gather(children);
    co_await sleep(1ms);
    COCHECK(!first.done());
    const auto second = gather(children);
    co_await sleep(1ms);
    COCHECK(!second.done());
    for (int i = 0; i < 3; ++i) futures[static_cast<std::size_t>(i)].set_result(i);
    const std::vector<int> expected = {0, 1, 2};
    COCHECK(co_await first == expected);
    COCHECK(co_await second == expected);
  });
}

TEST(GatherTests, one_cancellation) {
  expect_fifo_passes([]() -> Task<> {
    std::vector<Future<int>> futures(5);
    std::vector<Task<int>> coroutines;
    for (const Future<int>& future : futures) coroutines.push_back(await_future(future));
    const auto all = gather(std::move(coroutines));
    futures[0].set_result(1);
    futures[1].cancel();
    co_await sleep(1ms);
    COCHECK(all.done());
    COCHECK(co_await failure_of(all) == "CancelledError");
    COCHECK(current_task().cancelling() == 0);
    futures[2].set_result(3);
    futures[3].cancel();
    futures[4].set_exception(CustomError());
    co_await sleep(1ms);
  });
}

TEST(GatherTests, result_exception_one_cancellation) {
  expect_fifo_passes([]() -> Task<> {
    std::vector<Future<int>> futures(6);
    std::vector<Task<int>> coroutines;
    for (const Future<int>& future : futures) coroutines.push_back(await_future(future));
    const auto all = gather(cocheck::return_exceptions, std::move(coroutines));
    const auto first_error = std::make_exception_ptr(ZeroDivisionError());
    const auto second_error = std::make_exception_ptr(CustomError());
    futures[0].set_result(1);
    futures[1].set_exception(first_error);
    futures[2].cancel();
    co_await sleep(1ms);
    COCHECK(!all.done());
    futures[3].set_result(3);
    futures[4].cancel();
    futures[5].set_exception(second_error);
    const std::vector<Result<int>> results = co_await all;
    COCHECK(results[0].value() == 1);
    COCHECK(results[1].error() == first_error);
    COCHECK(results[2].cancelled());
    COCHECK(results[3].value() == 3);
    COCHECK(results[4].cancelled());
    COCHECK(results[5].error() == second_error);
  });
}

TEST(GatherTests, constructor_without_loop) {
  EXPECT_TRUE(throws<RuntimeError>([] { return gather(value(1), value(2)); }));
}

TEST(GatherTests, constructor_use_running_loop) {
  expect_fifo_passes([]() -> Task<> {
    const auto both = gather(value(std::string("abc")), value(std::string("abc")));
    COCHECK(co_await both == std::tuple(std::string("abc"), std::string("abc")));
  });
}

TEST(GatherTests, duplicate_coroutines) {
  expect_fifo_passes([]() -> Task<> {
    const TaskHandle<std::string> abc = create_task(value(std::string("abc")));
    const TaskHandle<std::string> def = create_task(value(std::string("def")));
    const std::vector<TaskHandle<std::string>> children = {abc, abc, def, abc};
    const std::vector<std::string> values = co_await gather(children);
    const std::vector<std::string> expected = {"abc", "abc", "def", "abc"};
    COCHECK(values == expected);
  });
}

TEST(GatherTests, cancellation_broadcast) {
  expect_fifo_passes([]() -> Task<> {
    int proof = 0;
    Future<> waiter;
    const auto inner = [&]() -> Task<> {
      co_await waiter;
      proof += 1;
    };
    const TaskHandle<> first = create_task(inner());
    const TaskHandle<> second = create_task(inner());
    const auto both = gather(first, second);
    const auto outer = [&]() -> Task<> {
      co_await both;
      proof += 100;
    };
    const TaskHandle<> task = create_task(outer());
    co_await tick();
    COCHECK(task.cancel());
    COCHECK(co_await fails_with<CancelledError>(task));
    COCHECK(!both.cancel());
    COCHECK(waiter.cancelled());
    COCHECK(first.cancelled());
    COCHECK(second.cancelled());
    co_await tick();
    COCHECK(proof == 0);
  });
}

// The second exception is nobody's and counts as looked at.
TEST(GatherTests, exception_marking) {
  expect_fifo_passes([]() -> Task<> {
    Future<> a;
    Future<> b;
    const auto inner = [](Future<> future) -> Task<> {
      co_await future;
      throw CustomError();
    };
    const auto outer = [&]() -> Task<> { co_await gather(inner(a), inner(b)); };
    const TaskHandle<> task = create_task(outer());
    co_await tick();
    a.set_result();
    co_await tick();
    b.set_result();
    COCHECK(co_await fails_with<CustomError>(task));
    co_await sleep(1ms);
  });
}

TEST(GatherTests, cancel_gather_1) {
  expect_fifo_passes([]() -> Task<> {
    Future<int> future;
    const auto both = gather(await_future(future), value(1));
    co_await tick();
    std::optional<bool> accepted;
    // Runs after the child has ended, and before the gather has been told.
    future.add_done_callback(
        [&](const Future<int>&) { call_soon([&] { accepted = both.cancel(); }); });
    future.set_result(42);
    COCHECK(co_await both == std::tuple(42, 1));
    COCHECK(accepted == false);
  });
}

TEST(GatherTests, cancel_gather_2) {
  for (const char* message : {"", "my message"}) {
    expect_fifo_passes([message]() -> Task<> {
      const auto rounds = []() -> Task<> {
        for (int i = 0; i < 20; ++i) (void)co_await gather(return_exceptions, nap(50ms));
      };
      const TaskHandle<> task = create_task(rounds());
      co_await sleep(200ms);
      task.cancel(message);
      COCHECK(co_await fails_with<CancelledError>(task));
      COCHECK(thrown_by([&] { task.result(); }) ==
              describe(std::make_exception_ptr(CancelledError(message))));
    });
  }
}

// What test_eager_task_factory says of the gather of tasks that are done, on its own.
TEST(GatherTests, done_children_complete_it_at_once) {
  expect_fifo_passes([]() -> Task<> {
    const TaskHandle<int> task = create_task(value(1));
    co_await task;
    const auto all = gather(task, task);
    COCHECK(all.done());
    COCHECK(co_await all == std::tuple(1, 1));
  });
}

void expect_eager_passes(const Model& model,
                         std::source_location place = std::source_location::current()) {
  Options options;
  options.eager_tasks = true;
  expect_fifo_passes(model, options, place);
}

TEST(EagerTests, await_future_during_eager_step) {
  expect_eager_passes([]() -> Task<> {
    Future<std::string> future;
    const auto set = [&]() -> Task<> {
      future.set_result("my message");
      co_return;
    };
    const TaskHandle<> task = create_task(set());
    COCHECK(task.done());
    COCHECK(co_await future == "my message");
  });
}

TEST(EagerTests, eager_completion) {
  expect_eager_passes([]() -> Task<> {
    const TaskHandle<std::string> task = create_task(value(std::string("hello")));
    COCHECK(task.done());
    COCHECK(co_await task == "hello");
  });
}

TEST(EagerTests, block_after_eager_step) {
  expect_eager_passes([]() -> Task<> {
    const TaskHandle<int> task = create_task(value_after(100ms, 1));
    COCHECK(!task.done());
    COCHECK(co_await task == 1);
    COCHECK(task.done());
  });
}

TEST(EagerTests, cancellation_after_eager_completion) {
  expect_eager_passes([]() -> Task<> {
    const TaskHandle<int> task = create_task(value(1));
    COCHECK(!task.cancel());
    COCHECK(co_await task == 1);
    COCHECK(!task.cancelled());
  });
}

TEST(EagerTests, cancellation_after_eager_step_blocks) {
  expect_eager_passes([]() -> Task<> {
    const TaskHandle<int> task = create_task(value_after(100ms, 1));
    task.cancel("cancellation message");
    COCHECK(task.cancelling() > 0);
    COCHECK(co_await fails_with<CancelledError>(task));
    COCHECK(thrown_by([&] { return task.result(); }) == "CancelledError(\"cancellation message\")");
  });
}

TEST(EagerTests, current_task) {
  expect_eager_passes([]() -> Task<> {
    std::optional<TaskRef> seen;
    const TaskRef root = cocheck::current_task();
    const auto body = [&]() -> Task<> {
      seen = cocheck::current_task();
      co_await sleep(100ms);
      COCHECK(cocheck::current_task() == *seen);
    };
    const TaskHandle<> task = create_task(body());
    COCHECK(*seen == task);
    COCHECK(cocheck::current_task() == root);
    co_await task;
  });
}

Task<int> chain(int depth) {
  if (depth == 0) co_return 0;
  co_return 1 + co_await chain(depth - 1);
}

Task<> recursive_taskgroups(int width, int depth, int& entered) {
  ++entered;
  if (depth == 0) co_return;
  TaskGroup group;
  co_await group.run([&]() -> Task<> {
    for (int i = 0; i < width; ++i) {
      group.create_task(recursive_taskgroups(width, depth - 1, entered));
    }
    co_return;
  });
}

Task<> recursive_gather(int width, int depth, int& entered) {
  ++entered;
  if (depth == 0) co_return;
  std::vector<Task<>> children;
  for (int i = 0; i < width; ++i) children.push_back(recursive_gather(width, depth - 1, entered));
  co_await gather(std::move(children));
}

constexpr int kTreeOfFive = 1 + 5 + 25 + 125 + 625;

TEST(EagerTests, awaitables_chain) {
  expect_eager_passes([]() -> Task<> {
    const TaskHandle<int> task = create_task(chain(100));
    COCHECK(task.done());
    COCHECK(co_await task == 100);
  });
}

TEST(EagerTests, recursive_taskgroups) {
  expect_eager_passes([]() -> Task<> {
    int entered = 0;
    const TaskHandle<> task = create_task(conformance::recursive_taskgroups(5, 4, entered));
    COCHECK(entered == kTreeOfFive);  // none waits for its first step
    co_await task;
  });
}

TEST(EagerTests, recursive_gather) {
  expect_eager_passes([]() -> Task<> {
    int entered = 0;
    const TaskHandle<> task = create_task(conformance::recursive_gather(5, 4, entered));
    COCHECK(entered == kTreeOfFive);
    COCHECK(task.done());
    co_await task;
  });
}

TEST(NonEagerTests, awaitables_chain) {
  expect_fifo_passes([]() -> Task<> {
    const TaskHandle<int> task = create_task(chain(100));
    COCHECK(!task.done());
    COCHECK(co_await task == 100);
  });
}

TEST(NonEagerTests, recursive_taskgroups) {
  expect_fifo_passes([]() -> Task<> {
    int entered = 0;
    const TaskHandle<> task = create_task(conformance::recursive_taskgroups(5, 4, entered));
    COCHECK(entered == 0);
    co_await task;
    COCHECK(entered == kTreeOfFive);
  });
}

TEST(NonEagerTests, recursive_gather) {
  expect_fifo_passes([]() -> Task<> {
    int entered = 0;
    const TaskHandle<> task = create_task(conformance::recursive_gather(5, 4, entered));
    COCHECK(entered == 0);
    co_await task;
    COCHECK(entered == kTreeOfFive);
  });
}

}  // namespace
}  // namespace cocheck::conformance
