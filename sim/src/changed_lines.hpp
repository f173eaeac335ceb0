#pragma once

#include <cstddef>
#include <cstdint>

#include "cocheck/detail/harness_allocator.hpp"

namespace cocheck::detail {

inline constexpr std::size_t kLineBytes = 64;

/// Appends to `changed` which of `lines` lines of two ranges differ, counted from `first`. Uses the
/// widest vectors that the processor has. Reads poisoned memory, too.
using FindChangedLines = void (*)(const std::byte* one, const std::byte* other, std::size_t lines,
                                  std::size_t first, HarnessVector<std::size_t>& changed);

[[nodiscard]] FindChangedLines find_changed_lines() noexcept;

}  // namespace cocheck::detail
