#pragma once

#include <exception>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cocheck/describe.hpp"
#include "cocheck/errors.hpp"

namespace cocheck {

/// Several exceptions thrown as one, in the order in which they were seen: Python's ExceptionGroup.
///
///     } catch (const ExceptionGroup& group) {
///       for (const std::exception_ptr& error : group.exceptions()) std::cerr << describe(error);
class ExceptionGroup : public Error {
 public:
  ExceptionGroup(const std::string& message, std::vector<std::exception_ptr> exceptions)
      : Error(in_words(message, exceptions)), exceptions_(std::move(exceptions)) {}

  /// At least one.
  [[nodiscard]] std::span<const std::exception_ptr> exceptions() const noexcept {
    return exceptions_;
  }

 private:
  static std::string in_words(const std::string& message,
                              const std::vector<std::exception_ptr>& exceptions) {
    std::string text = message + " (" + std::to_string(exceptions.size()) +
                       (exceptions.size() == 1 ? " sub-exception: " : " sub-exceptions: ");
    for (std::size_t i = 0; i < exceptions.size(); ++i) {
      text += (i > 0 ? ", " : "") + describe(exceptions[i]);
    }
    return text + ")";
  }

  std::vector<std::exception_ptr> exceptions_;
};

}  // namespace cocheck
