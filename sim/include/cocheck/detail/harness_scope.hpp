#pragma once

#include "cocheck/detail/model_memory.hpp"

namespace cocheck::detail {

/// While it lives a step does something on behalf of a test framework: what it allocates comes from
/// the ordinary heap, and what it changes is no part of the model and stays.
class HarnessScope {
 public:
  HarnessScope();
  ~HarnessScope();
  HarnessScope(const HarnessScope&) = delete;
  HarnessScope& operator=(const HarnessScope&) = delete;

 private:
  ModelMemory* model_;
};

}  // namespace cocheck::detail
