#include "picture_layout.hpp"

#include <algorithm>
#include <utility>

#include "task_id.hpp"

namespace cocheck::detail {

PictureLayout::PictureLayout(const Story& story) : story_(story) {
  lay_out_lanes();
  lay_out_rows();
}

std::string PictureLayout::name_of(const Lane& lane) {
  return lane.name.empty() ? lane.id : lane.name;
}

void PictureLayout::lay_out_lanes() {
  double time_width = 0;
  std::size_t digits = 1;
  for (const Row& row : story_.rows) {
    if (row.step) digits = std::max(digits, std::to_string(*row.step).size());
    if (story_.end.count() == 0) continue;
    time_width = std::max(time_width, text_width(format_time(row.time).size(), 8) + 18);
  }
  frame_.gutter_left = story_.loop ? kLoopMargin : 0;
  frame_.numbers_right = frame_.gutter_left + time_width + text_width(digits, 8.5) + 2;
  const double left = frame_.numbers_right + 18;
  if (!lay_out_wide(left)) lay_out_compact(left);
  if (!compact_) frame_.text_right = bands_.empty() ? left + 300 : bands_.back().right;
  frame_.bands_left = left;
}

bool PictureLayout::lay_out_wide(double left) {
  std::vector<double> widths;
  for (const Lane& lane : story_.lanes) {
    const double name = text_width(display_width(name_of(lane)), 11, kSansBoldAdvance);
    const double id = text_width(lane.id.size(), 9);
    widths.push_back(std::max(kNarrowestBand, kLifeline + name + id + 24));
  }
  const auto need = [&](std::size_t lane, std::size_t cells) {
    widths[lane] = std::max(widths[lane], kTextStart + text_width(cells + 1, kRowText) + kTextEnd);
  };
  for (const Row& row : story_.rows) {
    for (const Cell& cell : row.cells) {
      if (cell.lane == kWorld) continue;
      need(cell.lane, display_width(plain_text(joined(cell.phrases))));
      if (&cell == failing_cell(row)) {
        need(cell.lane, display_width(row.failure));
      }
    }
  }
  for (const StuckTask& task : story_.stuck) {
    const std::string text = stuck_text(task);
    need(story_.lane_of(task.task), display_width(text));
  }
  double total = 0;
  for (double& width : widths) total += width = std::min(width, kWidestBand);
  double widest = kWidestBand;
  while (total > kWidestBands && widest > kNarrowestBand) {
    widest -= 4;
    total = 0;
    for (double& width : widths) total += width = std::min(width, widest);
  }
  if (total > kWidestBands) return false;
  for (const double width : widths) {
    bands_.push_back({left, left + width, left + kLifeline});
    left += width + kBandGap;
  }
  return true;
}

void PictureLayout::lay_out_compact(double left) {
  compact_ = true;
  const double count = static_cast<double>(story_.lanes.size());
  const double pitch = std::clamp(kWidestBands / count, 4.0, 14.0);
  scale_ = std::clamp(pitch / 11, 0.4, 1.0);
  for (std::size_t i = 0; i < story_.lanes.size(); ++i) {
    const double start = left + static_cast<double>(i) * pitch;
    bands_.push_back({start, start + pitch - pitch / 7, start + pitch * 3 / 7});
  }
  frame_.labels_left = bands_.back().right + 16;
  std::size_t label = 0;
  for (std::size_t lane = 0; lane < story_.lanes.size(); ++lane) {
    label = std::max(label, display_width(compact_label(lane)));
  }
  frame_.text_left = frame_.labels_left + text_width(label + 2, kRowText);
  std::size_t cells = 40;
  for (const Row& row : story_.rows) {
    for (const Cell& cell : row.cells) {
      const Line line = compact_line(row, cell);
      cells = std::max(cells, display_width(plain_text(line)));
    }
  }
  frame_.text_right =
      frame_.text_left + text_width(std::min<std::size_t>(cells + 1, 90), kRowText) + 8;
}

std::string PictureLayout::compact_label(std::size_t lane) const {
  if (lane == kWorld) return "";
  const Lane& task = story_.lanes[lane];
  return task.name.empty() ? task.id : task.id + " " + elide(task.name, 16);
}

Line PictureLayout::compact_line(const Row& row, const Cell& cell) const {
  Line line = joined(cell.phrases);
  if (row.preempts != kWorld && &cell == row.cells.data()) {
    line.push_back({Tone::chosen, " " + decision_of(story_, row)});
  }
  return line;
}

double PictureLayout::text_left(std::size_t lane) const {
  if (compact_) return frame_.text_left;
  return lane == kWorld ? frame_.bands_left + kTextStart : bands_[lane].left + kTextStart;
}

std::size_t PictureLayout::text_cells(std::size_t lane) const {
  const double right = compact_ || lane == kWorld ? frame_.text_right : bands_[lane].right;
  return cells_in(right - kTextEnd - text_left(lane), kRowText);
}

std::vector<Line> PictureLayout::lines_of(const Row& row, const Cell& cell) const {
  std::vector<Line> lines;
  if (!cell.phrases.empty()) {
    lines = compact_ ? wrap(compact_line(row, cell), text_cells(cell.lane), 2)
                     : wrap_phrases(cell.phrases, text_cells(cell.lane), kMostLines);
  }
  if (&cell == failing_cell(row)) {
    for (Line& line : wrap({{Tone::failure, row.failure}}, text_cells(cell.lane), kMostLines)) {
      lines.push_back(std::move(line));
    }
  }
  return lines;
}

std::vector<PlacedText> PictureLayout::placed_texts(const Row& row) const {
  std::vector<PlacedText> texts;
  std::size_t used = 0;
  for (const bool world : {false, true}) {
    for (const Cell& cell : row.cells) {
      if ((cell.lane == kWorld) != world) continue;
      PlacedText text = {&cell, lines_of(row, cell), 0};
      const bool below = compact_ || world;
      if (below) text.first = used;
      used = std::max(used, text.first + text.lines.size());
      texts.push_back(std::move(text));
    }
  }
  return texts;
}

std::optional<std::size_t> PictureLayout::switch_source(std::size_t i) const {
  if (i == 0 || story_.rows[i].cells.empty() || story_.rows[i - 1].cells.empty()) return {};
  const std::size_t from = story_.rows[i - 1].cells.front().lane;
  const std::size_t to = story_.rows[i].cells.front().lane;
  if (from == kWorld || to == kWorld || from == to) return {};
  return from;
}

void PictureLayout::lay_out_rows() {
  const double padding = compact_ ? 3.5 : kRowPadding;
  double y = kTitleHeight + (compact_ ? 20 : 46);
  frame_.bands_top = kTitleHeight;
  if (compact_) frame_.bands_top += 14;
  for (std::size_t i = 0; i < story_.rows.size(); ++i) {
    const Row& row = story_.rows[i];
    RowBox box;
    box.top = y;
    std::size_t lines = 1;
    for (const PlacedText& text : placed_texts(row)) {
      lines = std::max(lines, text.first + text.lines.size());
    }
    if (row.is_jump) {
      box.middle = y + 16;
      y = box.bottom = y + 32;
      rows_.push_back(box);
      continue;
    }
    y += padding;
    box.middle = y + kLineHeight / 2;
    y += static_cast<double>(lines) * kLineHeight + padding;
    const auto drawn = [](const Link& link) { return link.from != kWorld; };
    if (std::ranges::any_of(row.links, drawn)) {
      box.link = y;
      y += kChannel;
    }
    if (i + 1 < story_.rows.size() && switch_source(i + 1)) {
      const bool labelled = story_.rows[i + 1].pick == Pick::explorer && !compact_;
      if (labelled) y += kLabelHeight - 4;
      box.switching = y;
      y += compact_ ? 3.5 : 6;
    }
    box.bottom = y;
    rows_.push_back(box);
  }
  rows_bottom_ = y;
  lay_out_stuck();
  frame_.bands_bottom = rows_bottom_ + 8;
}

void PictureLayout::lay_out_stuck() {
  const std::vector<StuckTask>& stuck = story_.stuck;
  if (stuck.empty()) return;
  frame_.stuck_top = rows_bottom_;
  std::size_t lines = 0;
  if (compact_) {
    for (const StuckGroup& group : group_stuck(stuck)) {
      lines += stuck_lines(group).size();
    }
  } else {
    for (const StuckTask& task : stuck) lines = std::max(lines, stuck_lines(task).size());
  }
  rows_bottom_ += 2 * kRowPadding + static_cast<double>(lines) * kLineHeight;
  frame_.wait_edges_top = rows_bottom_;
  const auto known = [&](const StuckTask& task) {
    return story_.lane_of(task.holder) != kWorld && task.holder != task.task;
  };
  const auto edges = static_cast<std::size_t>(std::ranges::count_if(stuck, known));
  rows_bottom_ += static_cast<double>(std::min(edges, kMostWaitEdges)) * kChannel;
  frame_.cycles_top = rows_bottom_;
  const auto cycles = wait_cycles(stuck).size();
  rows_bottom_ += static_cast<double>(cycles) * (kLineHeight + 6);
}

std::string PictureLayout::stuck_text(const StuckTask& task) {
  return "still waiting: " + waits_for(task);
}

std::vector<Line> PictureLayout::stuck_lines(const StuckTask& task) const {
  const std::size_t lane = story_.lane_of(task.task);
  return wrap({{Tone::verb, stuck_text(task)}}, text_cells(lane), kMostLines);
}

std::vector<Line> PictureLayout::stuck_lines(const StuckGroup& group) const {
  const std::string text = id_list(group.ids) + " still waiting: " + waits_for(group.what);
  return wrap({{Tone::verb, text}}, text_cells(kWorld), 2);
}

}  // namespace cocheck::detail
