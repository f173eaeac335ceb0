#include "cocheck/detail/undo_log.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cassert>
#include <cstring>
#include <new>
#include <utility>

#include "changed_lines.hpp"
#include "cocheck/detail/sanitizers.hpp"

namespace cocheck::detail {

namespace {

#if COCHECK_ADDRESS_SANITIZER
// Word by word: the compiler must not make a call of this loop, which would check what it copies.
COCHECK_UNCHECKED void copy_bytes(std::byte* to, const std::byte* from, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes / 8; ++i) {
    reinterpret_cast<volatile std::uint64_t*>(to)[i] =
        reinterpret_cast<const volatile std::uint64_t*>(from)[i];
  }
}
#else
void copy_bytes(std::byte* to, const std::byte* from, std::size_t bytes) {
  std::memcpy(to, from, bytes);
}
#endif

}  // namespace

UndoLog::UndoLog(ModelMemory& memory) : memory_(memory) {
  void* copy_of_memory = ::mmap(nullptr, memory.limit(), PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (copy_of_memory == MAP_FAILED) throw std::bad_alloc();
  copy_ = static_cast<std::byte*>(copy_of_memory);
  const std::size_t used = (memory.used() + kLine - 1) / kLine * kLine;
  copy_bytes(copy_, memory.begin(), used);
  compared_ = used;
  memory.set_journal(&journal_);
}

UndoLog::~UndoLog() {
  memory_.set_journal(nullptr);
  ::munmap(copy_, memory_.limit());
}

template <class Visit>
void UndoLog::for_each_block(std::size_t line, Visit&& visit) const {
  const std::size_t begin = line * kLine;
  const std::size_t end = std::min(begin + kLine, memory_.used());
  for (std::size_t at = begin; at < end; at += ModelMemory::kGranule) {
    visit(memory_.block_at(memory_.begin() + at));
  }
}

void UndoLog::commit(Fingerprinter* fingerprinter) {
  compared_ = std::max(compared_, (memory_.used() + kLine - 1) / kLine * kLine);
  static const FindChangedLines find = find_changed_lines();
  const std::size_t pages = (compared_ + kPage - 1) / kPage;
  empty_.resize(pages, 0);
  changed_lines_.clear();
  for (std::size_t page = 0; page < pages;) {
    // Pages in which nothing lives, and nothing did before, are left out; the others in runs.
    const std::size_t begin = page;
    bool skipped = false;
    while (page < pages && !skipped) {
      const bool empty = memory_.live_in_page(page) == 0;
      skipped = empty && empty_[page] != 0;
      empty_[page] = empty ? 1 : 0;
      ++page;
    }
    const std::size_t end = std::min((skipped ? page - 1 : page) * kPage, compared_);
    if (end <= begin * kPage) continue;
    find(memory_.begin() + begin * kPage, copy_ + begin * kPage, (end - begin * kPage) / kLine,
         begin * kPage / kLine, changed_lines_);
  }
  last_step_ = lines_.size();
  last_change_ = std::exchange(committed_, journal_.size());
  keep_lines(changed_lines_);
  end_step();
  if (fingerprinter == nullptr) return;
  for (std::size_t i = last_step_; i < lines_.size(); ++i) {
    for_each_block(lines_[i].index,
                   [&](ModelMemory::BlockId block) { fingerprinter->touch_and_keep(block); });
  }
  for (; journal_told_ < journal_.size(); ++journal_told_) {
    fingerprinter->touch_and_keep(journal_[journal_told_].id);
  }
}

/// As they were before the step.
void UndoLog::keep_lines(std::span<const std::size_t> lines) {
  assert(words_.empty());
  for (const std::size_t index : lines) {
    Line& line = lines_.emplace_back();
    line.index = index;
    copy_bytes(line.bytes.data(), copy_ + index * kLine, kLine);
    note_change_at(index * kLine);
  }
}

/// A page in which something changes has to be looked at by the next commit().
inline void UndoLog::note_change_at(std::size_t offset) noexcept {
  if (offset / kPage < empty_.size()) empty_[offset / kPage] = 0;
}

/// All that it has changed lies in them.
void UndoLog::end_step() noexcept {
  for (std::size_t i = last_step_; i < lines_.size(); ++i) {
    const std::size_t at = lines_[i].index * kLine;
    copy_bytes(copy_ + at, memory_.begin() + at, kLine);
  }
}

void UndoLog::keep(const std::byte* word) {
  const std::size_t index = line_of(word);
  const bool kept =
      std::any_of(lines_.begin() + static_cast<std::ptrdiff_t>(last_step_), lines_.end(),
                  [&](const Line& line) { return line.index == index; });
  if (!kept) keep_lines({&index, 1});
}

void UndoLog::write(std::byte* word, std::uint64_t mask, std::uint64_t value) {
  const auto offset = static_cast<std::size_t>(word - memory_.begin());
  const std::uint64_t before = load_unchecked(copy_ + offset);
  const std::uint64_t now = (before & ~mask) | (value & mask);
  words_.push_back({offset, before});
  store_unchecked(word, now);
  store_unchecked(copy_ + offset, now);
}

UndoLog::LineWords UndoLog::words_of(const std::byte* line) noexcept {
  LineWords words;
  copy_bytes(reinterpret_cast<std::byte*>(words.data()), line, kLine);
  return words;
}

void UndoLog::wrote(const std::byte* word) {
  const auto offset = static_cast<std::size_t>(word - memory_.begin());
  words_.push_back({offset, load_unchecked(copy_ + offset)});
  store_unchecked(copy_ + offset, load_unchecked(word));
}

std::uint64_t UndoLog::before(const std::byte* word) const noexcept {
  const std::size_t index = line_of(word);
  const std::byte* line = memory_.begin() + index * kLine;
  const std::size_t within = static_cast<std::size_t>(word - line);
  const auto changed =
      std::lower_bound(lines_.begin() + static_cast<std::ptrdiff_t>(last_step_), lines_.end(),
                       index, [](const Line& one, std::size_t other) { return one.index < other; });
  if (changed != lines_.end() && changed->index == index) line = changed->bytes.data();
  std::uint64_t value = 0;
  std::memcpy(&value, line + within, sizeof value);
  return value;
}

void UndoLog::drop_half() {
  const std::size_t half = lines_.size() / 2;
  lines_.erase(lines_.begin(), lines_.begin() + static_cast<std::ptrdiff_t>(half));
  dropped_ += half;
  last_step_ = lines_.size();
}

void UndoLog::rewind(Position position, Fingerprinter* fingerprinter) {
  assert(holds(position));
  for (; words_.size() > position.words; words_.pop_back()) {
    const auto [offset, before] = words_.back();
    store_unchecked(memory_.begin() + offset, before);
    store_unchecked(copy_ + offset, before);
  }
  while (dropped_ + lines_.size() > position.lines) {
    const Line& line = lines_.back();
    const std::size_t at = line.index * kLine;
    note_change_at(at);
    copy_bytes(memory_.begin() + at, line.bytes.data(), kLine);
    copy_bytes(copy_ + at, line.bytes.data(), kLine);
    if (fingerprinter != nullptr) {
      for_each_block(line.index, [&](ModelMemory::BlockId block) { fingerprinter->touch(block); });
    }
    lines_.pop_back();
  }
  last_step_ = lines_.size();
  last_change_ = committed_ = position.changes;
  if (fingerprinter == nullptr) {
    memory_.undo(position.changes);
    return;
  }
  changed_.clear();
  for (std::size_t i = position.changes; i < journal_.size(); ++i) {
    changed_.push_back(journal_[i].id);
  }
  memory_.undo(position.changes);
  for (const ModelMemory::BlockId block : changed_) fingerprinter->touch(block);
  fingerprinter->restore(position.fingerprinter);
  journal_told_ = journal_.size();
}

}  // namespace cocheck::detail
