// What `cocheck replay` starts in the tests: says how it was run, tells the result that the
// environment wants (REPLAY_RESULT), and ends as it says (REPLAY_EXIT, REPLAY_SIGNAL).

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>

#include "cocheck/replay_result.hpp"

namespace {

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr ? value : "";
}

}  // namespace

int main(int argc, char** argv) {
  std::cout << variable("COCHECK_REPLAY") << '\n';
  for (int i = 1; i < argc; ++i) std::cout << argv[i] << '\n';
  std::cout.flush();
  if (const auto result = cocheck::replay_result_from(variable("REPLAY_RESULT"))) {
    cocheck::tell_replay_result(*result);
  }
  if (const std::string signal = variable("REPLAY_SIGNAL"); !signal.empty()) {
    std::raise(std::stoi(signal));
  }
  const std::string code = variable("REPLAY_EXIT");
  return code.empty() ? 0 : std::stoi(code);
}
