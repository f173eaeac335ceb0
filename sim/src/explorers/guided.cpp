#include "cocheck/explorers/guided.hpp"

#include "cocheck/detail/task_base.hpp"
#include "cocheck/world.hpp"

namespace cocheck {

std::size_t find_alternative(const Choice& choice, std::size_t alternatives, const World& world) {
  if (world.choosing_value() != (choice.kind == Choice::Kind::value)) return alternatives;
  if (world.choosing_value()) return choice.value < alternatives ? choice.value : alternatives;
  for (std::size_t i = 0; i < alternatives; ++i) {
    const Action action = world.action(i);
    if (action.kind != choice.kind) continue;
    if (action.number != choice.value) continue;
    if (action.task->id() == choice.task) return i;
  }
  return alternatives;
}

std::size_t GuidedExplorer::pick(std::size_t alternatives, const World& world) {
  const std::size_t position = position_++;
  while (next_ < deviations_.size() && deviations_[next_].position < position) ++next_;
  if (next_ == deviations_.size() || deviations_[next_].position != position) return 0;
  const std::size_t found = find_alternative(deviations_[next_].choice, alternatives, world);
  return found == alternatives ? 0 : found;
}

std::size_t TapeExplorer::pick(std::size_t alternatives, const World&) {
  if (position_ == tape_.size() || tape_[position_] >= alternatives) {
    throw NotDeterministic(
        "the model is not deterministic: the same choices led somewhere else at choice " +
        std::to_string(position_) +
        "; look for state that outlives an execution, addresses or real time");
  }
  return tape_[position_++];
}

}  // namespace cocheck
