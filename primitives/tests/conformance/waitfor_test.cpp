// CPython's test_waitfor.

#include <gtest/gtest.h>

#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "cocheck/future.hpp"
#include "cocheck/shield.hpp"
#include "cocheck/task_handle.hpp"
#include "cocheck/wait.hpp"
#include "cocheck/wait_for.hpp"
#include "run_fifo.hpp"

namespace cocheck::conformance {
namespace {

using namespace std::chrono_literals;

constexpr Duration kSlow = 200ms;
constexpr Duration kTiny = 100us;

class CustomError : public std::runtime_error {
 public:
  CustomError() : std::runtime_error("custom") {}
};

Task<> nap(Duration delay) {
  co_await sleep(delay);
}

Task<std::string> done_after(Duration delay) {
  co_await sleep(delay);
  co_return "done";
}

/// Runs for kSlow, whoever asks it to end before.
Task<> run_stubbornly(bool& exited) {
  const TimePoint end = LoopClock::now() + kSlow;
  while (LoopClock::now() < end) {
    try {
      co_await sleep(end - LoopClock::now());
    } catch (const CancelledError&) {
    }
  }
  exited = true;
}

/// Runs for long; takes kTiny to be cancelled, and notes that it did.
Task<> clean_up_slowly(bool& cleaned) {
  const bool cancelled = co_await fails_with<CancelledError>(nap(10s));
  COCHECK(cancelled);
  co_await sleep(kTiny);
  cleaned = true;
  throw CancelledError();
}

/// Whether awaiting it throws a TimeoutError whose cause is a CancelledError.
Task<bool> times_out_because_cancelled(Task<> task) {
  bool has_cause = false;
  try {
    co_await task;
  } catch (const TimeoutError& error) {
    try {
      std::rethrow_if_nested(error);
    } catch (const CancelledError&) {
      has_cause = true;
    }
  }
  co_return has_cause;
}

TEST(WaitForTests, asyncio_wait_for_cancelled) {
  expect_fifo_passes([]() -> Task<> {
    bool exited = false;
    const std::vector<TaskHandle<>> waiting = {
        create_task(wait_for(run_stubbornly(exited), 2 * kSlow))};
    co_await tick();
    waiting[0].cancel();
    co_await wait(waiting);
    COCHECK(exited);
    COCHECK(waiting[0].done());
    COCHECK(LoopClock::now() == TimePoint(kSlow));
  });
}

TEST(WaitForTests, asyncio_wait_for_timeout) {
  expect_fifo_passes([]() -> Task<> {
    bool exited = false;
    co_await wait_for(run_stubbornly(exited), kSlow / 2);
    COCHECK(exited);
    COCHECK(LoopClock::now() == TimePoint(kSlow));
  });
}

TEST(WaitForTests, wait_for_timeout_less_then_0_or_0_future_done) {
  expect_fifo_passes([]() -> Task<> {
    Future<std::string> future;
    future.set_result("done");
    COCHECK(co_await wait_for(future, 0s) == "done");
    COCHECK(co_await wait_for(future, -1s) == "done");
  });
}

TEST(WaitForTests, wait_for_timeout_less_then_0_or_0_coroutine_do_not_started) {
  expect_fifo_passes([]() -> Task<> {
    bool started = false;
    const auto body = [&]() -> Task<> {
      started = true;
      co_return;
    };
    COCHECK(co_await fails_with<TimeoutError>(wait_for(body(), 0s)));
    COCHECK(!started);
  });
}

TEST(WaitForTests, wait_for_timeout_less_then_0_or_0) {
  for (const Duration delay : {0s, -1s}) {
    expect_fifo_passes([delay]() -> Task<> {
      bool running = false;
      Future<> started;
      const auto body = [&]() -> Task<> {
        running = true;
        started.set_result();
        try {
          co_await sleep(10s);
        } catch (const CancelledError&) {
          running = false;
          throw;
        }
      };
      const TaskHandle<> task = create_task(body());
      co_await started;
      COCHECK(running);
      COCHECK(co_await fails_with<TimeoutError>(wait_for(task, delay)));
      COCHECK(task.cancelled());
      COCHECK(!running);
    });
  }
}

TEST(WaitForTests, wait_for) {
  expect_fifo_passes([]() -> Task<> {
    bool running = false;
    const auto body = [&]() -> Task<> {
      running = true;
      try {
        co_await sleep(300s);
      } catch (const CancelledError&) {
        running = false;
        throw;
      }
    };
    const TaskHandle<> task = create_task(body());
    COCHECK(co_await fails_with<TimeoutError>(wait_for(task, 100ms)));
    COCHECK(task.cancelled());
    COCHECK(!running);
    COCHECK(LoopClock::now() == TimePoint(100ms));
  });
}

TEST(WaitForTests, wait_for_blocking) {
  expect_fifo_passes(
      []() -> Task<> { COCHECK(co_await wait_for(done_after(0s), std::nullopt) == "done"); });
}

TEST(WaitForTests, wait_for_race_condition) {
  expect_fifo_passes([]() -> Task<> {
    Future<std::string> future;
    Future<> soon;
    soon.set_result();
    soon.add_done_callback([&](const Future<>&) { future.set_result("ok"); });
    COCHECK(co_await wait_for(future, 200ms) == "ok");
    COCHECK(LoopClock::now() == TimePoint());
  });
}

TEST(WaitForTests, wait_for_cancellation_race_condition) {
  expect_fifo_passes([]() -> Task<> {
    const auto swallow = []() -> Task<int> {
      COCHECK(co_await fails_with<CancelledError>(nap(1s)));
      co_return 1;
    };
    COCHECK(co_await wait_for(swallow(), 10ms) == 1);
  });
}

TEST(WaitForTests, wait_for_waits_for_task_cancellation) {
  expect_fifo_passes([]() -> Task<> {
    bool cleaned = false;
    const TaskHandle<> task = create_task(clean_up_slowly(cleaned));
    COCHECK(co_await times_out_because_cancelled(wait_for(task, kTiny)));
    COCHECK(cleaned);
    COCHECK(task.cancelled());
  });
}

TEST(WaitForTests, wait_for_waits_for_task_cancellation_w_timeout_0) {
  expect_fifo_passes([]() -> Task<> {
    bool cleaned = false;
    const TaskHandle<> task = create_task(clean_up_slowly(cleaned));
    co_await sleep(kTiny);
    COCHECK(co_await times_out_because_cancelled(wait_for(task, 0s)));
    COCHECK(cleaned);
    COCHECK(task.cancelled());
  });
}

TEST(WaitForTests, wait_for_reraises_exception_during_cancellation) {
  expect_fifo_passes([]() -> Task<> {
    const auto fail_in_cleanup = []() -> Task<> {
      try {
        co_await sleep(200ms);
      } catch (const CancelledError&) {
      }
      throw CustomError();
    };
    const TaskHandle<> task = create_task(fail_in_cleanup());
    COCHECK(co_await fails_with<CustomError>(wait_for(task, kTiny)));
    COCHECK(LoopClock::now() == TimePoint(kTiny));
  });
}

Task<> cancel_what_waits(std::optional<Duration> delay) {
  Future<> never;
  const auto block = [&]() -> Task<> { co_await never; };
  const TaskHandle<> task = create_task(block());
  const TaskHandle<> waiting = create_task(wait_for(task, delay));
  Future<> soon;
  soon.set_result();
  soon.add_done_callback([&](const Future<>&) { waiting.cancel(); });
  COCHECK(co_await fails_with<CancelledError>(waiting));
  COCHECK(task.cancelled());
  COCHECK(LoopClock::now() == TimePoint());
}

TEST(WaitForTests, cancel_blocking_wait_for) {
  expect_fifo_passes([]() -> Task<> { co_await cancel_what_waits(std::nullopt); });
}

TEST(WaitForTests, cancel_wait_for) {
  expect_fifo_passes([]() -> Task<> { co_await cancel_what_waits(60s); });
}

TEST(WaitForTests, wait_for_cancel_suppressed) {
  expect_fifo_passes([]() -> Task<> {
    const auto give_42 = []() -> Task<int> {
      try {
        co_await sleep(10s);
      } catch (const CancelledError&) {
        co_return 42;
      }
      co_return 0;
    };
    COCHECK(co_await wait_for(give_42(), 100ms) == 42);
    COCHECK(current_task().cancelling() == 0);
  });
}

TEST(WaitForTests, wait_for_issue86296) {
  expect_fifo_passes([]() -> Task<> {
    const auto finish_at_once = []() -> Task<std::string> { co_return "done"; };
    const TaskHandle<std::string> inner = create_task(finish_at_once());
    bool reached_end = false;
    const auto body = [&]() -> Task<> {
      co_await wait_for(inner, 100s);
      co_await sleep(1s);
      reached_end = true;
    };
    const TaskHandle<> task = create_task(body());
    COCHECK(!task.done());
    co_await tick();
    task.cancel();
    COCHECK(co_await fails_with<CancelledError>(task));
    COCHECK(inner.done());
    COCHECK(co_await inner == "done");
    COCHECK(!reached_end);
  });
}

TEST(WaitForShieldTests, zero_timeout) {
  expect_fifo_passes([]() -> Task<> {
    const TaskHandle<std::string> task = create_task(done_after(10ms));
    const Future<std::string> shielded = shield(task);
    COCHECK(co_await fails_with<TimeoutError>(wait_for(shielded, 0s)));
    COCHECK(!task.done());
    COCHECK(!task.cancelled());
    COCHECK(shielded.cancelled());
    co_await sleep(100ms);
    COCHECK(task.result() == "done");
  });
}

TEST(WaitForShieldTests, none_timeout) {
  expect_fifo_passes([]() -> Task<> {
    const TaskHandle<std::string> task = create_task(done_after(100ms));
    COCHECK(co_await wait_for(shield(task), std::nullopt) == "done");
    COCHECK(task.done());
    COCHECK(co_await task == "done");
  });
}

TEST(WaitForShieldTests, shielded_timeout) {
  expect_fifo_passes([]() -> Task<> {
    const TaskHandle<std::string> task = create_task(done_after(100ms));
    COCHECK(co_await fails_with<TimeoutError>(wait_for(shield(task), 10ms)));
    COCHECK(!task.done());
    COCHECK(!task.cancelled());
    COCHECK(co_await task == "done");
    COCHECK(LoopClock::now() == TimePoint(100ms));
  });
}

}  // namespace
}  // namespace cocheck::conformance
