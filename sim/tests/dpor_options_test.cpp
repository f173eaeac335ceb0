// Options that change what can happen: no strategy is at a loss where another one is not, and dpor
// says what the search over all interleavings says.

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "cocheck/check.hpp"
#include "cocheck/explore.hpp"
#include "cocheck/primitives.hpp"
#include "cocheck/schedule_line.hpp"
#include "models.hpp"

namespace cocheck {
namespace {

using namespace std::chrono_literals;
using test::failed_with;
using test::is;
using test::with;

Task<> add_one(Lock& lock, int& sum) {
  const auto guard = co_await lock.scoped();
  const int before = sum;
  co_await sleep(1ms);
  sum = before + 1;
}

/// Passes whatever happens.
Task<> two_adders() {
  Lock lock;
  int sum = 0;
  auto both = gather(return_exceptions, add_one(lock, sum), add_one(lock, sum));
  co_await both;
  COCHECK(sum <= 2);
}

/// Time passes in a step of a model that passes.
Task<> slow_step() {
  const auto work = []() -> Task<> {
    co_await sleep(0s);
    static_cast<World&>(Loop::current()).advance(3ms);
  };
  const auto nap = []() -> Task<> { co_await sleep(2ms); };
  co_await gather(work(), nap());
}

struct Case {
  std::string name;
  std::function<void(Options&)> set;
  Task<> (*model)() = two_adders;
};

std::vector<Case> cases() {
  return {{"no option", [](Options&) {}},
          {"one cancellation", [](Options& options) { options.cancellations = 1; }},
          {"two cancellations", [](Options& options) { options.cancellations = 2; }},
          {"Clock::race", [](Options& options) { options.clock = Clock::race; }},
          {"both",
           [](Options& options) {
             options.clock = Clock::race;
             options.cancellations = 1;
           }},
          {"always_suspend", [](Options& options) { options.always_suspend = true; }},
          {"eager_tasks", [](Options& options) { options.eager_tasks = true; }},
          {"eager_tasks and a cancellation",
           [](Options& options) {
             options.eager_tasks = true;
             options.cancellations = 1;
           }},
          {"breadth_first", [](Options& options) { options.breadth_first = true; }},
          {"no fold", [](Options& options) { options.fold = false; }},
          {"stop_at_failure", [](Options& options) { options.stop_at_failure = false; }},
          {"jobs", [](Options& options) { options.jobs = 2; }},
          {"World::advance()", [](Options&) {}, slow_step}};
}

TEST(EachStrategy, ServesEachOption) {
  for (const Case& one : cases()) {
    for (const Strategy strategy :
         {Strategy::automatic, Strategy::fifo, Strategy::exhaustive, Strategy::states,
          Strategy::dpor, Strategy::random, Strategy::pct, Strategy::surw, Strategy::pos}) {
      Options options = with(strategy);
      options.max_executions = 3'000;
      one.set(options);
      const Verdict verdict = explore(one.model, options);
      EXPECT_NE(verdict.kind, Verdict::Kind::inconclusive)
          << one.name << ", " << to_string(strategy) << ": " << verdict.reason;
      EXPECT_NE(verdict.kind, Verdict::Kind::failed) << one.name << ", " << to_string(strategy);
    }
  }
}

TEST(StrategyDpor, ProvesWithinItsCancellations) {
  Options options = with(Strategy::dpor);
  options.cancellations = 1;
  const Verdict verdict = explore(two_adders, options);
  EXPECT_TRUE(is(Verdict::Kind::proved_within, verdict));
  EXPECT_NE(verdict.bound.find("at most 1 injected cancellation"), std::string::npos);
  Options all = with(Strategy::exhaustive);
  all.cancellations = 1;
  all.max_executions = 1'000'000;
  EXPECT_LT(verdict.executions, explore(two_adders, all).executions);
}

Task<> take_and_lose(Semaphore& semaphore) {
  co_await semaphore.acquire();
  co_await sleep(1ms);
  semaphore.release();
}

/// A permit is lost where a task is cancelled that holds it.
Task<> loses_a_permit() {
  Semaphore semaphore;
  auto both = gather(return_exceptions, take_and_lose(semaphore), take_and_lose(semaphore));
  co_await both;
  COCHECK(semaphore.value() == 1);
}

TEST(StrategyDpor, FindsWhatACancellationBreaksAndReplaysIt) {
  for (const bool shrinks : {false, true}) {
    Options options = with(Strategy::dpor);
    options.cancellations = 1;
    options.shrink = shrinks;
    const Verdict verdict = explore(loses_a_permit, options);
    ASSERT_TRUE(failed_with(FailureKind::deadlock, verdict) ||
                failed_with(FailureKind::check, verdict));
    ASSERT_TRUE(verdict.recording);
    Options again;
    again.replay = to_line(verdict.recording->schedule);
    EXPECT_TRUE(is(Verdict::Kind::failed, explore(loses_a_permit, again)));
  }
}

/// The tasks have nothing to do with each other, and all have ended when the other waits for ever:
/// a search may cancel it where nothing is ready any more, a world does so before.
Task<> hangs_unless_cancelled() {
  Event never;
  const auto wait = [&]() -> Task<> { co_await never.wait(); };
  const auto step = []() -> Task<> { co_await sleep(0s); };
  TaskHandle<> waits = create_task(wait());
  TaskHandle<> steps = create_task(step());
  bool cancelled = false;
  try {
    co_await waits;
  } catch (const CancelledError&) {
    cancelled = true;
  }
  co_await steps;
  COCHECK(!cancelled);
}

TEST(StrategyDpor, GivesSchedulesThatAWorldCanMake) {
  Options options = with(Strategy::dpor);
  options.cancellations = 1;
  options.stop_at_failure = false;
  options.shrink = false;
  const Verdict verdict = explore(hangs_unless_cancelled, options);
  ASSERT_TRUE(is(Verdict::Kind::failed, verdict));
  Options all = options;
  all.strategy = Strategy::exhaustive;
  const Verdict reference = explore(hangs_unless_cancelled, all);
  EXPECT_LE(verdict.failing, reference.failing);
  EXPECT_GT(verdict.failing, 1u);
}

/// What is unreduced makes all executions.
void expect_all_executions(Task<> (*model)(), Options options) {
  options.max_executions = 1'000'000;
  options.stop_at_failure = false;
  options.shrink = false;
  options.strategy = Strategy::exhaustive;
  const Verdict all = explore(model, options);
  options.strategy = Strategy::dpor;
  const Verdict found = explore(model, options);
  EXPECT_EQ(found.kind, all.kind);
  EXPECT_EQ(found.executions, all.executions);
  EXPECT_EQ(found.failing, all.failing);
}

Task<> times_out() {
  Event event;
  const auto set = [&]() -> Task<> {
    co_await sleep(1ms);
    co_await sleep(0s);
    event.set();
  };
  TaskHandle<> setter = create_task(set());
  bool in_time = true;
  try {
    co_await wait_for(event.wait(), 2ms);
  } catch (const TimeoutError&) {
    in_time = false;
  }
  co_await setter;
  COCHECK(in_time);
}

TEST(StrategyDpor, MakesAllExecutionsWhereTheLoopMayBeLate) {
  Options race;
  race.clock = Clock::race;
  expect_all_executions(times_out, race);
  EXPECT_TRUE(failed_with(FailureKind::check, [&] {
    race.strategy = Strategy::dpor;
    return explore(times_out, race);
  }()));
  Options both = race;
  both.cancellations = 1;
  expect_all_executions(two_adders, both);
}

TEST(StrategyDpor, MakesAllExecutionsWhereTimePassesInAStep) {
  expect_all_executions(slow_step, Options());
}

}  // namespace
}  // namespace cocheck
