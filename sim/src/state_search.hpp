#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cocheck/explorers/states.hpp"
#include "cocheck/options.hpp"
#include "cocheck/verdict.hpp"
#include "cocheck/world.hpp"

namespace cocheck::detail {

/// What a search over states is given, and what it has found.
struct StateSearchLimits {
  std::uint64_t steps = ~std::uint64_t{0};
  std::optional<std::chrono::steady_clock::time_point> deadline = std::nullopt;
  std::uint32_t stack_bytes = Surroundings::kLeastStack;  // that steps use, by check_repeatable()
};

/// Where a livelock is: a tape, how many steps lead to the loop, and how many there are in all.
struct Lasso {
  std::vector<std::uint32_t> tape;
  std::size_t loop = 0;
  std::size_t steps = 0;
};

struct StateSearchResult {
  StatesExplorer::End end = StatesExplorer::End::exhausted;
  StateStatistics seen;
  std::uint64_t failing = 0;
  std::optional<Failure> failure;   // the first one
  std::vector<std::uint32_t> tape;  // that leads to it
  std::optional<Lasso> livelock;
  bool livelock_unknown = false;  // whether it could not be told if there is one
};

/// Searches all states of `model`. Starts again where the model turns out to read names or the
/// clock.
[[nodiscard]] StateSearchResult search_states(World& world, const Model& model,
                                              const Options& options,
                                              const StateSearchLimits& limits);

}  // namespace cocheck::detail
