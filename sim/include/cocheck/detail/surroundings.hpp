#pragma once

#include <cstddef>
#include <cstdint>

namespace cocheck::detail {

/// What surrounds the steps of a model and must not matter: what lies on the stack below, and where
/// its memory begins. Where states are compared it is the same before every step.
struct Surroundings {
  static constexpr std::uint32_t kLeastStack = 1024;
  static constexpr std::uint32_t kMostStack = 16 * 1024;

  std::byte on_stack{0};                    // what a step finds below its own frames
  std::uint32_t stack_bytes = kLeastStack;  // so far down
  bool measures_stack = false;              // whether it is looked how far steps come down
  bool shifts_memory = false;               // whether a block lies in front of the model's own
};

/// Fills what the next calls of the caller will have their frames in.
void fill_stack(std::byte value, std::size_t bytes) noexcept;

/// How many of so many bytes are not what fill_stack(), called by the same function, made them.
[[nodiscard]] std::size_t stack_used(std::byte value, std::size_t bytes) noexcept;

}  // namespace cocheck::detail
