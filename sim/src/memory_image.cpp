#include "memory_image.hpp"

#include <algorithm>

#include "cocheck/detail/sanitizers.hpp"

namespace cocheck::detail {

namespace {

bool comes_before(const MemoryImage::Part& one, const MemoryImage::Part& other) noexcept {
  return one.block != other.block ? one.block < other.block : one.word < other.word;
}

bool is_same_word(const MemoryImage::Part& one, const MemoryImage::Part& other) noexcept {
  return one.block == other.block && one.word == other.word;
}

/// A byte of ones for each byte that is not 0.
std::uint64_t bytes_in(std::uint64_t value) noexcept {
  std::uint64_t mask = 0;
  for (unsigned byte = 0; byte < 8; ++byte) {
    const std::uint64_t ones = std::uint64_t{0xff} << 8 * byte;
    if ((value & ones) != 0) mask |= ones;
  }
  return mask;
}

constexpr std::size_t words_in(std::uint32_t bytes) noexcept {
  return (std::size_t{bytes} + 7) / 8;
}

}  // namespace

std::uint64_t MemoryImage::Word::difference(const Word& other) const noexcept {
  const bool same_place = target != 0 && target == other.target;
  return same_place ? 0 : bytes_in(value ^ other.value);
}

MemoryImage::MemoryImage(const ModelMemory& memory, std::size_t skipped) {
  constexpr std::uint32_t kDead = ~std::uint32_t{0};
  std::vector<std::uint32_t> numbers(memory.block_count(), kDead);
  for (ModelMemory::BlockId id = 0; id < memory.block_count(); ++id) {
    if (!memory.block(id).live() || skipped > 0) {
      skipped -= memory.block(id).live() ? 1 : 0;
      continue;
    }
    numbers[id] = static_cast<std::uint32_t>(blocks_.size());
    blocks_.push_back({id, memory.block(id).bytes, 0});
  }
  for (Block& of_image : blocks_) {
    of_image.first = words_.size();
    const ModelMemory::Block& block = memory.block(of_image.id);
    const std::uint64_t excluded = block.links | block.names;
    const bool all_excluded = block.links == ~std::uint64_t{0};
    for (std::size_t i = 0; i < words_in(block.bytes); ++i) {
      Word& word = words_.emplace_back();
      if (all_excluded || (i < 64 && (excluded >> i & 1) != 0)) continue;
      word.value = load_unchecked(memory.address(of_image.id) + i * 8);
      if (!memory.in_use(word.value)) continue;
      // NOLINTNEXTLINE(performance-no-int-to-ptr): the word is an address
      const auto* to = reinterpret_cast<const std::byte*>(word.value);
      const ModelMemory::BlockId target = memory.block_at(to);
      const auto offset = static_cast<std::uint64_t>(to - memory.address(target));
      word.target = (std::uint64_t{numbers[target]} << 32 | offset) + 1;
    }
  }
}

std::optional<MemoryImage::Parts> MemoryImage::difference(const MemoryImage& other) const {
  const bool same_blocks =
      std::equal(blocks_.begin(), blocks_.end(), other.blocks_.begin(), other.blocks_.end(),
                 [](const Block& mine, const Block& its) { return mine.bytes == its.bytes; });
  if (!same_blocks) return std::nullopt;
  Parts parts;
  for (std::uint32_t number = 0; number < blocks_.size(); ++number) {
    const Block& block = blocks_[number];
    for (std::uint32_t i = 0; i < words_in(block.bytes); ++i) {
      const std::uint64_t mask = words_[block.first + i].difference(other.words_[block.first + i]);
      if (mask != 0) parts.push_back({number, i, mask});
    }
  }
  return parts;
}

void MemoryImage::spoil(const ModelMemory& memory, const Parts& parts) const {
  for (const Part& part : parts) {
    std::byte* at = memory.address(blocks_[part.block].id) + std::size_t{part.word} * 8;
    store_unchecked(at, load_unchecked(at) ^ part.mask);
  }
}

MemoryImage::Parts MemoryImage::without(const Parts& parts, const Parts& others) {
  Parts left;
  for (Part part : parts) {
    const auto other = std::lower_bound(others.begin(), others.end(), part, comes_before);
    if (other != others.end() && is_same_word(*other, part)) part.mask &= ~other->mask;
    if (part.mask != 0) left.push_back(part);
  }
  return left;
}

MemoryImage::Parts MemoryImage::united(const Parts& one, const Parts& other) {
  Parts all = one;
  all.insert(all.end(), other.begin(), other.end());
  std::sort(all.begin(), all.end(), comes_before);
  std::size_t kept = 0;
  for (const Part& part : all) {
    if (kept > 0 && is_same_word(all[kept - 1], part)) {
      all[kept - 1].mask |= part.mask;
    } else {
      all[kept++] = part;
    }
  }
  all.resize(kept);
  return all;
}

}  // namespace cocheck::detail
