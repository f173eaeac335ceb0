#include <gtest/gtest.h>

#include <array>

#include "cocheck/explorers/random.hpp"
#include "cocheck/explorers/surw.hpp"
#include "sampling.hpp"

namespace cocheck {
namespace {

using namespace test;

SurwExplorer surw(std::uint64_t seed) {
  return SurwExplorer(seed);
}
RandomExplorer random_walk(std::uint64_t seed) {
  return RandomExplorer(seed);
}

TEST(SurwExplorer, SameSeedSameSchedules) {
  const auto first = tapes(one_of_many_objects, SurwExplorer(5), 150);
  EXPECT_EQ(tapes(one_of_many_objects, SurwExplorer(5), 150), first);
  EXPECT_NE(tapes(one_of_many_objects, SurwExplorer(6), 150), first);
  EXPECT_NE(first[1], first[2]);
}

TEST(SurwExplorer, SeesEveryEndOfSmallPrograms) {
  expect_every_end(surw, 200, 20'000);
}

TEST(SurwExplorer, FindsRareBugsSoonerThanARandomWalk) {
  for (const auto model : {three_of_eight, distant_update, one_of_many_objects}) {
    EXPECT_LT(schedules_to_failure(model, surw), schedules_to_failure(model, random_walk) / 4);
  }
}

/// Notes before which of the nine steps of one task on a counter the single one of another comes.
Task<> one_among_nine(std::array<int, 10>& positions) {
  int counter = 0;
  std::size_t position = 0;
  const auto often = [&]() -> Task<> {
    for (int i = 0; i < 9; ++i) {
      ++counter;
      co_await pause(i + 1);
    }
  };
  const auto once = [&]() -> Task<> {
    position = static_cast<std::size_t>(counter);
    ++counter;
    co_return;
  };
  co_await gather(often(), once());
  ++positions[position];
}

TEST(SurwExplorer, OrdersOfTheStepsOnAnObjectAreEquallyLikely) {
  std::array<int, 10> positions{};
  World world{Options()};
  SurwExplorer explorer(1);
  for (int i = 0; i < 10'000 && explorer.next(); ++i) {
    world.run([&] { return one_among_nine(positions); }, explorer);
  }
  EXPECT_EQ(explorer.objects(), 1u);
  for (const int count : positions) {
    EXPECT_GT(count, 800);
    EXPECT_LT(count, 1'200);
  }
}

std::size_t objects_of(const Model& model) {
  World world{Options()};
  SurwExplorer explorer(1);
  for (int i = 0; i < 10 && explorer.next(); ++i) world.run(model, explorer);
  return explorer.objects();
}

TEST(SurwExplorer, KnowsForWhatTasksCompete) {
  EXPECT_EQ(objects_of([]() -> Task<> {
              int first = 0;
              int second = 0;
              co_await gather(pause(2), increment(first), increment(second));
              COCHECK(first == second);
            }),
            0u)
      << "a parent and its child do not";
  EXPECT_EQ(objects_of([] { return unchecked_counter(5); }), 1u);
  EXPECT_EQ(objects_of(one_of_many_objects), 12u);
}

TEST(SurwExplorer, DoesNotStarveThoseWhoAreWaitedFor) {
  expect_no_starvation(Strategy::surw);
}

TEST(SurwExplorer, WhatItFindsCanBeReplayed) {
  expect_failures_to_replay(Strategy::surw);
}

}  // namespace
}  // namespace cocheck
