#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cocheck/detail/fingerprint.hpp"
#include "cocheck/detail/livelock.hpp"
#include "cocheck/detail/state_graph.hpp"
#include "cocheck/detail/undo_log.hpp"
#include "cocheck/explorer.hpp"
#include "cocheck/world.hpp"

namespace cocheck {

/// Every reachable state once: executes each possible step of each state, and goes back by
/// restoring what the step has changed.
///
/// States are told apart by 128-bit fingerprints of all that the model has allocated and the loop
/// keeps (see Fingerprinter). States that differ only in which of several equal tasks is where are
/// one state, unless the model reads names or ids of tasks. Needs cocheck::memory.
///
/// Depth first, or breadth first: then the first failure found is one of the shortest. One run of
/// the world is the whole search; drive() makes it. Where it ends at a failure, the world's tape
/// leads there.
///
/// Memory: some 80 bytes for a state, and what the steps of the present path have changed, within
/// Limits::undo_bytes: beyond these, the older half is dropped and executed again when needed.
class StatesExplorer final : public Explorer {
 public:
  struct Limits {
    std::uint64_t states = ~std::uint64_t{0};
    std::uint64_t steps = ~std::uint64_t{0};
    std::size_t undo_bytes = std::size_t{1} << 30;
    std::optional<std::chrono::steady_clock::time_point> deadline = std::nullopt;
  };

  struct Settings {
    bool breadth_first = false;
    bool fold = true;
    bool stop_at_failure = true;
    /// Whether the graph keeps who acts: what a search for livelocks needs.
    bool with_actors = false;
    bool with_time = false;
    /// How far down steps are known to use the stack: so far it is the same before each.
    std::uint32_t stack_bytes = detail::Surroundings::kLeastStack;
    detail::FingerprintDefect defect = {};
    /// Instead of searching: an execution that goes through these states, if there is one.
    std::vector<detail::Fingerprint> follow = {};
    /// Called now and then; see Progress.
    std::function<void(const StatesExplorer&)> on_progress = {};
    /// Called at the end of every execution.
    std::function<void(const World&)> on_end = {};
    /// Called for every failure.
    std::function<void(const World&)> on_failure = {};
    /// Called in every state when it is reached first, but for those that a failure ends.
    std::function<void(const World&, const detail::Fingerprinter&)> on_state = {};
  };

  /// Why the search is over.
  enum class End : std::uint8_t {
    exhausted,
    failure,        ///< the world has it
    out_of_states,  ///< Limits::states
    out_of_steps,   ///< Limits::steps
    out_of_time,    ///< Limits::deadline
    out_of_memory,  ///< the model wanted more than Options::memory_limit
    too_deep,       ///< Options::max_steps
    reads_names,    ///< the model reads names of tasks, but these are not part of the state
    reads_clock,    ///< the same for the time
    leaves_memory,  ///< blocks of the model outlive an execution
    followed,       ///< the execution that was asked for has been made
  };

  StatesExplorer(Limits limits, Settings settings);
  StatesExplorer(StatesExplorer&&) = default;
  ~StatesExplorer() override;

  bool next() override;
  std::size_t pick(std::size_t alternatives, const World& world) override;
  bool drive(World& world) override;
  [[nodiscard]] bool compares_states() const noexcept override { return true; }
  [[nodiscard]] detail::Surroundings surroundings() const noexcept override {
    return {.stack_bytes = settings_.stack_bytes};
  }
  [[nodiscard]] bool exhausted() const noexcept override { return end_ == End::exhausted; }

  [[nodiscard]] End end() const noexcept { return end_; }
  [[nodiscard]] const detail::StateGraph& graph() const noexcept { return graph_; }
  /// How many steps were made between different pairs of states, and how many in all: those that go
  /// over dropped snapshots again come on top.
  [[nodiscard]] std::uint64_t steps() const noexcept { return steps_; }
  [[nodiscard]] std::uint64_t failing() const noexcept { return failing_; }
  /// Of the execution that followed.
  [[nodiscard]] const std::vector<std::uint32_t>& tape() const noexcept { return tape_; }
  /// States that are known and whose steps were not all made.
  [[nodiscard]] std::size_t frontier() const noexcept;
  /// What the search itself uses.
  [[nodiscard]] std::size_t bytes() const noexcept;

  /// Who can act where; after a search with actors. For find_livelock().
  [[nodiscard]] const detail::ActorsOfStates& actors() const noexcept { return actors_; }

 private:
  class Driver;

  /// One alternative of a state, for all that are equal to it.
  struct Move {
    std::uint32_t index;
    std::uint32_t weight;
    detail::Fingerprint orbit;
  };
  struct Value {
    std::uint32_t taken;
    std::uint32_t alternatives;
  };
  /// A state on the present path.
  struct Point {
    detail::StateGraph::State state = 0;
    detail::UndoLog::Position position;
    detail::LoopSnapshot loop;
    std::vector<Move> moves;
    std::size_t next_move = 0;
    std::size_t alternatives = 0;
    std::vector<Value> values;  // of the move that is being made: what choose() gave
  };
  /// How a state was first reached.
  struct Origin {
    detail::StateGraph::State parent;
    std::uint32_t index;
    std::vector<std::uint32_t> values;
  };

  static constexpr std::uint32_t kNobody = 0;  // acts when a task is cancelled

  Limits limits_;
  Settings settings_;
  detail::StateGraph graph_;
  std::vector<Point> path_;
  std::size_t depth_ = 0;                 // points of path_ in use
  std::vector<Value>* values_ = nullptr;  // of the step that runs
  std::size_t next_value_ = 0;
  std::vector<Origin> origins_;  // breadth first only
  std::size_t queue_next_ = 0;
  std::vector<std::string> actor_names_{""};
  detail::ActorsOfStates actors_;
  std::uint64_t steps_ = 0;
  std::uint64_t failing_ = 0;
  std::size_t undo_bytes_ = 0;
  std::vector<std::uint32_t> tape_;
  End end_ = End::exhausted;
  bool started_ = false;
};

}  // namespace cocheck
