#include "cocheck/options.hpp"

#include <gtest/gtest.h>

#include "cocheck/errors.hpp"

namespace cocheck {
namespace {

TEST(Options, NamesOfStrategiesAreReadBack) {
  for (const Strategy strategy :
       {Strategy::automatic, Strategy::fifo, Strategy::exhaustive, Strategy::states, Strategy::dpor,
        Strategy::random, Strategy::pct, Strategy::pos, Strategy::surw}) {
    EXPECT_EQ(parse_strategy(to_string(strategy)), strategy);
  }
  EXPECT_STREQ(to_string(Strategy::automatic), "auto");
  EXPECT_STREQ(to_string(Strategy::fifo), "fifo");
}

TEST(Options, NamesOfClocksAreReadBack) {
  EXPECT_EQ(parse_clock("idle"), Clock::idle);
  EXPECT_EQ(parse_clock("race"), Clock::race);
  EXPECT_STREQ(to_string(Clock::idle), "idle");
  EXPECT_STREQ(to_string(Clock::race), "race");
}

TEST(Options, UnknownNamesAreRefusedWithThoseThereAre) {
  try {
    (void)parse_strategy("Random");
    ADD_FAILURE() << "names are as written";
  } catch (const ValueError& error) {
    const std::string message = error.what();
    EXPECT_NE(message.find("'Random'"), std::string::npos) << message;
    for (const char* name : {"auto", "fifo", "exhaustive", "random", "pct", "pos", "surw"}) {
      EXPECT_NE(message.find(name), std::string::npos) << message;
    }
  }
  EXPECT_THROW((void)parse_strategy(""), ValueError);
  EXPECT_THROW((void)parse_clock("sundial"), ValueError);
}

TEST(Options, DefaultsSearchAutomaticallyWithoutDisturbances) {
  const Options options;
  EXPECT_EQ(options.strategy, Strategy::automatic);
  EXPECT_EQ(options.clock, Clock::idle);
  EXPECT_EQ(options.cancellations, 0u);
  EXPECT_FALSE(options.always_suspend);
  EXPECT_FALSE(options.eager_tasks);
  EXPECT_TRUE(options.stop_at_failure);
  EXPECT_TRUE(options.shrink);
  EXPECT_FALSE(options.max_time.has_value());
}

}  // namespace
}  // namespace cocheck
