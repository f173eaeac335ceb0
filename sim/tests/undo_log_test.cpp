#include "cocheck/detail/undo_log.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "cocheck/random_stream.hpp"
#include "unchecked.hpp"

namespace cocheck::detail {
namespace {

constexpr std::size_t kLimit = 1 << 20;

class UndoLogTest : public ::testing::TestWithParam<ModelMemory::Layout> {
 protected:
  UndoLogTest() : memory_(ModelMemory::acquire(kLimit)) { memory_->begin_execution(GetParam()); }
  ~UndoLogTest() override {
    // What is still there is no matter to those who use the memory next.
    for (ModelMemory::BlockId id = 0; id < memory_->block_count(); ++id) {
      if (memory_->block(id).live()) memory_->deallocate(memory_->address(id));
    }
  }

  std::byte* allocate(std::size_t bytes) {
    return static_cast<std::byte*>(memory_->allocate(bytes));
  }

  /// All bytes in use, and which blocks are live.
  struct Image {
    std::vector<std::byte> bytes;
    std::vector<std::tuple<std::uint32_t, std::uint32_t, std::uint64_t, std::uint64_t>> blocks;
    std::size_t outstanding = 0;

    friend bool operator==(const Image&, const Image&) = default;
  };
  [[nodiscard]] Image image() const {
    Image result;
    result.bytes = test::bytes_between(memory_->begin(), memory_->end());
    while (!result.bytes.empty() && result.bytes.back() == std::byte{0}) result.bytes.pop_back();
    for (ModelMemory::BlockId id = 0; id < memory_->block_count(); ++id) {
      const ModelMemory::Block& block = memory_->block(id);
      if (!block.live()) continue;
      result.blocks.emplace_back(block.begin, block.bytes, block.links, block.names);
    }
    result.outstanding = memory_->outstanding();
    return result;
  }

  ModelMemory::Handle memory_;
};

TEST_P(UndoLogTest, GoesBackToWhatWasThere) {
  std::byte* old = allocate(200);
  std::memset(old, 1, 200);
  UndoLog undo(*memory_);
  const Image before = image();
  const UndoLog::Position position = undo.position(nullptr);
  std::memset(old + 100, 2, 50);
  std::byte* fresh = allocate(5'000);
  std::memset(fresh, 3, 5'000);
  undo.commit(nullptr);
  memory_->deallocate(old);
  undo.commit(nullptr);
  EXPECT_GT(undo.bytes(), 5'000u);
  undo.rewind(position, nullptr);
  EXPECT_EQ(image(), before);
  EXPECT_EQ(undo.bytes(), 0u);
  EXPECT_EQ(allocate(5'000), fresh) << "what follows is as it was";
}

TEST_P(UndoLogTest, TellsWhatWasThereBeforeTheStep) {
  std::byte* block = allocate(200);
  UndoLog undo(*memory_);
  const auto put = [&](std::size_t word, std::uint64_t value) {
    std::memcpy(block + word * 8, &value, sizeof value);
  };
  put(1, 7);
  undo.commit(nullptr);
  EXPECT_TRUE(undo.last_changes().empty());
  put(1, 8);
  std::byte* other = allocate(10);
  undo.commit(nullptr);
  EXPECT_EQ(undo.before(block + 8), 7u);
  EXPECT_EQ(undo.before(block + 16), 0u);
  ASSERT_EQ(undo.last_changes().size(), 1u);
  EXPECT_EQ(memory_->address(undo.last_changes()[0].id), other);
}

TEST_P(UndoLogTest, RepeatsWhatAStepDid) {
  std::byte* block = allocate(200);
  std::byte* other = allocate(100);
  std::memset(other, 1, 100);
  UndoLog undo(*memory_);
  const UndoLog::Position position = undo.position(nullptr);
  const Image before = image();
  const auto change = [&] {
    std::memset(block + 10, 2, 4);
    undo.keep(block + 150);
    undo.keep(block + 12);
    std::memset(block + 150, 3, 4);
    memory_->deallocate(other);
  };
  std::set<std::size_t> lines = {undo.line_of(block + 10)};
  for (int i = 0; i < 100; ++i) lines.insert(undo.line_of(other + i));
  undo.repeat(std::vector<std::size_t>(lines.begin(), lines.end()), change);
  const Image after = image();
  EXPECT_NE(after, before);
  EXPECT_EQ(undo.last_changes().size(), 1u);
  undo.commit(nullptr);
  std::size_t changed = 0;
  undo.for_each_changed_word([&](const std::byte*, std::uint64_t, std::uint64_t) { ++changed; });
  EXPECT_EQ(changed, 0u) << "nothing is left to be found";
  undo.rewind(position, nullptr);
  EXPECT_EQ(image(), before);
}

TEST_P(UndoLogTest, RepeatsAStepForNow) {
  std::byte* block = allocate(200);
  std::byte* other = allocate(100);
  std::memset(block, 4, 200);
  std::memset(other, 1, 100);
  UndoLog undo(*memory_);
  const Image before = image();
  block[0] = std::byte{5};
  undo.commit(nullptr);
  const UndoLog::Position position = undo.position(nullptr);
  const Image here = image();
  undo.repeat_for_now([&] {
    undo.write(block + 8, 0xffff'0000, 0x0202'0202);
    undo.write(other, ~std::uint64_t{0}, 0);
    std::memset(block + 18, 3, 4);
    undo.wrote(block + 16);
    memory_->release_for_now(other);
  });
  const UndoLog::Position second = undo.position(nullptr);
  const Image after = image();
  EXPECT_NE(after, here);
  EXPECT_EQ(block[9], std::byte{4});
  EXPECT_EQ(block[10], std::byte{2});
  EXPECT_EQ(undo.last_changes().size(), 1u);
  undo.repeat_for_now([&] { undo.write(block + 8, 0xff, 9); });
  undo.rewind(second, nullptr);
  EXPECT_EQ(image(), after);
  undo.rewind(position, nullptr);
  EXPECT_EQ(image(), here);
  undo.commit(nullptr);
  std::size_t changed = 0;
  undo.for_each_changed_word([&](const std::byte*, std::uint64_t, std::uint64_t) { ++changed; });
  EXPECT_EQ(changed, 0u);
  undo.rewind({}, nullptr);
  EXPECT_EQ(image(), before);
}

/// A page in which nothing was is looked at again when a repeated step has used it.
TEST_P(UndoLogTest, PagesFillWithoutComparisons) {
  std::byte* block = allocate(3 * ModelMemory::kPage);
  std::byte* page = block + ModelMemory::kPage;
  UndoLog undo(*memory_);
  const UndoLog::Position position = undo.position(nullptr);
  memory_->deallocate(block);
  undo.commit(nullptr);
  undo.commit(nullptr);  // now nothing is in the page, and that is known
  undo.rewind(position, nullptr);
  const UndoLog::Position filled = undo.position(nullptr);
  const std::vector<std::size_t> lines = {undo.line_of(page)};
  undo.repeat(lines, [&] { std::memset(page, 5, 8); });
  const Image before = image();
  const UndoLog::Position again = undo.position(nullptr);
  memory_->deallocate(block);
  undo.commit(nullptr);
  undo.rewind(again, nullptr);
  EXPECT_EQ(image(), before);
  undo.rewind(filled, nullptr);
}

TEST_P(UndoLogTest, GoesBackToAnyPointAndOnFromThere) {
  std::byte* counter = allocate(8);
  UndoLog undo(*memory_);
  std::vector<UndoLog::Position> positions;
  std::vector<Image> images;
  for (int i = 0; i < 10; ++i) {
    positions.push_back(undo.position(nullptr));
    images.push_back(image());
    *counter = static_cast<std::byte>(i + 1);
    (void)allocate(50);
    undo.commit(nullptr);
  }
  for (const std::size_t i : {9u, 7u, 3u, 0u}) {
    undo.rewind(positions[i], nullptr);
    EXPECT_EQ(image(), images[i]) << i;
  }
  *counter = std::byte{1};
  (void)allocate(50);
  undo.commit(nullptr);
  EXPECT_EQ(image(), images[1]);
}

TEST_P(UndoLogTest, SaysWhichWordsTheLastStepHasChanged) {
  std::byte* block = allocate(1'000);
  std::memset(block, 7, 1'000);
  UndoLog undo(*memory_);
  std::map<std::size_t, std::pair<std::uint64_t, std::uint64_t>> changed;
  const auto look = [&] {
    changed.clear();
    undo.for_each_changed_word([&](const std::byte* at, std::uint64_t before, std::uint64_t now) {
      changed[static_cast<std::size_t>(at - block) / 8] = {before, now};
    });
  };
  constexpr std::uint64_t kSevens = 0x0707'0707'0707'0707u;
  block[17] = std::byte{8};
  block[800] = std::byte{9};
  block[900] = std::byte{7};
  undo.commit(nullptr);
  look();
  EXPECT_EQ(changed,
            (std::map<std::size_t, std::pair<std::uint64_t, std::uint64_t>>{
                {2, {kSevens, 0x0707'0707'0707'0807u}}, {100, {kSevens, 0x0707'0707'0707'0709u}}}));
  undo.commit(nullptr);
  look();
  EXPECT_TRUE(changed.empty()) << "the step before is over";
}

TEST_P(UndoLogTest, WhatWasDroppedCannotBeReached) {
  std::byte* block = allocate(1'000);
  UndoLog undo(*memory_);
  std::vector<UndoLog::Position> positions;
  std::vector<Image> images;
  for (int i = 0; i < 8; ++i) {
    positions.push_back(undo.position(nullptr));
    images.push_back(image());
    std::memset(block, i + 1, 1'000);
    undo.commit(nullptr);
  }
  const std::size_t bytes = undo.bytes();
  undo.drop_half();
  EXPECT_EQ(undo.bytes(), bytes / 2);
  EXPECT_FALSE(undo.holds(positions[3]));
  ASSERT_TRUE(undo.holds(positions[4]));
  ASSERT_TRUE(undo.holds(positions[6]));
  undo.rewind(positions[6], nullptr);
  EXPECT_EQ(image(), images[6]);
  undo.rewind(positions[4], nullptr);
  EXPECT_EQ(image(), images[4]);
}

TEST_P(UndoLogTest, RandomStepsBackAndForth) {
  constexpr std::uint64_t kSeed = 1;
  RandomStream random(kSeed);
  constexpr std::array<int, 3> kProcesses{};
  std::vector<std::byte*> start;
  for (int i = 0; i < 5; ++i) start.push_back(allocate(300));
  UndoLog undo(*memory_);
  struct Point {
    UndoLog::Position position;
    Image image;
    std::vector<std::byte*> blocks;
  };
  std::vector<Point> path{{undo.position(nullptr), image(), start}};
  std::vector<std::byte*> blocks = start;
  for (int round = 0; round < 2'000; ++round) {
    if (random.below(3) == 0) {
      path.resize(1 + random.below(path.size()));
      undo.rewind(path.back().position, nullptr);
      ASSERT_EQ(image(), path.back().image) << "round " << round;
      blocks = path.back().blocks;
      continue;
    }
    memory_->enter_process(&kProcesses[random.below(kProcesses.size())]);
    for (std::size_t i = random.below(4); i > 0; --i) {
      if (!blocks.empty() && random.below(4) == 0) {
        std::swap(blocks[random.below(blocks.size())], blocks.back());
        memory_->deallocate(blocks.back());
        blocks.pop_back();
      } else if (random.below(3) == 0) {
        const std::size_t bytes = random.below(10) == 0 ? 3'000 : 1 + random.below(200);
        blocks.push_back(allocate(bytes));
        std::memset(blocks.back(), static_cast<int>(1 + random.below(255)), bytes);
        if (bytes >= 8) memory_->exclude(blocks.back(), 8, random.below(2) == 0);
      } else if (!blocks.empty()) {
        std::byte* block = blocks[random.below(blocks.size())];
        block[random.below(memory_->block(memory_->block_at(block)).bytes)] =
            static_cast<std::byte>(random.below(256));
      }
    }
    undo.commit(nullptr);
    if (memory_->used() > kLimit / 2) break;
    path.push_back({undo.position(nullptr), image(), blocks});
  }
  undo.rewind(path.front().position, nullptr);
  EXPECT_EQ(image(), path.front().image);
}

INSTANTIATE_TEST_SUITE_P(Layouts, UndoLogTest,
                         ::testing::Values(ModelMemory::Layout::upward,
                                           ModelMemory::Layout::by_process),
                         [](const auto& layout) {
                           return layout.param == ModelMemory::Layout::upward ? "upward"
                                                                              : "by_process";
                         });

}  // namespace
}  // namespace cocheck::detail
