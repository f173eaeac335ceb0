#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "cocheck/explorer.hpp"
#include "cocheck/options.hpp"
#include "cocheck/schedule.hpp"

namespace cocheck::detail {

/// An option of a schedule: the number of steps before its loop begins.
inline constexpr const char* kLoop = "loop";

/// What shapes the tree of choices, so that a replay offers the same; defaults are left out.
[[nodiscard]] std::map<std::string, std::string> schedule_options(const Options& options,
                                                                  Order order);

/// The options of a replay: what shapes the tree of choices comes from the schedule. Throws
/// ScheduleError where it says what cannot be.
[[nodiscard]] Options replay_options(const Schedule& schedule, Options options);

/// The number that an option of a schedule gives. Throws ScheduleError where it is none.
[[nodiscard]] std::size_t number_in_schedule(const std::string& text, const char* of_what);

}  // namespace cocheck::detail
