// COCHECK_PROP seen from outside: the counterexamples that a program of failing properties prints.

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "child_process.hpp"
#include "cocheck/schedule_file.hpp"
#include "cocheck/schedule_line.hpp"
#include "scratch_folder.hpp"

namespace {

namespace fs = std::filesystem;
using cocheck::tests::Ended;
using cocheck::tests::run;

class FailingProperties : public ::testing::Test {
 protected:
  Ended run_test(const std::string& filter, const std::string& environment = {},
                 const std::string& flags = {}) const {
    return run("COCHECK_OUT=" + folder_.path().string() + " " + environment + " " +
               cocheck::tests::quoted(COCHECK_FAILING_PROPERTIES) + " --gtest_filter=" + filter +
               " " + flags);
  }
  [[nodiscard]] fs::path file(const std::string& test) const {
    return folder_.path() / (test + ".cocheck.json");
  }

  cocheck::tests::ScratchFolder folder_;
};

TEST_F(FailingProperties, PrintTheSmallestWorkload) {
  for (const char* seed : {"1", "2", "3"}) {
    const Ended ended = run_test("Items.AreFewerThanThree", "RC_PARAMS=seed=" + std::string(seed));
    EXPECT_EQ(ended.code, 1);
    EXPECT_TRUE(ended.says("  const std::vector<int>& items = [0, 0, 0]\n")) << ended.output;
    EXPECT_TRUE(ended.says("  cocheck::Between<1, 4> capacity = 1\n")) << ended.output;
    EXPECT_EQ(ended.count(": Failure\n"), 1u) << ended.output;
  }
}

TEST_F(FailingProperties, MakeWorkloadAndScheduleSmall) {
  const Ended ended = run_test("Counter.Races");
  EXPECT_EQ(ended.code, 1);
  EXPECT_TRUE(ended.says("  cocheck::Between<0, 8> tasks = 2\n")) << ended.output;
  EXPECT_TRUE(ended.says("Failed: check failed: counter == tasks")) << ended.output;
  EXPECT_TRUE(ended.says("step  0 main")) << ended.output;
  const cocheck::Recording recording = cocheck::read_recording(file("Counter.Races"));
  EXPECT_EQ(recording.trace.tasks.size(), 3u);
  EXPECT_EQ(recording.schedule.choices.size(), 6u);
}

TEST_F(FailingProperties, NameThePropertyAndNotItsHarness) {
  run_test("Counter.Races:Throwing.FromTheStart");
  for (const char* test : {"Counter.Races", "Throwing.FromTheStart"}) {
    const std::string json = cocheck::to_json(cocheck::read_recording(file(test)));
    EXPECT_EQ(json.find("property_run"), std::string::npos) << json;
    EXPECT_NE(json.find("failing_properties.cpp"), std::string::npos) << json;
  }
}

TEST_F(FailingProperties, ReplayWithoutRapidChecksParameters) {
  run_test("Counter.Races");
  const cocheck::Recording recorded = cocheck::read_recording(file("Counter.Races"));
  const fs::path kept = folder_.path() / "kept.json";
  fs::rename(file("Counter.Races"), kept);
  const Ended replayed = run_test("Counter.Races", "COCHECK_REPLAY=" + kept.string());
  EXPECT_EQ(replayed.code, 1);
  EXPECT_TRUE(replayed.says("  cocheck::Between<0, 8> tasks = 2\n")) << replayed.output;
  EXPECT_TRUE(replayed.says("1 replay")) << replayed.output;
  EXPECT_EQ(cocheck::read_recording(file("Counter.Races")), recorded);

  const Ended line =
      run_test("Counter.Races", "COCHECK_REPLAY=" + cocheck::to_line(recorded.schedule));
  EXPECT_EQ(line.code, 1);
  EXPECT_TRUE(line.says("  cocheck::Between<0, 8> tasks = 2\n")) << line.output;
}

TEST_F(FailingProperties, RunTheWorkloadThatRapidCheckNames) {
  const Ended ended = run_test("Items.AreFewerThanThree");
  const std::size_t begin = ended.output.find("RC_PARAMS='");
  ASSERT_NE(begin, std::string::npos) << ended.output;
  const std::size_t end = ended.output.find("'\n", begin);
  const Ended again =
      run_test("Items.AreFewerThanThree", ended.output.substr(begin, end + 1 - begin));
  EXPECT_EQ(again.code, 1);
  EXPECT_TRUE(again.says("  const std::vector<int>& items = [0, 0, 0]\n")) << again.output;
  EXPECT_TRUE(again.says("one workload, from RC_PARAMS")) << again.output;
}

TEST_F(FailingProperties, RejectAScheduleWithoutWorkload) {
  const Ended none = run_test("Counter.Races", "COCHECK_REPLAY=cocheck1:order=any:0");
  EXPECT_EQ(none.code, 1);
  EXPECT_TRUE(none.says("does not say for which workload it is")) << none.output;
  const Ended nonsense = run_test("Counter.Races", "COCHECK_REPLAY=cocheck1:workload=abc:0");
  EXPECT_EQ(nonsense.code, 1);
  EXPECT_TRUE(nonsense.says("a workload that is none of Counter.Races")) << nonsense.output;
}

TEST_F(FailingProperties, SayInOneLineWhatPassed) {
  const Ended ended = run_test("Counter.Passes", "RC_PARAMS=max_success=12");
  EXPECT_EQ(ended.code, 0);
  EXPECT_TRUE(ended.says("[ cocheck  ] Counter.Passes: 12 workloads pass: ")) << ended.output;
  EXPECT_FALSE(fs::exists(folder_.path()));
}

TEST_F(FailingProperties, ObeySettings) {
  const Ended ended = run_test("Counter.Passes", "RC_PARAMS=max_success=4",
                               "--cocheck_strategy=random --cocheck_executions=3");
  EXPECT_TRUE(ended.says("4 workloads pass: 4 Sampled (12 executions)")) << ended.output;
  const Ended bad = run_test("Counter.Passes", {}, "--cocheck_executions=many");
  EXPECT_EQ(bad.code, 1);
  EXPECT_TRUE(bad.says("--cocheck_executions: 'many'")) << bad.output;
}

TEST_F(FailingProperties, KnowRapidChecksAssertions) {
  const Ended failed = run_test("RapidCheck.Asserts");
  EXPECT_EQ(failed.code, 1);
  EXPECT_TRUE(failed.says("Failed: check failed: ")) << failed.output;
  EXPECT_TRUE(failed.says("RC_ASSERT(bits.size() < 2u)")) << failed.output;
  EXPECT_TRUE(failed.says("  const std::vector<bool>& bits = [false, false]\n")) << failed.output;
  EXPECT_EQ(run_test("RapidCheck.Discards").code, 0);
  const Ended gave_up = run_test("RapidCheck.DiscardsAll");
  EXPECT_EQ(gave_up.code, 1);
  EXPECT_TRUE(gave_up.says("gave up: 11 workloads discarded")) << gave_up.output;
}

TEST_F(FailingProperties, ShrinkStrings) {
  const Ended ended = run_test("Throwing.FromTheStart");
  EXPECT_EQ(ended.code, 1);
  EXPECT_TRUE(ended.says("(\"simple\") left the model")) << ended.output;
  EXPECT_TRUE(ended.says("  int number = 0\n  const std::string& name = \"\"\n")) << ended.output;
}

TEST_F(FailingProperties, EndShrinkingAtALimit) {
  const Ended ended = run_test("Shrinking.IsLimited");
  EXPECT_EQ(ended.code, 1);
  EXPECT_TRUE(ended.says("made smaller 0 times (1 execution; a limit ended that)")) << ended.output;
}

}  // namespace
