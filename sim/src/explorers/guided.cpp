#include "cocheck/explorers/guided.hpp"

#include <algorithm>

#include "cocheck/detail/task_base.hpp"
#include "cocheck/world.hpp"

namespace cocheck {

namespace {

/// Of the task that calls choose(), as a recorder writes it down.
std::string id_of_drawing(const World& world) {
  const detail::TaskBase* task = world.running();
  return task != nullptr ? task->id() : "0";
}

}  // namespace

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
  if (world.choosing_value()) return draw(alternatives, world);
  const std::size_t position = position_++;
  while (next_ < deviations_.size() && (deviations_[next_].choice.kind == Choice::Kind::value ||
                                        deviations_[next_].position < position)) {
    ++next_;
  }
  if (next_ == deviations_.size() || deviations_[next_].position != position) return 0;
  const std::size_t found = find_alternative(deviations_[next_].choice, alternatives, world);
  return found == alternatives ? 0 : found;
}

std::size_t GuidedExplorer::draw(std::size_t alternatives, const World& world) {
  const std::string task = id_of_drawing(world);
  const std::size_t position = drawn_[task]++;
  const auto wish =
      std::find_if(deviations_.begin(), deviations_.end(), [&](const Deviation& deviation) {
        return deviation.choice.kind == Choice::Kind::value && deviation.choice.task == task &&
               deviation.position == position;
      });
  return wish != deviations_.end() && wish->choice.value < alternatives ? wish->choice.value : 0;
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
