#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "cocheck/detail/access_log.hpp"
#include "cocheck/detail/footprint.hpp"
#include "cocheck/detail/model_memory.hpp"
#include "cocheck/detail/numbering.hpp"

namespace cocheck::detail {

/// What a step is expected to touch before it runs: all that the step of the same process with the
/// same number has touched in the executions that were looked at.
///
/// Of the words only those are compared that several processes touch and one writes: few, so that
/// comparing two steps takes a few nanoseconds. What is known of more than kMaxSteps steps is not
/// kept.
class StepEstimates {
 public:
  using Process = std::uint32_t;
  using Id = std::uint32_t;
  static constexpr Id kUnknown = ~Id{0};

  void clear();

  /// The estimate for the step of that number, kUnknown if there is none.
  [[nodiscard]] Id find(Process process, std::uint32_t step) const noexcept {
    if (process >= steps_.size() || step >= steps_[process].size()) return kUnknown;
    return steps_[process][step];
  }

  /// Adds what a step has touched, which has just ended.
  void learn(Process process, std::uint32_t step, const AccessLog& log, const ModelMemory& memory);
  /// The same, where only that it has touched this is known.
  void learn_part(Process process, std::uint32_t step, WordPart part);
  /// What the last learn() was told: words in ascending order.
  [[nodiscard]] const std::vector<AccessedWord>& learnt() const noexcept { return learnt_; }

  /// Whether one step is expected to write what the other one touches.
  [[nodiscard]] bool conflict(Id one, Id other) {
    return detail::conflict(footprint(one), footprint(other));
  }
  /// Whether a step is expected to touch what several processes touch.
  [[nodiscard]] bool touches(Id step, WordPart part);

 private:
  static constexpr std::size_t kMaxSteps = std::size_t{1} << 17;

  struct Estimate {
    std::vector<AccessedWord> words;
    std::vector<AccessedWord> common;  // those that matter, as of `version`
    std::uint64_t touched = 0;
    std::uint64_t written = 0;
    std::uint32_t version = 0;
  };
  struct Use {
    Process process = 0;  // the first that touched it
    bool shared = false;
    bool written = false;
  };

  [[nodiscard]] Footprint footprint(Id id) {
    Estimate& estimate = estimates_[id];
    if (estimate.version != version_) [[unlikely]]
      update(estimate);
    return {estimate.common, {}, estimate.touched, estimate.written};
  }
  void add(Process process, std::uint32_t step);
  void update(Estimate& estimate);
  void collect(const AccessLog& log, const ModelMemory& memory);
  void note_uses(Process process);

  std::vector<std::vector<Id>> steps_;  // by process and number
  std::vector<Estimate> estimates_;
  Numbering words_;
  std::vector<Use> uses_;  // by the number of the word
  std::vector<AccessedWord> learnt_;
  std::vector<AccessedWord> joined_;
  std::uint32_t version_ = 1;  // of which words matter
};

}  // namespace cocheck::detail
