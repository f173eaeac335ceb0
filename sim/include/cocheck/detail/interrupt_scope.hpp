#pragma once

namespace cocheck::detail {

/// While one lives, Ctrl-C and SIGTERM do not end the program but the search, which then tells what
/// it knows. The end of the outermost scope ends the program as the signal would have; a second
/// signal ends it at once. A program that ignores them goes on to.
class InterruptScope {
 public:
  InterruptScope();
  ~InterruptScope();
  InterruptScope(const InterruptScope&) = delete;
  InterruptScope& operator=(const InterruptScope&) = delete;

  /// Whether the program ends with this scope, so that what is known is to be told before.
  [[nodiscard]] bool ends_program() const noexcept;
  /// Whether a signal has come in any scope that lives.
  [[nodiscard]] static bool interrupted() noexcept;
};

}  // namespace cocheck::detail
