#include "cocheck/explorers/states.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "cocheck/detail/task_base.hpp"

namespace cocheck {

using detail::Fingerprint;
using detail::Fingerprinter;
using detail::StateGraph;
using detail::UndoLog;

namespace {

constexpr std::uint64_t kStepsBetweenChecks = 1'024;
// No state has this one: its halves are not spread.
constexpr Fingerprint kFailed{1, 1};

/// Without the number of a timer or callback: that is no part of a state.
std::string actor_name(const Action& action) {
  return std::to_string(static_cast<int>(action.kind)) + " " + action.task->id();
}

}  // namespace

/// One search while it runs.
class StatesExplorer::Driver {
 public:
  Driver(StatesExplorer& explorer, World& world)
      : explorer_(explorer),
        limits_(explorer.limits_),
        settings_(explorer.settings_),
        graph_(explorer.graph_),
        world_(world),
        memory_(world.memory()),
        fingerprinter_(world, memory_, {!settings_.fold, settings_.with_time, settings_.defect}) {
    undo_.emplace(memory_);
  }

  End run() {
    const std::size_t alternatives = world_.alternatives();
    const StateGraph::Found first = graph_.find_or_add(fingerprinter_.compute());
    if (settings_.breadth_first) explorer_.origins_.push_back({0, 0, {}});
    if (alternatives == 0) return finish_execution() ? End::exhausted : end_;
    enter(first.state, alternatives);
    alternatives_ = alternatives;
    if (settings_.with_actors) note_enabled(first.state);
    if (!settings_.follow.empty()) return follow();
    return settings_.breadth_first ? run_breadth_first() : run_depth_first();
  }

 private:
  /// What a step has led to.
  enum class Step : std::uint8_t { known, new_state, ended, over };

  End run_depth_first() {
    while (explorer_.depth_ > 0) {
      Point& point = top();
      if (!has_move(point)) {
        leave();
        continue;
      }
      switch (make_move(point)) {
        case Step::new_state:
          enter(reached_, alternatives_);
          break;
        case Step::known:
        case Step::ended:
          rewind();
          break;
        case Step::over:
          return end_;
      }
    }
    return End::exhausted;
  }

  End run_breadth_first() {
    std::vector<StateGraph::State> queue{0};
    for (std::size_t i = 0; i < queue.size(); ++i) {
      explorer_.queue_next_ = i;
      go_to(queue[i]);
      Point& point = top();
      point.next_move = 0;
      point.values.clear();
      while (has_move(point)) {
        const Step step = make_move(point);
        if (step == Step::over) return end_;
        if (step == Step::new_state) queue.push_back(reached_);
        if (step != Step::known) note_origin(point);
        rewind();
      }
    }
    while (explorer_.depth_ > 0) leave();
    return End::exhausted;
  }

  End follow() {
    for (std::size_t i = 1; i < settings_.follow.size(); ++i) {
      bool found = false;
      while (!found) {
        Point& point = top();
        if (!has_move(point)) {
          throw NotDeterministic(
              "the model is not deterministic: a state that was reached before "
              "cannot be reached again; look for state that outlives an "
              "execution, addresses or real time");
        }
        if (make_move(point) == Step::over) return end_;
        found = graph_.fingerprint(reached_) == settings_.follow[i];
        if (!found) rewind();
      }
      enter(reached_, alternatives_);
    }
    explorer_.tape_.assign(world_.tape().begin(), world_.tape().end());
    return End::followed;
  }

  void note_origin(const Point& point) {
    std::vector<std::uint32_t> values;
    for (const Value& value : point.values) values.push_back(value.taken);
    explorer_.origins_.resize(graph_.size());
    explorer_.origins_[reached_] = {point.state, point.moves[point.next_move - 1].index,
                                    std::move(values)};
  }

  /// Makes the state the top of the path, over those from which it was reached first.
  void go_to(StateGraph::State state) {
    std::vector<StateGraph::State> way{state};
    while (way.back() != 0) way.push_back(explorer_.origins_[way.back()].parent);
    std::reverse(way.begin(), way.end());
    std::size_t shared = 0;
    while (shared < way.size() && shared < explorer_.depth_ &&
           explorer_.path_[shared].state == way[shared]) {
      ++shared;
    }
    assert(shared > 0);
    while (explorer_.depth_ > shared) leave();
    for (std::size_t i = shared; i < way.size(); ++i) {
      const Origin& origin = explorer_.origins_[way[i]];
      Point& point = top();
      const auto move =
          std::find_if(point.moves.begin(), point.moves.end(),
                       [&](const Move& candidate) { return candidate.index == origin.index; });
      assert(move != point.moves.end());
      point.next_move = static_cast<std::size_t>(move - point.moves.begin()) + 1;
      point.values.clear();
      for (const std::uint32_t value : origin.values) point.values.push_back({value, 0});
      repeat_move(point);
      const std::size_t alternatives = world_.alternatives();
      undo_->commit(fingerprinter_);
      (void)fingerprinter_.compute();
      enter(way[i], alternatives);
    }
  }

  [[nodiscard]] Point& top() { return explorer_.path_[explorer_.depth_ - 1]; }

  /// Puts the present state on the path.
  void enter(StateGraph::State state, std::size_t alternatives) {
    if (explorer_.depth_ == explorer_.path_.size()) explorer_.path_.emplace_back();
    Point& point = explorer_.path_[explorer_.depth_++];
    point.state = state;
    point.position = undo_->position(fingerprinter_);
    world_.save(point.loop);
    point.next_move = 0;
    point.values.clear();
    point.alternatives = alternatives;
    find_moves(point);
    explorer_.undo_bytes_ = undo_->bytes();
    if (undo_->bytes() > limits_.undo_bytes) undo_->drop_half();
  }

  void leave() {
    --explorer_.depth_;
    if (explorer_.depth_ > 0) rewind();
  }

  /// Goes back to the top of the path.
  void rewind() {
    Point& point = top();
    if (!undo_->holds(point.position)) {
      execute_again();
      return;
    }
    undo_->rewind(point.position, fingerprinter_);
    world_.restore(point.loop);
  }

  /// Reaches the top of the path from the beginning, since its snapshot was dropped.
  void execute_again() {
    undo_.reset();
    world_.restart();
    undo_.emplace(memory_);
    fingerprinter_.restore(0);
    fingerprinter_.touch_all();
    for (std::size_t i = 0; i + 1 < explorer_.depth_; ++i) {
      (void)world_.alternatives();
      Point& point = explorer_.path_[i];
      point.position = undo_->position(fingerprinter_);
      world_.save(point.loop);
      repeat_move(point);
      undo_->commit(fingerprinter_);
      if (undo_->bytes() > limits_.undo_bytes) undo_->drop_half();
    }
    (void)world_.alternatives();
    Point& point = top();
    point.position = undo_->position(fingerprinter_);
    world_.save(point.loop);
  }

  void find_moves(Point& point) {
    point.moves.clear();
    for (std::size_t index = 0; index < point.alternatives; ++index) {
      const Action action = world_.action(index);
      Fingerprint orbit = action.runnable == nullptr ? fingerprinter_.orbit_of(action.task)
                                                     : fingerprinter_.orbit_of(action.runnable);
      if (orbit != Fingerprint{}) {
        if (action.runnable == nullptr) orbit.low = ~orbit.low;
        const auto equal = std::find_if(point.moves.begin(), point.moves.end(),
                                        [&](const Move& move) { return move.orbit == orbit; });
        if (equal != point.moves.end()) {
          ++equal->weight;
          continue;
        }
      }
      point.moves.push_back({static_cast<std::uint32_t>(index), 1, orbit});
    }
  }

  /// Whether the move that was made last has other values of choose(), or there is another move.
  [[nodiscard]] static bool has_move(Point& point) {
    while (!point.values.empty() &&
           point.values.back().taken + 1 == point.values.back().alternatives) {
      point.values.pop_back();
    }
    return !point.values.empty() || point.next_move < point.moves.size();
  }

  void take(const Point& point, const Move& move) {
    explorer_.next_value_ = 0;
    world_.take(move.index, point.alternatives);
    explorer_.values_ = nullptr;
  }

  void repeat_move(Point& point) {
    explorer_.values_ = &point.values;
    take(point, point.moves[point.next_move - 1]);
  }

  Step make_move(Point& point) {
    if (explorer_.steps_++ % kStepsBetweenChecks == 0 && !go_on()) return Step::over;
    if (point.values.empty()) {
      ++point.next_move;
    } else {
      ++point.values.back().taken;
    }
    const Move move = point.moves[point.next_move - 1];
    std::uint32_t actor = kNobody;
    if (settings_.with_actors) actor = actor_of(world_.action(move.index));
    explorer_.values_ = &point.values;
    take(point, move);
    if (!point.values.empty()) actor |= kChosen;
    const StateGraph::State from = point.state;
    if (world_.out_of_memory()) return over(End::out_of_memory);
    if (world_.names_seen() && settings_.fold) return over(End::reads_names);
    if (world_.time_seen() && !settings_.with_time) return over(End::reads_clock);
    if (world_.failure()) {
      graph_.add_edge(from, graph_.find_or_add(kFailed).state, move.weight, actor);
      reached_ = 0;
      return finish_execution() ? Step::known : Step::over;
    }
    alternatives_ = world_.alternatives();
    undo_->commit(fingerprinter_);
    const StateGraph::Found found = graph_.find_or_add(fingerprinter_.compute());
    reached_ = found.state;
    graph_.add_edge(from, found.state, move.weight, actor);
    if (!found.is_new) return Step::known;
    if (graph_.size() > limits_.states) return over(End::out_of_states);
    if (alternatives_ == 0) return finish_execution() ? Step::ended : Step::over;
    if (world_.steps() >= world_.max_steps()) return over(End::too_deep);
    if (settings_.with_actors) note_enabled(found.state);
    return Step::new_state;
  }

  /// The execution has ended; false when the search has, too.
  bool finish_execution() {
    ++explorer_.executions_;
    world_.end();
    undo_->commit(fingerprinter_);
    if (settings_.on_end) settings_.on_end(world_);
    if (world_.failure()) {
      ++explorer_.failing_;
      if (settings_.on_failure) settings_.on_failure(world_);
      if (settings_.stop_at_failure) {
        end_ = End::failure;
        return false;
      }
    } else if (world_.blocks_held() > 0 || memory_.outstanding_now() > 0) {
      end_ = End::leaves_memory;
      return false;
    }
    return true;
  }

  Step over(End end) {
    end_ = end;
    return Step::over;
  }

  [[nodiscard]] bool go_on() {
    if (settings_.on_progress) settings_.on_progress(explorer_);
    if (explorer_.steps_ >= limits_.steps) {
      end_ = End::out_of_steps;
      return false;
    }
    if (limits_.deadline && std::chrono::steady_clock::now() >= *limits_.deadline) {
      end_ = End::out_of_time;
      return false;
    }
    return true;
  }

  [[nodiscard]] std::uint32_t actor_of(const Action& action) {
    if (action.kind == Choice::Kind::cancel) return kNobody;
    std::string name = actor_name(action);
    const auto known = std::find(explorer_.actors_.begin(), explorer_.actors_.end(), name);
    if (known == explorer_.actors_.end()) explorer_.actors_.push_back(std::move(name));
    return static_cast<std::uint32_t>(known - explorer_.actors_.begin());
  }

  void note_enabled(StateGraph::State state) {
    explorer_.enabled_.resize(graph_.size());
    std::vector<std::uint32_t>& enabled = explorer_.enabled_[state];
    for (std::size_t i = 0; i < alternatives_; ++i) {
      const std::uint32_t actor = actor_of(world_.action(i));
      if (actor != kNobody) enabled.push_back(actor);
    }
    std::sort(enabled.begin(), enabled.end());
    explorer_.ambiguous_.resize(graph_.size(), false);
    explorer_.ambiguous_[state] =
        std::adjacent_find(enabled.begin(), enabled.end()) != enabled.end();
    enabled.erase(std::unique(enabled.begin(), enabled.end()), enabled.end());
  }

  StatesExplorer& explorer_;
  const Limits& limits_;
  const Settings& settings_;
  StateGraph& graph_;
  World& world_;
  detail::ModelMemory& memory_;
  Fingerprinter fingerprinter_;
  std::optional<UndoLog> undo_;
  StateGraph::State reached_ = 0;
  std::size_t alternatives_ = 0;
  End end_ = End::exhausted;
};

StatesExplorer::StatesExplorer(Limits limits, Settings settings)
    : limits_(limits), settings_(std::move(settings)) {}

StatesExplorer::~StatesExplorer() = default;

bool StatesExplorer::next() {
  return !std::exchange(started_, true);
}

/// Only the values of a choose() are asked for: those that were taken before, then a new one.
std::size_t StatesExplorer::pick(std::size_t alternatives, const World&) {
  assert(values_ != nullptr);
  if (next_value_ == values_->size()) {
    values_->push_back({0, static_cast<std::uint32_t>(alternatives)});
  }
  Value& value = (*values_)[next_value_++];
  if (value.taken >= alternatives ||
      (value.alternatives != 0 && value.alternatives != alternatives)) {
    throw NotDeterministic(next_value_ - 1, value.alternatives, alternatives);
  }
  value.alternatives = static_cast<std::uint32_t>(alternatives);
  return value.taken;
}

bool StatesExplorer::drive(World& world) {
  {
    Driver driver(*this, world);
    end_ = driver.run();
  }
  depth_ = 0;
  if (end_ != End::failure) world.discard();
  return true;
}

std::size_t StatesExplorer::frontier() const noexcept {
  if (settings_.breadth_first) return graph_.size() - std::min(queue_next_, graph_.size());
  return depth_;
}

std::size_t StatesExplorer::bytes() const noexcept {
  return graph_.bytes() + undo_bytes_ + origins_.capacity() * sizeof(Origin) +
         path_.capacity() * sizeof(Point);
}

StatesExplorer::LivelockSearch StatesExplorer::find_livelock() const {
  using State = StateGraph::State;
  assert(settings_.with_actors && !settings_.fold);
  std::vector<bool> active(graph_.size(), true);
  const auto enabled_in = [&](State state) -> const std::vector<std::uint32_t>& {
    static const std::vector<std::uint32_t> none;
    return state < enabled_.size() ? enabled_[state] : none;
  };
  while (true) {
    const std::vector<std::uint32_t> component = graph_.components(active);
    std::vector<std::vector<State>> members;
    for (State state = 0; state < graph_.size(); ++state) {
      if (component[state] == StateGraph::kNone) continue;
      if (members.size() <= component[state]) members.resize(component[state] + 1);
      members[component[state]].push_back(state);
    }
    bool smaller = false;
    for (std::size_t c = 0; c < members.size(); ++c) {
      const auto inside = [&](State state) { return active[state] && component[state] == c; };
      std::vector<std::uint32_t> acting;
      bool cyclic = false;
      bool leaves_by_value = false;
      for (const State state : members[c]) {
        bool leaves = false;
        graph_.for_each_edge(state, [&](const StateGraph::Edge& edge) {
          if (inside(edge.target)) {
            cyclic = true;
            acting.push_back(edge.actor & ~kChosen);
          } else if ((edge.actor & kChosen) != 0) {
            leaves = true;
          }
        });
        // A value that is offered again and again is given some time: no cycle goes through here.
        if (leaves) {
          active[state] = false;
          leaves_by_value = true;
        }
      }
      if (!cyclic) continue;
      if (leaves_by_value) {
        smaller = true;
        continue;
      }
      std::sort(acting.begin(), acting.end());
      acting.erase(std::unique(acting.begin(), acting.end()), acting.end());
      std::vector<std::uint32_t> always = enabled_in(members[c].front());
      for (const State state : members[c]) {
        std::vector<std::uint32_t> both;
        std::set_intersection(always.begin(), always.end(), enabled_in(state).begin(),
                              enabled_in(state).end(), std::back_inserter(both));
        always = std::move(both);
      }
      // Somebody who could always act and never does here: no scheduler is that unfair.
      if (!std::includes(acting.begin(), acting.end(), always.begin(), always.end())) continue;

      if (std::any_of(members[c].begin(), members[c].end(), [&](State state) {
            return state < ambiguous_.size() && ambiguous_[state];
          })) {
        return {std::nullopt, true};
      }
      // The way there, then once round past a step of everybody who always could act.
      std::vector<State> path = graph_.shortest_path(0, inside, [](State) { return true; });
      const std::size_t loop = path.size() - 1;
      const State home = path.back();
      std::vector<std::uint32_t> missing = always;
      const auto go = [&](State from, State to) {
        const std::vector<State> way = graph_.shortest_path(
            from, [&](State state) { return state == to; }, inside);
        path.insert(path.end(), way.begin() + 1, way.end());
      };
      while (!missing.empty()) {
        const std::uint32_t actor = missing.back();
        missing.pop_back();
        State source = StateGraph::kNone;
        State target = StateGraph::kNone;
        const std::vector<State> way = graph_.shortest_path(
            path.back(),
            [&](State state) {
              graph_.for_each_edge(state, [&](const StateGraph::Edge& edge) {
                if (inside(edge.target) && (edge.actor & ~kChosen) == actor) {
                  source = state;
                  target = edge.target;
                }
              });
              return source == state;
            },
            inside);
        assert(!way.empty());
        path.insert(path.end(), way.begin() + 1, way.end());
        path.push_back(target);
      }
      if (path.size() == loop + 1) {  // nobody is always enabled: any step inside will do
        State target = StateGraph::kNone;
        graph_.for_each_edge(home, [&](const StateGraph::Edge& edge) {
          if (inside(edge.target)) target = edge.target;
        });
        path.push_back(target);
      }
      if (path.back() != home) go(path.back(), home);
      Livelock livelock;
      livelock.loop = loop;
      for (const State state : path) livelock.path.push_back(graph_.fingerprint(state));
      return {livelock, false};
    }
    if (!smaller) return {};
  }
}

}  // namespace cocheck
