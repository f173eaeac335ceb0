#include "cocheck/dot.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <regex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "random_recordings.hpp"
#include "sample_recordings.hpp"

namespace cocheck {
namespace {

constexpr std::string_view kRed = "#C8380A";

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

std::vector<std::pair<std::string, Recording>> all_samples() {
  return {{"racy counter", samples::racy_counter()}, {"deadlock", samples::deadlock()},
          {"timer jump", samples::timer_jump()},     {"queue", samples::queue_of_values()},
          {"cancellation", samples::cancellation()}, {"livelock", samples::livelock()},
          {"six tasks", samples::many_tasks(5)},     {"100 tasks", samples::many_tasks()},
          {"long labels", samples::long_labels()}};
}

Recording with_loop(Recording recording, const std::string& loop) {
  recording.schedule.options["loop"] = loop;
  return recording;
}

/// Where a text of the picture is.
struct Box {
  double left = 0;
  double right = 0;
  double bottom = 0;
  double top = 0;
  std::string line;
};

std::vector<Box> boxes_of(const std::string& dot) {
  static const std::regex kText(
      R"re(pos="([-0-9.]+),([-0-9.]+)" shape=plain .*?fontsize=([0-9.]+).*? WIDTH="([0-9]+)"(.*)\n)re");
  std::vector<Box> boxes;
  for (std::sregex_iterator match(dot.begin(), dot.end(), kText), end; match != end; ++match) {
    const double x = std::stod((*match)[1]);
    const double y = std::stod((*match)[2]);
    const double size = std::stod((*match)[3]);
    const double width = std::stod((*match)[4]);
    boxes.push_back({x - width / 2, x + width / 2, y - size * .5, y + size * .5, (*match)[5]});
  }
  return boxes;
}

/// The box of the number of a step; only these numbers have their size. Graphviz sets bold ones a
/// little higher than it is told.
Box number_box(const std::string& dot, const std::string& step) {
  constexpr double kSize = 8.5;
  constexpr double kBoldShift = kSize * .15;
  std::vector<Box> found;
  for (Box box : boxes_of(dot)) {
    const bool is_number = std::abs(box.top - box.bottom - kSize) < .01;
    if (!is_number || !contains(box.line, ">" + step + "</")) continue;
    if (contains(box.line, "<B>")) {
      box.bottom += kBoldShift;
      box.top += kBoldShift;
    }
    found.push_back(box);
  }
  EXPECT_EQ(found.size(), 1U) << step;
  return found.empty() ? Box() : found.front();
}

/// Checks the arrow of a loop from the row of step `last` to that of step `first`, and that it
/// stands left of everything else but its label.
void expect_loop(const std::string& dot, const std::string& first, const std::string& last) {
  const std::string tooltip =
      "tooltip=\"the state here is the same as at step " + first + ": this can go on for ever\"";
  EXPECT_EQ(count(dot, "the state here is the same"), 1U);
  static const std::regex kEdge(
      R"re(pos="e,([0-9.]+),([0-9.]+) ([0-9.]+),([0-9.]+)( .*)?" color="#C8380A" penwidth=1.3 arrowhead=normal (.*)\];)re");
  std::smatch edge;
  ASSERT_TRUE(std::regex_search(dot, edge, kEdge)) << dot;
  EXPECT_EQ(edge[6], tooltip);
  const Box to = number_box(dot, first);
  const Box from = number_box(dot, last);
  EXPECT_NEAR(std::stod(edge[2]), (to.top + to.bottom) / 2, 1);
  EXPECT_NEAR(std::stod(edge[4]), (from.top + from.bottom) / 2, 1);
  double line = std::stod(edge[1]);
  static const std::regex kPoint("([0-9.]+),[0-9.]+");
  const std::string points = edge[5];
  for (std::sregex_iterator point(points.begin(), points.end(), kPoint), end; point != end;
       ++point) {
    line = std::min(line, std::stod((*point)[1]));
  }
  const double first_row = number_box(dot, "0").top;
  for (const Box& box : boxes_of(dot)) {
    const bool is_label = contains(box.line, ">again<") || contains(box.line, ">and<");
    if (is_label) {
      EXPECT_LT(box.right, line) << box.line;
      EXPECT_GE(box.left, 0) << box.line;
      EXPECT_LE(box.bottom, to.top) << box.line;
      EXPECT_GE(box.top, from.bottom) << box.line;
    } else if (box.top <= first_row) {
      EXPECT_GT(box.left, std::stod(edge[1])) << box.line;
      EXPECT_GT(box.left, std::stod(edge[3])) << box.line;
    }
  }
  EXPECT_EQ(count(dot, ">again<"), 2U);
  EXPECT_EQ(count(dot, ">and<"), 1U);
}

void expect_no_overlap(const std::string& dot) {
  const std::vector<Box> boxes = boxes_of(dot);
  ASSERT_FALSE(boxes.empty());
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      const Box& a = boxes[i];
      const Box& b = boxes[k];
      const bool apart =
          a.right <= b.left + 3 || b.right <= a.left + 3 || a.top <= b.bottom || b.top <= a.bottom;
      ASSERT_TRUE(apart) << a.line << "\n" << b.line;
    }
  }
}

TEST(Dot, HasItsOwnPositionsAndBands) {
  const std::string dot = to_dot(samples::racy_counter());
  EXPECT_TRUE(dot.starts_with("digraph trace {"));
  EXPECT_TRUE(contains(dot, "layout=nop2"));
  EXPECT_TRUE(contains(dot, "_background="));
  EXPECT_FALSE(contains(dot, "splines"));
}

TEST(Dot, SaysPropertyVerdictSizeAndReplay) {
  const std::string dot = to_dot(samples::timer_jump(), {"cocheck replay a.json"});
  EXPECT_TRUE(contains(dot, "Queue.Drains"));
  EXPECT_TRUE(contains(dot, "Failed: queue.empty() is false"));
  EXPECT_TRUE(
      contains(dot, "6 steps, 3 tasks, 1 preemption, 5 s of virtual time, found by exhaustive"));
  EXPECT_TRUE(contains(dot, "replay: cocheck replay a.json"));
}

TEST(Dot, NumbersEveryStep) {
  const std::string dot = to_dot(samples::many_tasks());
  for (std::size_t step = 0; step < 200; ++step) {
    EXPECT_TRUE(contains(dot, ">" + std::to_string(step) + "</")) << step;
  }
}

TEST(Dot, DrawsChosenSwitchesInRedAndForcedOnesInGrey) {
  Recording recording = samples::racy_counter();
  std::string dot = to_dot(recording);
  const std::string red = "color=\"" + std::string(kRed) + "\" penwidth=1.3 style=dashed";
  EXPECT_EQ(count(dot, red), 2 + 1U) << "two switches and the legend";
  EXPECT_EQ(count(dot, "preempts 0."), 2U);
  EXPECT_TRUE(contains(dot, "chosen by the explorer out of 2 actions: 0.0 could have gone on"));
  EXPECT_EQ(count(dot, "tooltip=\"forced: nothing else could run\""), 2U);
  EXPECT_EQ(count(dot, "tooltip=\"the task before could not go on\""), 1U) << "not written down";
  for (Choice& choice : recording.schedule.choices) choice.alternatives = 1;
  dot = to_dot(recording);
  EXPECT_EQ(count(dot, red), 0U);
  EXPECT_EQ(count(dot, "tooltip=\"forced: "), 5U);
}

TEST(Dot, DrawsWakesFromWakerToWoken) {
  const std::string dot = to_dot(samples::queue_of_values());
  EXPECT_TRUE(contains(dot, "tooltip=\"0 spawns 0.0\""));
  EXPECT_TRUE(contains(dot, "tooltip=\"0.0 wakes 0.1\""));
  EXPECT_TRUE(contains(dot, "tooltip=\"0.1 wakes 0\""));
}

TEST(Dot, DrawsACancellationInsteadOfItsWake) {
  const std::string dot = to_dot(samples::cancellation());
  EXPECT_TRUE(contains(dot, "tooltip=\"0 cancels 0.0\""));
  EXPECT_FALSE(contains(dot, "tooltip=\"0 wakes 0.0\""));
  EXPECT_TRUE(contains(dot, "by the explorer"));
}

TEST(Dot, BreaksTheBandsWhereTheClockJumps) {
  const std::string jump = "nothing can run: the clock jumps to the next timer";
  const std::string dot = to_dot(samples::timer_jump());
  EXPECT_TRUE(contains(dot, jump));
  EXPECT_TRUE(contains(dot, ">+5 s</FONT>") || contains(dot, ">+5 s "));
  EXPECT_FALSE(contains(to_dot(samples::racy_counter()), jump));
}

TEST(Dot, ShowsTimeOnlyWhereItChanges) {
  EXPECT_EQ(count(to_dot(samples::timer_jump()), ">0 s<"), 1U);
  EXPECT_EQ(count(to_dot(samples::timer_jump()), ">5 s<"), 2U) << "the gutter and the sleep";
  EXPECT_EQ(count(to_dot(samples::racy_counter()), ">0 s<"), 0U);
}

TEST(Dot, DrawsALoopFromTheLastStepBackToItsFirst) {
  expect_loop(to_dot(samples::livelock()), "3", "6");
  expect_loop(to_dot(with_loop(samples::livelock(), "0")), "0", "6");
  expect_loop(to_dot(with_loop(samples::timer_jump(), "1")), "1", "5");
}

TEST(Dot, DrawsALoopBesideNarrowLanes) {
  const std::string dot = to_dot(with_loop(samples::many_tasks(20), "7"));
  ASSERT_TRUE(contains(dot, ">0.1 worker</FONT>")) << "a label of the column of texts";
  expect_loop(dot, "7", "39");
  const std::vector<Box> boxes = boxes_of(dot);
  const auto label =
      std::ranges::find_if(boxes, [](const Box& box) { return contains(box.line, ">and</FONT>"); });
  ASSERT_NE(label, boxes.end());
  EXPECT_LT(number_box(dot, "7").bottom - label->top, 150) << "the label is near the arrow";
  expect_no_overlap(dot);
}

TEST(Dot, DrawsALoopOfOneStep) {
  const std::string dot = to_dot(with_loop(samples::livelock(), "6"));
  static const std::regex kHeights(
      R"re(pos="e,[0-9.]+,([0-9.]+) [0-9.]+,([0-9.]+) .*the state here is the same as at step 6)re");
  std::smatch edge;
  ASSERT_TRUE(std::regex_search(dot, edge, kHeights));
  const Box box = number_box(dot, "6");
  EXPECT_GT(std::stod(edge[1]), (box.top + box.bottom) / 2 + 3);
  EXPECT_LT(std::stod(edge[2]), (box.top + box.bottom) / 2 - 3);
  expect_no_overlap(dot);
}

TEST(Dot, IsAsEverWithoutALoop) {
  for (const auto& [name, recording] : all_samples()) {
    SCOPED_TRACE(name);
    Recording without = recording;
    without.schedule.options.erase("loop");
    const std::string dot = to_dot(without);
    EXPECT_FALSE(contains(dot, "again"));
    EXPECT_FALSE(contains(dot, "goes round"));
    for (const char* const loop : {"", "x", "3x", "-3", "1000", "99999999999999999999999"}) {
      EXPECT_EQ(to_dot(with_loop(without, loop)), dot) << loop;
    }
    EXPECT_NE(to_dot(with_loop(without, "1")), dot);
  }
  // No room is kept for the arrow.
  EXPECT_LT(number_box(to_dot(samples::racy_counter()), "3").left, 3);
}

TEST(Dot, ShowsStuckTasksAndTheirCircle) {
  const std::string dot = to_dot(samples::deadlock());
  EXPECT_TRUE(contains(dot, "still waiting: lock.acquire journal, held by 0.1"));
  EXPECT_TRUE(contains(dot, "waiting in a circle: 0.0 \u2192 0.1 \u2192 0.0"));
  EXPECT_TRUE(contains(dot, "tooltip=\"0.1 waits for lock.acquire accounts, held by 0.0\""));
}

TEST(Dot, ExplainsOnlyWhatItUses) {
  const std::string racy = to_dot(samples::racy_counter());
  EXPECT_TRUE(contains(racy, ">switch chosen by the explorer<"));
  EXPECT_FALSE(contains(racy, ">waiting for ever<"));
  EXPECT_FALSE(contains(racy, ">cancels<"));
  EXPECT_FALSE(contains(racy, ">worth a second look<"));
  EXPECT_FALSE(contains(racy, ">goes round for ever<"));
  EXPECT_TRUE(contains(to_dot(samples::livelock()), ">goes round for ever<"));
  EXPECT_TRUE(contains(to_dot(samples::deadlock()), ">waiting for ever<"));
  EXPECT_TRUE(contains(to_dot(samples::cancellation()), ">cancels<"));
  EXPECT_TRUE(contains(to_dot(samples::timer_jump()), ">worth a second look<"));
}

TEST(Dot, LinksToTheSource) {
  const std::string dot = to_dot(samples::racy_counter());
  EXPECT_TRUE(contains(dot, "URL=\"tests/counter_test.cpp#L24\""));
  EXPECT_TRUE(contains(dot, "tooltip=\"step 1: sleep 0 (0.0 worker), counter_test.cpp:12\""));
}

TEST(Dot, EncodesWhatALinkMustNotHold) {
  Recording recording = samples::racy_counter();
  recording.trace.events.back().place = {"javascript:\"a b\\N<\u00fc", 3, ""};
  EXPECT_TRUE(contains(to_dot(recording), "URL=\"javascript%3A%22a%20b%5CN%3C%C3%BC#L3\""));
}

TEST(Dot, EscapesText) {
  const std::string dot = to_dot(samples::long_labels());
  EXPECT_TRUE(contains(dot, "reader &lt;T&gt; &amp; &quot;writer&quot;"));
  EXPECT_TRUE(contains(dot, "a.b &#92;&#92;N &#92;&#92;G %s &lt;B&gt; {|}"));
  EXPECT_FALSE(contains(dot, "\\"));
  EXPECT_FALSE(contains(dot, "\xff"));
  EXPECT_TRUE(contains(dot, "schl\u00fcssel"));
}

TEST(Dot, HasNoStringThatIsTooLongForItsScanner) {
  const std::string dot = to_dot(samples::many_tasks());
  std::size_t longest = 0;
  std::size_t length = 0;
  for (const char c : dot) {
    length = c == '"' ? 0 : length + 1;
    longest = std::max(longest, length);
  }
  EXPECT_LT(longest, 16384U);
}

TEST(Dot, KeepsTextsApart) {
  for (const auto& [name, recording] : all_samples()) {
    SCOPED_TRACE(name);
    if (name != "100 tasks") expect_no_overlap(to_dot(recording));
  }
  expect_no_overlap(to_dot(samples::many_tasks(40)));
}

TEST(Dot, KeepsTextsApartInRandomRecordings) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Recording recording = samples::RandomRecordings(seed).next();
    if (seed % 2 == 0) recording = with_loop(recording, std::to_string(seed % 9));
    expect_no_overlap(to_dot(recording));
  }
}

TEST(Dot, UsesNarrowLanesForManyTasks) {
  const std::string few = to_dot(samples::many_tasks(5));
  const std::string many = to_dot(samples::many_tasks(100));
  static const std::regex kSize(R"re(bb="0,0,([0-9.]+),([0-9.]+)")re");
  std::smatch match;
  ASSERT_TRUE(std::regex_search(many, match, kSize));
  EXPECT_LT(std::stod(match[1]), 2500);
  EXPECT_FALSE(contains(few, "preempts 0.0</FONT></TD></TR></TABLE>>];\n  n0"));
  EXPECT_TRUE(contains(many, "preempts 0.0"));
}

TEST(Dot, DrawsAnEmptyRecording) {
  const std::string dot = to_dot({});
  EXPECT_TRUE(contains(dot, "an execution"));
  EXPECT_TRUE(contains(dot, "0 steps, 0 tasks, nothing chosen by the explorer"));
}

}  // namespace
}  // namespace cocheck
