// What dpor makes of errno: steps that leave it and steps that read it depend on each other.

#include <gtest/gtest.h>

#include "errno_models.hpp"

namespace cocheck {
namespace {

namespace models = test::errno_models;

Verdict verdict_of(Task<> (*model)(), Strategy strategy) {
  Options options;
  options.jobs = 1;
  options.strategy = strategy;
  return explore(model, options);
}

TEST(ErrnoInDpor, IsSharedByAllSteps) {
  for (const auto model :
       {models::clobbered_across_an_await, models::left_by_a_library, models::put_back_late}) {
    for (const Strategy strategy : {Strategy::exhaustive, Strategy::dpor}) {
      const Verdict verdict = verdict_of(model, strategy);
      EXPECT_EQ(verdict.kind, Verdict::Kind::failed) << to_string(strategy) << verdict.report();
    }
  }
}

TEST(ErrnoInDpor, OfOneStepMakesNoConflict) {
  const Verdict verdict = verdict_of(models::used_within_a_step, Strategy::dpor);
  ASSERT_EQ(verdict.kind, Verdict::Kind::proved) << verdict.report();
  EXPECT_EQ(verdict.executions, 1u);
}

}  // namespace
}  // namespace cocheck
