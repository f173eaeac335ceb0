#pragma once

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "cocheck/schedule.hpp"
#include "cocheck/schedule_error.hpp"

/// The words of the schedule format, for reading and writing.
namespace cocheck::detail {

using Json = nlohmann::ordered_json;

inline constexpr std::string_view kFormat = "cocheck-schedule";

template <class Enum>
struct Word {
  Enum value;
  std::string_view text;
};

inline constexpr std::array kChoiceWords = {
    Word<Choice::Kind>{Choice::Kind::step, "step"},
    Word<Choice::Kind>{Choice::Kind::timer, "timer"},
    Word<Choice::Kind>{Choice::Kind::callback, "callback"},
    Word<Choice::Kind>{Choice::Kind::cancel, "cancel"},
    Word<Choice::Kind>{Choice::Kind::value, "value"},
};

/// What is not in the file is unknown.
inline constexpr std::array kDeciderWords = {
    Word<Choice::By>{Choice::By::loop, "loop"},
    Word<Choice::By>{Choice::By::explorer, "explorer"},
};

inline constexpr std::array kEventWords = {
    Word<TraceEvent::Kind>{TraceEvent::Kind::step, "step"},
    Word<TraceEvent::Kind>{TraceEvent::Kind::spawn, "spawn"},
    Word<TraceEvent::Kind>{TraceEvent::Kind::operation, "operation"},
    Word<TraceEvent::Kind>{TraceEvent::Kind::park, "park"},
    Word<TraceEvent::Kind>{TraceEvent::Kind::yield, "yield"},
    Word<TraceEvent::Kind>{TraceEvent::Kind::wake, "wake"},
    Word<TraceEvent::Kind>{TraceEvent::Kind::timer, "timer"},
    Word<TraceEvent::Kind>{TraceEvent::Kind::callback, "callback"},
    Word<TraceEvent::Kind>{TraceEvent::Kind::cancel, "cancel"},
    Word<TraceEvent::Kind>{TraceEvent::Kind::choose, "choose"},
    Word<TraceEvent::Kind>{TraceEvent::Kind::note, "note"},
    Word<TraceEvent::Kind>{TraceEvent::Kind::finish, "finish"},
    Word<TraceEvent::Kind>{TraceEvent::Kind::clock, "clock"},
    Word<TraceEvent::Kind>{TraceEvent::Kind::failure, "failure"},
};

template <class Enum, std::size_t size>
std::string_view word_of(const std::array<Word<Enum>, size>& words, Enum value) {
  const auto found = std::ranges::find(words, value, &Word<Enum>::value);
  if (found == words.end()) throw ScheduleError("a kind has a value that its enumeration lacks");
  return found->text;
}

/// A value from a file for a message: as JSON, and not longer than fits in a line.
[[nodiscard]] std::string shown(const Json& value);
[[nodiscard]] std::string in_quotes(std::string_view text);

/// What holds of every recording in a file, whether it is read or written: throws ScheduleError
/// where a task id is none, or a number of alternatives is 0.
void check(const Recording& recording);

}  // namespace cocheck::detail
