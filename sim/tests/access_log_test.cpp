#include "cocheck/detail/access_log.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "cocheck/detail/model_memory.hpp"
#include "cocheck/random_stream.hpp"

namespace cocheck::detail {
namespace {

constexpr std::uintptr_t kMemory = 0x5a3c'6c00'0000u;
constexpr std::uintptr_t kBytes = 1 << 20;
constexpr std::uintptr_t kLoop = 0x7000'0000'1000u;
constexpr std::uintptr_t kOutside = 0x4000'0000'1000u;
constexpr std::uint64_t kWord = kMemory / 8;

const void* at(std::uintptr_t address) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): nobody follows it
  return reinterpret_cast<const void*>(address);
}

using Entries = std::map<std::uint64_t, std::pair<unsigned, unsigned>>;

class AccessLogTest : public ::testing::Test {
 protected:
  [[nodiscard]] AccessLog::Scope begin(AccessLog::What what = AccessLog::What::all) {
    return AccessLog::Scope(log_, {kMemory, kBytes}, {kLoop, 64}, what);
  }
  void read(std::uintptr_t offset, std::size_t bytes) {
    log_.record(at(kMemory + offset), bytes, false, nullptr);
  }
  void write(std::uintptr_t offset, std::size_t bytes) {
    log_.record(at(kMemory + offset), bytes, true, nullptr);
  }
  /// The bytes read and written, by the number of the word in the memory.
  [[nodiscard]] Entries entries() const {
    Entries result;
    log_.for_each([&](const AccessLog::Entry& entry) {
      const bool added = result.try_emplace(entry.word - kWord, entry.reads, entry.writes).second;
      EXPECT_TRUE(added) << "two entries of one word";
      const AccessLog::Entry* found = log_.find(entry.word);
      EXPECT_TRUE(found != nullptr && found->reads == entry.reads);
    });
    return result;
  }

  ModelMemory::Handle model_ = ModelMemory::acquire(1 << 16);
  AccessLog log_;
};

TEST_F(AccessLogTest, IsActiveWhileAScopeLives) {
  EXPECT_EQ(AccessLog::active(), nullptr);
  {
    const auto scope = begin();
    EXPECT_EQ(AccessLog::active(), &log_);
    {
      const AccessLog::Pause pause;
      EXPECT_EQ(AccessLog::active(), nullptr);
    }
    EXPECT_EQ(AccessLog::active(), &log_);
    AccessLog other;
    {
      const AccessLog::Scope inner(other, {kMemory, kBytes}, {});
      EXPECT_EQ(AccessLog::active(), &other);
    }
    EXPECT_EQ(AccessLog::active(), &log_);
  }
  EXPECT_EQ(AccessLog::active(), nullptr);
}

TEST_F(AccessLogTest, AccessesOfAllSizesAreKeptByByte) {
  const auto scope = begin();
  read(0, 1);
  read(9, 2);
  write(20, 4);
  write(24, 8);
  read(32, 16);
  write(55, 2);
  EXPECT_EQ(entries(), (Entries{{0, {0x01, 0}},
                                {1, {0x06, 0}},
                                {2, {0, 0xf0}},
                                {3, {0, 0xff}},
                                {4, {0xff, 0}},
                                {5, {0xff, 0}},
                                {6, {0, 0x80}},
                                {7, {0, 0x01}}}));
}

TEST_F(AccessLogTest, RangesAreKeptByByte) {
  const auto scope = begin();
  write(5, 20);
  read(3, 40);
  EXPECT_EQ(entries(), (Entries{{0, {0x18, 0xe0}},
                                {1, {0, 0xff}},
                                {2, {0, 0xff}},
                                {3, {0xfe, 0x01}},
                                {4, {0xff, 0}},
                                {5, {0x07, 0}}}));
}

TEST_F(AccessLogTest, WhatAStepWroteItselfIsNoRead) {
  const auto scope = begin();
  write(0, 4);
  read(0, 8);
  read(8, 4);
  write(8, 8);
  EXPECT_EQ(entries(), (Entries{{0, {0xf0, 0x0f}}, {1, {0x0f, 0xff}}}));
}

TEST_F(AccessLogTest, TheStackAndTheLoopAreLeftOut) {
  const auto step = [&] {
    const auto scope = begin();
    const ModelMemory::Scope inside(model_.get());
    const auto below = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)) - 4096;
    log_.record(at(below), 4, false, nullptr);
    log_.record(at(below), 4, true, nullptr);
    log_.record(at(kLoop + 8), 8, false, nullptr);
    log_.record(at(kLoop + 8), 8, true, nullptr);
  };
  step();
  EXPECT_FALSE(log_.outside());
  EXPECT_EQ(entries(), Entries());
}

TEST_F(AccessLogTest, FreshMemoryIsLeftOut) {
  const auto scope = begin();
  read(64, 8);
  log_.set_fresh(at(kMemory + 128), at(kMemory + 256));
  log_.set_fresh(at(kMemory + 160), at(kMemory + 256));
  log_.set_fresh(at(kMemory + 512), at(kMemory + 600));
  write(128, 8);
  read(200, 8);
  write(512, 16);
  read(599, 1);
  write(64, 8);
  write(600, 8);
  EXPECT_EQ(entries(), (Entries{{8, {0xff, 0xff}}, {75, {0, 0xff}}}));
  EXPECT_TRUE(log_.fresh(kMemory + 128));
  EXPECT_TRUE(log_.fresh(kMemory + 599));
  EXPECT_FALSE(log_.fresh(kMemory + 127));
  EXPECT_FALSE(log_.fresh(kMemory + 256));
  EXPECT_FALSE(log_.fresh(kMemory + 600));
}

TEST_F(AccessLogTest, BlocksThatAreGivenBackAreKept) {
  const auto scope = begin();
  log_.set_fresh(at(kMemory + 128), at(kMemory + 256));
  log_.release(at(kMemory + 64), 32);
  log_.release(at(kMemory + 128), 32);
  ASSERT_EQ(log_.released().size(), 1u) << "the step's own is not";
  EXPECT_EQ(log_.released()[0], (ReleasedWords{kWord + 8, kWord + 12}));
}

TEST_F(AccessLogTest, NotesAreToldFromBytes) {
  const auto scope = begin();
  log_.note(at(kMemory + 8), false);
  write(8, 8);
  log_.note(at(kMemory + 16), true);
  log_.note(at(kMemory + 20), false);
  std::map<std::uint64_t, std::pair<bool, bool>> notes;
  int bytes = 0;
  log_.for_each([&](const AccessLog::Entry& entry) {
    if (!AccessLog::noted(entry.word)) {
      ++bytes;
      EXPECT_EQ(entry.word, kWord + 1);
      return;
    }
    notes[entry.word] = {entry.reads != 0, entry.writes != 0};
  });
  EXPECT_EQ(bytes, 1);
  ASSERT_EQ(notes.size(), 2u) << "by word";
  EXPECT_EQ(notes.begin()->second, std::pair(true, false));
  EXPECT_EQ(notes.rbegin()->second, std::pair(false, true));
}

TEST_F(AccessLogTest, LooksAreNoAccesses) {
  const auto scope = begin();
  log_.look(at(kMemory + 8));
  write(16, 4);
  log_.look(at(kMemory + 16));
  log_.look(at(kOutside));
  EXPECT_EQ(entries(), (Entries{{2, {0, 0x0f}}}));
  ASSERT_EQ(log_.entries().size(), 2u);
  EXPECT_EQ(log_.entries()[0].looks, 0xff);
  EXPECT_EQ(log_.entries()[1].looks, 0xf0) << "what it has written itself";
}

TEST_F(AccessLogTest, TellsWhetherSomethingIsUntold) {
  const ModelMemory::Scope inside(model_.get());
  const auto scope = begin();
  write(0, 8);
  log_.record(at(kOutside), 8, false, nullptr);
  EXPECT_FALSE(log_.untold());
  log_.write_outside(at(kOutside));
  EXPECT_TRUE(log_.untold());
  log_.clear();
  EXPECT_FALSE(log_.untold());
  log_.record(at(kOutside + 64), 8, true, nullptr);
  EXPECT_TRUE(log_.untold());
}

TEST_F(AccessLogTest, ClearForgetsTheStep) {
  {
    const auto scope = begin();
    read(0, 8);
    log_.set_fresh(at(kMemory + 128), at(kMemory + 256));
    log_.release(at(kMemory + 64), 32);
    log_.expect_unlogged_writes();
    EXPECT_TRUE(log_.unlogged_expected());
  }
  log_.clear();
  EXPECT_EQ(entries(), Entries());
  EXPECT_EQ(log_.find(kWord), nullptr);
  EXPECT_TRUE(log_.released().empty());
  EXPECT_FALSE(log_.fresh(kMemory + 128));
  EXPECT_FALSE(log_.unlogged_expected());
  const auto scope = begin();
  write(0, 1);
  write(128, 1);
  EXPECT_EQ(entries(), (Entries{{0, {0, 0x01}}, {16, {0, 0x01}}}));
}

TEST_F(AccessLogTest, OnlyWhatHappensOutsideMayBeAskedFor) {
  {
    const auto scope = begin(AccessLog::What::outside);
    write(0, 8);
    log_.note(at(kMemory), true);
    log_.set_fresh(at(kMemory + 128), at(kMemory + 256));
    EXPECT_EQ(entries(), Entries());
    const ModelMemory::Scope inside(model_.get());
    log_.record(at(kOutside), 8, false, nullptr);
    log_.record(at(kOutside), 8, true, nullptr);
  }
  EXPECT_TRUE(log_.outside());
  log_.clear();
  const auto scope = begin();
  write(0, 8);
  EXPECT_EQ(entries(), (Entries{{0, {0, 0xff}}}));
}

/// Accesses outside of the memory, each in a step of its own.
class OutsideTest : public AccessLogTest {
 protected:
  void step(bool write, std::uintptr_t address = kOutside, std::size_t bytes = 8) {
    {
      const auto scope = begin();
      const ModelMemory::Scope inside(model_.get());
      log_.record(at(address), bytes, write, write ? at(1) : at(2));
    }
    log_.clear();
  }
};

TEST_F(OutsideTest, ReadingWhatAnEarlierStepWroteIsNoticed) {
  step(true);
  step(true);
  EXPECT_FALSE(log_.outside()) << "what is only written steers nothing";
  step(false);
  ASSERT_TRUE(log_.outside());
  EXPECT_EQ(log_.outside()->address, kOutside);
  EXPECT_EQ(log_.outside()->instruction, at(1)) << "that wrote it";
}

TEST_F(OutsideTest, WritingWhatAnEarlierStepReadIsNoticed) {
  step(false);
  step(false);
  EXPECT_FALSE(log_.outside()) << "what is only read never changes";
  step(true, kOutside + 4, 1);
  ASSERT_TRUE(log_.outside());
  EXPECT_EQ(log_.outside()->address, kOutside + 4);
}

TEST_F(OutsideTest, OtherWordsAreNoMatter) {
  step(true);
  step(false, kOutside + 8);
  step(true, kOutside + 16, 20);
  EXPECT_FALSE(log_.outside());
  step(false, kOutside + 32, 1);
  EXPECT_TRUE(log_.outside()) << "of a range each word counts";
}

TEST_F(OutsideTest, AStepMayReadWhatItHasWrittenItself) {
  {
    const auto scope = begin();
    const ModelMemory::Scope inside(model_.get());
    log_.record(at(kOutside), 8, true, nullptr);
    log_.record(at(kOutside), 8, false, nullptr);
  }
  EXPECT_FALSE(log_.outside());
}

TEST_F(OutsideTest, WhatTheHarnessDoesIsNoMatter) {
  const auto scope = begin();
  log_.record(at(kOutside), 8, false, nullptr);
  log_.record(at(kOutside), 8, true, nullptr);
  EXPECT_FALSE(log_.outside());
}

TEST_F(AccessLogTest, InstructionsAreTheFirstOfAWord) {
  log_.keep_instructions();
  {
    const auto scope = begin();
    log_.record(at(kMemory), 4, false, at(1));
    log_.record(at(kMemory + 4), 4, true, at(2));
    log_.record(at(kMemory), 8, true, at(3));
    log_.record(at(kMemory + 12), 8, false, at(4));
  }
  EXPECT_EQ(log_.instructions(kWord).read, at(1));
  EXPECT_EQ(log_.instructions(kWord).write, at(2));
  EXPECT_EQ(log_.instructions(kWord + 1).read, at(4));
  EXPECT_EQ(log_.instructions(kWord + 1).write, nullptr);
  EXPECT_EQ(log_.instructions(kWord + 2).read, at(4));
  EXPECT_EQ(entries(), (Entries{{0, {0x0f, 0xff}}, {1, {0xf0, 0}}, {2, {0x0f, 0}}}));
  log_.clear();
  EXPECT_EQ(log_.instructions(kWord).read, nullptr);
}

TEST_F(AccessLogTest, KeepsWhatATableOfBytesWould) {
  constexpr std::uint64_t kSeed = 1;
  RandomStream random(kSeed);
  for (int step = 0; step < 200; ++step) {
    constexpr std::size_t kUsed = 4'096;
    std::vector<bool> reads(kUsed, false);
    std::vector<bool> writes(kUsed, false);
    std::size_t fresh_begin = kUsed;
    {
      const auto scope = begin();
      for (int i = 0; i < 300; ++i) {
        if (i == 150 && random.below(2) == 0) {
          fresh_begin = kUsed - 8 * random.below(64);
          log_.set_fresh(at(kMemory + fresh_begin), at(kMemory + kUsed));
        }
        const std::size_t bytes =
            random.below(8) == 0 ? 1 + random.below(100) : std::size_t{1} << random.below(5);
        const std::size_t begin = random.below(kUsed - bytes + 1);
        if (begin < fresh_begin && fresh_begin < begin + bytes) continue;
        const bool is_write = random.below(2) == 0;
        is_write ? write(begin, bytes) : read(begin, bytes);
        if (begin >= fresh_begin) continue;
        for (std::size_t byte = begin; byte < begin + bytes; ++byte) {
          if (is_write) {
            writes[byte] = true;
          } else if (!writes[byte]) {
            reads[byte] = true;
          }
        }
      }
    }
    Entries expected;
    for (std::size_t byte = 0; byte < kUsed; ++byte) {
      if (!reads[byte] && !writes[byte]) continue;
      auto& [read_bytes, written_bytes] = expected[byte / 8];
      if (reads[byte]) read_bytes |= 1u << byte % 8;
      if (writes[byte]) written_bytes |= 1u << byte % 8;
    }
    ASSERT_EQ(entries(), expected) << "step " << step;
    log_.clear();
  }
}

}  // namespace
}  // namespace cocheck::detail
