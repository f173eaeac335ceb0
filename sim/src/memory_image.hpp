#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "cocheck/detail/model_memory.hpp"

namespace cocheck::detail {

/// What a model has in its memory at some time, to be compared with what it has in another
/// execution of the same steps, wherever that has its blocks.
///
/// Left out is what is no part of a state: excluded words and free memory.
class MemoryImage {
 public:
  /// Some bytes of a word.
  struct Part {
    std::uint32_t block;  // the how manieth of the image
    std::uint32_t word;
    std::uint64_t mask;
  };
  using Parts = std::vector<Part>;

  MemoryImage() = default;
  /// Without the first `skipped` live blocks, so that what follows them has the same numbers as in
  /// an image where they are not there.
  explicit MemoryImage(const ModelMemory& memory, std::size_t skipped = 0);

  /// The bytes that are not the same; those of pointers to the same place are. Nothing where the
  /// blocks are others.
  [[nodiscard]] std::optional<Parts> difference(const MemoryImage& other) const;

  [[nodiscard]] std::size_t bytes() const noexcept { return words_.size() * sizeof(Word); }

  /// Changes those bytes of the memory, which is as it was when the image was made.
  void spoil(const ModelMemory& memory, const Parts& parts) const;

  /// `parts` without what is in `others`.
  [[nodiscard]] static Parts without(const Parts& parts, const Parts& others);
  /// What is in one of them.
  [[nodiscard]] static Parts united(const Parts& one, const Parts& other);

 private:
  struct Block {
    ModelMemory::BlockId id;
    std::uint32_t bytes;
    std::size_t first;  // of words_
  };
  struct Word {
    std::uint64_t value;
    std::uint64_t target;  // where it points to in the memory, as (block, offset) + 1; else 0

    [[nodiscard]] std::uint64_t difference(const Word& other) const noexcept;
  };

  std::vector<Block> blocks_;
  std::vector<Word> words_;
};

}  // namespace cocheck::detail
