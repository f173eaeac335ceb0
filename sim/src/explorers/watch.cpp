#include "cocheck/explorers/watch.hpp"

#include <bit>
#include <utility>

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

bool WatchExplorer::next() {
  return !std::exchange(started_, true);
}

std::size_t WatchExplorer::pick(std::size_t alternatives, const World&) {
  return seed_ == 0 ? 0 : stream_.below(alternatives);
}

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
    // Cancellations come last: few of them are enough.
    std::size_t among = alternatives;
    if (seed_ != 0 && among > world.cancellations_offered() && stream_.below(8) != 0) {
      among -= world.cancellations_offered();
    }
    const std::size_t index = pick(among, world);
    if (details_) sight.actor = in_words(world.action(index));
    world.take(index, alternatives);
  }
  time_seen_ = world.time_seen();
  names_seen_ = world.names_seen();
  world.discard();
  blocks_left_ = world.memory().outstanding_now();
  return true;
}

}  // namespace cocheck
