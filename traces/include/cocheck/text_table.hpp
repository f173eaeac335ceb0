#pragma once

#include <cstddef>
#include <string>

#include "cocheck/schedule.hpp"

namespace cocheck {

/// How a text table is laid out.
struct TextTableOptions {
  std::size_t width = 100;   ///< of the whole table, in character cells; at least 40 are used
  std::size_t max_rows = 0;  ///< more rows lose their middle; 0 means all
};

/// An execution as a table for a terminal: a column for each task, a row for each step.
///
///     step  0 root                           0.0 worker  0.1 worker       at
///     ----  -------------------------------  ----------  ---------------  -------------------
///        0  spawns 0.0 0.1; waits in gather                               counter_test.cpp:23
///        1                                   sleep 0                      counter_test.cpp:12
///      * 2                                               sleep 0          counter_test.cpp:12
///
/// What happened within a step is joined in its cell. `waits in` says that the task is suspended,
/// `(!)` that something deserves a second look, and a star before the number that the explorer
/// decided where asyncio's loop would have gone on differently: a step ahead of its turn, an
/// injected cancellation, an early timer, or a drawn value; the line below the table counts them.
/// The time column is there only when
/// virtual time moved, and says the time only where it changes. A last column gives the place in
/// the source when the table has room for it. A cell has at most three lines and ends with an
/// ellipsis when more happened.
///
/// When the tasks are too many to give each a column of fair width, the table is a list instead,
/// with the columns step, task, what and place.
///
/// A row that breaks the property is marked with `<--`, the message and the place. Below the table
/// stand the tasks that were left waiting, for what, and who holds it; when they wait for each
/// other in a circle, the circle.
///
/// When the schedule has the option "loop", a line stands before the first of the steps that can be
/// repeated for ever: `--- the loop begins: steps 3 to 7 again and again ---`.
///
/// Where the choices do not say who decided, every switch away from a task that could have gone on
/// counts as the explorer's, if there was more than one alternative or their number is not known.
[[nodiscard]] std::string text_table(const Trace& trace, const TextTableOptions& options = {});
[[nodiscard]] std::string text_table(const Recording& recording,
                                     const TextTableOptions& options = {});

}  // namespace cocheck
