// What tables and pictures say of who decided, and of where something broke.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "canvas.hpp"
#include "cocheck/dot.hpp"
#include "cocheck/text_table.hpp"
#include "sample_recordings.hpp"

namespace cocheck {
namespace {

using By = Choice::By;

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos;
       at = text.find(part, at + part.size())) {
    ++found;
  }
  return found;
}

/// Two tasks that give way to each other, and the first action of each by `who`.
samples::Recorder two_tasks(By who) {
  samples::Recorder recorder("Test.Name", "a_test.cpp");
  recorder.task("0", "root", 1).task("0.0", "first", 2).task("0.1", "second", 3);
  recorder.step("0").spawn("0.0").spawn("0.1").park("gather", "", 4);
  recorder.step("0.0", 2).by(By::loop).yield("sleep", "0", 5);
  recorder.step("0.1", 2).by(who).yield("sleep", "0", 6);
  return recorder;
}

constexpr std::string_view kRedDashes = "penwidth=1.3 style=dashed";

TEST(Decisions, OfTheLoopAreNotTheExplorers) {
  const Recording recording = two_tasks(By::loop).take();
  EXPECT_FALSE(contains(text_table(recording), "*"));
  const std::string dot = to_dot(recording);
  EXPECT_EQ(count(dot, kRedDashes), 0U);
  EXPECT_EQ(count(dot, "tooltip=\"the order of the loop: it was first in the queue\""), 2U);
  EXPECT_TRUE(contains(dot, ">switch in the order of the loop<"));
  EXPECT_FALSE(contains(dot, "forced"));
  EXPECT_TRUE(contains(dot, "nothing chosen by the explorer"));
}

TEST(Decisions, InFifoOrderAreTheLoops) {
  Recording recording = two_tasks(By::unknown).take();
  recording.schedule.options["order"] = "fifo";
  for (Choice& choice : recording.schedule.choices) choice.alternatives = 1;
  EXPECT_FALSE(contains(text_table(recording), "*"));
  EXPECT_EQ(count(to_dot(recording), "tooltip=\"the order of the loop"), 2U);
}

TEST(Decisions, OfTheExplorerAreRed) {
  const Recording recording = two_tasks(By::explorer).take();
  EXPECT_TRUE(contains(text_table(recording), "* chosen by the explorer: 1 preemption\n"));
  const std::string dot = to_dot(recording);
  EXPECT_EQ(count(dot, kRedDashes), 2U) << "and the legend";
  EXPECT_TRUE(contains(dot, "preempts 0.0"));
}

TEST(Decisions, AreShownAlsoWhereTheTaskGoesOn) {
  samples::Recorder recorder = two_tasks(By::loop);
  recorder.step("0.1", 2, "resume sleep").by(By::explorer).finish();
  const Recording recording = recorder.take();
  EXPECT_TRUE(contains(text_table(recording), "\n * 3 ")) << text_table(recording);
  const std::string dot = to_dot(recording);
  EXPECT_TRUE(contains(dot, "chosen by the explorer out of 2 actions: ahead of its turn"));
  EXPECT_TRUE(contains(dot, ">step chosen by the explorer<"));
}

TEST(Decisions, ForcedMeansThatNothingElseCouldRun) {
  samples::Recorder recorder("Test.Name", "a_test.cpp");
  recorder.task("0", "root", 1).task("0.0", "child", 2);
  recorder.step("0").spawn("0.0").park("gather", "", 4);
  recorder.step("0.0").finish().wake("0");
  recorder.step("0").finish();
  const Recording recording = recorder.take();
  EXPECT_EQ(count(to_dot(recording), "tooltip=\"forced: nothing else could run\""), 2U);
}

/// Adds a value that the last step draws.
void draw(Recording& recording, std::size_t value, std::size_t alternatives) {
  const TraceEvent last = recording.trace.events.back();
  const Choice::By by = alternatives > 1 ? By::explorer : By::unknown;
  recording.schedule.choices.push_back(
      {Choice::Kind::value, last.task, value, alternatives, "choose", {}, by});
  TraceEvent event;
  event.kind = TraceEvent::Kind::choose;
  event.step = last.step;
  event.task = last.task;
  event.detail = std::to_string(value) + " of " + std::to_string(alternatives);
  recording.trace.events.push_back(event);
}

/// One decision of each kind, and a value where there was nothing to choose.
Recording all_kinds() {
  samples::Recorder recorder = two_tasks(By::explorer);
  recorder.cancelled_by_explorer("0.0", 3).by(By::explorer);
  recorder.timer("0.1", 0, 7).by(By::explorer);
  Recording recording = recorder.take();
  recording.schedule.choices.back().alternatives = 2;
  draw(recording, 1, 3);
  draw(recording, 0, 1);
  draw(recording, 0, 2);
  return recording;
}

TEST(Decisions, AreCountedByKind) {
  constexpr std::string_view kCounts =
      "1 preemption, 1 injected cancellation, 1 early timer, 2 drawn values";
  const std::string table = text_table(all_kinds());
  EXPECT_TRUE(contains(table, "* chosen by the explorer: " + std::string(kCounts) + "\n")) << table;
  EXPECT_TRUE(contains(table, "\n * 3 ")) << table;
  EXPECT_TRUE(contains(table, "\n * 4 ")) << table;
  EXPECT_TRUE(contains(to_dot(all_kinds()), kCounts));
}

/// Whether the first text that begins with `text` is red in a picture.
bool is_red(const std::string& dot, const std::string& text) {
  const std::size_t at = dot.find(">" + text);
  if (at == std::string::npos) return false;
  const std::size_t font = dot.rfind("<FONT", at);
  return contains(std::string_view(dot).substr(font, at - font), detail::kRed);
}

TEST(Decisions, OfEachKindAreRedInThePicture) {
  const std::string dot = to_dot(all_kinds());
  EXPECT_TRUE(is_red(dot, "cancelled by the explorer")) << dot;
  EXPECT_TRUE(is_red(dot, "timer due")) << dot;
  EXPECT_TRUE(contains(dot, "chosen by the explorer out of 3 actions: injected cancellation"));
  EXPECT_TRUE(contains(dot, "chosen by the explorer out of 2 actions: early timer"));
  for (const std::size_t alternatives : {1U, 2U}) {
    Recording recording = two_tasks(By::loop).take();
    recording.trace.events.pop_back();  // the last step does nothing else
    draw(recording, 0, alternatives);
    const std::string drawn = to_dot(recording);
    EXPECT_TRUE(contains(drawn, ">chooses")) << drawn;
    EXPECT_EQ(is_red(drawn, "chooses"), alternatives == 2);
  }
}

TEST(Decisions, OfALostWakeUpAreSuspicious) {
  samples::Recorder recorder = two_tasks(By::loop);
  recorder.cancelled_by_explorer("0.0", 3);
  Recording recording = recorder.take();
  TraceEvent& cancel = recording.trace.events[recording.trace.events.size() - 2];
  ASSERT_EQ(cancel.kind, TraceEvent::Kind::cancel);
  cancel.suspicious = true;
  cancel.detail = "that wake-up reaches nobody";
  const std::string table = text_table(recording, {200});
  EXPECT_TRUE(contains(table, "cancelled by the explorer; that wake-up reaches nobody (!)"))
      << table;
}

TEST(FailingRow, HasTheLineOfTheFailure) {
  samples::Recorder recorder("Test.Name", "a_test.cpp");
  recorder.task("0", "root", 1);
  recorder.step("0").fail("inside == 1", 79).finish();
  Recording recording = recorder.take();
  // A task that ends says where it waited last.
  recording.trace.events.back().place = {"tests/a_test.cpp", 59, "root"};
  EXPECT_TRUE(contains(text_table(recording), "<-- inside == 1, at a_test.cpp:79\n"));
  const std::string dot = to_dot(recording);
  EXPECT_TRUE(contains(dot, "URL=\"tests/a_test.cpp#L79\""));
  EXPECT_FALSE(contains(dot, "#L59"));
}

TEST(FailingRow, HasNoLineInADeadlock) {
  Recording recording = samples::deadlock();
  recording.trace.events.back().verb = "deadlock";
  recording.trace.events.back().place = {"tests/locks_test.cpp", 155, "root"};
  EXPECT_FALSE(contains(text_table(recording), ":155"));
  EXPECT_FALSE(contains(to_dot(recording), "L155"));
}

TEST(FailingRow, SaysOnePlaceOnce) {
  samples::Recorder recorder("Test.Name", "a_test.cpp");
  recorder.task("0", "root", 1);
  recorder.step("0").fail("counter (which is 1), 2 [a_test.cpp:79]", 79);
  EXPECT_TRUE(contains(text_table(recorder.take()), "2 [a_test.cpp:79]\n"));
}

}  // namespace
}  // namespace cocheck
