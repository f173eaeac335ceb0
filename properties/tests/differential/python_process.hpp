#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace cocheck::differential {

/// A running Python script that answers a line with a line.
class PythonProcess {
 public:
  /// Null where there is no python3 to run it.
  [[nodiscard]] static std::optional<PythonProcess> start(const std::string& script);

  PythonProcess(PythonProcess&& other) noexcept;
  PythonProcess& operator=(PythonProcess&&) = delete;
  ~PythonProcess();

  /// Throws std::runtime_error when the script has ended.
  [[nodiscard]] std::string ask(const std::string& line);

 private:
  PythonProcess(pid_t child, int input, int output) noexcept
      : child_(child), input_(input), output_(output) {}

  pid_t child_;
  int input_;
  int output_;
  std::string buffer_;
};

}  // namespace cocheck::differential
