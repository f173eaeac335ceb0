// Reads and writes that no compiler's plugin and no wrapped function tells of: of inline assembly,
// of code without instrumentation, of functions of libraries, of the kernel. The audit tells of
// them, so dpor gives the verdict that exhaustive gives, or names who cannot be followed.
#include <fnmatch.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstring>
#include <functional>
#include <string>

#include "cocheck/check.hpp"
#include "cocheck/detail/step_audit.hpp"
#include "cocheck/explore.hpp"
#include "cocheck/gather.hpp"
#include "cocheck/sleep.hpp"
#include "plain_code.hpp"

// Not in the namespace of cocheck: what is there and is not instrumented is taken for its runtime.
namespace soundness_audit {
namespace {

using namespace std::chrono_literals;
using cocheck::Options;
using cocheck::Strategy;
using cocheck::Task;
using cocheck::Verdict;

struct Shared {
  int number = 0;
  int other = 0;
  std::array<char, 16> text{"1.9"};
};

struct Session {
  int token = 0;
};

Verdict search(const cocheck::Model& model, Strategy strategy) {
  Options options;
  options.strategy = strategy;
  options.jobs = 1;
  return cocheck::explore(model, options);
}

class Audit : public testing::Test {
 protected:
  void SetUp() override {
    const cocheck::detail::StepAudit audit(1);
    if (!audit.unavailable().empty()) GTEST_SKIP() << audit.unavailable();
  }
};

using Look = int (*)(Shared&);
using Change = void (*)(Shared&);

Task<> look_at(Shared& shared, Look look, int& seen) {
  co_await cocheck::sleep(0s);
  seen = look(shared);
}
Task<> change_it(Shared& shared, Change change) {
  co_await cocheck::sleep(0s);
  change(shared);
}

/// Whether a task that looks may see what another one changes, or not.
Task<> looks_and_changes(Look look, Change change, bool demands_change) {
  Shared shared;
  int seen = 0;
  const int before = look(shared);
  co_await cocheck::gather(look_at(shared, look, seen), change_it(shared, change));
  COCHECK(!demands_change || seen != before);
}

/// What `look` reads is told: two classes, and a schedule in which it sees nothing of the change.
void expect_seen(Look look, Change change) {
  const auto model = [=](bool demands) {
    return [=] { return looks_and_changes(look, change, demands); };
  };
  ASSERT_EQ(search(model(true), Strategy::exhaustive).kind, Verdict::Kind::failed);
  const Verdict failed = search(model(true), Strategy::dpor);
  EXPECT_EQ(failed.kind, Verdict::Kind::failed) << failed.report();
  const Verdict proved = search(model(false), Strategy::dpor);
  EXPECT_EQ(proved.kind, Verdict::Kind::proved) << proved.report();
  EXPECT_EQ(proved.executions, 2u) << proved.report();
}

void set_number(Shared& shared) {
  shared.number = 1;
}
void set_text(Shared& shared) {
  shared.text[0] = '2';
}

[[gnu::noinline]] bool valid(Session session) {
  return session.token != 0;
}

__attribute__((no_sanitize("thread"), noinline)) int read_without_callback(const int& number) {
  return number;
}

#if defined(__x86_64__)
TEST_F(Audit, InlineAssemblyThatReads) {
  expect_seen(
      [](Shared& shared) {
        int value = 0;
        asm volatile("movl (%1), %0" : "=r"(value) : "r"(&shared.number) : "memory");
        return value;
      },
      set_number);
}

TEST_F(Audit, InlineAssemblyThatAddsWhereItReads) {
  expect_seen(
      [](Shared& shared) {
        int value = 0;
        asm volatile("lock xaddl %0, (%1)" : "+r"(value) : "r"(&shared.number) : "memory");
        return value;
      },
      set_number);
}

TEST_F(Audit, InlineAssemblyThatCopiesAText) {
  expect_seen(
      [](Shared& shared) {
        std::array<char, 4> copy{};
        void* to = copy.data();
        const void* from = shared.text.data();
        std::size_t count = copy.size();
        asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
        return int{copy[0]};
      },
      set_text);
}
#endif

TEST_F(Audit, AFunctionThatIsLeftOutOfTheInstrumentation) {
  expect_seen([](Shared& shared) { return read_without_callback(shared.number); }, set_number);
}

TEST_F(Audit, CodeThatIsNotInstrumentedReads) {
  expect_seen([](Shared& shared) { return plain_read(&shared.number); }, set_number);
}

TEST_F(Audit, CodeThatIsNotInstrumentedIsCalledByAPointer) {
  expect_seen(
      [](Shared& shared) {
        int (*volatile read)(const int*) = plain_read;
        return read(&shared.number);
      },
      set_number);
}

TEST_F(Audit, CodeThatIsNotInstrumentedReadsWhereSomethingIsSet) {
  expect_seen([](Shared& shared) { return plain_read_if(&shared.other, &shared.number); },
              [](Shared& shared) {
                plain_write(&shared.other, 1);
                plain_write(&shared.number, 1);
              });
}

TEST_F(Audit, CodeThatIsNotInstrumentedCallsBack) {
  expect_seen(
      [](Shared& shared) {
        const auto other = [](void* of) { return static_cast<Shared*>(of)->other; };
        return plain_call(other, &shared, &shared.number);
      },
      set_number);
}

TEST_F(Audit, AnObjectThatIsPassedByValue) {
  expect_seen(
      [](Shared& shared) {
        const auto& session = reinterpret_cast<const Session&>(shared.number);
        return int{valid(session)};
      },
      set_number);
}

TEST_F(Audit, AFunctionOfTheLibraryThatComparesVersions) {
  expect_seen([](Shared& shared) { return ::strverscmp(shared.text.data(), "1.10"); }, set_text);
}

TEST_F(Audit, AFunctionOfTheLibraryThatComparesWithAPattern) {
  expect_seen([](Shared& shared) { return ::fnmatch("1*", shared.text.data(), 0); }, set_text);
}

TEST_F(Audit, TheKernelReads) {
  expect_seen(
      [](Shared& shared) {
        std::array<int, 2> pipe{};
        if (::pipe(pipe.data()) != 0) return -1;
        int value = -1;
        if (::write(pipe[1], &shared.number, sizeof value) == sizeof value) {
          EXPECT_EQ(::read(pipe[0], &value, sizeof value), ssize_t{sizeof value});
        }
        ::close(pipe[0]);
        ::close(pipe[1]);
        return value;
      },
      set_number);
}

// What tells is met in the second schedule only: code that is new there is audited there.
TEST_F(Audit, CodeThatOnlySomeSchedulesReach) {
  expect_seen(
      [](Shared& shared) { return shared.other != 0 ? 10 * plain_read(&shared.number) + 1 : 0; },
      [](Shared& shared) {
        shared.other = 1;
        shared.number = 1;
      });
}

Task<> write_plainly(int& number, int value) {
  co_await cocheck::sleep(0s);
  plain_write(&number, value);
}
Task<> write_told(int& number, int value) {
  co_await cocheck::sleep(0s);
  number = value;
}
Task<> two_writers(int expected) {
  int number = 0;
  co_await cocheck::gather(write_plainly(number, 0), write_told(number, 1));
  COCHECK(number == expected);
}

// In the first schedule the one that is not told writes what is there.
TEST_F(Audit, AWriteThatChangesNothing) {
  for (const int expected : {0, 1}) {
    const auto model = [=] { return two_writers(expected); };
    ASSERT_EQ(search(model, Strategy::exhaustive).kind, Verdict::Kind::failed);
    EXPECT_EQ(search(model, Strategy::dpor).kind, Verdict::Kind::failed);
  }
}

Task<> increment(int& counter, const std::string& name) {
  const int value = counter;
  const bool named = name.find("task") != std::string::npos && std::strlen(name.c_str()) > 4;
  co_await cocheck::sleep(0s);
  counter = value + (named ? 1 : 0);
}
Task<> told_counter() {
  int counter = 0;
  const std::string name = "task with a name that is long enough for wide registers";
  co_await cocheck::gather(increment(counter, name), increment(counter, name),
                           increment(counter, name));
  COCHECK(counter >= 1);
}

TEST_F(Audit, WhereAllIsToldTheNumberOfClassesIsExact) {
  const Verdict verdict = search(told_counter, Strategy::dpor);
  EXPECT_EQ(verdict.kind, Verdict::Kind::proved) << verdict.report();
  EXPECT_EQ(verdict.executions, 36u);
  EXPECT_TRUE(verdict.notes.empty()) << verdict.report();
  ASSERT_TRUE(verdict.audit);
}

Task<> ask_for_file(Shared& shared, int& seen) {
  co_await cocheck::sleep(0s);
  struct stat status {};
  seen = ::stat(shared.text.data(), &status);
}
Task<> files() {
  Shared shared;
  int seen = 0;
  co_await cocheck::gather(ask_for_file(shared, seen), change_it(shared, set_text));
}

// The kernel reads a name whose length nobody knows.
TEST_F(Audit, WhatCannotBeFollowedIsNamed) {
  const Verdict verdict = search(files, Strategy::dpor);
  ASSERT_EQ(verdict.kind, Verdict::Kind::inconclusive) << verdict.report();
  EXPECT_NE(verdict.reason.find("stat"), std::string::npos) << verdict.reason;
  EXPECT_NE(verdict.reason.find("ask_for_file"), std::string::npos) << verdict.reason;
  EXPECT_NE(verdict.reason.find("instrumented_audit_test.cpp:"), std::string::npos)
      << verdict.reason;
}

TEST_F(Audit, TwoAtTheSameTimeAreNotPossible) {
  const cocheck::detail::StepAudit one(1);
  const cocheck::detail::StepAudit other(1);
  EXPECT_EQ(one.unavailable(), "");
  EXPECT_NE(other.unavailable(), "");
}

}  // namespace
}  // namespace soundness_audit
