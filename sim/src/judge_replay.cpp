#include "cocheck/judge_replay.hpp"

#include <regex>
#include <string>

namespace cocheck {

namespace {

/// `message` without what changes when code moves: "[counter_test.cpp:17]", 0x7f3a...
std::string lasting(const std::string& message) {
  static const std::regex places(R"( \[[^\[\]]*:[0-9]+\])");
  static const std::regex addresses("0x[0-9a-fA-F]+");
  return std::regex_replace(std::regex_replace(message, places, ""), addresses, "0x");
}

}  // namespace

ReplayResult judge_replay(const Verdict& now, const Recording& recorded) {
  if (now.passed()) return ReplayResult::passes;
  const bool knows_none = recorded.verdict.empty() && recorded.failure.empty();
  if (now.kind == Verdict::Kind::failed && now.failure) {
    const std::string kind = "Failed: " + std::string(to_string(now.failure->kind)) + ": ";
    const bool same = knows_none || (recorded.verdict.starts_with(kind) &&
                                     lasting(recorded.failure) == lasting(now.failure->message));
    return same ? ReplayResult::same_failure : ReplayResult::other_failure;
  }
  const bool cut_again = now.cut > 0 && recorded.verdict.starts_with("Inconclusive");
  return cut_again ? ReplayResult::same_failure : ReplayResult::cannot_be_told;
}

}  // namespace cocheck
