// `cocheck replay` as its users see it: which programs it starts, and how it ends.

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "cocheck/schedule_file.hpp"
#include "sample_recordings.hpp"
#include "temporary_folder.hpp"

namespace cocheck {
namespace {

namespace fs = std::filesystem;

using samples::Outcome;

/// A repository with a program in its build folder, a folder for schedules, and a foreign folder.
class ReplayCommand : public testing::Test {
 protected:
  ReplayCommand() {
    for (const char* name : {"project/.git", "project/build", "project/out", "foreign"}) {
      fs::create_directories(folder_ / name);
    }
    copy_program(program());
  }

  [[nodiscard]] fs::path project() const { return folder_ / "project"; }
  [[nodiscard]] fs::path program() const { return project() / "build/tests"; }

  static void copy_program(const fs::path& path) { fs::copy_file(COCHECK_REPLAYED_PROGRAM, path); }

  void write_script(const fs::path& path) {
    samples::write_text(path, "#!/bin/sh\necho the script runs\n");
    fs::permissions(path, fs::perms::owner_all);
  }

  void write(const fs::path& program, const std::string& test = "Counter.CountsToTwo") {
    Recording recording = samples::racy_counter();
    recording.schedule.program = program.string();
    recording.schedule.test = test;
    write_recording(file(), recording);
  }
  [[nodiscard]] fs::path file() const { return project() / "out/a.json"; }

  /// `arguments` are words of a shell; `environment` is put in front of the command.
  Outcome replay(const std::string& arguments = "", const std::string& environment = "",
                 const fs::path& from = {}) {
    return samples::run_in(
        from.empty() ? project() : from,
        environment + " '" + COCHECK_COMMAND + "' replay '" + file().string() + "' " + arguments);
  }

  void expect_refusal(const std::string& message, const Outcome& outcome) {
    EXPECT_EQ(outcome.code, 2);
    EXPECT_EQ(outcome.errors, "cocheck: " + message + "\n");
    EXPECT_EQ(outcome.output, "");
  }

  samples::TemporaryFolder folder_;
};

TEST_F(ReplayCommand, SaysWhatItRunsAndHowThatEnds) {
  write(program());
  const Outcome outcome = replay("", "REPLAY_RESULT='fails the same way' REPLAY_EXIT=1");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.errors, "");
  EXPECT_EQ(outcome.output, "running:  " + program().string() +
                                " --gtest_filter=Counter.CountsToTwo\n" + file().string() +
                                "\n--gtest_filter=Counter.CountsToTwo\n"
                                "replayed: fails the same way (exit code 1)\n");
}

TEST_F(ReplayCommand, HasAnExitCodeForEachEnd) {
  write(program());
  EXPECT_EQ(replay("", "REPLAY_RESULT=passes").code, 0);
  EXPECT_EQ(replay("", "REPLAY_RESULT='fails the same way' REPLAY_EXIT=1").code, 1);
  EXPECT_EQ(replay("", "REPLAY_RESULT='fails in another way' REPLAY_EXIT=1").code, 3);
  EXPECT_EQ(replay("", "REPLAY_RESULT='cannot be told' REPLAY_EXIT=1").code, 125);
}

TEST_F(ReplayCommand, IsNoSuccessWhereNothingWasReplayed) {
  write(program());
  const Outcome nothing = replay();
  EXPECT_EQ(nothing.code, 125);
  EXPECT_NE(nothing.output.find("cannot be told, since the program ended with code 0 and told no "
                                "result (exit code 125)"),
            std::string::npos)
      << nothing.output;
  EXPECT_EQ(replay("", "REPLAY_EXIT=1").code, 125);
  const Outcome killed = replay("", "REPLAY_SIGNAL=6");
  EXPECT_EQ(killed.code, 3);
  EXPECT_NE(killed.output.find("ended by signal 6"), std::string::npos) << killed.output;
  EXPECT_EQ(replay("", "REPLAY_RESULT=passes REPLAY_EXIT=23").code, 3)
      << "something else was wrong";
  EXPECT_EQ(replay("", "REPLAY_RESULT=passes REPLAY_SIGNAL=11").code, 3);
}

TEST_F(ReplayCommand, EndsBySignalsThatSomebodySent) {
  write(program());
  EXPECT_EQ(replay("", "REPLAY_SIGNAL=15").code, 128 + 15) << "as git bisect has to see it";
}

TEST_F(ReplayCommand, RunsNoProgramOutsideOfTheProject) {
  write("/bin/true");
  expect_refusal("the program " + fs::canonical("/bin/true").string() +
                     " lies outside of the project " + project().string() +
                     "; go to its project, or name it with --program PATH",
                 replay());
  copy_program(folder_ / "foreign/tests");
  write(folder_ / "foreign/tests");
  EXPECT_EQ(replay().code, 2);
  // The name of the project is the beginning of another one's.
  fs::create_directory(folder_ / "project2");
  copy_program(folder_ / "project2/tests");
  write(folder_ / "project2/tests");
  EXPECT_EQ(replay().code, 2);
  write(project() / "../foreign/tests");
  EXPECT_EQ(replay().code, 2);
}

TEST_F(ReplayCommand, GoesByRealPaths) {
  copy_program(folder_ / "foreign/tests");
  fs::create_symlink(folder_ / "foreign/tests", project() / "build/link");
  write(project() / "build/link");
  EXPECT_EQ(replay("", "REPLAY_RESULT=passes").code, 2) << "the link leads out of the project";
  fs::create_directory_symlink(project() / "build", folder_ / "foreign/build");
  write(folder_ / "foreign/build/tests");
  const Outcome inside = replay("", "REPLAY_RESULT=passes");
  EXPECT_EQ(inside.code, 0) << "the link leads into the project";
  EXPECT_TRUE(inside.output.starts_with("running:  " + program().string())) << inside.output;
}

TEST_F(ReplayCommand, RunsNoProgramByARelativePath) {
  write("build/tests");
  expect_refusal(file().string() +
                     ": names its program by a relative path, build/tests; name it with --program "
                     "PATH",
                 replay("", "REPLAY_RESULT=passes"));
  write("tests");
  EXPECT_EQ(replay("", "PATH=" + (project() / "build").string()).code, 2);
}

TEST_F(ReplayCommand, RunsNoProgramThatCameWithTheSchedule) {
  for (const char* name : {"out/tests", "out/bin/tests"}) {
    fs::create_directories((project() / name).parent_path());
    copy_program(project() / name);
    write(project() / name);
    expect_refusal("the program " + (project() / name).string() +
                       " lies in the folder of the schedule, so it may have come with it; name it "
                       "with --program PATH if it is yours",
                   replay("", "REPLAY_RESULT=passes"));
  }
}

TEST_F(ReplayCommand, RunsNothingThatIsNoTestProgram) {
  const std::string refusal =
      " carries no note of a cocheck test program; build it again, or name it with --program PATH";
  write_script(project() / "build/script");
  write(project() / "build/script");
  expect_refusal("the program " + (project() / "build/script").string() + refusal, replay());
  fs::copy_file("/bin/true", project() / "build/true");
  write(project() / "build/true");
  expect_refusal("the program " + (project() / "build/true").string() + refusal, replay());
}

TEST_F(ReplayCommand, KnowsTheProjectByTheCurrentFolder) {
  write(program());
  const std::string passes = "REPLAY_RESULT=passes";
  EXPECT_EQ(replay("", passes, project() / "out").code, 0) << "the repository around it";
  EXPECT_EQ(replay("", passes, folder_ / "foreign").code, 2);
  EXPECT_EQ(replay("", passes, "/").code, 2);
  EXPECT_EQ(replay("--project '" + project().string() + "'", passes, "/").code, 0);
  EXPECT_EQ(replay("--project build", passes).code, 0);
  EXPECT_EQ(replay("--project out", passes).code, 2);
  fs::remove(project() / ".git");
  EXPECT_EQ(replay("", passes).code, 0) << "the folder itself";
  EXPECT_EQ(replay("", passes, project() / "build").code, 0);
  EXPECT_EQ(replay("", passes, project() / "out").code, 2) << "not what lies around it";
  samples::write_text(project() / ".git", "gitdir: elsewhere");
  EXPECT_EQ(replay("", passes, project() / "out").code, 0) << "a second working tree";
}

TEST_F(ReplayCommand, RunsWhatTheUserNames) {
  write("/missing/program");
  copy_program(folder_ / "foreign/tests");
  const Outcome foreign = replay("--program ../foreign/tests", "REPLAY_RESULT=passes");
  EXPECT_EQ(foreign.code, 0);
  EXPECT_EQ(foreign.errors, "");
  write_script(folder_ / "foreign/script");
  const Outcome script = replay("--program ../foreign/script");
  EXPECT_EQ(script.code, 125);
  EXPECT_NE(script.output.find("the script runs"), std::string::npos);
  EXPECT_NE(script.errors.find("/foreign/script carries no note of a cocheck test program"),
            std::string::npos)
      << script.errors;
}

TEST_F(ReplayCommand, RefusesFiltersInThePlaceOfTests) {
  for (const char* test :
       {"*", "Racy.?", "Racy.Counter:-Racy.*", "Racy.Counter-", "Racy Counter"}) {
    write(program(), test);
    expect_refusal(file().string() + ": '" + test +
                       "' is no name of a test: it has blanks, control characters, or one of *?:-",
                   replay("", "REPLAY_RESULT=passes"));
  }
  write(program(), "Suite/0.Name/3_x");
  EXPECT_EQ(replay("", "REPLAY_RESULT=passes").code, 0) << "tests with parameters";
}

TEST_F(ReplayCommand, LetsNoControlCharacterThrough) {
  const std::string evil = "a\x1b[31m\x07\x9d";
  write(program(), evil);
  EXPECT_EQ(replay().code, 2);
  EXPECT_EQ(replay().errors.find('\x1b'), std::string::npos);
  write(project() / evil);
  EXPECT_EQ(replay().errors.find('\x1b'), std::string::npos);
  write_script(project() / evil);
  const Outcome named = replay("--program $'" + std::string("a\\033[31m\\007\\235") + "'");
  EXPECT_EQ((named.output + named.errors).find('\x1b'), std::string::npos) << named.output;
}

}  // namespace
}  // namespace cocheck
