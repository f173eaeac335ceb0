#include "cocheck/text_table.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "random_recordings.hpp"
#include "sample_recordings.hpp"

namespace cocheck {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

/// Character cells, for text without wide and combining characters.
std::size_t cells(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

Recording with_loop(Recording recording, const std::string& loop) {
  recording.schedule.options["loop"] = loop;
  return recording;
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

TEST(TextTable, ShowsARacyCounterInNineLines) {
  EXPECT_EQ(text_table(samples::racy_counter()),
            R"(step  0 root                           0.0 worker  0.1 worker       at
----  -------------------------------  ----------  ---------------  -------------------
   0  spawns 0.0 0.1; waits in gather                               counter_test.cpp:23
   1                                   sleep 0                      counter_test.cpp:12
 * 2                                               sleep 0          counter_test.cpp:12
 * 3                                   return
   4                                               return; wakes 0
   5  resume gather  <-- counter == 1, expected 2, at counter_test.cpp:24
* chosen by the explorer: 2 preemptions
)");
}

TEST(TextTable, ShowsWhoWaitsForWhomAndTheCircle) {
  EXPECT_EQ(text_table(samples::deadlock()),
            R"(step  0 root                          0.0 transfer                    0.1 audit
----  ------------------------------  ------------------------------  ------------------------------
   0  spawns 0.0 0.1;
      waits in gather
   1                                  lock.acquire accounts; sleep 0
 * 2                                                                  lock.acquire journal;
                                                                      waits in lock.acquire accounts
   3                                  waits in lock.acquire journal
      <-- deadlock: 3 tasks wait and nothing can run
* chosen by the explorer: 1 preemption

0 still waiting: gather, at locks_test.cpp:33
0.0 still waiting: lock.acquire journal, held by 0.1, at locks_test.cpp:11
0.1 still waiting: lock.acquire accounts, held by 0.0, at locks_test.cpp:19
waiting in a circle: 0.0 -> 0.1 -> 0.0
)");
}

TEST(TextTable, ShowsAJumpOfTheClockAndWhatIsSuspicious) {
  EXPECT_EQ(text_table(samples::timer_jump()),
            R"(step  time  0 watchdog                 0.0 consumer                   0.1 producer
----  ----  -------------------------  -----------------------------  -----------------------------
   0   0 s  spawns 0.0 0.1; sleep 5 s
   1                                   queue.empty → true; sleep 0
 * 2                                                                  queue.put queue 42;
                                                                      condition.notify filled no
                                                                      one is waiting (!); return
   3                                   waits in condition.wait
                                       filled
       5 s  +5 s nothing can run: the clock jumps to the next timer
   4        timer due
   5        resume sleep  <-- queue.empty() is false, at queue_test.cpp:48
* chosen by the explorer: 1 preemption

0.0 still waiting: condition.wait filled, at queue_test.cpp:34
)");
}

TEST(TextTable, SaysWhenATimerFiresAlthoughTasksCouldRun) {
  samples::Recorder recorder("Test.Name", "a_test.cpp");
  recorder.task("0", "root", 1).task("0.0", "child", 2);
  recorder.step("0").spawn("0.0").park("sleep", "5 s", 3);
  recorder.timer("0", 0, 3);
  Recording recording = recorder.take();
  // The clock moves after the timer was picked, within the same step.
  TraceEvent clock;
  clock.kind = TraceEvent::Kind::clock;
  clock.step = 1;
  clock.time = std::chrono::seconds(5);
  auto& events = recording.trace.events;
  ASSERT_EQ(events[events.size() - 2].kind, TraceEvent::Kind::timer);
  events.insert(events.end() - 1, clock);
  EXPECT_EQ(text_table(recording), R"(step  time  0 root                 0.0 child  at
----  ----  ---------------------  ---------  ------------
   0   0 s  spawns 0.0; sleep 5 s             a_test.cpp:3
       5 s  +5 s a timer fires although tasks could run
   1        timer due                         a_test.cpp:3
)");
}

TEST(TextTable, ShowsWhereALoopBegins) {
  EXPECT_EQ(text_table(samples::livelock()),
            R"(step  0 root                          0.0 polite                      0.1 polite
----  ------------------------------  ------------------------------  ------------------------------
   0  spawns 0.0 0.1;
      waits in gather
   1                                  lock.acquire left; sleep 0
 * 2                                                                  lock.acquire right; sleep 0
      --- the loop begins: steps 3 to 6 again and again ---
 * 3                                  lock.locked → true;
                                      lock.release left; sleep 0
 * 4                                                                  lock.locked → true;
                                                                      lock.release right; sleep 0
 * 5                                  lock.acquire left; sleep 0
 * 6                                                                  lock.acquire right; sleep 0
      <-- livelock: after 4 more steps everything is as it was
* chosen by the explorer: 5 preemptions
)");
  EXPECT_FALSE(contains(text_table(samples::livelock().trace), "loop"));
}

TEST(TextTable, ShowsALoopOfOneStep) {
  EXPECT_TRUE(contains(text_table(with_loop(samples::livelock(), "6")),
                       "\n      --- the loop begins: step 6 again and again ---\n * 6  "));
}

TEST(TextTable, CountsAJumpOfTheClockToTheLoopWhenItsStepIsInThere) {
  // The clock jumps in step 4.
  EXPECT_TRUE(contains(text_table(with_loop(samples::timer_jump(), "4")),
                       "steps 4 to 5 again and again ---\n       5 s  +5 s nothing can run"));
  Recording recording = with_loop(samples::timer_jump(), "4");
  const auto clock =
      std::ranges::find(recording.trace.events, TraceEvent::Kind::clock, &TraceEvent::kind);
  ASSERT_NE(clock, recording.trace.events.end());
  clock->step = 3;
  EXPECT_TRUE(contains(text_table(recording), "steps 4 to 5 again and again ---\n   4  "));
}

TEST(TextTable, SaysThatALoopBeginsAmongTheRowsThatAreLeftOut) {
  EXPECT_EQ(text_table(samples::livelock(), {100, 4}),
            R"(step  0 root                          0.0 polite                      0.1 polite
----  ------------------------------  ------------------------------  ------------------------------
   0  spawns 0.0 0.1;
      waits in gather
      ... 2 rows left out ...
      --- the loop begins: steps 3 to 6 again and again ---
      ... 2 rows left out ...
 * 5                                  lock.acquire left; sleep 0
 * 6                                                                  lock.acquire right; sleep 0
      <-- livelock: after 4 more steps everything is as it was
* chosen by the explorer: 5 preemptions
)");
}

TEST(TextTable, SaysThatALoopBeginsAtTheEdgesOfWhatIsLeftOut) {
  const auto table = [](const std::string& loop) {
    return text_table(with_loop(samples::livelock(), loop), {100, 4});
  };
  // Steps 1 to 4 are left out.
  EXPECT_TRUE(contains(table("0"),
                       "\n      --- the loop begins: steps 0 to 6 again and again ---\n"
                       "   0  "));
  EXPECT_TRUE(contains(table("1"),
                       "\n      --- the loop begins: steps 1 to 6 again and again ---\n"
                       "      ... 4 rows left out ...\n * 5  "));
  EXPECT_TRUE(contains(table("4"),
                       "\n      ... 3 rows left out ...\n"
                       "      --- the loop begins: steps 4 to 6 again and again ---\n"
                       "      ... 1 row left out ...\n * 5  "));
  EXPECT_TRUE(contains(table("5"),
                       "\n      ... 4 rows left out ...\n"
                       "      --- the loop begins: steps 5 to 6 again and again ---\n"
                       " * 5  "));
}

TEST(TextTable, IgnoresALoopThatMakesNoSense) {
  Recording recording = samples::livelock();
  recording.schedule.options.erase("loop");
  const std::string without = text_table(recording);
  EXPECT_FALSE(contains(without, "loop"));
  for (const char* const loop : {"", "x", "3x", " 3", "+3", "-3", "3.0", "0x3", "7", "8",
                                 "18446744073709551615", "99999999999999999999999"}) {
    EXPECT_EQ(text_table(with_loop(recording, loop)), without) << loop;
  }
  EXPECT_NE(text_table(with_loop(recording, "6")), without);
}

TEST(TextTable, IgnoresALoopOfNothingButAJumpOfTheClock) {
  samples::Recorder recorder("Test.Name", "a_test.cpp");
  recorder.task("0", "root", 1);
  recorder.step("0").park("sleep", "5 s", 3).jump_to(std::chrono::seconds(5));
  Recording recording = with_loop(recorder.take(), "1");
  ASSERT_EQ(recording.trace.events.back().step, 1U);
  EXPECT_FALSE(contains(text_table(recording), "loop"));
  EXPECT_TRUE(contains(text_table(with_loop(recording, "0")), "loop"));
}

TEST(TextTable, ShowsACancellation) {
  EXPECT_EQ(text_table(samples::cancellation(), {80}),
            R"(step  0 root                   0.0                      0.1 waiter
----  -----------------------  -----------------------  -----------------------
   0  semaphore.acquire
      permits → 0 left;
      spawns 0.0 0.1; sleep 0
 * 1                                                    waits in
                                                        semaphore.acquire
                                                        permits
   2                           waits in
                               semaphore.acquire
                               permits
   3  semaphore.release
      permits;
      wakes 0.1; sleep 0
 * 4                                                    cancelled by the
                                                        explorer
   5                                                    cancelled
   6  cancels 0.0; wakes 0.0;
      waits in gather
   7                           cancelled; wakes 0
   8  resume gather
      <-- a permit was lost: 0 left, expected 1, at semaphore_test.cpp:100
* chosen by the explorer: 1 preemption, 1 injected cancellation
)");
}

TEST(TextTable, KeepsToItsWidth) {
  for (const std::size_t width : {40U, 60U, 80U, 100U, 200U}) {
    for (const Recording& recording :
         {samples::racy_counter(), samples::deadlock(), samples::timer_jump(),
          samples::queue_of_values(), samples::cancellation(), samples::livelock(),
          samples::many_tasks()}) {
      for (const std::string& line : lines_of(text_table(recording, {width}))) {
        const bool is_footer = line.starts_with("*") || contains(line, "waiting");
        if (is_footer || contains(line, "the clock jumps")) continue;
        EXPECT_LE(cells(line), width) << line;
      }
    }
  }
}

TEST(TextTable, HasNoBlanksAtLineEnds) {
  for (const Recording& recording : {samples::racy_counter(), samples::many_tasks()}) {
    for (const std::string& line : lines_of(text_table(recording))) {
      EXPECT_FALSE(line.ends_with(' ')) << line;
    }
  }
}

TEST(TextTable, IsAListWhenTheTasksAreMany) {
  const std::vector<std::string> lines = lines_of(text_table(samples::many_tasks()));
  EXPECT_TRUE(lines[0].starts_with("step  task"));
  EXPECT_TRUE(contains(lines[2], "0 root"));
  EXPECT_TRUE(contains(lines[2], "spawns 0.0 .. 0.99; waits in gather"));
  EXPECT_TRUE(contains(lines[2], "counter_test.cpp:53"));
  EXPECT_EQ(lines.size(), 2 + 200 + 1 + 1 + 1 + 2U);
  EXPECT_EQ(lines.back(),
            "0.99 still waiting: lock.acquire lock, held by 0.98, at counter_test.cpp:41");
}

TEST(TextTable, ShowsPlacesWhenThereIsRoom) {
  EXPECT_TRUE(contains(text_table(samples::racy_counter(), {100}), "counter_test.cpp:12"));
  EXPECT_FALSE(contains(text_table(samples::racy_counter(), {60}), "counter_test.cpp:12"));
}

TEST(TextTable, MarksASwitchOnlyWhereTheExplorerHadAChoice) {
  Recording recording = samples::racy_counter();
  EXPECT_EQ(std::ranges::count(text_table(recording), '*'), 3);  // two switches and the footnote
  for (Choice& choice : recording.schedule.choices) choice.alternatives = 1;
  EXPECT_EQ(std::ranges::count(text_table(recording), '*'), 0);
  EXPECT_EQ(std::ranges::count(text_table(recording.trace), '*'), 3)
      << "a trace alone does not say how many alternatives there were";
}

TEST(TextTable, FindsTheChoiceOfAStepBetweenValues) {
  // The value is choice 2, so that step 3 is choice 4.
  Recording recording = samples::queue_of_values();
  ASSERT_EQ(recording.schedule.choices[4].task, "0.1");
  EXPECT_TRUE(contains(text_table(recording), "* 3 "));
  recording.schedule.choices[4].alternatives = 1;
  EXPECT_FALSE(contains(text_table(recording), "* 3 "));
}

TEST(TextTable, DoesNotCallAForcedSwitchChosen) {
  samples::Recorder recorder("Test.Name", "a_test.cpp");
  recorder.task("0", "", 1).task("0.0", "", 2);
  recorder.step("0").spawn("0.0").park("event.wait", "done", 3);
  recorder.step("0.0", 2).operation("event.set", "done", "", 4).wake("0").finish();
  recorder.step("0", 2).finish();
  EXPECT_FALSE(contains(text_table(recorder.take()), "*"));
}

TEST(TextTable, ShowsTheMessageOfARecordingWhoseTraceHasNone) {
  Recording recording = samples::racy_counter();
  recording.trace.events.pop_back();
  recording.failure = "something else\nwith details";
  const std::string table = text_table(recording);
  EXPECT_TRUE(contains(table, "<-- something else\n"));
  EXPECT_FALSE(contains(table, "details"));
}

TEST(TextTable, GivesAFailureOfTheWorldARowOfItsOwn) {
  Recording recording = samples::deadlock();
  recording.trace.events.back().step = 3;  // that of the last action
  EXPECT_EQ(text_table(recording), text_table(samples::deadlock()));
}

TEST(TextTable, NamesTheKindOfAFailure) {
  Recording recording = samples::racy_counter();
  recording.trace.events.back().verb = "check failed";
  EXPECT_TRUE(contains(text_table(recording), "<-- check failed: counter == 1, expected 2"));
}

TEST(TextTable, ShowsEventsOfTheWorld) {
  samples::Recorder recorder("Test.Name", "a_test.cpp");
  recorder.task("0", "root", 1);
  recorder.step("0").park("event.wait", "done", 2);
  Recording recording = recorder.take();
  TraceEvent event;
  event.kind = TraceEvent::Kind::operation;
  event.step = 1;
  event.verb = "event.set";
  event.object = "done";
  event.detail = "by a callback";
  recording.trace.events.push_back(event);
  EXPECT_TRUE(contains(text_table(recording), "   1  world: event.set done"))
      << text_table(recording);
}

TEST(TextTable, PutsACallbackInTheLaneOfItsTaskWithoutRevivingIt) {
  samples::Recorder recorder("Test.Name", "a_test.cpp");
  recorder.task("0", "root", 1).task("0.0", "child", 2);
  recorder.step("0").spawn("0.0").park("gather", "", 3);
  recorder.step("0.0").finish();
  recorder.step("0.0", 1, "callback").wake("0");
  recorder.step("0", 2).finish();
  const std::string table = text_table(recorder.take());
  EXPECT_TRUE(contains(table, "wakes 0"));
  EXPECT_FALSE(contains(table, "*"));
}

TEST(TextTable, ShortensRunsOfSiblings) {
  samples::Recorder recorder("Test.Name", "a_test.cpp");
  recorder.task("0", "root", 1);
  recorder.step("0");
  for (const char* const id : {"0.0", "0.1", "0.2", "0.5", "0.6", "0.7", "0.8", "1.9", "0.10"}) {
    recorder.spawn(id);
  }
  recorder.finish();
  EXPECT_TRUE(contains(text_table(recorder.take(), {200}),
                       "spawns 0.0 0.1 0.2 0.5 .. 0.8 1.9 0.10; return"));
}

TEST(TextTable, GroupsTasksThatWaitForTheSame) {
  Recording recording = samples::deadlock();
  recording.trace.stuck.clear();
  for (std::size_t i = 0; i < 5; ++i) {
    recording.trace.stuck.push_back(
        {"0." + std::to_string(i), "event.wait", "done", "", {"dir/a.cpp", 7, ""}});
  }
  EXPECT_TRUE(
      contains(text_table(recording), "0.0 .. 0.4 still waiting: event.wait done, at a.cpp:7\n"));
}

TEST(TextTable, FindsCirclesBesideChainsThatLeadIntoThem) {
  Recording recording;
  for (const auto& [task, holder] : std::vector<std::pair<std::string, std::string>>{
           {"0.0", "0.1"}, {"0.1", "0.2"}, {"0.2", "0.1"}, {"0.3", "0.3"}, {"0.4", "0.9"}}) {
    recording.trace.stuck.push_back({task, "lock.acquire", "", holder, {}});
  }
  const std::string table = text_table(recording);
  EXPECT_TRUE(contains(table, "waiting in a circle: 0.1 -> 0.2 -> 0.1\n"));
  EXPECT_TRUE(contains(table, "waiting in a circle: 0.3 -> 0.3\n"));
  EXPECT_FALSE(contains(table, "circle: 0.0"));
  EXPECT_FALSE(contains(table, "circle: 0.4"));
}

TEST(TextTable, ShowsNoControlCharacters) {
  const std::string table = text_table(samples::long_labels());
  EXPECT_TRUE(std::ranges::none_of(
      table, [](char c) { return c != '\n' && static_cast<unsigned char>(c) < 0x20; }));
}

TEST(TextTable, IsEmptyForAnEmptyTrace) {
  EXPECT_EQ(text_table(Trace()), "");
}

TEST(TextTable, SurvivesRandomRecordings) {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Recording recording = samples::RandomRecordings(seed).next();
    if (seed % 2 == 0) recording = with_loop(recording, std::to_string(seed % 9));
    for (const std::size_t width : {0U, 40U, 100U}) {
      const std::string table = text_table(recording, {width});
      EXPECT_TRUE(table.empty() || table.ends_with('\n'));
      EXPECT_TRUE(contains(table, "<-- ") || recording.failure.empty());
    }
  }
}

TEST(TextTable, WrapsAndElides) {
  const std::vector<std::string> lines = lines_of(text_table(samples::long_labels(), {60}));
  EXPECT_TRUE(
      std::ranges::any_of(lines, [](const std::string& line) { return contains(line, "\u2026"); }));
}

}  // namespace
}  // namespace cocheck
