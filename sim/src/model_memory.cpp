#include "cocheck/detail/model_memory.hpp"

#include <sanitizer/asan_interface.h>
#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstdlib>
#include <cstring>
#include <new>

#include "cocheck/detail/access_log.hpp"
#include "cocheck/detail/sanitizers.hpp"

namespace cocheck::detail {

namespace {

// Behind each block: poisoned bytes, or one at least, since a pointer behind the end of an array
// must not point to the next block.
constexpr std::size_t kRedzone = COCHECK_ADDRESS_SANITIZER ? 16 : 1;

// Where a named block says which one it is; the words that are not part of its state.
constexpr std::size_t kNameOffset = 8;
constexpr std::uint64_t kNameWords = 0b11;
constexpr std::size_t kSystemPage = 4096;

/// Blocks end at a multiple of 32 bytes, and what lies behind `bytes` is zero already.
void clear(std::byte* memory, std::size_t bytes) noexcept {
  constexpr std::size_t kFew = 2 * ModelMemory::kGranule;
  if (COCHECK_ADDRESS_SANITIZER || bytes > kFew) {
    std::memset(memory, 0, bytes);
  } else {
    for (std::size_t at = 0; at < bytes; at += ModelMemory::kGranule) {
      std::memset(memory + at, 0, ModelMemory::kGranule);
    }
  }
}

}  // namespace

ModelMemory::ModelMemory(std::size_t slot, std::byte* base, BlockId* table,
                         std::size_t limit) noexcept
    : base_(base), block_of_granule_(table), limit_(limit), slot_(slot) {
  free_.fill(kNoBlock);
}

inline ModelMemory::SizeClass ModelMemory::size_class(std::size_t granules) noexcept {
  if (granules <= kExactClasses) [[likely]] {
    return {static_cast<std::uint32_t>(granules), static_cast<std::uint32_t>(granules)};
  }
  // Eight classes between two powers of two.
  const auto octave = static_cast<std::size_t>(std::bit_width(granules - 1)) - 1;
  const std::size_t grain = (std::size_t{1} << octave) / 8;
  const std::size_t eighths = (granules - (std::size_t{1} << octave) + grain - 1) / grain;
  return {static_cast<std::uint32_t>((std::size_t{1} << octave) + eighths * grain),
          static_cast<std::uint32_t>(kExactClasses + 8 * (octave - 6) + eighths)};
}

ModelMemory::BlockId ModelMemory::carve_in_arena(SizeClass size) {
  const auto begin = [&] {
    const AccessLog::Pause pause;  // that there is a table of arenas is nothing that the step does
    return arenas_.carve(process_, size.granules, static_cast<std::uint32_t>(limit_ / kGranule));
  }();
  if (!begin) {
    exhausted_ = true;
    throw std::bad_alloc();
  }
  const auto id = static_cast<BlockId>(carved_++);
  blocks_.resize(carved_ - 1);
  blocks_.push_back({.begin = *begin, .granules = size.granules});
  std::fill_n(block_of_granule_ + *begin, size.granules, id);
  used_ = std::size_t{arenas_.reserved()} * kGranule;
  if (AccessLog* log = AccessLog::active()) {
    log->set_fresh(base_ + std::size_t{*begin} * kGranule,
                   base_ + std::size_t{arenas_.end_of_chunk()} * kGranule);
  }
  return id;
}

inline ModelMemory::BlockId ModelMemory::carve(SizeClass size) {
  if (layout_ == Layout::by_process) [[unlikely]]
    return carve_in_arena(size);
  const std::size_t bytes = std::size_t{size.granules} * kGranule;
  if (bytes > limit_ - used_) [[unlikely]] {
    exhausted_ = true;
    throw std::bad_alloc();
  }
  const bool again = carved_ < blocks_.size() && blocks_[carved_].granules == size.granules;
  if (!again) {
    blocks_.resize(carved_);
    const std::size_t begin =
        (layout_ == Layout::upward ? used_ : limit_ - used_ - bytes) / kGranule;
    blocks_.push_back({.begin = static_cast<std::uint32_t>(begin), .granules = size.granules});
    std::fill_n(block_of_granule_ + begin, size.granules, static_cast<BlockId>(carved_));
  }
  return carve_again();
}

/// The next block lies where the execution before had one of the same size.
inline ModelMemory::BlockId ModelMemory::carve_again() noexcept {
  const auto id = static_cast<BlockId>(carved_++);
  const std::size_t bytes = std::size_t{blocks_[id].granules} * kGranule;
  used_ += bytes;
  ASAN_POISON_MEMORY_REGION(address(id), bytes);
  return id;
}

inline void ModelMemory::make_live(BlockId id, std::uint32_t bytes) noexcept {
  Block& block = blocks_[id];
  block.bytes = bytes;
  ++outstanding_;
  if (id < kept_carved_) [[unlikely]]
    ++kept_;
  if (journal_ != nullptr) [[unlikely]]
    count_live(block, 1);
  ASAN_UNPOISON_MEMORY_REGION(address(id), bytes);
}

inline void ModelMemory::make_free(BlockId id) noexcept {
  Block& block = blocks_[id];
  block.bytes = 0;
  block.links = block.names = 0;
  --outstanding_;
  if (id < kept_carved_) [[unlikely]]
    --kept_;
}

inline void ModelMemory::push_free(BlockId id) noexcept {
  Block& block = blocks_[id];
  BlockId& head = free_[size_class(block.granules).index];
  block.next_free = head;
  head = id;
}

__attribute__((noinline)) void ModelMemory::note_release(BlockId id) {
  const Block& block = blocks_[id];
  if (AccessLog* log = AccessLog::active()) {
    log->release(address(id), std::size_t{block.granules} * kGranule);
  }
  if (journal_ == nullptr) return;
  journal_->push_back({id, block.bytes, block.links, block.names, false, {}});
  count_live(block, ~std::uint32_t{0});
}

/// kNoBlock where more has to be done: see take_slowly().
inline ModelMemory::BlockId ModelMemory::take_quickly(std::size_t bytes) noexcept {
  if (bytes > kExactClasses * kGranule - kRedzone || careful_) [[unlikely]]
    return kNoBlock;
  const std::size_t granules = (bytes + kRedzone + kGranule - 1) / kGranule;
  BlockId id = free_[granules];
  if (id != kNoBlock) {
    free_[granules] = blocks_[id].next_free;
  } else if (carved_ < blocks_.size() && blocks_[carved_].granules == granules) {
    id = carve_again();
  } else {
    return kNoBlock;
  }
  make_live(id, static_cast<std::uint32_t>(bytes));
  return id;
}

__attribute__((noinline)) ModelMemory::BlockId ModelMemory::take_slowly(std::size_t bytes) {
  if (bytes > limit_) [[unlikely]] {
    exhausted_ = true;
    throw std::bad_alloc();
  }
  const SizeClass size = size_class((bytes + kRedzone + kGranule - 1) / kGranule);
  assert(size.index < kClasses);
  BlockId id = free_[size.index];
  const bool carved = id == kNoBlock;
  if (carved) {
    id = carve(size);
  } else {
    free_[size.index] = blocks_[id].next_free;
  }
  if (journal_ != nullptr) [[unlikely]]
    journal_->push_back({id, 0, 0, 0, carved, arenas_.position()});
  make_live(id, static_cast<std::uint32_t>(bytes));
  return id;
}

void* ModelMemory::allocate(std::size_t bytes) {
  bytes = std::max(bytes, std::size_t{1});
  const BlockId id = take_quickly(bytes);
  return address(id != kNoBlock ? id : take_slowly(bytes));
}

void* ModelMemory::allocate_named(std::size_t bytes) {
  bytes = std::max(bytes, kNameOffset + sizeof(std::uint64_t));
  const BlockId id = take_quickly(bytes);
  if (id == kNoBlock) [[unlikely]]
    return allocate_named_slowly(bytes);
  return name(id);
}

__attribute__((noinline)) void* ModelMemory::allocate_named_slowly(std::size_t bytes) {
  return name(take_slowly(bytes));
}

inline void* ModelMemory::name(BlockId id) noexcept {
  blocks_[id].links = kNameWords;
  std::byte* const memory = address(id);
  std::memcpy(memory + kNameOffset, &id, sizeof id);
  return memory;
}

/// Gives how many bytes it had.
inline std::uint32_t ModelMemory::take_back(BlockId id) noexcept {
  if (careful_) [[unlikely]]
    note_release(id);
  const std::uint32_t bytes = blocks_[id].bytes;
  make_free(id);
  if (layout_ != Layout::by_process) push_free(id);
  return bytes;
}

inline void ModelMemory::give_back(BlockId id) noexcept {
  const std::uint32_t bytes = take_back(id);
  {
    const AccessLog::Pause pause;  // that it is cleared is nothing that the step does
    clear(address(id), bytes);
  }
  ASAN_POISON_MEMORY_REGION(address(id), bytes);
}

void ModelMemory::deallocate(void* memory, void* caller) noexcept {
  const bool known = in_use(reinterpret_cast<std::uintptr_t>(memory));
  const BlockId id = known ? block_at(memory) : kNoBlock;
  if (!known || id >= carved_ || !blocks_[id].live()) {
    if (!std::exchange(invalid_free_, true)) invalid_free_by_ = caller;
    return;
  }
  give_back(id);
}

void ModelMemory::release_for_now(std::byte* block) noexcept {
  assert(journal_ != nullptr && is_live_block(block));
  [[maybe_unused]] const std::uint32_t bytes = take_back(block_at(block));
  ASAN_POISON_MEMORY_REGION(block, bytes);
}

void ModelMemory::deallocate_named(void* memory) noexcept {
  BlockId id = kNoBlock;
  std::memcpy(&id, static_cast<std::byte*>(memory) + kNameOffset, sizeof id);
  assert(id == block_at(memory));
  give_back(id);
}

void ModelMemory::discard_left() noexcept {
  assert(journal_ == nullptr);
  for (std::size_t id = kept_carved_; outstanding_ > kept_ && id < carved_; ++id) {
    if (blocks_[id].live()) give_back(static_cast<BlockId>(id));
  }
}

void ModelMemory::begin_execution(Layout layout) noexcept {
  exhausted_ = invalid_free_ = false;
  if (outstanding_ > kept_) {  // what the last execution left stays, with all below it
    kept_ = outstanding_;
    kept_used_ = used_;
    kept_carved_ = carved_;
  }
  if (kept_ == 0) kept_used_ = kept_carved_ = 0;
  // Downward, what is kept lies in the way.
  const bool may_change = kept_ == 0 || (layout_ != Layout::downward && layout != Layout::downward);
  if (layout != layout_ && may_change) {
    ASAN_UNPOISON_MEMORY_REGION(begin() + kept_used_, used_ - kept_used_);
    layout_ = layout;
    blocks_.resize(kept_carved_);
    arenas_.clear(0);
    ++layouts_;
  }
  set_careful();
  used_ = kept_used_;
  carved_ = kept_carved_;
  if (layout_ == Layout::by_process) {
    // Where more is kept than before, new arenas lie behind it.
    const auto first = static_cast<std::uint32_t>(kept_used_ / kGranule);
    if (first != arenas_.first() || arenas_.reserved() == first) {
      arenas_.clear(first);
      ++layouts_;
    }
    arenas_.begin_execution();
    process_ = nullptr;
    used_ = std::size_t{arenas_.reserved()} * kGranule;
  }
  free_.fill(kNoBlock);
}

void ModelMemory::abandon() noexcept {
  assert(journal_ == nullptr);
  for (std::size_t id = kept_carved_; id < carved_; ++id) {
    if (blocks_[id].live()) make_free(static_cast<BlockId>(id));
  }
  outstanding_ = kept_;
  // What a step that went wrong has written anywhere behind what is kept is gone, too.
  ASAN_UNPOISON_MEMORY_REGION(base_ + kept_used_, limit_ - kept_used_);
  const std::size_t whole = (kept_used_ + kSystemPage - 1) / kSystemPage * kSystemPage;
  std::memset(base_ + kept_used_, 0, whole - kept_used_);
  ::madvise(base_ + whole, limit_ - whole, MADV_DONTNEED);
}

void ModelMemory::set_careful() noexcept {
  careful_ = journal_ != nullptr || layout_ == Layout::by_process;
}

bool ModelMemory::matters(std::uint64_t word) const noexcept {
  const std::uintptr_t address = word * 8;
  if (!in_use(address)) return false;
  // NOLINTNEXTLINE(performance-no-int-to-ptr): it was an address
  const auto* at = reinterpret_cast<const std::byte*>(address);
  const BlockId id = block_at(at);
  if (id >= carved_) return false;
  const Block& block = blocks_[id];
  if (!block.live()) return false;
  const auto within = static_cast<std::size_t>(at - this->address(id)) / 8;
  if (within >= std::size_t{block.granules} * kGranule / 8) return false;
  return within >= 63 || ((block.links | block.names) >> within & 1) == 0;
}

void ModelMemory::set_journal(Journal* journal) {
  journal_ = journal;
  set_careful();
  live_.clear();
  if (journal == nullptr) return;
  for (std::size_t id = 0; id < carved_; ++id) {
    if (blocks_[id].live()) count_live(blocks_[id], 1);
  }
}

void ModelMemory::count_live(const Block& block, std::uint32_t change) {
  assert(layout_ != Layout::downward);
  constexpr std::size_t kGranulesInPage = kPage / kGranule;
  const std::size_t first = block.begin / kGranulesInPage;
  const std::size_t last = (block.begin + block.granules - 1) / kGranulesInPage;
  if (last >= live_.size()) {
    const AccessLog::Pause pause;
    live_.resize(last + 1, 0);
  }
  for (std::size_t page = first; page <= last; ++page) live_[page] += change;
}

void ModelMemory::undo(std::size_t keep) noexcept {
  assert(journal_ != nullptr);
  invalid_free_ = false;
  while (journal_->size() > keep) {
    const Change& change = journal_->back();
    Block& block = blocks_[change.id];
    if (change.bytes == 0) {
      assert(block.live());
      ASAN_POISON_MEMORY_REGION(address(change.id), block.bytes);
      count_live(block, ~std::uint32_t{0});
      make_free(change.id);
      if (change.carved) {
        assert(change.id + 1 == carved_);
        --carved_;
        if (layout_ == Layout::by_process) {
          arenas_.restore(change.arena);
        } else {
          used_ -= std::size_t{block.granules} * kGranule;
        }
      } else {
        push_free(change.id);
      }
    } else {
      assert(!block.live());
      if (layout_ != Layout::by_process) {
        BlockId& head = free_[size_class(block.granules).index];
        assert(head == change.id);
        head = block.next_free;
      }
      block.links = change.links;
      block.names = change.names;
      make_live(change.id, change.bytes);
    }
    journal_->pop_back();
  }
}

void ModelMemory::exclude(const void* begin, std::size_t bytes, bool names) noexcept {
  const BlockId id = block_at(begin);
  Block& block = blocks_[id];
  assert(block.live());
  ++exclusions_;
  const std::size_t first =
      static_cast<std::size_t>(static_cast<const std::byte*>(begin) - address(id)) / 8;
  assert(first + bytes / 8 <= 63);
  for (std::size_t word = first; word < first + bytes / 8; ++word) {
    (names ? block.names : block.links) |= std::uint64_t{1} << word;
  }
}

void ModelMemory::exclude_block(const void* memory) noexcept {
  Block& block = blocks_[block_at(memory)];
  assert(block.live());
  block.links = ~std::uint64_t{0};
  ++exclusions_;
}

}  // namespace cocheck::detail
