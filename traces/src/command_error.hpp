#pragma once

#include <stdexcept>

namespace cocheck::detail {

/// What a user asked the command for and cannot have. The message is one line.
class CommandError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace cocheck::detail
