#pragma once

#include <gtest/gtest.h>
// RapidCheck looks for GoogleTest's headers before its own.
#include <rapidcheck.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "cocheck/detail/test_run.hpp"
#include "cocheck/options.hpp"
#include "cocheck/task.hpp"
#include "cocheck/world.hpp"

namespace cocheck {

/// What a COCHECK_PROP explores, how and for how long. Most members are those of Options and hold
/// for each workload; the number of workloads is RapidCheck's max_success.
struct PropertyOptions {
  Strategy strategy = Strategy::automatic;
  std::uint64_t seed = 1;
  /// How many executions for one workload.
  std::uint64_t max_executions = 200;
  std::uint64_t max_steps = 100'000;
  /// How much real time all workloads together may take. Shrinking comes on top.
  std::optional<std::chrono::milliseconds> max_time = std::nullopt;
  std::optional<std::chrono::nanoseconds> lag = std::nullopt;
  Clock clock = Clock::idle;
  std::uint32_t cancellations = 0;
  bool always_suspend = false;
  /// Whether a failing workload, and its schedule, are made small.
  bool shrink = true;
  /// How many executions and how much real time the search for a smaller workload may take.
  std::uint64_t shrink_executions = 20'000;
  std::chrono::milliseconds shrink_time = std::chrono::seconds(10);
};

namespace detail {

/// What RapidCheck has drawn for one case.
struct Workload {
  Model model;
  /// The values as text, one for each parameter.
  std::function<std::vector<std::string>()> show;
};

/// `parameters` is the text of the parameter list.
void run_workloads(const rc::Gen<Workload>& workloads, const char* parameters,
                   const PropertyOptions& options, TestPlace place);

template <class... Parameters>
void run_property(Task<> (*body)(Parameters...), const char* parameters,
                  const PropertyOptions& options, TestPlace place) {
  using Values = std::tuple<std::remove_cvref_t<Parameters>...>;
  const auto to_workload = [body](Values&& drawn) {
    const auto values = std::make_shared<const Values>(std::move(drawn));
    return Workload{
        [body, values] { return std::apply(body, *values); },
        [values] {
          return std::apply(
              [](const auto&... value) { return std::vector<std::string>{rc::toString(value)...}; },
              *values);
        }};
  };
  run_workloads(rc::gen::map(rc::gen::arbitrary<Values>(), to_workload), parameters, options,
                place);
}

}  // namespace detail

}  // namespace cocheck
