#include "cocheck/detail/kept_footprint.hpp"

#include <gtest/gtest.h>

#include <set>
#include <utility>
#include <vector>

namespace cocheck::detail {
namespace {

TEST(FootprintPool, UsesAFootprintAgainWhenNobodyHoldsIt) {
  FootprintPool pool;
  KeptFootprint& first = pool.take();
  {
    const FootprintRef holder(first);
    EXPECT_EQ(first.references, 1u);
    EXPECT_NE(&pool.take(), &first);
  }
  EXPECT_EQ(first.references, 0u);
  EXPECT_EQ(&pool.take(), &first);
  EXPECT_NE(&pool.take(), &first);
}

TEST(FootprintPool, KeepsWhatAFootprintHasAllocated) {
  FootprintPool pool;
  KeptFootprint* footprint = &pool.take();
  footprint->words.resize(100);
  { const FootprintRef holder(*footprint); }
  ASSERT_EQ(&pool.take(), footprint);
  EXPECT_GE(footprint->words.capacity(), 100u);
}

TEST(FootprintPool, FootprintsStayWhereTheyAre) {
  FootprintPool pool;
  std::vector<KeptFootprint*> all;
  std::set<KeptFootprint*> different;
  for (unsigned i = 0; i < 1'000; ++i) {
    all.push_back(&pool.take());
    all.back()->values.assign(1, i);
    different.insert(all.back());
  }
  EXPECT_EQ(different.size(), all.size());
  for (unsigned i = 0; i < 1'000; ++i) EXPECT_EQ(all[i]->values.front(), i);
}

TEST(FootprintRef, IsCounted) {
  FootprintPool pool;
  KeptFootprint& footprint = pool.take();
  FootprintRef first(footprint);
  {
    const FootprintRef copy = first;
    EXPECT_EQ(footprint.references, 2u);
    EXPECT_EQ(copy.get(), &footprint);
  }
  FootprintRef moved = std::move(first);
  EXPECT_EQ(footprint.references, 1u);
  EXPECT_EQ(&*moved, &footprint);
  FootprintRef other(pool.take());
  KeptFootprint* replaced = other.get();
  other = moved;
  EXPECT_EQ(footprint.references, 2u);
  EXPECT_EQ(&pool.take(), replaced);
  const FootprintRef& same = other;
  other = same;
  EXPECT_EQ(footprint.references, 2u);
  other = {};
  EXPECT_FALSE(other);
  EXPECT_TRUE(moved);
  EXPECT_EQ(footprint.references, 1u);
  moved = FootprintRef();
  EXPECT_EQ(footprint.references, 0u);
  EXPECT_EQ(&pool.take(), &footprint);
}

}  // namespace
}  // namespace cocheck::detail
