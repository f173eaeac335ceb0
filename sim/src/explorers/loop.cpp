#include "cocheck/explorers/loop.hpp"

#include <set>
#include <string>

#include "cocheck/detail/fingerprint.hpp"
#include "cocheck/detail/task_base.hpp"
#include "cocheck/world.hpp"

namespace cocheck {

bool LoopExplorer::drive(World& world) {
  detail::Fingerprinter fingerprinter(world, world.memory(), {.tell_apart = true});
  detail::Fingerprint begin;
  std::set<const detail::TaskBase*> active;
  std::source_location place;
  for (std::size_t step = 0;; ++step) {
    const std::size_t alternatives = world.alternatives();
    if (step == loop_ || step == steps_) {
      fingerprinter.touch_all();
      const detail::Fingerprint here = fingerprinter.compute();
      if (step == loop_) begin = here;
      if (step == steps_ && here != begin) {
        throw ReplayDiverged("diverged after step " + std::to_string(step) +
                             ": expected the state to be the same as before step " +
                             std::to_string(loop_) + ", found another one");
      }
    }
    if (step == steps_) break;
    if (alternatives == 0) {
      throw ReplayDiverged("diverged at step " + std::to_string(step) + ": expected " +
                           std::to_string(steps_ - step) +
                           " more steps, found the end of the execution");
    }
    const bool asked = alternatives > 1 || inner_.picks_forced();
    const std::size_t index = asked ? inner_.pick(alternatives, world) : 0;
    const Action action = world.action(index);
    if (step >= loop_) {
      active.insert(action.task);
      if (action.task != world.root()) place = action.task->place();
    }
    world.take(index, alternatives);
  }
  timers_pending_ = !world.timers().empty();
  std::string starved;
  for (const detail::TaskBase* task = world.first_task(); task != nullptr; task = task->next_task) {
    if (task == world.root() || active.contains(task)) continue;
    starved += (starved.empty() ? "; meanwhile these wait: " : ", ") + task->id() + " '" +
               task->name() + "'";
  }
  const std::string loop =
      steps_ - loop_ == 1 ? "step " + std::to_string(loop_) + " leads back to the state before it"
                          : "steps " + std::to_string(loop_) + " to " + std::to_string(steps_ - 1) +
                                " lead back to the state before them";
  world.fail({FailureKind::livelock, loop + ", again and again" + starved, place});
  return true;
}

}  // namespace cocheck
