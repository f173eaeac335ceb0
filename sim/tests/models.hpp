#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <vector>

#include "cocheck/check.hpp"
#include "cocheck/explore.hpp"
#include "cocheck/gather.hpp"
#include "cocheck/sleep.hpp"
#include "cocheck/task.hpp"

namespace cocheck::test {

using namespace std::chrono_literals;

inline Options with(Strategy strategy) {
  Options options;
  options.strategy = strategy;
  return options;
}

inline Task<> increment(int& counter) {
  const int value = counter;
  co_await sleep(0s);
  counter = value + 1;
}

/// Loses updates in most of its orders: of 2 tasks in 4 of 6, asyncio's own among them.
inline Task<> racy_counter(int tasks) {
  int counter = 0;
  std::vector<Task<>> children;
  for (int i = 0; i < tasks; ++i) children.push_back(increment(counter));
  co_await gather(std::move(children));
  COCHECK(counter == tasks);
}

/// The same without a check: all orders pass.
inline Task<> unchecked_counter(int tasks) {
  int counter = 0;
  std::vector<Task<>> children;
  for (int i = 0; i < tasks; ++i) children.push_back(increment(counter));
  co_await gather(std::move(children));
}

/// Whether the verdict is a failure of that kind.
[[nodiscard]] inline ::testing::AssertionResult failed_with(FailureKind kind,
                                                            const Verdict& verdict) {
  if (verdict.kind == Verdict::Kind::failed && verdict.failure->kind == kind) {
    return ::testing::AssertionSuccess() << verdict.summary();
  }
  return ::testing::AssertionFailure()
         << "expected '" << to_string(kind) << "', got: " << verdict.report();
}

/// Whether the verdict is of that kind.
[[nodiscard]] inline ::testing::AssertionResult is(Verdict::Kind kind, const Verdict& verdict) {
  if (verdict.kind == kind) return ::testing::AssertionSuccess() << verdict.summary();
  return ::testing::AssertionFailure()
         << "expected " << to_string(kind) << ", got: " << verdict.report();
}

}  // namespace cocheck::test
