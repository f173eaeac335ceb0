// Ways to kill, hang or silence a test program: each ends in a verdict with a schedule, and the
// program goes on.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <ostream>
#include <string>

#include "child_process.hpp"
#include "cocheck/schedule_file.hpp"
#include "scratch_folder.hpp"

namespace {

namespace fs = std::filesystem;
using cocheck::tests::Ended;
using cocheck::tests::quoted;
using cocheck::tests::run;

/// A way to end a program, and what is said of it.
struct Ending {
  std::string test;
  std::string says;
  std::string line_with;  ///< text of the line of ending_models.cpp that is named; "": none is
  bool replays = true;    ///< whether the schedule fails again in the same way
};

std::ostream& operator<<(std::ostream& out, const Ending& ending) {
  return out << ending.test;
}

/// "ending_models.cpp:12" of the first line that has the text.
std::string place_of(const std::string& text) {
  std::ifstream source(COCHECK_ENDING_MODELS_SOURCE);
  std::string line;
  for (int number = 1; std::getline(source, line); ++number) {
    if (line.find(text) != std::string::npos) {
      return "ending_models.cpp:" + std::to_string(number);
    }
  }
  return "no line with " + text;
}

class Endings : public ::testing::TestWithParam<Ending> {
 protected:
  Ended run_tests(const std::string& filter, const std::string& environment = {}) const {
    return run("COCHECK_OUT=" + folder_.path().string() + " " + environment + " timeout 60 " +
               quoted(COCHECK_ENDING_MODELS) + " --gtest_filter=" + filter);
  }
  [[nodiscard]] fs::path file(const std::string& test) const {
    return folder_.path() / (test + ".cocheck.json");
  }

  cocheck::tests::ScratchFolder folder_;
};

TEST_P(Endings, HaveAVerdictAndASchedule) {
  const Ending& ending = GetParam();
  const Ended ended = run_tests(ending.test + ":Last.Passes");
  EXPECT_EQ(ended.code, 1) << ended.output;
  EXPECT_TRUE(ended.says(ending.says)) << ended.output;
  if (!ending.line_with.empty()) {
    EXPECT_TRUE(ended.says(place_of(ending.line_with))) << ended.output;
  }
  EXPECT_TRUE(ended.says("[  FAILED  ] " + ending.test)) << ended.output;
  EXPECT_TRUE(ended.says("[       OK ] Last.Passes")) << ended.output;
  ASSERT_TRUE(fs::exists(file(ending.test))) << ended.output;
  EXPECT_FALSE(cocheck::read_recording(file(ending.test)).trace.events.empty());
  if (!ending.replays) return;
  const fs::path kept = folder_.path() / "kept.json";
  fs::copy_file(file(ending.test), kept);
  const Ended again = run_tests(ending.test, "COCHECK_REPLAY=" + kept.string());
  EXPECT_EQ(again.code, 1) << again.output;
  EXPECT_TRUE(again.says(ending.says)) << again.output;
}

INSTANTIATE_TEST_SUITE_P(
    Ways, Endings,
    ::testing::Values(
        Ending{"NullPointer.Written",
               "Failed: crash: SIGSEGV: writes to address 0, which is no object: a null pointer",
               "*nowhere = 1"},
        Ending{"NullPointer.ReadWithoutSteps", "Failed: crash: SIGSEGV: reads from address 0",
               "*nowhere == 0"},
        Ending{"ReadOnly.Written", "Failed: crash: SIGSEGV: writes to address",
               "constants[1]) = 7"},
        Ending{"Division.ByZero", "Failed: crash: SIGFPE: an integer is divided by zero",
               "7 / zero"},
        Ending{"Abort.Called", "Failed: crash: SIGABRT: abort() was called", "std::abort()"},
        Ending{"Assert.Fails", "Failed: crash: assertion '!rare' failed", "assert(!rare)"},
        Ending{"Terminate.ByNoexcept", "std::runtime_error(\"nobody may catch this\")",
               "if (zero == 0) throw"},
        Ending{"Exit.Called", "Failed: crash: exit(0) was called", "std::exit(0)"},
        Ending{"Exit.AtOnce", "Failed: crash: _exit(0) was called", "::_exit(0)"},
        Ending{"Exit.Quick", "Failed: crash: quick_exit(0) was called", "std::quick_exit(0)"},
        Ending{"Stack.Overflows", "Failed: crash: stack overflow", ""},
        Ending{"Spins.InALoop", "Failed: step does not end: spins", ""},
        Ending{"Spins.AroundAnAwaitThatIsReady", "Failed: step does not end: spins", ""},
        Ending{"Recursion.OfAwaits", "Inconclusive: the model wants more than 4194304 bytes",
               "Task<> recursion(int depth)", false},
        Ending{"Memory.Limit", "Inconclusive: the model wants more than 4194304 bytes", "", false},
        Ending{"Sleep.Real", "nanosleep, a real sleep", "sleep_for(1h)"},
        Ending{"Thread.Started", "Failed: misuse: the model calls pthread_create", "[] {}).join"},
        Ending{"Blocks.InRead", "Failed: step does not end: waits in read", "::read(ends[0]"},
        Ending{"Blocks.InPoll", "Failed: step does not end: waits in poll", "::poll(nullptr"},
        Ending{"Memory.FreedTwice", "Failed: misuse: the model frees memory that is not allocated",
               "delete number;  // for the"},
        Ending{"Deadlock.WithGuardsThatAsk", "Failed: deadlock: 3 tasks wait", ""},
        Ending{"Check.FailsWhereOthersUseItsLocals", "Failed: check failed: written.empty()",
               "COCHECK(written.empty())"},
        Ending{"Throw.WhereOthersUseItsLocals",
               "Failed: exception escaped: std::runtime_error(\"out of here\")", ""}),
    [](const ::testing::TestParamInfo<Ending>& way) {
      std::string name = way.param.test;
      name.erase(name.find('.'), 1);
      return name;
    });

class Programs : public Endings {};

TEST_F(Programs, NameAModelThatIsNoCoroutine) {
  const Ended ended = run_tests("NoCoroutine.IsNamed:Last.Passes");
  EXPECT_EQ(ended.code, 1) << ended.output;
  EXPECT_TRUE(ended.says("co_await")) << ended.output;
  EXPECT_TRUE(ended.says("[       OK ] Last.Passes")) << ended.output;
}

TEST_F(Programs, SurviveAllWaysOneAfterTheOther) {
  const Ended ended = run_tests("-Interrupted.*:NoCoroutine.*");
  EXPECT_EQ(ended.code, 1) << ended.output;
  EXPECT_TRUE(ended.says("[       OK ] Last.Passes")) << ended.output;
  EXPECT_TRUE(ended.says("23 FAILED TESTS")) << ended.output;
}

TEST_F(Programs, FindRareCrashesWithEveryStrategy) {
  for (const std::string strategy :
       {"exhaustive", "states", "random", "pct", "auto", "random COCHECK_JOBS=2"}) {
    const Ended ended = run_tests("NullPointer.Written:Stack.Overflows:Last.Passes",
                                  "COCHECK_EXECUTIONS=50000 COCHECK_STRATEGY=" + strategy);
    EXPECT_TRUE(ended.says("Failed: crash: SIGSEGV: writes to address 0")) << ended.output;
    EXPECT_TRUE(ended.says("Failed: crash: stack overflow")) << ended.output;
    EXPECT_TRUE(ended.says("[       OK ] Last.Passes")) << strategy << ended.output;
  }
}

/// Sends the signal when the search has begun; gives how the program ended, by the shell.
std::string interrupted(const std::string& test, const std::string& signal) {
  return "sh -c '" + std::string(COCHECK_ENDING_MODELS) + " --gtest_filter=" + test +
         ":Last.Passes & child=$!; sleep 1; kill -" + signal +
         " $child; wait $child; echo ended with $?'";
}

TEST_F(Programs, TellWhatTheyKnowWhenInterrupted) {
  // A shell starts what runs in the background with SIGINT ignored.
  const Ended ended = run(interrupted("Interrupted.WhileItSearches", "TERM"));
  EXPECT_TRUE(ended.says("Interrupted.WhileItSearches: Sampled(")) << ended.output;
  EXPECT_TRUE(ended.says("interrupted by SIGTERM")) << ended.output;
  EXPECT_TRUE(ended.says("ended with 143")) << ended.output;
  EXPECT_FALSE(ended.says("[ RUN      ] Last.Passes")) << ended.output;
}

TEST_F(Programs, EndTheirWorkersWhenInterrupted) {
  const Ended ended = run(interrupted("Interrupted.InWorkers", "TERM"));
  EXPECT_TRUE(ended.says("Interrupted.InWorkers: Sampled(")) << ended.output;
  EXPECT_TRUE(ended.says("ended with 143")) << ended.output;
}

TEST_F(Programs, TellWhatTheyKnowAfterControlC) {
  const Ended ended = run("timeout --preserve-status -s INT 1 " + quoted(COCHECK_ENDING_MODELS) +
                          " --gtest_filter=Interrupted.WhileItSearches");
  EXPECT_TRUE(ended.says("interrupted by SIGINT")) << ended.output;
}

}  // namespace
