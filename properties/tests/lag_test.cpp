// What a COCHECK_TEST says of loops that are late, seen from outside.

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "child_process.hpp"
#include "cocheck/schedule_file.hpp"
#include "scratch_folder.hpp"

namespace {

using cocheck::tests::Ended;
using cocheck::tests::run;

class LagOfATest : public ::testing::Test {
 protected:
  Ended run_test(const std::string& environment = {}, const std::string& flags = {}) const {
    return run("COCHECK_OUT=" + folder_.path().string() + " " + environment + " " +
               cocheck::tests::quoted(COCHECK_FAILING_MODELS) +
               " --gtest_filter=Margin.TwoMilliseconds " + flags);
  }
  [[nodiscard]] std::filesystem::path file(const std::string& name) const {
    return folder_.path() / name;
  }

  cocheck::tests::ScratchFolder folder_;
};

TEST_F(LagOfATest, IsToldAndTheTestPasses) {
  const Ended ended = run_test();
  EXPECT_EQ(ended.code, 0) << ended.output;
  EXPECT_EQ(ended.count("ProvedWithin(for a loop that is never late)"), 1U) << ended.output;
  EXPECT_EQ(ended.count("fragile: breaks when the loop is 2 ms late: check failed: "), 1U)
      << ended.output;
  EXPECT_EQ(ended.count(": Failure"), 0U) << ended.output;
  EXPECT_TRUE(ended.says("replay:   COCHECK_REPLAY=")) << ended.output;
  EXPECT_TRUE(ended.says("picture:")) << ended.output;
  EXPECT_TRUE(ended.says("line:     cocheck1:lag=2ms,order=any:")) << ended.output;

  const auto written = file("Margin.TwoMilliseconds.fragile.cocheck.json");
  const cocheck::Recording recording = cocheck::read_recording(written);
  EXPECT_TRUE(recording.verdict.starts_with("Fragile: breaks when the loop is 2 ms late"))
      << recording.verdict;
  EXPECT_TRUE(std::filesystem::exists(file("Margin.TwoMilliseconds.fragile.dot")));
  const Ended again = run_test("COCHECK_REPLAY=" + written.string());
  EXPECT_EQ(again.code, 1) << again.output;
  EXPECT_TRUE(again.says("the reply was there")) << again.output;
}

TEST_F(LagOfATest, IsAFailureWhereItIsGiven) {
  for (const auto& [environment, flags] : {std::pair{"COCHECK_LAG=2ms", ""},
                                           {"COCHECK_LAG=any", ""},
                                           {"COCHECK_LAG=0", "--cocheck_lag=infinite"}}) {
    const Ended ended = run_test(environment, flags);
    EXPECT_EQ(ended.code, 1) << ended.output;
    EXPECT_TRUE(ended.says("Failed: check failed: ")) << ended.output;
    EXPECT_TRUE(ended.says("The loop is 2 ms late there.")) << ended.output;
  }
  const Ended less = run_test({}, "--cocheck_lag=1999us");
  EXPECT_EQ(less.code, 0) << less.output;
  EXPECT_TRUE(less.says("ProvedWithin(for a loop that is at most 1999 us late)")) << less.output;
  EXPECT_FALSE(less.says("fragile")) << less.output;
  EXPECT_FALSE(run_test("COCHECK_LAG=0").says("fragile"));
  EXPECT_TRUE(run_test("COCHECK_LAG=soon").says("COCHECK_LAG: 'soon' is no lag: give 0, "));
}

}  // namespace
