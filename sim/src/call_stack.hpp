#pragma once

#include <array>
#include <cstddef>
#include <span>

namespace cocheck::detail {

/// Instructions on the stack of a thread, the innermost first: where it stood, then the addresses
/// to which the calls return. Taking it allocates nothing, so a handler of signals may.
class CallStack {
 public:
  /// Begins at the call of this function.
  [[nodiscard]] static CallStack here() noexcept;
  /// Begins where the signal came; `context` is what its handler was given.
  [[nodiscard]] static CallStack of_signal(void* context) noexcept;

  [[nodiscard]] std::span<void* const> frames() const noexcept { return {frames_.data(), count_}; }

 private:
  static constexpr std::size_t kMost = 48;

  std::array<void*, kMost> frames_{};
  std::size_t count_ = 0;
};

/// The first call finds what a handler of signals could not load.
void prepare_call_stacks() noexcept;

/// Where a handler's signal came, and where the stack then ended; null on a processor for which
/// this is not known.
struct Interrupted {
  void* instruction = nullptr;
  void* stack = nullptr;
  bool writing = false;       ///< of a fault: whether the access was a write
  std::ptrdiff_t result = 0;  ///< what the instruction before has given, if it was a system call
};
[[nodiscard]] Interrupted interrupted_at(void* context) noexcept;

}  // namespace cocheck::detail
