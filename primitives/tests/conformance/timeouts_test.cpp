// CPython's test_timeouts.

#include <gtest/gtest.h>

#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>

#include "cocheck/describe.hpp"
#include "cocheck/future.hpp"
#include "cocheck/task_group.hpp"
#include "cocheck/task_handle.hpp"
#include "cocheck/timeout.hpp"
#include "cocheck/world.hpp"
#include "run_fifo.hpp"

namespace cocheck::conformance {
namespace {

using namespace std::chrono_literals;

class ZeroDivisionError : public std::runtime_error {
 public:
  ZeroDivisionError() : std::runtime_error("division by zero") {}
};

class KeyError : public std::runtime_error {
 public:
  KeyError() : std::runtime_error("no such key") {}
};

Task<> nap(Duration delay) {
  co_await sleep(delay);
}

/// Sleeps for long in a scope of `delay`.
Task<> wait_in(Duration delay) {
  Timeout scope = timeout(delay);
  co_await scope.run(nap(10s));
}

/// Python's time.sleep(): the loop is busy meanwhile.
void burn(Duration duration) {
  static_cast<World&>(Loop::current()).advance(duration);
}

/// Whether `error` has an E nested in it: Python's `__cause__`.
template <class E, class Outer>
bool caused_by(const Outer& error) {
  try {
    std::rethrow_if_nested(error);
  } catch (const E&) {
    return true;
  } catch (...) {
  }
  return false;
}

/// What the call throws, as text; "" when it throws no RuntimeError.
template <std::invocable Call>
std::string refusal(Call&& call) {
  try {
    call();
  } catch (const RuntimeError& error) {
    return error.what();
  }
  return "";
}

bool contains(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

TEST(TimeoutTests, timeout_basic) {
  expect_fifo_passes([]() -> Task<> {
    Timeout scope = timeout(10ms);
    COCHECK(co_await fails_with<TimeoutError>(scope.run(nap(10s))));
    COCHECK(scope.expired());
    COCHECK(LoopClock::now() == TimePoint(10ms));
  });
}

TEST(TimeoutTests, timeout_at_basic) {
  expect_fifo_passes([]() -> Task<> {
    const TimePoint deadline = LoopClock::now() + 10ms;
    Timeout scope = timeout_at(deadline);
    COCHECK(co_await fails_with<TimeoutError>(scope.run(nap(10s))));
    COCHECK(scope.expired());
    COCHECK(scope.when() == deadline);
  });
}

TEST(TimeoutTests, nested_timeouts) {
  expect_fifo_passes([]() -> Task<> {
    const TimePoint deadline = LoopClock::now() + 10ms;
    Timeout outer = timeout_at(deadline);
    Timeout inner = timeout_at(deadline);
    bool cancelled = false;
    COCHECK(co_await fails_with<TimeoutError>(outer.run([&]() -> Task<> {
      try {
        co_await inner.run(nap(10s));
      } catch (const CancelledError&) {
        cancelled = true;
        throw;
      }
    })));
    COCHECK(cancelled);
    COCHECK(outer.expired());
    COCHECK(inner.expired());
  });
}

TEST(TimeoutTests, waiter_cancelled) {
  expect_fifo_passes([]() -> Task<> {
    Timeout scope = timeout(10ms);
    bool cancelled = false;
    COCHECK(co_await fails_with<TimeoutError>(scope.run([&]() -> Task<> {
      try {
        co_await sleep(10s);
      } catch (const CancelledError&) {
        cancelled = true;
        throw;
      }
    })));
    COCHECK(cancelled);
  });
}

TEST(TimeoutTests, timeout_not_called) {
  expect_fifo_passes([]() -> Task<> {
    Timeout scope = timeout(10s);
    co_await scope.run(nap(10ms));
    COCHECK(!scope.expired());
    COCHECK(scope.when() > LoopClock::now());
    COCHECK(LoopClock::now() == TimePoint(10ms));
  });
}

TEST(TimeoutTests, timeout_disabled) {
  expect_fifo_passes([]() -> Task<> {
    Timeout scope = timeout(std::nullopt);
    co_await scope.run(nap(10ms));
    COCHECK(!scope.expired());
    COCHECK(!scope.when());
  });
}

TEST(TimeoutTests, timeout_at_disabled) {
  expect_fifo_passes([]() -> Task<> {
    Timeout scope = timeout_at(std::nullopt);
    co_await scope.run(nap(10ms));
    COCHECK(!scope.expired());
    COCHECK(!scope.when());
  });
}

TEST(TimeoutTests, timeout_zero) {
  expect_fifo_passes([]() -> Task<> {
    const TimePoint before = LoopClock::now();
    Timeout scope = timeout(0s);
    COCHECK(co_await fails_with<TimeoutError>(scope.run(nap(10s))));
    COCHECK(scope.expired());
    COCHECK(before <= scope.when() && scope.when() <= LoopClock::now());
    COCHECK(LoopClock::now() == before);
  });
}

TEST(TimeoutTests, timeout_zero_sleep_zero) {
  expect_fifo_passes([]() -> Task<> {
    const TimePoint before = LoopClock::now();
    Timeout scope = timeout(0s);
    COCHECK(co_await fails_with<TimeoutError>(scope.run(nap(0s))));
    COCHECK(scope.expired());
    COCHECK(before <= scope.when() && scope.when() <= LoopClock::now());
  });
}

TEST(TimeoutTests, timeout_in_the_past_sleep_zero) {
  expect_fifo_passes([]() -> Task<> {
    const TimePoint before = LoopClock::now();
    Timeout scope = timeout(-11s);
    COCHECK(co_await fails_with<TimeoutError>(scope.run(nap(0s))));
    COCHECK(scope.expired());
    COCHECK(scope.when() == before - 11s);
  });
}

TEST(TimeoutTests, foreign_exception_passed) {
  expect_fifo_passes([]() -> Task<> {
    Timeout scope = timeout(10ms);
    COCHECK(co_await fails_with<KeyError>(scope.run([]() -> Task<> {
      throw KeyError();
      co_return;
    })));
    COCHECK(!scope.expired());
  });
}

// What was thrown before has no link to the CancelledError in C++; its being the cause has.
TEST(TimeoutTests, timeout_exception_context) {
  expect_fifo_passes([]() -> Task<> {
    Timeout scope = timeout(10ms);
    bool has_cause = false;
    try {
      co_await scope.run(nap(1s));
    } catch (const TimeoutError& error) {
      has_cause = caused_by<CancelledError>(error);
    }
    COCHECK(has_cause);
  });
}

TEST(TimeoutTests, foreign_exception_on_timeout) {
  expect_fifo_passes([]() -> Task<> {
    Timeout scope = timeout(10ms);
    COCHECK(co_await fails_with<ZeroDivisionError>(scope.run([]() -> Task<> {
      try {
        co_await sleep(1s);
      } catch (const CancelledError&) {
        throw ZeroDivisionError();
      }
    })));
    COCHECK(scope.expired());
    COCHECK(current_task().cancelling() == 0);
  });
}

// A chain that the body has nested itself comes out as it was.
TEST(TimeoutTests, foreign_exception_on_timeout_2) {
  expect_fifo_passes([]() -> Task<> {
    Timeout scope = timeout(10ms);
    bool is_key_error = false;
    bool has_cause = false;
    try {
      co_await scope.run([]() -> Task<> {
        try {
          try {
            co_await sleep(1s);
          } catch (const CancelledError&) {
            std::throw_with_nested(KeyError());
          }
        } catch (const KeyError&) {
          std::throw_with_nested(ZeroDivisionError());
        }
      });
    } catch (const ZeroDivisionError& error) {
      try {
        std::rethrow_if_nested(error);
      } catch (const KeyError& nested) {
        is_key_error = true;
        has_cause = caused_by<CancelledError>(nested);
      }
    }
    COCHECK(is_key_error);
    COCHECK(has_cause);
    COCHECK(scope.expired());
  });
}

TEST(TimeoutTests, foreign_cancel_doesnt_timeout_if_not_expired) {
  expect_fifo_passes([]() -> Task<> {
    Timeout scope = timeout(10s);
    COCHECK(co_await fails_with<CancelledError>(scope.run([]() -> Task<> {
      current_task().cancel();
      co_await sleep(10s);
    })));
    COCHECK(!scope.expired());
    COCHECK(LoopClock::now() == TimePoint());
  });
}

TEST(TimeoutTests, outer_task_is_not_cancelled) {
  expect_fifo_passes([]() -> Task<> {
    const auto outer = []() -> Task<> { COCHECK(co_await fails_with<TimeoutError>(wait_in(1ms))); };
    const TaskHandle<> task = create_task(outer());
    co_await task;
    COCHECK(!task.cancelled());
    COCHECK(task.done());
  });
}

// The outer scope's cancellation goes through the inner one, which had not expired.
TEST(TimeoutTests, nested_timeouts_concurrent) {
  expect_fifo_passes([]() -> Task<> {
    Timeout outer = timeout(2ms);
    Timeout inner = timeout(100ms);
    bool inner_passed_it_on = false;
    COCHECK(co_await fails_with<TimeoutError>(outer.run([&]() -> Task<> {
      try {
        co_await inner.run([]() -> Task<> {
          burn(10ms);
          co_await sleep(1s);
        });
      } catch (const CancelledError&) {
        inner_passed_it_on = true;
        throw;
      }
    })));
    COCHECK(inner_passed_it_on);
    COCHECK(outer.expired());
    COCHECK(!inner.expired());
    COCHECK(LoopClock::now() == TimePoint(10ms));
  });
}

/// An inner scope of 10 ms in an outer one of 100 ms, with a body that burns `busy`.
Task<> nest_busy_timeouts(Duration busy, bool& inner_timed_out) {
  Timeout outer = timeout(100ms);
  Timeout inner = timeout(10ms);
  COCHECK(co_await fails_with<TimeoutError>(outer.run([&]() -> Task<> {
    try {
      co_await inner.run([&]() -> Task<> {
        burn(busy);
        co_await sleep(1s);
      });
    } catch (const TimeoutError&) {
      inner_timed_out = true;
    }
    co_await sleep(10s);
  })));
  COCHECK(outer.expired());
  COCHECK(inner.expired());
  COCHECK(current_task().cancelling() == 0);
}

TEST(TimeoutTests, nested_timeouts_loop_busy) {
  expect_fifo_passes([]() -> Task<> {
    bool inner_timed_out = false;
    co_await nest_busy_timeouts(50ms, inner_timed_out);
    COCHECK(inner_timed_out);
    COCHECK(LoopClock::now() == TimePoint(100ms));
  });
  // Where both have expired before the loop runs again, only the outer one converts.
  expect_fifo_passes([]() -> Task<> {
    bool inner_timed_out = false;
    co_await nest_busy_timeouts(100ms, inner_timed_out);
    COCHECK(!inner_timed_out);
    COCHECK(LoopClock::now() == TimePoint(100ms));
  });
}

TEST(TimeoutTests, reschedule) {
  expect_fifo_passes([]() -> Task<> {
    const TimePoint first = LoopClock::now() + 10s;
    const TimePoint second = first + 20s;
    Future<Timeout*> entered;
    const auto body = [&]() -> Task<> {
      Timeout scope = timeout_at(first);
      try {
        co_await scope.run([&]() -> Task<> {
          entered.set_result(&scope);
          co_await sleep(50s);
        });
      } catch (const CancelledError&) {
        COCHECK(!scope.expired());
        throw;
      }
    };
    const TaskHandle<> task = create_task(body());
    Timeout& scope = *co_await entered;
    COCHECK(scope.when() == first);
    scope.reschedule(second);
    COCHECK(scope.when() == second);
    scope.reschedule(std::nullopt);
    COCHECK(!scope.when());
    co_await sleep(40s);
    COCHECK(!task.done());
    task.cancel();
    COCHECK(co_await fails_with<CancelledError>(task));
  });
}

TEST(TimeoutTests, repr_active) {
  expect_fifo_passes([]() -> Task<> {
    Timeout scope = timeout(10s);
    co_await scope.run([&]() -> Task<> {
      COCHECK(to_string(scope) == "<Timeout [active] when=10.000>");
      co_return;
    });
  });
}

TEST(TimeoutTests, repr_expired) {
  expect_fifo_passes([]() -> Task<> {
    Timeout scope = timeout(10ms);
    COCHECK(co_await fails_with<TimeoutError>(scope.run(nap(10s))));
    COCHECK(to_string(scope) == "<Timeout [expired]>");
  });
}

TEST(TimeoutTests, repr_finished) {
  expect_fifo_passes([]() -> Task<> {
    Timeout scope = timeout(10s);
    co_await scope.run(nap(0s));
    COCHECK(to_string(scope) == "<Timeout [finished]>");
  });
}

TEST(TimeoutTests, repr_disabled) {
  expect_fifo_passes([]() -> Task<> {
    Timeout scope = timeout(std::nullopt);
    co_await scope.run([&]() -> Task<> {
      COCHECK(to_string(scope) == "<Timeout [active] when=none>");
      co_return;
    });
  });
}

TEST(TimeoutTests, nested_timeout_in_finally) {
  expect_fifo_passes([]() -> Task<> {
    Timeout outer = timeout(10ms);
    bool cleanup_timed_out = false;
    bool has_cause = false;
    try {
      co_await outer.run([&]() -> Task<> {
        const bool cancelled = co_await fails_with<CancelledError>(nap(1s));
        COCHECK(cancelled);
        cleanup_timed_out = co_await fails_with<TimeoutError>(wait_in(10ms));
        throw CancelledError();
      });
    } catch (const TimeoutError& error) {
      has_cause = caused_by<CancelledError>(error);
    }
    COCHECK(cleanup_timed_out);
    COCHECK(has_cause);
    COCHECK(LoopClock::now() == TimePoint(20ms));
  });
}

TEST(TimeoutTests, timeout_after_cancellation) {
  expect_fifo_passes([]() -> Task<> {
    current_task().cancel();
    COCHECK(co_await fails_with<CancelledError>(nap(1s)));
    COCHECK(current_task().cancelling() == 1);
    COCHECK(co_await fails_with<TimeoutError>(wait_in(0s)));
  });
}

TEST(TimeoutTests, cancel_in_timeout_after_cancellation) {
  expect_fifo_passes([]() -> Task<> {
    current_task().cancel();
    COCHECK(co_await fails_with<CancelledError>(nap(1s)));
    Timeout scope = timeout(1s);
    COCHECK(co_await fails_with<CancelledError>(scope.run([]() -> Task<> {
      current_task().cancel();
      co_await sleep(2s);
    })));
    COCHECK(!scope.expired());
  });
}

TEST(TimeoutTests, timeout_already_entered) {
  expect_fifo_passes([]() -> Task<> {
    Timeout scope = timeout(10ms);
    std::string why;
    co_await scope.run([&]() -> Task<> {
      try {
        co_await scope.run([]() -> Task<> { co_return; });
      } catch (const RuntimeError& error) {
        why = error.what();
      }
    });
    COCHECK(contains(why, "has already been entered"));
  });
}

TEST(TimeoutTests, timeout_double_enter) {
  expect_fifo_passes([]() -> Task<> {
    Timeout scope = timeout(10ms);
    co_await scope.run([]() -> Task<> { co_return; });
    std::string why;
    try {
      co_await scope.run([]() -> Task<> { co_return; });
    } catch (const RuntimeError& error) {
      why = error.what();
    }
    COCHECK(contains(why, "has already been entered"));
  });
}

TEST(TimeoutTests, timeout_finished) {
  expect_fifo_passes([]() -> Task<> {
    Timeout scope = timeout(10ms);
    co_await scope.run([]() -> Task<> { co_return; });
    COCHECK(contains(refusal([&] { scope.reschedule(TimePoint(20ms)); }), "finished"));
  });
}

TEST(TimeoutTests, timeout_expired) {
  expect_fifo_passes([]() -> Task<> {
    Timeout scope = timeout(10ms);
    COCHECK(co_await fails_with<TimeoutError>(scope.run(nap(1s))));
    COCHECK(contains(refusal([&] { scope.reschedule(TimePoint(20ms)); }), "expired"));
  });
}

TEST(TimeoutTests, timeout_expiring) {
  expect_fifo_passes([]() -> Task<> {
    Timeout scope = timeout(10ms);
    std::string why;
    co_await scope.run([&]() -> Task<> {
      const bool cancelled = co_await fails_with<CancelledError>(nap(1s));
      COCHECK(cancelled);
      why = refusal([&] { scope.reschedule(TimePoint(20ms)); });
    });
    COCHECK(contains(why, "expiring"));
  });
}

TEST(TimeoutTests, timeout_not_entered) {
  expect_fifo_passes([]() -> Task<> {
    Timeout scope = timeout(10ms);
    COCHECK(contains(refusal([&] { scope.reschedule(TimePoint(20ms)); }), "has not been entered"));
    co_return;
  });
}

// Only a coroutine of a task can await run(), so that nobody else can enter.
TEST(TimeoutTests, timeout_without_task) {
  EXPECT_NE(refusal([] { (void)timeout(10ms); }), "");
  Timeout without_loop(TimePoint(10ms));
  EXPECT_TRUE(
      contains(refusal([&] { without_loop.reschedule(TimePoint(20ms)); }), "has not been entered"));
  expect_fifo_passes([]() -> Task<> {
    Future<> ready;
    ready.set_result();
    bool no_task = false;
    std::string why;
    ready.add_done_callback([&](const Future<>&) {
      no_task = throws<RuntimeError>([] { return current_task(); });
      Timeout scope = timeout(10ms);
      why = refusal([&] { scope.reschedule(TimePoint(20ms)); });
    });
    co_await tick();
    COCHECK(no_task);
    COCHECK(contains(why, "has not been entered"));
  });
}

TEST(TimeoutTests, timeout_taskgroup) {
  expect_fifo_passes([]() -> Task<> {
    const auto crash_in_cleanup = []() -> Task<> {
      try {
        co_await sleep(2s);
      } catch (const CancelledError&) {
      }
      throw ZeroDivisionError();
    };
    Timeout scope = timeout(10ms);
    std::string text;
    try {
      co_await scope.run([&]() -> Task<> {
        TaskGroup group;
        co_await group.run([&]() -> Task<> {
          group.create_task(crash_in_cleanup());
          co_await sleep(1s);
        });
      });
    } catch (const ExceptionGroup& group) {
      COCHECK(group.exceptions().size() == 1);
      text = describe(group.exceptions().front());
    }
    COCHECK(contains(text, "division by zero"));
    COCHECK(scope.expired());
    COCHECK(current_task().cancelling() == 0);
    COCHECK(LoopClock::now() == TimePoint(10ms));
  });
}

}  // namespace
}  // namespace cocheck::conformance
