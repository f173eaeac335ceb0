#include "cocheck/detail/pick_order.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <set>
#include <vector>

namespace cocheck::detail {
namespace {

using Ids = std::vector<std::uint32_t>;

TEST(PickOrder, WhoseWritesOthersWaitToReadComesLast) {
  PickOrder order(1);
  order.note_read(1, 2);
  order.note_read(1, 3);
  order.note_read(2, 3);
  order.begin(Ids{1, 2, 3});
  EXPECT_GT(order.priority(3), order.priority(2));
  EXPECT_GT(order.priority(2), order.priority(1));
}

TEST(PickOrder, WhoIsGoneWaitsForNothing) {
  PickOrder order(1);
  order.begin(Ids{1, 2});
  const bool first = order.priority(1) > order.priority(2);
  const std::uint32_t early = first ? 1 : 2;
  const std::uint32_t late = first ? 2 : 1;
  order.note_read(early, 3);
  order.begin(Ids{1, 2, 3});
  EXPECT_LT(order.priority(early), order.priority(late));
  order.begin(Ids{1, 2});
  EXPECT_GT(order.priority(early), order.priority(late));
}

TEST(PickOrder, WhoReadsItsOwnWritesWaitsForNobody) {
  PickOrder order(1);
  order.begin(Ids{1, 2});
  const std::uint64_t before = order.priority(1);
  order.note_read(1, 1);
  EXPECT_EQ(order.priority(1), before);
  EXPECT_TRUE(order.reads(1, 1));
  EXPECT_FALSE(order.reads(1, 2));
  EXPECT_FALSE(order.reads(7, 1));
}

TEST(PickOrder, PrioritiesOfEqualsDifferAndFollowTheSeed) {
  PickOrder order(1);
  PickOrder other(2);
  order.begin({});
  other.begin({});
  std::set<std::uint64_t> seen;
  for (std::uint32_t process = 1; process <= 100; ++process) {
    EXPECT_NE(order.priority(process), 0u);
    seen.insert(order.priority(process));
    EXPECT_EQ(order.priority(process + 1), other.priority(process));
  }
  EXPECT_EQ(seen.size(), 100u);
}

}  // namespace
}  // namespace cocheck::detail
