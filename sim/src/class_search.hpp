#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cocheck/detail/step_audit.hpp"
#include "cocheck/explorers/dpor.hpp"
#include "cocheck/options.hpp"
#include "cocheck/verdict.hpp"
#include "cocheck/world.hpp"

namespace cocheck::detail {

/// What a search over classes of executions has found.
struct ClassSearchResult {
  DporExplorer::End end = DporExplorer::End::exhausted;
  std::uint64_t executions = 0;
  std::uint64_t steps = 0;
  std::uint64_t failing = 0;
  bool timers_armed = false;        // in any of the processes that searched
  std::optional<Failure> failure;   // the first one
  std::vector<std::uint32_t> tape;  // that leads to it
  std::string reason;               // why nothing can be claimed, if so
  AuditStatistics audit;
  std::vector<std::string> notes;  // for the verdict
};

/// Adds what an audit has done and has not.
void add_audit(ClassSearchResult& result, const StepAudit::Report& audited);

/// Why a strategy that needs to know what steps touch cannot be used in this program, "" if it can.
[[nodiscard]] std::string accesses_unknown(Strategy strategy);

/// Why it is not known what calls take and give by value, "" if it is: then not to have found a
/// failure proves nothing.
[[nodiscard]] std::string calls_untold();

/// Why classes cannot be searched with these options, "" if they can.
[[nodiscard]] std::string class_search_refused(const Options& options);

/// What all searches with these options have in common.
[[nodiscard]] DporExplorer::Settings class_settings(const Options& options);

/// Makes one execution of each class, at most `max_executions`.
[[nodiscard]] ClassSearchResult search_classes(
    World& world, const Model& model, const Options& options, std::uint64_t max_executions,
    std::optional<std::chrono::steady_clock::time_point> deadline);

}  // namespace cocheck::detail
