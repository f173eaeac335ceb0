#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "cocheck/explorers/guided.hpp"
#include "cocheck/failure.hpp"
#include "cocheck/world.hpp"

namespace cocheck {

/// Where `choices` differ from the FIFO default; `tape` has the index of each that had
/// alternatives.
[[nodiscard]] std::vector<Deviation> deviations_of(std::span<const Choice> choices,
                                                   std::span<const std::uint32_t> tape);

/// Fewer deviations from the FIFO default, and lower values of choose(), that fail with the same
/// kind of failure: delta debugging (Zeller and Hildebrandt, TSE 2002) on single choices. Makes at
/// most `max_executions`. The result is as small as removing any one choice allows, unless that
/// ended it.
[[nodiscard]] std::vector<Deviation> minimise(World& world, const Model& model,
                                              std::vector<Deviation> deviations, FailureKind kind,
                                              std::uint64_t max_executions);

}  // namespace cocheck
