#include "cocheck/detail/process_arenas.hpp"

#include <algorithm>
#include <cassert>

namespace cocheck::detail {

std::uint32_t ProcessArenas::arena_of(const void* process) {
  if (!arenas_.empty() && process == last_process_) return last_arena_;
  const auto [found, added] =
      index_.try_emplace(process, static_cast<std::uint32_t>(arenas_.size()));
  if (added) arenas_.emplace_back();
  last_process_ = process;
  last_arena_ = found->second;
  return last_arena_;
}

bool ProcessArenas::next_chunk(Arena& arena, std::uint32_t granules, std::uint32_t limit) {
  const std::uint32_t ordinal = arena.used;
  const auto fits = [&](const Chunk& chunk) {
    return chunk.ordinal == ordinal && chunk.granules >= granules;
  };
  auto chunk = std::find_if(arena.chunks.begin(), arena.chunks.end(), fits);
  if (chunk == arena.chunks.end()) {
    const std::uint32_t usual = std::min(kLargestChunk, kFirstChunk << std::min(ordinal, 16u));
    const std::uint32_t size = std::max(granules, usual);
    if (reserved_ > limit || size > limit - reserved_) return false;
    arena.chunks.push_back({ordinal, reserved_, size});
    reserved_ += size;
    chunk = arena.chunks.end() - 1;
  }
  arena.used = ordinal + 1;
  arena.next = chunk->begin;
  arena.end = chunk->begin + chunk->granules;
  return true;
}

std::optional<std::uint32_t> ProcessArenas::carve(const void* process, std::uint32_t granules,
                                                  std::uint32_t limit) {
  const std::uint32_t index = arena_of(process);
  Arena& arena = arenas_[index];
  const Position before{index, arena.used, arena.next, arena.end};
  if (granules > arena.end - arena.next && !next_chunk(arena, granules, limit)) return std::nullopt;
  before_ = before;
  end_ = arena.end;
  const std::uint32_t begin = arena.next;
  arena.next += granules;
  return begin;
}

void ProcessArenas::restore(Position position) noexcept {
  Arena& arena = arenas_[position.arena];
  assert(arena.used == position.chunks || arena.used == position.chunks + 1);
  arena.used = position.chunks;
  arena.next = position.next;
  arena.end = position.end;
}

void ProcessArenas::begin_execution() noexcept {
  for (Arena& arena : arenas_) arena.used = arena.next = arena.end = 0;
}

void ProcessArenas::clear(std::uint32_t first) noexcept {
  arenas_.clear();
  index_.clear();
  last_process_ = nullptr;
  first_ = reserved_ = first;
}

}  // namespace cocheck::detail
