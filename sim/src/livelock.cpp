#include "cocheck/detail/livelock.hpp"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <utility>

namespace cocheck::detail {

namespace {

using State = StateGraph::State;
using Edge = StateGraph::Edge;

std::uint32_t actor_of(const Edge& edge) {
  return edge.actor & ~ActorsOfStates::kChosen;
}

/// One component of what is left of a graph.
class Component {
 public:
  /// `component` says the component of every state; this one has `number` and consists of `states`.
  Component(const StateGraph& graph, const ActorsOfStates& actors,
            const std::vector<std::uint32_t>& component, std::uint32_t number,
            std::vector<State> states)
      : graph_(graph),
        actors_(actors),
        component_(component),
        number_(number),
        states_(std::move(states)) {}

  [[nodiscard]] bool contains(State state) const { return component_[state] == number_; }

  [[nodiscard]] bool has_cycle() const {
    return std::any_of(states_.begin(), states_.end(), [&](State state) {
      return any_edge(state, [&](const Edge& edge) { return contains(edge.target); });
    });
  }

  /// Those from which a step leads out for no other reason than a value of choose().
  [[nodiscard]] std::vector<State> left_by_value() const {
    std::vector<State> result;
    for (const State state : states_) {
      if (any_edge(state, [&](const Edge& edge) {
            return !contains(edge.target) && (edge.actor & ActorsOfStates::kChosen) != 0;
          })) {
        result.push_back(state);
      }
    }
    return result;
  }

  /// Who can act in every state.
  [[nodiscard]] std::vector<std::uint32_t> always_enabled() const {
    std::vector<std::uint32_t> result = actors_.enabled[states_.front()];
    for (const State state : states_) {
      const std::vector<std::uint32_t>& here = actors_.enabled[state];
      std::vector<std::uint32_t> both;
      std::set_intersection(result.begin(), result.end(), here.begin(), here.end(),
                            std::back_inserter(both));
      result = std::move(both);
    }
    return result;
  }

  [[nodiscard]] bool is_ambiguous() const {
    return std::any_of(states_.begin(), states_.end(),
                       [&](State state) { return actors_.ambiguous[state]; });
  }

  /// A step inside that `actor` makes; one of anybody where there is none given.
  [[nodiscard]] const Edge* step_from(State state, std::optional<std::uint32_t> actor) const {
    const Edge* found = nullptr;
    graph_.for_each_edge(state, [&](const Edge& edge) {
      if (contains(edge.target) && (!actor || actor_of(edge) == *actor)) found = &edge;
    });
    return found;
  }

  [[nodiscard]] bool acts(std::uint32_t actor) const {
    return std::any_of(states_.begin(), states_.end(),
                       [&](State state) { return step_from(state, actor) != nullptr; });
  }

  /// The way there, then once round past a step of each of `actors`.
  [[nodiscard]] Livelock way_round(const std::vector<std::uint32_t>& actors) const {
    const auto inside = [&](State state) { return contains(state); };
    Livelock livelock;
    std::vector<State>& path = livelock.path;
    path = graph_.shortest_path(0, inside, [](State) { return true; });
    livelock.loop = path.size() - 1;
    const State home = path.back();
    const auto go = [&](const auto& goal) {
      const std::vector<State> way = graph_.shortest_path(path.back(), goal, inside);
      assert(!way.empty());
      path.insert(path.end(), way.begin() + 1, way.end());
    };
    const auto go_past = [&](std::optional<std::uint32_t> actor) {
      go([&](State state) { return step_from(state, actor) != nullptr; });
      path.push_back(step_from(path.back(), actor)->target);
    };
    for (const std::uint32_t actor : actors) go_past(actor);
    if (actors.empty()) go_past(std::nullopt);
    go([&](State state) { return state == home; });
    return livelock;
  }

 private:
  template <class Predicate>
  [[nodiscard]] bool any_edge(State state, Predicate&& predicate) const {
    bool any = false;
    graph_.for_each_edge(state, [&](const Edge& edge) { any = any || predicate(edge); });
    return any;
  }

  const StateGraph& graph_;
  const ActorsOfStates& actors_;
  const std::vector<std::uint32_t>& component_;
  std::uint32_t number_;
  std::vector<State> states_;
};

std::vector<std::vector<State>> states_by_component(const std::vector<std::uint32_t>& component) {
  std::vector<std::vector<State>> result;
  for (State state = 0; state < component.size(); ++state) {
    if (component[state] == StateGraph::kNone) continue;
    if (result.size() <= component[state]) result.resize(component[state] + 1);
    result[component[state]].push_back(state);
  }
  return result;
}

}  // namespace

LivelockSearch find_livelock(const StateGraph& graph, const ActorsOfStates& actors) {
  std::vector<bool> active(graph.size(), true);
  for (bool smaller = true; smaller;) {
    smaller = false;
    const std::vector<std::uint32_t> numbers = graph.components(active);
    std::vector<std::vector<State>> members = states_by_component(numbers);
    for (std::uint32_t number = 0; number < members.size(); ++number) {
      const Component component(graph, actors, numbers, number, std::move(members[number]));
      if (!component.has_cycle()) continue;
      if (const std::vector<State> left = component.left_by_value(); !left.empty()) {
        for (const State state : left) active[state] = false;
        smaller = true;
        continue;
      }
      const std::vector<std::uint32_t> enabled = component.always_enabled();
      // Somebody who could always act and never does here: no scheduler is that unfair.
      if (!std::all_of(enabled.begin(), enabled.end(),
                       [&](std::uint32_t actor) { return component.acts(actor); })) {
        continue;
      }
      if (component.is_ambiguous()) return {std::nullopt, true};
      return {component.way_round(enabled), false};
    }
  }
  return {};
}

}  // namespace cocheck::detail
