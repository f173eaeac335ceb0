#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "cocheck/errors.hpp"
#include "cocheck/explore.hpp"

namespace cocheck::test {

using namespace std::chrono_literals;

/// What happened in a model, in order.
using Log = std::vector<std::string>;

/// Runs the model once, in asyncio's own order.
inline Verdict run(const Model& model) {
  Options options;
  options.strategy = Strategy::fifo;
  return explore(model, options);
}

/// Runs the model in every order, with up to `cancellations` of its tasks cancelled anywhere.
inline Verdict run_every_order(const Model& model, std::uint32_t cancellations = 0) {
  Options options;
  options.strategy = Strategy::exhaustive;
  options.max_executions = 2'000'000;
  options.cancellations = cancellations;
  return explore(model, options);
}

/// Whether the run in asyncio's order has passed.
[[nodiscard]] inline ::testing::AssertionResult passed(const Verdict& verdict) {
  if (verdict.kind == Verdict::Kind::sampled) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << verdict.report();
}

/// Whether every order has passed, and all of them were run.
[[nodiscard]] inline ::testing::AssertionResult proved(const Verdict& verdict) {
  if (verdict.kind == Verdict::Kind::proved || verdict.kind == Verdict::Kind::proved_within) {
    return ::testing::AssertionSuccess() << verdict.summary();
  }
  return ::testing::AssertionFailure() << verdict.report();
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

/// How a coroutine that was awaited with this ended: its log entry.
template <class Awaitable>
Task<std::string> outcome(Awaitable awaitable) {
  try {
    co_await std::move(awaitable);
    co_return "done";
  } catch (const CancelledError& error) {
    co_return error.message().empty() ? "cancelled" : "cancelled: " + error.message();
  } catch (const Error& error) {
    co_return std::string("error: ") + error.what();
  }
}

}  // namespace cocheck::test
