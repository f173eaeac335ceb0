#pragma once

#include <chrono>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cocheck/schedule.hpp"
#include "decisions.hpp"
#include "text.hpp"

namespace cocheck::detail {

/// The lane of what belongs to no task.
inline constexpr std::size_t kWorld = std::numeric_limits<std::size_t>::max();

/// A column of the table and a band of the picture: one task.
struct Lane {
  std::string id;
  std::string name;
  Place place;
};

/// The most telling thing that happened in a cell.
enum class Marker { dot, parks, ends, cancelled, suspicious, failure };

/// What a task can do next.
enum class State { unborn, ready, parked, ended };

/// What one task did or suffered in one row.
struct Cell {
  std::size_t lane = kWorld;
  std::vector<Line> phrases;
  Marker marker = Marker::dot;
  State after = State::ready;
  Place place;
};

/// One task had an effect on another one.
struct Link {
  enum class Kind { spawn, wake, cancel };
  Kind kind = Kind::wake;
  std::size_t from = kWorld;
  std::size_t to = kWorld;
};

/// A row of the table and of the picture: a step, or a jump of the clock.
struct Row {
  bool is_jump = false;
  std::optional<std::size_t> step;  ///< nothing when the row continues a step or is not one
  std::chrono::nanoseconds time{0};
  std::chrono::nanoseconds jump{0};  ///< by how much the clock jumped
  bool could_run = false;            ///< whether a task was ready when it did
  std::vector<Cell> cells;           ///< the task whose turn it is comes first
  std::vector<Link> links;
  std::string failure;  ///< how the property broke here, "" when it did not
  Place failure_place;  ///< of what broke; empty where that has none, such as a deadlock
  Pick pick = Pick::forced;
  Choice::Kind kind = Choice::Kind::step;  ///< of what was picked
  std::size_t preempts = kWorld;           ///< the lane whose task could have gone on instead
  std::size_t alternatives = 1;  ///< how many actions the explorer had to choose from; 0 not known
  std::size_t values = 0;        ///< how many values the explorer chose in it

  /// Whether something in it is the explorer's decision.
  [[nodiscard]] bool chosen() const noexcept { return pick == Pick::explorer || values > 0; }
};

/// The end of an execution that can be repeated for ever, because it leads back to where it began.
struct Loop {
  std::size_t step = 0;   ///< with which it begins; it goes on to the last one
  std::size_t first = 0;  ///< row
  std::size_t last = 0;   ///< row; only one that says how the property broke may follow
};

/// An execution retold row by row, which is what the table and the picture draw.
struct Story {
  std::vector<Lane> lanes;  ///< in the order of trace.tasks, then in the order of appearance
  std::vector<Row> rows;
  std::vector<StuckTask> stuck;
  std::optional<Loop> loop;
  std::size_t steps = 0;
  Decisions decisions;
  std::chrono::nanoseconds end{0};  ///< virtual time at the end

  /// The lane of the task `id`, kWorld when there is none.
  [[nodiscard]] std::size_t lane_of(const std::string& id) const;
};

/// `schedule` may be null, when only the trace is known; `failure` is the message to end with when
/// no event of the trace says how the property broke. The option "loop" of the schedule says how
/// many steps come before the loop; one that makes no sense is ignored.
[[nodiscard]] Story tell(const Trace& trace, const Schedule* schedule, const std::string& failure);

/// The cell in which a property broke: the one that is marked so, or else the first. Null when the
/// row has no failure or no cell.
[[nodiscard]] const Cell* failing_cell(const Row& row);

/// What the explorer did in a row that it picked: "preempts 0.2", "injected cancellation".
[[nodiscard]] std::string decision_of(const Story& story, const Row& row);

/// Why it was this row that came next, in a sentence.
[[nodiscard]] std::string reason_of(const Story& story, const Row& row);

/// Where the failure of a row, or else what happened in `cell`, stands in the source.
[[nodiscard]] const Place& place_of(const Row& row, const Cell& cell);

/// What a row for a jump of the clock says: "+5 s", and why.
[[nodiscard]] Line jump_sentence(const Row& row);

}  // namespace cocheck::detail
