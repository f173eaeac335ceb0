#pragma once

#include <gtest/gtest.h>

#include <concepts>
#include <source_location>

#include "cocheck/check.hpp"
#include "cocheck/explore.hpp"
#include "cocheck/sleep.hpp"
#include "cocheck/task.hpp"

namespace cocheck::conformance {

/// What a coroutine can await.
template <class T>
concept Awaitable = requires(Task<>::promise_type promise, T object) {
  promise.await_transform(object).await_ready();
};

/// Runs `model` once in asyncio's own order, in virtual time.
inline Verdict run_fifo(const Model& model, Options options = {}) {
  options.strategy = Strategy::fifo;
  return explore(model, options);
}

/// Fails the GoogleTest, at the line that calls it, unless `model` passes in asyncio's order.
inline void expect_fifo_passes(const Model& model, const Options& options = {},
                               std::source_location place = std::source_location::current()) {
  const Verdict verdict = run_fifo(model, options);
  if (verdict.passed()) return;
  ADD_FAILURE_AT(place.file_name(), static_cast<int>(place.line())) << verdict.report();
}

/// asyncio's `sleep(0)`: everything that is ready now takes one step first.
[[nodiscard]] inline auto tick() {
  return sleep(Duration::zero());
}

/// Whether the call throws an E.
template <class E, std::invocable Call>
[[nodiscard]] bool throws(Call&& call) {
  try {
    (void)call();
  } catch (const E&) {
    return true;
  }
  return false;
}

/// Whether awaiting the coroutine, task or future throws an E.
template <class E, class Awaited>
Task<bool> fails_with(Awaited awaited) {
  bool failed = false;
  try {
    (void)co_await awaited;
  } catch (const E&) {
    failed = true;
  }
  co_return failed;
}

}  // namespace cocheck::conformance
