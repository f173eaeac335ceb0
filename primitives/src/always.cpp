#include "cocheck/always.hpp"

namespace cocheck::detail {

Invariant::~Invariant() {
  Loop* loop = Loop::current_or_null();
  if (loop == nullptr) return;
  // The youngest mostly dies first.
  if (loop->first_invariant() == this) {
    loop->set_first_invariant(next_);
    return;
  }
  for (Invariant* older = loop->first_invariant(); older != nullptr; older = older->next_) {
    if (older->next_ == this) {
      older->next_ = next_;
      return;
    }
  }
}

}  // namespace cocheck::detail
