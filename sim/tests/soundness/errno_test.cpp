// errno survives from step to step, whoever takes them: all strategies see what that does.

#include <gtest/gtest.h>

#include "errno_models.hpp"

namespace cocheck {
namespace {

namespace models = test::errno_models;

Verdict verdict_of(Task<> (*model)(), Strategy strategy, bool fold = true) {
  Options options;
  options.jobs = 1;
  options.strategy = strategy;
  options.fold = fold;
  return explore(model, options);
}

TEST(Errno, IsFoundAsTheLastStepLeftIt) {
  for (const auto model :
       {models::clobbered_across_an_await, models::left_by_a_library, models::put_back_late}) {
    for (const Strategy strategy : {Strategy::exhaustive, Strategy::states, Strategy::automatic,
                                    Strategy::random, Strategy::pct}) {
      const Verdict verdict = verdict_of(model, strategy);
      EXPECT_EQ(verdict.kind, Verdict::Kind::failed) << to_string(strategy) << verdict.report();
    }
    EXPECT_EQ(verdict_of(model, Strategy::states, false).kind, Verdict::Kind::failed);
  }
}

TEST(Errno, OfOneStepIsNobodyElsesBusiness) {
  const Verdict every = verdict_of(models::used_within_a_step, Strategy::exhaustive);
  EXPECT_EQ(every.kind, Verdict::Kind::proved) << every.report();
  for (const bool fold : {true, false}) {
    const Verdict verdict = verdict_of(models::used_within_a_step, Strategy::states, fold);
    ASSERT_EQ(verdict.kind, Verdict::Kind::proved) << verdict.report();
    EXPECT_EQ(verdict.states->schedules, static_cast<long double>(every.executions));
  }
}

TEST(Errno, IsZeroWhereAnExecutionBegins) {
  errno = EINTR;
  const Verdict verdict = explore([]() -> Task<> {
    COCHECK(errno == 0);
    errno = ENOENT;
    co_return;
  });
  EXPECT_EQ(verdict.kind, Verdict::Kind::proved) << verdict.report();
}

}  // namespace
}  // namespace cocheck
