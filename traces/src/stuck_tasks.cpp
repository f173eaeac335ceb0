#include "stuck_tasks.hpp"

#include <algorithm>
#include <unordered_map>

#include "text.hpp"

namespace cocheck::detail {

std::vector<StuckGroup> group_stuck(const std::vector<StuckTask>& stuck) {
  std::vector<StuckGroup> groups;
  for (const StuckTask& task : stuck) {
    StuckTask what = task;
    what.task.clear();
    const auto same = std::ranges::find(groups, what, &StuckGroup::what);
    if (same == groups.end()) {
      groups.push_back({{task.task}, std::move(what)});
    } else {
      same->ids.push_back(task.task);
    }
  }
  return groups;
}

std::string waits_for(const StuckTask& stuck) {
  std::string text = stuck.verb.empty() ? "something" : clean(stuck.verb);
  if (!stuck.object.empty()) text += " " + clean(stuck.object);
  if (!stuck.holder.empty()) text += ", held by " + stuck.holder;
  return text;
}

std::vector<std::vector<std::string>> wait_cycles(const std::vector<StuckTask>& stuck) {
  std::unordered_map<std::string, std::string> holder_of;
  for (const StuckTask& task : stuck) holder_of.emplace(task.task, task.holder);
  std::unordered_map<std::string, std::size_t> seen_in;  // the walk that met the task first
  std::vector<std::vector<std::string>> cycles;
  for (std::size_t walk = 0; walk < stuck.size(); ++walk) {
    std::vector<std::string> path;
    std::string id = stuck[walk].task;
    while (holder_of.contains(id) && seen_in.try_emplace(id, walk).second) {
      path.push_back(id);
      id = holder_of.at(id);
    }
    const auto start = std::ranges::find(path, id);
    if (start == path.end()) continue;
    cycles.emplace_back(start, path.end());
    cycles.back().push_back(id);
  }
  return cycles;
}

}  // namespace cocheck::detail
