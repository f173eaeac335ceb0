#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "cocheck/detail/sampled_run.hpp"
#include "cocheck/explorer.hpp"

namespace cocheck {

/// Probabilistic concurrency testing of Burckhardt, Kothari, Musuvathi and Nagarakatte (ASPLOS
/// 2010): each process has a random priority and the highest runs, but for `depth` - 1 steps, drawn
/// from the length of the longest execution so far, at which the one that would run falls below all
/// others. Never ends by itself; a seed always gives the same executions in the same order.
///
/// A bug of depth d is one that shows whenever d certain steps come in a certain order: one that
/// needs a task to start before another has depth 1, a lost update depth 2. An execution of n
/// processes and k steps shows it with a probability of at least 1 / (n * k^(d-1)): see chance().
/// The model needs not be instrumented. A step costs O(number of alternatives).
///
///     PctExplorer explorer(seed, 3);
///     World world{Options()};
///     while (explorer.next() && !world.failure()) world.run(model, explorer);
class PctExplorer final : public Explorer {
 public:
  static constexpr std::uint32_t kDepth = 3;

  /// Throws ValueError where the depth is 0.
  explicit PctExplorer(std::uint64_t seed, std::uint32_t depth = kDepth);

  bool next() override;
  std::size_t pick(std::size_t alternatives, const World& world) override;
  bool drive(World& world) override;

  [[nodiscard]] std::uint32_t depth() const noexcept { return depth_; }

  /// How likely it is at least that one execution shows a bug of depth(): by the most processes and
  /// the most steps that an execution had so far; 0 before the first.
  [[nodiscard]] double chance() const noexcept override;

 private:
  /// A step at which a process falls, and to which priority.
  struct Fall {
    std::uint64_t step;
    std::uint32_t priority;
  };

  detail::SampledRun run_;
  std::vector<Fall> falls_;  // those to come, the next one last
  std::uint32_t depth_;
};

}  // namespace cocheck
