#pragma once

#include "observations.hpp"

namespace random_models {

/// A static of this type adds a model to generated_models().
class Registered {
 public:
  explicit Registered(const GeneratedModel& model);
};

}  // namespace random_models
