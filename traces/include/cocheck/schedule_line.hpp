#pragma once

#include <string>
#include <string_view>

#include "cocheck/schedule.hpp"
#include "cocheck/schedule_error.hpp"

namespace cocheck {

/// A schedule in one line, to paste into a shell, a bug report or a test. It has no character that
/// a shell would interpret: only letters, digits and `.,:=_+-`.
///
///     cocheck1:clock=idle,order=any:0,0.0x3,0.1,t0.1-2,k0.1-3,c0.0,v0.2-3
///
/// The parts between colons are the version, the options as `name=value`, and the choices in order:
///
/// | choice   | meaning                                     |
/// |----------|---------------------------------------------|
/// | `0.1`    | task 0.1 runs a step                        |
/// | `t0.1-2` | timer number 2 of task 0.1 fires            |
/// | `k0.1-3` | callback number 3 of task 0.1 runs          |
/// | `c0.0`   | the explorer cancels task 0.0               |
/// | `v0.2-3` | `choose()` in task 0.2 gives 3              |
/// | `0.0x3`  | three times the same choice, one after another |
///
/// In an option, any byte that is not a letter, a digit or one of `._-` is written as `+` and two
/// hexadecimal digits.
///
/// The line carries the options and, of each choice, its kind, its task and its value. It does not
/// carry program, test, strategy, seed, and of a choice not the alternatives, the label and the
/// place.
///
/// Throws ScheduleError when a task id is malformed or an option has no name.
[[nodiscard]] std::string to_line(const Schedule& schedule);

/// The schedule in a line that to_line() wrote. Blanks around the line are ignored.
///
/// Every choice comes back with `alternatives == 1` and an empty label, which here means "not
/// known": a replay of such a schedule does not compare them.
///
/// Throws ScheduleError when the line is malformed. The message gives the position as
/// `character N`, counted from 1, and what was expected there.
[[nodiscard]] Schedule schedule_from_line(std::string_view line);

}  // namespace cocheck
