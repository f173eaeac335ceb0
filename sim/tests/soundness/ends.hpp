#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <set>

#include "cocheck/explore.hpp"
#include "cocheck/task.hpp"

namespace cocheck::test {

/// A model that fails where it ends with the given number; a negative one never comes.
using ModelOfEnds = std::function<Task<>(int forbidden)>;

/// What a strategy makes of a model: with which numbers it can end, as far as failures tell, and
/// of how many schedules that is said.
struct Ends {
  std::set<int> reached;
  long double schedules = 0;

  friend bool operator==(const Ends&, const Ends&) = default;
};

/// Whether all schedules pass: where timers are armed, those of a loop that is never late.
[[nodiscard]] inline bool is_proof(const Verdict& verdict) {
  return verdict.kind == (verdict.lag ? Verdict::Kind::proved_within : Verdict::Kind::proved);
}

/// Of `candidates` numbers, from 0. Anything but a proof or a failure fails the test.
[[nodiscard]] inline Ends ends_of(const ModelOfEnds& model, int candidates, Options options) {
  Ends ends;
  options.jobs = 1;
  const Verdict all = explore([&] { return model(-1); }, options);
  EXPECT_TRUE(is_proof(all)) << all.report();
  ends.schedules = all.states ? all.states->schedules : static_cast<long double>(all.executions);
  for (int end = 0; end < candidates; ++end) {
    const Verdict verdict = explore([&] { return model(end); }, options);
    EXPECT_TRUE(is_proof(verdict) || verdict.kind == Verdict::Kind::failed) << verdict.report();
    if (verdict.kind == Verdict::Kind::failed) ends.reached.insert(end);
  }
  return ends;
}

/// `states`, folded and not, must come to what `exhaustive` comes to; gives that.
inline Ends expect_equal_ends(const ModelOfEnds& model, int candidates, Options options = {}) {
  options.strategy = Strategy::exhaustive;
  const Ends expected = ends_of(model, candidates, options);
  options.strategy = Strategy::states;
  for (const bool fold : {true, false}) {
    options.fold = fold;
    const Ends found = ends_of(model, candidates, options);
    EXPECT_EQ(found.reached, expected.reached) << "fold " << fold;
    EXPECT_EQ(found.schedules, expected.schedules) << "fold " << fold;
  }
  return expected;
}

}  // namespace cocheck::test
