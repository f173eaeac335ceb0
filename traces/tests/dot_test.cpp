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
          {"cancellation", samples::cancellation()}, {"six tasks", samples::many_tasks(5)},
          {"100 tasks", samples::many_tasks()},      {"long labels", samples::long_labels()}};
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
    EXPECT_TRUE(contains(dot, ">" + std::to_string(step) + "</FONT>")) << step;
  }
}

TEST(Dot, DrawsChosenSwitchesInRedAndForcedOnesInGrey) {
  Recording recording = samples::racy_counter();
  std::string dot = to_dot(recording);
  const std::string red = "color=\"" + std::string(kRed) + "\" penwidth=1.3 style=dashed";
  EXPECT_EQ(count(dot, red), 2 + 1U) << "two switches and the legend";
  EXPECT_EQ(count(dot, "preempts 0."), 2U);
  EXPECT_TRUE(contains(dot, "chosen by the explorer out of 2 actions: 0.0 could have gone on"));
  EXPECT_EQ(count(dot, "tooltip=\"forced: "), 3U);
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
    expect_no_overlap(to_dot(samples::RandomRecordings(seed).next()));
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
  EXPECT_TRUE(contains(dot, "0 steps, 0 tasks, 0 preemptions"));
}

}  // namespace
}  // namespace cocheck
