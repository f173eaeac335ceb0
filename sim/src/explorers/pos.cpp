#include "cocheck/explorers/pos.hpp"

namespace cocheck {

namespace {

// What steps touch is looked at in all of the first executions, and in one of so many later.
constexpr std::uint64_t kFirstLooks = 4;
constexpr std::uint64_t kBetweenLooks = 32;

}  // namespace

bool PosExplorer::drive(World& world) {
  using detail::ObservedRun;
  using detail::StepEstimates;
  if (!run_.begin(world)) executions_ = 0;
  const bool looks = executions_ < kFirstLooks || executions_ % kBetweenLooks == 0;
  ++executions_;
  const auto look = looks ? ObservedRun::Look::always : ObservedRun::Look::when_unknown;
  StepEstimates& estimates = run_.estimates();
  while (run_.look()) {
    const auto unsteered = run_.unsteered();
    const auto taken = run_.take(unsteered ? *unsteered : run_.highest(), look);
    run_.redraw(taken.process);
    const StepEstimates::Id step = estimates.find(taken.process, taken.step);
    for (const ObservedRun::Place& place : run_.places()) {
      const StepEstimates::Id other = run_.next_of(place.process);
      if (step == StepEstimates::kUnknown || other == StepEstimates::kUnknown ||
          estimates.conflict(step, other)) {
        run_.redraw(place.process);
      }
    }
  }
  run_.end();
  return true;
}

}  // namespace cocheck
