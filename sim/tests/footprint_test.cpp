#include "cocheck/detail/footprint.hpp"

#include <gtest/gtest.h>

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <map>
#include <ostream>
#include <vector>

#include "cocheck/random_stream.hpp"

namespace cocheck::detail {
namespace {

constexpr std::uint64_t kFirst = 0x5a3c'0000'0000u / 8;
constexpr std::size_t kWords = 6;
constexpr std::size_t kBytes = kWords * 8;
using Bytes = std::bitset<kBytes>;

/// What one step did, as a footprint and byte by byte.
struct Touched {
  std::vector<AccessedWord> words;
  std::vector<ReleasedWords> released;
  std::uint64_t touched = 0;
  std::uint64_t written = 0;
  Bytes reads;
  Bytes writes;
  Bytes releases;

  void access(std::size_t word, std::uint8_t read, std::uint8_t written_bytes) {
    words.emplace_back(kFirst + word, read, written_bytes);
    touched |= Footprint::bit_of(kFirst + word);
    if (written_bytes != 0) written |= Footprint::bit_of(kFirst + word);
    for (std::size_t byte = 0; byte < 8; ++byte) {
      if ((read >> byte & 1) != 0) reads.set(word * 8 + byte);
      if ((written_bytes >> byte & 1) != 0) writes.set(word * 8 + byte);
    }
  }
  void release(std::size_t begin, std::size_t end) {
    released.push_back({kFirst + begin, kFirst + end});
    for (std::size_t byte = begin * 8; byte < end * 8; ++byte) releases.set(byte);
  }
  [[nodiscard]] Footprint footprint() const { return {words, released, touched, written}; }
  [[nodiscard]] Bytes all() const { return reads | writes | releases; }
  /// Bytes of words of which any byte was touched: who releases a word has to do with all of it.
  [[nodiscard]] Bytes whole_words() const { return words_of(all()); }
  [[nodiscard]] Bytes written_words() const { return words_of(writes | releases); }

 private:
  [[nodiscard]] static Bytes words_of(const Bytes& bytes) {
    Bytes result;
    for (std::size_t byte = 0; byte < kBytes; ++byte) {
      for (std::size_t other = byte / 8 * 8; other < byte / 8 * 8 + 8; ++other) {
        if (bytes[other]) result.set(byte);
      }
    }
    return result;
  }
};

std::uint8_t random_bytes(RandomStream& random) {
  switch (random.below(4)) {
    case 0:
      return 0;
    case 1:
      return 0xff;
    case 2:
      return static_cast<std::uint8_t>(1u << random.below(8));
    default:
      return static_cast<std::uint8_t>(random.below(256));
  }
}

Touched random_step(RandomStream& random) {
  Touched step;
  for (std::size_t word = 0; word < kWords; ++word) {
    if (random.below(3) != 0) continue;
    const std::uint8_t reads = random_bytes(random);
    const std::uint8_t writes = random_bytes(random);
    if ((reads | writes) != 0) step.access(word, reads, writes);
  }
  while (random.below(5) == 0) {
    const std::size_t begin = random.below(kWords);
    step.release(begin, begin + 1 + random.below(kWords - begin));
  }
  return step;
}

TEST(Footprint, ConflictsAndReadsAreThoseOfTheBytes) {
  constexpr std::uint64_t kSeed = 1;
  RandomStream random(kSeed);
  int conflicts = 0;
  int reads = 0;
  constexpr int kRounds = 50'000;
  for (int round = 0; round < kRounds; ++round) {
    const Touched one = random_step(random);
    const Touched other = random_step(random);
    const Bytes released =
        (one.releases & other.whole_words()) | (other.releases & one.whole_words());
    const bool conflicting =
        (((one.writes & other.all()) | (one.all() & other.writes)) | released).any();
    const bool reading = ((one.reads & other.writes) | (other.releases & one.whole_words()) |
                          (one.releases & other.written_words()))
                             .any();
    ASSERT_EQ(conflict(one.footprint(), other.footprint()), conflicting) << "round " << round;
    ASSERT_EQ(conflict(other.footprint(), one.footprint()), conflicting) << "round " << round;
    ASSERT_EQ(reads_from(one.footprint(), other.footprint()), reading) << "round " << round;
    conflicts += conflicting ? 1 : 0;
    reads += reading ? 1 : 0;
  }
  EXPECT_GT(conflicts, kRounds / 5);
  EXPECT_LT(conflicts, kRounds * 4 / 5);
  EXPECT_GT(reads, kRounds / 10);
  EXPECT_LT(reads, conflicts);
}

TEST(Footprint, OtherBytesOfOneWordDoNotConflict) {
  Touched low;
  low.access(0, 0x0f, 0x0f);
  Touched high;
  high.access(0, 0xf0, 0xf0);
  EXPECT_FALSE(conflict(low.footprint(), high.footprint()));
  Touched release;
  release.release(0, 1);
  EXPECT_TRUE(conflict(low.footprint(), release.footprint()));
  EXPECT_TRUE(reads_from(low.footprint(), release.footprint()));
  EXPECT_TRUE(reads_from(release.footprint(), low.footprint()));
  Touched reader;
  reader.access(0, 0x01, 0);
  EXPECT_FALSE(reads_from(release.footprint(), reader.footprint()));
}

TEST(Footprint, ReadsDoNotConflict) {
  Touched reader;
  reader.access(0, 0xff, 0);
  Touched writer;
  writer.access(0, 0, 0x01);
  EXPECT_FALSE(conflict(reader.footprint(), reader.footprint()));
  EXPECT_TRUE(conflict(reader.footprint(), writer.footprint()));
  EXPECT_TRUE(reads_from(reader.footprint(), writer.footprint()));
  EXPECT_FALSE(reads_from(writer.footprint(), reader.footprint()));
  EXPECT_TRUE(conflict(writer.footprint(), writer.footprint()));
  EXPECT_FALSE(reads_from(writer.footprint(), writer.footprint()));
}

TEST(Footprint, WordsKeepTheirNumbersAndBytes) {
  const std::uint64_t largest = (std::uint64_t{1} << 48) - 1;
  for (const std::uint64_t word : {std::uint64_t{0}, kFirst, largest}) {
    const AccessedWord accessed(word, 0x81, 0x7e);
    EXPECT_EQ(accessed.word(), word);
    EXPECT_EQ(accessed.reads(), 0x81);
    EXPECT_EQ(accessed.writes(), 0x7e);
  }
  EXPECT_LT(AccessedWord(1, 0xff, 0xff), AccessedWord(2, 0, 0));
}

}  // namespace
}  // namespace cocheck::detail
