#pragma once

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <stdexcept>
#include <string>

namespace cocheck::tests {

/// How a program ended, and all it wrote to both its streams.
struct Ended {
  int code = -1;
  std::string output;

  [[nodiscard]] bool says(const std::string& text) const {
    return output.find(text) != std::string::npos;
  }
  [[nodiscard]] std::size_t count(const std::string& text) const {
    std::size_t found = 0;
    for (std::size_t at = output.find(text); at != std::string::npos;
         at = output.find(text, at + text.size())) {
      ++found;
    }
    return found;
  }
};

/// A path as one word of a shell command.
inline std::string quoted(const std::string& path) {
  return "'" + path + "'";
}

/// Runs a command of the shell in an environment without settings of cocheck and RapidCheck;
/// `command` may begin with some of its own, as in "COCHECK_SEED=3 program".
inline Ended run(const std::string& command) {
  const std::string clean =
      "unset COCHECK_STRATEGY COCHECK_SEED COCHECK_EXECUTIONS COCHECK_STEPS COCHECK_TIME_MS "
      "COCHECK_REPLAY COCHECK_OUT RC_PARAMS CHANGED_MODEL; ";
  std::FILE* pipe = ::popen((clean + command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("cannot run: " + command);
  Ended ended;
  std::array<char, 4096> buffer{};
  while (const std::size_t size = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
    ended.output.append(buffer.data(), size);
  }
  const int status = ::pclose(pipe);
  if (WIFEXITED(status)) ended.code = WEXITSTATUS(status);
  return ended;
}

}  // namespace cocheck::tests
