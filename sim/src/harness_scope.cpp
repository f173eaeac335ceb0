#include "cocheck/detail/harness_scope.hpp"

#include "cocheck/detail/outside_memory.hpp"

namespace cocheck::detail {

HarnessScope::HarnessScope() : model_(ModelMemory::current()) {
  OutsideMemory* const outside = OutsideMemory::active();
  if (model_ != nullptr && outside != nullptr) outside->commit();
  ModelMemory::exchange_current(nullptr);
}

HarnessScope::~HarnessScope() {
  OutsideMemory* const outside = OutsideMemory::active();
  if (model_ != nullptr && outside != nullptr) outside->accept();
  ModelMemory::exchange_current(model_);
}

}  // namespace cocheck::detail
