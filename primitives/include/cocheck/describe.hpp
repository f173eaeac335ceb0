#pragma once

#include <exception>
#include <string>

namespace cocheck {

/// An exception in words: its type and what(), such as `std::runtime_error("disk full")`; "no
/// exception" for null.
[[nodiscard]] std::string describe(const std::exception_ptr& error);

}  // namespace cocheck
