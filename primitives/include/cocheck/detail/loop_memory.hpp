#pragma once

#include <cstddef>
#include <cstdint>

namespace cocheck::detail {

/// What a loop knows of memory: where frames and tasks lie, which words are no part of a state, and
/// which accesses to them mean something.
///
/// A loop that compares states leaves words out that cannot change what happens. One that tracks
/// accesses, to know which steps depend on each other, leaves out those and more: for such words
/// the primitives say what an access means. All of this costs a branch where a loop does neither.
class LoopMemory {
 public:
  LoopMemory(const LoopMemory&) = delete;
  LoopMemory& operator=(const LoopMemory&) = delete;

  /// Memory for frames and what belongs to tasks, aligned for any scalar type. Its second word is
  /// the loop's own; see detail/memory.hpp.
  [[nodiscard]] virtual void* allocate(std::size_t bytes) = 0;
  virtual void deallocate(void* memory, std::size_t bytes) noexcept = 0;

  [[nodiscard]] bool compares_states() const noexcept { return compares_states_; }
  [[nodiscard]] bool tracks_accesses() const noexcept { return tracks_accesses_; }

  /// For words of a block from allocate() that cannot change what happens: links of a list whose
  /// order nobody can see, or what only names a task.
  void exclude_links(const void* begin, std::size_t bytes) {
    if (compares_states_ || tracks_accesses_) [[unlikely]]
      exclude(begin, bytes, Excluded::links);
  }
  void exclude_names(const void* begin, std::size_t bytes) {
    if (compares_states_ || tracks_accesses_) [[unlikely]]
      exclude(begin, bytes, Excluded::names);
  }
  /// The same for all of the block that begins there.
  void exclude_block(const void* begin) {
    if (compares_states_ || tracks_accesses_) [[unlikely]]
      exclude(begin, 0, Excluded::links);
  }
  /// For words that belong to the state and that steps may change in any order with the same
  /// result, such as counts of references. What matters of it is said by note_read() and
  /// note_write().
  void exclude_accesses(const void* begin, std::size_t bytes) {
    if (tracks_accesses_) [[unlikely]]
      exclude(begin, bytes, Excluded::accesses);
  }

  /// The running step depends on the word at `word`, or changes it, for those who note it too.
  void note_read(const void* word) noexcept {
    if (tracks_accesses_) [[unlikely]]
      note(word, Access::read);
  }
  void note_write(const void* word) noexcept {
    if (tracks_accesses_) [[unlikely]]
      note(word, Access::write);
  }
  /// The running step is one of several that `meeting` waits for, in any order; or, after it has
  /// said so, it is the one with which all have come, and what it makes ready comes after them all.
  void note_arrival(const void* meeting) noexcept {
    if (tracks_accesses_) [[unlikely]]
      note(meeting, Access::arrival);
  }
  void note_all_arrived(const void* meeting) noexcept {
    if (tracks_accesses_) [[unlikely]]
      note(meeting, Access::all_arrived);
  }

 protected:
  enum class Excluded : std::uint8_t { links, names, accesses };
  enum class Access : std::uint8_t { read, write, arrival, all_arrived };

  LoopMemory() = default;
  ~LoopMemory() = default;

  /// 0 bytes are the whole block.
  virtual void exclude(const void* begin, std::size_t bytes, Excluded what) = 0;
  virtual void note(const void* word, Access access) noexcept = 0;

  bool compares_states_ = false;
  bool tracks_accesses_ = false;
};

}  // namespace cocheck::detail
