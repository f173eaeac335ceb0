#include "cocheck/detail/word_map.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <utility>

#include "cocheck/random_stream.hpp"

namespace cocheck::detail {
namespace {

constexpr std::uint64_t kFirst = 0x5a3c'6c00'0000u / 8;
constexpr std::uint64_t kPage = 512;

TEST(WordMap, BeginsWithNothing) {
  WordMap<int> map;
  EXPECT_EQ(map.find(kFirst), nullptr);
  EXPECT_EQ(map[kFirst], 0);
  map[kFirst] = 7;
  EXPECT_EQ(map[kFirst], 7);
  ASSERT_NE(map.find(kFirst), nullptr);
  EXPECT_EQ(*map.find(kFirst), 7);
  EXPECT_EQ(map.find(kFirst + 10 * kPage), nullptr);
}

TEST(WordMap, FindsTheFirstWordsOfAllMemory) {
  WordMap<int> map;
  map[5] = 7;
  EXPECT_EQ(map[5], 7);
  ASSERT_NE(map.find(5), nullptr);
  EXPECT_EQ(*map.find(5), 7);
}

TEST(WordMap, OnlyWordsOfTheRangeAreFoundThere) {
  WordMap<int> map;
  map.set_range(kFirst, 10 * kPage);
  EXPECT_EQ(map.find_in_range(kFirst), nullptr) << "nobody has asked for it";
  map[kFirst] = 1;
  map[kFirst + 10 * kPage - 1] = 2;
  map[kFirst - 1] = 3;
  map[kFirst + 20 * kPage] = 4;
  EXPECT_EQ(*map.find_in_range(kFirst), 1);
  EXPECT_EQ(*map.find_in_range(kFirst + 10 * kPage - 1), 2);
  EXPECT_EQ(map.find_in_range(kFirst - 1), nullptr);
  EXPECT_EQ(map.find_in_range(kFirst + 20 * kPage), nullptr);
  EXPECT_EQ(map[kFirst - 1], 3);
  EXPECT_EQ(map[kFirst + 20 * kPage], 4);
}

TEST(WordMap, ForgetsAllWhereTheRangeIsAnotherOne) {
  WordMap<int> map;
  map.set_range(kFirst, 10 * kPage);
  map[kFirst + kPage] = 1;
  map[7] = 2;
  map.set_range(kFirst + kPage, 3 * kPage);
  EXPECT_EQ(map[kFirst + kPage], 1) << "it was quick already";
  EXPECT_EQ(map[7], 2);
  map.set_range(kFirst, 1'000 * kPage);
  EXPECT_EQ(map.find(kFirst + kPage), nullptr);
  EXPECT_EQ(map.find(7), nullptr);
  map[kFirst + 999 * kPage] = 3;
  EXPECT_EQ(*map.find_in_range(kFirst + 999 * kPage), 3);
}

TEST(WordMap, ARangeThatIsTooLongIsNoneButWorks) {
  WordMap<int> map;
  map.set_range(0, std::uint64_t{1} << 40);
  map[kFirst] = 1;
  EXPECT_EQ(map.find_in_range(kFirst), nullptr);
  EXPECT_EQ(map[kFirst], 1);
}

TEST(WordMap, CanBeMoved) {
  WordMap<int> map;
  map.set_range(kFirst, kPage);
  map[kFirst] = 1;
  map[3 * kPage] = 2;
  WordMap<int> other(std::move(map));
  EXPECT_EQ(*other.find_in_range(kFirst), 1);
  EXPECT_EQ(other[3 * kPage], 2);
  WordMap<int> third;
  third[kFirst] = 5;
  third = std::move(other);
  EXPECT_EQ(third[kFirst], 1);
  third.clear();
  EXPECT_EQ(third.find(kFirst), nullptr);
  EXPECT_EQ(third[kFirst], 0);
}

TEST(WordMap, KeepsWhatAnOrdinaryMapWould) {
  constexpr std::uint64_t kSeed = 1;
  RandomStream random(kSeed);
  WordMap<std::uint32_t> map;
  map.set_range(kFirst, 50 * kPage);
  std::map<std::uint64_t, std::uint32_t> expected;
  for (int round = 0; round < 100'000; ++round) {
    // Pages of all kinds: of the range, and others that share a place in the table of recent ones.
    const std::uint64_t page = random.below(2) == 0 ? kFirst / kPage + random.below(60)
                                                    : 64 * random.below(40) + random.below(2);
    const std::uint64_t word = page * kPage + random.below(4);
    if (random.below(3) == 0) {
      const auto value = static_cast<std::uint32_t>(random.below(1'000));
      map[word] = value;
      expected[word] = value;
    } else {
      const auto known = expected.find(word);
      const std::uint32_t* found = map.find(word);
      ASSERT_EQ(found != nullptr ? *found : 0, known != expected.end() ? known->second : 0)
          << "round " << round << ", word " << word;
    }
  }
}

}  // namespace
}  // namespace cocheck::detail
