#include "cocheck/detail/touched_words.hpp"

#include <algorithm>

namespace cocheck::detail {

void TouchedWords::collect(const AccessLog& log, const UndoLog& undo, const void* process) {
  block_ = {};
  log.for_each([&](const AccessLog::Entry& entry) {
    // Who says that he changes something has looked at it.
    const bool noted = AccessLog::noted(entry.word);
    if (!noted && !matters(entry.word, log)) return;
    const unsigned reads = entry.reads | (noted ? entry.writes : 0u);
    words_.emplace_back(entry.word, static_cast<std::uint8_t>(reads), entry.writes);
  });
  undo.for_each_changed_word([&](const std::byte* at, std::uint64_t before, std::uint64_t now) {
    const auto address = reinterpret_cast<std::uintptr_t>(at);
    const std::uint64_t word = address / 8;
    const AccessLog::Entry* entry = log.find(word);
    if (entry != nullptr && entry->writes == 0xff) return;
    if (log.fresh(address) || !matters(word, log)) return;
    std::uint8_t changed = 0;
    for (unsigned byte = 0; byte < 8; ++byte) {
      if (((before ^ now) >> byte * 8 & 0xff) != 0) {
        changed = static_cast<std::uint8_t>(changed | 1u << byte);
      }
    }
    if (entry != nullptr && (changed & ~entry->writes) == 0) return;
    add_changed(word, changed);
    if (!log.unlogged_expected()) untold_.emplace(word, process);
  });
}

void TouchedWords::add_changed(std::uint64_t word, std::uint8_t bytes) {
  const auto found = std::find_if(words_.begin(), words_.end(),
                                  [&](AccessedWord other) { return other.word() == word; });
  if (found == words_.end()) {
    words_.emplace_back(word, bytes, bytes);
  } else {
    *found = AccessedWord(word, static_cast<std::uint8_t>(found->reads() | bytes),
                          static_cast<std::uint8_t>(found->writes() | bytes));
  }
}

bool TouchedWords::is_untold_shared(const HappensBefore& order) {
  using Index = HappensBefore::Index;
  // What is known already was compared with the events before.
  const Index first = untold_compared_ == untold_.size() ? order.size() - 1 : 1;
  untold_compared_ = untold_.size();
  for (const auto& [changed, process] : untold_) {
    const std::uint64_t word = changed;
    for (Index event = std::max(first, Index{1}); event < order.size(); ++event) {
      if (order.process(event) == process) continue;
      const Footprint touched = order.footprint(order.kept(event));
      if (std::any_of(touched.words.begin(), touched.words.end(),
                      [&](AccessedWord accessed) { return accessed.word() == word; }) ||
          std::any_of(touched.released.begin(), touched.released.end(),
                      [&](const ReleasedWords& run) { return run.holds(word); })) {
        return true;
      }
    }
  }
  return false;
}

/// Whether what happens to a word can matter to others than the step itself, and is not part of
/// what the step has released. Words mostly lie in the same block as the one before.
bool TouchedWords::matters(std::uint64_t word, const AccessLog& log) {
  if (word - block_.first >= block_.words) look_up_block(word, log);
  const std::uint64_t within = word - block_.first;
  return block_.matters && (within >= 63 || (block_.excluded >> within & 1) == 0);
}

void TouchedWords::look_up_block(std::uint64_t word, const AccessLog& log) {
  block_ = {word, 1, 0, false};
  const std::uintptr_t address = word * 8;
  if (!memory_.in_use(address)) return;
  // NOLINTNEXTLINE(performance-no-int-to-ptr): it was an address
  const auto* at = reinterpret_cast<const std::byte*>(address);
  const ModelMemory::BlockId id = memory_.block_at(at);
  if (id >= fresh_blocks_) return;  // it is the step's own, or there is none
  const ModelMemory::Block& block = memory_.block(id);
  const auto first = reinterpret_cast<std::uintptr_t>(memory_.address(id)) / 8;
  const std::uint64_t words = std::uint64_t{block.granules} * ModelMemory::kGranule / 8;
  if (word - first >= words) return;
  const auto released = log.released();
  const bool released_now = std::any_of(released.begin(), released.end(),
                                        [&](const ReleasedWords& run) { return run.holds(word); });
  block_ = {first, words, block.links | block.names, !released_now};
}

}  // namespace cocheck::detail
