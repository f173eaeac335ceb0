#include "cocheck/explorers/pct.hpp"

#include <gtest/gtest.h>

#include "cocheck/errors.hpp"
#include "cocheck/explorers/random.hpp"
#include "sampling.hpp"

namespace cocheck {
namespace {

using namespace test;

auto pct_of_depth(std::uint32_t depth) {
  return [depth](std::uint64_t seed) { return PctExplorer(seed, depth); };
}
RandomExplorer random_walk(std::uint64_t seed) {
  return RandomExplorer(seed);
}

TEST(PctExplorer, SameSeedSameSchedules) {
  const auto first = tapes(one_of_many_objects, PctExplorer(5), 20);
  EXPECT_EQ(tapes(one_of_many_objects, PctExplorer(5), 20), first);
  EXPECT_NE(tapes(one_of_many_objects, PctExplorer(6), 20), first);
  EXPECT_NE(first[1], first[2]);
}

TEST(PctExplorer, SeesEveryEndOfSmallPrograms) {
  expect_every_end(pct_of_depth(8), 200, 20'000);
}

TEST(PctExplorer, FindsRareBugsSoonerThanARandomWalk) {
  EXPECT_LT(schedules_to_failure(three_of_eight, pct_of_depth(1)),
            schedules_to_failure(three_of_eight, random_walk) / 4);
  for (const auto model : {distant_update, one_of_many_objects}) {
    const double random = schedules_to_failure(model, random_walk);
    EXPECT_LT(schedules_to_failure(model, pct_of_depth(3)), random / 4);
    EXPECT_LT(schedules_to_failure(model, pct_of_depth(10)), random / 4);
  }
}

TEST(PctExplorer, KeepsItsPromise) {
  constexpr int kExecutions = 20'000;
  PctExplorer explorer(1, 2);
  EXPECT_EQ(explorer.chance(), 0);
  World world{Options()};
  int failed = 0;
  for (int i = 0; i < kExecutions && explorer.next(); ++i) {
    world.run(distant_update, explorer);
    if (world.failure()) ++failed;
  }
  EXPECT_GT(explorer.chance(), 1e-3);
  EXPECT_LT(explorer.chance(), 1e-1);
  EXPECT_GT(failed, kExecutions * explorer.chance()) << "its lost update has depth 2";
}

TEST(PctExplorer, OfDepthOneNeverFalls) {
  PctExplorer explorer(1, 1);
  World world{Options()};
  for (int i = 0; i < 2'000 && explorer.next(); ++i) {
    world.run([] { return racy_counter(2); }, explorer);
    if (i == 0) continue;  // a random walk
    ASSERT_FALSE(world.failure()) << "the update of a task that is never overtaken";
  }
}

TEST(PctExplorer, HasADepth) {
  EXPECT_EQ(PctExplorer(1).depth(), 3u);
  EXPECT_THROW(PctExplorer(1, 0), ValueError);
}

TEST(PctExplorer, DoesNotStarveThoseWhoAreWaitedFor) {
  expect_no_starvation(Strategy::pct);
}

TEST(PctExplorer, WhatItFindsCanBeReplayed) {
  expect_failures_to_replay(Strategy::pct);
}

TEST(PctExplorer, SaysWhatItPromises) {
  Options options = with(Strategy::pct);
  options.max_executions = 1'000;
  const Verdict verdict = explore([] { return unchecked_counter(2); }, options);
  EXPECT_TRUE(is(Verdict::Kind::sampled, verdict));
  EXPECT_EQ(
      verdict.summary(),
      "Sampled(1,000): all schedules that were run pass, 6 of them distinct (1,000 pct-3 from "
      "seed 1). Others may fail. Each pct-3 execution shows a bug of depth 3 with a "
      "probability of at least 1 in 108. Limit hit: max_executions, 1000.");
}

}  // namespace
}  // namespace cocheck
