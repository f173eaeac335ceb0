#include "cocheck/explorers/exhaustive.hpp"

#include <cstddef>
#include <string>
#include <vector>

#include "models.hpp"

namespace cocheck {
namespace {

using namespace test;

class ExhaustiveExplorerTest : public ::testing::Test {
 protected:
  std::size_t pick(std::size_t alternatives) { return explorer_.pick(alternatives, world_); }

  World world_{Options()};
  ExhaustiveExplorer explorer_;
};

TEST_F(ExhaustiveExplorerTest, WalksTheTreeDepthFirstFromTheFifoDefault) {
  std::vector<std::string> leaves;
  while (explorer_.next()) {
    EXPECT_FALSE(explorer_.exhausted());
    std::string leaf = std::to_string(pick(2));
    // The tree is deeper on its left side.
    if (leaf == "0") leaf += std::to_string(pick(3));
    leaves.push_back(leaf);
  }
  EXPECT_EQ(leaves, (std::vector<std::string>{"00", "01", "02", "1"}));
  EXPECT_TRUE(explorer_.exhausted());
  EXPECT_EQ(explorer_.order(), Order::any);
}

TEST_F(ExhaustiveExplorerTest, AModelWithoutChoicesHasOneExecution) {
  EXPECT_TRUE(explorer_.next());
  EXPECT_FALSE(explorer_.next());
  EXPECT_TRUE(explorer_.exhausted());
}

TEST_F(ExhaustiveExplorerTest, RefusesAnotherNumberOfAlternativesOnTheSamePath) {
  ASSERT_TRUE(explorer_.next());
  pick(2);
  pick(2);
  ASSERT_TRUE(explorer_.next());
  EXPECT_THROW(pick(3), NotDeterministic);
}

TEST_F(ExhaustiveExplorerTest, RefusesToEndBeforeTheSharedPathDoes) {
  ASSERT_TRUE(explorer_.next());
  pick(2);
  pick(2);
  ASSERT_TRUE(explorer_.next());
  pick(2);
  EXPECT_THROW((void)explorer_.next(), NotDeterministic);
}

TEST_F(ExhaustiveExplorerTest, NewBranchMayBeShorterOrLonger) {
  ASSERT_TRUE(explorer_.next());
  pick(2);
  pick(2);
  ASSERT_TRUE(explorer_.next());
  EXPECT_EQ(pick(2), 0u);
  EXPECT_EQ(pick(2), 1u);
  EXPECT_EQ(pick(5), 0u);
  for (int i = 1; i < 5; ++i) {
    ASSERT_TRUE(explorer_.next());
    EXPECT_EQ(pick(2), 0u);
    EXPECT_EQ(pick(2), 1u);
    EXPECT_EQ(pick(5), static_cast<std::size_t>(i));
  }
  ASSERT_TRUE(explorer_.next());
  EXPECT_EQ(pick(2), 1u);
  EXPECT_FALSE(explorer_.next());
}

}  // namespace
}  // namespace cocheck
