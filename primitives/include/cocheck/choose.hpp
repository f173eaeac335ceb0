#pragma once

#include <cstddef>
#include <source_location>

#include "cocheck/loop.hpp"

namespace cocheck {

/// A nondeterministic number below `alternatives`: which one is the explorer's choice, recorded in
/// the schedule like any other. Use it for everything that varies in the world outside: latencies,
/// lost messages, random draws. Throws ValueError for 0 alternatives.
///
/// It does not suspend. `fifo` and the first execution of an exhaustive search give 0.
///
///     co_await sleep(std::chrono::milliseconds(choose(3)));
[[nodiscard]] inline std::size_t choose(
    std::size_t alternatives, std::source_location place = std::source_location::current()) {
  if (alternatives == 0) throw ValueError("choose: there must be at least one alternative");
  return Loop::current().choose(alternatives, place);
}

}  // namespace cocheck
