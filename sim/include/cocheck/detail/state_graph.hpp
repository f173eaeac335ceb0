#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "cocheck/detail/fingerprint.hpp"

namespace cocheck::detail {

/// The states that a search has seen and the steps between them.
///
/// find_or_add() is O(1), a state takes some 32 bytes and a step 16.
class StateGraph {
 public:
  using State = std::uint32_t;
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};

  struct Edge {
    State target;
    std::uint32_t next;    // the next edge of the same state
    std::uint32_t weight;  // how many actions it stands for
    std::uint32_t actor;   // who acts, as the search numbers them
  };

  /// The state with this fingerprint, and whether it is new.
  struct Found {
    State state;
    bool is_new;
  };
  [[nodiscard]] Found find_or_add(const Fingerprint& fingerprint);

  void add_edge(State from, State to, std::uint32_t weight, std::uint32_t actor);

  [[nodiscard]] std::size_t size() const noexcept { return fingerprints_.size(); }
  [[nodiscard]] const Fingerprint& fingerprint(State state) const { return fingerprints_[state]; }
  [[nodiscard]] std::size_t bytes() const noexcept;

  /// Calls `visit(edge)` for all edges of a state, the last one first.
  template <class Visit>
  void for_each_edge(State state, Visit&& visit) const {
    for (std::uint32_t e = first_edge_[state]; e != kNone; e = edges_[e].next) visit(edges_[e]);
  }

  /// The strongly connected components among the states for which `active` holds (all if empty):
  /// a number for each state, targets before sources; kNone for those that are not active.
  [[nodiscard]] std::vector<std::uint32_t> components(const std::vector<bool>& active = {}) const;

  /// How many paths lead from state 0 to a state without edges, every edge counted as often as its
  /// weight says; infinity when they are too many for a long double. Nothing where there are
  /// cycles.
  [[nodiscard]] std::optional<long double> count_paths() const;

  /// The states of a shortest path from `from` to one for which `goal` holds, over states for which
  /// `allowed` holds; empty when there is none. Both ends are part of it.
  template <class Goal, class Allowed>
  [[nodiscard]] std::vector<State> shortest_path(State from, Goal&& goal, Allowed&& allowed) const;

 private:
  void rehash(std::size_t slots);

  std::vector<Fingerprint> fingerprints_;
  std::vector<std::uint32_t> first_edge_;
  std::vector<Edge> edges_;
  std::vector<State> slots_;  // open addressing by Fingerprint::low
};

template <class Goal, class Allowed>
std::vector<StateGraph::State> StateGraph::shortest_path(State from, Goal&& goal,
                                                         Allowed&& allowed) const {
  std::vector<State> parent(size(), kNone);
  std::vector<State> queue{from};
  parent[from] = from;
  for (std::size_t i = 0; i < queue.size(); ++i) {
    const State state = queue[i];
    if (goal(state)) {
      std::vector<State> path{state};
      while (path.back() != from) path.push_back(parent[path.back()]);
      return {path.rbegin(), path.rend()};
    }
    for_each_edge(state, [&](const Edge& edge) {
      if (parent[edge.target] != kNone || !allowed(edge.target)) return;
      parent[edge.target] = state;
      queue.push_back(edge.target);
    });
  }
  return {};
}

}  // namespace cocheck::detail
