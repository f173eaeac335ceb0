#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "cocheck/detail/harness_allocator.hpp"

namespace cocheck::detail {

/// Where the blocks of a model lie if their addresses must depend on the history of the process
/// that allocates them only, not on what others do in between.
///
/// Each process, told by an address of its own, has an arena of chunks, which are used up one after
/// the other; nothing is used twice in an execution. The arenas stay where they are from one
/// execution to the next. In granules, counted from the begin of the memory.
class ProcessArenas {
 public:
  /// How much of an arena was in use.
  struct Position {
    std::uint32_t arena = 0;
    std::uint32_t chunks = 0;
    std::uint32_t next = 0;
    std::uint32_t end = 0;
  };

  /// The first of `granules` for `process`; nothing where `limit` is too small for them.
  std::optional<std::uint32_t> carve(const void* process, std::uint32_t granules,
                                     std::uint32_t limit);
  /// The arena as it was before the last carve().
  [[nodiscard]] Position position() const noexcept { return before_; }
  /// Takes one carve() back, the last one first.
  void restore(Position position) noexcept;

  /// The end of the chunk in which the last carve() was.
  [[nodiscard]] std::uint32_t end_of_chunk() const noexcept { return end_; }

  /// Empties all arenas.
  void begin_execution() noexcept;
  /// Forgets them; new ones begin at `first`.
  void clear(std::uint32_t first) noexcept;
  /// All chunks lie at least there, and below reserved().
  [[nodiscard]] std::uint32_t first() const noexcept { return first_; }
  [[nodiscard]] std::uint32_t reserved() const noexcept { return reserved_; }

 private:
  static constexpr std::uint32_t kFirstChunk = 64;  // granules; each next one is twice as large
  static constexpr std::uint32_t kLargestChunk = 1 << 15;

  struct Chunk {
    std::uint32_t ordinal = 0;  // a large block may need another one in the place of the first
    std::uint32_t begin = 0;
    std::uint32_t granules = 0;
  };
  struct Arena {
    HarnessVector<Chunk> chunks;
    std::uint32_t used = 0;  // chunks
    std::uint32_t next = 0;
    std::uint32_t end = 0;
  };

  [[nodiscard]] std::uint32_t arena_of(const void* process);
  [[nodiscard]] bool next_chunk(Arena& arena, std::uint32_t granules, std::uint32_t limit);

  HarnessVector<Arena> arenas_;
  HarnessMap<const void*, std::uint32_t> index_;
  const void* last_process_ = nullptr;
  std::uint32_t last_arena_ = 0;
  Position before_;
  std::uint32_t end_ = 0;
  std::uint32_t first_ = 0;
  std::uint32_t reserved_ = 0;
};

}  // namespace cocheck::detail
