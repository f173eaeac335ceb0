#include "cocheck/schedule_file.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "random_recordings.hpp"
#include "sample_recordings.hpp"
#include "temporary_folder.hpp"

namespace cocheck {
namespace {

/// The message of the ScheduleError that `action` throws.
template <class Action>
std::string error_of(Action action) {
  try {
    action();
  } catch (const ScheduleError& error) {
    return error.what();
  }
  ADD_FAILURE() << "no ScheduleError";
  return "";
}

std::string parse_error(std::string_view text) {
  return error_of([&] { static_cast<void>(recording_from_json(text)); });
}

/// A valid file with `from` replaced by `to`.
std::string changed(std::string_view from, std::string_view to) {
  std::string text = to_json(samples::queue_of_values());
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

bool is_one_line(const std::string& text) {
  return !text.empty() && text.find('\n') == std::string::npos;
}

std::vector<Recording> all_samples() {
  return {samples::racy_counter(),    samples::deadlock(),     samples::timer_jump(),
          samples::queue_of_values(), samples::cancellation(), samples::livelock(),
          samples::many_tasks()};
}

TEST(ScheduleFile, IsReadableAndHasALineForEachChoiceAndEvent) {
  Recording recording = samples::racy_counter();
  recording.trace.events.resize(2);
  recording.trace.tasks.resize(1);
  recording.schedule.choices.resize(2);
  recording.schedule.seed = 7;
  EXPECT_EQ(to_json(recording), R"({
  "format": "cocheck-schedule",
  "version": 2,
  "program": "build/examples",
  "test": "Counter.CountsToTwo",
  "strategy": "exhaustive",
  "seed": 7,
  "options": {"clock": "idle", "order": "any"},
  "verdict": "Failed: counter == 1, expected 2",
  "failure": "counter == 1, expected 2",
  "choices": [
    {"kind": "step", "task": "0", "label": "start"},
    {"kind": "step", "task": "0.0", "alternatives": 2, "label": "start"}
  ],
  "tasks": [
    {"id": "0", "name": "root", "file": "tests/counter_test.cpp", "line": 20, "function": "root"}
  ],
  "events": [
    {"kind": "step", "step": 0, "task": "0"},
    {"kind": "spawn", "step": 0, "task": "0", "peer": "0.0", "file": "tests/counter_test.cpp", "line": 22}
  ],
  "stuck": []
}
)");
}

TEST(ScheduleFile, KeepsWhereALoopBegins) {
  const std::string text = to_json(samples::livelock());
  EXPECT_NE(text.find(R"("options": {"clock": "idle", "loop": "3", "order": "any"})"),
            std::string::npos);
  EXPECT_EQ(recording_from_json(text).schedule.options.at("loop"), "3");
}

TEST(ScheduleFile, HasEmptyListsForAnEmptyRecording) {
  EXPECT_EQ(to_json({}), R"({
  "format": "cocheck-schedule",
  "version": 2,
  "choices": [],
  "tasks": [],
  "events": [],
  "stuck": []
}
)");
  EXPECT_EQ(recording_from_json(to_json({})), Recording());
}

TEST(ScheduleFile, NeedsOnlyFormatVersionAndChoices) {
  const Recording recording = recording_from_json(
      R"({"choices": [{"task": "0", "kind": "timer"}], "version": 1, "format": "cocheck-schedule"})");
  ASSERT_EQ(recording.schedule.choices.size(), 1U);
  const Choice expected{Choice::Kind::timer, "0", 0, 1, "", {}};
  EXPECT_EQ(recording.schedule.choices[0], expected);
}

TEST(ScheduleFile, ReadsEveryVersionThatThereWas) {
  std::string text = to_json(samples::queue_of_values());
  const Recording now = recording_from_json(text);
  text.replace(text.find("\"version\": 2"), 12, "\"version\": 1");
  EXPECT_EQ(recording_from_json(text), now);
  for (const char* version : {"0", "3", "-1", "1.0", "true", "18446744073709551617"}) {
    EXPECT_NE(parse_error(changed("\"version\": 2", std::string("\"version\": ") + version)), "");
  }
}

TEST(ScheduleFile, KeepsWhoDecided) {
  Recording recording = samples::racy_counter();
  recording.schedule.choices[1].by = Choice::By::explorer;
  recording.schedule.choices[2].by = Choice::By::loop;
  const std::string text = to_json(recording);
  EXPECT_NE(text.find(R"({"kind": "step", "task": "0.0", "alternatives": 2, "by": "explorer",)"),
            std::string::npos)
      << text;
  EXPECT_EQ(recording_from_json(text), recording);
}

TEST(ScheduleFile, RoundTripsTheSamples) {
  for (const Recording& recording : all_samples()) {
    const std::string text = to_json(recording);
    EXPECT_EQ(recording_from_json(text), recording);
    EXPECT_EQ(to_json(recording_from_json(text)), text);
  }
}

TEST(ScheduleFile, RoundTripsRandomRecordings) {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Recording recording = samples::RandomRecordings(seed).next();
    const std::string text = to_json(recording);
    ASSERT_EQ(recording_from_json(text), recording) << text;
    ASSERT_EQ(to_json(recording_from_json(text)), text);
  }
}

TEST(ScheduleFile, ReplacesBytesThatAreNotUtf8) {
  Recording recording;
  recording.verdict =
      "a\xff"
      "b";
  const std::string text = to_json(recording);
  EXPECT_EQ(recording_from_json(text).verdict,
            "a\ufffd"
            "b");
  EXPECT_EQ(to_json(recording_from_json(text)), text);
}

TEST(ScheduleFile, RejectsEveryTruncation) {
  std::string text = to_json(samples::queue_of_values());
  ASSERT_EQ(text.back(), '\n');
  text.pop_back();  // a file without its last line end is still complete
  EXPECT_NO_THROW(static_cast<void>(recording_from_json(text)));
  for (std::size_t size = 0; size < text.size(); ++size) {
    const std::string message = parse_error(text.substr(0, size));
    ASSERT_TRUE(is_one_line(message)) << size;
    const std::string_view expected = size == 0 ? "empty" : "not JSON at byte ";
    ASSERT_NE(message.find(expected), std::string::npos) << size << ": " << message;
  }
}

TEST(ScheduleFile, SurvivesChangedBytes) {
  const std::string text = to_json(samples::queue_of_values());
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    samples::RandomRecordings random(seed);
    std::string damaged = text;
    for (std::size_t i = 1 + random.below(3); i > 0; --i) {
      damaged[random.below(damaged.size())] = static_cast<char>(random.below(256));
    }
    try {
      const Recording recording = recording_from_json(damaged);
      EXPECT_EQ(recording_from_json(to_json(recording)), recording);
    } catch (const ScheduleError& error) {
      EXPECT_TRUE(is_one_line(error.what())) << error.what();
    }
  }
}

TEST(ScheduleFile, NamesTheByteWhereJsonEnds) {
  EXPECT_EQ(parse_error("{\"format\": oops}"),
            "not JSON at byte 12 (line 1); undo what changed it, or record it again");
  EXPECT_EQ(parse_error("{\n\n]"),
            "not JSON at byte 4 (line 3); undo what changed it, or record it again");
  EXPECT_EQ(parse_error("{"),
            "not JSON at byte 2, where it ends too early; copy it again, or record it again");
  EXPECT_EQ(parse_error(" \n"), "empty, so not a cocheck schedule; record it again");
}

TEST(ScheduleFile, RejectsOtherJson) {
  EXPECT_EQ(parse_error("[]"), "not a cocheck schedule: it must be an object, but is an array");
  EXPECT_EQ(parse_error("{}"),
            "not a cocheck schedule: its field format is missing, not \"cocheck-schedule\"");
  EXPECT_EQ(parse_error(R"({"format": "gif"})"),
            "not a cocheck schedule: its field format is \"gif\", not \"cocheck-schedule\"");
  EXPECT_EQ(parse_error(std::string(100000, '[')).find("not JSON at byte 100001"), 0U);
  EXPECT_EQ(parse_error("1e999"), "not a cocheck schedule: it has a number that is too large");
}

TEST(ScheduleFile, RejectsOtherVersions) {
  EXPECT_EQ(
      parse_error(changed("\"version\": 2", "\"version\": 7")),
      "version 7 of the schedule format, but this cocheck reads versions 1 to 2; use the cocheck "
      "that wrote it, or record it again");
  EXPECT_EQ(parse_error(changed("\"version\": 2", "\"version\": \"1\"")).find("version \"1\" of"),
            0U);
  EXPECT_EQ(parse_error(changed("  \"version\": 2,\n", "")), "the field version is missing");
}

struct Malformed {
  std::string_view from;
  std::string_view to;
  std::string_view message;
};

class ScheduleFileMalformed : public testing::TestWithParam<Malformed> {};

TEST_P(ScheduleFileMalformed, IsRejectedByName) {
  EXPECT_EQ(parse_error(changed(GetParam().from, GetParam().to)), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Fields, ScheduleFileMalformed,
    testing::Values(
        Malformed{"\"choices\":", "\"choice\":", "the field choices is missing"},
        Malformed{"\"stuck\":", "\"stick\":", "the field \"stick\" is not known; misspelt?"},
        Malformed{
            "\"verdict\": ", "\"verdict\": 3, \"x\": ", "the field verdict must be text, but is 3"},
        Malformed{"\"program\": ", "\"seed\": -1, \"program\": ",
                  "the field seed must be an integer from 0 to 18446744073709551615, but is -1"},
        Malformed{"\"clock\": \"idle\"", "\"clock\": 1",
                  "the option \"clock\" must be text, but is 1"},
        Malformed{"\"options\": {", "\"options\": [], \"o\": {",
                  "the field options must be an object, but is an array"},
        Malformed{"\"stuck\": []", "\"stuck\": {}",
                  "the field stuck must be an array, but is an object"},
        Malformed{"\"stuck\": []", "\"stuck\": [1]", "stuck[0] must be an object, but is 1"},
        Malformed{"\"stuck\": []", "\"stuck\": [{}]", "the field stuck[0].task is missing"},
        Malformed{"\"stuck\": []", "\"stuck\": [{\"task\": \"0\", \"holder\": \"x\"}]",
                  "the field stuck[0].holder must be a task id such as 0.2, but is \"x\""},
        Malformed{"\"kind\": \"step\", \"task\": \"0\"", "\"kind\": \"walk\", \"task\": \"0\"",
                  "the field choices[0].kind must be one of step, timer, callback, cancel, value, "
                  "but is \"walk\""},
        Malformed{"\"kind\": \"step\", \"task\": \"0\"", "\"task\": \"0\"",
                  "the field choices[0].kind is missing"},
        Malformed{"\"kind\": \"step\", \"task\": \"0\"", "\"kind\": \"step\"",
                  "the field choices[0].task is missing"},
        Malformed{"\"kind\": \"step\", \"task\": \"0.1\"", "\"kind\": \"step\", \"task\": \"0.\"",
                  "the field choices[1].task must be a task id such as 0.2, but is \"0.\""},
        Malformed{"\"kind\": \"step\", \"task\": \"0.1\"", "\"kind\": \"step\", \"task\": \"0.01\"",
                  "the field choices[1].task must be a task id such as 0.2, but is \"0.01\""},
        Malformed{"\"kind\": \"step\", \"task\": \"0.1\"", "\"kind\": \"step\", \"task\": \"\"",
                  "the field choices[1].task must be a task id such as 0.2, but is \"\""},
        Malformed{"\"alternatives\": 2", "\"alternatives\": 0",
                  "the field choices[1].alternatives must be at least 1"},
        Malformed{"\"alternatives\": 2", "\"alternatives\": 2.5",
                  "the field choices[1].alternatives must be an integer from 0 to "
                  "18446744073709551615, but is 2.5"},
        Malformed{"\"alternatives\": 2", "\"alternatives\": 2, \"lable\": \"\"",
                  "the field \"lable\" of choices[1] is not known; misspelt?"},
        Malformed{"\"line\": 70", "\"line\": 4294967296",
                  "the field tasks[0].line must be an integer from 0 to 4294967295, but is "
                  "4294967296"},
        Malformed{"\"id\": \"0\"", "\"id\": \"zero\"",
                  "the field tasks[0].id must be a task id such as 0.2, but is \"zero\""},
        Malformed{"\"step\": 0", "\"step\": null",
                  "the field events[0].step must be an integer from 0 to 18446744073709551615, but "
                  "is null"},
        Malformed{"\"step\": 0", "\"stop\": 0", "the field events[0].step is missing"},
        Malformed{"\"step\": 0", "\"step\": 0, \"time_ns\": 9223372036854775808",
                  "the field events[0].time_ns must be an integer from -9223372036854775808 to "
                  "9223372036854775807, but is 9223372036854775808"},
        Malformed{"\"step\": 0", "\"step\": 0, \"suspicious\": 1",
                  "the field events[0].suspicious must be true or false, but is 1"},
        Malformed{"\"peer\": \"0.0\"", "\"peer\": \"0,0\"",
                  "the field events[1].peer must be a task id such as 0.2, but is \"0,0\""}));

TEST(ScheduleFile, ShortensAWrongValueInItsMessage) {
  const std::string message =
      parse_error(changed("\"kind\": \"step\"", "\"kind\": \"" + std::string(1000, 'x') + "\""));
  EXPECT_LT(message.size(), 200U);
  EXPECT_TRUE(message.ends_with("...")) << message;
}

TEST(ScheduleFile, DoesNotWriteWhatItCannotRead) {
  Recording recording = samples::racy_counter();
  recording.schedule.choices[1].alternatives = 0;
  EXPECT_EQ(error_of([&] { static_cast<void>(to_json(recording)); }),
            "the field choices[1].alternatives must be at least 1");
  recording = samples::racy_counter();
  recording.trace.events[2].peer = "nobody";
  EXPECT_EQ(error_of([&] { static_cast<void>(to_json(recording)); }),
            "the field events[2].peer must be a task id such as 0.2, but is \"nobody\"");
}

TEST(ScheduleFile, IsWrittenAndRead) {
  const samples::TemporaryFolder folder;
  const auto path = folder / "racy counter.json";
  write_recording(path, samples::racy_counter());
  EXPECT_EQ(read_recording(path), samples::racy_counter());
  EXPECT_EQ(samples::read_text(path), to_json(samples::racy_counter()));
  write_recording(path, samples::deadlock());
  EXPECT_EQ(read_recording(path), samples::deadlock());
  EXPECT_EQ(folder.count(), 1U) << "a temporary file is left";
}

TEST(ScheduleFile, FollowsALinkWhenItIsWritten) {
  const samples::TemporaryFolder folder;
  samples::write_text(folder / "real.json", "old");
  std::filesystem::create_symlink("real.json", folder / "link.json");
  write_recording(folder / "link.json", samples::racy_counter());
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "link.json"));
  EXPECT_EQ(read_recording(folder / "real.json"), samples::racy_counter());
}

TEST(ScheduleFile, StaysWhenItCannotBeReplaced) {
  const samples::TemporaryFolder folder;
  samples::write_text(folder / "kept.json", "old");
  Recording wrong = samples::racy_counter();
  wrong.schedule.choices[0].task = "x";
  EXPECT_THROW(write_recording(folder / "kept.json", wrong), ScheduleError);
  EXPECT_EQ(samples::read_text(folder / "kept.json"), "old");
  EXPECT_EQ(folder.count(), 1U);
}

TEST(ScheduleFile, SaysWhyItCannotBeWritten) {
  const samples::TemporaryFolder folder;
  const auto write_error = [](const std::filesystem::path& path) {
    return error_of([&] { write_recording(path, samples::racy_counter()); });
  };
  const std::string missing = (folder / "missing").string();
  EXPECT_EQ(write_error(folder / "missing/a.json"),
            missing + "/a.json: cannot be written: the folder " + missing + " does not exist");
  EXPECT_EQ(write_error(folder.path()),
            folder.path().string() + ": cannot be written: it is a folder; name a file in it");
  EXPECT_EQ(write_error("/dev/null"), "/dev/null: cannot be written: it is not an ordinary file");
  EXPECT_EQ(folder.count(), 0U);
}

TEST(ScheduleFile, SaysWhyItCannotBeRead) {
  const samples::TemporaryFolder folder;
  const auto read_error = [](const std::filesystem::path& path) {
    return error_of([&] { static_cast<void>(read_recording(path)); });
  };
  EXPECT_EQ(read_error("missing.json"),
            "missing.json: no such file; check the path, which is relative to the current folder");
  EXPECT_EQ(read_error(folder.path()),
            folder.path().string() + ": a folder; name a schedule file in it");
  samples::write_text(folder / "empty.json", "");
  EXPECT_EQ(read_error(folder / "empty.json"), (folder / "empty.json").string() +
                                                   ": empty, so not a cocheck schedule; record it "
                                                   "again");
  EXPECT_EQ(read_error("/dev/null"),
            "/dev/null: empty, so not a cocheck schedule; record it again");
}

}  // namespace
}  // namespace cocheck
