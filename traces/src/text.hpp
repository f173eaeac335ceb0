#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "cocheck/trace.hpp"

namespace cocheck::detail {

/// `text` fit to be shown in one line: valid UTF-8 without control characters, which become blanks.
[[nodiscard]] std::string clean(std::string_view text);

/// How many cells of a terminal clean text takes up.
[[nodiscard]] std::size_t display_width(std::string_view text);

/// Clean text cut to `width` cells, with an ellipsis when something was cut off.
[[nodiscard]] std::string elide(std::string_view text, std::size_t width);

/// The lines of `text`, without the line ends.
[[nodiscard]] std::vector<std::string> lines_of(std::string_view text);

/// The first line of `text` that is not blank, clean and without blanks in front.
[[nodiscard]] std::string first_line(std::string_view text);

/// A duration in the largest unit that gives it few digits: "0 s", "1.5 s", "250 ms", "40 us".
[[nodiscard]] std::string format_time(std::chrono::nanoseconds time);

/// A place as "counter_test.cpp:12", "" when it is not known.
[[nodiscard]] std::string format_place(const Place& place);

/// "1 step", "2 steps".
[[nodiscard]] std::string count_of(std::size_t count, std::string_view singular);

/// What a piece of text says, which decides how it is drawn.
enum class Tone {
  verb,        ///< what was done
  object,      ///< to what
  chosen,      ///< what the explorer decided
  suspicious,  ///< deserves a second look
  failure,     ///< is what broke
};

struct Piece {
  Tone tone = Tone::verb;
  std::string text;
};

/// The pieces of one line.
using Line = std::vector<Piece>;

/// Breaks text into lines of at most `width` cells, at blanks where there are any. What does not
/// fit into `most_lines` lines is replaced by an ellipsis. Neighbours of the same tone are joined.
[[nodiscard]] std::vector<Line> wrap(const Line& pieces, std::size_t width, std::size_t most_lines);

/// As wrap(), for phrases that are joined by semicolons. Breaks between phrases where that needs no
/// more than `most_lines` lines.
[[nodiscard]] std::vector<Line> wrap_phrases(const std::vector<Line>& phrases, std::size_t width,
                                             std::size_t most_lines);

/// Phrases in one line, with semicolons between them.
[[nodiscard]] Line joined(const std::vector<Line>& phrases);

[[nodiscard]] std::string plain_text(const Line& line);

}  // namespace cocheck::detail
