#include "picture_legend.hpp"

#include <algorithm>
#include <string_view>

#include "text.hpp"

namespace cocheck::detail {

namespace {

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
    case Sign::chosen_step:
      return "step chosen by the explorer";
    case Sign::by_loop:
      return "switch in the order of the loop";
    case Sign::forced:
      return "switch since nothing else could run";
    case Sign::unexplained:
      return "switch";
    case Sign::link:
      return "makes ready";
    case Sign::cancels:
      return "cancels";
    case Sign::waits_for:
      return "waits for";
    case Sign::loop:
      return "goes round for ever";
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

void draw_sample(Canvas& canvas, Sign sign, Point from, double width) {
  const Point to = {from.x + width, from.y};
  const Point middle = {from.x + width / 2, from.y};
  switch (sign) {
    case Sign::running:
      return canvas.line(from, to, kRunning, 3.2);
    case Sign::ready:
      return canvas.line(from, to, kReady, 1);
    case Sign::parked:
      return canvas.line(from, to, kParked, 3.2);
    case Sign::stuck:
      return canvas.line(from, to, kPaleAmber, 3.2);
    case Sign::chosen_step:
      return canvas.text(to, "n", {kMono, 8.5, kRed, true, ""}, text_width(1, 8.5), Align::right);
    case Sign::chosen:
      return canvas.edge({from, to}, {kRed, 1.3, "dashed", "normal"}, "");
    case Sign::by_loop:
    case Sign::unexplained:
      return canvas.edge({from, to}, {kPaleInk, 1, "dashed", "normal"}, "");
    case Sign::forced:
      return canvas.edge({from, to}, {kPaleInk, 1, "dotted", "normal"}, "");
    case Sign::link:
      return canvas.edge({from, to}, {kLink, .9, "solid", "vee"}, "");
    case Sign::cancels:
      return canvas.edge({from, to}, {kRunning, 1.2, "solid", "tee"}, "");
    case Sign::waits_for:
      return canvas.edge({from, to}, {kAmber, 1.2, "solid", "normal"}, "");
    case Sign::loop:
      return canvas.edge({from, to}, {kRed, 1.3, "solid", "normal"}, "");
    case Sign::dot:
      return canvas.marker(middle, Marker::dot, 1, {});
    case Sign::parks:
      return canvas.marker(middle, Marker::parks, 1, {});
    case Sign::ends:
      return canvas.marker(middle, Marker::ends, 1, {});
    case Sign::cancelled:
      return canvas.marker(middle, Marker::cancelled, 1, {});
    case Sign::suspicious:
      return canvas.marker(middle, Marker::suspicious, 1, {});
    case Sign::failure:
      return canvas.marker(middle, Marker::failure, 1, {});
  }
}

}  // namespace

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

Sign sign_of(Pick pick) {
  switch (pick) {
    case Pick::unknown:
      return Sign::unexplained;
    case Pick::forced:
      return Sign::forced;
    case Pick::loop:
      return Sign::by_loop;
    case Pick::explorer:
      return Sign::chosen;
  }
  return Sign::unexplained;
}

void Legend::draw(Canvas& canvas, const Frame& frame) const {
  constexpr double kSample = 20;
  double x = frame.bands_left;
  double y = frame.bands_bottom + 26;
  const double right = std::max(frame.text_right, frame.bands_left + 400);
  for (const Sign sign : used_) {
    const std::string_view meaning = meaning_of(sign);
    const double width = text_width(meaning.size(), 8, kSansAdvance);
    if (x + kSample + 6 + width > right && x > frame.bands_left) {
      x = frame.bands_left;
      y += 18;
    }
    draw_sample(canvas, sign, {x, y}, kSample);
    canvas.text({x + kSample + 6, y}, meaning, {kSans, 8, kQuietInk, false, ""}, width);
    x += kSample + 6 + width + 18;
  }
}

}  // namespace cocheck::detail
