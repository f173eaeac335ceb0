#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "cocheck/detail/harness_allocator.hpp"
#include "cocheck/detail/outside_regions.hpp"

namespace cocheck::detail {

/// A word outside that some step has changed.
struct OutsideWord {
  std::uintptr_t address = 0;
  std::uint64_t baseline = 0;
};

/// What a program keeps outside of the memory of its models: statics, variables of the thread, what
/// the callers of a search have on their stack, and the heap. Notices each word of it that a step
/// changes, and puts it back.
///
/// Pages are protected when a search begins. The first write to one is a fault: the page is copied
/// and opened, and from then on compared at the end of each step. So a model that changes nothing
/// outside pays for a few system calls in a search, and for nothing in a step. A word that a step
/// was once seen to change is known from then on, with what it held at the beginning (its
/// baseline).
///
/// One at a time is active in a program; where another search is watched already, is_active() is
/// false and nothing is noticed. Under AddressSanitizer nothing is: its own notes lie in between.
///
///     OutsideMemory outside(border);
///     run_a_step();
///     outside.commit();      // what the step has changed
///     outside.rewind(0);     // and it is as before
class OutsideMemory {
 public:
  /// `border` is a page boundary: of the frames above it those are that called the search.
  explicit OutsideMemory(std::uintptr_t border);
  ~OutsideMemory();
  OutsideMemory(const OutsideMemory&) = delete;
  OutsideMemory& operator=(const OutsideMemory&) = delete;

  [[nodiscard]] bool is_active() const noexcept;
  /// The one that watches; null mostly.
  [[nodiscard]] static OutsideMemory* active() noexcept;
  /// Whether an address is in what is watched.
  [[nodiscard]] bool watches(std::uintptr_t address) const noexcept;
  /// From now on it is.
  void watch(MemoryRange pages);

  /// In the order of their addresses.
  [[nodiscard]] std::span<const OutsideWord> words() const noexcept { return words_; }
  [[nodiscard]] bool differs_from_baseline() const noexcept;

  /// Before a step: what has changed since the last one was not changed by the model.
  void begin_step() {
    if (open_pages_ > 0) [[unlikely]]
      accept();
  }
  /// After it: notices what it has changed.
  void end_step() {
    if (open_pages_ > 0 || goes_back_) [[unlikely]]
      commit();
  }
  /// Whether there will be rewind() to points between steps. If not, variables of the thread are
  /// compared after executions only.
  void set_goes_back(bool goes_back) noexcept { goes_back_ = goes_back; }
  void commit() { compare(true); }
  void accept();
  /// The changes noticed since the beginning of the execution.
  [[nodiscard]] std::size_t position() const noexcept { return changes_.size(); }
  /// Goes back to an earlier position. All changes must have been committed.
  void rewind(std::size_t position) noexcept;
  /// Everything becomes as it was at the beginning.
  void put_back() noexcept;
  /// Before an execution, which begins where the last one ended unless that is put back.
  void begin_execution(bool puts_back) noexcept;
  /// Whether one did, and it was not as at the beginning.
  [[nodiscard]] bool steered() const noexcept { return steered_; }

  /// A step has called a function that keeps something where nobody sees it; the first one's name.
  void set_untracked(const char* name) noexcept {
    if (untracked_ == nullptr) untracked_ = name;
  }
  [[nodiscard]] const char* untracked() const noexcept { return untracked_; }

  /// The words as they are, to be put there later.
  [[nodiscard]] HarnessVector<OutsideWord> contents() const;
  void restore(std::span<const OutsideWord> contents) noexcept;

  /// The addresses of what changed behind a position.
  template <class Visit>
  void for_each_change(std::size_t position, Visit&& visit) const {
    for (std::size_t i = position; i < changes_.size(); ++i) visit(changes_[i].address);
  }
  /// The instruction that wrote to a page first, if it wrote near the word; else 0.
  [[nodiscard]] std::uintptr_t writer_of(std::uintptr_t address) const noexcept;

  /// Whether the fault was a write to a protected page, which is open now. For the signal handler.
  bool open(std::uintptr_t address, std::uintptr_t instruction) noexcept;

 private:
  struct Pages {
    MemoryRange range;
    std::uint8_t* openings = nullptr;  // of each page: how often, and whether it is open
  };
  static constexpr std::uint8_t kOpen = 0x80;
  static constexpr std::uint8_t kStaysOpen = 8;  // so often it is closed again
  /// Memory that is compared.
  struct Hot {
    std::uintptr_t at = 0;
    std::byte* copy = nullptr;
    std::size_t bytes = 0;
    std::uintptr_t first_write = 0;
    std::uintptr_t instruction = 0;
    std::uint8_t* openings = nullptr;
    bool by_model = false;  // that wrote there when it was closed
  };
  struct Change {
    std::uintptr_t address = 0;
    std::uint64_t before = 0;
  };
  static constexpr std::size_t kMaxRegions = 320;
  static constexpr std::size_t kMaxHot = std::size_t{1} << 16;

  Hot& add_hot(std::uintptr_t at, std::size_t bytes) noexcept;
  [[nodiscard]] bool close_again(std::size_t index) noexcept;
  void compare(bool notices);
  void compare_words(Hot& hot, std::size_t first, std::size_t end, bool notices);
  void note(std::uintptr_t address, std::uint64_t before);
  void store(std::uintptr_t address, std::uint64_t value) noexcept;
  [[nodiscard]] Hot* hot_of(std::uintptr_t address) const noexcept;
  [[nodiscard]] bool ignores(std::uintptr_t address) const noexcept;

  using FindChanges = void (*)(const std::byte* one, const std::byte* other, std::size_t lines,
                               std::size_t first, HarnessVector<std::size_t>& changed);

  FindChanges find_ = nullptr;
  Pages regions_[kMaxRegions];
  std::size_t region_count_ = 0;
  HarnessVector<MemoryRange> ignored_;
  Hot* hot_table_ = nullptr;
  std::byte* copies_ = nullptr;
  std::size_t hot_ = 0;
  std::size_t open_pages_ = 0;  // of hot_table_, the last ones
  HarnessVector<OutsideWord> words_;
  HarnessVector<Change> changes_;
  HarnessVector<std::size_t> changed_lines_;
  const char* untracked_ = nullptr;
  bool steered_ = false;
  bool goes_back_ = false;
};

}  // namespace cocheck::detail
