#include "cocheck/explorers/random.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "models.hpp"

namespace cocheck {
namespace {

using namespace test;

std::vector<std::size_t> picks(RandomExplorer& explorer, std::size_t count,
                               std::size_t alternatives) {
  const World world{Options()};
  std::vector<std::size_t> result;
  EXPECT_TRUE(explorer.next());
  for (std::size_t i = 0; i < count; ++i) result.push_back(explorer.pick(alternatives, world));
  return result;
}

TEST(RandomExplorer, SameSeedSameChoices) {
  RandomExplorer first(11);
  RandomExplorer second(11);
  RandomExplorer other(12);
  const auto expected = picks(first, 50, 10);
  EXPECT_EQ(picks(second, 50, 10), expected);
  EXPECT_NE(picks(other, 50, 10), expected);
}

TEST(RandomExplorer, AnExecutionDoesNotDependOnHowLongTheOnesBeforeWere) {
  RandomExplorer first(11);
  RandomExplorer second(11);
  (void)picks(first, 3, 10);
  (void)picks(second, 30, 7);
  const auto expected = picks(first, 50, 10);
  EXPECT_EQ(picks(second, 50, 10), expected);
}

TEST(RandomExplorer, ExecutionsDiffer) {
  RandomExplorer explorer(11);
  const auto first = picks(explorer, 50, 10);
  EXPECT_NE(picks(explorer, 50, 10), first);
}

TEST(RandomExplorer, EveryAlternativeIsAboutEquallyLikely) {
  RandomExplorer explorer(1);
  std::array<int, 6> counts{};
  for (const std::size_t pick : picks(explorer, 60'000, counts.size())) ++counts.at(pick);
  for (const int count : counts) {
    EXPECT_GT(count, 9'500);
    EXPECT_LT(count, 10'500);
  }
}

TEST(RandomExplorer, NeverEndsAndProvesNothing) {
  RandomExplorer explorer(1);
  for (int i = 0; i < 1'000; ++i) ASSERT_TRUE(explorer.next());
  EXPECT_FALSE(explorer.exhausted());
  EXPECT_EQ(explorer.order(), Order::any);
}

TEST(RandomExplorer, CancellationsAreSpreadOverTheWholeExecution) {
  Options options = with(Strategy::random);
  options.cancellations = 1;
  World world(options);
  int early = 0;
  int late = 0;
  RandomExplorer explorer(1);
  for (int i = 0; i < 2'000; ++i) {
    ASSERT_TRUE(explorer.next());
    std::size_t steps = 0;
    std::size_t hit = 100;
    world.run(
        [&]() -> Task<> {
          auto child = [&]() -> Task<> {
            try {
              while (steps < 20) {
                co_await sleep(0s);
                ++steps;
              }
            } catch (const CancelledError&) {
              hit = steps;
              throw;
            }
          };
          co_await gather(return_exceptions, child(), child(), child());
        },
        explorer);
    if (hit < 5) ++early;
    if (hit >= 10 && hit < 20) ++late;
  }
  EXPECT_GT(early, 100);
  EXPECT_GT(late, 100) << "not all of them come in the first steps";
}

TEST(RandomExplorer, FindsTheBugOfARacyCounter) {
  const Verdict verdict = explore([] { return racy_counter(2); }, with(Strategy::random));
  EXPECT_TRUE(failed_with(FailureKind::check, verdict));
  EXPECT_LT(verdict.executions, 100u);
}

}  // namespace
}  // namespace cocheck
