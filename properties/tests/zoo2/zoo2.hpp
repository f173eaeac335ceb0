#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <optional>

#include "cocheck/gtest.hpp"

/// Bugs of applications as small models in ordinary fixed durations. A loop that is never late does
/// not show them; a callback that comes a few milliseconds late does.
namespace cocheck::zoo2 {

using namespace std::chrono_literals;

/// Whether the search passes the model, claims no more than it may, and finds out how late a loop
/// must be to break it.
inline void expect_fragile(const Model& model, std::chrono::milliseconds lag, FailureKind kind) {
  const Verdict verdict = explore(model);
  ASSERT_EQ(verdict.kind, Verdict::Kind::proved_within) << verdict.report();
  EXPECT_EQ(verdict.bound, "for a loop that is never late");
  ASSERT_TRUE(verdict.fragile) << verdict.report();
  EXPECT_EQ(verdict.fragile->lag, lag) << verdict.report();
  EXPECT_TRUE(verdict.fragile->smallest) << verdict.report();
  EXPECT_EQ(verdict.fragile->failure.kind, kind) << verdict.report();

  // The same lag, given explicitly, is a failure; a little less is none.
  Options options;
  options.lag = lag;
  EXPECT_EQ(explore(model, options).kind, Verdict::Kind::failed);
  options.lag = lag - 1ns;
  EXPECT_EQ(explore(model, options).kind, Verdict::Kind::proved_within);
  const Verdict again = replay(model, verdict.fragile->recording.schedule);
  ASSERT_EQ(again.kind, Verdict::Kind::failed) << again.report();
  EXPECT_EQ(again.failure->message, verdict.fragile->failure.message);
  EXPECT_EQ(again.lateness, lag);
}

/// Whether no loop breaks the model, however late it is.
inline void expect_robust(const Model& model) {
  const Verdict verdict = explore(model);
  EXPECT_EQ(verdict.kind, Verdict::Kind::proved_within) << verdict.report();
  EXPECT_EQ(verdict.bound, "for a loop that is never late");
  EXPECT_FALSE(verdict.fragile) << verdict.report();
  EXPECT_EQ(verdict.margin, "However late the loop is, it passes as well.") << verdict.report();
}

/// Awaits `body`, for `limit` at the most. Whether it came to its end.
template <class Body>
Task<bool> within(std::chrono::milliseconds limit, Body body) {
  bool ended = false;
  try {
    co_await timeout(limit).run(body);
    ended = true;
  } catch (const TimeoutError&) {
  }
  co_return ended;
}

/// Calls `action` after some time.
template <class Action>
Task<> after(std::chrono::milliseconds time, Action action) {
  co_await sleep(time);
  action();
}

}  // namespace cocheck::zoo2
