#include "cocheck/schedule_line.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "random_recordings.hpp"
#include "sample_recordings.hpp"

namespace cocheck {
namespace {

/// What a line carries of a schedule.
Schedule in_a_line(const Schedule& schedule) {
  Schedule result;
  result.options = schedule.options;
  for (const Choice& choice : schedule.choices) {
    result.choices.push_back({choice.kind, choice.task, choice.value, 1, "", {}});
  }
  return result;
}

std::string error_of(std::string_view line) {
  try {
    static_cast<void>(schedule_from_line(line));
  } catch (const ScheduleError& error) {
    return error.what();
  }
  ADD_FAILURE() << "no ScheduleError: " << line;
  return "";
}

TEST(ScheduleLine, HasAWordForEveryKindOfChoice) {
  Schedule schedule;
  schedule.options = {{"clock", "race"}, {"order", "any"}};
  using Kind = Choice::Kind;
  schedule.choices = {{Kind::step, "0", 0, 1, "start", {}},
                      {Kind::step, "0.0", 0, 3, "start", {"a.cpp", 1, "f"}},
                      {Kind::step, "0.0", 0, 2, "resume", {}},
                      {Kind::step, "0.0", 0, 1, "resume", {}},
                      {Kind::timer, "0.1", 2, 1, "timer", {}},
                      {Kind::callback, "0.1", 0, 1, "callback", {}},
                      {Kind::cancel, "0.0.12", 0, 1, "cancel", {}},
                      {Kind::value, "0.2", 3, 4, "choose", {}},
                      {Kind::value, "0.2", 3, 4, "choose", {}}};
  const std::string line = to_line(schedule);
  EXPECT_EQ(line, "cocheck1:clock=race,order=any:0,0.0x3,t0.1-2,k0.1-0,c0.0.12,v0.2-3x2");
  EXPECT_EQ(schedule_from_line(line), in_a_line(schedule));
}

TEST(ScheduleLine, KeepsWhereALoopBegins) {
  const std::string line = to_line(samples::livelock().schedule);
  EXPECT_EQ(line, "cocheck1:clock=idle,loop=3,order=any:0,0.0,0.1,0.0,0.1,0.0,0.1");
  EXPECT_EQ(schedule_from_line(line).options.at("loop"), "3");
}

TEST(ScheduleLine, MayHaveNoOptionsAndNoChoices) {
  EXPECT_EQ(to_line({}), "cocheck1::");
  EXPECT_EQ(schedule_from_line("cocheck1::"), Schedule());
  EXPECT_EQ(schedule_from_line("cocheck1::0").choices.size(), 1U);
  EXPECT_EQ(schedule_from_line("cocheck1:a=:").options.at("a"), "");
}

TEST(ScheduleLine, IgnoresBlanksAroundIt) {
  EXPECT_EQ(schedule_from_line("  cocheck1:a=b:0\r\n"), schedule_from_line("cocheck1:a=b:0"));
}

TEST(ScheduleLine, EscapesWhatAShellWouldInterpret) {
  Schedule schedule;
  schedule.options = {{"a b", "$x;'\""}, {"u", "\u00fc+"}};
  const std::string line = to_line(schedule);
  EXPECT_EQ(line, "cocheck1:a+20b=+24x+3B+27+22,u=+C3+BC+2B:");
  EXPECT_EQ(schedule_from_line(line), schedule);
}

TEST(ScheduleLine, RoundTripsTheSamples) {
  for (const Recording& recording :
       {samples::racy_counter(), samples::deadlock(), samples::timer_jump(),
        samples::queue_of_values(), samples::cancellation(), samples::livelock(),
        samples::many_tasks()}) {
    const std::string line = to_line(recording.schedule);
    EXPECT_EQ(schedule_from_line(line), in_a_line(recording.schedule)) << line;
  }
}

TEST(ScheduleLine, RoundTripsRandomSchedules) {
  constexpr std::string_view kSafe =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.,:=_+-";
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Schedule schedule = samples::RandomRecordings(seed).next().schedule;
    const std::string line = to_line(schedule);
    ASSERT_EQ(line.find_first_not_of(kSafe), std::string::npos) << line;
    ASSERT_EQ(schedule_from_line(line), in_a_line(schedule)) << line;
    ASSERT_EQ(to_line(schedule_from_line(line)), line);
  }
}

TEST(ScheduleLine, CutOffIsRejectedOrAShorterSchedule) {
  const Schedule whole = samples::cancellation().schedule;
  const std::string line = to_line(whole);
  const std::size_t first_choice = line.rfind(':') + 1;
  for (std::size_t size = 0; size < line.size(); ++size) {
    const std::string cut = line.substr(0, size);
    if (size < first_choice) {
      EXPECT_NE(error_of(cut).find("character "), std::string::npos) << cut;
      continue;
    }
    try {
      EXPECT_LE(schedule_from_line(cut).choices.size(), whole.choices.size()) << cut;
    } catch (const ScheduleError& error) {
      EXPECT_NE(std::string(error.what()).find("character "), std::string::npos) << cut;
    }
  }
}

struct Malformed {
  std::string_view line;
  std::string_view message;
};

class ScheduleLineMalformed : public testing::TestWithParam<Malformed> {};

TEST_P(ScheduleLineMalformed, NamesThePosition) {
  EXPECT_EQ(error_of(GetParam().line),
            "schedule line, character " + std::string(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Lines, ScheduleLineMalformed,
    testing::Values(
        Malformed{"", "1: expected \"cocheck1:\", the start of a schedule line, but the line ends"},
        Malformed{"  cocheque:",
                  "3: expected \"cocheck1:\", the start of a schedule line, but found \"c\""},
        Malformed{"cocheck:", "8: expected the version, as in \"cocheck1:\", but found \":\""},
        Malformed{"cocheck7::0",
                  "8: version 7, but this cocheck reads version 1; use the cocheck that wrote it"},
        Malformed{"cocheck1", "9: expected \":\" after the version, but the line ends"},
        Malformed{"cocheck1:", "10: expected the name of an option, but the line ends"},
        Malformed{"cocheck1:=b:", "10: expected the name of an option, but found \"=\""},
        Malformed{"cocheck1:a:", "11: expected \"=\" after the name of an option, but found \":\""},
        Malformed{"cocheck1:a=b", "13: expected \",\" or \":\" after an option, but the line ends"},
        Malformed{"cocheck1:a=b c:",
                  "13: expected \",\" or \":\" after an option, but found something else"},
        Malformed{"cocheck1:a=1,a=2:", "14: expected each option only once, but found \"a\""},
        Malformed{"cocheck1:a=+2g:",
                  "14: expected two hexadecimal digits (0-9, A-F) after \"+\", but found \"g\""},
        Malformed{"cocheck1::x",
                  "11: expected a choice such as 0.1, t0.1-2, k0.1-2, c0.1 or v0.1-2, but found "
                  "\"x\""},
        Malformed{"cocheck1::0,",
                  "13: expected a choice such as 0.1, t0.1-2, k0.1-2, c0.1 or v0.1-2, but the line "
                  "ends"},
        Malformed{"cocheck1::c", "12: expected a task id such as 0.1, but the line ends"},
        Malformed{"cocheck1::0.",
                  "12: expected \",\" or the end of the line after a choice, but found \".\""},
        Malformed{"cocheck1::0.01",
                  "12: expected \",\" or the end of the line after a choice, but found \".\""},
        Malformed{"cocheck1::t0", "13: expected \"-\" and the number of it, but the line ends"},
        Malformed{"cocheck1::v0,0", "13: expected \"-\" and the chosen value, but found \",\""},
        Malformed{"cocheck1::v0-", "14: expected a number that fits in 64 bits, but the line ends"},
        Malformed{"cocheck1::v0-99999999999999999999",
                  "14: expected a number that fits in 64 bits, but found \"9\""},
        Malformed{"cocheck1::v0-01",
                  "14: expected a number without leading zeros, but found \"0\""},
        Malformed{"cocheck1::0x", "13: expected how many times, at least 2, but the line ends"},
        Malformed{"cocheck1::0x1", "13: expected how many times, at least 2, but found \"1\""},
        Malformed{"cocheck1::0x10000001",
                  "13: expected at most 10 million choices in all, but found \"1\""},
        Malformed{"cocheck1::0-1",
                  "12: expected \",\" or the end of the line after a choice, but found \"-\""}));

TEST(ScheduleLine, DoesNotSayWhatItCannotRead) {
  Schedule schedule;
  schedule.choices = {{Choice::Kind::step, "first", 0, 1, "", {}}};
  EXPECT_THROW(static_cast<void>(to_line(schedule)), ScheduleError);
  schedule.choices.clear();
  schedule.options = {{"", "value"}};
  EXPECT_THROW(static_cast<void>(to_line(schedule)), ScheduleError);
}

TEST(ScheduleLine, SurvivesAnyBytes) {
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    samples::RandomRecordings random(seed);
    constexpr std::string_view kAlphabet = "0123.,:=x-tkcv+\xff";
    std::string line = "cocheck1:";
    for (std::size_t i = random.below(20); i > 0; --i)
      line += kAlphabet[random.below(kAlphabet.size())];
    try {
      const Schedule schedule = schedule_from_line(line);
      EXPECT_EQ(schedule_from_line(to_line(schedule)), schedule);
    } catch (const ScheduleError&) {
      SUCCEED();
    }
  }
}

}  // namespace
}  // namespace cocheck
