#include "cocheck/dot.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "canvas.hpp"
#include "picture_layout.hpp"
#include "picture_legend.hpp"
#include "story.hpp"
#include "stuck_tasks.hpp"
#include "text.hpp"

namespace cocheck {

namespace {

using namespace detail;

/// Paints a story.
class Picture {
 public:
  Picture(const Recording& recording, const Story& story, const DotOptions& options)
      : recording_(recording), story_(story), options_(options), layout_(story) {}

  std::string draw() {
    draw_title();
    draw_bands();
    draw_headers();
    draw_failures();
    draw_lifelines();
    draw_jumps();
    for (std::size_t i = 0; i < story_.rows.size(); ++i) draw_row(i);
    draw_switches();
    draw_links();
    draw_loop();
    draw_stuck();
    legend_.draw(canvas_, layout_.frame());
    return canvas_.str(title());
  }

 private:
  // Title. -----------------------------------------------------------------------------------

  [[nodiscard]] std::string title() const {
    const std::string& test = recording_.schedule.test;
    return test.empty() ? "an execution" : clean(test);
  }

  void draw_title() {
    const double width = std::max(layout_.frame().text_right, 420.0);
    const auto line = [&](double y, std::string_view text, const TextStyle& style, double advance) {
      canvas_.text({0, y}, elide(clean(text), cells_in(width, style.size, advance)), style, width);
    };
    line(8, title(), {kSans, 14, kInk, true, ""}, kSansBoldAdvance);
    const bool failed = !recording_.failure.empty();
    std::string verdict = first_line(recording_.verdict);
    if (verdict.empty()) verdict = failed ? "Failed: " + first_line(recording_.failure) : "";
    line(27, verdict, {kSans, 10, failed ? kRed : kQuietInk, failed, ""}, kSansBoldAdvance);
    line(43, size(), {kSans, 9, kQuietInk, false, ""}, kSansAdvance);
    line(58, replay(), {kMono, 8, kQuietInk, false, ""}, kMonoAdvance);
  }

  [[nodiscard]] std::string size() const {
    const std::string decisions =
        story_.decisions.any() ? story_.decisions.in_words() : "nothing chosen by the explorer";
    std::string text = count_of(story_.steps, "step") + ", " +
                       count_of(story_.lanes.size(), "task") + ", " + decisions;
    if (story_.end.count() != 0) text += ", " + format_time(story_.end) + " of virtual time";
    if (!recording_.schedule.strategy.empty()) text += ", found by " + recording_.schedule.strategy;
    return text;
  }

  [[nodiscard]] std::string replay() const {
    if (!options_.replay.empty()) return "replay: " + options_.replay;
    return "replay: cocheck replay FILE, where FILE holds this schedule";
  }

  // Bands. -----------------------------------------------------------------------------------

  void draw_bands() {
    std::vector<std::pair<double, double>> pieces;
    double top = layout_.frame().bands_top;
    for (std::size_t i = 0; i < layout_.rows().size(); ++i) {
      if (!story_.rows[i].is_jump) continue;
      pieces.emplace_back(top, layout_.rows()[i].top + 4);
      top = layout_.rows()[i].bottom - 4;
    }
    pieces.emplace_back(top, layout_.frame().bands_bottom);
    for (const Band& band : layout_.bands()) {
      for (const auto& [from, to] : pieces) {
        if (to > from) canvas_.rectangle({band.left, from}, {band.right, to}, kBand);
      }
    }
  }

  void draw_headers() {
    double free_from = 0;
    for (std::size_t i = 0; i < layout_.bands().size(); ++i) {
      const Lane& lane = story_.lanes[i];
      const Band& band = layout_.bands()[i];
      const Hint hint = {lane_hint(lane), url_of(lane.place)};
      const double id_width = text_width(lane.id.size(), layout_.compact() ? 7 : 9);
      if (layout_.compact()) {
        const double left = band.lifeline - id_width / 2;
        if (left < free_from) continue;
        canvas_.text({left, layout_.frame().bands_top - 7}, lane.id,
                     {kMono, 7, kPaleInk, false, ""}, id_width, Align::left, hint);
        free_from = left + id_width + 5;
        continue;
      }
      const double y = layout_.frame().bands_top + 17;
      const bool has_name = !lane.name.empty();
      const double name_width = band.right - band.left - 24 - (has_name ? id_width + 6 : 0);
      canvas_.text({band.left + 12, y},
                   elide(PictureLayout::name_of(lane), cells_in(name_width, 11, kSansBoldAdvance)),
                   {kSans, 11, kInk, true, ""}, name_width, Align::left, hint);
      if (!has_name) continue;
      canvas_.text({band.right - 10, y}, lane.id, {kMono, 9, kPaleInk, false, ""}, id_width,
                   Align::right, hint);
    }
  }

  [[nodiscard]] static std::string lane_hint(const Lane& lane) {
    std::string text = lane.id;
    if (!lane.name.empty()) text += " " + lane.name;
    const std::string place = format_place(lane.place);
    return place.empty() ? text : text + ", " + place;
  }

  void draw_failures() {
    for (std::size_t i = 0; i < layout_.rows().size(); ++i) {
      const Row& row = story_.rows[i];
      if (row.failure.empty()) continue;
      const Cell* const cell = failing_cell(row);
      const std::size_t lane = cell == nullptr ? kWorld : cell->lane;
      const bool whole = layout_.compact() || lane == kWorld;
      const double left = whole ? layout_.frame().bands_left : layout_.bands()[lane].left;
      const double right = whole ? layout_.frame().text_right : layout_.bands()[lane].right;
      canvas_.rectangle({left, layout_.rows()[i].top + 1}, {right, layout_.rows()[i].bottom - 1},
                        kPaleRed);
    }
  }

  // Lifelines. -------------------------------------------------------------------------------

  /// Paints the lifeline of each task by following its state from row to row.
  void draw_lifelines() {
    struct Life {
      double since = 0;
      State state = State::ready;
      bool born = true;
      bool running = false;  ///< had the turn in the row before
    };
    std::vector<Life> lives(layout_.bands().size());
    for (Life& life : lives) life.since = layout_.frame().bands_top + (layout_.compact() ? 3 : 30);
    for (const Row& row : story_.rows) {
      for (const Link& link : row.links) {
        if (link.kind == Link::Kind::spawn) lives[link.to].born = false;
      }
    }
    const auto stretch = [&](std::size_t lane, double until) {
      Life& life = lives[lane];
      if (life.born && life.state != State::ended) {
        paint(lane, life.since, until,
              life.running                  ? Sign::running
              : life.state == State::parked ? Sign::parked
                                            : Sign::ready);
      }
      life.since = until;
    };
    std::size_t last = kWorld;
    for (std::size_t i = 0; i < layout_.rows().size(); ++i) {
      const Row& row = story_.rows[i];
      const RowBox& box = layout_.rows()[i];
      const std::size_t actor = row.cells.empty() ? kWorld : row.cells.front().lane;
      for (const Cell& cell : row.cells) {
        if (cell.lane == kWorld) continue;
        Life& life = lives[cell.lane];
        life.running = cell.lane == last && life.state == State::ready;
        stretch(cell.lane, box.middle);
        life.running = false;
        life.born = true;
        life.state = cell.after;
      }
      for (const Link& link : row.links) {
        Life& life = lives[link.to];
        if (link.kind == Link::Kind::cancel) continue;
        const double y = link.from == kWorld ? box.middle : box.link;
        if (y > life.since) stretch(link.to, y);
        life.born = true;
        life.state = State::ready;
      }
      if (!row.is_jump) last = actor;
    }
    for (std::size_t lane = 0; lane < lives.size(); ++lane) {
      const auto is_lane = [&](const StuckTask& task) {
        return task.task == story_.lanes[lane].id;
      };
      if (std::ranges::any_of(story_.stuck, is_lane)) {
        paint(lane, lives[lane].since, layout_.frame().bands_bottom - 4, Sign::stuck);
      } else {
        stretch(lane, layout_.frame().bands_bottom - 4);
      }
    }
  }

  void paint(std::size_t lane, double from, double to, Sign sign) {
    if (to <= from) return;
    const double x = layout_.bands()[lane].lifeline;
    const double bar = 3.2 * layout_.scale();
    legend_.use(sign);
    switch (sign) {
      case Sign::running:
        return canvas_.line({x, from}, {x, to}, kRunning, bar);
      case Sign::parked:
        return canvas_.line({x, from}, {x, to}, kParked, bar);
      case Sign::stuck:
        return canvas_.line({x, from}, {x, to}, kPaleAmber, bar);
      default:
        return canvas_.line({x, from}, {x, to}, kReady, layout_.scale());
    }
  }

  // Rows. ------------------------------------------------------------------------------------

  void draw_jumps() {
    for (std::size_t i = 0; i < layout_.rows().size(); ++i) {
      const Row& row = story_.rows[i];
      if (!row.is_jump) continue;
      const Line line = jump_sentence(row);
      const double width = text_width(display_width(plain_text(line)), kRowText);
      TextStyle style;
      style.background = "white";
      const double left =
          layout_.compact() ? layout_.frame().text_left : layout_.frame().bands_left + kTextStart;
      canvas_.text({left, layout_.rows()[i].middle}, line, style, width + 2);
      draw_time(i);
    }
  }

  void draw_time(std::size_t i) {
    const Row& row = story_.rows[i];
    if (story_.end.count() == 0 || last_time_ == row.time || row.is_jump) return;
    last_time_ = row.time;
    const std::string text = format_time(row.time);
    canvas_.text({layout_.frame().gutter_left, layout_.rows()[i].middle}, text,
                 {kMono, 8, kQuietInk, false, ""}, text_width(text.size(), 8));
  }

  void draw_row(std::size_t i) {
    const Row& row = story_.rows[i];
    const RowBox& box = layout_.rows()[i];
    if (row.is_jump) return;
    if (row.step) {
      const std::string number = std::to_string(*row.step);
      Hint hint;
      if (row.pick == Pick::explorer) hint.tooltip = reason_of(story_, row);
      if (row.chosen()) legend_.use(Sign::chosen_step);
      canvas_.text({layout_.frame().numbers_right, box.middle}, number,
                   {kMono, 8.5, row.chosen() ? kRed : kPaleInk, row.chosen(), ""},
                   text_width(number.size(), 8.5), Align::right, hint);
    }
    draw_time(i);
    for (const PlacedText& text : layout_.placed_texts(row)) {
      const Cell& cell = *text.cell;
      const Hint hint = hint_of(row, cell);
      TextStyle style;
      if (cell.lane == kWorld) {
        style.background = row.failure.empty() ? std::string_view(kBand) : kPaleRed;
      } else {
        legend_.use(sign_of(cell.marker));
        canvas_.marker({layout_.bands()[cell.lane].lifeline, box.middle}, cell.marker,
                       layout_.scale(), hint);
      }
      double y = box.middle + static_cast<double>(text.first) * kLineHeight;
      if (layout_.compact() && cell.lane != kWorld && !text.lines.empty()) {
        if (text.first == 0) {
          canvas_.line({layout_.bands()[cell.lane].lifeline + 6, y},
                       {layout_.frame().labels_left - 5, y}, kGuide, .8);
        }
        const std::string label = layout_.compact_label(cell.lane);
        canvas_.text({layout_.frame().labels_left, y}, Line{{Tone::object, label}}, style,
                     text_width(display_width(label), kRowText) + 3, Align::left, hint);
      }
      for (const Line& line : text.lines) {
        const double width = text_width(display_width(plain_text(line)), kRowText) + 3;
        canvas_.text({layout_.text_left(cell.lane), y}, line, style, width, Align::left, hint);
        y += kLineHeight;
      }
    }
  }

  [[nodiscard]] Hint hint_of(const Row& row, const Cell& cell) const {
    std::string text = row.step ? "step " + std::to_string(*row.step) + ": " : "";
    text += plain_text(joined(cell.phrases));
    if (&cell == failing_cell(row)) text += "; " + row.failure;
    if (cell.lane != kWorld) {
      const Lane& lane = story_.lanes[cell.lane];
      text += " (" + lane.id + (lane.name.empty() ? "" : " " + lane.name) + ")";
    }
    const std::string place = format_place(place_of(row, cell));
    if (!place.empty()) text += ", " + place;
    return {text, url_of(place_of(row, cell))};
  }

  void draw_switches() {
    for (std::size_t i = 1; i < layout_.rows().size(); ++i) {
      const std::optional<std::size_t> source = layout_.switch_source(i);
      if (!source) continue;
      const Row& row = story_.rows[i];
      const double from = layout_.bands()[*source].lifeline;
      const double to = layout_.bands()[row.cells.front().lane].lifeline;
      const double y = layout_.rows()[i - 1].switching;
      const bool chosen = row.pick == Pick::explorer;
      EdgeStyle style;
      style.colour = chosen ? kRed : kPaleInk;
      style.width = chosen ? 1.3 : 1;
      style.line = row.pick == Pick::forced ? "dotted" : "dashed";
      canvas_.edge({{from, layout_.rows()[i - 1].middle + 5},
                    {from, y},
                    {to, y},
                    {to, layout_.rows()[i].middle - 5.5 * layout_.scale()}},
                   style, reason_of(story_, row));
      legend_.use(sign_of(row.pick));
      if (!chosen || layout_.compact()) continue;
      const std::string label = decision_of(story_, row);
      canvas_.text({std::min(from, to) + 10, y - 5.5}, label, {kSans, 8, kRed, false, ""},
                   text_width(label.size(), 8, kSansAdvance));
    }
  }

  void draw_links() {
    for (std::size_t i = 0; i < layout_.rows().size(); ++i) {
      std::vector<Link> links;
      for (const Link& link : story_.rows[i].links) {
        // A cancellation makes ready, too; one line says enough.
        const auto cancels_too = [&](const Link& other) {
          return other.kind == Link::Kind::cancel && other.from == link.from && other.to == link.to;
        };
        if (link.from == kWorld || link.from == link.to) continue;
        if (link.kind == Link::Kind::wake &&
            std::ranges::any_of(story_.rows[i].links, cancels_too)) {
          continue;
        }
        links.push_back(link);
      }
      std::ranges::sort(links, {}, [](const Link& link) {
        const std::size_t distance = std::max(link.from, link.to) - std::min(link.from, link.to);
        return std::tuple(distance, link.from, link.to, link.kind);
      });
      // Lines that leave a task in one direction share their way: each starts where the one before
      // ends.
      for (std::size_t k = 0; k < links.size(); ++k) {
        std::size_t start = links[k].from;
        for (std::size_t before = 0; before < k; ++before) {
          const bool same_way =
              (links[before].to > links[before].from) == (links[k].to > links[k].from);
          if (links[before].from == links[k].from && same_way) start = links[before].to;
        }
        draw_link(layout_.rows()[i], links[k], start);
      }
    }
  }

  /// Draws a link from its task, or from the lane `start` on its way.
  void draw_link(const RowBox& box, const Link& link, std::size_t start) {
    const bool cancels = link.kind == Link::Kind::cancel;
    const double from = layout_.bands()[start].lifeline;
    const double to = layout_.bands()[link.to].lifeline;
    if (from == to) return;
    const double stop = to > from ? to - 2 * layout_.scale() : to + 2 * layout_.scale();
    EdgeStyle style;
    style.colour = cancels ? kRunning : kLink;
    style.width = cancels ? 1.2 : .9;
    style.head = cancels ? "tee" : "vee";
    const std::string verb = cancels                          ? " cancels "
                             : link.kind == Link::Kind::spawn ? " spawns "
                                                              : " wakes ";
    std::vector<Point> way = {{from, box.link}, {stop, box.link}};
    if (start == link.from) way.insert(way.begin(), {from, box.middle + 4});
    canvas_.edge(way, style, story_.lanes[link.from].id + verb + story_.lanes[link.to].id);
    legend_.use(cancels ? Sign::cancels : Sign::link);
  }

  /// A red arrow left of the gutter, from the last row of the loop up to the first.
  void draw_loop() {
    if (!story_.loop) return;
    constexpr std::array<std::string_view, 3> kLabel = {"again", "and", "again"};
    constexpr double kLabelPitch = 9.5;
    constexpr double kLeastHeight = 12;
    const double right = layout_.frame().gutter_left - 5;
    double top = layout_.rows()[story_.loop->first].middle;
    double bottom = layout_.rows()[story_.loop->last].middle;
    if (bottom - top < kLeastHeight) {  // a loop of one row
      top -= kLeastHeight / 2;
      bottom += kLeastHeight / 2;
    }
    canvas_.edge({{right, bottom}, {kLoopLine, bottom}, {kLoopLine, top}, {right, top}},
                 {kRed, 1.3, "solid", "normal"},
                 "the state here is the same as at step " + std::to_string(story_.loop->step) +
                     ": this can go on for ever");
    legend_.use(Sign::loop);
    // Beside a long line it stays near the arrow.
    double y = std::min((top + bottom) / 2, top + 120) - kLabelPitch;
    for (const std::string_view word : kLabel) {
      canvas_.text({kLoopLine - 5, y}, word, {kSans, 8, kRed, false, ""},
                   text_width(word.size(), 8, kSansAdvance), Align::right);
      y += kLabelPitch;
    }
  }

  // Below the rows. --------------------------------------------------------------------------

  void draw_stuck() {
    if (story_.stuck.empty()) return;
    const double first = layout_.frame().stuck_top + kRowPadding + kLineHeight / 2;
    double y = first;
    TextStyle style;
    style.colour = kAmber;
    const auto draw_lines = [&](double left, const std::vector<Line>& lines, const Place& place) {
      for (const Line& line : lines) {
        const double width = text_width(display_width(plain_text(line)), kRowText) + 3;
        canvas_.text({left, y}, line, style, width, Align::left,
                     {format_place(place), url_of(place)});
        y += kLineHeight;
      }
    };
    if (layout_.compact()) {
      for (const StuckGroup& group : group_stuck(story_.stuck)) {
        draw_lines(layout_.frame().text_left, layout_.stuck_lines(group), group.what.place);
      }
    } else {
      for (const StuckTask& task : story_.stuck) {
        y = first;
        draw_lines(layout_.text_left(story_.lane_of(task.task)), layout_.stuck_lines(task),
                   task.place);
      }
    }
    draw_wait_edges();
    y = layout_.frame().cycles_top + kLineHeight / 2;
    for (const std::vector<std::string>& cycle : wait_cycles(story_.stuck)) {
      std::string text = "waiting in a circle: ";
      for (const std::string& id : cycle) text += (&id == cycle.data() ? "" : " \u2192 ") + id;
      style.background = kBand;
      const double left =
          layout_.compact() ? layout_.frame().text_left : layout_.frame().bands_left + kTextStart;
      text = elide(text, layout_.text_cells(kWorld));
      canvas_.text({left, y}, Line{{Tone::suspicious, text}}, style,
                   text_width(display_width(text), kRowText) + 3);
      y += kLineHeight + 6;
    }
  }

  /// An amber arrow from each stuck task to the one that holds what it waits for.
  void draw_wait_edges() {
    double y = layout_.frame().wait_edges_top;
    std::size_t drawn = 0;
    for (const StuckTask& task : story_.stuck) {
      const std::size_t holder = story_.lane_of(task.holder);
      if (holder == kWorld || task.holder == task.task || drawn == kMostWaitEdges) continue;
      const double from = layout_.bands()[story_.lane_of(task.task)].lifeline;
      const double to = layout_.bands()[holder].lifeline;
      EdgeStyle style;
      style.colour = kAmber;
      style.width = 1.2;
      canvas_.edge(
          {{from, y}, {to > from ? to - 2 * layout_.scale() : to + 2 * layout_.scale(), y}}, style,
          task.task + " waits for " + waits_for(task));
      legend_.use(Sign::waits_for);
      y += kChannel;
      ++drawn;
    }
  }

  const Recording& recording_;
  const Story& story_;
  const DotOptions& options_;
  PictureLayout layout_;
  Canvas canvas_;
  std::optional<std::chrono::nanoseconds> last_time_;
  Legend legend_;
};

}  // namespace

std::string to_dot(const Recording& recording, const DotOptions& options) {
  const Story story = detail::tell(recording.trace, &recording.schedule, recording.failure);
  return Picture(recording, story, options).draw();
}

}  // namespace cocheck
