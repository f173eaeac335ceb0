#include "cocheck/replay_result.hpp"

namespace cocheck {

std::string_view to_string(ReplayResult result) noexcept {
  switch (result) {
    case ReplayResult::passes:
      return "passes";
    case ReplayResult::same_failure:
      return "fails the same way";
    case ReplayResult::other_failure:
      return "fails in another way";
    case ReplayResult::cannot_be_told:
      return "cannot be told";
  }
  return "";
}

std::optional<ReplayResult> replay_result_from(std::string_view words) noexcept {
  for (const ReplayResult result : {ReplayResult::passes, ReplayResult::same_failure,
                                    ReplayResult::other_failure, ReplayResult::cannot_be_told}) {
    if (to_string(result) == words) return result;
  }
  return std::nullopt;
}

}  // namespace cocheck
