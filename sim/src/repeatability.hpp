#pragma once

#include <cstddef>
#include <cstdint>

#include "cocheck/detail/surroundings.hpp"
#include "cocheck/options.hpp"
#include "cocheck/world.hpp"

namespace cocheck::detail {

/// What some executions have shown of a model.
struct Repeatability {
  std::size_t blocks_left = 0;                            // of memory, after an execution
  std::uint32_t stack_bytes = Surroundings::kLeastStack;  // to be the same before steps
};

/// Makes a few executions again, with memory laid out in another way and something else on the
/// stack. Throws NotDeterministic, naming the place, where that can be told from what the model
/// does, or from its states.
///
/// Bytes that nobody gave a value, such as padding, are whatever was on the stack before. They may
/// differ, as long as nothing depends on them: they follow what was put on the stack, or they are
/// the remains of an address between bytes that do not differ, and to change them changes nothing
/// else.
[[nodiscard]] Repeatability check_repeatable(World& world, const Model& model,
                                             const Options& options);

}  // namespace cocheck::detail
