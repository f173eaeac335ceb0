#include "text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <utility>

namespace cocheck::detail {

namespace {

constexpr std::string_view kEllipsis = "\u2026";
constexpr std::string_view kReplacement = "\ufffd";

struct CodePoint {
  char32_t value = 0;
  std::size_t bytes = 0;  ///< 0 when the text is not UTF-8 here
};

CodePoint decode(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < bytes) return {};
  char32_t value = lead & (0x7fU >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    value = (value << 6) | (byte(i) & 0x3fU);
  }
  constexpr std::array<char32_t, 5> kSmallest = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = value >= 0xd800 && value <= 0xdfff;
  if (value < kSmallest[bytes] || value > 0x10ffff || surrogate) return {};
  return {value, bytes};
}

bool is_control(char32_t c) {
  // U+2028..202E and U+2066..2069 break lines or turn the direction of what follows.
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x2028 && c <= 0x202e) ||
         (c >= 0x2066 && c <= 0x2069) || (c & 0xfffe) == 0xfffe;
}

struct Range {
  char32_t first;
  char32_t last;
};

bool in_ranges(char32_t c, const auto& ranges) {
  return std::ranges::any_of(ranges, [c](Range r) { return c >= r.first && c <= r.last; });
}

std::size_t cells_of(char32_t c) {
  constexpr std::array kNone = {Range{0x300, 0x36f}, Range{0x200b, 0x200f}, Range{0xfe00, 0xfe0f}};
  constexpr std::array kTwo = {Range{0x1100, 0x115f},   Range{0x2e80, 0xa4cf},
                               Range{0xac00, 0xd7a3},   Range{0xf900, 0xfaff},
                               Range{0xfe30, 0xfe6f},   Range{0xff00, 0xff60},
                               Range{0x1f300, 0x1faff}, Range{0x20000, 0x3fffd}};
  if (c < 0x300) return 1;
  if (in_ranges(c, kNone)) return 0;
  return in_ranges(c, kTwo) ? 2 : 1;
}

/// How many bytes of clean text fit into `width` cells.
std::size_t bytes_that_fit(std::string_view text, std::size_t width) {
  std::size_t at = 0;
  std::size_t used = 0;
  while (at < text.size()) {
    const CodePoint c = decode(text.substr(at));
    const std::size_t cells = cells_of(c.value);
    if (used + cells > width) break;
    used += cells;
    at += std::max<std::size_t>(c.bytes, 1);
  }
  return at;
}

std::size_t width_of(const Line& line) {
  std::size_t width = 0;
  for (const Piece& piece : line) width += display_width(piece.text);
  return width;
}

void append(Line& line, Tone tone, std::string_view text) {
  if (!line.empty() && line.back().tone == tone) {
    line.back().text += text;
  } else {
    line.push_back({tone, std::string(text)});
  }
}

/// Cuts `line` until an ellipsis fits behind it.
void end_with_ellipsis(Line& line, std::size_t width) {
  while (!line.empty() && width_of(line) + 1 > width) {
    std::string& text = line.back().text;
    const std::size_t others = width_of(line) - display_width(text);
    text.resize(others + 1 >= width ? 0 : bytes_that_fit(text, width - others - 1));
    if (!text.empty()) break;
    line.pop_back();
  }
  const Tone tone = line.empty() ? Tone::object : line.back().tone;
  append(line, tone, kEllipsis);
}

}  // namespace

std::string clean(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const CodePoint c = decode(text);
    if (c.bytes == 0) {
      result += kReplacement;
    } else if (is_control(c.value)) {
      result += ' ';
    } else {
      result += text.substr(0, c.bytes);
    }
    text.remove_prefix(std::max<std::size_t>(c.bytes, 1));
  }
  return result;
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const CodePoint c = decode(text);
    width += cells_of(c.value);
    text.remove_prefix(std::max<std::size_t>(c.bytes, 1));
  }
  return width;
}

std::string elide(std::string_view text, std::size_t width) {
  if (bytes_that_fit(text, width) == text.size()) return std::string(text);
  if (width == 0) return "";
  return std::string(text.substr(0, bytes_that_fit(text, width - 1))) + std::string(kEllipsis);
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string first_line(std::string_view text) {
  for (const std::string& line : lines_of(text)) {
    std::string shown = clean(line);
    shown.erase(0, std::min(shown.find_first_not_of(' '), shown.size()));
    if (!shown.empty()) return shown;
  }
  return "";
}

std::string format_time(std::chrono::nanoseconds time) {
  struct Unit {
    std::uint64_t nanoseconds;
    std::string_view name;
  };
  constexpr std::array kUnits = {Unit{1'000'000'000, "s"}, Unit{1'000'000, "ms"}, Unit{1'000, "us"},
                                 Unit{1, "ns"}};
  if (time.count() == 0) return "0 s";
  const bool negative = time.count() < 0;
  const auto count = static_cast<std::uint64_t>(time.count());
  const std::uint64_t magnitude = negative ? 0 - count : count;
  const auto fits = [magnitude](const Unit& unit) { return magnitude >= unit.nanoseconds; };
  const Unit unit = *std::ranges::find_if(kUnits, fits);
  std::string digits = std::to_string(magnitude / unit.nanoseconds);
  if (const std::uint64_t rest = magnitude % unit.nanoseconds; rest != 0) {
    std::string fraction = std::to_string(unit.nanoseconds + rest).substr(1);
    fraction.resize(fraction.find_last_not_of('0') + 1);
    digits += "." + fraction;
  }
  return (negative ? "-" : "") + digits + " " + std::string(unit.name);
}

std::string format_place(const Place& place) {
  if (place.file.empty()) return "";
  std::string text = clean(std::filesystem::path(place.file).filename().string());
  if (place.line != 0) text += ":" + std::to_string(place.line);
  return text;
}

std::string count_of(std::size_t count, std::string_view singular) {
  return std::to_string(count) + " " + std::string(singular) + (count == 1 ? "" : "s");
}

std::vector<Line> wrap(const Line& pieces, std::size_t width, std::size_t most_lines) {
  width = std::max<std::size_t>(width, 1);
  std::vector<Line> lines(1);
  std::size_t used = 0;
  // Returns whether there is room for another line.
  const auto next_line = [&] {
    if (lines.size() == most_lines) {
      end_with_ellipsis(lines.back(), width);
      return false;
    }
    lines.emplace_back();
    used = 0;
    return true;
  };
  for (const Piece& piece : pieces) {
    std::string_view rest = piece.text;
    while (!rest.empty()) {
      const std::size_t blanks = std::min(rest.find_first_not_of(' '), rest.size());
      std::string_view gap = rest.substr(0, blanks);
      rest.remove_prefix(blanks);
      std::string_view word = rest.substr(0, rest.find(' '));
      rest.remove_prefix(word.size());
      if (word.empty()) {
        append(lines.back(), piece.tone, gap);
        used += gap.size();
        break;
      }
      const std::size_t word_width = display_width(word);
      if (used > 0 && used + gap.size() + word_width > width) {
        if (!next_line()) return lines;
        gap = "";
      }
      append(lines.back(), piece.tone, gap);
      used += gap.size();
      while (display_width(word) > width - std::min(used, width)) {
        const std::size_t bytes = bytes_that_fit(word, width - std::min(used, width));
        append(lines.back(), piece.tone, word.substr(0, bytes));
        word.remove_prefix(bytes);
        if (!next_line()) return lines;
        if (bytes == 0 && used == 0 && width < 2) break;
      }
      append(lines.back(), piece.tone, word);
      used += display_width(word);
    }
  }
  return lines;
}

Line joined(const std::vector<Line>& phrases) {
  Line line;
  for (const Line& phrase : phrases) {
    if (phrase.empty()) continue;
    if (!line.empty()) append(line, line.back().tone, "; ");
    for (const Piece& piece : phrase) append(line, piece.tone, piece.text);
  }
  return line;
}

std::vector<Line> wrap_phrases(const std::vector<Line>& phrases, std::size_t width,
                               std::size_t most_lines) {
  std::vector<Line> lines;
  std::vector<Line> pending;  // phrases that share the next line
  const auto flush = [&](bool is_last) {
    Line line = joined(pending);
    if (!is_last && !line.empty()) append(line, line.back().tone, ";");
    for (Line& part : wrap(line, width, most_lines + 1)) lines.push_back(std::move(part));
    pending.clear();
  };
  for (const Line& phrase : phrases) {
    if (!pending.empty()) {
      const std::size_t together = width_of(joined(pending)) + 2 + width_of(phrase);
      const bool is_last = &phrase == &phrases.back();
      if (together + (is_last ? 0 : 1) > width) flush(false);
    }
    pending.push_back(phrase);
  }
  flush(true);
  if (lines.size() <= most_lines) return lines;
  return wrap(joined(phrases), width, most_lines);
}

std::string plain_text(const Line& line) {
  std::string text;
  for (const Piece& piece : line) text += piece.text;
  return text;
}

}  // namespace cocheck::detail
