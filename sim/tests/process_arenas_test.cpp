#include "cocheck/detail/process_arenas.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "cocheck/random_stream.hpp"

namespace cocheck::detail {
namespace {

constexpr std::uint32_t kLimit = 1 << 20;
constexpr std::array<int, 4> kProcesses{};  // whose addresses tell them apart

class ProcessArenasTest : public ::testing::Test {
 protected:
  ProcessArenasTest() { arenas_.clear(0); }

  std::uint32_t carve(std::size_t process, std::uint32_t granules) {
    const auto begin = arenas_.carve(&kProcesses[process], granules, kLimit);
    EXPECT_TRUE(begin.has_value());
    return begin.value_or(0);
  }

  ProcessArenas arenas_;
};

TEST_F(ProcessArenasTest, ABlockOfAnotherProcessInBetweenChangesNothing) {
  arenas_.begin_execution();
  const std::uint32_t first = carve(0, 3);
  const std::uint32_t second = carve(0, 5);
  const std::uint32_t other = carve(1, 2);
  EXPECT_EQ(second, first + 3);
  arenas_.begin_execution();
  EXPECT_EQ(carve(1, 2), other);
  EXPECT_EQ(carve(0, 3), first);
  const std::uint32_t reserved = arenas_.reserved();
  EXPECT_EQ(carve(2, 1), reserved) << "one that was not there before";
  EXPECT_EQ(carve(0, 5), second);
}

TEST_F(ProcessArenasTest, WhereTheLimitIsReachedNothingIsCarved) {
  arenas_.begin_execution();
  constexpr std::uint32_t kSmall = 100;
  ASSERT_EQ(arenas_.carve(&kProcesses[0], 60, kSmall), 0u);
  const ProcessArenas::Position before = arenas_.position();
  EXPECT_EQ(arenas_.carve(&kProcesses[0], 10, kSmall), std::nullopt);
  EXPECT_EQ(arenas_.carve(&kProcesses[1], 1, kSmall), std::nullopt);
  EXPECT_EQ(arenas_.carve(&kProcesses[0], ~std::uint32_t{0}, kSmall), std::nullopt);
  EXPECT_EQ(arenas_.position().next, before.next);
  EXPECT_EQ(arenas_.reserved(), 64u);
  EXPECT_EQ(arenas_.carve(&kProcesses[0], 4, kSmall), 60u) << "what is reserved can be used";
}

TEST_F(ProcessArenasTest, NewArenasBeginWhereTheyAreToldTo) {
  arenas_.begin_execution();
  (void)carve(0, 1);
  arenas_.clear(1'000);
  EXPECT_EQ(arenas_.reserved(), 1'000u);
  arenas_.begin_execution();
  EXPECT_EQ(carve(1, 1), 1'000u);
  EXPECT_GT(carve(0, 1), 1'000u);
}

TEST_F(ProcessArenasTest, TheEndOfTheChunkIsKnown) {
  arenas_.begin_execution();
  const std::uint32_t first = carve(0, 10);
  EXPECT_EQ(arenas_.end_of_chunk(), first + 64);
  const std::uint32_t large = carve(0, 500);
  EXPECT_EQ(arenas_.end_of_chunk(), large + 500);
  (void)carve(1, 1);
  const std::uint32_t again = carve(0, 1);
  EXPECT_GE(again, arenas_.end_of_chunk() - 256);
  EXPECT_LT(again, arenas_.end_of_chunk());
}

TEST_F(ProcessArenasTest, WhatWasTakenBackIsCarvedAgain) {
  arenas_.begin_execution();
  (void)carve(0, 60);
  (void)carve(1, 60);
  const std::uint32_t second = carve(0, 60);
  const ProcessArenas::Position of_second = arenas_.position();
  const std::uint32_t third = carve(0, 500);
  arenas_.restore(arenas_.position());
  EXPECT_EQ(carve(0, 500), third);
  arenas_.restore(arenas_.position());
  arenas_.restore(of_second);
  EXPECT_EQ(carve(0, 60), second);
}

TEST_F(ProcessArenasTest, AFullChunkIsFullAlsoAfterSomethingWasTakenBack) {
  arenas_.begin_execution();
  const std::uint32_t first = carve(0, 64);
  arenas_.begin_execution();
  EXPECT_EQ(carve(0, 100), first + 64) << "another chunk in the place of the first";
  arenas_.begin_execution();
  EXPECT_EQ(carve(0, 64), first);
  const std::uint32_t second = carve(0, 10);
  arenas_.restore(arenas_.position());
  EXPECT_EQ(carve(0, 10), second);
}

/// What a process carves in an execution: it does one of these things after the other.
using History = std::vector<std::uint32_t>;

History random_history(RandomStream& random) {
  History history(random.below(8));
  for (std::uint32_t& granules : history) {
    const std::size_t most = random.below(6) == 0 ? 600 : random.below(3) == 0 ? 65 : 8;
    granules = 1 + static_cast<std::uint32_t>(random.below(most));
  }
  return history;
}

TEST_F(ProcessArenasTest, AddressesDependOnTheHistoryOfTheProcessOnly) {
  constexpr std::uint64_t kSeed = 1;
  RandomStream random(kSeed);
  for (int run = 0; run < 100; ++run) {
    arenas_.clear(static_cast<std::uint32_t>(random.below(100)));
    std::array<std::vector<History>, kProcesses.size()> histories;
    for (auto& each : histories) {
      for (int i = 0; i < 3; ++i) each.push_back(random_history(random));
    }
    std::map<std::pair<std::size_t, History>, std::uint32_t> known;
    for (int execution = 0; execution < 30; ++execution) {
      arenas_.begin_execution();
      std::array<History, kProcesses.size()> wanted;
      std::array<History, kProcesses.size()> done;
      for (std::size_t i = 0; i < wanted.size(); ++i) {
        wanted[i] = histories[i][random.below(histories[i].size())];
      }
      struct Block {
        std::size_t process;
        std::uint32_t begin;
        std::uint32_t end;
        ProcessArenas::Position before;
      };
      std::vector<Block> blocks;
      while (done != wanted) {
        if (!blocks.empty() && random.below(4) == 0) {
          arenas_.restore(blocks.back().before);
          done[blocks.back().process].pop_back();
          blocks.pop_back();
          continue;
        }
        const std::size_t process = random.below(wanted.size());
        if (done[process].size() == wanted[process].size()) continue;
        const std::uint32_t granules = wanted[process][done[process].size()];
        const std::uint32_t begin = carve(process, granules);
        done[process].push_back(granules);
        ASSERT_LE(begin + granules, arenas_.end_of_chunk());
        ASSERT_LE(arenas_.end_of_chunk(), arenas_.reserved());
        const auto [entry, added] = known.try_emplace({process, done[process]}, begin);
        ASSERT_EQ(entry->second, begin) << "run " << run << ", execution " << execution;
        for (const Block& block : blocks) {
          ASSERT_TRUE(begin + granules <= block.begin || block.end <= begin) << "run " << run;
        }
        blocks.push_back({process, begin, begin + granules, arenas_.position()});
      }
    }
  }
}

}  // namespace
}  // namespace cocheck::detail
