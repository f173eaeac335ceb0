#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include "cocheck/detail/harness_allocator.hpp"
#include "cocheck/detail/process_arenas.hpp"

namespace cocheck::detail {

/// The memory of a world: all that its model allocates while a Scope lives, and frames and tasks.
///
/// One range of addresses, reserved once and the same in every execution: the same allocations in
/// the same order get the same addresses. Blocks are carved one behind the other and given out
/// again by size, the last one freed first. Free memory is zero. Where the limit is reached,
/// allocate() throws std::bad_alloc and exhausted() stays true until the next execution.
///
/// With a journal, undo() takes allocations back; the bytes themselves are the business of
/// UndoLog. Under AddressSanitizer what is not allocated is poisoned.
///
/// Allocation and release are O(1) but for clearing, and use no other memory once they have
/// happened before.
class ModelMemory {
 public:
  using BlockId = std::uint32_t;
  static constexpr BlockId kNoBlock = ~BlockId{0};
  static constexpr std::size_t kGranule = 32;  // bytes; blocks begin and end at multiples of it
  static constexpr std::size_t kDefaultLimit = std::size_t{1} << 30;
  static constexpr std::size_t kSlots = 256;  // memories at most
  static constexpr std::size_t kMaxLimit = std::size_t{1} << 31;

  struct Block {
    std::uint32_t begin = 0;  // first granule
    std::uint32_t granules = 0;
    std::uint32_t bytes = 0;  // as asked for; 0: free
    BlockId next_free = kNoBlock;
    std::uint64_t links = 0;  // words that are no part of the state; all ones: the whole block
    std::uint64_t names = 0;  // words that are part of it only where tasks are told apart

    [[nodiscard]] bool live() const noexcept { return bytes != 0; }
  };

  /// Where the next block is carved: above the last one, below it, or in an arena of the process
  /// that runs.
  enum class Layout : std::uint8_t { upward, downward, by_process };

  /// One that is free, or a new one. `limit` in bytes, at most kMaxLimit.
  struct Return {
    void operator()(ModelMemory* memory) const noexcept;
  };
  using Handle = std::unique_ptr<ModelMemory, Return>;
  [[nodiscard]] static Handle acquire(std::size_t limit);

  ModelMemory(const ModelMemory&) = delete;
  ModelMemory& operator=(const ModelMemory&) = delete;

  [[nodiscard]] void* allocate(std::size_t bytes);
  void deallocate(void* memory, void* caller = nullptr) noexcept;
  /// The same for blocks whose second word says which block it is: quicker to release. Their first
  /// two words are no part of the state.
  [[nodiscard]] void* allocate_named(std::size_t bytes);
  void deallocate_named(void* memory) noexcept;

  /// With Layout::by_process: who allocates from now on, so that executions which differ only in
  /// the order of steps that do not depend on each other have the same addresses. What is freed is
  /// not used again in the same execution.
  void enter_process(const void* process) noexcept { process_ = process; }

  /// Before an execution. What is still allocated stays for ever.
  void begin_execution(Layout layout = Layout::upward) noexcept;
  /// Before that: releases what the last execution has left, since nobody points there any more.
  void discard_left() noexcept;
  /// Calls `visit(begin, end)` for each range of whole pages in which blocks of earlier executions
  /// are kept that were never returned, in all memories.
  template <class Visit>
  static void for_each_kept(Visit&& visit) {
    for (std::size_t slot = 0; slot < kSlots; ++slot) {
      const std::span<std::byte> kept = kept_in_slot(slot);
      if (!kept.empty()) visit(kept.data(), kept.data() + kept.size());
    }
  }

  /// Drops what the execution has allocated, without asking who still uses it: nobody may.
  void abandon() noexcept;

  [[nodiscard]] Layout layout() const noexcept { return layout_; }
  /// Another number: what had the same history in an earlier execution may lie elsewhere now.
  [[nodiscard]] std::uint64_t layouts() const noexcept { return layouts_; }
  [[nodiscard]] bool exhausted() const noexcept { return exhausted_; }
  /// Whether something was freed that is not allocated; it is left alone.
  [[nodiscard]] bool invalid_free() const noexcept { return invalid_free_; }
  /// The instruction behind the call that did so first, if it is known.
  [[nodiscard]] void* const& invalid_free_by() const noexcept { return invalid_free_by_; }
  /// Blocks given out and not returned, those of earlier executions included.
  [[nodiscard]] std::size_t outstanding() const noexcept { return outstanding_; }
  /// Of these, the ones of the present execution.
  [[nodiscard]] std::size_t outstanding_now() const noexcept { return outstanding_ - kept_; }

  /// What is in use: [begin(), end()), which covers all blocks of this execution.
  [[nodiscard]] std::byte* begin() const noexcept {
    return layout_ != Layout::downward ? base_ : base_ + (limit_ - used_);
  }
  [[nodiscard]] std::byte* end() const noexcept {
    return layout_ != Layout::downward ? base_ + used_ : base_ + limit_;
  }
  [[nodiscard]] std::size_t used() const noexcept { return used_; }
  [[nodiscard]] std::size_t limit() const noexcept { return limit_; }

  [[nodiscard]] std::size_t block_count() const noexcept { return carved_; }
  [[nodiscard]] const Block& block(BlockId id) const noexcept { return blocks_[id]; }
  [[nodiscard]] std::byte* address(BlockId id) const noexcept {
    return base_ + std::size_t{blocks_[id].begin} * kGranule;
  }
  /// The block, live or free, around an address within [begin(), end()).
  [[nodiscard]] BlockId block_at(const void* address) const noexcept {
    return block_of_granule_[granule_of(address)];
  }
  [[nodiscard]] bool in_use(std::uintptr_t address) const noexcept {
    return address - reinterpret_cast<std::uintptr_t>(begin()) < used_;
  }

  /// Whether what happens to a word, by its number, can matter: it lies in a live block and was not
  /// taken out.
  [[nodiscard]] bool matters(std::uint64_t word) const noexcept;

  /// Takes words of a live block out of the state.
  void exclude(const void* begin, std::size_t bytes, bool names) noexcept;
  void exclude_block(const void* memory) noexcept;
  /// How often that was done.
  [[nodiscard]] std::uint64_t exclusions() const noexcept { return exclusions_; }
  /// Whether a live block begins there.
  [[nodiscard]] bool is_live_block(const std::byte* memory) const noexcept {
    if (!in_use(reinterpret_cast<std::uintptr_t>(memory))) return false;
    const BlockId id = block_at(memory);
    return id < carved_ && blocks_[id].live() && address(id) == memory;
  }

  /// How many live blocks lie in part in a page of so many bytes, the first one beginning at
  /// begin().
  static constexpr std::size_t kPage = 1024;
  [[nodiscard]] std::uint32_t live_in_page(std::size_t page) const noexcept {
    return page < live_.size() ? live_[page] : 0;
  }

  /// One step back: an allocation, or with the block as it was, a release.
  struct Change {
    BlockId id;
    std::uint32_t bytes;  // of a release; 0 for an allocation
    std::uint64_t links;
    std::uint64_t names;
    bool carved;
    ProcessArenas::Position arena;  // of a carved block: before that
  };
  using Journal = HarnessVector<Change>;
  void set_journal(Journal* journal);
  /// Releases a live block and leaves what is in it. To be undone before anything is executed.
  void release_for_now(std::byte* block) noexcept;
  /// Undoes the changes behind the first `keep`, the last one first, and forgets them.
  void undo(std::size_t keep) noexcept;

  /// The memory that allocations of this thread go to; null for the ordinary heap.
  [[nodiscard]] static ModelMemory* current() noexcept { return current_; }
  static ModelMemory* exchange_current(ModelMemory* memory) noexcept {
    return std::exchange(current_, memory);
  }
  /// Whether an address is where current() lies.
  [[nodiscard]] static bool holds_current(std::uintptr_t address) noexcept {
    return address == reinterpret_cast<std::uintptr_t>(&current_);
  }
  /// Whether operator new is replaced in this program, so that all that a model allocates comes
  /// from here.
  [[nodiscard]] static bool holds_everything();
  /// The memory that an address belongs to, or null.
  [[nodiscard]] static ModelMemory* owner_of(const void* address) noexcept;

  /// Makes `memory` current; null leaves the model for what cocheck or a test framework keeps.
  class Scope {
   public:
    explicit Scope(ModelMemory* memory) noexcept : previous_(current_) { current_ = memory; }
    ~Scope() { current_ = previous_; }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    ModelMemory* previous_;
  };

 private:
  [[nodiscard]] static std::span<std::byte> kept_in_slot(std::size_t slot) noexcept;

  struct SizeClass {
    std::uint32_t granules;
    std::uint32_t index;
  };
  static constexpr std::uint32_t kExactClasses = 64;  // up to so many granules each has its class
  static constexpr std::size_t kClasses = kExactClasses + 1 + 8 * 26;

  ModelMemory(std::size_t slot, std::byte* base, BlockId* table, std::size_t limit) noexcept;
  ~ModelMemory();

  void note_release(BlockId id);
  void count_live(const Block& block, std::uint32_t change);
  [[nodiscard]] static SizeClass size_class(std::size_t granules) noexcept;
  [[nodiscard]] BlockId carve(SizeClass size);
  [[nodiscard]] BlockId carve_in_arena(SizeClass size);
  [[nodiscard]] BlockId carve_again() noexcept;
  [[nodiscard]] BlockId take_quickly(std::size_t bytes) noexcept;
  [[nodiscard]] BlockId take_slowly(std::size_t bytes);
  [[nodiscard]] void* allocate_named_slowly(std::size_t bytes);
  [[nodiscard]] void* name(BlockId id) noexcept;
  std::uint32_t take_back(BlockId id) noexcept;
  void give_back(BlockId id) noexcept;
  void set_careful() noexcept;
  void make_live(BlockId id, std::uint32_t bytes) noexcept;
  void make_free(BlockId id) noexcept;
  void push_free(BlockId id) noexcept;
  [[nodiscard]] std::size_t granule_of(const void* address) const noexcept {
    return static_cast<std::size_t>(static_cast<const std::byte*>(address) - base_) / kGranule;
  }

  static inline constinit thread_local ModelMemory* current_ = nullptr;

  std::byte* base_;
  BlockId* block_of_granule_;
  std::size_t limit_;
  std::size_t slot_;
  std::size_t used_ = 0;
  std::size_t outstanding_ = 0;
  std::size_t kept_ = 0;  // blocks of earlier executions that were never returned
  std::size_t kept_used_ = 0;
  std::size_t kept_carved_ = 0;
  std::size_t carved_ = 0;  // of blocks_; the rest is what the last execution had carved
  HarnessVector<Block> blocks_;
  HarnessVector<std::uint32_t> live_;  // with a journal: live blocks by page
  std::array<BlockId, kClasses> free_{};
  ProcessArenas arenas_;
  const void* process_ = nullptr;
  std::uint64_t layouts_ = 0;
  std::uint64_t exclusions_ = 0;
  Journal* journal_ = nullptr;
  Layout layout_ = Layout::upward;
  bool careful_ = false;  // whether more has to be done than to give and take blocks
  bool exhausted_ = false;
  bool invalid_free_ = false;
  void* invalid_free_by_ = nullptr;
};

}  // namespace cocheck::detail
