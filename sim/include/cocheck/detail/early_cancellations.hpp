#pragma once

#include <vector>

#include "cocheck/detail/happens_before.hpp"

namespace cocheck::detail {

/// A world offers cancellations only where something else can happen, a search over classes also
/// where nothing else is ready: then what was ready before is independent of what it did, and some
/// execution of the same class has the cancellation before some step that came before it here.
///
///     if (!can_come_early(order)) ...               // there is none
///     for (const Index event : order_with_early(order, cancellations)) ...   // one that there is

/// Whether the last event could have come before an event since the epoch has begun.
[[nodiscard]] bool can_come_early(const HappensBefore& order);

/// All events, in an order that gives the same class, with the cancellations as early as they can.
/// Each depends on the one before.
[[nodiscard]] std::vector<HappensBefore::Index> order_with_early(
    const HappensBefore& order, const std::vector<HappensBefore::Index>& cancellations);

}  // namespace cocheck::detail
