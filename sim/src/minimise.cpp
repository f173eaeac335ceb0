#include "cocheck/minimise.hpp"

#include <algorithm>
#include <cassert>
#include <map>
#include <string>

namespace cocheck {

std::vector<Deviation> deviations_of(std::span<const Choice> choices,
                                     std::span<const std::uint32_t> tape) {
  std::vector<Deviation> deviations;
  std::size_t taken = 0;
  std::size_t actions = 0;
  std::map<std::string, std::size_t> drawn;
  for (const Choice& choice : choices) {
    if (choice.alternatives == 1) continue;
    std::size_t& position = choice.kind == Choice::Kind::value ? drawn[choice.task] : actions;
    if (tape[taken] != 0) deviations.push_back({position, choice});
    ++position;
    ++taken;
  }
  assert(taken == tape.size());
  return deviations;
}

std::vector<Deviation> minimise(World& world, const Model& model, std::vector<Deviation> deviations,
                                FailureKind kind, std::uint64_t max_executions) {
  std::uint64_t executions = 0;
  const auto still_fails = [&](const std::vector<Deviation>& candidate) {
    if (executions == max_executions) return false;
    ++executions;
    GuidedExplorer explorer(candidate);
    explorer.next();
    world.run(model, explorer);
    return world.failure().has_value() && world.failure()->kind == kind;
  };

  // Chunks of half the size, of a quarter, ..., single choices; again as long as that helps.
  for (bool smaller = true; smaller && !deviations.empty();) {
    smaller = false;
    for (std::size_t chunk = (deviations.size() + 1) / 2; chunk > 0; chunk /= 2) {
      for (std::size_t begin = 0; begin < deviations.size();) {
        const std::size_t end = std::min(begin + chunk, deviations.size());
        std::vector<Deviation> candidate(deviations.begin(),
                                         deviations.begin() + static_cast<std::ptrdiff_t>(begin));
        candidate.insert(candidate.end(), deviations.begin() + static_cast<std::ptrdiff_t>(end),
                         deviations.end());
        if (still_fails(candidate)) {
          deviations = std::move(candidate);
          smaller = true;
        } else {
          begin = end;
        }
      }
      if (deviations.empty()) break;
    }
    // One in the place of an earlier one: what overtakes others one by one may overtake all at
    // once.
    for (std::size_t later = 1; later < deviations.size(); ++later) {
      for (std::size_t earlier = 0; earlier < later; ++earlier) {
        if (deviations[earlier].choice.kind == Choice::Kind::value ||
            deviations[later].choice.kind == Choice::Kind::value) {
          continue;
        }
        std::vector<Deviation> candidate = deviations;
        candidate[earlier].choice = deviations[later].choice;
        candidate.erase(candidate.begin() + static_cast<std::ptrdiff_t>(later));
        if (!still_fails(candidate)) continue;
        deviations = std::move(candidate);
        smaller = true;
        later = 0;
        break;
      }
    }
    for (std::size_t i = 0; i < deviations.size(); ++i) {
      if (deviations[i].choice.kind != Choice::Kind::value) continue;
      // A lower value is simpler: by bisection, then one by one.
      std::size_t low = 1;  // 0 was tried when the deviation was left out
      while (low < deviations[i].choice.value) {
        std::vector<Deviation> candidate = deviations;
        candidate[i].choice.value = low + (deviations[i].choice.value - low) / 2;
        if (still_fails(candidate)) {
          deviations = std::move(candidate);
          smaller = true;
        } else {
          low = candidate[i].choice.value + 1;
        }
      }
    }
  }
  return deviations;
}

}  // namespace cocheck
