#include "cocheck/text_table.hpp"

#include <algorithm>
#include <chrono>
#include <numeric>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "story.hpp"
#include "stuck_tasks.hpp"
#include "task_id.hpp"
#include "text.hpp"

namespace cocheck {

namespace {

using detail::Cell;
using detail::kWorld;
using detail::Lane;
using detail::Row;
using detail::Story;

constexpr std::size_t kSmallestWidth = 40;
constexpr std::size_t kMostLines = 3;      // in a cell
constexpr std::size_t kFairColumn = 24;    // a column this wide is worth giving up no more
constexpr std::size_t kNarrowColumn = 14;  // a narrower one is not worth having
constexpr std::string_view kGap = "  ";

enum class Align { left, right };

struct Column {
  std::string header;
  std::size_t width = 0;
  Align align = Align::left;
};

std::string name_of(const Lane& lane) {
  return lane.name.empty() || lane.name == lane.id ? lane.id : lane.id + " " + lane.name;
}

/// What happened in a cell, with an exclamation mark behind what deserves a second look.
std::vector<detail::Line> phrases_of(const Cell& cell) {
  std::vector<detail::Line> phrases = cell.phrases;
  for (detail::Line& phrase : phrases) {
    const bool marked = !phrase.empty() && phrase.front().tone == detail::Tone::suspicious;
    if (marked) phrase.back().text += " (!)";
  }
  return phrases;
}

std::string padded(std::string_view text, std::size_t width, Align align) {
  const std::size_t used = detail::display_width(text);
  const std::string blanks(width - std::min(used, width), ' ');
  return align == Align::left ? std::string(text) + blanks : blanks + std::string(text);
}

void append_line(std::string& out, std::string line) {
  line.resize(line.find_last_not_of(' ') + 1);
  out += line;
  out += '\n';
}

/// The phrases of one row, by column.
using Texts = std::vector<std::vector<detail::Line>>;

std::vector<detail::Line> one_phrase(std::string text) {
  if (text.empty()) return {};
  return {{{detail::Tone::verb, std::move(text)}}};
}

class Table {
 public:
  Table(const Story& story, const TextTableOptions& options)
      : story_(story),
        width_(std::max(options.width, kSmallestWidth)),
        max_rows_(options.max_rows) {
    as_list_ = !lay_out_columns();
    if (as_list_) lay_out_list();
  }

  std::string text() {
    std::string out;
    if (!story_.rows.empty()) append_header(out);
    append_rows(out);
    if (story_.decisions.any()) {
      append_line(out, "* chosen by the explorer: " + story_.decisions.in_words());
    }
    append_stuck(out);
    return out;
  }

 private:
  // Layout. ----------------------------------------------------------------------------------

  [[nodiscard]] std::vector<Column> gutter() const {
    std::size_t width = 4;
    for (const Row& row : story_.rows) width = std::max(width, number_of(row).size());
    std::vector<Column> columns = {{"step", width, Align::right}};
    if (story_.end.count() == 0) return columns;
    std::size_t time_width = 4;
    for (const Row& row : story_.rows) {
      time_width = std::max(time_width, detail::format_time(row.time).size());
    }
    columns.push_back({"time", time_width, Align::right});
    return columns;
  }

  [[nodiscard]] std::size_t place_width() const {
    std::size_t width = 0;
    for (const Row& row : story_.rows) {
      width = std::max(width, detail::display_width(place_of(row)));
    }
    return width;
  }

  [[nodiscard]] static std::size_t width_of(const std::vector<Column>& columns) {
    std::size_t width = columns.empty() ? 0 : (columns.size() - 1) * kGap.size();
    for (const Column& column : columns) width += column.width;
    return width;
  }

  /// Gives every task a column. Returns false when they do not fit.
  bool lay_out_columns() {
    columns_ = gutter();
    first_lane_ = columns_.size();
    std::vector<std::size_t> natural;
    for (const Lane& lane : story_.lanes) {
      natural.push_back(detail::display_width(name_of(lane)));
    }
    for (const Row& row : story_.rows) {
      for (const Cell& cell : row.cells) {
        if (cell.lane == kWorld) continue;
        const std::string text = detail::plain_text(detail::joined(phrases_of(cell)));
        natural[cell.lane] = std::max(natural[cell.lane], detail::display_width(text));
      }
    }
    const std::size_t fixed = width_of(columns_) + natural.size() * kGap.size();
    const std::size_t place = place_width();
    const std::size_t with_place = fixed + (place > 0 ? kGap.size() + place : 0);
    const auto fits = [&](std::size_t other, std::size_t narrowest) {
      std::size_t least = other;
      for (const std::size_t width : natural) least += std::min(width, narrowest);
      return least <= width_;
    };
    const bool place_fits = place > 0 && fits(with_place, kFairColumn);
    if (!place_fits && !fits(fixed, kNarrowColumn)) return false;
    const std::vector<std::size_t> widths =
        shrink(natural, width_ - (place_fits ? with_place : fixed));
    for (std::size_t i = 0; i < widths.size(); ++i) {
      columns_.push_back({name_of(story_.lanes[i]), widths[i], Align::left});
    }
    if (place_fits) add_place_column(place);
    return true;
  }

  /// Cuts the widest columns down to one width until all fit into `budget`.
  static std::vector<std::size_t> shrink(std::vector<std::size_t> widths, std::size_t budget) {
    std::size_t most = widths.empty() ? 0 : std::ranges::max(widths);
    const auto total = [&] {
      std::size_t sum = 0;
      for (const std::size_t width : widths) sum += std::min(width, most);
      return sum;
    };
    while (most > 1 && total() > budget) --most;
    for (std::size_t& width : widths) width = std::min(width, most);
    return widths;
  }

  void lay_out_list() {
    columns_ = gutter();
    std::size_t task = 4;
    for (const Lane& lane : story_.lanes) {
      task = std::max(task, detail::display_width(name_of(lane)));
    }
    columns_.push_back({"task", std::min(task, width_ / 4), Align::left});
    first_lane_ = columns_.size();
    std::size_t place = place_width();
    if (place > width_ / 3) place = 0;
    const std::size_t others =
        width_of(columns_) + kGap.size() + (place > 0 ? kGap.size() + place : 0);
    columns_.push_back({"what", width_ > others + 10 ? width_ - others : 10, Align::left});
    if (place > 0) add_place_column(place);
  }

  void add_place_column(std::size_t width) {
    place_column_ = columns_.size();
    columns_.push_back({"at", width, Align::left});
  }

  // Rows. ------------------------------------------------------------------------------------

  void append_rows(std::string& out) {
    const std::size_t count = story_.rows.size();
    const bool all = max_rows_ == 0 || count <= max_rows_;
    const std::size_t head = all ? count : max_rows_ / 3;  // the end tells more than the beginning
    const std::size_t tail = all ? count : count - (max_rows_ - head);
    std::size_t left_out = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const bool loop_begins = story_.loop && story_.loop->first == i;
      const bool shown = i < head || i >= tail;
      if (left_out > 0 && (shown || loop_begins)) {
        append_line(out, "      ... " + detail::count_of(left_out, "row") + " left out ...");
        left_out = 0;
      }
      if (loop_begins) append_line(out, detail::elide(loop_line(), width_));
      if (!shown) {
        ++left_out;
        continue;
      }
      const Row& row = story_.rows[i];
      row.is_jump ? append_jump(out, row) : append_row(out, row);
    }
  }

  [[nodiscard]] std::string loop_line() const {
    const std::size_t first = story_.loop->step;
    const std::size_t last = story_.steps - 1;
    return "      --- the loop begins: " +
           (first == last ? "step " + std::to_string(first)
                          : "steps " + std::to_string(first) + " to " + std::to_string(last)) +
           " again and again ---";
  }

  void append_header(std::string& out) const {
    std::string header;
    std::string rule;
    for (const Column& column : columns_) {
      const std::string_view gap = header.empty() ? "" : kGap;
      header += gap;
      header += padded(detail::elide(column.header, column.width), column.width,
                       &column == columns_.data() ? Align::left : column.align);
      rule += gap;
      rule += std::string(column.width, '-');
    }
    append_line(out, header);
    append_line(out, rule);
  }

  void append_jump(std::string& out, const Row& row) {
    const std::string sentence = detail::plain_text(detail::jump_sentence(row));
    std::string line;
    for (std::size_t i = 0; i < first_lane_; ++i) {
      line += padded(columns_[i].header == "time" ? time_of(row) : "", columns_[i].width,
                     columns_[i].align);
      line += kGap;
    }
    append_line(out, line + sentence);
  }

  void append_row(std::string& out, const Row& row) {
    const bool only_failure =
        row.cells.empty() ||
        (row.cells.size() == 1 && row.cells[0].phrases.empty() && row.cells[0].lane == kWorld);
    std::vector<std::string> lines = only_failure ? std::vector<std::string>(1) : lines_of(row);
    if (!row.failure.empty()) append_failure(lines, row);
    for (std::string& line : lines) append_line(out, std::move(line));
  }

  std::vector<std::string> lines_of(const Row& row) {
    if (!as_list_) return lines_from(texts_of(row));
    std::vector<std::string> lines;
    for (const Cell& cell : row.cells) {
      Texts texts(columns_.size());
      if (&cell == row.cells.data()) texts = gutter_texts(row);
      texts[first_lane_ - 1] =
          one_phrase(cell.lane == kWorld ? "world" : name_of(story_.lanes[cell.lane]));
      texts[first_lane_] = phrases_of(cell);
      if (place_column_ && row.failure.empty()) {
        texts[*place_column_] = one_phrase(detail::format_place(cell.place));
      }
      const std::vector<std::string> more = lines_from(texts);
      lines.insert(lines.end(), more.begin(), more.end());
    }
    return lines;
  }

  [[nodiscard]] Texts gutter_texts(const Row& row) {
    Texts texts(columns_.size());
    texts[0] = one_phrase(number_of(row));
    if (story_.end.count() != 0) texts[1] = one_phrase(time_of(row));
    return texts;
  }

  [[nodiscard]] Texts texts_of(const Row& row) {
    Texts texts = gutter_texts(row);
    for (const Cell& cell : row.cells) {
      // What belongs to no task stands where the first task has its column.
      auto& phrases = texts[cell.lane == kWorld ? first_lane_ : first_lane_ + cell.lane];
      std::string prefix = cell.lane == kWorld ? "world: " : "";
      for (detail::Line& phrase : phrases_of(cell)) {
        if (!phrase.empty()) phrase.front().text = std::exchange(prefix, "") + phrase.front().text;
        phrases.push_back(std::move(phrase));
      }
    }
    // A failure says its place itself.
    if (place_column_ && row.failure.empty()) texts[*place_column_] = one_phrase(place_of(row));
    return texts;
  }

  [[nodiscard]] std::vector<std::string> lines_from(const Texts& texts) const {
    std::vector<std::vector<std::string>> wrapped(columns_.size());
    std::size_t height = 1;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      for (const detail::Line& line :
           detail::wrap_phrases(texts[i], columns_[i].width, kMostLines)) {
        wrapped[i].push_back(detail::plain_text(line));
      }
      height = std::max(height, wrapped[i].size());
    }
    std::vector<std::string> lines(height);
    for (std::size_t k = 0; k < height; ++k) {
      for (std::size_t i = 0; i < columns_.size(); ++i) {
        if (i > 0) lines[k] += kGap;
        lines[k] += padded(k < wrapped[i].size() ? wrapped[i][k] : "", columns_[i].width,
                           columns_[i].align);
      }
      lines[k].resize(lines[k].find_last_not_of(' ') + 1);
    }
    return lines;
  }

  void append_failure(std::vector<std::string>& lines, const Row& row) const {
    const std::string place = detail::format_place(row.failure_place);
    const bool says_place =
        place.empty() || row.failure.find("[" + place + "]") != std::string::npos;
    const std::string failure = row.failure + (says_place ? "" : ", at " + place);
    const std::size_t indent = first_indent();
    std::string& last = lines.back();
    const std::string in_one_line =
        (last.empty() ? std::string(indent, ' ') : last + std::string(kGap)) + "<-- " + failure;
    if (detail::display_width(in_one_line) <= width_) {
      last = in_one_line;
      return;
    }
    bool first = true;
    for (const detail::Line& line :
         detail::wrap({{detail::Tone::failure, failure}}, width_ - indent - 4, kMostLines)) {
      lines.push_back(std::string(indent, ' ') + (first ? "<-- " : "    ") +
                      detail::plain_text(line));
      first = false;
    }
    if (lines.front().empty()) lines.erase(lines.begin());
  }

  /// Where the text right of the gutter starts.
  [[nodiscard]] std::size_t first_indent() const {
    std::size_t indent = 0;
    for (std::size_t i = 0; i < first_lane_; ++i) indent += columns_[i].width + kGap.size();
    return std::min(indent, width_ / 2);
  }

  [[nodiscard]] static std::string place_of(const Row& row) {
    for (const Cell& cell : row.cells) {
      const std::string text = detail::format_place(cell.place);
      if (!text.empty()) return text;
    }
    return "";
  }

  [[nodiscard]] static std::string number_of(const Row& row) {
    if (!row.step) return "";
    return (row.chosen() ? "* " : "") + std::to_string(*row.step);
  }

  /// The time of a row, "" when it is that of the row above.
  [[nodiscard]] std::string time_of(const Row& row) {
    if (last_time_ == row.time) return "";
    last_time_ = row.time;
    return detail::format_time(row.time);
  }

  // Below the table. -------------------------------------------------------------------------

  void append_stuck(std::string& out) const {
    if (story_.stuck.empty()) return;
    if (!out.empty()) out += '\n';
    for (const detail::StuckGroup& group : detail::group_stuck(story_.stuck)) {
      std::string line =
          detail::id_list(group.ids) + " still waiting: " + detail::waits_for(group.what);
      const std::string place = detail::format_place(group.what.place);
      if (!place.empty()) line += ", at " + place;
      append_line(out, line);
    }
    for (const std::vector<std::string>& cycle : detail::wait_cycles(story_.stuck)) {
      std::string line = "waiting in a circle: ";
      for (const std::string& id : cycle) line += (&id == cycle.data() ? "" : " -> ") + id;
      append_line(out, line);
    }
  }

  const Story& story_;
  std::size_t width_;
  std::size_t max_rows_;
  bool as_list_ = false;
  std::vector<Column> columns_;
  std::size_t first_lane_ = 0;  ///< the column of the first task, or in a list that of the text
  std::optional<std::size_t> place_column_;
  std::optional<std::chrono::nanoseconds> last_time_;
};

}  // namespace

std::string text_table(const Trace& trace, const TextTableOptions& options) {
  return Table(detail::tell(trace, nullptr, ""), options).text();
}

std::string text_table(const Recording& recording, const TextTableOptions& options) {
  return Table(detail::tell(recording.trace, &recording.schedule, recording.failure), options)
      .text();
}

}  // namespace cocheck
