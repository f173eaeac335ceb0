#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>

#include "cocheck/render.hpp"
#include "cocheck/schedule_file.hpp"
#include "cocheck/schedule_line.hpp"
#include "cocheck/text_table.hpp"
#include "sample_recordings.hpp"
#include "temporary_folder.hpp"

namespace cocheck {
namespace {

namespace fs = std::filesystem;

using samples::Outcome;

/// Runs the command in a folder of its own, which holds schedule files.
class CocheckCommand : public testing::Test {
 protected:
  /// `arguments` are words of a shell; `environment` is put in front of the command.
  Outcome run(const std::string& arguments, const std::string& environment = "") {
    return samples::run_in(folder_.path(), environment + " '" + COCHECK_COMMAND + "' " + arguments);
  }

  void expect_refusal(const std::string& arguments, std::string_view message,
                      const std::string& environment = "") {
    const Outcome outcome = run(arguments, environment);
    EXPECT_EQ(outcome.code, 2) << arguments;
    EXPECT_EQ(outcome.errors, "cocheck: " + std::string(message) + "\n") << arguments;
    EXPECT_EQ(outcome.output, "") << arguments;
  }

  void write(std::string_view name, const Recording& recording) {
    write_recording(folder_ / name, recording);
  }

  samples::TemporaryFolder folder_;
};

TEST_F(CocheckCommand, TellsItsVersionAndUsage) {
  EXPECT_EQ(run("--version").output, "cocheck " COCHECK_VERSION "\n");
  EXPECT_EQ(run("--version").code, 0);
  const Outcome help = run("--help");
  EXPECT_EQ(help.code, 0);
  for (const std::string_view word : {"show", "render", "replay"}) {
    EXPECT_NE(help.output.find(word), std::string::npos);
  }
}

TEST_F(CocheckCommand, ShowsARecording) {
  const Recording recording = samples::queue_of_values();
  write("a b.json", recording);
  const Outcome outcome = run("show 'a b.json'");
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.errors, "");
  EXPECT_EQ(outcome.output,
            "Queue.TakesAnyValue\n"
            "Failed: escaped exception: std::out_of_range: 3 <is> too large & unexpected\n"
            "  escaped exception: std::out_of_range: 3 <is> too large & unexpected\n"
            "  in consumer\n"
            "found by exhaustive, with clock=idle order=any; 6 choices\n\n" +
                text_table(recording) +
                "\nreplay:   cocheck replay 'a b.json'\npicture:  cocheck render 'a b.json'\n"
                "schedule: " +
                to_line(recording.schedule) + "\n");
}

TEST_F(CocheckCommand, ShowsARecordingWithoutATrace) {
  Recording recording;
  recording.schedule.choices = samples::racy_counter().schedule.choices;
  write("a.json", recording);
  const Outcome outcome = run("show a.json");
  EXPECT_EQ(outcome.code, 0);
  EXPECT_NE(outcome.output.find("(the file holds no trace)"), std::string::npos);
}

TEST_F(CocheckCommand, Renders) {
  if (!can_render()) GTEST_SKIP() << "dot is not installed (package graphviz)";
  write("a.json", samples::racy_counter());
  const Outcome outcome = run("render a.json");
  EXPECT_EQ(outcome.code, 0) << outcome.errors;
  EXPECT_EQ(outcome.output, "wrote a.svg\n");
  const std::string svg = samples::read_text(folder_ / "a.svg");
  EXPECT_NE(svg.find("replay: cocheck replay a.json"), std::string::npos);
  EXPECT_EQ(run("render -o b.pdf a.json").code, 0);
  EXPECT_TRUE(fs::exists(folder_ / "b.pdf"));
}

TEST_F(CocheckCommand, WritesDotWhenGraphvizIsMissing) {
  write("a.json", samples::racy_counter());
  expect_refusal("render a.json",
                 "dot is not installed: wrote a.dot; install the package graphviz and run: dot "
                 "-Tsvg -o a.svg a.dot",
                 "PATH=/nowhere");
  EXPECT_TRUE(samples::read_text(folder_ / "a.dot").starts_with("digraph"));
  EXPECT_EQ(folder_.count(), 2U);
  const Outcome outcome = run("render a.json -o b.dot", "PATH=/nowhere");
  EXPECT_EQ(outcome.code, 0) << "DOT itself needs no Graphviz";
}

TEST_F(CocheckCommand, RefusesToRenderIntoTheSchedule) {
  const std::string text = to_json(samples::racy_counter());
  samples::write_text(folder_ / "a.svg", text);
  expect_refusal("render a.svg", "a.svg: is the schedule itself; name another file with --output");
  EXPECT_EQ(samples::read_text(folder_ / "a.svg"), text);
}

TEST_F(CocheckCommand, RefusesWhereItCannotWrite) {
  write("a.json", samples::racy_counter());
  expect_refusal("render a.json -o a.gif",
                 "a.gif: the extension must be .svg, .png, .pdf or .dot to name the format");
  expect_refusal("render a.json -o missing/a.dot",
                 "missing/a.dot: cannot be written: the folder missing does not exist");
  EXPECT_EQ(folder_.count(), 1U);
}

TEST_F(CocheckCommand, SaysWhyItCannotReplay) {
  Recording recording = samples::racy_counter();
  recording.schedule.program = "/missing/program";
  write("a.json", recording);
  expect_refusal("replay a.json",
                 "the program /missing/program does not exist; build it, or name it with "
                 "--program PATH");
  samples::write_text(folder_ / "text", "");
  expect_refusal("replay a.json --program text",
                 "the program " + (folder_ / "text").string() +
                     " is not executable; name another one with --program PATH");
  expect_refusal("replay a.json --program .",
                 "the program " + (folder_ / ".").string() +
                     " is not executable; name another one with --program PATH");
  recording.schedule.program = "";
  write("a.json", recording);
  expect_refusal("replay a.json",
                 "a.json: does not say which program recorded it; name it with --program PATH");
  recording.schedule.test = "";
  write("a.json", recording);
  expect_refusal("replay a.json --program text",
                 "a.json: does not say which test recorded it; record it again");
}

TEST_F(CocheckCommand, SaysWhenAProgramIsNotOne) {
  write("a.json", samples::racy_counter());
  samples::write_text(folder_ / "broken", std::string("\x7f"
                                                      "ELF",
                                                      4));
  fs::permissions(folder_ / "broken", fs::perms::owner_all);
  const Outcome outcome = run("replay a.json --program broken");
  EXPECT_EQ(outcome.code, 2);
  EXPECT_NE(outcome.errors.find("cocheck: cannot run "), std::string::npos) << outcome.errors;
}

TEST_F(CocheckCommand, LetsNoControlCharacterOfAFileNameThrough) {
  write("esc\x1b[31m.json", samples::racy_counter());
  const Outcome shown = run("show esc*.json");
  EXPECT_EQ(shown.code, 0);
  EXPECT_NE(shown.output.find("cocheck replay $'esc\\033[31m.json'\n"), std::string::npos)
      << shown.output;
  const Outcome rendered = run("render esc*.json -o \"$(printf 'x\\033[31m.dot')\"");
  EXPECT_EQ(rendered.code, 0) << rendered.errors;
  EXPECT_EQ(rendered.output, "wrote x [31m.dot\n");
  for (const std::string& text : {shown.output, shown.errors, rendered.output}) {
    EXPECT_EQ(text.find('\x1b'), std::string::npos) << text;
  }
}

TEST_F(CocheckCommand, RefusesBadUsage) {
  expect_refusal("", "A subcommand is required (cocheck --help tells the usage)");
  expect_refusal("show", "FILE is required (cocheck --help tells the usage)");
  for (const std::string arguments : {"dance", "--dance", "show --dance a.json", "show a b",
                                      "render a.json -o", "replay a.json --program"}) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.code, 2) << arguments;
    EXPECT_TRUE(outcome.errors.starts_with("cocheck: ")) << outcome.errors;
    EXPECT_EQ(std::ranges::count(outcome.errors, '\n'), 1) << outcome.errors;
  }
}

TEST_F(CocheckCommand, RefusesBadFiles) {
  samples::write_text(folder_ / "empty", "");
  samples::write_text(folder_ / "text", "hello");
  samples::write_text(folder_ / "binary", std::string("\0\xff\x1b[31m", 7));
  samples::write_text(folder_ / "version", "{\"format\": \"cocheck-schedule\", \"version\": 7}");
  const std::string valid = to_json(samples::racy_counter());
  samples::write_text(folder_ / "cut", std::string_view(valid).substr(0, valid.size() / 2));
  const std::size_t files = folder_.count();
  for (const std::string command : {"show", "render", "replay"}) {
    expect_refusal(command + " missing",
                   "missing: no such file; check the path, which is relative to the current "
                   "folder");
    expect_refusal(command + " .", ".: a folder; name a schedule file in it");
    expect_refusal(command + " empty", "empty: empty, so not a cocheck schedule; record it again");
    expect_refusal(command + " text",
                   "text: not JSON at byte 1 (line 1); undo what changed it, or record it again");
    expect_refusal(command + " binary",
                   "binary: not JSON at byte 1 (line 1); undo what changed it, or record it again");
    expect_refusal(command + " version",
                   "version: version 7 of the schedule format, but this cocheck reads version 1; "
                   "use the cocheck that wrote it, or record it again");
    const Outcome cut = run(command + " cut");
    EXPECT_EQ(cut.code, 2);
    EXPECT_TRUE(cut.errors.starts_with("cocheck: cut: not JSON at byte ")) << cut.errors;
  }
  EXPECT_EQ(folder_.count(), files) << "a refused command left a file";
}

TEST_F(CocheckCommand, ReadsFromAnywhere) {
  write("a.json", samples::racy_counter());
  EXPECT_EQ(run("show '" + (folder_ / "a.json").string() + "'").code, 0);
  EXPECT_EQ(run("show /dev/stdin < a.json").code, 0);
}

TEST_F(CocheckCommand, NoticesThatItsOutputIsLost) {
  write("a.json", samples::racy_counter());
  const Outcome outcome = run("show a.json >/dev/full 2>/dev/null; exit $?");
  EXPECT_EQ(outcome.code, 2);
}

}  // namespace
}  // namespace cocheck
