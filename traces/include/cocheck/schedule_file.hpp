#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "cocheck/schedule.hpp"
#include "cocheck/schedule_error.hpp"

namespace cocheck {

/// The version of the schedule format that this cocheck writes. It reads this one and all before:
///
/// | version | what is new                                        |
/// |---------|----------------------------------------------------|
/// | 1       |                                                    |
/// | 2       | choices have the field `by`: who decided, if known |
inline constexpr unsigned kScheduleFormatVersion = 2;

/// A recording as a schedule file. The text is JSON in UTF-8, made to be read and compared by line:
/// keys come in a fixed order, every choice and every event has a line of its own, and what is
/// empty or has its usual value is left out.
///
///     {
///       "format": "cocheck-schedule",
///       "version": 2,
///       "program": "build/counter_test",
///       "test": "Counter.CountsToTwo",
///       "strategy": "exhaustive",
///       "seed": 7,
///       "options": {"clock": "idle", "order": "any"},
///       "verdict": "Failed: counter == 1",
///       "failure": "counter == 1, expected 2",
///       "choices": [
///         {"kind": "step", "task": "0", "label": "start"},
///         {"kind": "step", "task": "0.1", "alternatives": 2, "by": "loop", "label": "start"}
///       ],
///       "tasks": [
///         {"id": "0", "name": "root", "file": "counter_test.cpp", "line": 12}
///       ],
///       "events": [
///         {"kind": "step", "step": 0, "task": "0"},
///         {"kind": "clock", "step": 4, "time_ns": 5000000000}
///       ],
///       "stuck": []
///     }
///
/// `format`, `version` and `choices` must be there, and so must the `kind` and `task` of a choice,
/// the `id` of a task, the `kind` and `step` of an event and the `task` of a stuck task. All else
/// may be missing: text is then empty, a number 0, `alternatives` 1, `suspicious` false. A place is
/// spread over `file`, `line` and `function`. Kinds are the names of the enumerators. A task id is
/// numbers separated by dots, written without leading zeros. A field that this page does not name
/// is an error, so that a misspelt one is noticed.
///
/// Bytes that are not UTF-8 are written as U+FFFD. Any other recording comes back equal, and a text
/// that to_json() wrote comes back byte by byte.
///
/// Throws ScheduleError when a task id is malformed or a number of alternatives is 0, because the
/// file could not be read again.
[[nodiscard]] std::string to_json(const Recording& recording);

/// The recording in the text of a schedule file. Throws ScheduleError when the text is not one;
/// the message names the byte, or the field by its path, such as `choices[3].task`.
[[nodiscard]] Recording recording_from_json(std::string_view text);

/// Writes a schedule file. The text goes to a temporary file in the same folder, which then takes
/// the place of `path`, so that nobody ever sees half a file. Throws ScheduleError as to_json()
/// does, and when the file cannot be written; then what was there before is still there.
void write_recording(const std::filesystem::path& path, const Recording& recording);

/// Reads a schedule file. Throws ScheduleError when there is no such file, it cannot be read, or it
/// is not a schedule; the message starts with the path.
///
///     const Recording recording = read_recording("counter.schedule.json");
///     std::cout << text_table(recording);
[[nodiscard]] Recording read_recording(const std::filesystem::path& path);

}  // namespace cocheck
