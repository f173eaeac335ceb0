#include "cocheck/detail/observed_run.hpp"

namespace cocheck::detail {

bool ObservedRun::begin(World& world) {
  const bool same = SampledRun::begin(world);
  if (!same) estimates_.clear();
  return same;
}

ObservedRun::Taken ObservedRun::take(std::size_t index, Look look, WordPart part) {
  Taken taken;
  taken.process = process_of(index);
  taken.step = step_of(taken.process);
  taken.learnt =
      look == Look::always || estimates_.find(taken.process, taken.step) == StepEstimates::kUnknown;
  ModelMemory& memory = world().memory();
  memory.enter_process(name_of(index));
  posted_.clear();
  arrivals_.clear();
  completed_.clear();
  if (!taken.learnt && part.bytes == 0) {
    SampledRun::take(index);
    return taken;
  }
  const auto memory_range =
      AccessLog::Range::between(memory.begin(), memory.begin() + memory.limit());
  const auto world_range = AccessLog::Range::between(&world(), &world() + 1);
  // Where one word is looked for, all else is none of the model's.
  const auto word_range = AccessLog::Range{part.word * 8, 8};
  constexpr auto kAll = AccessLog::Range{0, ~std::uintptr_t{0}};
  world().set_watcher(this);
  {
    const AccessLog::Scope logging(log_, taken.learnt ? memory_range : word_range,
                                   taken.learnt ? world_range : kAll);
    SampledRun::take(index);
  }
  world().set_watcher(nullptr);
  const AccessLog::Entry* entry = part.bytes != 0 ? log_.find(part.word) : nullptr;
  taken.touched = entry != nullptr && ((entry->reads | entry->writes) & part.bytes) != 0;
  if (taken.learnt) estimates_.learn(taken.process, taken.step, log_, memory);
  log_.clear();
  return taken;
}

}  // namespace cocheck::detail
