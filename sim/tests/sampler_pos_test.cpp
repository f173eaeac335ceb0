#include <gtest/gtest.h>

#include <memory>

#include "cocheck/explorers/pos.hpp"
#include "cocheck/explorers/random.hpp"
#include "sampling.hpp"

namespace cocheck {
namespace {

using namespace test;

PosExplorer pos(std::uint64_t seed) {
  return PosExplorer(seed);
}
RandomExplorer random_walk(std::uint64_t seed) {
  return RandomExplorer(seed);
}

TEST(PosExplorer, SameSeedSameSchedules) {
  const auto first = tapes(one_of_many_objects, PosExplorer(5), 40);
  EXPECT_EQ(tapes(one_of_many_objects, PosExplorer(5), 40), first);
  EXPECT_NE(tapes(one_of_many_objects, PosExplorer(6), 40), first);
  EXPECT_NE(first[1], first[2]);
}

TEST(PosExplorer, SeesEveryEndOfSmallPrograms) {
  expect_every_end(pos, 200, 20'000);
}

TEST(PosExplorer, FindsRareBugsSoonerThanARandomWalk) {
  EXPECT_LT(schedules_to_failure(distant_update, pos),
            schedules_to_failure(distant_update, random_walk) / 10);
  EXPECT_LT(schedules_to_failure(one_of_many_objects, pos),
            schedules_to_failure(one_of_many_objects, random_walk) / 3);
}

/// One of two tasks does a lot that concerns nobody before it writes.
Task<> early_and_late(int& late_first) {
  int shared = 0;
  const auto late = [&]() -> Task<> {
    co_await pause(12);
    if (shared == 0) shared = 1;
  };
  const auto early = [&]() -> Task<> {
    if (shared == 0) shared = 2;
    co_return;
  };
  co_await gather(late(), early());
  if (shared == 1) ++late_first;
}

TEST(PosExplorer, StepsThatDoNotConflictDoNotMakeAClassLessLikely) {
  constexpr int kExecutions = 20'000;
  int late_first = 0;
  World world{Options()};
  PosExplorer explorer(1);
  for (int i = 0; i < kExecutions && explorer.next(); ++i) {
    world.run([&] { return early_and_late(late_first); }, explorer);
  }
  // A random walk gets there once in 2^12; here the lowest of 13 priorities must be that of one.
  EXPECT_GT(late_first, kExecutions / 26);
}

/// Such as what a function keeps that is called for the first time.
TEST(PosExplorer, WhatOutlivesAnExecutionDoesNotMakeItForget) {
  constexpr int kExecutions = 4'000;
  int late_first = 0;
  std::unique_ptr<int> made_once;
  World world{Options()};
  PosExplorer explorer(1);
  for (int i = 0; i < kExecutions && explorer.next(); ++i) {
    world.run(
        [&]() -> Task<> {
          if (made_once == nullptr) made_once = std::make_unique<int>(1);
          co_await early_and_late(late_first);
        },
        explorer);
  }
  EXPECT_GT(late_first, kExecutions / 26);
}

TEST(PosExplorer, DoesNotStarveThoseWhoAreWaitedFor) {
  expect_no_starvation(Strategy::pos);
}

TEST(PosExplorer, WhatItFindsCanBeReplayed) {
  expect_failures_to_replay(Strategy::pos);
}

}  // namespace
}  // namespace cocheck
