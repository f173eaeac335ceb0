#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace cocheck::detail {

/// A word of memory with the bytes of it that a step read and wrote, in one number: the number of
/// the word above, then a bit for each byte read, and for each byte written.
class AccessedWord {
 public:
  AccessedWord() = default;
  AccessedWord(std::uint64_t word, std::uint8_t reads, std::uint8_t writes) noexcept
      : bits_(word << 16 | std::uint64_t{reads} << 8 | writes) {}

  [[nodiscard]] std::uint64_t word() const noexcept { return bits_ >> 16; }
  [[nodiscard]] std::uint8_t reads() const noexcept {
    return static_cast<std::uint8_t>(bits_ >> 8);
  }
  [[nodiscard]] std::uint8_t writes() const noexcept { return static_cast<std::uint8_t>(bits_); }

  friend bool operator==(AccessedWord, AccessedWord) = default;
  friend auto operator<=>(AccessedWord, AccessedWord) = default;

 private:
  std::uint64_t bits_ = 0;
};

/// Some bytes of a word: a bit for each.
struct WordPart {
  std::uint64_t word = 0;
  std::uint8_t bytes = 0;

  friend bool operator==(WordPart, WordPart) = default;
};

/// A run of words that was released, and so written as a whole.
struct ReleasedWords {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;

  [[nodiscard]] bool holds(std::uint64_t word) const noexcept {
    return begin <= word && word < end;
  }

  friend bool operator==(const ReleasedWords&, const ReleasedWords&) = default;
};

/// The memory that a step touched: words in ascending order, and what it released. A view.
struct Footprint {
  std::span<const AccessedWord> words;
  std::span<const ReleasedWords> released;
  std::uint64_t touched = 0;  // a bit for each word, by a hash of it
  std::uint64_t written = 0;

  [[nodiscard]] static std::uint64_t bit_of(std::uint64_t word) noexcept {
    return std::uint64_t{1} << (word * 0x9e37'79b9'7f4a'7c15u >> 58);
  }
};

/// Whether `which` is true of an access to one of the words, or some were released.
template <class Predicate>
[[nodiscard]] bool touches(const Footprint& footprint, ReleasedWords run, Predicate&& which) {
  const auto first =
      std::partition_point(footprint.words.begin(), footprint.words.end(),
                           [&](AccessedWord accessed) { return accessed.word() < run.begin; });
  for (auto next = first; next != footprint.words.end() && next->word() < run.end; ++next) {
    if (which(*next)) return true;
  }
  return std::any_of(
      footprint.released.begin(), footprint.released.end(),
      [&](const ReleasedWords& other) { return other.begin < run.end && run.begin < other.end; });
}

[[nodiscard]] inline bool touches(const Footprint& footprint, ReleasedWords run) noexcept {
  return touches(footprint, run, [](AccessedWord) { return true; });
}

/// Whether `which` is true of the accesses of both to one of the words that both touched. O(words).
template <class Predicate>
[[nodiscard]] bool any_common_word(const Footprint& one, const Footprint& other,
                                   Predicate&& which) {
  auto left = one.words.begin();
  auto right = other.words.begin();
  while (left != one.words.end() && right != other.words.end()) {
    if (left->word() < right->word()) {
      ++left;
    } else if (right->word() < left->word()) {
      ++right;
    } else {
      if (which(*left, *right)) return true;
      ++left;
      ++right;
    }
  }
  return false;
}

/// Whether a step may have done something else had another one not come before it. What it has
/// released it may have read before. O(words).
[[nodiscard]] inline bool reads_from(const Footprint& one, const Footprint& other) noexcept {
  if ((one.touched & other.written) != 0 &&
      any_common_word(one, other, [](AccessedWord mine, AccessedWord its) {
        return (mine.reads() & its.writes()) != 0;
      })) {
    return true;
  }
  return std::any_of(other.released.begin(), other.released.end(),
                     [&](const ReleasedWords& run) { return touches(one, run); }) ||
         std::any_of(one.released.begin(), one.released.end(), [&](const ReleasedWords& run) {
           return touches(other, run, [](AccessedWord word) { return word.writes() != 0; });
         });
}

/// Whether one has written what the other has touched. O(words).
[[nodiscard]] inline bool conflict(const Footprint& one, const Footprint& other) noexcept {
  if (((one.touched & other.written) | (one.written & other.touched)) != 0 &&
      any_common_word(one, other, [](AccessedWord mine, AccessedWord its) {
        return (mine.writes() & (its.reads() | its.writes())) != 0 ||
               (mine.reads() & its.writes()) != 0;
      })) {
    return true;
  }
  for (const ReleasedWords& run : one.released) {
    if (touches(other, run)) return true;
  }
  for (const ReleasedWords& run : other.released) {
    if (touches(one, run)) return true;
  }
  return false;
}

}  // namespace cocheck::detail
