#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "cocheck/detail/footprint.hpp"
#include "cocheck/detail/harness_allocator.hpp"
#include "cocheck/detail/word_map.hpp"

namespace cocheck::detail {

/// What a step reads and writes, as instrumented code tells it (see cocheck_instrument() in
/// CMake). One access costs a look into a table of the words of memory.
///
/// Left out are the stack of the step, memory that it has allocated itself, and the loop. Accesses
/// outside the memory of the model are kept apart.
class AccessLog {
 public:
  AccessLog() = default;
  AccessLog(AccessLog&&) = default;  // not while a Scope names it
  AccessLog& operator=(AccessLog&&) = default;

  /// The one that this thread writes to; null mostly.
  [[nodiscard]] static AccessLog* active() noexcept { return active_; }

  /// Whether code of this program is instrumented: cocheck_instrument() in CMake was called for it.
  [[nodiscard]] static bool instrumented() noexcept { return instrumented_; }
  static void set_instrumented() noexcept { instrumented_ = true; }

  /// A range of addresses.
  struct Range {
    std::uintptr_t begin = 0;
    std::uintptr_t bytes = 0;

    [[nodiscard]] static Range between(const void* begin, const void* end) noexcept {
      const auto first = reinterpret_cast<std::uintptr_t>(begin);
      return {first, reinterpret_cast<std::uintptr_t>(end) - first};
    }
    [[nodiscard]] bool holds(std::uintptr_t address) const noexcept {
      return address - begin < bytes;
    }
  };

  enum class What : std::uint8_t { all, outside };

  /// Logs accesses as long as it lives: to `memory`, except those of what `loop` holds; or only
  /// what happens outside of it.
  class Scope {
   public:
    Scope(AccessLog& log, Range memory, Range loop, What what = What::all);
    ~Scope() { active_ = previous_; }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    AccessLog* previous_;
  };

  /// While it lives nothing is logged: a step has called the loop, which does not say what it
  /// touches, or what happens is cocheck's own.
  class Pause {
   public:
    Pause() noexcept : paused_(active_) { active_ = nullptr; }
    ~Pause() { active_ = paused_; }
    Pause(const Pause&) = delete;
    Pause& operator=(const Pause&) = delete;

   private:
    AccessLog* paused_;
  };

  /// `instruction` is where the access stands in the program.
  __attribute__((always_inline)) void record(const void* address, std::size_t bytes, bool write,
                                             const void* instruction) noexcept {
    const auto at = reinterpret_cast<std::uintptr_t>(address);
    // Mostly the step has allocated the word, or it lies where some were touched before: that is
    // short, and makes no call. What this step has touched before was not fresh.
    if (usual_.holds(at)) [[likely]] {
      if (fresh_.holds(at)) return;
      if (const std::size_t within = at % 8; within + bytes <= 8) [[likely]] {
        Slot* slot = slots_.find_in_range(at / 8);
        if (slot != nullptr && (slot->age == age_ || add_entry(*slot, at / 8))) [[likely]] {
          add_bytes(entries_[slot->entry], ((std::uint32_t{1} << bytes) - 1) << within, write);
          return;
        }
      }
    } else if (!write && at % 8 + bytes <= 8 &&
               recently_read_[at / 8 % recently_read_.size()] == at / 8) {
      return;  // outside of the memory, and known to be read: a write would end it all
    }
    record_first(at, bytes, write, instruction);
  }
  [[nodiscard]] bool is_inside(const void* address) const noexcept {
    return memory_.holds(reinterpret_cast<std::uintptr_t>(address));
  }
  /// For words that stand for something else than their bytes; told apart from these.
  void note(const void* word, bool write) noexcept {
    if (outside_only_) return;
    add((reinterpret_cast<std::uintptr_t>(word) & ~std::uintptr_t{7}) + kNoted, 1, write);
  }
  /// Something outside of the memory is written, by a function that others call, too.
  void write_outside(const void* begin) noexcept;
  /// The step has looked whether a word of memory is what it would write there, and it was: that is
  /// no access, but had it been something else there would have been one.
  void look(const void* word) noexcept;
  /// A block is given back: nobody may have it before or behind.
  void release(const void* begin, std::size_t bytes);
  /// From now on what lies there belongs to the step.
  void set_fresh(const void* begin, const void* end) noexcept;
  /// A function that is not instrumented, but known, has changed words of the model.
  void expect_unlogged_writes() noexcept { unlogged_expected_ = true; }

  /// Whether accesses to errno are logged, as noted words. Else it is only seen whether they
  /// matter.
  void set_logs_errno(bool logs) noexcept { logs_errno_ = logs; }
  /// The step has left another value than it found.
  void leave_errno() noexcept;
  /// Whether, unlogged, one step has done that and one has read errno before it had written it.
  [[nodiscard]] bool shares_errno() const noexcept {
    return errno_read_ && errno_left_ && !logs_errno_;
  }

  /// From now on it is known which instructions accessed a word first.
  void keep_instructions() noexcept {
    keeps_instructions_ = true;
    usual_ = {};
  }
  struct Instructions {
    const void* read = nullptr;
    const void* write = nullptr;
  };
  [[nodiscard]] Instructions instructions(std::uint64_t word) const;

  /// What was logged since the last clear(), in no order.
  struct Entry {
    std::uint64_t word = 0;
    std::uint8_t reads = 0;
    std::uint8_t writes = 0;
    std::uint8_t looks = 0;  // see look()
  };
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (const Entry& entry : entries_) {
      if ((entry.reads | entry.writes) != 0) visit(entry);
    }
  }
  /// With those that were only looked at.
  [[nodiscard]] std::span<const Entry> entries() const noexcept { return entries_; }
  [[nodiscard]] const Entry* find(std::uint64_t word) const noexcept;
  [[nodiscard]] std::span<const ReleasedWords> released() const noexcept { return released_; }
  [[nodiscard]] bool fresh(std::uintptr_t address) const noexcept {
    return fresh_.holds(address) || (!fresh_before_.empty() && was_fresh(address));
  }
  [[nodiscard]] bool unlogged_expected() const noexcept { return unlogged_expected_; }
  /// The step does something of which not all is told.
  void set_untold() noexcept { untold_ = true; }
  /// Whether it does, or has written outside of the memory of the model, standard streams included.
  [[nodiscard]] bool untold() const noexcept { return untold_; }
  /// Whether an address is one of note().
  [[nodiscard]] static bool noted(std::uint64_t word) noexcept { return word >= kNoted / 8; }
  void clear() noexcept;

  /// A word outside of the memory of the model that one step has written and another one has read,
  /// perhaps in another execution.
  struct Outside {
    std::uintptr_t address = 0;
    const void* instruction = nullptr;  // that wrote it first
  };
  [[nodiscard]] const std::optional<Outside>& outside() const noexcept { return outside_; }

 private:
  // No address of a program has this bit.
  static constexpr std::uintptr_t kNoted = std::uintptr_t{1} << 50;

  /// Where the entry of a word is, if it has the age of the step.
  struct Slot {
    std::uint32_t age = 0;
    std::uint32_t entry = 0;
  };

  static void add_bytes(Entry& entry, std::uint32_t mask, bool write) noexcept {
    // What a step wrote itself before it reads is no read of others.
    if (write) {
      entry.writes = static_cast<std::uint8_t>(entry.writes | mask);
    } else {
      entry.reads = static_cast<std::uint8_t>(entry.reads | (mask & ~entry.writes));
    }
  }
  /// False where more has to be looked at, or made.
  __attribute__((always_inline)) bool add_entry(Slot& slot, std::uint64_t word) noexcept {
    if (!fresh_before_.empty() || entries_.size() == entries_.capacity()) [[unlikely]]
      return false;
    begin_entry(slot, word);
    return true;
  }
  __attribute__((always_inline)) void begin_entry(Slot& slot, std::uint64_t word) noexcept {
    slot = {age_, static_cast<std::uint32_t>(entries_.size())};
    entries_.push_back({word, 0, 0, 0});
  }
  void record_first(std::uintptr_t at, std::size_t bytes, bool write,
                    const void* instruction) noexcept;
  void add(std::uintptr_t at, std::size_t bytes, bool write) noexcept;
  void add_word(std::uint64_t word, std::uint32_t mask, bool write) noexcept;
  [[nodiscard]] Slot* make_slot(std::uint64_t word);
  void grow();
  void keep_instruction(std::uintptr_t at, std::size_t bytes, bool write,
                        const void* instruction) noexcept;
  void outside(std::uintptr_t at, std::size_t bytes, bool write, const void* instruction) noexcept;
  void touch_errno(bool write) noexcept;
  [[nodiscard]] bool was_fresh(std::uintptr_t address) const noexcept;

  static inline constinit thread_local AccessLog* active_ = nullptr;
  static inline constinit bool instrumented_ = false;

  Range memory_;
  Range usual_;  // the same, where nothing but bytes is asked for
  Range fresh_;
  HarnessVector<Range> fresh_before_;  // in other chunks of memory
  Range stack_;
  Range loop_;
  std::uint32_t age_ = 1;
  WordMap<Slot> slots_;
  HarnessVector<Entry> entries_;
  HarnessVector<ReleasedWords> released_;
  struct WrittenOutside {
    std::uint32_t age = 0;  // of the step that wrote it last
    const void* instruction = nullptr;
  };
  HarnessMap<std::uint64_t, WrittenOutside> written_outside_;
  HarnessMap<std::uint64_t, std::uint32_t> read_outside_;  // before they were written
  std::array<std::uint64_t, 256> recently_read_{};         // words, of these
  std::optional<Outside> outside_;
  HarnessMap<std::uint64_t, Instructions> instructions_;
  bool keeps_instructions_ = false;
  bool unlogged_expected_ = false;
  bool untold_ = false;
  bool outside_only_ = false;
  bool logs_errno_ = false;
  bool errno_read_ = false;
  bool errno_left_ = false;
  bool errno_written_ = false;  // in this step
};

}  // namespace cocheck::detail
