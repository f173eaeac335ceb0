#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "cocheck/detail/fingerprint.hpp"
#include "cocheck/detail/harness_allocator.hpp"
#include "cocheck/detail/model_memory.hpp"

namespace cocheck::detail {

/// Takes the memory of a model back to what it was some steps ago.
///
/// Keeps a copy of the memory as it was after the last commit(), and for each commit the lines (of
/// 64 bytes) that had changed, as they were before: a snapshot costs what a step has changed. What
/// has changed is found by comparing, at about 100 GB/s, so that the model needs no
/// instrumentation.
class UndoLog {
 public:
  /// A point to go back to.
  struct Position {
    std::size_t lines = 0;
    std::size_t changes = 0;
    Fingerprinter::Position fingerprinter;
    std::size_t words = 0;
  };

  /// Begins with the memory as it is; from now on it keeps a journal.
  explicit UndoLog(ModelMemory& memory);
  ~UndoLog();
  UndoLog(const UndoLog&) = delete;
  UndoLog& operator=(const UndoLog&) = delete;

  [[nodiscard]] Position position(const Fingerprinter* fingerprinter) const noexcept {
    return {dropped_ + lines_.size(), journal_.size(),
            fingerprinter != nullptr ? fingerprinter->position() : Fingerprinter::Position{},
            words_.size()};
  }
  /// Whether rewind() can go there.
  [[nodiscard]] bool holds(Position position) const noexcept { return position.lines >= dropped_; }
  /// Forgets the older half of the lines.
  void drop_half();

  /// Ends a step: keeps what it has changed, and tells `fingerprinter`, if any, which blocks.
  void commit(Fingerprinter* fingerprinter);

  /// Calls `visit(address, before, now)` for each word that the last step has changed.
  template <class Visit>
  void for_each_changed_word(Visit&& visit) const;

  /// What a word was before the last step.
  [[nodiscard]] std::uint64_t before(const std::byte* word) const noexcept;
  /// What was allocated and released in the last step.
  [[nodiscard]] std::span<const ModelMemory::Change> last_changes() const noexcept {
    return std::span(journal_).subspan(last_change_);
  }

  /// Does what a step did without executing it: `apply()` changes nothing but bytes in `lines`
  /// (line_of() of their addresses, in ascending order), and releases blocks that lie there.
  template <class Apply>
  void repeat(std::span<const std::size_t> lines, Apply&& apply);
  /// In `apply()`: before a word changes that may lie in other lines.
  void keep(const std::byte* word);
  /// The same for a step after which only such steps come, until it is undone: `apply()` calls
  /// write() or wrote() for each word that it changes.
  template <class Apply>
  void repeat_for_now(Apply&& apply);
  /// In `apply()`: the bytes of a word that are in `mask` become those of `value`.
  void write(std::byte* word, std::uint64_t mask, std::uint64_t value);
  /// That it has changed a word.
  void wrote(const std::byte* word);
  [[nodiscard]] std::size_t line_of(const std::byte* at) const noexcept {
    return static_cast<std::size_t>(at - memory_.begin()) / kLine;
  }

  /// Goes back to `position`. All changes must have been committed.
  void rewind(Position position, Fingerprinter* fingerprinter);

  /// Bytes in use for lines.
  [[nodiscard]] std::size_t bytes() const noexcept { return lines_.size() * sizeof(Line); }

 private:
  static constexpr std::size_t kLine = 64;
  static constexpr std::size_t kPage = ModelMemory::kPage;

  struct Line {
    std::size_t index;
    std::array<std::byte, kLine> bytes;
  };

  struct Word {
    std::size_t offset;
    std::uint64_t before;
  };

  using LineWords = std::array<std::uint64_t, kLine / sizeof(std::uint64_t)>;
  /// Of a line, in which memory may be that is not allocated.
  [[nodiscard]] static LineWords words_of(const std::byte* line) noexcept;

  void keep_lines(std::span<const std::size_t> lines);
  void end_step() noexcept;
  void note_change_at(std::size_t offset) noexcept;
  template <class Visit>
  void for_each_block(std::size_t line, Visit&& visit) const;

  ModelMemory& memory_;
  std::byte* copy_;
  HarnessVector<std::size_t> changed_lines_;  // of one commit
  std::size_t compared_ = 0;                  // bytes: more were never in use
  HarnessVector<std::uint8_t> empty_;         // pages that held nothing, here and in the copy
  HarnessVector<Line> lines_;
  HarnessVector<Word> words_;  // of steps that are repeated for now: behind all lines
  std::size_t last_step_ = 0;  // its lines begin there
  std::size_t last_change_ = 0;
  std::size_t dropped_ = 0;  // lines in front of these
  ModelMemory::Journal journal_;
  std::size_t committed_ = 0;  // of the journal
  std::size_t journal_told_ = 0;
  HarnessVector<ModelMemory::BlockId> changed_;
};

template <class Visit>
void UndoLog::for_each_changed_word(Visit&& visit) const {
  for (std::size_t i = last_step_; i < lines_.size(); ++i) {
    const Line& line = lines_[i];
    const std::byte* now = memory_.begin() + line.index * kLine;
    const LineWords before = words_of(line.bytes.data());
    const LineWords after = words_of(now);
    unsigned changed = 0;
    for (std::size_t word = 0; word < before.size(); ++word) {
      changed |= unsigned{before[word] != after[word]} << word;
    }
    for (; changed != 0; changed &= changed - 1) {
      const auto word = static_cast<std::size_t>(std::countr_zero(changed));
      visit(now + word * sizeof(std::uint64_t), before[word], after[word]);
    }
  }
}

template <class Apply>
void UndoLog::repeat(std::span<const std::size_t> lines, Apply&& apply) {
  last_step_ = lines_.size();
  last_change_ = journal_.size();
  keep_lines(lines);
  std::forward<Apply>(apply)();
  end_step();
  committed_ = journal_.size();
}

template <class Apply>
void UndoLog::repeat_for_now(Apply&& apply) {
  last_step_ = lines_.size();
  last_change_ = journal_.size();
  std::forward<Apply>(apply)();
  committed_ = journal_.size();
}

}  // namespace cocheck::detail
