#pragma once

#include "cocheck/trace.hpp"

namespace cocheck::detail {

/// Marks cancellations as suspicious by which a wake-up is lost: of a task that was woken and has
/// not run, and that then ends without having passed on what it was woken for. What a task is woken
/// for by the clock, by the end of a task or together with all others is nobody else's.
void mark_lost_wakeups(Trace& trace);

}  // namespace cocheck::detail
