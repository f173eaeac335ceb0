#include "cocheck/task_group.hpp"

#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "cocheck/check.hpp"
#include "cocheck/lock.hpp"
#include "cocheck/sleep.hpp"
#include "cocheck/task.hpp"
#include "cocheck/task_handle.hpp"
#include "cocheck/timeout.hpp"
#include "run.hpp"

namespace cocheck {
namespace {

using namespace test;

Task<> nap(Duration delay) {
  co_await sleep(delay);
}

Task<int> value_after(Duration delay, int value) {
  co_await sleep(delay);
  co_return value;
}

Task<> fail_after(Duration delay, std::string what = "broken") {
  co_await sleep(delay);
  throw RuntimeError(what);
}

constexpr const char* kOneFailed =
    "error: unhandled errors in a TaskGroup (1 sub-exception: cocheck::RuntimeError(\"broken\"))";

TEST(TaskGroup, EndsWhenBodyAndChildrenHaveEnded) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    TaskGroup group;
    std::vector<TaskHandle<int>> children;
    co_await group.run([&]() -> Task<> {
      children.push_back(group.create_task(value_after(2s, 1)));
      children.push_back(group.create_task(value_after(1s, 2)));
      EXPECT_EQ(group.size(), 2u);
      co_await sleep(1500ms);
      EXPECT_EQ(group.size(), 1u);
    });
    EXPECT_EQ(children[0].result(), 1);
    EXPECT_EQ(children[1].result(), 2);
    EXPECT_EQ(group.size(), 0u);
    EXPECT_EQ(LoopClock::now(), TimePoint(2s));
  })));
}

TEST(TaskGroup, GivesTheValueOfTheBody) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    TaskGroup group;
    const std::unique_ptr<int> value = co_await group.run([&]() -> Task<std::unique_ptr<int>> {
      group.create_task(nap(1s));
      co_return std::make_unique<int>(7);
    });
    EXPECT_EQ(*value, 7);
    EXPECT_EQ(LoopClock::now(), TimePoint(1s));
  })));
}

TEST(TaskGroup, TakesACallableWithTheGroupOrACoroutine) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    TaskGroup first;
    co_await first.run([](TaskGroup& group) -> Task<> {
      group.create_task(nap(1s));
      co_return;
    });
    EXPECT_EQ(LoopClock::now(), TimePoint(1s));
    TaskGroup second;
    co_await second.run(nap(1s));
    EXPECT_EQ(LoopClock::now(), TimePoint(2s));
  })));
}

TEST(TaskGroup, AFailingChildCancelsSiblingsAndBody) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    TaskGroup group;
    std::optional<TaskHandle<>> sibling;
    std::string body;
    EXPECT_EQ(co_await outcome(group.run([&]() -> Task<> {
                group.create_task(fail_after(1s));
                sibling = group.create_task(nap(10s));
                body = co_await outcome(nap(10s));
              })),
              kOneFailed);
    EXPECT_EQ(body, "cancelled");
    EXPECT_TRUE(sibling->cancelled());
    EXPECT_EQ(LoopClock::now(), TimePoint(1s));
    EXPECT_EQ(current_task().cancelling(), 0);
  })));
}

TEST(TaskGroup, ABodyThatThrowsCancelsTheChildren) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    TaskGroup group;
    std::optional<TaskHandle<>> child;
    EXPECT_EQ(co_await outcome(group.run([&]() -> Task<> {
                child = group.create_task(nap(10s));
                co_await fail_after(1s);
              })),
              kOneFailed);
    EXPECT_TRUE(child->cancelled());
  })));
}

TEST(TaskGroup, CollectsErrorsInTheOrderInWhichTheyWereSeen) {
  std::vector<std::string> errors;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    const auto fail_when_cancelled = []() -> Task<> {
      if (co_await outcome(nap(10s)) == "cancelled") throw RuntimeError("cleanup");
    };
    TaskGroup group;
    try {
      co_await group.run([&]() -> Task<> {
        group.create_task(fail_when_cancelled());
        group.create_task(fail_after(1s, "first"));
        if (co_await outcome(nap(10s)) == "cancelled") throw RuntimeError("body");
      });
    } catch (const ExceptionGroup& thrown) {
      for (const std::exception_ptr& error : thrown.exceptions()) {
        errors.push_back(describe(error));
      }
    }
  })));
  EXPECT_EQ(errors, (std::vector<std::string>{"cocheck::RuntimeError(\"first\")",
                                              "cocheck::RuntimeError(\"cleanup\")",
                                              "cocheck::RuntimeError(\"body\")"}));
}

TEST(TaskGroup, ACancelledChildFailsNobody) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    TaskGroup group;
    std::optional<TaskHandle<>> child;
    std::optional<TaskHandle<int>> sibling;
    co_await group.run([&]() -> Task<> {
      child = group.create_task(nap(10s));
      sibling = group.create_task(value_after(1s, 7));
      child->cancel();
      co_return;
    });
    EXPECT_TRUE(child->cancelled());
    EXPECT_EQ(sibling->result(), 7);
  })));
}

TEST(TaskGroup, AChildMayMakeSiblingsWhileTheBodyHasEnded) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    TaskGroup group;
    std::optional<TaskHandle<int>> sibling;
    const auto spawn = [&]() -> Task<> {
      co_await sleep(1s);
      sibling = group.create_task(value_after(1s, 7));
    };
    co_await group.run([&]() -> Task<> {
      group.create_task(spawn());
      co_return;
    });
    EXPECT_EQ(sibling->result(), 7);
    EXPECT_EQ(LoopClock::now(), TimePoint(2s));
  })));
}

TEST(TaskGroup, CancellationFromOutsideCancelsTheChildrenAndGoesOn) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    std::optional<TaskHandle<>> child;
    const auto body = [&]() -> Task<> {
      TaskGroup group;
      co_await group.run([&]() -> Task<> {
        child = group.create_task(nap(10s));
        co_return;
      });
    };
    const TaskHandle<> task = create_task(body());
    co_await sleep(1s);
    task.cancel("enough");
    EXPECT_EQ(co_await outcome(task), "cancelled: enough");
    EXPECT_TRUE(child->cancelled());
    EXPECT_EQ(task.cancelling(), 1);
  })));
}

TEST(TaskGroup, ErrorsGoBeforeACancellationWhichHitsTheNextSuspension) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Log log;
    const auto fail_when_cancelled = []() -> Task<> {
      if (co_await outcome(nap(10s)) == "cancelled") throw RuntimeError("broken");
    };
    const auto body = [&]() -> Task<> {
      TaskGroup group;
      log.push_back(co_await outcome(group.run([&]() -> Task<> {
        group.create_task(fail_when_cancelled());
        co_return;
      })));
      log.push_back(co_await outcome(nap(10s)));
    };
    const TaskHandle<> task = create_task(body());
    co_await sleep(1s);
    task.cancel();
    co_await task;
    EXPECT_EQ(log, (Log{kOneFailed, "cancelled"}));
    EXPECT_EQ(task.cancelling(), 1);
  })));
}

TEST(TaskGroup, AFailedCheckLeavesItAlone) {
  const Verdict verdict = run([]() -> Task<> {
    TaskGroup group;
    const auto check_wrongly = []() -> Task<> {
      co_await sleep(1s);
      COCHECK(1 + 1 == 3);
    };
    co_await group.run([&]() -> Task<> {
      group.create_task(check_wrongly());
      co_return;
    });
  });
  EXPECT_TRUE(failed_with(FailureKind::check, verdict));
  EXPECT_EQ(verdict.failure->message, "1 + 1 == 3");
}

TEST(TaskGroup, AFailedCheckInAChildIsThrownWithoutAGroupAroundIt) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    TaskGroup group;
    const auto fail_like_a_check = []() -> Task<> {
      co_await sleep(1s);
      throw CheckFailed();
    };
    bool alone = false;
    try {
      co_await group.run([&]() -> Task<> {
        group.create_task(fail_like_a_check());
        co_await sleep(10s);
      });
    } catch (const CheckFailed&) {
      alone = true;
    }
    EXPECT_TRUE(alone);
  })));
}

TEST(TaskGroup, RefusesChildrenOutsideOfTheRun) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    TaskGroup group;
    EXPECT_THROW(group.create_task(nap(1s)), RuntimeError);
    co_await group.run([]() -> Task<> { co_return; });
    EXPECT_THROW(group.create_task(nap(1s)), RuntimeError);
    EXPECT_EQ(LoopClock::now(), TimePoint());
  })));
}

TEST(TaskGroup, RefusesChildrenWhenItIsShuttingDown) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    TaskGroup group;
    bool refused = false;
    const auto spawn_late = [&]() -> Task<> {
      if (co_await outcome(nap(10s)) != "cancelled") co_return;
      try {
        group.create_task(nap(1s));
      } catch (const RuntimeError&) {
        refused = true;
      }
    };
    EXPECT_EQ(co_await outcome(group.run([&]() -> Task<> {
                group.create_task(spawn_late());
                co_await fail_after(1s);
              })),
              kOneFailed);
    EXPECT_TRUE(refused);
  })));
}

TEST(TaskGroup, RunsOnce) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    TaskGroup group;
    const auto nothing = []() -> Task<> { co_return; };
    co_await group.run(nothing);
    EXPECT_EQ(co_await outcome(group.run(nothing)),
              "error: TaskGroup.run: it has already been entered");
  })));
}

TEST(TaskGroup, RefusedRunClosesTheCoroutine) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    TaskGroup group;
    co_await group.run(nap(0s));
    EXPECT_EQ(co_await outcome(group.run(nap(0s))),
              "error: TaskGroup.run: it has already been entered");
  })));
}

TEST(TaskGroup, ChildrenHaveNamesAndMayStartEagerly) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    TaskGroup group;
    co_await group.run([&]() -> Task<> {
      EXPECT_EQ(group.create_task(nap(1s), "reader").name(), "reader");
      const TaskHandle<int> eager =
          group.create_task([]() -> Task<int> { co_return 7; }(), TaskOptions("eager", true));
      EXPECT_TRUE(eager.done());
      EXPECT_EQ(eager.result(), 7);
      co_return;
    });
  })));
}

TEST(TaskGroup, GroupsMayBeNested) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    TaskGroup outer;
    std::optional<TaskHandle<>> bystander;
    std::string inner_outcome;
    co_await outer.run([&]() -> Task<> {
      bystander = outer.create_task(nap(10s));
      TaskGroup inner;
      inner_outcome = co_await outcome(inner.run([&]() -> Task<> {
        inner.create_task(fail_after(1s));
        co_return;
      }));
    });
    EXPECT_EQ(inner_outcome, kOneFailed);
    EXPECT_FALSE(bystander->cancelled());
    EXPECT_EQ(LoopClock::now(), TimePoint(10s));
  })));
}

// The properties below hold in every order, wherever tasks are cancelled.

/// A group of a child that works in two steps under a lock and one that may fail; checks what must
/// hold whatever happens to them.
Task<> run_and_check_group(bool fails) {
  Lock lock;
  int working = 0;
  const auto work = [&]() -> Task<> {
    auto guard = co_await lock.scoped();
    ++working;
    try {
      co_await sleep(0s);
    } catch (const CancelledError&) {
      --working;
      throw;
    }
    --working;
    if (fails) throw RuntimeError("broken");
  };
  std::vector<TaskHandle<>> children;
  const auto body = [&]() -> Task<> {
    TaskGroup group;
    const std::string ended = co_await outcome(group.run([&]() -> Task<> {
      children.push_back(group.create_task(work()));
      children.push_back(group.create_task(work()));
      co_return;
    }));
    for (const TaskHandle<>& child : children) COCHECK(child.done());
    COCHECK(working == 0);
    COCHECK(!lock.locked());
    if (ended == "cancelled") throw CancelledError();
    COCHECK(fails || ended == "done");
  };
  const TaskHandle<> task = create_task(body());
  const std::string ended = co_await outcome(task);
  COCHECK(ended == "done" || ended == "cancelled");
  for (const TaskHandle<>& child : children) COCHECK(child.done());
  if (task.cancelling() == 0) COCHECK(ended == "done");
}

TEST(TaskGroup, NeverLeavesAChildRunning) {
  EXPECT_TRUE(proved(run_every_order([]() -> Task<> { return run_and_check_group(false); })));
  EXPECT_TRUE(proved(run_every_order([]() -> Task<> { return run_and_check_group(false); }, 2)));
}

TEST(TaskGroup, NeverLeavesAChildRunningWhenOneFails) {
  EXPECT_TRUE(proved(run_every_order([]() -> Task<> { return run_and_check_group(true); })));
  EXPECT_TRUE(proved(run_every_order([]() -> Task<> { return run_and_check_group(true); }, 1)));
}

// A request that was accepted shows: as CancelledError from the group, or at the next suspension
// where errors came first. None appears that nobody made.
TEST(TaskGroup, NoOrderSwallowsOrInventsACancellation) {
  const Verdict verdict = run_every_order(
      []() -> Task<> {
        const auto body = []() -> Task<> {
          TaskGroup group;
          std::optional<TaskHandle<>> failing;
          const std::string in_group = co_await outcome(group.run([&]() -> Task<> {
            failing = group.create_task(fail_after(0s));
            co_await sleep(0s);
          }));
          COCHECK(in_group != "done" || failing->cancelled());
          const int outstanding = current_task().cancelling();
          if (in_group == "cancelled") {
            COCHECK(outstanding > 0);
            throw CancelledError();
          }
          const std::string after = co_await outcome(nap(0s));
          COCHECK((after == "cancelled") == (current_task().cancelling() > 0));
          if (after == "cancelled") throw CancelledError();
        };
        const TaskHandle<> task = create_task(body());
        const std::string ended = co_await outcome(task);
        COCHECK(ended == "done" || ended == "cancelled");
        COCHECK((ended == "cancelled") == (task.cancelling() > 0));
      },
      1);
  EXPECT_TRUE(proved(verdict));
}

TEST(TaskGroup, NestedGroupsThatBothFailLeaveNoRequestBehind) {
  EXPECT_TRUE(proved(run_every_order([]() -> Task<> {
    TaskGroup outer;
    const std::string ended = co_await outcome(outer.run([&]() -> Task<> {
      TaskGroup inner;
      const std::string inner_ended = co_await outcome(inner.run([&]() -> Task<> {
        inner.create_task(fail_after(0s));
        outer.create_task(fail_after(0s));
        co_return;
      }));
      COCHECK(inner_ended == kOneFailed || inner_ended == "cancelled");
      if (inner_ended == "cancelled") throw CancelledError();
      const std::string after = co_await outcome(nap(0s));
      if (after == "cancelled") throw CancelledError();
    }));
    COCHECK(ended == kOneFailed);
    COCHECK(current_task().cancelling() == 0);
    COCHECK(co_await outcome(nap(0s)) == "done");
  })));
}

// The loop tells the group of an end after it: a body that ends in between waits, also in asyncio's
// order.
TEST(TaskGroup, OthersMayComeBetweenABodyAndTheEndOfAGroupWhoseChildrenAreDone) {
  const auto model = []() -> Task<> {
    std::string order;
    const TaskHandle<> other = create_task([](std::string& log) -> Task<> {
      co_await sleep(0s);
      log += " other";
    }(order));
    TaskGroup group;
    co_await group.run([&]() -> Task<> {
      const TaskHandle<> child = group.create_task([]() -> Task<> { co_return; }());
      co_await sleep(0s);
      if (child.done()) order += " body";
    });
    order += " group";
    co_await other;
    COCHECK(order != " body other group");
  };
  EXPECT_TRUE(failed_with(FailureKind::check, run(model)));
  EXPECT_TRUE(failed_with(FailureKind::check, run_every_order(model)));
}

TEST(TaskGroup, ADeadlineMayHitItAnywhere) {
  Options options;
  options.strategy = Strategy::exhaustive;
  options.clock = Clock::race;
  options.max_executions = 2'000'000;
  const Verdict verdict = explore(
      []() -> Task<> {
        std::vector<TaskHandle<>> children;
        Timeout scope = timeout(1s);
        const std::string ended = co_await outcome(scope.run([&]() -> Task<> {
          TaskGroup group;
          co_await group.run([&]() -> Task<> {
            children.push_back(group.create_task(nap(0s)));
            children.push_back(group.create_task(nap(0s)));
            co_return;
          });
        }));
        COCHECK(ended == "done" || ended == "error: the time was up");
        COCHECK(scope.expired() || ended == "done");
        for (const TaskHandle<>& child : children) COCHECK(child.done());
        COCHECK(current_task().cancelling() == 0);
      },
      options);
  EXPECT_TRUE(proved(verdict));
}

}  // namespace
}  // namespace cocheck
