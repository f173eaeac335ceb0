#include "cocheck/detail/early_cancellations.hpp"

namespace cocheck::detail {

using Index = HappensBefore::Index;

bool can_come_early(const HappensBefore& order) {
  const Index last = order.size() - 1;
  for (Index event = order.epoch(); event < last; ++event) {
    if (!order.before(event, last)) return true;
  }
  return false;
}

std::vector<Index> order_with_early(const HappensBefore& order,
                                    const std::vector<Index>& cancellations) {
  std::vector<Index> result;
  std::vector<bool> there(order.size(), false);
  const auto add = [&](Index event) {
    if (there[event]) return;
    there[event] = true;
    result.push_back(event);
  };
  for (const Index cancellation : cancellations) {
    for (Index event = 0; event < cancellation; ++event) {
      if (order.before(event, cancellation)) add(event);
    }
    add(cancellation);
  }
  for (Index event = 0; event < order.size(); ++event) add(event);
  return result;
}

}  // namespace cocheck::detail
