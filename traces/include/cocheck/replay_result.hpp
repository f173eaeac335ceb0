#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cocheck {

/// How a replayed schedule ended, compared with what its recording says.
enum class ReplayResult : std::uint8_t {
  passes,          ///< nothing fails any more
  same_failure,    ///< it fails as it did when it was recorded
  other_failure,   ///< it fails in another way
  cannot_be_told,  ///< the schedule does not fit the program any more, or nothing was replayed
};

/// In words: "passes", "fails the same way", ...
[[nodiscard]] std::string_view to_string(ReplayResult result) noexcept;
[[nodiscard]] std::optional<ReplayResult> replay_result_from(std::string_view words) noexcept;

/// The environment variable by which `cocheck replay` names the file in which it wants the result.
inline constexpr const char* kReplayResultVariable = "COCHECK_REPLAY_RESULT";

/// Writes the result into the file that COCHECK_REPLAY_RESULT names; the last one told counts.
/// Does nothing where the variable is not set.
///
/// A program that calls it carries a note, the section `.note.cocheck` of its ELF file, by which
/// `cocheck replay` knows it for a test program of cocheck without running it.
void tell_replay_result(ReplayResult result);

}  // namespace cocheck
