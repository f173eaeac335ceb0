#pragma once

#include <string>

#include "cocheck/schedule.hpp"

namespace cocheck {

/// What a picture shows besides the recording.
struct DotOptions {
  /// The command that replays the recording, for the title; empty when it is not known.
  std::string replay;
};

/// A recording as a picture, in the DOT language of Graphviz. `dot -Tsvg` draws it; all positions
/// are fixed in the text, so that thousands of steps take a second.
///
/// Time runs down, one row for each step; each task has a band. The lifeline in a band says the
/// state of its task, the marker what happened, the text beside it the details. A line leads to the
/// task that goes on: dotted when nothing else could run, dashed when it was next in the order of
/// asyncio's loop, red when the explorer chose it instead. Whatever the explorer decided is red,
/// injected cancellations, early timers and drawn values too. An arrow leads from a task to one
/// that it made ready. The text of each row has the whole story as a tooltip and links to its place
/// in the source.
///
/// When the schedule has the option "loop", a red arrow on the left leads from the last step back
/// to the one with that number, from where the execution can go on for ever.
///
/// With more tasks than fit beside each other, the bands shrink to lanes without text, and the text
/// of each row stands to the right of all lanes.
[[nodiscard]] std::string to_dot(const Recording& recording, const DotOptions& options = {});

}  // namespace cocheck
