#include "cocheck/dot.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "story.hpp"
#include "text.hpp"

namespace cocheck {

namespace {

using detail::Cell;
using detail::kWorld;
using detail::Lane;
using detail::Line;
using detail::Link;
using detail::Marker;
using detail::Piece;
using detail::Row;
using detail::State;
using detail::Story;
using detail::Tone;

// All lengths are in points. Heights count down from the top of the picture; only Canvas turns them
// into the coordinates of DOT, which count up.

constexpr std::string_view kSans = "DejaVu Sans,Verdana,Helvetica,Arial,sans-serif";
constexpr std::string_view kMono = "DejaVu Sans Mono,Menlo,Consolas,monospace";
constexpr double kMonoAdvance = 0.602;  // width of a character, as a fraction of the font size
constexpr double kSansAdvance = 0.60;   // on average
constexpr double kSansBoldAdvance = 0.69;

constexpr std::string_view kInk = "#1F2933";
constexpr std::string_view kQuietInk = "#616E7C";
constexpr std::string_view kPaleInk = "#9AA5B1";
constexpr std::string_view kRed = "#C8380A";
constexpr std::string_view kPaleRed = "#FBE4DC";
constexpr std::string_view kAmber = "#B7791F";
constexpr std::string_view kPaleAmber = "#E5C07B";
constexpr std::string_view kBand = "#F5F7FA";
constexpr std::string_view kRunning = "#3E4C59";
constexpr std::string_view kReady = "#D3DAE2";
constexpr std::string_view kParked = "#C3CBD5";
constexpr std::string_view kLink = "#7B8794";
constexpr std::string_view kGuide = "#E4E8ED";

constexpr double kRowText = 9;       // font size of the text of a row
constexpr double kLineHeight = 12;   // of that text
constexpr double kRowPadding = 7.5;  // above and below that text
constexpr double kChannel = 8;       // height for a horizontal line between two rows
constexpr double kLabelHeight = 9;   // height for a text on such a line
constexpr double kBandGap = 10;
constexpr double kLifeline = 18;   // from the left of a band to its lifeline
constexpr double kTextStart = 30;  // from the left of a band to its text
constexpr double kTextEnd = 8;     // from the end of the text to the right of a band
constexpr double kNarrowestBand = 128;
constexpr double kWidestBand = 320;
constexpr double kWidestBands = 1500;  // of all bands together
constexpr std::size_t kMostLines = 4;  // of text in a row
constexpr std::size_t kMostWaitEdges = 12;

double text_width(std::size_t cells, double size, double advance = kMonoAdvance) {
  return static_cast<double>(cells) * size * advance;
}

std::size_t cells_in(double width, double size, double advance = kMonoAdvance) {
  return static_cast<std::size_t>(std::max(1.0, width / (size * advance)));
}

/// A number with at most two decimals, whatever the locale.
std::string number(double value) {
  const auto hundredths = static_cast<std::int64_t>(std::llround(value * 100));
  const std::int64_t magnitude = hundredths < 0 ? -hundredths : hundredths;
  std::string text = (hundredths < 0 ? "-" : "") + std::to_string(magnitude / 100);
  if (const std::int64_t rest = magnitude % 100; rest != 0) {
    text += rest < 10 ? ".0" : ".";
    text += std::to_string(rest % 10 == 0 && rest >= 10 ? rest / 10 : rest);
  }
  return text;
}

/// Clean text for an HTML label, and for an attribute that ends up in SVG. Escapes of DOT such as
/// \N stay literal.
std::string escape_html(std::string_view text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

/// Any text as the value of an attribute, with its quotes.
std::string attribute(std::string_view text) {
  return '"' + escape_html(detail::clean(text)) + '"';
}

/// Where a link to a place leads: the path, percent-encoded, and the line.
std::string url_of(const Place& place) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  constexpr std::string_view kPlain = "/._-~+";
  std::string url;
  for (const char c : place.file) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter || kPlain.find(c) != std::string_view::npos) {
      url += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      url += '%';
      url += kHex[byte >> 4];
      url += kHex[byte & 15];
    }
  }
  if (!url.empty() && place.line != 0) url += "#L" + std::to_string(place.line);
  return url;
}

struct Point {
  double x = 0;
  double y = 0;
};

enum class Align { left, right };

/// How a text is drawn.
struct TextStyle {
  std::string_view font = kMono;
  double size = kRowText;
  std::string_view colour = kInk;
  bool bold = false;
  std::string_view background;  ///< hides what is behind the text; none when empty
};

/// What a person gets to see of an item on pointing at it, and where a click leads.
struct Hint {
  std::string tooltip;
  std::string url;
};

struct EdgeStyle {
  std::string_view colour = kLink;
  double width = 1;
  bool dashed = false;
  std::string_view head = "normal";
};

/// Collects the DOT text. Painted shapes lie at the bottom, edges on them, and text and markers on
/// top.
class Canvas {
 public:
  void rectangle(Point from, Point to, std::string_view colour) {
    shapes_.push_back({{from, {to.x, from.y}, to, {from.x, to.y}}, colour, 0, false});
    extend(from);
    extend(to);
  }

  void line(Point from, Point to, std::string_view colour, double width, bool dotted = false) {
    shapes_.push_back({{from, to}, colour, width, dotted});
  }

  void text(Point at, const Line& pieces, const TextStyle& style, double width,
            Align align = Align::left, const Hint& hint = {}) {
    std::string runs;
    bool simple = pieces.size() == 1;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      // A blank at the start of a run would vanish in SVG; at the end of the run before it is kept.
      std::string_view run = pieces[i].text;
      if (i > 0 && run.starts_with(' ')) run.remove_prefix(1);
      std::string shown = escape_html(run);
      if (i + 1 < pieces.size() && pieces[i + 1].text.starts_with(' ')) shown += ' ';
      if (shown.empty()) continue;
      const bool bold = style.bold || (i == 0 && is_loud(pieces[i].tone));
      simple = simple && !bold;
      if (bold) shown = "<B>" + shown + "</B>";
      runs += "<FONT COLOR=\"" + std::string(colour_of(pieces[i].tone, style)) + "\">" + shown +
              "</FONT>";
    }
    if (runs.empty()) return;
    const double whole = std::ceil(std::max(width, 1.0));
    const double left = align == Align::left ? at.x : at.x - whole;
    Node item;
    // Graphviz sets a line of several runs, or in bold, a little higher than a line of one.
    item.at = {left + whole / 2, at.y + (simple ? .4 : .4 + style.size * .15)};
    item.attributes = "shape=plain fontname=\"" + std::string(style.font) +
                      "\" fontsize=" + number(style.size) + hint_of(hint) +
                      " label=<<TABLE BORDER=\"0\" CELLBORDER=\"0\" CELLSPACING=\"0\" "
                      "CELLPADDING=\"0\" WIDTH=\"" +
                      number(whole) + "\"" + background_of(style) + "><TR><TD ALIGN=\"" +
                      (align == Align::left ? "LEFT" : "RIGHT") + "\">" + runs +
                      "</TD></TR></TABLE>>";
    nodes_.push_back(std::move(item));
    extend({left, at.y - style.size});
    extend({left + whole, at.y + style.size});
  }

  void text(Point at, std::string_view text, const TextStyle& style, double width,
            Align align = Align::left, const Hint& hint = {}) {
    this->text(at, Line{{Tone::verb, std::string(text)}}, style, width, align, hint);
  }

  void marker(Point at, Marker marker, double scale, const Hint& hint) {
    if (marker == Marker::cancelled) {
      const double arm = 4 * scale;
      line({at.x - arm, at.y - arm}, {at.x + arm, at.y + arm}, kRunning, 2.2 * scale);
      line({at.x - arm, at.y + arm}, {at.x + arm, at.y - arm}, kRunning, 2.2 * scale);
      return;
    }
    struct Look {
      std::string_view name;
      double inches;
      std::string_view colour;
      std::string_view fill;
    };
    const Look look = [&]() -> Look {
      switch (marker) {
        case Marker::parks:
          return {"circle", .13, kRunning, "#FFFFFF"};
        case Marker::ends:
          return {"square", .11, kRunning, kRunning};
        case Marker::suspicious:
          return {"diamond", .18, kAmber, kAmber};
        case Marker::failure:
          return {"circle", .19, kRed, kRed};
        default:
          return {"circle", .11, kRunning, kRunning};
      }
    }();
    const std::string size = number(look.inches * scale);
    nodes_.push_back({at, "shape=" + std::string(look.name) + " width=" + size + " height=" + size +
                              " fixedsize=true style=filled penwidth=" +
                              (marker == Marker::parks ? number(1.8 * scale) : "1") +
                              " label=\"\" color=\"" + std::string(look.colour) +
                              "\" fillcolor=\"" + std::string(look.fill) + "\"" + hint_of(hint)});
    extend(at);
  }

  /// A line with rounded corners along `points`, with an arrow at its end.
  void edge(const std::vector<Point>& points, const EdgeStyle& style, const std::string& tooltip) {
    edges_.push_back({points, style, tooltip});
    for (const Point point : points) extend(point);
  }

  [[nodiscard]] std::string str(std::string_view title) const {
    const double height = bottom_;
    std::string out =
        "digraph trace {\n  layout=nop2; outputorder=edgesfirst; bgcolor=white; "
        "pad=.25; bb=\"0,0," +
        number(right_) + "," + number(height) + "\"; tooltip=" + attribute(title) +
        ";\n"
        "  edge [arrowsize=.6];\n  _background=" +
        sum_of_strings(background(height)) + ";\n";
    // Two invisible corners give the picture its size.
    out +=
        "  corner0 [shape=point width=.01 style=invis pos=\"0,0\"];\n  corner1 [shape=point "
        "width=.01 style=invis pos=\"" +
        number(right_) + "," + number(height) + "\"];\n";
    for (std::size_t i = 0; i < edges_.size(); ++i) append_edge(out, i, height);
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      out += "  n" + std::to_string(i) + " [pos=\"" + position(nodes_[i].at, height) + "\" " +
             nodes_[i].attributes + "];\n";
    }
    return out + "}\n";
  }

  [[nodiscard]] double right() const { return right_; }

 private:
  struct Shape {
    std::vector<Point> points;
    std::string_view colour;
    double width = 0;  ///< of a line; a filled polygon when 0
    bool dotted = false;
  };
  struct Node {
    Point at;
    std::string attributes;
  };
  struct Edge {
    std::vector<Point> points;
    EdgeStyle style;
    std::string tooltip;
  };

  static bool is_loud(Tone tone) { return tone == Tone::suspicious || tone == Tone::failure; }

  static std::string_view colour_of(Tone tone, const TextStyle& style) {
    switch (tone) {
      case Tone::verb:
        return style.colour;
      case Tone::object:
        return kQuietInk;
      case Tone::suspicious:
        return kAmber;
      case Tone::failure:
        return kRed;
    }
    return style.colour;
  }

  static std::string background_of(const TextStyle& style) {
    if (style.background.empty()) return "";
    return " BGCOLOR=\"" + std::string(style.background) + "\"";
  }

  static std::string hint_of(const Hint& hint) {
    std::string text;
    if (!hint.tooltip.empty()) text += " tooltip=" + attribute(hint.tooltip);
    if (!hint.url.empty()) text += " URL=" + attribute(hint.url);
    return text;
  }

  static std::string position(Point at, double height) {
    return number(at.x) + "," + number(height - at.y);
  }

  void extend(Point point) {
    right_ = std::max(right_, point.x);
    bottom_ = std::max(bottom_, point.y);
  }

  /// A long string as a sum of strings, because the scanner of `dot` takes 16384 bytes at most.
  static std::string sum_of_strings(std::string_view text) {
    constexpr std::size_t kMost = 8000;
    std::string out = "\"" + std::string(text.substr(0, kMost)) + "\"";
    for (std::size_t at = kMost; at < text.size(); at += kMost) {
      out += " +\n    \"" + std::string(text.substr(at, kMost)) + "\"";
    }
    return out;
  }

  [[nodiscard]] std::string background(double height) const {
    std::string out;
    std::string_view colour;
    std::string style;
    const auto say = [&](std::string_view operation, std::string_view text) {
      out += operation;
      out += " " + std::to_string(text.size()) + " -" + std::string(text) + " ";
    };
    for (const Shape& shape : shapes_) {
      if (shape.colour != colour) {
        colour = shape.colour;
        say("c", colour);
        say("C", colour);
      }
      if (shape.width > 0) {
        const std::string wanted = "setlinewidth(" + number(shape.width) + ")";
        if (wanted != style) say("S", style = wanted);
        if (shape.dotted) say("S", "dotted");
      }
      out += (shape.width > 0 ? "L " : "P ") + std::to_string(shape.points.size());
      for (const Point point : shape.points) {
        out += " " + number(point.x) + " " + number(height - point.y);
      }
      out += ' ';
      if (shape.dotted) say("S", "solid");
    }
    return out;
  }

  void append_edge(std::string& out, std::size_t index, double height) const {
    const auto& [points, style, tooltip] = edges_[index];
    const std::string id = std::to_string(index);
    const auto end = [&](std::string_view name, Point at) {
      out += "  " + std::string(name) + id + " [shape=point width=.01 style=invis pos=\"" +
             position(at, height) + "\"];";
    };
    end("a", points.front());
    end("b", points.back());
    out += "\n  a" + id + " -> b" + id + " [pos=\"" + spline(points, style.head != "none", height) +
           "\" color=\"" + std::string(style.colour) + "\" penwidth=" + number(style.width) +
           (style.dashed ? " style=dashed" : "") + " arrowhead=" + std::string(style.head);
    if (!tooltip.empty()) out += " tooltip=" + attribute(tooltip);
    out += "];\n";
  }

  /// The Bezier curve along `points`; the last few points of the way belong to the arrow.
  static std::string spline(std::vector<Point> points, bool arrow, double height) {
    constexpr double kArrow = 5;
    constexpr double kRadius = 4;
    const Point tip = points.back();
    const auto towards = [](Point from, Point to, double distance) -> Point {
      const double dx = to.x - from.x;
      const double dy = to.y - from.y;
      const double length = std::hypot(dx, dy);
      if (length == 0) return from;
      const double part = std::min(1.0, distance / length);
      return {from.x + dx * part, from.y + dy * part};
    };
    const auto length = [](Point a, Point b) { return std::hypot(a.x - b.x, a.y - b.y); };
    if (arrow) points.back() = towards(tip, points[points.size() - 2], kArrow);
    std::string curve = position(points.front(), height);
    const auto curve_to = [&](Point control1, Point control2, Point to) {
      for (const Point point : {control1, control2, to}) curve += " " + position(point, height);
    };
    Point at = points.front();
    for (std::size_t i = 1; i < points.size(); ++i) {
      if (i + 1 == points.size()) {
        curve_to(at, points[i], points[i]);
        break;
      }
      const double radius = std::min(
          {kRadius, length(points[i - 1], points[i]) / 2, length(points[i], points[i + 1]) / 2});
      const Point before = towards(points[i], points[i - 1], radius);
      const Point after = towards(points[i], points[i + 1], radius);
      curve_to(at, before, before);
      curve_to(points[i], points[i], after);
      at = after;
    }
    return arrow ? "e," + position(tip, height) + " " + curve : curve;
  }

  std::vector<Shape> shapes_;
  std::vector<Edge> edges_;
  std::vector<Node> nodes_;
  double right_ = 0;
  double bottom_ = 0;
};

/// An entry of the legend; the order is that in the picture.
enum class Sign {
  running,
  ready,
  parked,
  stuck,
  chosen,
  forced,
  link,
  cancels,
  waits_for,
  dot,
  parks,
  ends,
  cancelled,
  suspicious,
  failure,
};

std::string_view meaning_of(Sign sign) {
  switch (sign) {
    case Sign::running:
      return "running";
    case Sign::ready:
      return "ready";
    case Sign::parked:
      return "waiting";
    case Sign::stuck:
      return "waiting for ever";
    case Sign::chosen:
      return "switch chosen by the explorer";
    case Sign::forced:
      return "forced switch";
    case Sign::link:
      return "makes ready";
    case Sign::cancels:
      return "cancels";
    case Sign::waits_for:
      return "waits for";
    case Sign::dot:
      return "step";
    case Sign::parks:
      return "starts to wait";
    case Sign::ends:
      return "ends";
    case Sign::cancelled:
      return "cancelled";
    case Sign::suspicious:
      return "worth a second look";
    case Sign::failure:
      return "the property breaks";
  }
  return "";
}

Sign sign_of(Marker marker) {
  switch (marker) {
    case Marker::dot:
      return Sign::dot;
    case Marker::parks:
      return Sign::parks;
    case Marker::ends:
      return Sign::ends;
    case Marker::cancelled:
      return Sign::cancelled;
    case Marker::suspicious:
      return Sign::suspicious;
    case Marker::failure:
      return Sign::failure;
  }
  return Sign::dot;
}

/// Lays a story out and paints it.
class Picture {
 public:
  Picture(const Recording& recording, const Story& story, const DotOptions& options)
      : recording_(recording), story_(story), options_(options) {}

  std::string draw() {
    lay_out_lanes();
    lay_out_rows();
    draw_title();
    draw_bands();
    draw_headers();
    draw_failures();
    draw_lifelines();
    draw_jumps();
    for (std::size_t i = 0; i < story_.rows.size(); ++i) draw_row(i);
    draw_switches();
    draw_links();
    draw_stuck();
    draw_legend();
    return canvas_.str(title());
  }

 private:
  /// Where a row is. The text of a cell starts in its first line.
  struct RowBox {
    double top = 0;
    double middle = 0;     ///< of the first line of text, where the markers are
    double link = 0;       ///< of the horizontal part of links that start in the row
    double switching = 0;  ///< of the horizontal part of the switch to the next row
    double bottom = 0;
  };

  struct Band {
    double left = 0;
    double right = 0;
    double lifeline = 0;
  };

  // Layout. ----------------------------------------------------------------------------------

  [[nodiscard]] std::string title() const {
    const std::string& test = recording_.schedule.test;
    return test.empty() ? "an execution" : detail::clean(test);
  }

  [[nodiscard]] static std::string name_of(const Lane& lane) {
    return lane.name.empty() ? lane.id : lane.name;
  }

  void lay_out_lanes() {
    double time_width = 0;
    std::size_t digits = 1;
    for (const Row& row : story_.rows) {
      if (row.step) digits = std::max(digits, std::to_string(*row.step).size());
      if (story_.end.count() == 0) continue;
      time_width = std::max(time_width, text_width(detail::format_time(row.time).size(), 8) + 18);
    }
    numbers_right_ = time_width + text_width(digits, 8.5) + 2;
    const double left = numbers_right_ + 18;
    if (!lay_out_wide(left)) lay_out_compact(left);
    bands_right_ = bands_.empty() ? left + 300 : bands_.back().right;
    if (bands_.empty()) bands_right_ = text_right_ = left + 300;
    if (!compact_) text_right_ = bands_right_;
    bands_left_ = left;
  }

  /// Gives every task a band wide enough for its texts. Returns false when they do not fit.
  bool lay_out_wide(double left) {
    std::vector<double> widths;
    for (const Lane& lane : story_.lanes) {
      const double name = text_width(detail::display_width(name_of(lane)), 11, kSansBoldAdvance);
      const double id = text_width(lane.id.size(), 9);
      widths.push_back(std::max(kNarrowestBand, kLifeline + name + id + 24));
    }
    const auto need = [&](std::size_t lane, std::size_t cells) {
      widths[lane] =
          std::max(widths[lane], kTextStart + text_width(cells + 1, kRowText) + kTextEnd);
    };
    for (const Row& row : story_.rows) {
      for (const Cell& cell : row.cells) {
        if (cell.lane == kWorld) continue;
        need(cell.lane, detail::display_width(detail::plain_text(detail::joined(cell.phrases))));
        if (&cell == row.cells.data()) need(cell.lane, detail::display_width(row.failure));
      }
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

  /// Gives every task a narrow lane, and all of them one column for texts on the right.
  void lay_out_compact(double left) {
    compact_ = true;
    const double count = static_cast<double>(story_.lanes.size());
    const double pitch = std::clamp(kWidestBands / count, 4.0, 14.0);
    scale_ = std::clamp(pitch / 11, 0.4, 1.0);
    for (std::size_t i = 0; i < story_.lanes.size(); ++i) {
      const double start = left + static_cast<double>(i) * pitch;
      bands_.push_back({start, start + pitch - pitch / 7, start + pitch * 3 / 7});
    }
    labels_left_ = bands_.back().right + 16;
    std::size_t label = 0;
    for (std::size_t lane = 0; lane < story_.lanes.size(); ++lane) {
      label = std::max(label, detail::display_width(compact_label(lane)));
    }
    text_left_ = labels_left_ + text_width(label + 2, kRowText);
    std::size_t cells = 40;
    for (const Row& row : story_.rows) {
      for (const Cell& cell : row.cells) {
        const Line line = compact_line(row, cell);
        cells = std::max(cells, detail::display_width(detail::plain_text(line)));
      }
    }
    text_right_ = text_left_ + text_width(std::min<std::size_t>(cells + 1, 90), kRowText) + 8;
  }

  /// What stands before the text of a row in the column of texts: the task that it is about.
  [[nodiscard]] std::string compact_label(std::size_t lane) const {
    if (lane == kWorld) return "";
    const Lane& task = story_.lanes[lane];
    return task.name.empty() ? task.id : task.id + " " + detail::elide(task.name, 16);
  }

  [[nodiscard]] Line compact_line(const Row& row, const Cell& cell) const {
    Line line = detail::joined(cell.phrases);
    if (row.preempts != kWorld && &cell == row.cells.data()) {
      line.push_back({Tone::failure, " " + preemption(row)});
    }
    return line;
  }

  [[nodiscard]] std::string preemption(const Row& row) const {
    return "preempts " + story_.lanes[row.preempts].id;
  }

  [[nodiscard]] double text_left(std::size_t lane) const {
    if (compact_) return text_left_;
    return lane == kWorld ? bands_left_ + kTextStart : bands_[lane].left + kTextStart;
  }

  [[nodiscard]] std::size_t text_cells(std::size_t lane) const {
    const double right = compact_ || lane == kWorld ? text_right_ : bands_[lane].right;
    return cells_in(right - kTextEnd - text_left(lane), kRowText);
  }

  [[nodiscard]] std::vector<Line> lines_of(const Row& row, const Cell& cell) const {
    std::vector<Line> lines;
    if (!cell.phrases.empty()) {
      lines = compact_ ? detail::wrap(compact_line(row, cell), text_cells(cell.lane), 2)
                       : detail::wrap_phrases(cell.phrases, text_cells(cell.lane), kMostLines);
    }
    if (!row.failure.empty() && &cell == row.cells.data()) {
      for (Line& line :
           detail::wrap({{Tone::failure, row.failure}}, text_cells(cell.lane), kMostLines)) {
        lines.push_back(std::move(line));
      }
    }
    return lines;
  }

  /// Whether a dashed line leads from the row before to row `i`.
  [[nodiscard]] std::optional<std::size_t> switch_source(std::size_t i) const {
    if (i == 0 || story_.rows[i].cells.empty() || story_.rows[i - 1].cells.empty()) return {};
    const std::size_t from = story_.rows[i - 1].cells.front().lane;
    const std::size_t to = story_.rows[i].cells.front().lane;
    if (from == kWorld || to == kWorld || from == to) return {};
    return from;
  }

  void lay_out_rows() {
    const double padding = compact_ ? 3.5 : kRowPadding;
    double y = title_height() + (compact_ ? 20 : 46);
    bands_top_ = title_height();
    if (compact_) bands_top_ += 14;
    for (std::size_t i = 0; i < story_.rows.size(); ++i) {
      const Row& row = story_.rows[i];
      RowBox box;
      box.top = y;
      std::size_t lines = 1;
      for (const Cell& cell : row.cells) lines = std::max(lines, lines_of(row, cell).size());
      if (row.is_jump) {
        box.middle = y + 16;
        y = box.bottom = y + 32;
        boxes_.push_back(box);
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
        if (story_.rows[i + 1].preempts != kWorld && !compact_) y += kLabelHeight - 4;
        box.switching = y;
        y += compact_ ? 3.5 : 6;
      }
      box.bottom = y;
      boxes_.push_back(box);
    }
    rows_bottom_ = y;
    lay_out_stuck();
    bands_bottom_ = rows_bottom_ + 8;
  }

  void lay_out_stuck() {
    const std::vector<StuckTask>& stuck = story_.stuck;
    if (stuck.empty()) return;
    stuck_top_ = rows_bottom_;
    std::size_t lines = 0;
    if (compact_) {
      for (const detail::StuckGroup& group : detail::group_stuck(stuck)) {
        lines += stuck_lines(group).size();
      }
    } else {
      for (const StuckTask& task : stuck) lines = std::max(lines, stuck_lines(task).size());
    }
    rows_bottom_ += 2 * kRowPadding + static_cast<double>(lines) * kLineHeight;
    wait_edges_top_ = rows_bottom_;
    const auto known = [&](const StuckTask& task) {
      return story_.lane_of(task.holder) != kWorld && task.holder != task.task;
    };
    const auto edges = static_cast<std::size_t>(std::ranges::count_if(stuck, known));
    rows_bottom_ += static_cast<double>(std::min(edges, kMostWaitEdges)) * kChannel;
    cycles_top_ = rows_bottom_;
    const auto cycles = detail::wait_cycles(stuck).size();
    rows_bottom_ += static_cast<double>(cycles) * (kLineHeight + 6);
  }

  [[nodiscard]] std::vector<Line> stuck_lines(const StuckTask& task) const {
    const std::size_t lane = story_.lane_of(task.task);
    return detail::wrap({{Tone::verb, "still waiting: " + detail::waits_for(task)}},
                        text_cells(lane), kMostLines);
  }

  [[nodiscard]] std::vector<Line> stuck_lines(const detail::StuckGroup& group) const {
    const std::string text =
        detail::id_list(group.ids) + " still waiting: " + detail::waits_for(group.what);
    return detail::wrap({{Tone::verb, text}}, text_cells(kWorld), 2);
  }

  // Title. -----------------------------------------------------------------------------------

  [[nodiscard]] double title_height() const { return 78; }

  void draw_title() {
    const double width = std::max(text_right_, 420.0);
    const auto line = [&](double y, std::string_view text, const TextStyle& style, double advance) {
      canvas_.text({0, y}, detail::elide(detail::clean(text), cells_in(width, style.size, advance)),
                   style, width);
    };
    line(8, title(), {kSans, 14, kInk, true, ""}, kSansBoldAdvance);
    const bool failed = !recording_.failure.empty();
    std::string verdict = detail::first_line(recording_.verdict);
    if (verdict.empty())
      verdict = failed ? "Failed: " + detail::first_line(recording_.failure) : "";
    line(27, verdict, {kSans, 10, failed ? kRed : kQuietInk, failed, ""}, kSansBoldAdvance);
    line(43, size(), {kSans, 9, kQuietInk, false, ""}, kSansAdvance);
    line(58, replay(), {kMono, 8, kQuietInk, false, ""}, kMonoAdvance);
  }

  [[nodiscard]] std::string size() const {
    std::string text = detail::count_of(story_.steps, "step") + ", " +
                       detail::count_of(story_.lanes.size(), "task") + ", " +
                       detail::count_of(story_.preemptions, "preemption");
    if (story_.end.count() != 0)
      text += ", " + detail::format_time(story_.end) + " of virtual time";
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
    double top = bands_top_;
    for (std::size_t i = 0; i < boxes_.size(); ++i) {
      if (!story_.rows[i].is_jump) continue;
      pieces.emplace_back(top, boxes_[i].top + 4);
      top = boxes_[i].bottom - 4;
    }
    pieces.emplace_back(top, bands_bottom_);
    for (const Band& band : bands_) {
      for (const auto& [from, to] : pieces) {
        if (to > from) canvas_.rectangle({band.left, from}, {band.right, to}, kBand);
      }
    }
  }

  void draw_headers() {
    double free_from = 0;
    for (std::size_t i = 0; i < bands_.size(); ++i) {
      const Lane& lane = story_.lanes[i];
      const Band& band = bands_[i];
      const Hint hint = {lane.id + " " + lane.name + ", " + detail::format_place(lane.place),
                         url_of(lane.place)};
      const double id_width = text_width(lane.id.size(), compact_ ? 7 : 9);
      if (compact_) {
        const double left = band.lifeline - id_width / 2;
        if (left < free_from) continue;
        canvas_.text({left, bands_top_ - 7}, lane.id, {kMono, 7, kPaleInk, false, ""}, id_width,
                     Align::left, hint);
        free_from = left + id_width + 5;
        continue;
      }
      const double y = bands_top_ + 17;
      const bool has_name = !lane.name.empty();
      const double name_width = band.right - band.left - 24 - (has_name ? id_width + 6 : 0);
      canvas_.text({band.left + 12, y},
                   detail::elide(name_of(lane), cells_in(name_width, 11, kSansBoldAdvance)),
                   {kSans, 11, kInk, true, ""}, name_width, Align::left, hint);
      if (!has_name) continue;
      canvas_.text({band.right - 10, y}, lane.id, {kMono, 9, kPaleInk, false, ""}, id_width,
                   Align::right, hint);
    }
  }

  void draw_failures() {
    for (std::size_t i = 0; i < boxes_.size(); ++i) {
      const Row& row = story_.rows[i];
      if (row.failure.empty()) continue;
      const std::size_t lane = row.cells.empty() ? kWorld : row.cells.front().lane;
      const bool whole = compact_ || lane == kWorld;
      const double left = whole ? bands_left_ : bands_[lane].left;
      const double right = whole ? text_right_ : bands_[lane].right;
      canvas_.rectangle({left, boxes_[i].top + 1}, {right, boxes_[i].bottom - 1}, kPaleRed);
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
    std::vector<Life> lives(bands_.size());
    for (Life& life : lives) life.since = bands_top_ + (compact_ ? 3 : 30);
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
    for (std::size_t i = 0; i < boxes_.size(); ++i) {
      const Row& row = story_.rows[i];
      const RowBox& box = boxes_[i];
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
        paint(lane, lives[lane].since, bands_bottom_ - 4, Sign::stuck);
      } else {
        stretch(lane, bands_bottom_ - 4);
      }
    }
  }

  void paint(std::size_t lane, double from, double to, Sign sign) {
    if (to <= from) return;
    const double x = bands_[lane].lifeline;
    const double bar = 3.2 * scale_;
    use(sign);
    switch (sign) {
      case Sign::running:
        return canvas_.line({x, from}, {x, to}, kRunning, bar);
      case Sign::parked:
        return canvas_.line({x, from}, {x, to}, kParked, bar);
      case Sign::stuck:
        return canvas_.line({x, from}, {x, to}, kPaleAmber, bar);
      default:
        return canvas_.line({x, from}, {x, to}, kReady, scale_);
    }
  }

  // Rows. ------------------------------------------------------------------------------------

  void draw_jumps() {
    for (std::size_t i = 0; i < boxes_.size(); ++i) {
      const Row& row = story_.rows[i];
      if (!row.is_jump) continue;
      const Line line = {{Tone::verb, "+" + detail::format_time(row.jump)},
                         {Tone::object, " nothing can run: the clock jumps to the next timer"}};
      const double width = text_width(detail::display_width(detail::plain_text(line)), kRowText);
      TextStyle style;
      style.background = "white";
      const double left = compact_ ? text_left_ : bands_left_ + kTextStart;
      canvas_.text({left, boxes_[i].middle}, line, style, width + 2);
      draw_time(i);
    }
  }

  void draw_time(std::size_t i) {
    const Row& row = story_.rows[i];
    if (story_.end.count() == 0 || last_time_ == row.time || row.is_jump) return;
    last_time_ = row.time;
    canvas_.text({0, boxes_[i].middle}, detail::format_time(row.time),
                 {kMono, 8, kQuietInk, false, ""}, 50);
  }

  void draw_row(std::size_t i) {
    const Row& row = story_.rows[i];
    const RowBox& box = boxes_[i];
    if (row.is_jump) return;
    if (row.step) {
      canvas_.text({numbers_right_, box.middle}, std::to_string(*row.step),
                   {kMono, 8.5, kPaleInk, false, ""},
                   text_width(std::to_string(*row.step).size(), 8.5), Align::right);
    }
    draw_time(i);
    double y = box.middle;
    for (const Cell& cell : row.cells) {
      const Hint hint = hint_of(row, cell);
      TextStyle style;
      if (cell.lane == kWorld) {
        style.background = row.failure.empty() ? std::string_view(kBand) : kPaleRed;
      } else {
        use(sign_of(cell.marker));
        canvas_.marker({bands_[cell.lane].lifeline, box.middle}, cell.marker, scale_, hint);
      }
      const std::vector<Line> lines = lines_of(row, cell);
      if (compact_ && cell.lane != kWorld && !lines.empty()) {
        canvas_.line({bands_[cell.lane].lifeline + 6, y}, {labels_left_ - 5, y}, kGuide, .8);
        const std::string label = compact_label(cell.lane);
        canvas_.text({labels_left_, y}, Line{{Tone::object, label}}, style,
                     text_width(detail::display_width(label), kRowText) + 3, Align::left, hint);
      }
      if (!compact_) y = box.middle;
      for (const Line& line : lines) {
        const double width =
            text_width(detail::display_width(detail::plain_text(line)), kRowText) + 3;
        canvas_.text({text_left(cell.lane), y}, line, style, width, Align::left, hint);
        y += kLineHeight;
      }
    }
  }

  [[nodiscard]] Hint hint_of(const Row& row, const Cell& cell) const {
    std::string text = row.step ? "step " + std::to_string(*row.step) + ": " : "";
    text += detail::plain_text(detail::joined(cell.phrases));
    if (!row.failure.empty() && &cell == row.cells.data()) text += "; " + row.failure;
    if (cell.lane != kWorld) {
      const Lane& lane = story_.lanes[cell.lane];
      text += " (" + lane.id + (lane.name.empty() ? "" : " " + lane.name) + ")";
    }
    const std::string place = detail::format_place(cell.place);
    if (!place.empty()) text += ", " + place;
    return {text, url_of(cell.place)};
  }

  void draw_switches() {
    for (std::size_t i = 1; i < boxes_.size(); ++i) {
      const std::optional<std::size_t> source = switch_source(i);
      if (!source) continue;
      const Row& row = story_.rows[i];
      const double from = bands_[*source].lifeline;
      const double to = bands_[row.cells.front().lane].lifeline;
      const double y = boxes_[i - 1].switching;
      const bool chosen = row.preempts != kWorld;
      EdgeStyle style;
      style.colour = chosen ? kRed : kPaleInk;
      style.width = chosen ? 1.3 : 1;
      style.dashed = true;
      std::string tooltip = "forced: the task before could not go on";
      if (chosen) {
        tooltip = "chosen by the explorer";
        if (row.alternatives > 1) {
          tooltip += " out of " + std::to_string(row.alternatives) + " actions";
        }
        tooltip += ": " + story_.lanes[row.preempts].id + " could have gone on";
      }
      canvas_.edge({{from, boxes_[i - 1].middle + 5},
                    {from, y},
                    {to, y},
                    {to, boxes_[i].middle - 5.5 * scale_}},
                   style, tooltip);
      use(chosen ? Sign::chosen : Sign::forced);
      if (!chosen || compact_) continue;
      const std::string label = preemption(row);
      canvas_.text({std::min(from, to) + 10, y - 5.5}, label, {kSans, 8, kRed, false, ""},
                   text_width(label.size(), 8, kSansAdvance));
    }
  }

  void draw_links() {
    for (std::size_t i = 0; i < boxes_.size(); ++i) {
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
      std::ranges::stable_sort(links, [](const Link& a, const Link& b) {
        const auto distance = [](const Link& link) {
          return std::max(link.from, link.to) - std::min(link.from, link.to);
        };
        return distance(a) < distance(b);
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
        draw_link(boxes_[i], links[k], start);
      }
    }
  }

  /// Draws a link from its task, or from the lane `start` on its way.
  void draw_link(const RowBox& box, const Link& link, std::size_t start) {
    const bool cancels = link.kind == Link::Kind::cancel;
    const double from = bands_[start].lifeline;
    const double to = bands_[link.to].lifeline;
    if (from == to) return;
    const double stop = to > from ? to - 2 * scale_ : to + 2 * scale_;
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
    use(cancels ? Sign::cancels : Sign::link);
  }

  // Below the rows. --------------------------------------------------------------------------

  void draw_stuck() {
    if (story_.stuck.empty()) return;
    const double first = stuck_top_ + kRowPadding + kLineHeight / 2;
    double y = first;
    TextStyle style;
    style.colour = kAmber;
    const auto draw_lines = [&](double left, const std::vector<Line>& lines, const Place& place) {
      for (const Line& line : lines) {
        const double width =
            text_width(detail::display_width(detail::plain_text(line)), kRowText) + 3;
        canvas_.text({left, y}, line, style, width, Align::left,
                     {detail::format_place(place), url_of(place)});
        y += kLineHeight;
      }
    };
    if (compact_) {
      for (const detail::StuckGroup& group : detail::group_stuck(story_.stuck)) {
        draw_lines(text_left_, stuck_lines(group), group.what.place);
      }
    } else {
      for (const StuckTask& task : story_.stuck) {
        y = first;
        draw_lines(text_left(story_.lane_of(task.task)), stuck_lines(task), task.place);
      }
    }
    draw_wait_edges();
    y = cycles_top_ + kLineHeight / 2;
    for (const std::vector<std::string>& cycle : detail::wait_cycles(story_.stuck)) {
      std::string text = "waiting in a circle: ";
      for (const std::string& id : cycle) text += (&id == cycle.data() ? "" : " \u2192 ") + id;
      style.background = kBand;
      const double left = compact_ ? text_left_ : bands_left_ + kTextStart;
      text = detail::elide(text, text_cells(kWorld));
      canvas_.text({left, y}, Line{{Tone::suspicious, text}}, style,
                   text_width(detail::display_width(text), kRowText) + 3);
      y += kLineHeight + 6;
    }
  }

  /// An amber arrow from each stuck task to the one that holds what it waits for.
  void draw_wait_edges() {
    double y = wait_edges_top_;
    std::size_t drawn = 0;
    for (const StuckTask& task : story_.stuck) {
      const std::size_t holder = story_.lane_of(task.holder);
      if (holder == kWorld || task.holder == task.task || drawn == kMostWaitEdges) continue;
      const double from = bands_[story_.lane_of(task.task)].lifeline;
      const double to = bands_[holder].lifeline;
      EdgeStyle style;
      style.colour = kAmber;
      style.width = 1.2;
      canvas_.edge({{from, y}, {to > from ? to - 2 * scale_ : to + 2 * scale_, y}}, style,
                   task.task + " waits for " + detail::waits_for(task));
      use(Sign::waits_for);
      y += kChannel;
      ++drawn;
    }
  }

  void use(Sign sign) { used_.insert(sign); }

  void draw_legend() {
    constexpr double kSample = 20;
    double x = bands_left_;
    double y = bands_bottom_ + 26;
    const double right = std::max(text_right_, bands_left_ + 400);
    for (const Sign sign : used_) {
      const std::string_view meaning = meaning_of(sign);
      const double width = text_width(meaning.size(), 8, kSansAdvance);
      if (x + kSample + 6 + width > right && x > bands_left_) {
        x = bands_left_;
        y += 18;
      }
      draw_sample(sign, x, y, kSample);
      canvas_.text({x + kSample + 6, y}, meaning, {kSans, 8, kQuietInk, false, ""}, width);
      x += kSample + 6 + width + 18;
    }
  }

  void draw_sample(Sign sign, double x, double y, double width) {
    const Point from = {x, y};
    const Point to = {x + width, y};
    const Point middle = {x + width / 2, y};
    switch (sign) {
      case Sign::running:
        return canvas_.line(from, to, kRunning, 3.2);
      case Sign::ready:
        return canvas_.line(from, to, kReady, 1);
      case Sign::parked:
        return canvas_.line(from, to, kParked, 3.2);
      case Sign::stuck:
        return canvas_.line(from, to, kPaleAmber, 3.2);
      case Sign::chosen:
        return canvas_.edge({from, to}, {kRed, 1.3, true, "normal"}, "");
      case Sign::forced:
        return canvas_.edge({from, to}, {kPaleInk, 1, true, "normal"}, "");
      case Sign::link:
        return canvas_.edge({from, to}, {kLink, .9, false, "vee"}, "");
      case Sign::cancels:
        return canvas_.edge({from, to}, {kRunning, 1.2, false, "tee"}, "");
      case Sign::waits_for:
        return canvas_.edge({from, to}, {kAmber, 1.2, false, "normal"}, "");
      case Sign::dot:
        return canvas_.marker(middle, Marker::dot, 1, {});
      case Sign::parks:
        return canvas_.marker(middle, Marker::parks, 1, {});
      case Sign::ends:
        return canvas_.marker(middle, Marker::ends, 1, {});
      case Sign::cancelled:
        return canvas_.marker(middle, Marker::cancelled, 1, {});
      case Sign::suspicious:
        return canvas_.marker(middle, Marker::suspicious, 1, {});
      case Sign::failure:
        return canvas_.marker(middle, Marker::failure, 1, {});
    }
  }

  const Recording& recording_;
  const Story& story_;
  const DotOptions& options_;
  Canvas canvas_;
  bool compact_ = false;
  double scale_ = 1;  ///< of markers and bars
  std::vector<Band> bands_;
  std::vector<RowBox> boxes_;
  double numbers_right_ = 0;
  double bands_left_ = 0;
  double bands_right_ = 0;
  double labels_left_ = 0;  ///< of the tasks in front of the texts, in the compact layout
  double text_left_ = 0;    ///< of the column of texts, in the compact layout
  double text_right_ = 0;
  double bands_top_ = 0;
  double rows_bottom_ = 0;
  double bands_bottom_ = 0;
  double stuck_top_ = 0;
  double wait_edges_top_ = 0;
  double cycles_top_ = 0;
  std::optional<std::chrono::nanoseconds> last_time_;
  std::set<Sign> used_;
};

}  // namespace

std::string to_dot(const Recording& recording, const DotOptions& options) {
  const Story story = detail::tell(recording.trace, &recording.schedule, recording.failure);
  return Picture(recording, story, options).draw();
}

}  // namespace cocheck
