#pragma once

#include <cstddef>
#include <string>

namespace cocheck::detail {

/// Why it was this action that came next.
enum class Pick {
  unknown,   ///< the recording does not say
  forced,    ///< nothing else could run
  loop,      ///< asyncio's event loop would have gone on in the same way
  explorer,  ///< the explorer chose it, where the loop would have gone on differently
};

/// What the explorer chose in an execution, by kind.
struct Decisions {
  std::size_t preemptions = 0;    ///< steps and callbacks ahead of their turn
  std::size_t cancellations = 0;  ///< injected
  std::size_t timers = 0;         ///< that fired early
  std::size_t values = 0;         ///< drawn by choose()

  [[nodiscard]] bool any() const noexcept {
    return preemptions + cancellations + timers + values > 0;
  }
  /// "2 preemptions, 1 drawn value", without kinds of which there is none.
  [[nodiscard]] std::string in_words() const;
};

}  // namespace cocheck::detail
