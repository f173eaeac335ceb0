#include "cocheck/detail/touched_words.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace cocheck::detail {
namespace {

using Words = std::map<std::size_t, std::pair<unsigned, unsigned>>;

class TouchedWordsTest : public ::testing::Test {
 protected:
  using Index = HappensBefore::Index;

  TouchedWordsTest() : memory_(ModelMemory::acquire(1 << 20)) {
    memory_->begin_execution();
    block_ = allocate(200);
    undo_.emplace(*memory_);
  }
  ~TouchedWordsTest() override {
    undo_.reset();
    for (ModelMemory::BlockId id = 0; id < memory_->block_count(); ++id) {
      if (memory_->block(id).live()) memory_->deallocate(memory_->address(id));
    }
  }

  std::byte* allocate(std::size_t bytes) {
    return static_cast<std::byte*>(memory_->allocate(bytes));
  }
  void read(const std::byte* at, std::size_t bytes) { log_.record(at, bytes, false, nullptr); }
  void write(std::byte* at, std::size_t bytes) { log_.record(at, bytes, true, nullptr); }
  static void change(std::byte* at, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; ++i) at[i] = ~at[i];
  }

  /// What a step has touched: bytes read and written, by the number of the word in `block_`.
  template <class Step>
  Words touched_by(Step&& step, const void* process = nullptr) {
    touched_.begin_step();
    {
      const AccessLog::Scope logging(
          log_, AccessLog::Range::between(memory_->begin(), memory_->begin() + memory_->limit()),
          {});
      step();
    }
    undo_->commit(nullptr);
    touched_.collect(log_, *undo_, process);
    Words result;
    for (const AccessedWord word : touched_.words()) {
      const std::uint64_t first = reinterpret_cast<std::uintptr_t>(block_) / 8;
      EXPECT_TRUE(result.try_emplace(word.word() - first, word.reads(), word.writes()).second);
    }
    log_.clear();
    return result;
  }

  /// An event of a process that touches a word of the block.
  Index push(HappensBefore& order, const void* process, std::size_t word) {
    const std::vector<AccessedWord> words = {
        {reinterpret_cast<std::uintptr_t>(block_) / 8 + word, 0xff, 0}};
    HappensBefore::Step step;
    step.process = process;
    step.footprint = {words, {}, 0, 0};
    return order.push(step);
  }

  ModelMemory::Handle memory_;
  std::byte* block_ = nullptr;
  std::optional<UndoLog> undo_;
  AccessLog log_;
  TouchedWords touched_{*memory_};
};

TEST_F(TouchedWordsTest, WhatInstrumentedCodeTells) {
  const Words words = touched_by([&] {
    read(block_ + 4, 4);
    write(block_ + 8, 8);
    change(block_ + 8, 8);
  });
  EXPECT_EQ(words, (Words{{0, {0xf0, 0}}, {1, {0, 0xff}}}));
  EXPECT_FALSE(touched_.any_untold());
}

TEST_F(TouchedWordsTest, WhatHasChangedUntoldWasReadAndWritten) {
  const Words words = touched_by([&] {
    write(block_, 1);
    change(block_, 2);
    change(block_ + 23, 2);
  });
  EXPECT_EQ(words, (Words{{0, {0b11, 0b11}}, {2, {0x80, 0x80}}, {3, {1, 1}}}));
  EXPECT_TRUE(touched_.any_untold());
}

TEST_F(TouchedWordsTest, WhatIsExpectedToBeUntoldIsNoMatterLater) {
  EXPECT_EQ(touched_by([&] {
              log_.expect_unlogged_writes();
              change(block_, 1);
            }),
            (Words{{0, {1, 1}}}));
  EXPECT_FALSE(touched_.any_untold());
}

TEST_F(TouchedWordsTest, NotWhatTheStepHasAllocated) {
  const Words words = touched_by([&] {
    std::byte* fresh = allocate(100);
    write(fresh, 8);
    change(fresh, 8);
  });
  EXPECT_EQ(words, Words());
}

TEST_F(TouchedWordsTest, WhatOthersHaveReleasedButNotWhatTheStepReleases) {
  std::byte* other = allocate(100);
  undo_->commit(nullptr);
  EXPECT_EQ(touched_by([&] {
              read(other, 8);
              log_.release(other, 100);
              memory_->deallocate(other);
            }),
            Words());
  const auto word = static_cast<std::size_t>(other - block_) / 8;
  EXPECT_EQ(touched_by([&] { read(other + 8, 8); }), (Words{{word + 1, {0xff, 0}}}));
}

TEST_F(TouchedWordsTest, NotWhatIsTakenOutOfTheState) {
  memory_->exclude(block_ + 8, 8, false);
  EXPECT_EQ(touched_by([&] {
              read(block_, 24);
              change(block_ + 8, 8);
            }),
            (Words{{0, {0xff, 0}}, {2, {0xff, 0}}}));
  EXPECT_FALSE(touched_.any_untold());
}

TEST_F(TouchedWordsTest, WhatHasChangedUntoldIsSharedOnceOthersTouchIt) {
  const char one = 0;
  const char other = 0;
  HappensBefore order;
  push(order, &other, 0);
  (void)touched_by([&] { change(block_ + 16, 1); }, &one);
  push(order, &one, 2);
  EXPECT_FALSE(touched_.is_untold_shared(order));
  push(order, &one, 2);
  EXPECT_FALSE(touched_.is_untold_shared(order));
  push(order, &other, 1);
  EXPECT_FALSE(touched_.is_untold_shared(order));
  push(order, &other, 2);
  EXPECT_TRUE(touched_.is_untold_shared(order));
}

}  // namespace
}  // namespace cocheck::detail
