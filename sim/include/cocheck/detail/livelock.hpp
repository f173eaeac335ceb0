#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "cocheck/detail/state_graph.hpp"

namespace cocheck::detail {

/// Who can act in the states of a graph.
struct ActorsOfStates {
  /// Added to the actor of an edge: choose() had a say in that step.
  static constexpr std::uint32_t kChosen = 0x8000'0000u;

  std::vector<std::vector<std::uint32_t>> enabled;  // by state, sorted
  std::vector<bool> ambiguous;  // by state: whether two that can act have one name
};

/// A way into a cycle that may go on for ever although everybody who can run does run.
struct Livelock {
  std::vector<StateGraph::State> path;  // from the first state on
  std::size_t loop = 0;                 // where in it the loop begins; it ends where it begins
};

struct LivelockSearch {
  std::optional<Livelock> found;
  /// Whether there may be one: in a cycle, actors could not be told apart.
  bool undecided = false;
};

/// Looks for a strongly connected component in which everybody who can act in each of its states
/// does act. A step that only a value of choose() keeps inside does not count: a value that is
/// offered again and again is given some time. O(states + steps) for each round in which such steps
/// are taken out.
[[nodiscard]] LivelockSearch find_livelock(const StateGraph& graph, const ActorsOfStates& actors);

}  // namespace cocheck::detail
