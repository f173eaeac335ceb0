#pragma once

#include <chrono>
#include <optional>

namespace cocheck::detail {

/// The signal, SIGINT or SIGTERM, that has asked for the end of the program while an
/// InterruptScope lived; 0 if none has. In a process that was forked within one: what its parent
/// was asked for.
[[nodiscard]] int interrupted_by() noexcept;

/// Whether a search has to end: it was interrupted, or its time is up.
[[nodiscard]] bool time_is_up(std::optional<std::chrono::steady_clock::time_point> deadline);

/// "interrupted by SIGINT"
[[nodiscard]] const char* interruption_in_words() noexcept;

/// A process that was forked within a scope leaves it to its parent to be interrupted.
void leave_interrupts_to_parent() noexcept;

}  // namespace cocheck::detail
