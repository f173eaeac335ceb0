#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "canvas.hpp"
#include "story.hpp"
#include "stuck_tasks.hpp"
#include "text.hpp"

namespace cocheck::detail {

// In points. kWorld as a lane stands for the whole width of the picture.
inline constexpr double kLineHeight = 12;   // of the text of a row
inline constexpr double kRowPadding = 7.5;  // above and below that text
inline constexpr double kChannel = 8;       // height for a horizontal line between two rows
inline constexpr double kLabelHeight = 9;   // height for a text on such a line
inline constexpr double kBandGap = 10;
inline constexpr double kLifeline = 18;   // from the left of a band to its lifeline
inline constexpr double kTextStart = 30;  // from the left of a band to its text
inline constexpr double kTextEnd = 8;     // from the end of the text to the right of a band
inline constexpr double kNarrowestBand = 128;
inline constexpr double kWidestBand = 320;
inline constexpr double kWidestBands = 1500;  // of all bands together
inline constexpr std::size_t kMostLines = 4;  // of text in a row
inline constexpr std::size_t kMostWaitEdges = 12;
inline constexpr double kTitleHeight = 78;
inline constexpr double kLoopLine = 30;    // from the left of the picture to the line of a loop
inline constexpr double kLoopMargin = 52;  // from there to the gutter, when there is a loop

/// Where a row is. The text of a cell starts in its first line.
struct RowBox {
  double top = 0;
  double middle = 0;     ///< of the first line of text, where the markers are
  double link = 0;       ///< of the horizontal part of links that start in the row
  double switching = 0;  ///< of the horizontal part of the switch to the next row
  double bottom = 0;
};

/// The band of a task, and where in it the lifeline is.
struct Band {
  double left = 0;
  double right = 0;
  double lifeline = 0;
};

/// The text of a cell, and how many lines lie above it in its row.
struct PlacedText {
  const Cell* cell = nullptr;
  std::vector<Line> lines;
  std::size_t first = 0;
};

/// Where the parts of a picture are.
struct Frame {
  double gutter_left = 0;    ///< of the times and of the numbers of the steps
  double numbers_right = 0;  ///< of the gutter
  double bands_left = 0;
  double bands_top = 0;
  double bands_bottom = 0;
  double labels_left = 0;  ///< of the tasks in front of the texts, in the compact layout
  double text_left = 0;    ///< of the column of texts, in the compact layout
  double text_right = 0;   ///< of all texts
  double stuck_top = 0;    ///< of what the stuck tasks wait for
  double wait_edges_top = 0;
  double cycles_top = 0;
};

/// Where everything of a story is in its picture.
///
/// In the wide layout every task has a band with its texts beside its lifeline. When the bands
/// would not fit, the layout is compact: every task has a narrow lane, and all texts are in one
/// column on the right.
class PictureLayout {
 public:
  /// `story` must outlive the layout.
  explicit PictureLayout(const Story& story);

  [[nodiscard]] bool compact() const { return compact_; }
  [[nodiscard]] double scale() const { return scale_; }  ///< of markers and bars
  [[nodiscard]] const std::vector<Band>& bands() const { return bands_; }
  [[nodiscard]] const std::vector<RowBox>& rows() const { return rows_; }
  [[nodiscard]] const Frame& frame() const { return frame_; }

  /// The name in the header of a band: that of the task, or its id when it has none.
  [[nodiscard]] static std::string name_of(const Lane& lane);

  /// What stands before the text of a row in the column of texts: the task that it is about.
  [[nodiscard]] std::string compact_label(std::size_t lane) const;

  /// Where the texts of a lane start, and how many characters fit into one of its lines.
  [[nodiscard]] double text_left(std::size_t lane) const;
  [[nodiscard]] std::size_t text_cells(std::size_t lane) const;

  /// Texts of different bands stand side by side; what belongs to no band stands below them.
  [[nodiscard]] std::vector<PlacedText> placed_texts(const Row& row) const;

  /// The lane from which a dashed line leads to row `i`; nothing when the row before had the same
  /// lane, or none.
  [[nodiscard]] std::optional<std::size_t> switch_source(std::size_t i) const;

  /// What a stuck task waits for, for its band; for a group, for the column of texts.
  [[nodiscard]] std::vector<Line> stuck_lines(const StuckTask& task) const;
  [[nodiscard]] std::vector<Line> stuck_lines(const StuckGroup& group) const;

 private:
  void lay_out_lanes();
  void lay_out_rows();
  void lay_out_stuck();

  /// Gives every task a band wide enough for its texts. Returns false when they do not fit.
  bool lay_out_wide(double left);

  /// Gives every task a narrow lane, and all of them one column for texts on the right.
  void lay_out_compact(double left);

  [[nodiscard]] Line compact_line(const Row& row, const Cell& cell) const;
  [[nodiscard]] std::vector<Line> lines_of(const Row& row, const Cell& cell) const;
  [[nodiscard]] static std::string stuck_text(const StuckTask& task);

  const Story& story_;
  bool compact_ = false;
  double scale_ = 1;
  std::vector<Band> bands_;
  std::vector<RowBox> rows_;
  Frame frame_;
  double rows_bottom_ = 0;
};

}  // namespace cocheck::detail
