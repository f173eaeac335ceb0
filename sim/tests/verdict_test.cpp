#include "cocheck/verdict.hpp"

#include <gtest/gtest.h>

#include <source_location>

#include "cocheck/schedule_line.hpp"
#include "cocheck/text_table.hpp"

namespace cocheck {
namespace {

Verdict verdict_of(Verdict::Kind kind, std::uint64_t executions) {
  Verdict verdict;
  verdict.kind = kind;
  verdict.executions = executions;
  verdict.distinct = executions;
  verdict.shares = {{"exhaustive", executions}};
  return verdict;
}

TEST(Verdict, KindsHaveNames) {
  EXPECT_STREQ(to_string(Verdict::Kind::proved), "Proved");
  EXPECT_STREQ(to_string(Verdict::Kind::proved_within), "ProvedWithin");
  EXPECT_STREQ(to_string(Verdict::Kind::sampled), "Sampled");
  EXPECT_STREQ(to_string(Verdict::Kind::failed), "Failed");
  EXPECT_STREQ(to_string(Verdict::Kind::inconclusive), "Inconclusive");
}

TEST(Verdict, OnlyFailedAndInconclusiveDoNotPass) {
  EXPECT_TRUE(verdict_of(Verdict::Kind::proved, 1).passed());
  EXPECT_TRUE(verdict_of(Verdict::Kind::proved_within, 1).passed());
  EXPECT_TRUE(verdict_of(Verdict::Kind::sampled, 1).passed());
  EXPECT_FALSE(verdict_of(Verdict::Kind::failed, 1).passed());
  EXPECT_FALSE(verdict_of(Verdict::Kind::inconclusive, 1).passed());
  EXPECT_FALSE(Verdict().passed()) << "nothing was shown yet";
}

TEST(Verdict, SummaryOfAProof) {
  EXPECT_EQ(verdict_of(Verdict::Kind::proved, 1'234'567).summary(),
            "Proved: every schedule passes (1,234,567 executions, 1,234,567 exhaustive).");
  EXPECT_EQ(verdict_of(Verdict::Kind::proved, 1).summary(),
            "Proved: every schedule passes (1 execution, 1 exhaustive).");
}

TEST(Verdict, SummaryNamesTheBound) {
  Verdict verdict = verdict_of(Verdict::Kind::proved_within, 10);
  verdict.bound = "at most 1 injected cancellation";
  EXPECT_EQ(verdict.summary(),
            "ProvedWithin(at most 1 injected cancellation): every schedule within that bound "
            "passes (10 executions, 10 exhaustive).");
}

TEST(Verdict, SummaryOfSamplesSaysThatOthersMayFail) {
  Verdict verdict = verdict_of(Verdict::Kind::sampled, 1'000);
  verdict.distinct = 900;
  verdict.distinct_at_least = true;
  verdict.seed = 5;
  verdict.shares = {{"fifo", 1}, {"random", 999}};
  verdict.limits = {"max_executions, 1000", "max_time, 5 ms"};
  EXPECT_EQ(verdict.summary(),
            "Sampled(1,000): all schedules that were run pass, at least 900 of them distinct (1 "
            "fifo, 999 random from seed 5). Others may fail. Limit hit: max_executions, 1000. "
            "Limit hit: max_time, 5 ms.");
}

TEST(Verdict, SummaryOfAFailureHasItsPlace) {
  Verdict verdict = verdict_of(Verdict::Kind::failed, 12);
  verdict.failing = 1;
  verdict.failure = Failure{FailureKind::check, "x == 1", std::source_location()};
  EXPECT_EQ(verdict.summary(),
            "Failed: check failed: x == 1. Found in execution 12 (12 exhaustive).");
  const std::source_location here = std::source_location::current();
  verdict.failure->place = here;
  verdict.failing = 3;
  EXPECT_EQ(verdict.summary(), "Failed: check failed: x == 1 at " + std::string(here.file_name()) +
                                   ":" + std::to_string(here.line()) +
                                   ". 3 failing executions of 12 (12 exhaustive).");
}

TEST(Verdict, SummaryOfAnInconclusiveOneHasTheReason) {
  Verdict verdict = verdict_of(Verdict::Kind::inconclusive, 2);
  verdict.reason = "the model is not deterministic";
  EXPECT_EQ(verdict.summary(),
            "Inconclusive: the model is not deterministic (2 executions, 2 exhaustive).");
}

TEST(Verdict, ReportAddsTheTableAndTheLineThatReplays) {
  Verdict verdict = verdict_of(Verdict::Kind::failed, 1);
  verdict.failure = Failure{FailureKind::check, "x == 1", std::source_location()};
  EXPECT_EQ(verdict.report(), verdict.summary() + "\n");
  Recording recording;
  recording.schedule.options["order"] = "any";
  Choice choice;
  choice.task = "0";
  recording.schedule.choices = {choice};
  recording.trace.tasks = {{"0", "main", {}}};
  verdict.recording = recording;
  EXPECT_EQ(verdict.report(), verdict.summary() + "\n\n" + text_table(recording) +
                                  "\nschedule: " + to_line(recording.schedule) + "\n");
}

}  // namespace
}  // namespace cocheck
