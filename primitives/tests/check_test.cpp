#include "cocheck/check.hpp"

#include <algorithm>
#include <string>

#include "cocheck/sleep.hpp"
#include "cocheck/task.hpp"
#include "cocheck/task_handle.hpp"
#include "run.hpp"

namespace cocheck {
namespace {

using namespace test;

TEST(Check, HoldingItDoesNothing) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    COCHECK(1 + 1 == 2);
    check(true, "never said");
    log.push_back("after");
    co_return;
  })));
  EXPECT_EQ(log, (Log{"after"}));
}

TEST(Check, FailureHasTheTextOfTheConditionAndThePlace) {
  const unsigned line = __LINE__ + 3;
  const Verdict verdict = run([]() -> Task<> {
    const int counter = 1;
    COCHECK(counter == 2);
    co_return;
  });
  ASSERT_TRUE(failed_with(FailureKind::check, verdict));
  EXPECT_EQ(verdict.failure->message, "counter == 2");
  EXPECT_EQ(verdict.failure->place.line(), line);
  EXPECT_TRUE(std::string(verdict.failure->place.file_name()).ends_with("check_test.cpp"));
}

TEST(Check, ConditionMayHaveCommas) {
  const Verdict verdict = run([]() -> Task<> {
    COCHECK(std::max(1, 2) == 1);
    co_return;
  });
  ASSERT_TRUE(failed_with(FailureKind::check, verdict));
  EXPECT_EQ(verdict.failure->message, "std::max(1, 2) == 1");
}

TEST(Check, MessageCanBeOnesOwn) {
  const Verdict verdict = run([]() -> Task<> {
    check(false, "the books do not balance");
    co_return;
  });
  ASSERT_TRUE(failed_with(FailureKind::check, verdict));
  EXPECT_EQ(verdict.failure->message, "the books do not balance");
}

TEST(Check, EndsTheStep) {
  bool reached = false;
  EXPECT_TRUE(failed_with(FailureKind::check, run([&]() -> Task<> {
                            COCHECK(false);
                            reached = true;
                            co_return;
                          })));
  EXPECT_FALSE(reached);
}

TEST(Check, SwallowingItsExceptionDoesNotHelp) {
  bool went_on = false;
  const Verdict verdict = run([&]() -> Task<> {
    try {
      COCHECK(false);
    } catch (...) {
    }
    co_await sleep(0s);
    went_on = true;
  });
  EXPECT_TRUE(failed_with(FailureKind::check, verdict));
  EXPECT_FALSE(went_on) << "the execution stops after the step";
}

TEST(Check, IsNoStandardException) {
  static_assert(!std::is_base_of_v<std::exception, CheckFailed>);
  bool swallowed = false;
  EXPECT_TRUE(failed_with(FailureKind::check, run([&]() -> Task<> {
                            try {
                              COCHECK(false);
                            } catch (const std::exception&) {
                              swallowed = true;
                            }
                            co_return;
                          })));
  EXPECT_FALSE(swallowed);
}

TEST(Check, TheFirstFailureIsTheOneReported) {
  const Verdict verdict = run([]() -> Task<> {
    try {
      check(false, "first");
    } catch (...) {
    }
    check(false, "second");
    co_return;
  });
  ASSERT_TRUE(failed_with(FailureKind::check, verdict));
  EXPECT_EQ(verdict.failure->message, "first");
}

TEST(Check, FailsInAChildTaskToo) {
  const Verdict verdict = run([]() -> Task<> {
    auto child = []() -> Task<> {
      COCHECK(false);
      co_return;
    };
    co_await create_task(child());
  });
  EXPECT_TRUE(failed_with(FailureKind::check, verdict));
}

TEST(Check, OutsideOfALoopThrowsRuntimeError) {
  EXPECT_THROW(check(false, "nobody to tell"), RuntimeError);
  EXPECT_NO_THROW(check(true, "nobody to tell"));
}

TEST(Note, StandsInTheTrace) {
  const Verdict verdict = run([]() -> Task<> {
    note("plain");
    note([] { return std::string("made"); });
    COCHECK(false);
    co_return;
  });
  ASSERT_TRUE(verdict.recording);
  Log notes;
  for (const TraceEvent& event : verdict.recording->trace.events) {
    if (event.kind == TraceEvent::Kind::note) notes.push_back(event.task + " " + event.detail);
  }
  EXPECT_EQ(notes, (Log{"0 plain", "0 made"}));
}

TEST(Note, IsNotMadeWhereNoTraceIsRecorded) {
  int made = 0;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    note([&] {
      ++made;
      return "text";
    });
    co_return;
  })));
  EXPECT_EQ(made, 0);
  note("outside of a loop it says nothing");
}

}  // namespace
}  // namespace cocheck
