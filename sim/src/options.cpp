#include "cocheck/options.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <utility>

#include "cocheck/errors.hpp"

namespace cocheck {

namespace {

constexpr std::string_view kAny = "any";
constexpr std::string_view kInfinite = "infinite";

/// Units of time, the largest first, and how many nanoseconds they have.
constexpr std::array<std::pair<std::string_view, std::int64_t>, 4> kUnits = {
    {{"s", 1'000'000'000}, {"ms", 1'000'000}, {"us", 1'000}, {"ns", 1}}};

/// Exactly, with `between` before the unit.
std::string in_largest_unit(std::chrono::nanoseconds time, std::string_view between) {
  for (const auto& [unit, nanoseconds] : kUnits) {
    if (time.count() % nanoseconds != 0) continue;
    return std::to_string(time.count() / nanoseconds).append(between).append(unit);
  }
  return {};
}

}  // namespace

const char* to_string(Strategy strategy) noexcept {
  switch (strategy) {
    case Strategy::automatic:
      return "auto";
    case Strategy::fifo:
      return "fifo";
    case Strategy::exhaustive:
      return "exhaustive";
    case Strategy::states:
      return "states";
    case Strategy::dpor:
      return "dpor";
    case Strategy::random:
      return "random";
    case Strategy::pct:
      return "pct";
    case Strategy::pos:
      return "pos";
    case Strategy::surw:
      return "surw";
  }
  return "";
}

const char* to_string(Clock clock) noexcept {
  return clock == Clock::idle ? "idle" : "race";
}

Strategy parse_strategy(std::string_view name) {
  for (const Strategy strategy :
       {Strategy::automatic, Strategy::fifo, Strategy::exhaustive, Strategy::states, Strategy::dpor,
        Strategy::random, Strategy::pct, Strategy::pos, Strategy::surw}) {
    if (name == to_string(strategy)) return strategy;
  }
  throw ValueError("there is no strategy '" + std::string(name) +
                   "'; there are auto, fifo, exhaustive, states, dpor, random, pct, pos and surw");
}

Clock parse_clock(std::string_view name) {
  for (const Clock clock : {Clock::idle, Clock::race}) {
    if (name == to_string(clock)) return clock;
  }
  throw ValueError("there is no clock '" + std::string(name) + "'; there are idle and race");
}

std::string lag_to_string(std::chrono::nanoseconds lag) {
  if (lag == kAnyLag) return std::string(kAny);
  return lag == kNoLag ? "0" : in_largest_unit(lag, "");
}

std::chrono::nanoseconds parse_lag(std::string_view text) {
  if (text == kAny || text == kInfinite) return kAnyLag;
  if (text == "0") return kNoLag;
  std::int64_t number = -1;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  const std::string_view unit(rest, static_cast<std::size_t>(end - rest));
  for (const auto& [name, nanoseconds] : kUnits) {
    if (error != std::errc() || unit != name) continue;
    if (number >= 0 && number < kAnyLag.count() / nanoseconds) {
      return std::chrono::nanoseconds(number * nanoseconds);
    }
  }
  throw ValueError("'" + std::string(text) +
                   "' is no lag: give 0, a whole number with ns, us, ms or s, as in 10ms, or any");
}

std::string time_in_words(std::chrono::nanoseconds time) {
  return time.count() == 0 ? "0 s" : in_largest_unit(time, " ");
}

std::string lag_in_words(std::chrono::nanoseconds lag) {
  if (lag == kAnyLag) return {};
  if (lag == kNoLag) return "for a loop that is never late";
  return "for a loop that is at most " + in_largest_unit(lag, " ") + " late";
}

}  // namespace cocheck
