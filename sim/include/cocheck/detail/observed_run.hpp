#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "cocheck/detail/access_log.hpp"
#include "cocheck/detail/sampled_run.hpp"
#include "cocheck/detail/step_estimates.hpp"
#include "cocheck/detail/step_watcher.hpp"

namespace cocheck::detail {

/// A SampledRun that learns what steps touch, for samplers that go by it. Its explorer has
/// Layout::by_process and tracks accesses.
///
/// To look at all that a step touches makes it several times as slow. So that is done only for
/// steps of which nothing is known and in the executions that the sampler chooses; else a step is
/// asked for a part of one word at the most.
class ObservedRun final : public SampledRun, private StepWatcher {
 public:
  using Id = StepEstimates::Id;

  explicit ObservedRun(std::uint64_t seed) noexcept : SampledRun(seed, Numbers::kept) {}

  /// False where all that was learnt is void.
  bool begin(World& world);

  enum class Look : std::uint8_t { when_unknown, always };
  struct Taken {
    Process process = 0;
    std::uint32_t step = 0;  // of the process
    bool learnt = false;     // whether all that it touched was looked at
    bool touched = false;    // `part`
  };
  Taken take(std::size_t index, Look look, WordPart part = {});

  [[nodiscard]] StepEstimates& estimates() noexcept { return estimates_; }
  /// What is known of the step that a process takes next.
  [[nodiscard]] Id next_of(Process process) const noexcept {
    return estimates_.find(process, step_of(process));
  }
  /// The names of the processes that the last step made ready, if it was looked at.
  [[nodiscard]] std::span<const void* const> posted() const noexcept { return posted_; }
  /// Likewise, the meetings to which it came, and of these the ones at which it was the last.
  [[nodiscard]] std::span<const void* const> arrivals() const noexcept { return arrivals_; }
  [[nodiscard]] std::span<const void* const> completed() const noexcept { return completed_; }

 private:
  void posted(const Runnable& runnable) noexcept override {
    posted_.push_back(runnable.identity());
  }
  void withdrawn(const Runnable&) noexcept override {}
  void arrived(const void* meeting) noexcept override { arrivals_.push_back(meeting); }
  void all_arrived(const void* meeting) noexcept override { completed_.push_back(meeting); }

  AccessLog log_;
  StepEstimates estimates_;
  HarnessVector<const void*> posted_;
  HarnessVector<const void*> arrivals_;
  HarnessVector<const void*> completed_;
};

}  // namespace cocheck::detail
