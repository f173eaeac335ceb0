#pragma once

#include <cstddef>

namespace cocheck::detail {

/// From the memory of the model that runs on this thread, which there must be; null where it is
/// full.
[[nodiscard]] void* allocate_in_model(std::size_t bytes, std::size_t alignment) noexcept;

/// From the ordinary heap: that of the program, which is watched, where no search runs.
[[nodiscard]] void* allocate_outside(std::size_t bytes, std::size_t alignment) noexcept;

/// Whichever of these it came from. `caller` is the instruction that asked for it.
void release_anywhere(void* memory, void* caller) noexcept;

/// Whether an instruction is that of the program or of a library of its own, not of the system's.
[[nodiscard]] bool is_of_program(const void* instruction) noexcept;

/// That functions of the C library which allocate are replaced, too.
void use_c_allocation() noexcept;

}  // namespace cocheck::detail
