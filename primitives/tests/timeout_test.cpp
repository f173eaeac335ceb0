#include "cocheck/timeout.hpp"

#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "cocheck/check.hpp"
#include "cocheck/event.hpp"
#include "cocheck/lock.hpp"
#include "cocheck/sleep.hpp"
#include "cocheck/task.hpp"
#include "cocheck/task_handle.hpp"
#include "run.hpp"

namespace cocheck {
namespace {

using namespace test;

Task<> nap(Duration delay) {
  co_await sleep(delay);
}

Verdict run_racing(const Model& model, std::uint32_t cancellations = 0) {
  Options options;
  options.strategy = Strategy::exhaustive;
  options.max_executions = 2'000'000;
  options.cancellations = cancellations;
  options.clock = Clock::race;
  return explore(model, options);
}

TEST(Timeout, GivesTheValueOfTheBody) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Timeout scope = timeout(1s);
    const int value = co_await scope.run([]() -> Task<int> {
      co_await sleep(10ms);
      co_return 7;
    });
    EXPECT_EQ(value, 7);
    EXPECT_EQ(scope.state(), Timeout::State::finished);
  })));
}

TEST(Timeout, GivesAMoveOnlyValue) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Timeout scope = timeout(1s);
    const std::unique_ptr<int> value = co_await scope.run(
        []() -> Task<std::unique_ptr<int>> { co_return std::make_unique<int>(7); });
    EXPECT_EQ(*value, 7);
  })));
}

TEST(Timeout, TakesACoroutineOrACallableWithOrWithoutTheScope) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Timeout first = timeout(1s);
    EXPECT_EQ(co_await outcome(first.run(nap(2s))), "error: the time was up");
    Timeout second = timeout(1s);
    EXPECT_EQ(co_await outcome(second.run([]() -> Task<> { co_await sleep(2s); })),
              "error: the time was up");
    Timeout third = timeout(1s);
    const auto extend = [](Timeout& scope) -> Task<> {
      scope.reschedule(LoopClock::now() + 3s);
      co_await sleep(2s);
    };
    EXPECT_EQ(co_await outcome(third.run(extend)), "done");
  })));
}

TEST(Timeout, ACallableLivesAsLongAsItsCoroutine) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Timeout scope = timeout(1s);
    Task<std::string> running = [&]() {
      const std::string text = "captured by value, in a closure that is gone";
      auto body = [text]() -> Task<std::string> {
        co_await sleep(10ms);
        co_return text;
      };
      return scope.run(body);
    }();
    EXPECT_EQ(co_await running, "captured by value, in a closure that is gone");
  })));
}

TEST(Timeout, NestsTheCancelledErrorInTheTimeoutError) {
  bool nested = false;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    Timeout scope = timeout(10ms);
    try {
      co_await scope.run(nap(1s));
    } catch (const TimeoutError& error) {
      try {
        std::rethrow_if_nested(error);
      } catch (const CancelledError&) {
        nested = true;
      }
    }
  })));
  EXPECT_TRUE(nested);
}

TEST(Timeout, ABodyThatDoesNotSuspendBeatsADeadlineInThePast) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Timeout scope = timeout(-1s);
    bool ran = false;
    co_await scope.run([&]() -> Task<> {
      ran = true;
      co_return;
    });
    EXPECT_TRUE(ran);
    EXPECT_FALSE(scope.expired());
    co_await sleep(0s);
    EXPECT_EQ(current_task().cancelling(), 0);
  })));
}

TEST(Timeout, ABodyThatSwallowsItsExpiryReturnsNormally) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Timeout scope = timeout(10ms);
    EXPECT_EQ(co_await scope.run([]() -> Task<std::string> { return outcome(nap(1s)); }),
              "cancelled");
    EXPECT_TRUE(scope.expired());
    EXPECT_EQ(current_task().cancelling(), 0);
  })));
}

TEST(Timeout, OtherExceptionsPassUnchanged) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Timeout in_time = timeout(10ms);
    EXPECT_EQ(co_await outcome(in_time.run([]() -> Task<> {
                throw RuntimeError("broken");
                co_return;
              })),
              "error: broken");
    Timeout late = timeout(10ms);
    EXPECT_EQ(co_await outcome(late.run([]() -> Task<> {
                try {
                  co_await sleep(1s);
                } catch (const CancelledError&) {
                  throw RuntimeError("broken in cleanup");
                }
              })),
              "error: broken in cleanup");
    EXPECT_EQ(current_task().cancelling(), 0);
  })));
}

TEST(Timeout, ACancellationFromOutsideGoesOnWithItsMessage) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    const auto body = []() -> Task<> {
      Timeout scope = timeout(1s);
      co_await scope.run(nap(2s));
    };
    const TaskHandle<> task = create_task(body());
    co_await sleep(10ms);
    task.cancel("enough");
    EXPECT_EQ(co_await outcome(task), "cancelled: enough");
    EXPECT_EQ(task.cancelling(), 1);
  })));
}

TEST(Timeout, ACancellationOnTopOfTheExpiryGoesOn) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    bool expired = false;
    const auto body = [&]() -> Task<> {
      Timeout scope = timeout(10ms);
      try {
        co_await scope.run([]() -> Task<> {
          if (co_await outcome(nap(1s)) == "cancelled") co_await sleep(1s);  // slow cleanup
        });
      } catch (const CancelledError&) {
        expired = scope.expired();
        throw;
      }
    };
    const TaskHandle<> task = create_task(body());
    co_await sleep(20ms);
    EXPECT_FALSE(task.done());
    task.cancel();
    EXPECT_EQ(co_await outcome(task), "cancelled");
    EXPECT_TRUE(expired);
    EXPECT_EQ(task.cancelling(), 1);
  })));
}

TEST(Timeout, NestedScopesEachConvertTheirOwnExpiryOnly) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Timeout outer = timeout(100ms);
    Log log;
    EXPECT_EQ(co_await outcome(outer.run([&]() -> Task<> {
                Timeout inner = timeout(10ms);
                log.push_back(co_await outcome(inner.run(nap(1s))));
                Timeout patient = timeout(1s);
                log.push_back("second");
                co_await patient.run(nap(10s));
              })),
              "error: the time was up");
    EXPECT_EQ(log, (Log{"error: the time was up", "second"}));
    EXPECT_EQ(LoopClock::now(), TimePoint(100ms));
  })));
}

TEST(Timeout, ReschedulingMovesOrRemovesTheDeadline) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Timeout sooner = timeout(1s);
    const auto shorten = [](Timeout& scope) -> Task<> {
      scope.reschedule(LoopClock::now() + 10ms);
      co_await sleep(2s);
    };
    EXPECT_EQ(co_await outcome(sooner.run(shorten)), "error: the time was up");
    EXPECT_EQ(LoopClock::now(), TimePoint(10ms));
    Timeout never = timeout(10ms);
    const auto remove = [](Timeout& scope) -> Task<> {
      scope.reschedule(std::nullopt);
      co_await sleep(2s);
    };
    EXPECT_EQ(co_await outcome(never.run(remove)), "done");
    EXPECT_FALSE(never.when());
  })));
}

TEST(Timeout, ADeadlineInThePastIsRescheduledAsWell) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Timeout scope = timeout(-1s);
    const auto save = [](Timeout& saved) -> Task<> {
      saved.reschedule(LoopClock::now() + 1s);
      co_await sleep(10ms);
    };
    EXPECT_EQ(co_await outcome(scope.run(save)), "done");
    EXPECT_FALSE(scope.expired());
  })));
}

TEST(Timeout, RunsOnce) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Timeout scope = timeout(1s);
    const auto nothing = []() -> Task<> { co_return; };
    co_await scope.run(nothing);
    EXPECT_EQ(co_await outcome(scope.run(nothing)), "error: Timeout: it has already been entered");
  })));
}

TEST(Timeout, RefusedRunClosesTheCoroutine) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Timeout scope = timeout(1s);
    co_await scope.run(nap(0s));
    EXPECT_EQ(co_await outcome(scope.run(nap(0s))), "error: Timeout: it has already been entered");
  })));
}

TEST(Timeout, NeedsALoopForADelay) {
  EXPECT_THROW((void)timeout(1s), RuntimeError);
}

TEST(Timeout, TakesAnyDelayButNaN) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    EXPECT_THROW((void)timeout(std::chrono::duration<double>(0.0 / 0.0)), ValueError);
    Timeout half = timeout(std::chrono::duration<double>(0.5));
    EXPECT_EQ(half.when(), TimePoint(500ms));
    Timeout eternal = timeout(std::chrono::hours::max());
    EXPECT_EQ(co_await outcome(eternal.run(nap(1s))), "done");
  })));
}

TEST(Timeout, SaysItsState) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Timeout scope = timeout(1500ms);
    EXPECT_EQ(to_string(scope), "<Timeout [created] when=1.500>");
    EXPECT_EQ(co_await outcome(scope.run([&]() -> Task<> {
                EXPECT_EQ(to_string(scope), "<Timeout [active] when=1.500>");
                const std::string ended = co_await outcome(nap(2s));
                EXPECT_EQ(ended, "cancelled");
                EXPECT_EQ(to_string(scope), "<Timeout [expiring]>");
                throw CancelledError();
              })),
              "error: the time was up");
    EXPECT_EQ(to_string(scope), "<Timeout [expired]>");
    Timeout finished = timeout(std::nullopt);
    co_await finished.run(nap(0s));
    EXPECT_EQ(to_string(finished), "<Timeout [finished]>");
  })));
}

/// Kept from CPython (issue 134471), as the class comment says.
TEST(Timeout, AnUndeliveredCancellationMergesWithADeadlineInThePast) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    const auto body = []() -> Task<std::string> {
      current_task().cancel();
      Timeout scope = timeout(0s);
      co_return co_await outcome(scope.run(nap(1s)));
    };
    EXPECT_EQ(co_await create_task(body()), "error: the time was up");
  })));
}

// The deadline hits at every suspension of the body: the lock is free after each.
TEST(Timeout, ARacingDeadlineLeavesNoLockBehind) {
  int timed_out = 0;
  int in_time = 0;
  const Verdict verdict = run_racing([&]() -> Task<> {
    Lock lock;
    const auto hold = [&]() -> Task<> {
      auto guard = co_await lock.scoped();
      co_await sleep(0s);
    };
    const TaskHandle<> holder = create_task(hold());
    Timeout scope = timeout(1s);
    const std::string ended = co_await outcome(scope.run(hold()));
    COCHECK(ended == "done" || ended == "error: the time was up");
    COCHECK((ended == "done") == !scope.expired());
    (ended == "done" ? in_time : timed_out) += 1;
    co_await holder;
    COCHECK(!lock.locked());
    COCHECK(lock.waiting() == 0);
    COCHECK(current_task().cancelling() == 0);
  });
  EXPECT_TRUE(proved(verdict));
  EXPECT_GT(timed_out, 0);
  EXPECT_GT(in_time, 0);
}

// Two nested deadlines and a cancellation, each of which may hit anywhere: a request from outside
// is never taken for an expiry, no expiry for a request, and the count says what is outstanding.
TEST(Timeout, NoOrderSwallowsACancellation) {
  const Verdict verdict = run_racing(
      []() -> Task<> {
        const auto body = []() -> Task<> {
          Timeout outer = timeout(2s);
          try {
            co_await outer.run([&]() -> Task<> {
              Timeout inner = timeout(1s);
              try {
                co_await inner.run(nap(0s));
              } catch (const TimeoutError&) {
                COCHECK(inner.expired());
              }
              COCHECK(inner.state() == Timeout::State::finished ||
                      inner.state() == Timeout::State::expired);
              co_await sleep(0s);
            });
          } catch (const TimeoutError&) {
            COCHECK(outer.expired());
            COCHECK(current_task().cancelling() == 0);
          }
        };
        const TaskHandle<> task = create_task(body());
        const std::string ended = co_await outcome(task);
        COCHECK(ended == "done" || ended == "cancelled");
        COCHECK((ended == "cancelled") == (task.cancelling() > 0));
      },
      1);
  EXPECT_TRUE(proved(verdict));
}

// A scope that converts has seen its own expiry; what it leaves behind is the request of the other.
TEST(Timeout, OfTwoScopesThatExpireTogetherTheOuterOneConverts) {
  EXPECT_TRUE(proved(run_every_order([]() -> Task<> {
    Timeout outer = timeout(1s);
    Timeout inner = timeout(1s);
    const std::string ended = co_await outcome(outer.run([&]() -> Task<> {
      bool converted = false;
      try {
        co_await inner.run(nap(2s));
      } catch (const TimeoutError&) {
        COCHECK(!outer.expired());
        converted = true;
      }
      if (converted) co_await sleep(1s);
    }));
    COCHECK(ended == "error: the time was up");
    COCHECK(outer.expired());
    COCHECK(inner.expired() || inner.state() == Timeout::State::finished);
    COCHECK(current_task().cancelling() == 0);
  })));
}

}  // namespace
}  // namespace cocheck
