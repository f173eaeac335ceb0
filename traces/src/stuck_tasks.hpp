#pragma once

#include <string>
#include <vector>

#include "cocheck/trace.hpp"

namespace cocheck::detail {

/// Stuck tasks that wait for the same thing at the same place, with the ids of all of them.
struct StuckGroup {
  std::vector<std::string> ids;
  StuckTask what;
};
[[nodiscard]] std::vector<StuckGroup> group_stuck(const std::vector<StuckTask>& stuck);

/// "lock.acquire lock, held by 0.0".
[[nodiscard]] std::string waits_for(const StuckTask& stuck);

/// The circles of tasks that wait for each other; each starts and ends with the same id.
[[nodiscard]] std::vector<std::vector<std::string>> wait_cycles(
    const std::vector<StuckTask>& stuck);

}  // namespace cocheck::detail
