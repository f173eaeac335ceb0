#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cocheck/explorers/dpor.hpp"
#include "cocheck/options.hpp"
#include "cocheck/world.hpp"

namespace cocheck::detail {

/// What a search over classes of executions has found.
struct ClassSearchResult {
  DporExplorer::End end = DporExplorer::End::exhausted;
  std::uint64_t executions = 0;
  std::uint64_t steps = 0;
  std::uint64_t failing = 0;
  std::optional<Failure> failure;   // the first one
  std::vector<std::uint32_t> tape;  // that leads to it
  std::string reason;               // why nothing can be claimed, if so
};

/// Why a strategy that needs to know what steps touch cannot be used in this program, "" if it can.
[[nodiscard]] std::string accesses_unknown(Strategy strategy);

/// Why classes cannot be searched, "" if they can.
[[nodiscard]] std::string class_search_refused();

/// Whether it is known with these options which steps depend on each other. Where it is not, no
/// order of steps stands for another one.
[[nodiscard]] bool classes_are_known(const Options& options);

/// What all searches with these options have in common.
[[nodiscard]] DporExplorer::Settings class_settings(const Options& options);

/// Makes one execution of each class, at most `max_executions`. Where classes are not known, or
/// time passes within a step, each execution is a class of its own.
[[nodiscard]] ClassSearchResult search_classes(
    World& world, const Model& model, const Options& options, std::uint64_t max_executions,
    std::optional<std::chrono::steady_clock::time_point> deadline);

}  // namespace cocheck::detail
