#pragma once

#include <set>

#include "canvas.hpp"
#include "picture_layout.hpp"
#include "story.hpp"

namespace cocheck::detail {

/// An entry of the legend; the order is that in the picture.
enum class Sign {
  running,
  ready,
  parked,
  stuck,
  chosen_step,
  chosen,
  by_loop,
  forced,
  unexplained,
  link,
  cancels,
  waits_for,
  loop,
  dot,
  parks,
  ends,
  cancelled,
  suspicious,
  failure,
};

[[nodiscard]] Sign sign_of(Marker marker);
[[nodiscard]] Sign sign_of(Pick pick);

/// Explains the signs of a picture, and only those that it uses.
class Legend {
 public:
  void use(Sign sign) { used_.insert(sign); }

  /// Below the bands.
  void draw(Canvas& canvas, const Frame& frame) const;

 private:
  std::set<Sign> used_;
};

}  // namespace cocheck::detail
