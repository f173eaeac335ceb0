#pragma once

#include <filesystem>
#include <string>

#include "cocheck/schedule.hpp"

namespace cocheck::detail {

/// What a user asks of `cocheck replay`.
struct ReplayRequest {
  std::filesystem::path file;  ///< the schedule
  std::string program;         ///< what the user wants to be run; else the schedule names it
  std::string project;  ///< whose programs may be run; else what the current folder belongs to
};

/// The program that replays `schedule`.
///
/// A schedule may come from a stranger. So the program that it names is run only if it is a test
/// program of cocheck that lies inside the project, by its real path, and outside of the folder in
/// which the schedule came. The project is the repository around the current folder, or that
/// folder. What the user names himself only has to exist; a warning says when it carries no note of
/// cocheck.
///
/// Throws CommandError.
[[nodiscard]] std::filesystem::path program_to_replay(const Schedule& schedule,
                                                      const ReplayRequest& request);

/// The test to run, as one that GoogleTest's filter takes for a name and nothing else. Throws
/// CommandError.
[[nodiscard]] std::string test_to_replay(const Schedule& schedule,
                                         const std::filesystem::path& file);

}  // namespace cocheck::detail
