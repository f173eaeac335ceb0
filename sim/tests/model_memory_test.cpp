#include "cocheck/detail/model_memory.hpp"

#include <gtest/gtest.h>
#include <malloc.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <new>
#include <set>
#include <utility>
#include <vector>

#include "cocheck/errors.hpp"
#include "cocheck/random_stream.hpp"

namespace cocheck::detail {
namespace {

constexpr std::size_t kLimit = std::size_t{1} << 20;

/// Also of memory that is free, which AddressSanitizer would not let one read.
__attribute__((no_sanitize("address"), noinline)) bool is_zero(const std::byte* memory,
                                                               std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) {
    if (const_cast<const volatile std::byte*>(memory)[i] != std::byte{0}) return false;
  }
  return true;
}

class ModelMemoryTest : public ::testing::Test {
 protected:
  std::byte* allocate(std::size_t bytes) {
    return static_cast<std::byte*>(memory_->allocate(bytes));
  }
  [[nodiscard]] const ModelMemory::Block& block(const void* address) const {
    return memory_->block(memory_->block_at(address));
  }
  [[nodiscard]] std::size_t count_live() const {
    std::size_t live = 0;
    for (ModelMemory::BlockId id = 0; id < memory_->block_count(); ++id) {
      live += memory_->block(id).live() ? 1 : 0;
    }
    return live;
  }

  explicit ModelMemoryTest(std::size_t limit = kLimit) : memory_(ModelMemory::acquire(limit)) {}

  ModelMemory::Handle memory_;
};

/// With a limit of its own, so that no other test gets a memory in which something was kept.
class KeptBlocksTest : public ModelMemoryTest {
 protected:
  KeptBlocksTest() : ModelMemoryTest(kLimit / 4) {}
};

/// What a program allocates and frees, the same for the same seed, and the addresses it gets.
std::vector<void*> run_program(ModelMemory& memory, std::uint64_t seed) {
  RandomStream random(seed);
  std::vector<void*> addresses;
  std::vector<void*> live;
  for (int round = 0; round < 2'000; ++round) {
    if (live.empty() || (live.size() < 50 && random.below(2) == 0)) {
      live.push_back(memory.allocate(1 + random.below(random.below(10) == 0 ? 5'000 : 300)));
      addresses.push_back(live.back());
    } else {
      std::swap(live[random.below(live.size())], live.back());
      memory.deallocate(live.back());
      live.pop_back();
    }
  }
  for (void* block : live) memory.deallocate(block);
  return addresses;
}

// Executions.

TEST_F(ModelMemoryTest, TheSameAddressesInEveryExecution) {
  memory_->begin_execution();
  const std::vector<void*> first = run_program(*memory_, 1);
  memory_->begin_execution();
  EXPECT_EQ(run_program(*memory_, 1), first);
  memory_->begin_execution();
  const std::vector<void*> other = run_program(*memory_, 2);
  EXPECT_NE(other, first);
  memory_->begin_execution();
  EXPECT_EQ(run_program(*memory_, 1), first) << "what lay between must not matter";
  memory_->begin_execution();
  EXPECT_EQ(run_program(*memory_, 2), other);
}

TEST_F(ModelMemoryTest, TheSameExecutionAgainTakesNothingFromTheHeap) {
  ModelMemory::Journal journal;
  const auto execution = [&] {
    memory_->begin_execution();
    memory_->set_journal(&journal);
    std::vector<void*> addresses = run_program(*memory_, 3);
    memory_->undo(0);
    memory_->set_journal(nullptr);
    return addresses.size();
  };
  const std::size_t first = execution();
  const std::size_t before = ::mallinfo2().uordblks;
  EXPECT_EQ(execution(), first);
  EXPECT_EQ(::mallinfo2().uordblks, before);
}

TEST_F(KeptBlocksTest, WhatAnExecutionLeavesStays) {
  std::byte* returned = allocate(200);
  std::byte* kept = allocate(100);
  std::memset(kept, 7, 100);
  memory_->deallocate(returned);
  EXPECT_EQ(memory_->outstanding_now(), 1u);

  memory_->begin_execution();
  EXPECT_EQ(memory_->outstanding(), 1u);
  EXPECT_EQ(memory_->outstanding_now(), 0u);
  const std::vector<void*> first = run_program(*memory_, 4);
  memory_->begin_execution();
  EXPECT_EQ(run_program(*memory_, 4), first);
  EXPECT_TRUE(block(kept).live());
  for (int i = 0; i < 100; ++i) ASSERT_EQ(kept[i], std::byte{7}) << i;

  std::byte* second = allocate(100);
  std::memset(second, 8, 100);
  EXPECT_EQ(memory_->outstanding_now(), 1u);
  memory_->begin_execution();
  EXPECT_EQ(memory_->outstanding(), 2u);
  static_cast<void>(run_program(*memory_, 4));
  EXPECT_EQ(kept[99], std::byte{7});
  EXPECT_EQ(second[99], std::byte{8});

  memory_->deallocate(kept);
  EXPECT_EQ(memory_->outstanding(), 1u);
  EXPECT_EQ(memory_->outstanding_now(), 0u);
  memory_->deallocate(second);
  EXPECT_EQ(memory_->outstanding(), 0u);
  EXPECT_FALSE(memory_->invalid_free());
}

TEST_F(KeptBlocksTest, AKeptBlockThatWasReturnedIsGivenOutAgain) {
  std::byte* kept = allocate(100);
  std::memset(kept, 7, 100);
  memory_->begin_execution();
  memory_->deallocate(kept);
  EXPECT_TRUE(is_zero(kept, 100));
  EXPECT_EQ(allocate(100), kept);
  EXPECT_EQ(memory_->outstanding(), 1u);
  memory_->deallocate(kept);
  EXPECT_EQ(memory_->outstanding(), 0u);
}

TEST_F(KeptBlocksTest, OnceAllThatWasKeptIsReturnedTheMemoryIsAsNew) {
  memory_ = ModelMemory::acquire(kLimit / 8);
  const std::vector<void*> first = run_program(*memory_, 6);
  memory_->begin_execution();
  std::byte* kept = allocate(100);
  memory_->begin_execution();
  EXPECT_GT(memory_->used(), 0u);
  memory_->deallocate(kept);
  memory_->begin_execution();
  EXPECT_EQ(memory_->used(), 0u);
  EXPECT_EQ(memory_->block_count(), 0u);
  EXPECT_EQ(run_program(*memory_, 6), first);
}

// What is in use.

TEST_F(ModelMemoryTest, CountsTheBlocksThatAreOut) {
  EXPECT_EQ(memory_->outstanding(), 0u);
  void* first = memory_->allocate(10);
  void* second = memory_->allocate(10'000);
  EXPECT_EQ(memory_->outstanding(), 2u);
  memory_->deallocate(first);
  EXPECT_EQ(memory_->outstanding(), 1u);
  memory_->deallocate(second);
  EXPECT_EQ(memory_->outstanding(), 0u);
}

TEST_F(ModelMemoryTest, BlocksAreAligned) {
  for (std::size_t bytes = 0; bytes < 5'000; bytes += 7) {
    void* memory = memory_->allocate(bytes);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(memory) % ModelMemory::kGranule, 0u) << bytes;
    memory_->deallocate(memory);
  }
}

TEST_F(ModelMemoryTest, NoBytesAreABlockToo) {
  void* first = memory_->allocate(0);
  void* second = memory_->allocate(0);
  EXPECT_NE(first, second);
  EXPECT_EQ(memory_->outstanding(), 2u);
  memory_->deallocate(first);
  memory_->deallocate(second);
  EXPECT_EQ(memory_->outstanding(), 0u);
  EXPECT_FALSE(memory_->invalid_free());
}

TEST_F(ModelMemoryTest, APointerBehindTheEndStaysInItsBlock) {
  for (std::size_t bytes = 1; bytes < 200'000; bytes += bytes < 5'000 ? 1 : 977) {
    memory_->begin_execution();
    std::byte* memory = allocate(bytes);
    std::byte* next = allocate(bytes);
    ASSERT_NE(memory + bytes, next) << bytes;
    ASSERT_EQ(memory_->block_at(memory + bytes), memory_->block_at(memory)) << bytes;
    ASSERT_NE(memory_->block_at(next), memory_->block_at(memory)) << bytes;
    memory_->deallocate(next);
    memory_->deallocate(memory);
  }
}

TEST_F(ModelMemoryTest, BlocksCoverWhatIsInUse) {
  for (const auto layout : {ModelMemory::Layout::upward, ModelMemory::Layout::downward}) {
    memory_->begin_execution(layout);
    static_cast<void>(run_program(*memory_, 5));
    EXPECT_EQ(static_cast<std::size_t>(memory_->end() - memory_->begin()), memory_->used());
    std::size_t covered = 0;
    for (ModelMemory::BlockId id = 0; id < memory_->block_count(); ++id) {
      const std::size_t bytes = memory_->block(id).granules * ModelMemory::kGranule;
      for (std::size_t at = 0; at < bytes; at += 8) {
        ASSERT_EQ(memory_->block_at(memory_->address(id) + at), id) << at;
      }
      covered += bytes;
    }
    EXPECT_EQ(covered, memory_->used());
    const auto begin = reinterpret_cast<std::uintptr_t>(memory_->begin());
    EXPECT_TRUE(memory_->in_use(begin));
    EXPECT_TRUE(memory_->in_use(begin + memory_->used() - 1));
    EXPECT_FALSE(memory_->in_use(begin + memory_->used()));
    EXPECT_FALSE(memory_->in_use(begin - 1));
    EXPECT_FALSE(memory_->in_use(0));
  }
}

TEST_F(ModelMemoryTest, ABlockSaysWhatWasAskedFor) {
  std::byte* memory = allocate(100);
  EXPECT_TRUE(block(memory).live());
  EXPECT_EQ(block(memory).bytes, 100u);
  EXPECT_EQ(memory_->address(memory_->block_at(memory + 70)), memory);
  memory_->deallocate(memory);
  EXPECT_FALSE(block(memory).live());
}

TEST_F(ModelMemoryTest, BlocksDoNotOverlapAndAreZero) {
  constexpr std::uint64_t kSeed = 3;
  RandomStream random(kSeed);
  struct Marked {
    std::byte* memory;
    std::size_t bytes;
    std::byte mark;
  };
  std::vector<Marked> live;
  const auto intact = [](const Marked& marked) {
    for (std::size_t i = 0; i < marked.bytes; ++i) {
      if (marked.memory[i] != marked.mark) return false;
    }
    return true;
  };
  for (int round = 0; round < 20'000; ++round) {
    if (live.empty() || (live.size() < 200 && random.below(2) == 0)) {
      const std::size_t bytes = 1 + random.below(random.below(10) == 0 ? 5'000 : 300);
      const auto mark = static_cast<std::byte>(1 + random.below(255));
      std::byte* memory = allocate(bytes);
      ASSERT_TRUE(is_zero(memory, bytes)) << "seed " << kSeed << ", round " << round;
      std::memset(memory, static_cast<int>(mark), bytes);
      live.push_back({memory, bytes, mark});
    } else {
      std::swap(live[random.below(live.size())], live.back());
      const Marked& freed = live.back();
      ASSERT_TRUE(intact(freed)) << "seed " << kSeed << ", round " << round;
      memory_->deallocate(freed.memory);
      ASSERT_TRUE(is_zero(freed.memory, freed.bytes)) << "seed " << kSeed << ", round " << round;
      live.pop_back();
    }
    ASSERT_EQ(memory_->outstanding(), live.size());
  }
  for (const Marked& marked : live) memory_->deallocate(marked.memory);
  EXPECT_TRUE(is_zero(memory_->begin(), memory_->used()));
}

TEST_F(ModelMemoryTest, TheBlockFreedLastIsGivenOutFirst) {
  std::byte* first = allocate(100);
  std::byte* second = allocate(100);
  std::byte* third = allocate(100);
  memory_->deallocate(first);
  memory_->deallocate(third);
  EXPECT_EQ(allocate(100), third);
  EXPECT_EQ(allocate(105), first) << "100 and 105 are of one size";
  std::byte* fourth = allocate(100);
  EXPECT_NE(fourth, second);
  for (std::byte* memory : {first, second, third, fourth}) memory_->deallocate(memory);
}

TEST_F(ModelMemoryTest, FreeBlocksOfAnotherSizeAreLeftAlone) {
  std::byte* freed = allocate(100);
  memory_->deallocate(freed);
  std::byte* smaller = allocate(10);
  std::byte* larger = allocate(200);
  EXPECT_NE(smaller, freed);
  EXPECT_NE(larger, freed);
  EXPECT_EQ(allocate(100), freed);
  for (std::byte* memory : {freed, smaller, larger}) memory_->deallocate(memory);
}

TEST_F(ModelMemoryTest, BigBlocks) {
  constexpr std::size_t kMebibyte = std::size_t{1} << 20;
  memory_ = ModelMemory::acquire(64 * kMebibyte);
  std::byte* big = allocate(40 * kMebibyte);
  std::byte* small = allocate(1);
  EXPECT_TRUE(small < big || small >= big + 40 * kMebibyte);
  big[0] = big[40 * kMebibyte - 1] = std::byte{1};
  EXPECT_EQ(block(big + 40 * kMebibyte - 1).bytes, 40 * kMebibyte);
  memory_->deallocate(big);
  EXPECT_THROW(static_cast<void>(memory_->allocate(60 * kMebibyte)), std::bad_alloc);
  EXPECT_EQ(allocate(40 * kMebibyte), big);
  EXPECT_EQ(big[0], std::byte{0});
  EXPECT_EQ(big[40 * kMebibyte - 1], std::byte{0});
  memory_->deallocate(big);
  memory_->deallocate(small);
}

// The limit.

TEST_F(ModelMemoryTest, WhereTheLimitIsReachedAllocationFails) {
  memory_ = ModelMemory::acquire(4096);
  std::vector<std::byte*> live;
  EXPECT_THROW(
      {
        while (live.size() < 1000) live.push_back(allocate(100));
      },
      std::bad_alloc);
  EXPECT_EQ(live.size(), 4096u / 128u);
  EXPECT_TRUE(memory_->exhausted());
  memory_->deallocate(live.back());
  live.pop_back();
  EXPECT_TRUE(memory_->exhausted()) << "it stays so until the next execution";
  live.push_back(allocate(100));
  EXPECT_EQ(memory_->outstanding(), live.size());
  for (std::byte* memory : live) memory_->deallocate(memory);
  memory_->begin_execution();
  EXPECT_FALSE(memory_->exhausted());
  memory_->deallocate(allocate(3000));
}

TEST_F(ModelMemoryTest, MoreThanTheLimitAtOnceFails) {
  for (const std::size_t bytes : {kLimit, kLimit + 1, ~std::size_t{0}}) {
    memory_->begin_execution();
    EXPECT_FALSE(memory_->exhausted());
    EXPECT_THROW(static_cast<void>(memory_->allocate(bytes)), std::bad_alloc) << bytes;
    EXPECT_TRUE(memory_->exhausted()) << bytes;
    EXPECT_EQ(memory_->outstanding(), 0u) << bytes;
  }
}

// The layout.

TEST_F(ModelMemoryTest, DownwardGivesDescendingAddresses) {
  std::byte* upward = allocate(100);
  std::byte* next = allocate(50);
  EXPECT_GT(next, upward);
  EXPECT_EQ(memory_->begin(), upward);
  memory_->deallocate(upward);
  memory_->deallocate(next);
  std::vector<std::byte*> first;
  for (int execution = 0; execution < 2; ++execution) {
    memory_->begin_execution(ModelMemory::Layout::downward);
    std::vector<std::byte*> blocks;
    for (const std::size_t bytes : {100u, 10u, 3000u, 100u}) blocks.push_back(allocate(bytes));
    for (std::size_t i = 1; i < blocks.size(); ++i) EXPECT_LT(blocks[i], blocks[i - 1]) << i;
    EXPECT_EQ(memory_->begin(), blocks.back());
    EXPECT_EQ(memory_->end(), upward + kLimit);
    if (execution == 0) first = blocks;
    EXPECT_EQ(blocks, first);
    for (std::byte* memory : blocks) memory_->deallocate(memory);
  }
  memory_->begin_execution();
  EXPECT_EQ(allocate(100), upward);
  memory_->deallocate(upward);
}

TEST_F(KeptBlocksTest, TheLayoutCanChangeOnceAllThatWasKeptIsReturned) {
  for (int i = 0; i < 2; ++i) {
    memory_->begin_execution();
    std::vector<std::byte*> blocks;
    for (int k = 0; k < 100; ++k) blocks.push_back(allocate(40));
    for (std::byte* memory : blocks) memory_->deallocate(memory);
    memory_->begin_execution(ModelMemory::Layout::downward);
    std::byte* kept = allocate(5000);
    memory_->begin_execution(ModelMemory::Layout::downward);
    memory_->deallocate(kept);
  }
  memory_->begin_execution();
  std::byte* memory = allocate(40);
  for (std::byte* at = memory_->begin(); at < memory_->end(); at += ModelMemory::kGranule) {
    ASSERT_LT(memory_->block_at(at), memory_->block_count()) << at - memory_->begin();
    const std::byte* begin = memory_->address(memory_->block_at(at));
    ASSERT_LE(begin, at);
    ASSERT_GT(begin + block(at).granules * ModelMemory::kGranule, at);
  }
  memory_->deallocate(memory);
}

// What is no part of the state.

TEST_F(ModelMemoryTest, ExcludedWordsAreThoseOfTheRange) {
  std::byte* memory = allocate(600);
  std::byte* other = allocate(600);
  memory_->exclude(memory + 16, 24, false);
  EXPECT_EQ(block(memory).links, 0b11100u);
  EXPECT_EQ(block(memory).names, 0u);
  memory_->exclude(memory + 8, 8, true);
  memory_->exclude(memory + 62 * 8, 8, true);
  EXPECT_EQ(block(memory).links, 0b11100u);
  EXPECT_EQ(block(memory).names, (std::uint64_t{1} << 62) | 0b10u);
  memory_->exclude(memory, 8, false);
  EXPECT_EQ(block(memory).links, 0b11101u);
  EXPECT_EQ(block(other).links | block(other).names, 0u);
  memory_->exclude_block(other + 8);
  EXPECT_EQ(block(other).links, ~std::uint64_t{0});
  EXPECT_EQ(block(memory).links, 0b11101u);
  memory_->deallocate(memory);
  memory_->deallocate(other);
}

TEST_F(ModelMemoryTest, ABlockGivenOutAgainIsAllPartOfTheState) {
  std::byte* memory = allocate(100);
  memory_->exclude(memory, 8, true);
  memory_->exclude_block(memory);
  memory_->deallocate(memory);
  ASSERT_EQ(allocate(100), memory);
  EXPECT_EQ(block(memory).links, 0u);
  EXPECT_EQ(block(memory).names, 0u);
  memory_->exclude_block(memory);
  memory_->deallocate(memory);
  memory_->begin_execution();
  ASSERT_EQ(allocate(100), memory);
  EXPECT_EQ(block(memory).links, 0u);
  memory_->deallocate(memory);
}

// Undo.

TEST_F(ModelMemoryTest, UndoTakesAnAllocationBack) {
  ModelMemory::Journal journal;
  memory_->set_journal(&journal);
  std::byte* first = allocate(100);
  const std::size_t used = memory_->used();
  const std::size_t here = journal.size();
  std::byte* second = allocate(100);
  memory_->undo(here);
  EXPECT_EQ(journal.size(), here);
  EXPECT_EQ(memory_->outstanding(), 1u);
  EXPECT_EQ(memory_->used(), used);
  EXPECT_FALSE(memory_->in_use(reinterpret_cast<std::uintptr_t>(second)));
  EXPECT_EQ(allocate(300), second) << "another block may lie there now";
  memory_->undo(0);
  EXPECT_EQ(memory_->outstanding(), 0u);
  EXPECT_EQ(memory_->used(), 0u);
  EXPECT_EQ(allocate(10), first);
  memory_->undo(0);
  memory_->set_journal(nullptr);
}

TEST_F(ModelMemoryTest, UndoTakesAReleaseBack) {
  std::byte* memory = allocate(100);
  memory_->exclude(memory, 16, false);
  memory_->exclude(memory + 16, 8, true);
  ModelMemory::Journal journal;
  memory_->set_journal(&journal);
  memory_->deallocate(memory);
  EXPECT_EQ(allocate(110), memory);
  memory_->undo(0);
  EXPECT_TRUE(block(memory).live());
  EXPECT_EQ(block(memory).bytes, 100u);
  EXPECT_EQ(block(memory).links, 0b11u);
  EXPECT_EQ(block(memory).names, 0b100u);
  EXPECT_EQ(memory_->outstanding(), 1u);
  memory_->deallocate(memory);
  EXPECT_FALSE(memory_->invalid_free());
  memory_->set_journal(nullptr);
}

TEST_F(ModelMemoryTest, AReleaseForNowLeavesWhatIsInTheBlock) {
  std::byte* memory = allocate(100);
  std::memset(memory, 7, 100);
  ModelMemory::Journal journal;
  memory_->set_journal(&journal);
  memory_->release_for_now(memory);
  EXPECT_FALSE(memory_->is_live_block(memory));
  EXPECT_EQ(memory_->outstanding(), 0u);
  ASSERT_EQ(journal.size(), 1u);
  EXPECT_EQ(journal[0].bytes, 100u);
  memory_->undo(0);
  EXPECT_TRUE(memory_->is_live_block(memory));
  EXPECT_EQ(memory[0], std::byte{7});
  EXPECT_EQ(memory[99], std::byte{7});
  memory_->deallocate(memory);
  memory_->set_journal(nullptr);
}

TEST_F(KeptBlocksTest, UndoKnowsOfBlocksOfEarlierExecutions) {
  std::byte* kept = allocate(100);
  memory_->begin_execution();
  ModelMemory::Journal journal;
  memory_->set_journal(&journal);
  memory_->deallocate(kept);
  EXPECT_EQ(memory_->outstanding(), 0u);
  std::byte* mine = allocate(300);
  EXPECT_EQ(memory_->outstanding_now(), 1u);
  memory_->undo(0);
  EXPECT_EQ(memory_->outstanding(), 1u);
  EXPECT_EQ(memory_->outstanding_now(), 0u);
  EXPECT_EQ(allocate(300), mine);
  EXPECT_EQ(memory_->outstanding_now(), 1u);
  memory_->undo(0);
  memory_->set_journal(nullptr);
  memory_->deallocate(kept);
  EXPECT_EQ(memory_->outstanding(), 0u);
}

class ModelMemoryUndoTest : public ModelMemoryTest,
                            public ::testing::WithParamInterface<std::uint64_t> {
 protected:
  struct Live {
    std::size_t bytes;
    std::uint64_t links;
    std::uint64_t names;
    bool operator==(const Live&) const = default;
  };
  using Blocks = std::map<std::byte*, Live>;
  /// What was done at one moment, and what there was before.
  struct Step {
    std::byte* memory;  // allocated or freed
    Live live;          // as allocated; 0 bytes for a release
    Blocks before;
    std::size_t changes;
    std::size_t used;
  };

  void TearDown() override {
    memory_->undo(0);
    memory_->set_journal(nullptr);
    EXPECT_EQ(memory_->outstanding(), 0u);
  }

  std::byte* do_allocate(const Live& live) {
    std::byte* memory = allocate(live.bytes);
    if (live.links != 0) memory_->exclude(memory, 8, false);
    if (live.names != 0) memory_->exclude(memory, 8, true);
    blocks_[memory] = live;
    return memory;
  }
  void do_free(std::byte* memory) {
    memory_->deallocate(memory);
    blocks_.erase(memory);
  }
  void step() {
    Step& step = steps_.emplace_back(Step{nullptr, {}, blocks_, journal_.size(), memory_->used()});
    if (blocks_.empty() || (blocks_.size() < 40 && random_.below(2) == 0)) {
      step.live = {1 + random_.below(random_.below(10) == 0 ? 5'000 : 300), random_.below(2),
                   random_.below(2)};
      step.memory = do_allocate(step.live);
    } else {
      auto freed = blocks_.begin();
      for (std::size_t i = random_.below(blocks_.size()); i > 0; --i) ++freed;
      step.memory = freed->first;
      do_free(step.memory);
    }
  }
  void undo_to(std::size_t index) {
    memory_->undo(steps_[index].changes);
    blocks_ = steps_[index].before;
  }
  void redo(std::size_t index) {
    const Step& step = steps_[index];
    if (step.live.bytes == 0) {
      do_free(step.memory);
    } else {
      ASSERT_EQ(do_allocate(step.live), step.memory) << "step " << index;
    }
  }
  void check(const char* when) {
    ASSERT_EQ(memory_->outstanding(), blocks_.size()) << when;
    ASSERT_EQ(count_live(), blocks_.size()) << when;
    std::map<std::size_t, std::uint32_t> pages;
    for (const auto& [memory, live] : blocks_) {
      const ModelMemory::Block& found = block(memory);
      ASSERT_EQ((Live{found.bytes, found.links, found.names}), live) << when;
      ASSERT_EQ(memory_->address(memory_->block_at(memory + live.bytes)), memory) << when;
      const auto begin = static_cast<std::size_t>(memory - memory_->begin());
      const std::size_t end = begin + found.granules * ModelMemory::kGranule;
      for (std::size_t page = begin / ModelMemory::kPage; page * ModelMemory::kPage < end; ++page) {
        ++pages[page];
      }
      // Dies under AddressSanitizer where it is poisoned.
      memory[0] = memory[live.bytes - 1] = std::byte{1};
      memory[0] = memory[live.bytes - 1] = std::byte{0};
    }
    for (std::size_t page = 0; page <= kLimit / ModelMemory::kPage; ++page) {
      ASSERT_EQ(memory_->live_in_page(page), pages[page]) << when << ", page " << page;
    }
  }

  RandomStream random_{GetParam()};
  ModelMemory::Journal journal_;
  Blocks blocks_;
  std::vector<Step> steps_;
};

TEST_P(ModelMemoryUndoTest, AnyEarlierPoint) {
  memory_->set_journal(&journal_);
  std::size_t redone = 0;
  for (int round = 0; round < 60; ++round) {
    for (std::size_t i = 1 + random_.below(40); i > 0; --i) step();
    ASSERT_NO_FATAL_FAILURE(check("ahead"));
    const std::size_t here = random_.below(steps_.size());
    const std::size_t used = memory_->used();
    const Blocks blocks = blocks_;

    undo_to(here);
    ASSERT_EQ(memory_->used(), steps_[here].used);
    ASSERT_NO_FATAL_FAILURE(check("undone"));
    for (std::size_t i = here; i < steps_.size(); ++i) ASSERT_NO_FATAL_FAILURE(redo(i));
    ASSERT_EQ(memory_->used(), used);
    ASSERT_EQ(blocks_, blocks);
    redone += steps_.size() - here;
    ASSERT_NO_FATAL_FAILURE(check("redone"));
    if (random_.below(2) == 0) {
      undo_to(here);
      steps_.resize(here);
    }
  }
  EXPECT_GT(redone, 300u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, ModelMemoryUndoTest, ::testing::Range<std::uint64_t>(1, 9));

TEST_F(ModelMemoryTest, LiveInPageCountsBlocksThatLieThereInPart) {
  constexpr std::size_t kPage = ModelMemory::kPage;
  std::byte* before = allocate(kPage / 2);
  ModelMemory::Journal journal;
  memory_->set_journal(&journal);
  EXPECT_EQ(memory_->live_in_page(0), 1u) << "what was there before counts";
  EXPECT_EQ(memory_->live_in_page(1), 0u);
  std::byte* across = allocate(2 * kPage);
  EXPECT_EQ(memory_->live_in_page(0), 2u);
  EXPECT_EQ(memory_->live_in_page(1), 1u);
  EXPECT_EQ(memory_->live_in_page(2), 1u);
  EXPECT_EQ(memory_->live_in_page(3), 0u);
  memory_->deallocate(before);
  EXPECT_EQ(memory_->live_in_page(0), 1u);
  EXPECT_EQ(memory_->live_in_page(1), 1u);
  memory_->deallocate(across);
  for (std::size_t page = 0; page < 4; ++page) EXPECT_EQ(memory_->live_in_page(page), 0u) << page;
  EXPECT_EQ(memory_->live_in_page(kLimit), 0u);
  memory_->set_journal(nullptr);
}

// Frees that are wrong.

TEST_F(ModelMemoryTest, FreeingTwiceIsNoticed) {
  std::byte* memory = allocate(100);
  memory_->deallocate(memory);
  EXPECT_FALSE(memory_->invalid_free());
  memory_->deallocate(memory);
  EXPECT_TRUE(memory_->invalid_free());
  EXPECT_EQ(memory_->outstanding(), 0u);
  EXPECT_EQ(allocate(100), memory);
  std::byte* other = allocate(100);
  EXPECT_NE(other, memory) << "it must not be free twice";
  memory_->deallocate(memory);
  memory_->deallocate(other);
  EXPECT_TRUE(memory_->invalid_free()) << "it stays so until the next execution";
  memory_->begin_execution();
  EXPECT_FALSE(memory_->invalid_free());
}

TEST_F(KeptBlocksTest, FreeingWhatWasNeverGivenOutIsNoticed) {
  std::byte* memory = allocate(100);
  std::byte outside{};
  for (std::byte* wrong : {memory_->end(), memory_->end() + 4096, memory_->begin() - 1, &outside}) {
    memory_->begin_execution();
    memory_->deallocate(wrong);
    EXPECT_TRUE(memory_->invalid_free()) << memory_->begin() - wrong;
    EXPECT_EQ(memory_->outstanding(), 1u);
    EXPECT_TRUE(block(memory).live());
  }
  memory_->deallocate(memory);
}

TEST_F(ModelMemoryTest, AFreeThatIsWrongIsNotInTheJournal) {
  std::byte* memory = allocate(100);
  ModelMemory::Journal journal;
  memory_->set_journal(&journal);
  memory_->deallocate(memory);
  memory_->deallocate(memory);
  EXPECT_EQ(journal.size(), 1u);
  memory_->undo(0);
  EXPECT_TRUE(block(memory).live());
  memory_->set_journal(nullptr);
  memory_->deallocate(memory);
  EXPECT_EQ(memory_->outstanding(), 0u);
}

// Who owns what.

TEST_F(ModelMemoryTest, OwnerOfAnAddress) {
  const ModelMemory::Handle other = ModelMemory::acquire(kLimit);
  ASSERT_NE(memory_.get(), other.get());
  std::byte* mine = allocate(100);
  void* theirs = other->allocate(100);
  EXPECT_EQ(ModelMemory::owner_of(mine), memory_.get());
  EXPECT_EQ(ModelMemory::owner_of(mine + 50), memory_.get());
  EXPECT_EQ(ModelMemory::owner_of(theirs), other.get());
  const int on_the_stack = 0;
  EXPECT_EQ(ModelMemory::owner_of(&on_the_stack), nullptr);
  const std::vector<int> on_the_heap(100);
  EXPECT_EQ(ModelMemory::owner_of(on_the_heap.data()), nullptr);
  EXPECT_EQ(ModelMemory::owner_of(nullptr), nullptr);
  memory_->deallocate(mine);
  other->deallocate(theirs);
}

TEST_F(ModelMemoryTest, ScopesNest) {
  const ModelMemory::Handle other = ModelMemory::acquire(kLimit);
  std::vector<ModelMemory*> seen;
  seen.reserve(10);
  seen.push_back(ModelMemory::current());
  {
    const ModelMemory::Scope outer(memory_.get());
    seen.push_back(ModelMemory::current());
    {
      const ModelMemory::Scope inner(other.get());
      seen.push_back(ModelMemory::current());
      {
        const ModelMemory::Scope outside(nullptr);
        seen.push_back(ModelMemory::current());
      }
      seen.push_back(ModelMemory::current());
    }
    seen.push_back(ModelMemory::current());
  }
  seen.push_back(ModelMemory::current());
  EXPECT_EQ(seen, (std::vector<ModelMemory*>{nullptr, memory_.get(), other.get(), nullptr,
                                             other.get(), memory_.get(), nullptr}));
}

TEST_F(ModelMemoryTest, ExchangeCurrentGivesTheOneBefore) {
  EXPECT_EQ(ModelMemory::exchange_current(memory_.get()), nullptr);
  ModelMemory* const current = ModelMemory::current();
  EXPECT_EQ(ModelMemory::exchange_current(nullptr), memory_.get());
  EXPECT_EQ(current, memory_.get());
  EXPECT_EQ(ModelMemory::current(), nullptr);
}

// The pool of memories. Whether it still has room depends on what the process did before, so a new
// one looks.

class ModelMemoryPoolTest : public ::testing::Test {
 protected:
  ModelMemoryPoolTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

bool is_given_out_again() {
  ModelMemory::Handle memory = ModelMemory::acquire(kLimit);
  ModelMemory* const first = memory.get();
  void* const address = memory->allocate(100);
  memory->deallocate(address);
  const ModelMemory::Handle second = ModelMemory::acquire(kLimit);
  if (second.get() == first) return false;  // it is in use
  memory.reset();
  memory = ModelMemory::acquire(kLimit);
  const ModelMemory::Handle other = ModelMemory::acquire(2 * kLimit);
  return memory.get() == first && memory->used() == 0 && memory->allocate(100) == address;
}

TEST_F(ModelMemoryPoolTest, OneThatWasReturnedIsGivenOutAgain) {
  EXPECT_EXIT(std::exit(is_given_out_again() ? 0 : 1), ::testing::ExitedWithCode(0), "");
}

bool is_upward_without_journal() {
  ModelMemory::Journal journal;
  ModelMemory::Handle memory = ModelMemory::acquire(kLimit);
  ModelMemory* const first = memory.get();
  void* const base = memory->allocate(100);
  memory->deallocate(base);
  memory->set_journal(&journal);
  memory.reset();
  memory = ModelMemory::acquire(kLimit);
  memory->deallocate(memory->allocate(100));
  if (memory.get() != first || !journal.empty()) return false;
  memory->begin_execution(ModelMemory::Layout::downward);
  memory->deallocate(memory->allocate(100));
  memory.reset();
  memory = ModelMemory::acquire(kLimit);
  return memory.get() == first && memory->allocate(100) == base;
}

TEST_F(ModelMemoryPoolTest, OneThatWasReturnedIsUpwardAndHasNoJournal) {
  EXPECT_EXIT(std::exit(is_upward_without_journal() ? 0 : 1), ::testing::ExitedWithCode(0), "");
}

bool is_preferred_if_nothing_is_kept(bool tainted_first) {
  ModelMemory::Handle tainted = ModelMemory::acquire(kLimit);
  ModelMemory::Handle clean = ModelMemory::acquire(kLimit);
  ModelMemory* const first = tainted.get();
  ModelMemory* const second = clean.get();
  auto* kept = static_cast<std::byte*>(first->allocate(100));
  kept[99] = std::byte{7};
  if (tainted_first) tainted.reset();
  clean.reset();
  tainted.reset();
  clean = ModelMemory::acquire(kLimit);
  tainted = ModelMemory::acquire(kLimit);
  return clean.get() == second && tainted.get() != first && kept[99] == std::byte{7};
}

TEST_F(ModelMemoryPoolTest, OneInWhichNothingIsKeptIsPreferred) {
  for (const bool tainted_first : {false, true}) {
    EXPECT_EXIT(std::exit(is_preferred_if_nothing_is_kept(tainted_first) ? 0 : 1),
                ::testing::ExitedWithCode(0), "");
  }
}

bool are_used_again_if_there_are_many() {
  std::map<ModelMemory*, std::byte*> tainted;
  for (int i = 0; i < 300; ++i) {
    const ModelMemory::Handle memory = ModelMemory::acquire(kLimit);
    auto* kept = static_cast<std::byte*>(memory->allocate(100));
    std::byte*& before = tainted[memory.get()];
    if (before != nullptr && (kept <= before || before[99] != std::byte{7})) return false;
    before = kept;
    kept[99] = std::byte{7};
  }
  return tainted.size() > 1 && tainted.size() < 100;
}

TEST_F(ModelMemoryPoolTest, ThoseInWhichSomethingIsKeptAreUsedAgainIfThereAreMany) {
  EXPECT_EXIT(std::exit(are_used_again_if_there_are_many() ? 0 : 1), ::testing::ExitedWithCode(0),
              "");
}

TEST_F(ModelMemoryPoolTest, OneThatIsMostlyKeptIsNotUsedAgain) {
  constexpr std::size_t kOwn = 14 * 4096;
  ModelMemory::Handle memory = ModelMemory::acquire(kOwn);
  ModelMemory* const first = memory.get();
  auto* kept = static_cast<std::byte*>(memory->allocate(10 * 4096));
  kept[0] = kept[10 * 4096 - 1] = std::byte{7};
  memory.reset();
  memory = ModelMemory::acquire(kOwn);
  EXPECT_NE(memory.get(), first);
  EXPECT_EQ(kept[0], std::byte{7});
  EXPECT_EQ(kept[10 * 4096 - 1], std::byte{7});
  ASSERT_EQ(ModelMemory::owner_of(kept), first);
  first->deallocate(kept);
  EXPECT_FALSE(first->invalid_free());
}

TEST_F(ModelMemoryPoolTest, LimitsAreWholePages) {
  EXPECT_EQ(ModelMemory::acquire(32)->limit(), 4096u);
  EXPECT_EQ(ModelMemory::acquire(4096)->limit(), 4096u);
  EXPECT_EQ(ModelMemory::acquire(15 * 4096 + 1)->limit(), 16u * 4096u);
}

TEST_F(ModelMemoryPoolTest, LimitsOutOfRangeAreRefused) {
  EXPECT_THROW(static_cast<void>(ModelMemory::acquire(0)), ValueError);
  EXPECT_THROW(static_cast<void>(ModelMemory::acquire(31)), ValueError);
  EXPECT_THROW(static_cast<void>(ModelMemory::acquire(ModelMemory::kMaxLimit + 1)), ValueError);
  EXPECT_EQ(ModelMemory::acquire(ModelMemory::kMaxLimit)->limit(), ModelMemory::kMaxLimit);
}

TEST_F(ModelMemoryPoolTest, TooManyAtATimeAreRefused) {
  std::vector<ModelMemory::Handle> all;
  std::set<const void*> bases;
  EXPECT_THROW(
      {
        while (all.size() < 1000) {
          all.push_back(ModelMemory::acquire(17 * 4096));
          bases.insert(all.back()->begin());
        }
      },
      RuntimeError);
  EXPECT_GT(all.size(), 100u);
  EXPECT_EQ(bases.size(), all.size());
  all.clear();
  const ModelMemory::Handle memory = ModelMemory::acquire(18 * 4096);
  EXPECT_EQ(ModelMemory::owner_of(memory->begin()), memory.get());
}

}  // namespace
}  // namespace cocheck::detail
