#pragma once

namespace cocheck::detail {

/// Whether code of this program is instrumented: cocheck_instrument() in CMake was called for it.
[[nodiscard]] bool has_instrumented_code() noexcept;

}  // namespace cocheck::detail
