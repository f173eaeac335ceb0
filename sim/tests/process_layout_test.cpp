// ModelMemory::Layout::by_process

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "cocheck/detail/access_log.hpp"
#include "cocheck/detail/model_memory.hpp"
#include "cocheck/random_stream.hpp"
#include "unchecked.hpp"

namespace cocheck::detail {
namespace {

constexpr std::size_t kLimit = 1 << 20;
constexpr std::array<int, 4> kProcesses{};  // whose addresses tell them apart

class ProcessLayoutTest : public ::testing::Test {
 protected:
  ProcessLayoutTest() : memory_(ModelMemory::acquire(kLimit)) {}
  ~ProcessLayoutTest() override { free_all(); }

  void begin() { memory_->begin_execution(ModelMemory::Layout::by_process); }
  std::byte* allocate(std::size_t process, std::size_t bytes) {
    memory_->enter_process(&kProcesses[process]);
    return static_cast<std::byte*>(memory_->allocate(bytes));
  }
  void free_all() {
    for (ModelMemory::BlockId id = 0; id < memory_->block_count(); ++id) {
      if (memory_->block(id).live()) memory_->deallocate(memory_->address(id));
    }
  }

  ModelMemory::Handle memory_;
};

TEST_F(ProcessLayoutTest, AddressesDependOnTheHistoryOfTheProcessOnly) {
  begin();
  std::byte* first = allocate(0, 100);
  std::byte* second = allocate(0, 10);
  std::byte* of_other = allocate(1, 100);
  free_all();
  begin();
  EXPECT_EQ(allocate(1, 100), of_other);
  EXPECT_EQ(allocate(0, 100), first);
  memory_->deallocate(first);
  (void)allocate(2, 30);
  EXPECT_EQ(allocate(0, 10), second) << "what others free or allocate is no matter";
}

TEST_F(ProcessLayoutTest, NothingIsUsedTwiceInAnExecution) {
  begin();
  std::set<std::byte*> seen;
  for (int i = 0; i < 100; ++i) {
    std::byte* block = allocate(0, 40);
    EXPECT_TRUE(seen.insert(block).second);
    memory_->deallocate(block);
  }
  begin();
  EXPECT_EQ(allocate(0, 40), *seen.begin()) << "in the next one it is";
}

TEST_F(ProcessLayoutTest, WhatIsFreedIsZero) {
  begin();
  std::byte* block = allocate(0, 1'000);
  std::memset(block, 1, 1'000);
  memory_->deallocate(block);
  EXPECT_EQ(test::bytes_between(block, block + 1'000), std::vector<std::byte>(1'000));
}

TEST_F(ProcessLayoutTest, AllThatIsAllocatedIsFreshToTheStep) {
  begin();
  std::byte* old = allocate(0, 100);
  AccessLog log;
  {
    const AccessLog::Scope logging(
        log, AccessLog::Range::between(memory_->begin(), memory_->begin() + memory_->limit()), {});
    std::byte* fresh = allocate(0, 100);
    std::byte* large = allocate(0, 10'000);
    for (std::byte* block : {fresh, large, old}) log.record(block, 8, true, nullptr);
    log.record(large + 9'992, 8, true, nullptr);
    memory_->deallocate(old);
    memory_->deallocate(fresh);
  }
  std::vector<std::uint64_t> words;
  log.for_each([&](const AccessLog::Entry& entry) { words.push_back(entry.word); });
  EXPECT_EQ(words, (std::vector<std::uint64_t>{reinterpret_cast<std::uintptr_t>(old) / 8}));
  ASSERT_EQ(log.released().size(), 1u);
  EXPECT_EQ(log.released()[0].begin, reinterpret_cast<std::uintptr_t>(old) / 8);
  EXPECT_GE((log.released()[0].end - log.released()[0].begin) * 8, 100u);
}

TEST_F(ProcessLayoutTest, TheLimitHoldsForAllProcesses) {
  begin();
  std::size_t blocks = 0;
  EXPECT_THROW(
      {
        for (; blocks < 1'000'000; ++blocks) memory_->deallocate(allocate(blocks % 4, 1'000));
      },
      std::bad_alloc);
  EXPECT_TRUE(memory_->exhausted());
  EXPECT_GT(blocks, kLimit / 1'056 / 2);
  EXPECT_LE(memory_->used(), kLimit);
  begin();
  EXPECT_FALSE(memory_->exhausted());
  (void)allocate(0, 1'000);
}

TEST_F(ProcessLayoutTest, LaysOutAnewBehindWhatIsKept) {
  begin();
  std::byte* kept = allocate(0, 100);
  std::memset(kept, 1, 100);
  const std::uint64_t layout = memory_->layouts();
  begin();
  EXPECT_NE(memory_->layouts(), layout);
  std::byte* block = allocate(0, 100);
  EXPECT_GT(block, kept);
  EXPECT_EQ(kept[99], std::byte{1});
  EXPECT_EQ(memory_->outstanding(), 2u);
  EXPECT_EQ(memory_->outstanding_now(), 1u);
}

TEST_F(ProcessLayoutTest, KeepsTheLayoutBehindWhatIsKept) {
  begin();
  (void)allocate(0, 100);
  begin();
  const std::uint64_t layout = memory_->layouts();
  std::byte* first = allocate(0, 100);
  std::byte* second = allocate(1, 100);
  for (std::byte* block : {first, second}) memory_->deallocate(block);
  begin();
  EXPECT_EQ(memory_->layouts(), layout);
  EXPECT_EQ(allocate(1, 100), second);
  EXPECT_EQ(allocate(0, 100), first);
}

TEST_F(ProcessLayoutTest, BeginsAndEndsAlthoughSomethingIsKept) {
  memory_->begin_execution();
  auto* kept = static_cast<std::byte*>(memory_->allocate(100));
  std::memset(kept, 1, 100);
  begin();
  std::byte* first = allocate(0, 100);
  std::byte* second = allocate(1, 100);
  EXPECT_GT(std::min(first, second), kept);
  for (std::byte* block : {first, second}) memory_->deallocate(block);
  begin();
  EXPECT_EQ(allocate(1, 100), second);
  EXPECT_EQ(allocate(0, 100), first);
  for (std::byte* block : {first, second}) memory_->deallocate(block);
  memory_->begin_execution();
  auto* upward = static_cast<std::byte*>(memory_->allocate(100));
  auto* above = static_cast<std::byte*>(memory_->allocate(50'000));
  std::memset(above, 2, 50'000);
  EXPECT_LT(kept, upward);
  EXPECT_LT(upward, above);
  EXPECT_EQ(kept[99], std::byte{1});
  memory_->deallocate(upward);
  memory_->deallocate(above);
  EXPECT_EQ(memory_->outstanding(), 1u);
}

TEST_F(ProcessLayoutTest, KeepsTheLayoutFromOneExecutionToTheNext) {
  begin();
  (void)allocate(0, 100);
  free_all();
  const std::uint64_t layout = memory_->layouts();
  begin();
  EXPECT_EQ(memory_->layouts(), layout);
  memory_->begin_execution();
  begin();
  EXPECT_NE(memory_->layouts(), layout);
}

TEST_F(ProcessLayoutTest, OnlyLiveWordsThatBelongToTheStateMatter) {
  begin();
  std::byte* block = allocate(0, 100);
  const std::uint64_t word = reinterpret_cast<std::uintptr_t>(block) / 8;
  EXPECT_TRUE(memory_->matters(word));
  EXPECT_TRUE(memory_->matters(word + 12));
  EXPECT_FALSE(memory_->matters(word - 1));
  EXPECT_FALSE(memory_->matters(word + 20)) << "of the arena, but not of a block";
  memory_->exclude(block + 8, 8, false);
  memory_->exclude(block + 16, 8, true);
  EXPECT_TRUE(memory_->matters(word));
  EXPECT_FALSE(memory_->matters(word + 1));
  EXPECT_FALSE(memory_->matters(word + 2));
  EXPECT_TRUE(memory_->matters(word + 3));
  memory_->deallocate(block);
  EXPECT_FALSE(memory_->matters(word));
}

TEST_F(ProcessLayoutTest, RandomOrdersGiveEachProcessItsAddresses) {
  constexpr std::uint64_t kSeed = 1;
  RandomStream random(kSeed);
  using History = std::vector<std::size_t>;
  std::map<std::pair<std::size_t, History>, std::byte*> known;
  std::array<History, kProcesses.size()> scripts;
  for (History& script : scripts) {
    script.resize(12);
    for (std::size_t& bytes : script) {
      bytes = random.below(6) == 0 ? 1 + random.below(9'000) : 1 + random.below(200);
    }
  }
  for (int execution = 0; execution < 300; ++execution) {
    begin();
    ModelMemory::Journal journal;
    memory_->set_journal(&journal);
    struct Made {
      std::size_t process;
      std::size_t journal;
      History before;
    };
    std::vector<Made> made;
    std::array<History, kProcesses.size()> histories;
    // A process may take another way in its first step; undone steps leave no trace.
    std::array<std::size_t, kProcesses.size()> first{};
    for (std::size_t& each : first) each = random.below(3);
    for (int round = 0; round < 60; ++round) {
      if (!made.empty() && random.below(4) == 0) {
        memory_->undo(made.back().journal);
        histories[made.back().process] = made.back().before;
        made.pop_back();
        continue;
      }
      const std::size_t process = random.below(scripts.size());
      History& history = histories[process];
      if (history.size() == scripts[process].size()) continue;
      const std::size_t bytes =
          history.empty() ? 1 + 2'500 * first[process] : scripts[process][history.size()];
      made.push_back({process, journal.size(), history});
      std::byte* block = allocate(process, bytes);
      history.push_back(bytes);
      const auto [entry, added] = known.try_emplace({process, history}, block);
      ASSERT_EQ(entry->second, block) << "execution " << execution << ", round " << round;
      ASSERT_EQ(memory_->address(memory_->block_at(block + bytes - 1)), block);
    }
    memory_->set_journal(nullptr);
    free_all();
  }
}

}  // namespace
}  // namespace cocheck::detail
