#include "canvas.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

namespace cocheck::detail {

namespace {

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

/// Clean text with the characters escaped that mean something in HTML, in SVG or, as does the
/// backslash, in DOT.
std::string escaped(std::string_view text, std::string_view backslash) {
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
      case '\\':
        result += backslash;
        break;
      default:
        result += c;
    }
  }
  return result;
}

/// Clean text for an HTML label, in which DOT replaces escapes such as \N once.
std::string escape_html(std::string_view text) {
  return escaped(text, "&#92;&#92;");
}

/// Any text as the value of an attribute, with its quotes; there DOT replaces escapes twice.
std::string attribute(std::string_view text) {
  return '"' + escaped(clean(text), "&#92;&#92;&#92;&#92;") + '"';
}

bool is_loud(Tone tone) {
  return tone == Tone::suspicious || tone == Tone::failure;
}

std::string_view colour_of(Tone tone, const TextStyle& style) {
  switch (tone) {
    case Tone::verb:
      return style.colour;
    case Tone::object:
      return kQuietInk;
    case Tone::chosen:
      return kRed;
    case Tone::suspicious:
      return kAmber;
    case Tone::failure:
      return kRed;
  }
  return style.colour;
}

std::string background_of(const TextStyle& style) {
  if (style.background.empty()) return "";
  return " BGCOLOR=\"" + std::string(style.background) + "\"";
}

std::string hint_of(const Hint& hint) {
  std::string text;
  if (!hint.tooltip.empty()) text += " tooltip=" + attribute(hint.tooltip);
  if (!hint.url.empty()) text += " URL=" + attribute(hint.url);
  return text;
}

std::string position(Point at, double height) {
  return number(at.x) + "," + number(height - at.y);
}

/// A long string as a sum of strings, because the scanner of `dot` takes 16384 bytes at most.
std::string sum_of_strings(std::string_view text) {
  constexpr std::size_t kMost = 8000;
  std::string out = "\"" + std::string(text.substr(0, kMost)) + "\"";
  for (std::size_t at = kMost; at < text.size(); at += kMost) {
    out += " +\n    \"" + std::string(text.substr(at, kMost)) + "\"";
  }
  return out;
}

/// The Bezier curve along `points`; the last few points of the way belong to the arrow.
std::string spline(std::vector<Point> points, bool arrow, double height) {
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

}  // namespace

double text_width(std::size_t cells, double size, double advance) {
  return static_cast<double>(cells) * size * advance;
}

std::size_t cells_in(double width, double size, double advance) {
  return static_cast<std::size_t>(std::max(1.0, width / (size * advance)));
}

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

void Canvas::rectangle(Point from, Point to, std::string_view colour) {
  shapes_.push_back({{from, {to.x, from.y}, to, {from.x, to.y}}, colour, 0, false});
  extend(from);
  extend(to);
}

void Canvas::line(Point from, Point to, std::string_view colour, double width, bool dotted) {
  shapes_.push_back({{from, to}, colour, width, dotted});
}

void Canvas::text(Point at, const Line& pieces, const TextStyle& style, double width, Align align,
                  const Hint& hint) {
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

void Canvas::text(Point at, std::string_view text, const TextStyle& style, double width,
                  Align align, const Hint& hint) {
  this->text(at, Line{{Tone::verb, std::string(text)}}, style, width, align, hint);
}

void Canvas::marker(Point at, Marker marker, double scale, const Hint& hint) {
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
                            " label=\"\" color=\"" + std::string(look.colour) + "\" fillcolor=\"" +
                            std::string(look.fill) + "\"" + hint_of(hint)});
  extend(at);
}

void Canvas::edge(const std::vector<Point>& points, const EdgeStyle& style,
                  const std::string& tooltip) {
  edges_.push_back({points, style, tooltip});
  for (const Point point : points) extend(point);
}

std::string Canvas::str(std::string_view title) const {
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

void Canvas::extend(Point point) {
  right_ = std::max(right_, point.x);
  bottom_ = std::max(bottom_, point.y);
}

std::string Canvas::background(double height) const {
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

void Canvas::append_edge(std::string& out, std::size_t index, double height) const {
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
         (style.line == "solid" ? "" : " style=" + std::string(style.line)) +
         " arrowhead=" + std::string(style.head);
  if (!tooltip.empty()) out += " tooltip=" + attribute(tooltip);
  out += "];\n";
}

}  // namespace cocheck::detail
