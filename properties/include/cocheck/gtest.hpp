#pragma once

#include <gtest/gtest.h>

#include "cocheck/detail/test_run.hpp"
#include "cocheck/expect_bridge.hpp"
#include "cocheck/explore.hpp"
#include "cocheck/primitives.hpp"

namespace cocheck {

/// Success when the verdict is proved, proved within a bound, or sampled. Else a failure that has
/// the summary, the table and the schedule.
///
///     EXPECT_TRUE(passes(explore(model, {.strategy = Strategy::exhaustive})));
[[nodiscard]] ::testing::AssertionResult passes(const Verdict& verdict);

}  // namespace cocheck

/// From here to the end of the file a function that must return something and may end without is an
/// error: a body without co_await and co_return is one.
#define COCHECK_DETAIL_MUST_RETURN _Pragma("GCC diagnostic error \"-Wreturn-type\"")

/// A GoogleTest test whose body is a coroutine, run under many schedules.
///
///     COCHECK_TEST(Counter, ReachesTwo, .strategy = cocheck::Strategy::exhaustive) {
///       ...
///       co_await cocheck::gather(increment(counter), increment(counter));
///       EXPECT_EQ(counter, 2);
///     }
///
/// The body needs a co_await or co_return, without which it does not compile, and builds anew what
/// it uses. EXPECT_*, ADD_FAILURE and COCHECK may stand in it and in all that it calls; ASSERT_*
/// and GTEST_SKIP do not compile in a coroutine. What follows the name are members of
/// cocheck::Options, in their order.
///
/// The test passes when the verdict is Proved, ProvedWithin or Sampled, and says it in one line. If
/// it then turns out that a loop which is late breaks it, the line says by how much, and lines with
/// the schedule and how to replay it follow: see Options::seek_lag. The test
/// fails when a schedule fails or nothing can be claimed. The message then has the schedule as a
/// table and the command that replays it, and the schedule and a picture are written to a folder.
///
/// The environment wins over the options in the code, and flags of the program over both:
///
/// | environment        | flag                   | meaning                                        |
/// |--------------------|------------------------|------------------------------------------------|
/// | COCHECK_STRATEGY   | --cocheck_strategy=    | Options::strategy, by name: auto, fifo, ...    |
/// | COCHECK_SEED       | --cocheck_seed=        | Options::seed                                  |
/// | COCHECK_EXECUTIONS | --cocheck_executions=  | Options::max_executions                        |
/// | COCHECK_STEPS      | --cocheck_steps=       | Options::max_steps                             |
/// | COCHECK_JOBS       | --cocheck_jobs=        | Options::jobs                                  |
/// | COCHECK_TIME_MS    | --cocheck_time_ms=     | Options::max_time in milliseconds              |
/// | COCHECK_LAG        | --cocheck_lag=         | Options::lag, such as 0, 10ms or any           |
/// | COCHECK_STEP_TIME_MS | --cocheck_step_time_ms= | Options::step_time in milliseconds          |
/// | COCHECK_REPLAY     | --cocheck_replay=      | a schedule file, or a schedule in one line     |
/// | COCHECK_OUT        | --cocheck_out=         | the folder to write to: cocheck-out if not set |
///
/// The flags are taken from the command line of the process, so they work with any main(). A value
/// that is not allowed fails every COCHECK_TEST; an empty variable counts as not set.
///
/// With COCHECK_REPLAY only the test that the file was recorded for runs; other COCHECK_TESTs are
/// skipped. A schedule in one line names no test: choose one with --gtest_filter.
#define COCHECK_TEST(suite, name, ...)                                                            \
  COCHECK_DETAIL_MUST_RETURN                                                                      \
  static ::cocheck::Task<> cocheck_model_##suite##_##name();                                      \
  [[maybe_unused]] static const bool cocheck_registered_##suite##_##name =                        \
      ::cocheck::detail::register_test(#suite, #name);                                            \
  TEST(suite, name) {                                                                             \
    ::cocheck::detail::run_test(&cocheck_model_##suite##_##name, ::cocheck::Options{__VA_ARGS__}, \
                                {__FILE__, __LINE__});                                            \
  }                                                                                               \
  static ::cocheck::Task<> cocheck_model_##suite##_##name()
