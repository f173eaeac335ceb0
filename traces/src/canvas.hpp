#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "story.hpp"
#include "text.hpp"

namespace cocheck::detail {

// All lengths are in points. Heights count down from the top of the picture; only Canvas turns them
// into the coordinates of DOT, which count up.

inline constexpr std::string_view kSans = "DejaVu Sans,Verdana,Helvetica,Arial,sans-serif";
inline constexpr std::string_view kMono = "DejaVu Sans Mono,Menlo,Consolas,monospace";
inline constexpr double kMonoAdvance =
    0.602;  // width of a character, as a fraction of the font size
inline constexpr double kSansAdvance = 0.60;  // on average
inline constexpr double kSansBoldAdvance = 0.69;

inline constexpr std::string_view kInk = "#1F2933";
inline constexpr std::string_view kQuietInk = "#616E7C";
inline constexpr std::string_view kPaleInk = "#9AA5B1";
inline constexpr std::string_view kRed = "#C8380A";
inline constexpr std::string_view kPaleRed = "#FBE4DC";
inline constexpr std::string_view kAmber = "#B7791F";
inline constexpr std::string_view kPaleAmber = "#E5C07B";
inline constexpr std::string_view kBand = "#F5F7FA";
inline constexpr std::string_view kRunning = "#3E4C59";
inline constexpr std::string_view kReady = "#D3DAE2";
inline constexpr std::string_view kParked = "#C3CBD5";
inline constexpr std::string_view kLink = "#7B8794";
inline constexpr std::string_view kGuide = "#E4E8ED";

inline constexpr double kRowText = 9;  // font size of the text of a row

/// How wide a text is, and how many characters fit into a width.
[[nodiscard]] double text_width(std::size_t cells, double size, double advance = kMonoAdvance);
[[nodiscard]] std::size_t cells_in(double width, double size, double advance = kMonoAdvance);

/// Where a link to a place leads: the path, percent-encoded, and the line.
[[nodiscard]] std::string url_of(const Place& place);

/// A place in the picture, in points from its left and its top.
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

/// How an edge is drawn; `line` is a style of DOT ("solid", "dashed", "dotted"), `head` the name of
/// an arrow shape, or "none".
struct EdgeStyle {
  std::string_view colour = kLink;
  double width = 1;
  std::string_view line = "solid";
  std::string_view head = "normal";
};

/// Collects the DOT text. Painted shapes lie at the bottom, edges on them, and text and markers on
/// top.
class Canvas {
 public:
  /// Shapes, which lie at the bottom.
  void rectangle(Point from, Point to, std::string_view colour);
  void line(Point from, Point to, std::string_view colour, double width, bool dotted = false);

  /// A line of text that starts, or with Align::right ends, at `at`; its middle is at that height.
  /// `width` is that of the text.
  void text(Point at, const Line& pieces, const TextStyle& style, double width,
            Align align = Align::left, const Hint& hint = {});

  void text(Point at, std::string_view text, const TextStyle& style, double width,
            Align align = Align::left, const Hint& hint = {});

  void marker(Point at, Marker marker, double scale, const Hint& hint);

  /// A line with rounded corners along `points`, with an arrow at its end.
  void edge(const std::vector<Point>& points, const EdgeStyle& style, const std::string& tooltip);

  /// The whole text in DOT.
  [[nodiscard]] std::string str(std::string_view title) const;

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

  void extend(Point point);

  [[nodiscard]] std::string background(double height) const;

  void append_edge(std::string& out, std::size_t index, double height) const;

  std::vector<Shape> shapes_;
  std::vector<Edge> edges_;
  std::vector<Node> nodes_;
  double right_ = 0;
  double bottom_ = 0;
};

}  // namespace cocheck::detail
