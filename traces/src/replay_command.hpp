#pragma once

#include "replay_program.hpp"

namespace cocheck::detail {

/// Exit codes of `cocheck replay`, made for `git bisect run`. What cannot be run at all has the
/// code of bad input.
inline constexpr int kPasses = 0;
inline constexpr int kFailsTheSameWay = 1;
inline constexpr int kFailsInAnotherWay = 3;
inline constexpr int kCannotBeTold = 125;

/// `cocheck replay`: runs the test that recorded a schedule under that schedule, says how it ended
/// and gives the exit code. Ends as the test program does when a signal from outside ended that.
/// Throws CommandError and ScheduleError.
[[nodiscard]] int replay(const ReplayRequest& request);

}  // namespace cocheck::detail
