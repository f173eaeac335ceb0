#pragma once

namespace cocheck::detail {

#if defined(__clang__) && __clang_major__ < 22  // later ones take variables only

extern "C" void cocheck_lifetime_start(long long bytes, void* memory) noexcept
    __asm__("llvm.lifetime.start.p0");

/// Makes clang give every variable of a coroutine a place of its own in the frame.
///
/// Else those that do not live at the same time share one. What is left there of a pointer, behind
/// a smaller variable, would make equal states differ. Where clang meets the beginning of a
/// lifetime and cannot tell which variable is meant, it takes all of them to live all the time.
/// Must be inlined into the coroutine.
[[gnu::always_inline]] inline void keep_variables_apart() noexcept {
  void* unknown = nullptr;
  __asm__("" : "+r"(unknown));
  cocheck_lifetime_start(-1, unknown);
}

#else

inline void keep_variables_apart() noexcept {}

#endif

}  // namespace cocheck::detail
