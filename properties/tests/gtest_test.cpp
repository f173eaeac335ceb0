// COCHECK_TEST seen from outside: what a program of failing tests prints, writes and replays.

#include "cocheck/gtest.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <string>

#include "child_process.hpp"
#include "cocheck/render.hpp"
#include "cocheck/schedule_file.hpp"
#include "cocheck/schedule_line.hpp"
#include "scratch_folder.hpp"

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using cocheck::tests::Ended;
using cocheck::tests::run;

/// Runs tests of failing_models, with a folder for what they leave behind.
class FailingModels : public ::testing::Test {
 protected:
  Ended run_test(const std::string& filter, const std::string& environment = {},
                 const std::string& flags = {}) const {
    return run("COCHECK_OUT=" + folder_.path().string() + " " + environment + " " +
               cocheck::tests::quoted(COCHECK_FAILING_MODELS) + " --gtest_filter=" + filter + " " +
               flags);
  }
  [[nodiscard]] fs::path file(const std::string& test) const {
    return folder_.path() / (test + ".cocheck.json");
  }
  [[nodiscard]] fs::path picture(const std::string& test, const char* extension) const {
    return folder_.path() / (test + extension);
  }

  cocheck::tests::ScratchFolder folder_;
};

TEST_F(FailingModels, SayVerdictTableAndReplay) {
  const Ended ended = run_test("Racy.Expect");
  EXPECT_EQ(ended.code, 1);
  EXPECT_TRUE(
      ended.says("Failed: check failed: Expected equality of these values: counter "
                 "(which is 1), 2, an increment is lost"))
      << ended.output;
  EXPECT_TRUE(ended.says("step  0 main")) << ended.output;
  EXPECT_TRUE(ended.says("spawns 0.0 0.1")) << ended.output;
  // The program is quoted where its path needs that.
  EXPECT_TRUE(ended.says("replay:   COCHECK_REPLAY=" + file("Racy.Expect").string() + " "))
      << ended.output;
  EXPECT_TRUE(ended.says(COCHECK_FAILING_MODELS)) << ended.output;
  EXPECT_TRUE(ended.says(" --gtest_filter=Racy.Expect\n")) << ended.output;
  EXPECT_TRUE(ended.says("cocheck replay " + file("Racy.Expect").string())) << ended.output;
  EXPECT_TRUE(ended.says("line:     cocheck1:")) << ended.output;
}

TEST_F(FailingModels, ShowWhatGoogleTestSaidOnce) {
  const Ended ended = run_test("Racy.Expect");
  EXPECT_EQ(ended.count("    Which is: 1\n"), 1u) << ended.output;
  EXPECT_EQ(ended.count(": Failure\n"), 1u) << ended.output;
  EXPECT_TRUE(ended.says("failing_models.cpp:")) << ended.output;
}

TEST_F(FailingModels, WriteScheduleAndPictures) {
  EXPECT_FALSE(fs::exists(folder_.path()));
  run_test("Racy.Check");
  const cocheck::Recording recording = cocheck::read_recording(file("Racy.Check"));
  EXPECT_EQ(recording.schedule.test, "Racy.Check");
  EXPECT_EQ(fs::path(recording.schedule.program), fs::path(COCHECK_FAILING_MODELS));
  EXPECT_EQ(recording.schedule.strategy, "random");
  EXPECT_EQ(recording.schedule.seed, 5u);
  EXPECT_EQ(recording.failure, "counter == 2");
  EXPECT_FALSE(recording.trace.events.empty());
  EXPECT_TRUE(fs::exists(picture("Racy.Check", ".dot")));
  EXPECT_EQ(fs::exists(picture("Racy.Check", ".svg")), cocheck::can_render());
}

TEST_F(FailingModels, SayHowToGetAPicture) {
  const Ended ended = run_test("Racy.Check", "PATH=" + folder_.path().string());
  EXPECT_TRUE(ended.says("install the package graphviz, then: cocheck render")) << ended.output;
  EXPECT_TRUE(fs::exists(picture("Racy.Check", ".dot")));
  EXPECT_FALSE(fs::exists(picture("Racy.Check", ".svg")));
}

TEST_F(FailingModels, PointAtTheExpectationInTheTrace) {
  run_test("Racy.Expect");
  const cocheck::Trace trace = cocheck::read_recording(file("Racy.Expect")).trace;
  const auto failure = std::find_if(
      trace.events.begin(), trace.events.end(),
      [](const auto& event) { return event.kind == cocheck::TraceEvent::Kind::failure; });
  ASSERT_NE(failure, trace.events.end());
  EXPECT_TRUE(failure->place.file.ends_with("failing_models.cpp"));
  EXPECT_NE(failure->detail.find(":" + std::to_string(failure->place.line) + "]"),
            std::string::npos)
      << failure->detail;
}

TEST_F(FailingModels, LeaveNothingBehindWhereTheyPass) {
  const Ended ended = run_test("Passing.Proved");
  EXPECT_EQ(ended.code, 0);
  EXPECT_TRUE(ended.says("[ cocheck  ] Passing.Proved: Proved: every schedule passes"))
      << ended.output;
  EXPECT_FALSE(fs::exists(folder_.path()));
}

TEST_F(FailingModels, RecordTheVerdictAsAProperty) {
  const fs::path xml = folder_.path() / "result.xml";
  run_test("Passing.Proved", {}, "--gtest_output=xml:" + xml.string());
  const Ended ended = run("cat " + xml.string());
  EXPECT_TRUE(ended.says("name=\"cocheck\" value=\"Proved")) << ended.output;
}

TEST_F(FailingModels, NameWhoWaitsInADeadlock) {
  const Ended ended = run_test("Locks.Deadlock");
  EXPECT_EQ(ended.code, 1);
  EXPECT_TRUE(ended.says("Failed: deadlock")) << ended.output;
  EXPECT_TRUE(ended.says("lock.acquire")) << ended.output;
}

TEST_F(FailingModels, FailWhereNothingCanBeClaimed) {
  const Ended ended = run_test("Limits.NeverEnds");
  EXPECT_EQ(ended.code, 1);
  EXPECT_TRUE(ended.says("Inconclusive: ")) << ended.output;
  EXPECT_TRUE(ended.says("stopped after 20 steps")) << ended.output;
  EXPECT_TRUE(fs::exists(file("Limits.NeverEnds")));
}

TEST_F(FailingModels, DrawALivelockWithItsLoopAndReplayIt) {
  const Ended ended = run_test("Limits.GoesRound");
  EXPECT_EQ(ended.code, 1);
  EXPECT_TRUE(ended.says("Failed: livelock: step 1 leads back")) << ended.output;
  EXPECT_TRUE(ended.says("the loop begins")) << ended.output;
  const Ended again =
      run_test("Limits.GoesRound", "COCHECK_REPLAY=" + file("Limits.GoesRound").string());
  EXPECT_EQ(again.code, 1);
  EXPECT_TRUE(again.says("Failed: livelock: step 1 leads back")) << again.output;
}

TEST_F(FailingModels, ShowBeginningAndEndOfALongTable) {
  const Ended ended = run_test("Long.ManySteps");
  EXPECT_TRUE(ended.says("rows left out")) << ended.output;
  EXPECT_TRUE(ended.says("\n   0  ")) << ended.output;
  EXPECT_TRUE(ended.says("\n 300  ")) << ended.output;
  EXPECT_FALSE(ended.says("\n 150  ")) << ended.output;
}

TEST_F(FailingModels, RejectGtestSkip) {
  const Ended ended = run_test("Skipping.Inside");
  EXPECT_EQ(ended.code, 1);
  EXPECT_TRUE(ended.says("Failed: misuse: GTEST_SKIP inside a model")) << ended.output;
}

TEST_F(FailingModels, LoseNoExpectation) {
  const Ended inside = run_test("Destructor.ExpectsInside");
  EXPECT_EQ(inside.code, 1);
  EXPECT_TRUE(inside.says("in a destructor")) << inside.output;
  const Ended outside = run_test("Destructor.ExpectsOutside");
  EXPECT_EQ(outside.code, 1);
  EXPECT_EQ(outside.count("in a destructor"), 1u) << outside.output;
}

TEST_F(FailingModels, FailAPlainTestOnce) {
  const Ended ended = run_test("Plain.CountsFailures");
  EXPECT_EQ(ended.code, 1);
  EXPECT_EQ(ended.count(": Failure\n"), 1u) << ended.output;
}

TEST_F(FailingModels, ReplayTheSameTrace) {
  run_test("Racy.Check");
  const std::string recorded = cocheck::to_json(cocheck::read_recording(file("Racy.Check")));
  const fs::path kept = folder_.path() / "kept.json";
  fs::rename(file("Racy.Check"), kept);
  const Ended ended = run_test("Racy.Check", "COCHECK_REPLAY=" + kept.string());
  EXPECT_EQ(ended.code, 1);
  EXPECT_TRUE(ended.says("Failed: check failed: counter == 2")) << ended.output;
  EXPECT_TRUE(ended.says("1 replay")) << ended.output;
  EXPECT_EQ(cocheck::to_json(cocheck::read_recording(file("Racy.Check"))), recorded);
}

TEST_F(FailingModels, ReplayALine) {
  run_test("Order.SecondFirst");
  const std::string line =
      cocheck::to_line(cocheck::read_recording(file("Order.SecondFirst")).schedule);
  const Ended one = run_test("Order.SecondFirst", {}, "--cocheck_replay=" + line);
  EXPECT_EQ(one.code, 1);
  EXPECT_TRUE(one.says("a was last")) << one.output;
  const Ended two = run_test("Order.SecondFirst:Racy.Check", {}, "--cocheck_replay=" + line);
  EXPECT_TRUE(two.says("does not say which test it is for, and 2 would run")) << two.output;
  EXPECT_FALSE(two.says("a was last")) << two.output;
}

TEST_F(FailingModels, SkipWhatWasNotRecorded) {
  run_test("Racy.Check");
  const Ended ended = run_test("*", "COCHECK_REPLAY=" + file("Racy.Check").string());
  EXPECT_TRUE(ended.says("[  SKIPPED ] Racy.Expect")) << ended.output;
  EXPECT_TRUE(ended.says("is a schedule of Racy.Check")) << ended.output;
  EXPECT_TRUE(ended.says("[  FAILED  ] Racy.Check")) << ended.output;
  EXPECT_FALSE(ended.says("[  FAILED  ] Racy.Expect")) << ended.output;
}

TEST_F(FailingModels, SayWhereAChangedModelDiverges) {
  run_test("Order.SecondFirst");
  const std::string before = cocheck::to_json(cocheck::read_recording(file("Order.SecondFirst")));
  const Ended ended = run_test(
      "Order.SecondFirst", "CHANGED_MODEL=1 COCHECK_REPLAY=" + file("Order.SecondFirst").string());
  EXPECT_EQ(ended.code, 1);
  EXPECT_TRUE(ended.says("Inconclusive: the schedule does not fit the model: diverged at choice "))
      << ended.output;
  EXPECT_TRUE(ended.says("expected ")) << ended.output;
  EXPECT_EQ(cocheck::to_json(cocheck::read_recording(file("Order.SecondFirst"))), before);
}

TEST_F(FailingModels, SayWhatIsWrongWithASchedule) {
  const Ended missing = run_test("Racy.Check", "COCHECK_REPLAY=no-such-file.json");
  EXPECT_EQ(missing.code, 1);
  EXPECT_TRUE(missing.says("no-such-file.json")) << missing.output;
  const Ended malformed = run_test("Racy.Check", "COCHECK_REPLAY=cocheck1:nonsense");
  EXPECT_EQ(malformed.code, 1);
  EXPECT_TRUE(malformed.says("character ")) << malformed.output;
}

TEST_F(FailingModels, ObeyEnvironmentAndThenFlags) {
  const Ended code = run_test("Passing.Proved");
  EXPECT_TRUE(code.says("exhaustive")) << code.output;
  const std::string environment = "COCHECK_STRATEGY=random COCHECK_EXECUTIONS=17 COCHECK_SEED=3";
  const Ended variables = run_test("Passing.Proved", environment);
  EXPECT_TRUE(variables.says("Sampled(17)")) << variables.output;
  EXPECT_TRUE(variables.says("17 random from seed 3")) << variables.output;
  const Ended flags = run_test("Passing.Proved", environment,
                               "--cocheck_executions=5 --cocheck_seed=18446744073709551615");
  EXPECT_TRUE(flags.says("5 random from seed 18446744073709551615")) << flags.output;
  const Ended empty = run_test("Passing.Proved", "COCHECK_STRATEGY=");
  EXPECT_TRUE(empty.says("Proved")) << empty.output;
}

TEST_F(FailingModels, ObeyLimits) {
  const Ended steps = run_test("Passing.Proved", {}, "--cocheck_steps=2");
  EXPECT_TRUE(steps.says("stopped after 2 steps")) << steps.output;
  const Ended time = run_test("Passing.Proved", "COCHECK_STRATEGY=random COCHECK_TIME_MS=1",
                              "--cocheck_executions=1000000000");
  EXPECT_TRUE(time.says("Limit hit: max_time, 1 ms")) << time.output;
}

TEST_F(FailingModels, WriteWhereTheFlagSays) {
  const fs::path other = folder_.path() / "other";
  run_test("Racy.Check", {}, "--cocheck_out=" + other.string());
  EXPECT_TRUE(fs::exists(other / "Racy.Check.cocheck.json"));
  EXPECT_FALSE(fs::exists(file("Racy.Check")));
}

TEST_F(FailingModels, SayWhatAFlagAllows) {
  const auto message_of = [&](const std::string& environment, const std::string& flags) {
    const Ended ended = run_test("Passing.Proved", environment, flags);
    EXPECT_EQ(ended.code, 1) << ended.output;
    EXPECT_FALSE(ended.says("[ cocheck  ]")) << ended.output;
    return ended.output;
  };
  const auto expect_says = [](const std::string& output, const std::string& text) {
    EXPECT_NE(output.find(text), std::string::npos) << output;
  };
  expect_says(message_of({}, "--cocheck_strategy=guess"),
              "--cocheck_strategy: there is no strategy 'guess'; there are auto, fifo,");
  expect_says(message_of("COCHECK_SEED=-1", {}),
              "COCHECK_SEED: '-1' is not a whole number from 0 to 18446744073709551615");
  expect_says(message_of({}, "--cocheck_executions=0"),
              "--cocheck_executions: '0' is not a whole number from 1 to");
  expect_says(message_of("COCHECK_TIME_MS=soon", {}), "COCHECK_TIME_MS: 'soon'");
  expect_says(message_of({}, "--cocheck_steps=1e3"), "--cocheck_steps: '1e3'");
  expect_says(message_of({}, "--cocheck_seed"), "--cocheck_seed: needs a value");
  expect_says(message_of({}, "--cocheck_sede=3"),
              "there is no flag --cocheck_sede; there are --cocheck_strategy=, --cocheck_seed=,");
}

cocheck::Task<> increment(int& counter) {
  const int value = counter;
  co_await cocheck::sleep(0s);
  counter = value + 1;
}

cocheck::Task<> lose_an_increment() {
  int counter = 0;
  co_await cocheck::gather(increment(counter), increment(counter), increment(counter));
  COCHECK(counter != 1);
}

TEST(Passes, SaysWhy) {
  const auto passing = cocheck::passes(cocheck::explore([]() -> cocheck::Task<> { co_return; }));
  EXPECT_TRUE(passing);
  EXPECT_NE(std::string(passing.message()).find("Proved"), std::string::npos);
  const auto failing = cocheck::passes(cocheck::explore(lose_an_increment));
  EXPECT_FALSE(failing);
  EXPECT_NE(std::string(failing.message()).find("counter != 1"), std::string::npos);
  EXPECT_NE(std::string(failing.message()).find("schedule: cocheck1:"), std::string::npos);
}

TEST(Replay, IsTheSameAThousandTimes) {
  const cocheck::Verdict verdict =
      cocheck::explore(lose_an_increment, {.strategy = cocheck::Strategy::random});
  ASSERT_EQ(verdict.kind, cocheck::Verdict::Kind::failed);
  const std::string recorded = cocheck::to_json(*verdict.recording);
  int same = 0;
  for (int i = 0; i < 1'000; ++i) {
    const cocheck::Verdict again = cocheck::replay(lose_an_increment, verdict.recording->schedule);
    if (again.recording && cocheck::to_json(*again.recording) == recorded) ++same;
  }
  EXPECT_EQ(same, 1'000);
}

}  // namespace
