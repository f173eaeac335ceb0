#include "cocheck/random_stream.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace cocheck {
namespace {

// The reference values of splitmix64.
TEST(RandomStream, IsTheSameOnEveryMachine) {
  RandomStream stream(1234567);
  for (const std::uint64_t expected :
       {6457827717110365317u, 3203168211198807973u, 9817491932198370423u, 4593380528125082431u,
        16408922859458223821u}) {
    EXPECT_EQ(stream.next(), expected);
  }
  EXPECT_EQ(RandomStream(0).next(), 0xe220a8397b1dcdafu);
}

TEST(RandomStream, StaysBelowTheBound) {
  RandomStream stream(9);
  for (std::size_t bound = 1; bound < 100; ++bound) {
    for (int i = 0; i < 50; ++i) ASSERT_LT(stream.below(bound), bound);
  }
  for (int i = 0; i < 50; ++i) EXPECT_EQ(stream.below(1), 0u);
}

TEST(RandomStream, IsAboutUniform) {
  RandomStream stream(9);
  std::array<int, 7> counts{};
  for (int i = 0; i < 70'000; ++i) ++counts.at(stream.below(counts.size()));
  for (const int count : counts) {
    EXPECT_GT(count, 9'600);
    EXPECT_LT(count, 10'400);
  }
}

}  // namespace
}  // namespace cocheck
