#include "cocheck/explorers/states.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "cocheck/detail/interrupt.hpp"
#include "cocheck/detail/outside_memory.hpp"
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
    alternatives_ = world_.alternatives();
    if (world_.failure()) return finish_execution() ? End::exhausted : end_;
    reached_ = graph_.find_or_add(fingerprinter_.compute()).state;
    if (settings_.breadth_first) explorer_.origins_.push_back({0, 0, {}});
    note_state();
    if (alternatives_ == 0) return finish_execution() ? End::exhausted : end_;
    enter();
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
          enter();
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
      enter();
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
      take(point);
      alternatives_ = world_.alternatives();
      undo_->commit(&fingerprinter_);
      (void)fingerprinter_.compute();
      reached_ = way[i];
      enter();
    }
  }

  [[nodiscard]] Point& top() { return explorer_.path_[explorer_.depth_ - 1]; }

  /// Puts the state that was reached on the path.
  void enter() {
    if (explorer_.depth_ == explorer_.path_.size()) explorer_.path_.emplace_back();
    Point& point = explorer_.path_[explorer_.depth_++];
    point.state = reached_;
    point.next_move = 0;
    point.values.clear();
    point.alternatives = alternatives_;
    find_moves(point);
    take_snapshot(point);
  }

  void take_snapshot(Point& point) {
    point.position = undo_->position(&fingerprinter_);
    world_.save(point.loop);
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
    undo_->rewind(point.position, &fingerprinter_);
    world_.restore(point.loop);
  }

  /// Reaches the top of the path from the beginning, since its snapshot was dropped.
  void execute_again() {
    undo_.reset();
    world_.restart();
    undo_.emplace(memory_);
    fingerprinter_.restore({});
    fingerprinter_.touch_all();
    for (std::size_t i = 0; i < explorer_.depth_; ++i) {
      if (i > 0) {
        take(explorer_.path_[i - 1]);
        undo_->commit(&fingerprinter_);
      }
      (void)world_.alternatives();
      take_snapshot(explorer_.path_[i]);
    }
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

  /// Makes the move before `next_move`, with the values of choose() that are known.
  void take(Point& point) {
    explorer_.values_ = &point.values;
    explorer_.next_value_ = 0;
    world_.take(point.moves[point.next_move - 1].index, point.alternatives);
    explorer_.values_ = nullptr;
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
    take(point);
    if (!point.values.empty()) actor |= detail::ActorsOfStates::kChosen;
    if (world_.out_of_memory()) return over(End::out_of_memory);
    if (world_.names_seen() && settings_.fold) return over(End::reads_names);
    if (world_.time_seen() && !settings_.with_time) return over(End::reads_clock);
    if (world_.failure()) {
      graph_.add_edge(point.state, graph_.find_or_add(kFailed).state, move.weight, actor);
      reached_ = 0;
      return finish_execution() ? Step::known : Step::over;
    }
    alternatives_ = world_.alternatives();
    undo_->commit(&fingerprinter_);
    const StateGraph::Found found = graph_.find_or_add(fingerprinter_.compute());
    reached_ = found.state;
    graph_.add_edge(point.state, found.state, move.weight, actor);
    if (!found.is_new) return Step::known;
    note_state();
    if (graph_.size() > limits_.states) return over(End::out_of_states);
    if (alternatives_ == 0) return finish_execution() ? Step::ended : Step::over;
    if (world_.steps() >= world_.max_steps()) return over(End::too_deep);
    return Step::new_state;
  }

  /// The execution has ended; false when the search has, too.
  bool finish_execution() {
    world_.end();
    undo_->commit(&fingerprinter_);
    if (settings_.on_end) settings_.on_end(world_);
    if (world_.failure()) {
      ++explorer_.failing_;
      if (settings_.on_failure) settings_.on_failure(world_);
      if (settings_.stop_at_failure) {
        end_ = End::failure;
        return false;
      }
    } else if (world_.blocks_held() > 0 || (memory_.outstanding_now() > 0 && !is_held_outside())) {
      end_ = End::leaves_memory;
      return false;
    }
    return true;
  }

  /// Whether what is left may be held by what lies outside, which goes back as well.
  [[nodiscard]] bool is_held_outside() const {
    return world_.outside() != nullptr && world_.outside()->differs_from_baseline();
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
    if (detail::time_is_up(limits_.deadline)) {
      end_ = End::out_of_time;
      return false;
    }
    return true;
  }

  [[nodiscard]] std::uint32_t actor_of(const Action& action) {
    if (action.kind == Choice::Kind::cancel) return kNobody;
    std::string name = actor_name(action);
    std::vector<std::string>& names = explorer_.actor_names_;
    const auto known = std::find(names.begin(), names.end(), name);
    const auto actor = static_cast<std::uint32_t>(known - names.begin());
    if (known == names.end()) names.push_back(std::move(name));
    return actor;
  }

  /// The state that was reached is new.
  void note_state() {
    if (settings_.with_actors) note_actors(reached_);
    if (settings_.on_state) settings_.on_state(world_, fingerprinter_);
  }

  void note_actors(StateGraph::State state) {
    detail::ActorsOfStates& actors = explorer_.actors_;
    actors.enabled.resize(graph_.size());
    actors.ambiguous.resize(graph_.size(), false);
    std::vector<std::uint32_t>& enabled = actors.enabled[state];
    for (std::size_t i = 0; i < alternatives_; ++i) {
      const std::uint32_t actor = actor_of(world_.action(i));
      if (actor != kNobody) enabled.push_back(actor);
    }
    std::sort(enabled.begin(), enabled.end());
    const auto end = std::unique(enabled.begin(), enabled.end());
    actors.ambiguous[state] = end != enabled.end();
    enabled.erase(end, enabled.end());
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

}  // namespace cocheck
