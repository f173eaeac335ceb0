#include "cocheck/detail/state_graph.hpp"

#include <algorithm>
#include <cassert>
#include <stdexcept>

namespace cocheck::detail {

namespace {

constexpr std::size_t kFirstSlots = 1024;

}  // namespace

StateGraph::Found StateGraph::find_or_add(const Fingerprint& fingerprint) {
  if (slots_.size() < 2 * (fingerprints_.size() + 1)) {
    rehash(std::max(kFirstSlots, 2 * slots_.size()));
  }
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = fingerprint.low & mask;
  for (; slots_[slot] != kNone; slot = (slot + 1) & mask) {
    if (fingerprints_[slots_[slot]] == fingerprint) return {slots_[slot], false};
  }
  if (fingerprints_.size() == kNone) throw std::length_error("more states than can be numbered");
  const auto state = static_cast<State>(fingerprints_.size());
  slots_[slot] = state;
  fingerprints_.push_back(fingerprint);
  first_edge_.push_back(kNone);
  return {state, true};
}

void StateGraph::rehash(std::size_t slots) {
  slots_.assign(slots, kNone);
  const std::size_t mask = slots - 1;
  for (State state = 0; state < fingerprints_.size(); ++state) {
    std::size_t slot = fingerprints_[state].low & mask;
    while (slots_[slot] != kNone) slot = (slot + 1) & mask;
    slots_[slot] = state;
  }
}

void StateGraph::add_edge(State from, State to, std::uint32_t weight, std::uint32_t actor) {
  if (edges_.size() == kNone) throw std::length_error("more steps than can be numbered");
  edges_.push_back({to, first_edge_[from], weight, actor});
  first_edge_[from] = static_cast<std::uint32_t>(edges_.size() - 1);
}

std::size_t StateGraph::bytes() const noexcept {
  return fingerprints_.capacity() * sizeof(Fingerprint) +
         first_edge_.capacity() * sizeof(std::uint32_t) + edges_.capacity() * sizeof(Edge) +
         slots_.capacity() * sizeof(State);
}

/// Tarjan's algorithm, with a stack of its own instead of recursion.
std::vector<std::uint32_t> StateGraph::components(const std::vector<bool>& active) const {
  struct Visit {
    State state;
    std::uint32_t edge;
  };
  const auto is_active = [&](State state) { return active.empty() || active[state]; };
  std::vector<std::uint32_t> component(size(), kNone);
  std::vector<std::uint32_t> index(size(), kNone);
  std::vector<std::uint32_t> low(size(), 0);
  std::vector<State> stack;
  std::vector<Visit> visits;
  std::uint32_t next_index = 0;
  std::uint32_t next_component = 0;
  for (State root = 0; root < size(); ++root) {
    if (index[root] != kNone || !is_active(root)) continue;
    visits.push_back({root, first_edge_[root]});
    index[root] = low[root] = next_index++;
    stack.push_back(root);
    while (!visits.empty()) {
      Visit& visit = visits.back();
      if (visit.edge != kNone) {
        const Edge& edge = edges_[visit.edge];
        visit.edge = edge.next;
        if (!is_active(edge.target)) continue;
        if (index[edge.target] == kNone) {
          index[edge.target] = low[edge.target] = next_index++;
          stack.push_back(edge.target);
          visits.push_back({edge.target, first_edge_[edge.target]});
        } else if (component[edge.target] == kNone) {
          low[visit.state] = std::min(low[visit.state], index[edge.target]);
        }
        continue;
      }
      const State state = visit.state;
      visits.pop_back();
      if (!visits.empty()) {
        low[visits.back().state] = std::min(low[visits.back().state], low[state]);
      }
      if (low[state] != index[state]) continue;
      State member = kNone;
      do {
        member = stack.back();
        stack.pop_back();
        component[member] = next_component;
      } while (member != state);
      ++next_component;
    }
  }
  return component;
}

std::optional<long double> StateGraph::count_paths() const {
  if (size() == 0) return 0;
  // Components are numbered targets first: in that order every target is known already.
  const std::vector<std::uint32_t> component = components();
  std::vector<State> order(size());
  for (State state = 0; state < size(); ++state) order[component[state]] = state;
  std::vector<long double> paths(size(), 0);
  for (const State state : order) {
    bool cycle = false;
    if (first_edge_[state] == kNone) {
      paths[state] = 1;
      continue;
    }
    for_each_edge(state, [&](const Edge& edge) {
      cycle = cycle || component[edge.target] == component[state];
      paths[state] += static_cast<long double>(edge.weight) * paths[edge.target];
    });
    if (cycle) return std::nullopt;
  }
  return paths[0];
}

}  // namespace cocheck::detail
