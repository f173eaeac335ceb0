#pragma once

#include <cstddef>
#include <cstdint>

#include "cocheck/detail/observed_run.hpp"
#include "cocheck/explorer.hpp"

namespace cocheck {

/// Partial order sampling of Yuan, Yang and Gu (CAV 2018): each step that could come next has a
/// random priority and the highest runs; then its process gets a new one, and so does each whose
/// step conflicts with the one just taken. Steps that do not conflict so keep their order, and what
/// is sampled are classes of executions rather than executions. Never ends by itself; a seed always
/// gives the same executions in the same order.
///
/// What a step touches is not known before it runs. It is taken for what the step of the same
/// process with the same number has touched so far, and where nothing is known, for one that
/// conflicts: with wrong guesses this becomes a random walk, in which all conflict, and no
/// execution is ever impossible. The model has to be instrumented.
///
/// The paper shows that any class comes up with a probability that is exponentially larger than
/// with a random walk at its worst; since steps are guessed, no number is given here. A step costs
/// O(number of alternatives).
///
///     PosExplorer explorer(seed);
///     World world{Options()};
///     while (explorer.next() && !world.failure()) world.run(model, explorer);
class PosExplorer final : public Explorer {
 public:
  explicit PosExplorer(std::uint64_t seed) noexcept : run_(seed) {}

  bool next() override {
    run_.prepare();
    return true;
  }
  /// Only the values of a choose() are asked for.
  std::size_t pick(std::size_t alternatives, const World&) override {
    return run_.draw_value(alternatives);
  }
  bool drive(World& world) override;
  [[nodiscard]] bool tracks_accesses() const noexcept override { return true; }
  [[nodiscard]] detail::ModelMemory::Layout layout() const noexcept override {
    return detail::ModelMemory::Layout::by_process;
  }

 private:
  detail::ObservedRun run_;
  std::uint64_t executions_ = 0;  // since all was learnt anew
};

}  // namespace cocheck
