#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cocheck/detail/access_log.hpp"
#include "cocheck/explore.hpp"

namespace cocheck::test {

/// Those that can serve a model without cancellations in this program.
inline std::vector<Strategy> all_strategies() {
  std::vector<Strategy> result{Strategy::automatic, Strategy::exhaustive, Strategy::states,
                               Strategy::random, Strategy::pct};
  if (detail::AccessLog::instrumented()) {
    result.insert(result.end(), {Strategy::dpor, Strategy::pos, Strategy::surw});
  }
  return result;
}

inline Verdict verdict_of(const Model& model, Strategy strategy) {
  Options options;
  options.strategy = strategy;
  options.max_executions = 2'000;
  return explore(model, options);
}

/// Whether a wrong model is failed, or refused with what must be named.
inline ::testing::AssertionResult is_noticed(const Verdict& verdict, const std::string& name = {}) {
  using Kind = Verdict::Kind;
  if (verdict.kind == Kind::failed) return ::testing::AssertionSuccess();
  const bool named = verdict.reason.find(name) != std::string::npos;
  if (verdict.kind == Kind::inconclusive && named) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << verdict.summary();
}

/// Whether a right model is not failed, and proved by what can prove.
inline ::testing::AssertionResult is_right(const Verdict& verdict, Strategy strategy) {
  using Kind = Verdict::Kind;
  const bool proves = strategy == Strategy::automatic || strategy == Strategy::exhaustive ||
                      strategy == Strategy::states;
  if (verdict.kind == Kind::proved) return ::testing::AssertionSuccess();
  if (!proves && verdict.kind == Kind::sampled) return ::testing::AssertionSuccess();
  // dpor may say that it does not know, and why.
  if (strategy == Strategy::dpor && verdict.kind == Kind::inconclusive) {
    return ::testing::AssertionSuccess();
  }
  return ::testing::AssertionFailure() << to_string(strategy) << ": " << verdict.summary();
}

}  // namespace cocheck::test
