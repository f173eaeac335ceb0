#include "cocheck/detail/test_run.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "cocheck/detail/interrupt_scope.hpp"
#include "cocheck/dot.hpp"
#include "cocheck/errors.hpp"
#include "cocheck/explore.hpp"
#include "cocheck/gtest.hpp"
#include "cocheck/judge_replay.hpp"
#include "cocheck/render.hpp"
#include "cocheck/replay_result.hpp"
#include "cocheck/schedule_file.hpp"
#include "cocheck/schedule_line.hpp"
#include "cocheck/terminal_text.hpp"
#include "cocheck/text_table.hpp"
#include "replay_watch.hpp"

namespace cocheck {

::testing::AssertionResult passes(const Verdict& verdict) {
  return verdict.passed() ? ::testing::AssertionSuccess() << verdict.summary()
                          : ::testing::AssertionFailure() << verdict.report();
}

namespace detail {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMaxRows = 100;  // `cocheck show` has them all
constexpr std::size_t kLongestScheduleLine = 1'000;
/// A picture of more events is nothing to look at, and takes seconds to draw.
constexpr std::size_t kEventsDrawn = 5'000;
constexpr const char* kProperty = "cocheck";

std::set<std::string>& registered_tests() {
  static std::set<std::string> names;
  return names;
}

std::string full_name(const ::testing::TestInfo& test) {
  return std::string(test.test_suite_name()) + "." + test.name();
}

/// Those of ours that this run of the program selects.
std::vector<std::string> selected_tests() {
  std::vector<std::string> names;
  const ::testing::UnitTest& program = *::testing::UnitTest::GetInstance();
  for (int i = 0; i < program.total_test_suite_count(); ++i) {
    const ::testing::TestSuite& suite = *program.GetTestSuite(i);
    for (int j = 0; j < suite.total_test_count(); ++j) {
      const ::testing::TestInfo& test = *suite.GetTestInfo(j);
      if (test.should_run() && registered_tests().contains(full_name(test))) {
        names.push_back(full_name(test));
      }
    }
  }
  return names;
}

std::string this_program() {
  std::error_code error;
  return fs::read_symlink("/proc/self/exe", error).string();
}

std::string indented(const std::string& text) {
  std::string result = "  ";
  for (const char c : text) {
    result += c;
    if (c == '\n') result += "  ";
  }
  return result;
}

/// Draws beside `file` and says what it did.
std::string draw(const fs::path& file, const Recording& recording) {
  const std::string redraw = "cocheck render " + shell_word(file.string());
  fs::path picture = file;
  picture.replace_extension();  // of Suite.Name.cocheck.json
  picture.replace_extension(".dot");
  const std::string dot =
      to_dot(recording, {.replay = "cocheck replay " + shell_word(file.string())});
  render(dot, picture);
  if (recording.trace.events.size() > kEventsDrawn) {
    return "none drawn of so many steps; to draw it all the same: " + redraw;
  }
  if (!can_render()) {
    return "none, since the program dot is not installed: install the package graphviz, then: " +
           redraw;
  }
  picture.replace_extension(".svg");
  render(dot, picture);
  return printable(picture.string());
}

}  // namespace

bool register_test(const char* suite, const char* name) {
  ReplayWatch::install();
  return registered_tests().insert(std::string(suite) + "." + name).second;
}

std::optional<TestRun> TestRun::begin(const Options& in_code, TestPlace place) {
  TestRun run(place);
  try {
    run.settings_ = resolve_settings(in_code);
    Options& options = run.settings_.options;
    options.test = full_name(*::testing::UnitTest::GetInstance()->current_test_info());
    if (options.program.empty()) options.program = this_program();
    if (!options.replay.empty() && !run.load_schedule()) return std::nullopt;
  } catch (const std::runtime_error& error) {  // ValueError or ScheduleError
    run.fail(printable(error.what()));
    return std::nullopt;
  }
  return run;
}

/// False when the schedule is not for this test, which is then skipped.
bool TestRun::load_schedule() {
  Options& options = settings_.options;
  if (options.replay.starts_with("cocheck1:")) {
    recorded_.schedule = schedule_from_line(options.replay);
  } else {
    recorded_ = read_recording(options.replay);
    recorded_.trace = {};
  }
  const Schedule& schedule = recorded_.schedule;
  if (schedule.test.empty()) {
    const std::vector<std::string> selected = selected_tests();
    if (selected.size() > 1) {
      throw ValueError("the schedule to replay does not say which test it is for, and " +
                       std::to_string(selected.size()) +
                       " would run: choose one, as in --gtest_filter=" + name());
    }
  } else if (schedule.test != name()) {
    const bool known = registered_tests().contains(schedule.test);
    [&] {
      GTEST_SKIP() << printable(options.replay) << " is a schedule of " << printable(schedule.test)
                   << (known ? "" : ", which this program does not have");
    }();
    return false;
  }
  options.seed = schedule.seed;
  replays_ = true;
  ReplayWatch::taken();
  return true;
}

void TestRun::pass(const std::string& summary) const {
  if (replays_) tell_replay_result(ReplayResult::passes);
  ::testing::Test::RecordProperty(kProperty, summary);
  std::printf("[ cocheck  ] %s: %s\n", name().c_str(), summary.c_str());
  std::fflush(stdout);
}

void TestRun::fail(const std::string& text) const {
  if (!settings_.options.replay.empty()) tell_replay_result(ReplayResult::cannot_be_told);
  add_failure(text);
}

void TestRun::add_failure(const std::string& text) const {
  ADD_FAILURE_AT(place_.file, place_.line) << text;
}

void TestRun::warn(const Verdict::Fragile& fragile) const {
  std::printf("%s", indented(write_files(fragile.recording, ".fragile")).c_str());
  std::printf("\n");
  std::fflush(stdout);
}

std::string TestRun::write_files(const Recording& recording, const std::string& kind) const {
  std::string text;
  try {
    const fs::path folder = fs::absolute(settings_.out);
    fs::create_directories(folder);
    const fs::path file = folder / (name() + kind + ".cocheck.json");
    std::error_code not_there;
    if (!replays_ || !fs::equivalent(file, settings_.options.replay, not_there)) {
      write_recording(file, recording);
    }
    const std::string word = shell_word(file.string());
    text = "replay:   COCHECK_REPLAY=" + word + " " + shell_word(settings_.options.program) +
           " --gtest_filter=" + name() + "\n          cocheck replay " + word +
           "\nschedule: " + printable(file.string()) + "\n";
    text += "picture:  " + draw(file, recording) + "\n";
  } catch (const std::exception& error) {
    text += std::string("not written: ") + error.what() + "\n";
  }
  const std::string line = to_line(recording.schedule);
  if (line.size() <= kLongestScheduleLine) text += "line:     " + line + "\n";
  return text;
}

void TestRun::fail(const Verdict& verdict, const std::string& expectation,
                   const std::string& workload) const {
  ::testing::Test::RecordProperty(kProperty, verdict.summary());
  std::string text = workload + verdict.summary() + "\n";
  if (!expectation.empty()) text += "\nGoogleTest says:\n" + indented(expectation) + "\n";
  if (verdict.recording) {
    text += "\n" + text_table(*verdict.recording, {.width = 100, .max_rows = kMaxRows}) + "\n";
    // A replay that fits no more is no schedule to keep.
    const bool diverged =
        replays_ && verdict.kind == Verdict::Kind::inconclusive && verdict.cut == 0;
    if (!diverged) text += write_files(*verdict.recording);
  }
  if (replays_) tell_replay_result(judge_replay(verdict, recorded_));
  add_failure(text);
}

void run_test(const Model& model, const Options& in_code, TestPlace place) {
  const InterruptScope interrupts;
  const std::optional<TestRun> run = TestRun::begin(in_code, place);
  if (!run) return;
  Verdict verdict;
  std::string expectation;
  try {
    const ExpectBridge bridge;
    verdict = run->schedule() ? replay(model, *run->schedule(), run->options())
                              : explore(model, run->options());
    if (verdict.failure) expectation = bridge.text_of(*verdict.failure);
    if (verdict.recording) bridge.set_place(*verdict.recording);
    if (verdict.fragile) bridge.set_place(verdict.fragile->recording);
  } catch (const std::runtime_error& error) {  // the schedule has options that nobody knows
    if (!run->schedule()) throw;
    run->fail(printable(error.what()));
    return;
  }
  if (verdict.passed()) {
    run->pass(verdict.summary());
    if (verdict.fragile) run->warn(*verdict.fragile);
  } else {
    run->fail(verdict, expectation);
  }
}

}  // namespace detail

}  // namespace cocheck
