// Replays seen from outside: what counts as one, what the exit codes of `cocheck replay` say, and
// that nothing of a schedule file reaches the terminal as it is.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "child_process.hpp"
#include "cocheck/schedule_file.hpp"
#include "scratch_folder.hpp"

namespace {

namespace fs = std::filesystem;
using cocheck::tests::Ended;
using cocheck::tests::quoted;
using cocheck::tests::run;

/// Has recorded a failure of failing_models, and replays it after it was changed.
class Replays : public ::testing::Test {
 protected:
  Replays() {
    run(settings() + quoted(COCHECK_FAILING_MODELS) + " --gtest_filter=Order.SecondFirst");
    recording_ = cocheck::read_recording(file());
  }

  [[nodiscard]] std::string settings() const {
    return "COCHECK_OUT=" + folder_.path().string() + " ";
  }
  [[nodiscard]] fs::path file() const { return folder_.path() / "Order.SecondFirst.cocheck.json"; }
  [[nodiscard]] std::string command() const {
    return quoted(COCHECK_COMMAND) + " replay --project " +
           quoted(fs::path(COCHECK_FAILING_MODELS).parent_path()) + " " + quoted(file());
  }

  [[nodiscard]] Ended by_command(const std::string& environment = {}) const {
    return run(settings() + environment + " " + command());
  }
  [[nodiscard]] Ended by_program(const std::string& filter) const {
    return run(settings() + "COCHECK_REPLAY=" + quoted(file()) + " " +
               quoted(COCHECK_FAILING_MODELS) + " --gtest_filter='" + filter + "'");
  }
  void change_file() const { cocheck::write_recording(file(), recording_); }

  cocheck::tests::ScratchFolder folder_;
  cocheck::Recording recording_;
};

TEST_F(Replays, FailTheSameWay) {
  const Ended ended = by_command();
  EXPECT_EQ(ended.code, 1) << ended.output;
  EXPECT_TRUE(ended.says("running:  " + fs::canonical(COCHECK_FAILING_MODELS).string() +
                         " --gtest_filter=Order.SecondFirst\n"))
      << ended.output;
  EXPECT_TRUE(ended.says("a was last")) << ended.output;
  EXPECT_TRUE(ended.says("1 replay")) << ended.output;
  EXPECT_TRUE(ended.says("replayed: fails the same way")) << ended.output;
}

TEST_F(Replays, FailTheSameWayThoughLinesHaveMoved) {
  const std::size_t place = recording_.failure.rfind(".cpp:");
  ASSERT_NE(place, std::string::npos);
  recording_.failure.insert(place + 5, "1");
  change_file();
  EXPECT_EQ(by_command().code, 1);
}

TEST_F(Replays, PassOnceTheModelIsFixed) {
  const Ended ended = by_command("CHANGED_MODEL=fixed");
  EXPECT_EQ(ended.code, 0) << ended.output;
  EXPECT_TRUE(ended.says("replayed: passes")) << ended.output;
}

TEST_F(Replays, FailInAnotherWay) {
  const Ended ended = by_command("CHANGED_MODEL=other");
  EXPECT_EQ(ended.code, 3) << ended.output;
  recording_.failure = "another check";
  change_file();
  EXPECT_EQ(by_command().code, 3) << "the same kind of failure with another message";
}

TEST_F(Replays, CannotBeToldWhereTheModelDiverges) {
  const Ended ended = by_command("CHANGED_MODEL=1");
  EXPECT_EQ(ended.code, 125) << ended.output;
  EXPECT_TRUE(ended.says("diverged at choice")) << ended.output;
}

TEST_F(Replays, FailWhereTheTestIsGone) {
  recording_.schedule.test = "Order.Renamed";
  change_file();
  const Ended ended = by_command();
  EXPECT_EQ(ended.code, 125) << ended.output;
  EXPECT_TRUE(ended.says("no test has replayed ")) << ended.output;
  EXPECT_EQ(by_program("Order.Renamed").code, 1) << "no test was selected";
  EXPECT_EQ(by_program("*").code, 1) << "all tests were skipped";
}

TEST_F(Replays, FailWhereTheTestIsNotSelected) {
  const Ended ended = by_program("Racy.Expect");
  EXPECT_EQ(ended.code, 1) << ended.output;
  EXPECT_TRUE(ended.says("[  SKIPPED ] Racy.Expect")) << ended.output;
  EXPECT_TRUE(ended.says("is not in this program, or was not selected")) << ended.output;
}

TEST_F(Replays, AreNotAskedForWhereTestsAreListed) {
  EXPECT_EQ(run("COCHECK_REPLAY=" + quoted(file()) + " " + quoted(COCHECK_FAILING_MODELS) +
                " --gtest_list_tests")
                .code,
            0);
}

TEST_F(Replays, SayWhichOptionIsWrong) {
  recording_.schedule.options["order"] = "evil\x1b[31m";
  change_file();
  const Ended ended = by_command();
  EXPECT_EQ(ended.code, 125) << ended.output;
  EXPECT_TRUE(ended.says("the schedule has the order 'evil")) << ended.output;
  EXPECT_FALSE(ended.says("unknown file")) << ended.output;
  EXPECT_FALSE(ended.says("\x1b")) << ended.output;
}

TEST_F(Replays, LetNoControlCharacterThrough) {
  const std::string evil = "\x1b[31m\x1b]0;title\x07";
  recording_.schedule.choices[1].label = evil;
  recording_.schedule.strategy = evil;
  recording_.verdict = recording_.failure = evil;
  change_file();
  const Ended diverged = by_command();
  EXPECT_EQ(diverged.code, 125) << diverged.output;
  EXPECT_FALSE(diverged.says("\x1b")) << diverged.output;
  recording_.schedule.test = evil;
  change_file();
  const Ended skipped = by_program("*");
  EXPECT_EQ(skipped.code, 1);
  EXPECT_FALSE(skipped.says("\x1b")) << skipped.output;
}

// Each commit of a small repository says how the model is to differ from what was recorded.
TEST_F(Replays, ServeGitBisect) {
  if (run("git --version").code != 0) GTEST_SKIP() << "git is not installed";
  const fs::path repository = folder_.path() / "repository";
  fs::create_directories(repository);
  const std::string git =
      "git -C " + quoted(repository) + " -c user.name=cocheck -c user.email=cocheck@example.com ";
  ASSERT_EQ(run(git + "init -q").code, 0);
  const auto commit = [&](const std::string& change, const std::string& message) {
    std::ofstream(repository / "change") << change;
    std::ofstream(repository / "history", std::ios::app) << message << '\n';
    ASSERT_EQ(run(git + "add . && " + git + "commit -q -m " + quoted(message)).code, 0);
  };
  commit("fixed", "one");
  commit("fixed", "two");
  commit("does not fit", "three");
  commit("fixed", "four");
  commit("", "the culprit");
  commit("", "six");
  commit("", "seven");
  std::ofstream(folder_.path() / "bisect.sh")
      << "CHANGED_MODEL=\"$(cat change)\" exec " << command() << '\n';
  ASSERT_EQ(run(git + "bisect start HEAD HEAD~6").code, 0);
  const Ended ended = run("export " + settings() + "; " + git + "bisect run sh " +
                          quoted(folder_.path() / "bisect.sh"));
  EXPECT_EQ(ended.code, 0) << ended.output;
  const Ended found = run(git + "log -1 --format=%s bisect/bad");
  EXPECT_EQ(found.output, "the culprit\n") << ended.output;
}

}  // namespace
