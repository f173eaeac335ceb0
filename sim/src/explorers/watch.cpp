#include "cocheck/explorers/watch.hpp"

#include <bit>

#include "cocheck/detail/outside_memory.hpp"
#include "cocheck/detail/task_base.hpp"
#include "cocheck/world.hpp"

namespace cocheck {

namespace {

// So many states at the beginning are all looked at, then fewer and fewer.
constexpr std::size_t kClosely = 8;

std::string in_words(const Action& action) {
  const std::source_location place = action.task->place();
  const std::string file = place.file_name();
  return "task " + action.task->id() + " '" + action.task->name() + "'" +
         (place.line() == 0 ? std::string()
                            : ", at " + file.substr(file.find_last_of('/') + 1) + ":" +
                                  std::to_string(place.line()));
}

}  // namespace

bool WatchExplorer::drive(World& world) {
  detail::Fingerprinter fingerprinter(world, world.memory(), {});
  while (true) {
    const std::size_t alternatives = world.alternatives();
    Sight& sight = sights_.emplace_back();
    sight.alternatives = alternatives;
    const std::size_t step = sights_.size() - 1;
    const bool last = alternatives == 0 || step == max_steps_;
    if (!world.failure() && (details_ || step < kClosely || std::has_single_bit(step) || last)) {
      fingerprinter.touch_all();
      sight.fingerprint = fingerprinter.compute();
    }
    if (last) break;
    const std::size_t index = alternatives > 1 ? pick(alternatives, world) : 0;
    if (details_) sight.actor = in_words(world.action(index));
    world.take(index, alternatives);
  }
  world.discard();
  // What was abandoned is dropped with the execution, and what is held outside goes back with that.
  const detail::OutsideMemory* outside = world.outside();
  const bool is_held = outside != nullptr && outside->differs_from_baseline();
  blocks_left_ = is_held || world.abandoned() ? 0 : world.memory().outstanding_now();
  return true;
}

}  // namespace cocheck
