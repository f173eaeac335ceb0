#include "replay_program.hpp"

#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <optional>
#include <system_error>

#include "cocheck/terminal_text.hpp"
#include "command_error.hpp"
#include "program_note.hpp"

namespace cocheck::detail {

namespace fs = std::filesystem;

namespace {

constexpr const char* kNameIt = "name it with --program PATH";

/// `path` without links and dots; nothing when there is no such file.
std::optional<fs::path> real_path(const fs::path& path) {
  std::error_code error;
  fs::path real = fs::canonical(path, error);
  if (error) return std::nullopt;
  return real;
}

/// Whether `path` is `folder` or lies below it; both are real paths.
bool is_within(const fs::path& path, const fs::path& folder) {
  return std::mismatch(folder.begin(), folder.end(), path.begin(), path.end()).first ==
         folder.end();
}

/// The repository around the current folder, or the folder itself. The whole file system is none.
fs::path project_here() {
  const fs::path here = fs::canonical(fs::current_path());
  std::error_code ignored;
  fs::path project = here;
  for (fs::path folder = here; folder != folder.root_path(); folder = folder.parent_path()) {
    if (!fs::exists(folder / ".git", ignored)) continue;
    project = folder;
    break;
  }
  if (project == project.root_path()) {
    throw CommandError(
        "the current folder belongs to no project; go to one, name it with --project DIR, or name "
        "the program with --program PATH");
  }
  return project;
}

fs::path project_of(const ReplayRequest& request) {
  if (request.project.empty()) return project_here();
  const std::optional<fs::path> project = real_path(request.project);
  if (!project || !fs::is_directory(*project)) {
    throw CommandError("the project " + request.project + " is no folder");
  }
  return *project;
}

void expect_executable(const fs::path& program) {
  std::error_code ignored;
  const fs::file_status status = fs::status(program, ignored);
  if (!fs::exists(status)) {
    throw CommandError("the program " + program.string() +
                       " does not exist; build it, or name it with --program PATH");
  }
  if (!fs::is_regular_file(status) || ::access(program.c_str(), X_OK) != 0) {
    throw CommandError("the program " + program.string() +
                       " is not executable; name another one with --program PATH");
  }
}

fs::path program_of_user(const std::string& program) {
  const fs::path path = fs::absolute(program);
  expect_executable(path);
  if (!carries_program_note(path)) {
    std::cerr << "cocheck: warning: " << printable(path.string())
              << " carries no note of a cocheck test program; it is run since you named it\n";
  }
  return path;
}

fs::path program_of_file(const fs::path& program, const ReplayRequest& request) {
  const std::string file = request.file.string();
  if (program.empty()) {
    throw CommandError(file + ": does not say which program recorded it; " + kNameIt);
  }
  if (program.is_relative()) {
    throw CommandError(file + ": names its program by a relative path, " + program.string() + "; " +
                       kNameIt);
  }
  expect_executable(program);
  const fs::path real = real_path(program).value_or(program);
  const fs::path project = project_of(request);
  if (!is_within(real, project)) {
    throw CommandError("the program " + real.string() + " lies outside of the project " +
                       project.string() + "; go to its project, or " + kNameIt);
  }
  const std::optional<fs::path> real_file = real_path(request.file);
  const fs::path folder = real_file ? real_file->parent_path() : fs::path();
  if (folder != project && is_within(folder, project) && is_within(real, folder)) {
    throw CommandError("the program " + real.string() +
                       " lies in the folder of the schedule, so it may have come with it; " +
                       kNameIt + " if it is yours");
  }
  if (!carries_program_note(real)) {
    throw CommandError("the program " + real.string() +
                       " carries no note of a cocheck test program; build it again, or " + kNameIt);
  }
  return real;
}

}  // namespace

fs::path program_to_replay(const Schedule& schedule, const ReplayRequest& request) {
  return request.program.empty() ? program_of_file(schedule.program, request)
                                 : program_of_user(request.program);
}

std::string test_to_replay(const Schedule& schedule, const fs::path& file) {
  const std::string& test = schedule.test;
  if (test.empty()) {
    throw CommandError(file.string() + ": does not say which test recorded it; record it again");
  }
  constexpr std::string_view kOfFilters = "*?:- ";
  if (test.find_first_of(kOfFilters) != std::string::npos || printable(test) != test) {
    throw CommandError(file.string() + ": '" + test +
                       "' is no name of a test: it has blanks, control characters, or one of *?:-");
  }
  return test;
}

}  // namespace cocheck::detail
