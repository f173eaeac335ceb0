#include "cocheck/always.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "cocheck/event.hpp"
#include "cocheck/future.hpp"
#include "cocheck/gather.hpp"
#include "cocheck/sleep.hpp"
#include "cocheck/task.hpp"
#include "cocheck/task_handle.hpp"
#include "run.hpp"

namespace cocheck {
namespace {

using namespace test;

/// Counts itself in, lets others run, and counts itself out.
Task<> visit(int& inside) {
  ++inside;
  co_await sleep(0s);
  --inside;
}

Task<> set_later(int& value, int to) {
  co_await sleep(0s);
  value = to;
}

/// Keeps an invariant alive until `end` is set.
template <class Predicate>
Task<> hold(Predicate predicate, const char* message, Event& end) {
  const auto invariant = always(predicate, message);
  co_await end.wait();
}

class AlwaysTest : public ::testing::TestWithParam<Strategy> {
 protected:
  [[nodiscard]] static Verdict explore_all(const Model& model) {
    Options options;
    options.strategy = GetParam();
    options.max_executions = 1'000;
    return explore(model, options);
  }
};

TEST_P(AlwaysTest, HoldsBetweenTheStepsOfOthers) {
  const Verdict verdict = explore_all([]() -> Task<> {
    int inside = 0;
    const auto alone = always([&] { return inside <= 1; }, "one at a time");
    co_await gather(visit(inside), visit(inside));
  });
  ASSERT_TRUE(failed_with(FailureKind::check, verdict));
  EXPECT_EQ(verdict.failure->message, "one at a time");
}

TEST_P(AlwaysTest, PassesWhereItHolds) {
  EXPECT_TRUE(explore_all([]() -> Task<> {
                int inside = 0;
                const auto few = always([&] { return inside >= 0 && inside <= 2; });
                co_await gather(visit(inside), visit(inside));
              }).passed());
}

TEST_P(AlwaysTest, APredicateMayContainChecks) {
  const unsigned line = __LINE__ + 4;
  const Verdict verdict = explore_all([]() -> Task<> {
    int inside = 0;
    const auto alone = always([&] {
      COCHECK(inside <= 1);
      EXPECT_GE(inside, 0);
    });
    co_await gather(visit(inside), visit(inside));
  });
  ASSERT_TRUE(failed_with(FailureKind::check, verdict));
  EXPECT_EQ(verdict.failure->message, "inside <= 1");
  EXPECT_EQ(verdict.failure->place.line(), line);
}

TEST_P(AlwaysTest, AnExceptionOfThePredicateFails) {
  const unsigned line = __LINE__ + 3;
  const Verdict verdict = explore_all([]() -> Task<> {
    std::vector<int> values{1};
    const auto first = always([&] { return values.at(0) == 1; });
    auto clear = [&]() -> Task<> {
      values.clear();
      co_return;
    };
    co_await clear();
    co_await sleep(0s);
  });
  ASSERT_TRUE(failed_with(FailureKind::exception, verdict));
  EXPECT_NE(verdict.failure->message.find("std::out_of_range"), std::string::npos)
      << verdict.failure->message;
  EXPECT_TRUE(verdict.failure->message.ends_with(" was thrown by an invariant"))
      << verdict.failure->message;
  EXPECT_EQ(verdict.failure->place.line(), line);
}

TEST_P(AlwaysTest, AnExceptionOfAPredicateThatGivesNothingFailsToo) {
  const Verdict verdict = explore_all([]() -> Task<> {
    const auto never = always([] { throw std::runtime_error("disk full"); });
    co_await sleep(0s);
  });
  ASSERT_TRUE(failed_with(FailureKind::exception, verdict));
  EXPECT_EQ(verdict.failure->message,
            "std::runtime_error(\"disk full\") was thrown by an invariant");
}

TEST_P(AlwaysTest, EndsWithItsLife) {
  EXPECT_TRUE(explore_all([]() -> Task<> {
                int value = 1;
                {
                  const auto one = always([&] { return value == 1; }, "it is 1");
                  co_await sleep(0s);
                }
                co_await set_later(value, 2);
                co_await sleep(0s);
              }).passed());
}

TEST_P(AlwaysTest, HoldsAfterCallbacks) {
  const Verdict verdict = explore_all([]() -> Task<> {
    int value = 1;
    const auto one = always([&] { return value == 1; }, "it is 1");
    const Future<int> future;
    future.add_done_callback([&](const Future<int>& done) { value = done.result(); });
    future.set_result(2);
    while (value == 1) co_await sleep(0s);
    value = 1;  // too late
    co_await sleep(0s);
  });
  ASSERT_TRUE(failed_with(FailureKind::check, verdict));
  EXPECT_EQ(verdict.failure->message, "it is 1");
}

class SettingTimer final : public Timer {
 public:
  SettingTimer(int& value, int to) : value_(value), to_(to) { arm(LoopClock::now() + 1ms); }
  void run() override { value_ = to_; }

 private:
  int& value_;
  int to_;
};

TEST_P(AlwaysTest, HoldsAfterTimers) {
  const Verdict verdict = explore_all([]() -> Task<> {
    int value = 1;
    const auto one = always([&] { return value == 1; }, "it is 1");
    const SettingTimer breaks(value, 2);
    co_await sleep(500us);
    const SettingTimer repairs(value, 1);
    co_await sleep(2ms);
  });
  ASSERT_TRUE(failed_with(FailureKind::check, verdict));
  EXPECT_EQ(verdict.failure->message, "it is 1");
}

TEST_P(AlwaysTest, SeesTheClock) {
  const auto sleeper = [](Duration delay) -> Task<> {
    const auto early = always([] { return LoopClock::now() < TimePoint(5ms); }, "in time");
    co_await sleep(delay);
    co_await sleep(0s);
  };
  EXPECT_TRUE(explore_all([&] { return sleeper(4ms); }).passed());
  EXPECT_TRUE(failed_with(FailureKind::check, explore_all([&] { return sleeper(5ms); })));
}

TEST_P(AlwaysTest, OneDestroyedBeforeOthersLeavesThoseInForce) {
  // Each of three invariants once, after those before it in `order` have died.
  const int orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
  for (const auto& order : orders) {
    for (int ended = 0; ended <= 3; ++ended) {
      const Verdict verdict = explore_all([&]() -> Task<> {
        int values[] = {0, 0, 0};
        Event ends[3];
        std::vector<TaskHandle<>> holders;
        const char* const messages[] = {"first", "second", "third"};
        for (std::size_t i = 0; i < 3; ++i) {
          holders.push_back(create_task(
              hold([value = &values[i]] { return *value == 0; }, messages[i], ends[i])));
          co_await sleep(1ms);
        }
        for (int i = 0; i < ended; ++i) {
          ends[order[i]].set();
          co_await holders[static_cast<std::size_t>(order[i])];
          values[order[i]] = 1;
          co_await sleep(0s);
        }
        if (ended < 3) values[order[ended]] = 1;
        co_await sleep(0s);
        for (Event& end : ends) end.set();
        for (const TaskHandle<>& holder : holders) co_await holder;
      });
      if (ended == 3) {
        EXPECT_TRUE(verdict.passed()) << verdict.report();
        continue;
      }
      ASSERT_TRUE(failed_with(FailureKind::check, verdict)) << ended;
      EXPECT_EQ(verdict.failure->message,
                (std::vector<std::string>{"first", "second",
                                          "third"})[static_cast<std::size_t>(order[ended])]);
    }
  }
}

TEST_P(AlwaysTest, ACancelledTaskTakesItsInvariantAlong) {
  EXPECT_TRUE(explore_all([]() -> Task<> {
                int value = 1;
                Event never;
                const TaskHandle<> holder =
                    create_task(hold([&value] { return value == 1; }, "it is 1", never));
                co_await sleep(1ms);
                holder.cancel();
                EXPECT_EQ(co_await outcome(holder), "cancelled");
                value = 2;
                co_await sleep(0s);
              }).passed());
}

INSTANTIATE_TEST_SUITE_P(Explorers, AlwaysTest,
                         ::testing::Values(Strategy::fifo, Strategy::exhaustive, Strategy::random),
                         [](const auto& strategy) {
                           return std::string(to_string(strategy.param));
                         });

TEST(Always, FailureNamesTheMessageAndThePlace) {
  const unsigned line = __LINE__ + 3;
  const Verdict verdict = run([]() -> Task<> {
    int value = 1;
    const auto one = always([&] { return value == 1; }, "the value is 1");
    co_await set_later(value, 2);
    co_await sleep(0s);
  });
  ASSERT_TRUE(failed_with(FailureKind::check, verdict));
  EXPECT_EQ(verdict.failure->message, "the value is 1");
  EXPECT_EQ(verdict.failure->place.line(), line);
  EXPECT_TRUE(std::string(verdict.failure->place.file_name()).ends_with("always_test.cpp"));
}

TEST(Always, TheMessageMayBeLeftOut) {
  const Verdict verdict = run([]() -> Task<> {
    const auto never = always([] { return false; });
    co_await sleep(0s);
  });
  ASSERT_TRUE(failed_with(FailureKind::check, verdict));
  EXPECT_EQ(verdict.failure->message, "an invariant");
}

TEST(Always, IsEvaluatedAfterEveryStepOfAnyTask) {
  int evaluations = 0;
  const Verdict verdict = run([&]() -> Task<> {
    evaluations = 0;
    const auto counted = always([&] {
      ++evaluations;
      return true;
    });
    EXPECT_EQ(evaluations, 0) << "the step that makes it goes on";
    int inside = 0;
    co_await gather(visit(inside), visit(inside));
    co_await sleep(1ms);
  });
  EXPECT_TRUE(passed(verdict));
  EXPECT_GT(verdict.steps, 6u);
  // All but the last one, in which it dies.
  EXPECT_EQ(static_cast<std::uint64_t>(evaluations), verdict.steps - 1);
}

TEST(Always, IsNotEvaluatedWithinAStep) {
  EXPECT_TRUE(proved(run_every_order([]() -> Task<> {
    int from = 100;
    int to = 0;
    const auto sum = always([&] { return from + to == 100; }, "nothing is lost");
    const auto transfer = [&]() -> Task<> {
      from -= 10;
      to += 10;
      co_await sleep(0s);
    };
    co_await gather(transfer(), transfer());
  })));
}

TEST(Always, HoldsAfterTheStepThatMakesIt) {
  bool went_on = false;
  const Verdict verdict = run([&]() -> Task<> {
    int value = 2;
    const auto one = always([&] { return value == 1; }, "it is 1");
    co_await sleep(0s);
    went_on = true;
  });
  EXPECT_TRUE(failed_with(FailureKind::check, verdict));
  EXPECT_FALSE(went_on) << "the execution stops after the step";
}

TEST(Always, IsFoundBrokenInSomeOrderOnly) {
  const auto model = []() -> Task<> {
    bool sent = false;
    bool received = false;
    const auto causal = always([&] { return sent || !received; }, "sent before received");
    const auto send = [&]() -> Task<> {
      sent = true;
      co_return;
    };
    const auto receive = [&]() -> Task<> {
      received = true;
      co_return;
    };
    co_await gather(send(), receive());
  };
  EXPECT_TRUE(passed(run(model)));
  const Verdict verdict = run_every_order(model);
  ASSERT_TRUE(failed_with(FailureKind::check, verdict));
  EXPECT_EQ(verdict.failure->message, "sent before received");
}

TEST(Always, OfSeveralThatAreBrokenOneIsReported) {
  const Verdict verdict = run([]() -> Task<> {
    int value = 1;
    const auto first = always([&] { return value < 2; }, "below 2");
    const auto second = always([&] { return value < 3; }, "below 3");
    co_await set_later(value, 2);
    co_await sleep(0s);
  });
  ASSERT_TRUE(failed_with(FailureKind::check, verdict));
  EXPECT_EQ(verdict.failure->message, "below 2");
}

TEST(Always, AFailureOfTheStepItselfComesFirst) {
  const Verdict verdict = run([]() -> Task<> {
    int value = 1;
    const auto one = always([&] { return value == 1; }, "it is 1");
    const auto breaks = [&]() -> Task<> {
      value = 2;
      check(false, "in the step");
      co_return;
    };
    co_await create_task(breaks());
  });
  ASSERT_TRUE(failed_with(FailureKind::check, verdict));
  EXPECT_EQ(verdict.failure->message, "in the step");
}

TEST(Always, IsGoneInTheNextExecution) {
  int executions = 0;
  const Verdict verdict = run_every_order([&]() -> Task<> {
    ++executions;
    int inside = 0;
    Event never;
    const auto few = always([&] { return inside <= 2; });
    const TaskHandle<> waits = create_task(hold([&inside] { return inside <= 2; }, "few", never));
    co_await gather(visit(inside), visit(inside));
    waits.cancel();
    EXPECT_EQ(co_await outcome(waits), "cancelled");
  });
  EXPECT_TRUE(proved(verdict));
  EXPECT_GT(executions, 10);
}

TEST(Always, SurvivesAnExecutionThatIsStopped) {
  Options options;
  options.strategy = Strategy::exhaustive;
  options.stop_at_failure = false;
  const Verdict verdict = explore(
      []() -> Task<> {
        int inside = 0;
        Event never;
        const TaskHandle<> waits =
            create_task(hold([&inside] { return inside <= 1; }, "one at a time", never));
        co_await sleep(1ms);
        co_await gather(visit(inside), visit(inside));
        waits.cancel();
        EXPECT_EQ(co_await outcome(waits), "cancelled");
      },
      options);
  ASSERT_TRUE(failed_with(FailureKind::check, verdict));
  EXPECT_GT(verdict.failing, 1u);
  EXPECT_LT(verdict.failing, verdict.executions) << "one visit after the other is fine";
}

TEST(Always, MayHoldWhatCannotBeCopied) {
  const Verdict verdict = run([]() -> Task<> {
    const auto bound = std::make_shared<int>(1);
    const auto low = always([limit = std::make_unique<int>(1), bound] { return *bound <= *limit; },
                            "within the limit");
    co_await set_later(*bound, 2);
    co_await sleep(0s);
  });
  ASSERT_TRUE(failed_with(FailureKind::check, verdict));
  EXPECT_EQ(verdict.failure->message, "within the limit");
}

TEST(Always, APredicateMayGiveWhatConvertsToBool) {
  const Verdict verdict = run([]() -> Task<> {
    int left = 1;
    const auto some = always([&] { return left; }, "some are left");
    co_await set_later(left, 0);
    co_await sleep(0s);
  });
  ASSERT_TRUE(failed_with(FailureKind::check, verdict));
  EXPECT_EQ(verdict.failure->message, "some are left");
}

TEST(Always, OutsideOfALoopThrowsRuntimeError) {
  EXPECT_THROW(static_cast<void>(always([] { return true; })), RuntimeError);
}

}  // namespace
}  // namespace cocheck
