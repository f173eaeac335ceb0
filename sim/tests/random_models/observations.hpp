#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <span>

#include "cocheck/task.hpp"

namespace random_models {

/// A model that generate.py has written. Its end calls accepts() with all that there is to see.
struct GeneratedModel {
  const char* name;
  cocheck::Task<> (*body)(int& captured);
  void (*reset)();  ///< gives all statics of the model their first values
};

/// Of this program.
[[nodiscard]] std::span<const GeneratedModel> generated_models();

/// Whether a model may end with that observation: while observations are collected always, else if
/// it is among those that are allowed.
///
/// What it keeps lies in pages of its own: neither in the memory of the model nor in that of the
/// program.
[[nodiscard]] bool accepts(std::uint64_t observation);

/// Collects from now on.
void collect_observations();
/// What was collected. Throws std::length_error where there were too many.
[[nodiscard]] std::set<std::uint64_t> collected_observations();
/// From now on accepts() allows these.
void allow_observations(const std::set<std::uint64_t>& allowed);

}  // namespace random_models
