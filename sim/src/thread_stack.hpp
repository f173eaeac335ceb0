#pragma once

#include <cstdint>

namespace cocheck::detail {

/// Where the stack of a thread lies: [lowest, end).
struct ThreadStack {
  std::uintptr_t lowest = 0;
  std::uintptr_t end = 0;

  /// That of the calling thread; asked of the system once. Empty where it does not say.
  [[nodiscard]] static const ThreadStack& mine() noexcept;
};

}  // namespace cocheck::detail
