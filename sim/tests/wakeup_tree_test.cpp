#include "cocheck/detail/wakeup_tree.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <set>
#include <vector>

namespace cocheck::detail {
namespace {

class WakeupTreeTest : public ::testing::Test {
 protected:
  using Node = WakeupTree::Node;
  using Branches = WakeupTree::Branches;

  Node make(std::uint32_t id) {
    const Node node = tree_.make();
    tree_.step(node).id = id;
    return node;
  }
  [[nodiscard]] std::vector<std::uint32_t> ids(const Branches& branches) const {
    std::vector<std::uint32_t> result;
    for (Node node = branches.first; node != WakeupTree::kNone; node = tree_.next(node)) {
      result.push_back(tree_.step(node).id);
    }
    EXPECT_EQ(branches.empty(), result.empty());
    return result;
  }
  using Ids = std::vector<std::uint32_t>;

  WakeupTree tree_;
};

TEST_F(WakeupTreeTest, BranchesAreRemovedWithWhatIsBelow) {
  Branches branches;
  for (std::uint32_t id = 1; id <= 5; ++id) tree_.append(branches, make(id));
  tree_.append(tree_.below(branches.first), make(6));
  const auto is_odd = [&](Node node) { return tree_.step(node).id % 2 != 0; };
  tree_.remove_if(branches, is_odd);
  EXPECT_EQ(ids(branches), (Ids{2, 4}));
  tree_.remove_if(branches, is_odd);
  EXPECT_EQ(ids(branches), (Ids{2, 4}));
  tree_.remove_if(branches, [](Node) { return true; });
  EXPECT_TRUE(branches.empty());
  std::set<Node> made;
  for (int i = 0; i < 6; ++i) made.insert(tree_.make());
  EXPECT_EQ(made.size(), 6u) << "none was given back twice";
}

TEST_F(WakeupTreeTest, BranchesHaveAnOrder) {
  Branches branches;
  EXPECT_EQ(ids(branches), Ids());
  tree_.append(branches, make(1));
  tree_.append(branches, make(2));
  tree_.prepend(branches, make(3));
  EXPECT_EQ(ids(branches), (Ids{3, 1, 2}));
  EXPECT_EQ(tree_.step(tree_.take_first(branches)).id, 3u);
  EXPECT_EQ(ids(branches), (Ids{1, 2}));
  EXPECT_EQ(tree_.step(tree_.take_first(branches)).id, 1u);
  EXPECT_EQ(tree_.step(tree_.take_first(branches)).id, 2u);
  EXPECT_EQ(ids(branches), Ids());
  tree_.prepend(branches, make(4));
  tree_.append(branches, make(5));
  EXPECT_EQ(ids(branches), (Ids{4, 5}));
}

TEST_F(WakeupTreeTest, WhatIsBelowANodeIsItsOwn) {
  Branches top;
  const Node one = make(1);
  const Node two = make(2);
  tree_.append(top, one);
  tree_.append(top, two);
  tree_.append(tree_.below(one), make(3));
  tree_.append(tree_.below(one), make(4));
  tree_.append(tree_.below(tree_.below(one).first), make(5));
  EXPECT_EQ(ids(top), (Ids{1, 2}));
  EXPECT_EQ(ids(tree_.below(one)), (Ids{3, 4}));
  EXPECT_EQ(ids(tree_.below(tree_.below(one).first)), (Ids{5}));
  EXPECT_EQ(ids(tree_.below(two)), Ids());
  const Node taken = tree_.take_first(top);
  ASSERT_EQ(taken, one);
  Branches rest = tree_.below(taken);
  tree_.below(taken) = {};
  tree_.release(taken);
  EXPECT_EQ(ids(rest), (Ids{3, 4}));
}

TEST_F(WakeupTreeTest, AReleasedNodeIsUsedAgainAsNew) {
  FootprintPool pool;
  KeptFootprint& footprint = pool.take();
  Branches branches;
  const Node node = make(1);
  WakeupTree::Step& step = tree_.step(node);
  step.open = step.leaf = true;
  step.footprint = FootprintRef(footprint);
  step.draw(std::vector<std::uint32_t>{1, 2, 3});
  EXPECT_EQ(step.values().size(), 3u);
  tree_.append(branches, node);
  tree_.append(branches, make(2));
  ASSERT_EQ(tree_.take_first(branches), node);
  tree_.release(node);
  EXPECT_EQ(footprint.references, 0u);
  ASSERT_EQ(tree_.make(), node);
  const WakeupTree::Step& again = tree_.step(node);
  EXPECT_EQ(again.id, 0u);
  EXPECT_FALSE(again.open);
  EXPECT_FALSE(again.leaf);
  EXPECT_FALSE(again.footprint);
  EXPECT_TRUE(again.values().empty());
  EXPECT_EQ(tree_.next(node), WakeupTree::kNone);
  EXPECT_TRUE(tree_.below(node).empty());
}

TEST_F(WakeupTreeTest, AllNodesOfATreeAreGivenBack) {
  FootprintPool pool;
  KeptFootprint& footprint = pool.take();
  std::set<Node> nodes;
  Branches branches;
  std::vector<Branches*> level{&branches};
  for (int depth = 0; depth < 4; ++depth) {
    std::vector<Branches*> next;
    for (Branches* each : level) {
      for (int i = 0; i < 3; ++i) {
        const Node node = make(static_cast<std::uint32_t>(nodes.size()));
        nodes.insert(node);
        tree_.step(node).footprint = FootprintRef(footprint);
        tree_.append(*each, node);
        next.push_back(&tree_.below(node));
      }
    }
    level = std::move(next);
  }
  EXPECT_EQ(footprint.references, nodes.size());
  tree_.release_all(branches);
  EXPECT_EQ(ids(branches), Ids());
  EXPECT_EQ(footprint.references, 0u);
  while (!nodes.empty()) {
    EXPECT_EQ(nodes.erase(tree_.make()), 1u) << "there are enough already, each once";
  }
}

TEST_F(WakeupTreeTest, StepsStayWhereTheyAre) {
  const Node first = make(7);
  const WakeupTree::Step& step = tree_.step(first);
  for (std::uint32_t i = 0; i < 10'000; ++i) (void)make(i);
  EXPECT_EQ(&tree_.step(first), &step);
  EXPECT_EQ(step.id, 7u);
}

}  // namespace
}  // namespace cocheck::detail
