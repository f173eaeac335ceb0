#include "cocheck/explorers/watch.hpp"

#include <bit>

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
    const bool last = alternatives == 0 || step == settings_.max_steps;
    if (!world.failure() &&
        (settings_.details || step < kClosely || std::has_single_bit(step) || last)) {
      fingerprinter.touch_all();
      sight.fingerprint = fingerprinter.compute();
    }
    if (settings_.on_state && !world.failure()) settings_.on_state(world);
    if (last) break;
    const std::size_t index = alternatives > 1 ? pick(alternatives, world) : 0;
    if (settings_.details) sight.actor = in_words(world.action(index));
    world.take(index, alternatives);
  }
  failed_ = world.failure().has_value();
  world.discard();
  blocks_left_ = world.memory().outstanding_now();
  return true;
}

}  // namespace cocheck
