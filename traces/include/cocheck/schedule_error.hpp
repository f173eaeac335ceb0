#pragma once

#include <stdexcept>

namespace cocheck {

/// A schedule, as a file or as a line, that cannot be read or written. The message is one line
/// that says what is wrong, where, and what to do about it.
class ScheduleError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace cocheck
