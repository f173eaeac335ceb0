#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "cocheck/detail/access_log.hpp"
#include "cocheck/detail/footprint.hpp"
#include "cocheck/detail/happens_before.hpp"
#include "cocheck/detail/model_memory.hpp"
#include "cocheck/detail/undo_log.hpp"

namespace cocheck::detail {

/// What a step has touched in the memory of a model that others can notice: what instrumented code
/// has told of, and what has changed without that. Also in blocks that others have released: those
/// who do that made a mistake, and whether it happens depends on the order.
///
///     touched.begin_step();
///     ...  // the step, with an AccessLog, and UndoLog::commit()
///     touched.collect(log, undo, process);
class TouchedWords {
 public:
  explicit TouchedWords(const ModelMemory& memory) : memory_(memory) {}

  /// What is allocated from now on is the step's own.
  void begin_step() noexcept {
    fresh_blocks_ = memory_.block_count();
    words_.clear();
  }
  /// After a step of `process`. O(accesses + changes).
  void collect(const AccessLog& log, const UndoLog& undo, const void* process);

  /// That the step has written something that lies elsewhere. To be called behind collect().
  void add(std::uint64_t word) { words_.emplace_back(word, 0xff, 0xff); }

  /// In no order.
  [[nodiscard]] std::span<const AccessedWord> words() const noexcept { return words_; }

  /// Whether code that is not instrumented has changed something, in any step so far.
  [[nodiscard]] bool any_untold() const noexcept { return !untold_.empty(); }
  /// Whether somebody else touches that, too: what else such code does is not known then. To be
  /// asked after each event.
  [[nodiscard]] bool is_untold_shared(const HappensBefore& order);

 private:
  void add_changed(std::uint64_t word, std::uint8_t bytes);
  [[nodiscard]] bool matters(std::uint64_t word, const AccessLog& log);
  void look_up_block(std::uint64_t word, const AccessLog& log);

  struct KnownBlock {
    std::uint64_t first = 0;
    std::uint64_t words = 0;
    std::uint64_t excluded = 0;
    bool matters = false;
  };

  const ModelMemory& memory_;
  std::size_t fresh_blocks_ = 0;  // where those that the step has allocated begin
  std::vector<AccessedWord> words_;
  KnownBlock block_;                                        // the last one that was looked up
  std::set<std::pair<std::uint64_t, const void*>> untold_;  // words, with who has changed them
  std::size_t untold_compared_ = 0;
};

}  // namespace cocheck::detail
