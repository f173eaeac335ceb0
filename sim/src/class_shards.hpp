#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "class_search.hpp"

namespace cocheck::detail {

/// Ways to divide the classes: each two of them differ in the order of two steps that conflict in
/// every execution that was seen, so that no class belongs to both. Empty: there is no way.
using Shards = std::vector<std::vector<DporExplorer::StepOrder>>;
[[nodiscard]] Shards divide(const std::vector<DporExplorer::Conflict>& conflicts, std::size_t jobs);

/// Searches the shards in `jobs` processes, with `picks` of a search that was begun. What is found
/// is the same with any number of them; of several failures the one in the first shard. Nothing if
/// a process came to an end of which only the whole search can tell more, such as a crash of the
/// model.
[[nodiscard]] std::optional<ClassSearchResult> search_shards(
    World& world, const Model& model, const Options& options, const Shards& shards,
    const DporExplorer::Picks& picks, std::size_t jobs, std::uint64_t max_executions,
    std::optional<std::chrono::steady_clock::time_point> deadline);

}  // namespace cocheck::detail
