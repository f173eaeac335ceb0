#include "cocheck/detail/memory_pool.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "cocheck/random_stream.hpp"

namespace cocheck::detail {
namespace {

TEST(MemoryPool, CountsTheBlocksThatAreOut) {
  MemoryPool pool;
  EXPECT_EQ(pool.outstanding(), 0u);
  void* first = pool.allocate(10);
  void* second = pool.allocate(10'000);
  EXPECT_EQ(pool.outstanding(), 2u);
  pool.deallocate(first, 10);
  EXPECT_EQ(pool.outstanding(), 1u);
  pool.deallocate(second, 10'000);
  EXPECT_EQ(pool.outstanding(), 0u);
}

TEST(MemoryPool, BlocksAreAlignedForAnyScalar) {
  MemoryPool pool;
  for (std::size_t bytes = 1; bytes < 5'000; bytes += 7) {
    void* block = pool.allocate(bytes);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % alignof(std::max_align_t), 0u) << bytes;
    pool.deallocate(block, bytes);
  }
}

TEST(MemoryPool, BlocksDoNotOverlapWhateverTheOrder) {
  constexpr std::uint64_t kSeed = 3;
  RandomStream random(kSeed);
  MemoryPool pool;
  struct Block {
    unsigned char* memory;
    std::size_t bytes;
    unsigned char mark;
  };
  std::vector<Block> blocks;
  const auto check = [](const Block& block) {
    for (std::size_t i = 0; i < block.bytes; ++i) {
      if (block.memory[i] != block.mark) return false;
    }
    return true;
  };
  for (int round = 0; round < 20'000; ++round) {
    if (blocks.empty() || (blocks.size() < 200 && random.below(2) == 0)) {
      const std::size_t bytes = 1 + random.below(random.below(10) == 0 ? 5'000 : 300);
      const auto mark = static_cast<unsigned char>(random.below(256));
      auto* memory = static_cast<unsigned char*>(pool.allocate(bytes));
      std::memset(memory, mark, bytes);
      blocks.push_back({memory, bytes, mark});
    } else {
      std::swap(blocks[random.below(blocks.size())], blocks.back());
      ASSERT_TRUE(check(blocks.back())) << "seed " << kSeed << ", round " << round;
      pool.deallocate(blocks.back().memory, blocks.back().bytes);
      blocks.pop_back();
    }
    ASSERT_EQ(pool.outstanding(), blocks.size());
  }
  for (const Block& block : blocks) pool.deallocate(block.memory, block.bytes);
}

#if !defined(__SANITIZE_ADDRESS__)
#if !defined(__has_feature)
#define COCHECK_TEST_POOLS 1
#elif !__has_feature(address_sanitizer)
#define COCHECK_TEST_POOLS 1
#endif
#endif

#ifdef COCHECK_TEST_POOLS
TEST(MemoryPool, GivesFreedBlocksOfASizeOutAgain) {
  MemoryPool pool;
  void* first = pool.allocate(100);
  void* second = pool.allocate(100);
  pool.deallocate(first, 100);
  EXPECT_EQ(pool.allocate(120), first) << "100 and 120 are of one class";
  EXPECT_NE(pool.allocate(100), second);
}
#endif

}  // namespace
}  // namespace cocheck::detail
