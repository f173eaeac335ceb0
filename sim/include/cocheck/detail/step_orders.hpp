#pragma once

#include <span>
#include <vector>

#include "cocheck/detail/happens_before.hpp"
#include "cocheck/explorers/dpor.hpp"

namespace cocheck::detail {

/// Orders of steps in which alone a search makes executions, so that several can share the work:
/// see DporExplorer::Settings::orders.
///
///     if (orders.holds_back(process)) ...   // its next step waits for another one
///     step.after = orders.before_next(process);
class StepOrders {
 public:
  using Index = HappensBefore::Index;

  StepOrders(std::span<const DporExplorer::StepOrder> orders, HappensBefore& order)
      : orders_(orders), order_(order) {}

  /// Whether a step must come before the next one of the process that did not yet.
  [[nodiscard]] bool holds_back(const void* process) const;
  /// The events that an order demands before the next step of the process; valid until asked again.
  [[nodiscard]] std::span<const Index> before_next(const void* process);
  /// Whether the execution is one of those that this search is to count.
  [[nodiscard]] bool execution_counts() const;
  /// Whether all steps that are kept in an order conflict, where both have come.
  [[nodiscard]] bool are_of_conflicts() const;

 private:
  [[nodiscard]] Index find(const DporExplorer::StepOf& step) const {
    return order_.find(step.process, step.ordinal);
  }

  std::span<const DporExplorer::StepOrder> orders_;
  HappensBefore& order_;
  std::vector<Index> before_;
};

}  // namespace cocheck::detail
