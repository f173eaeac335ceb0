#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
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

/// How much may be done to make a failure small.
struct ShrinkLimits {
  std::uint64_t executions = 2'000;
  std::uint64_t steps = 1'000'000;  ///< of all executions together
  std::optional<std::chrono::steady_clock::time_point> deadline = std::nullopt;
};

/// Fewer deviations from the FIFO default, and lower values of choose(), that fail with the same
/// kind of failure: delta debugging (Zeller and Hildebrandt, TSE 2002) on single choices. The
/// result is as small as removing any one choice allows, unless a limit ended it.
[[nodiscard]] std::vector<Deviation> minimise(World& world, const Model& model,
                                              std::vector<Deviation> deviations, FailureKind kind,
                                              const ShrinkLimits& limits = {});

}  // namespace cocheck
