#pragma once

#include <cstdarg>

/// What functions of C that take a format do to their arguments.
namespace cocheck::detail {

/// Arguments of a function that takes any number.
struct Arguments {
  std::va_list list;
};

/// Tells of the texts that printf() and its like read, and of what "%n" writes. False where the
/// format is not understood.
[[nodiscard]] bool log_printed(const char* format, Arguments& arguments, const void* instruction);

/// Tells of what scanf() and its like have written, where `assigned` is what they returned. False
/// where the format is not understood.
[[nodiscard]] bool log_scanned(const char* format, int assigned, Arguments& arguments,
                               const void* instruction);

}  // namespace cocheck::detail
