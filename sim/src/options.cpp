#include "cocheck/options.hpp"

#include "cocheck/errors.hpp"

namespace cocheck {

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

}  // namespace cocheck
