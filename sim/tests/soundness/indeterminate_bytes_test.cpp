// Bytes that nobody gave a value are no state: a model that keeps some is deterministic, and its
// states are as many as without them.

#include <gtest/gtest.h>

#include "indeterminate_models.hpp"

namespace cocheck {
namespace {

using test::indeterminate::Named;

TEST(IndeterminateBytes, AreNoStateAndNoNondeterminism) {
  for (const Named& named : test::indeterminate::all()) {
    for (const bool eager : {false, true}) {
      Options options;
      options.jobs = 1;
      options.eager_tasks = eager;
      options.strategy = Strategy::exhaustive;
      const Verdict every = explore(named.model, options);
      ASSERT_EQ(every.kind, Verdict::Kind::proved) << every.report();
      for (const bool fold : {true, false}) {
        options.strategy = Strategy::states;
        options.fold = fold;
        const Verdict verdict = explore(named.model, options);
        EXPECT_EQ(verdict.kind, Verdict::Kind::proved)
            << named.name << (eager ? ", eager: " : ": ") << verdict.report();
        if (!verdict.states) continue;
        EXPECT_EQ(verdict.states->schedules, static_cast<long double>(every.executions))
            << named.name;
      }
    }
  }
}

}  // namespace
}  // namespace cocheck
