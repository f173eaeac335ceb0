#include "cocheck/detail/step_orders.hpp"

#include <algorithm>
#include <cassert>

namespace cocheck::detail {

using StepOrder = DporExplorer::StepOrder;

bool StepOrders::holds_back(const void* process) const {
  return std::any_of(orders_.begin(), orders_.end(), [&](const StepOrder& of) {
    return of.second.process == process && order_.next_ordinal(process) == of.second.ordinal &&
           order_.next_ordinal(of.first.process) <= of.first.ordinal;
  });
}

std::span<const StepOrders::Index> StepOrders::before_next(const void* process) {
  before_.clear();
  for (const StepOrder& of : orders_) {
    if (of.second.process != process || order_.next_ordinal(process) != of.second.ordinal) continue;
    before_.push_back(find(of.first));
    assert(before_.back() != HappensBefore::kNone);
  }
  return before_;
}

bool StepOrders::execution_counts() const {
  return std::all_of(orders_.begin(), orders_.end(), [&](const StepOrder& of) {
    return of.counts_neither || find(of.first) != HappensBefore::kNone ||
           find(of.second) != HappensBefore::kNone;
  });
}

bool StepOrders::are_of_conflicts() const {
  return std::all_of(orders_.begin(), orders_.end(), [&](const StepOrder& of) {
    const Index first = find(of.first);
    const Index second = find(of.second);
    return first == HappensBefore::kNone || second == HappensBefore::kNone ||
           order_.dependent(order_.kept(first), order_.kept(second));
  });
}

}  // namespace cocheck::detail
