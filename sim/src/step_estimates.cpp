#include "cocheck/detail/step_estimates.hpp"

#include <algorithm>
#include <iterator>

namespace cocheck::detail {

namespace {

// Of a block that is released so many words stand for all.
constexpr std::uint64_t kWordsOfRelease = 64;

AccessedWord join(AccessedWord one, AccessedWord other) noexcept {
  return {one.word(), static_cast<std::uint8_t>(one.reads() | other.reads()),
          static_cast<std::uint8_t>(one.writes() | other.writes())};
}

/// Makes one of those with the same word, which stand side by side.
void join_equal(std::vector<AccessedWord>& words) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (kept > 0 && words[kept - 1].word() == words[i].word()) {
      words[kept - 1] = join(words[kept - 1], words[i]);
    } else {
      words[kept++] = words[i];
    }
  }
  words.resize(kept);
}

}  // namespace

void StepEstimates::clear() {
  steps_.clear();
  estimates_.clear();
  words_.clear();
  uses_.clear();
  ++version_;
}

void StepEstimates::learn(Process process, std::uint32_t step, const AccessLog& log,
                          const ModelMemory& memory) {
  collect(log, memory);
  add(process, step);
}

void StepEstimates::learn_part(Process process, std::uint32_t step, WordPart part) {
  const Id id = find(process, step);
  if (id == kUnknown || touches(id, part)) return;
  learnt_.assign(1, AccessedWord(part.word, 0, part.bytes));
  add(process, step);
}

bool StepEstimates::touches(Id step, WordPart part) {
  const Footprint known = footprint(step);
  if ((known.touched & Footprint::bit_of(part.word)) == 0) return false;
  const auto found =
      std::partition_point(known.words.begin(), known.words.end(),
                           [&](AccessedWord accessed) { return accessed.word() < part.word; });
  return found != known.words.end() && found->word() == part.word &&
         ((found->reads() | found->writes()) & part.bytes) != 0;
}

/// Adds what was learnt.
void StepEstimates::add(Process process, std::uint32_t step) {
  note_uses(process);
  Id id = find(process, step);
  if (id == kUnknown) {
    if (estimates_.size() == kMaxSteps) return;
    if (process >= steps_.size()) steps_.resize(process + 1);
    std::vector<Id>& mine = steps_[process];
    if (step >= mine.size()) mine.resize(step + 1, kUnknown);
    id = mine[step] = static_cast<Id>(estimates_.size());
    estimates_.emplace_back().words = learnt_;
    return;
  }
  Estimate& estimate = estimates_[id];
  joined_.clear();
  std::merge(estimate.words.begin(), estimate.words.end(), learnt_.begin(), learnt_.end(),
             std::back_inserter(joined_));
  join_equal(joined_);
  if (joined_ == estimate.words) return;
  estimate.words = joined_;
  estimate.version = 0;
}

void StepEstimates::collect(const AccessLog& log, const ModelMemory& memory) {
  learnt_.clear();
  log.for_each([&](const AccessLog::Entry& entry) {
    if (!AccessLog::noted(entry.word) && !memory.matters(entry.word)) return;
    learnt_.emplace_back(entry.word, entry.reads, entry.writes);
  });
  for (const ReleasedWords& run : log.released()) {
    const std::uint64_t end = std::min(run.end, run.begin + kWordsOfRelease);
    for (std::uint64_t word = run.begin; word < end; ++word) learnt_.emplace_back(word, 0, 0xff);
  }
  std::sort(learnt_.begin(), learnt_.end());
  join_equal(learnt_);
}

void StepEstimates::note_uses(Process process) {
  for (const AccessedWord accessed : learnt_) {
    const std::uint32_t number = words_.add(accessed.word());
    if (number == uses_.size()) uses_.push_back({process});
    Use& use = uses_[number];
    const bool mattered = use.shared && use.written;
    if (use.process != process) use.shared = true;
    if (accessed.writes() != 0) use.written = true;
    if (!mattered && use.shared && use.written) ++version_;
  }
}

void StepEstimates::update(Estimate& estimate) {
  estimate.version = version_;
  estimate.common.clear();
  estimate.touched = estimate.written = 0;
  for (const AccessedWord accessed : estimate.words) {
    const Use& use = uses_[words_.find(accessed.word())];
    if (!use.shared || !use.written) continue;
    estimate.common.push_back(accessed);
    const std::uint64_t bit = Footprint::bit_of(accessed.word());
    estimate.touched |= bit;
    if (accessed.writes() != 0) estimate.written |= bit;
  }
}

}  // namespace cocheck::detail
