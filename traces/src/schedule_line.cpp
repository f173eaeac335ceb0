#include "cocheck/schedule_line.hpp"

#include <algorithm>
#include <charconv>
#include <string>

#include "task_id.hpp"

namespace cocheck {

namespace {

constexpr std::string_view kMagic = "cocheck";
constexpr std::string_view kVersion = "1";
constexpr std::size_t kMostChoices = 10'000'000;  // a long run in a short line must not eat memory
constexpr std::string_view kHexDigits = "0123456789ABCDEF";

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_plain(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '_' ||
         c == '-';
}

void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (is_plain(c)) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '+';
      out += kHexDigits[byte >> 4];
      out += kHexDigits[byte & 15];
    }
  }
}

std::string_view prefix_of(Choice::Kind kind) {
  switch (kind) {
    case Choice::Kind::step:
      return "";
    case Choice::Kind::timer:
      return "t";
    case Choice::Kind::callback:
      return "k";
    case Choice::Kind::cancel:
      return "c";
    case Choice::Kind::value:
      return "v";
  }
  throw ScheduleError("a choice has a kind that its enumeration lacks");
}

bool has_value(Choice::Kind kind) {
  return kind == Choice::Kind::timer || kind == Choice::Kind::callback ||
         kind == Choice::Kind::value;
}

std::string word_of(const Choice& choice) {
  if (!detail::is_task_id(choice.task)) {
    throw ScheduleError("a choice names the task \"" + choice.task +
                        "\", which is not a task id such as 0.2");
  }
  std::string word(prefix_of(choice.kind));
  word += choice.task;
  if (has_value(choice.kind)) word += "-" + std::to_string(choice.value);
  return word;
}

/// Reads a line from left to right; every error names the position reached.
class LineReader {
 public:
  explicit LineReader(std::string_view line) : line_(line) {
    constexpr std::string_view kBlanks = " \t\r\n";
    end_ = line.find_last_not_of(kBlanks) + 1;
    at_ = std::min(line.find_first_not_of(kBlanks), end_);
  }

  Schedule read() {
    read_version();
    Schedule schedule;
    if (peek() != ':') read_options(schedule);
    expect(':', "\":\" before the choices");
    if (at_ == end_) return schedule;
    read_choices(schedule);
    return schedule;
  }

 private:
  [[noreturn]] void fail(std::string_view expected) const {
    std::string found = "the line ends";
    if (at_ < end_) {
      const char c = line_[at_];
      found = c > ' ' && c < 127 ? std::string("found \"") + c + "\"" : "found something else";
    }
    throw ScheduleError("schedule line, character " + std::to_string(at_ + 1) + ": expected " +
                        std::string(expected) + ", but " + found);
  }

  /// The character at the position, or 0 at the end.
  [[nodiscard]] char peek() const { return at_ < end_ ? line_[at_] : '\0'; }

  bool accept(char c) {
    if (peek() != c || at_ == end_) return false;
    ++at_;
    return true;
  }

  void expect(char c, std::string_view expected) {
    if (!accept(c)) fail(expected);
  }

  void read_version() {
    if (!line_.substr(at_, end_ - at_).starts_with(kMagic)) {
      fail("\"cocheck1:\", the start of a schedule line");
    }
    at_ += kMagic.size();
    const std::size_t first = at_;
    while (is_digit(peek())) ++at_;
    const std::string_view version = line_.substr(first, at_ - first);
    if (version.empty()) fail("the version, as in \"cocheck1:\"");
    if (version != kVersion) {
      throw ScheduleError("schedule line, character " + std::to_string(first + 1) + ": version " +
                          std::string(version.substr(0, 20)) + ", but this cocheck reads version " +
                          std::string(kVersion) + "; use the cocheck that wrote it");
    }
    expect(':', "\":\" after the version");
  }

  std::string read_escaped() {
    std::string text;
    for (;;) {
      if (is_plain(peek()) && at_ < end_) {
        text += line_[at_++];
      } else if (accept('+')) {
        const auto high = read_hex_digit();
        const auto low = read_hex_digit();
        text += static_cast<char>(high * 16 + low);
      } else {
        return text;
      }
    }
  }

  std::size_t read_hex_digit() {
    const std::size_t digit = at_ < end_ ? kHexDigits.find(line_[at_]) : std::string_view::npos;
    if (digit == std::string_view::npos) fail("two hexadecimal digits (0-9, A-F) after \"+\"");
    ++at_;
    return digit;
  }

  void read_options(Schedule& schedule) {
    do {
      const std::size_t first = at_;
      const std::string name = read_escaped();
      if (name.empty()) fail("the name of an option");
      if (schedule.options.contains(name)) {
        at_ = first;
        fail("each option only once");
      }
      expect('=', "\"=\" after the name of an option");
      schedule.options.emplace(name, read_escaped());
    } while (accept(','));
    if (peek() != ':') fail("\",\" or \":\" after an option");
  }

  std::size_t read_number(std::string_view expected) {
    std::size_t number = 0;
    const char* const first = line_.data() + at_;
    const char* const last = line_.data() + end_;
    const auto [end, error] = std::from_chars(first, last, number);
    if (error != std::errc{}) fail(expected);
    if (end - first > 1 && *first == '0') fail("a number without leading zeros");
    at_ += static_cast<std::size_t>(end - first);
    return number;
  }

  Choice::Kind read_kind() {
    if (accept('t')) return Choice::Kind::timer;
    if (accept('k')) return Choice::Kind::callback;
    if (accept('c')) return Choice::Kind::cancel;
    if (accept('v')) return Choice::Kind::value;
    return Choice::Kind::step;
  }

  void read_choices(Schedule& schedule) {
    do {
      Choice choice;
      choice.kind = read_kind();
      const std::size_t length = detail::task_id_length(line_.substr(at_, end_ - at_));
      if (length == 0) {
        fail(choice.kind == Choice::Kind::step
                 ? "a choice such as 0.1, t0.1-2, k0.1-2, c0.1 or v0.1-2"
                 : "a task id such as 0.1");
      }
      choice.task = line_.substr(at_, length);
      at_ += length;
      if (has_value(choice.kind)) {
        expect('-', choice.kind == Choice::Kind::value ? "\"-\" and the chosen value"
                                                       : "\"-\" and the number of it");
        choice.value = read_number("a number that fits in 64 bits");
      }
      std::size_t times = 1;
      if (accept('x')) {
        const std::size_t first = at_;
        times = read_number("how many times, at least 2");
        if (times < 2 || times > kMostChoices - schedule.choices.size()) {
          at_ = first;
          fail(times < 2 ? "how many times, at least 2" : "at most 10 million choices in all");
        }
      }
      schedule.choices.insert(schedule.choices.end(), times, choice);
    } while (accept(','));
    if (at_ != end_) fail("\",\" or the end of the line after a choice");
  }

  std::string_view line_;
  std::size_t end_ = 0;
  std::size_t at_ = 0;
};

}  // namespace

std::string to_line(const Schedule& schedule) {
  std::string line = std::string(kMagic) + std::string(kVersion) + ":";
  std::string_view separator;
  for (const auto& [name, value] : schedule.options) {
    if (name.empty()) throw ScheduleError("an option of the schedule has no name");
    line += separator;
    append_escaped(line, name);
    line += '=';
    append_escaped(line, value);
    separator = ",";
  }
  line += ':';
  separator = "";
  for (std::size_t i = 0; i < schedule.choices.size();) {
    const std::string word = word_of(schedule.choices[i]);
    const std::size_t first = i;
    while (i < schedule.choices.size() && word_of(schedule.choices[i]) == word) ++i;
    line += separator;
    line += word;
    if (i - first > 1) line += "x" + std::to_string(i - first);
    separator = ",";
  }
  return line;
}

Schedule schedule_from_line(std::string_view line) {
  return LineReader(line).read();
}

}  // namespace cocheck
