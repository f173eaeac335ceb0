#include "cocheck/render.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <string_view>
#include <system_error>
#include <vector>

#include "atomic_file.hpp"
#include "text.hpp"

extern char** environ;

namespace cocheck {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kMissing =
    "the program dot is not installed; install the package graphviz";

/// The path of `dot`, empty when no folder of PATH has it.
fs::path find_dot() {
  const char* const variable = std::getenv("PATH");
  std::string_view folders = variable == nullptr ? "/usr/bin:/bin" : variable;
  while (!folders.empty()) {
    const std::size_t end = std::min(folders.find(':'), folders.size());
    const fs::path candidate = fs::path(folders.substr(0, end)) / "dot";
    folders.remove_prefix(std::min(end + 1, folders.size()));
    std::error_code ignored;
    if (fs::is_regular_file(candidate, ignored) && ::access(candidate.c_str(), X_OK) == 0) {
      return candidate;
    }
  }
  return {};
}

/// An open file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  [[nodiscard]] int get() const { return value_; }
  void close() {
    if (value_ >= 0) ::close(value_);
    value_ = -1;
  }

 private:
  int value_;
};

[[noreturn]] void fail_with_errno(const std::string& what, int error) {
  throw RenderError(what + ": " + std::generic_category().message(error));
}

/// What a child process is to do with its standard streams.
class FileActions {
 public:
  FileActions() { posix_spawn_file_actions_init(&actions_); }
  ~FileActions() { posix_spawn_file_actions_destroy(&actions_); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;

  void open(int stream, const char* path, int flags) {
    posix_spawn_file_actions_addopen(&actions_, stream, path, flags, 0);
  }
  void duplicate(int from, int stream) {
    posix_spawn_file_actions_adddup2(&actions_, from, stream);
  }
  [[nodiscard]] const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

std::string read_to_end(int descriptor) {
  std::string text;
  std::array<char, 4096> buffer;
  for (;;) {
    const ssize_t size = ::read(descriptor, buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(size));
  }
}

struct Outcome {
  int status = 0;      ///< as waitpid() gives it
  std::string errors;  ///< what it wrote to its standard error
};

/// Runs a program without a shell and waits for its end.
Outcome run(const fs::path& program, const std::vector<std::string>& arguments) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) fail_with_errno("cannot make a pipe", errno);
  Descriptor reading(ends[0]);
  Descriptor writing(ends[1]);
  FileActions actions;
  actions.open(STDIN_FILENO, "/dev/null", O_RDONLY);
  actions.open(STDOUT_FILENO, "/dev/null", O_WRONLY);
  actions.duplicate(writing.get(), STDERR_FILENO);
  std::vector<std::string> copies = {program.string()};
  copies.insert(copies.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (std::string& copy : copies) pointers.push_back(copy.data());
  pointers.push_back(nullptr);
  pid_t child = 0;
  const int error =
      ::posix_spawn(&child, program.c_str(), actions.get(), nullptr, pointers.data(), environ);
  if (error != 0) fail_with_errno("cannot run " + program.string(), error);
  writing.close();
  Outcome outcome;
  outcome.errors = read_to_end(reading.get());
  while (::waitpid(child, &outcome.status, 0) < 0) {
    if (errno != EINTR) fail_with_errno("cannot wait for " + program.string(), errno);
  }
  return outcome;
}

void draw(const std::string& dot, const fs::path& output, const std::string& format) {
  const fs::path program = find_dot();
  if (program.empty()) throw RenderError(std::string(kMissing));
  detail::AtomicFile picture(output);
  const fs::path source_path = picture.temporary().string() + ".dot";
  detail::AtomicFile source(source_path);
  source.write(dot);
  const Outcome outcome = run(
      program, {"-T" + format, "-o" + picture.temporary().string(), source.temporary().string()});
  const bool exited = WIFEXITED(outcome.status);
  if (exited && WEXITSTATUS(outcome.status) == 0) return picture.commit();
  const std::string how = exited ? "with code " + std::to_string(WEXITSTATUS(outcome.status))
                                 : "on signal " + std::to_string(WTERMSIG(outcome.status));
  std::string why = detail::first_line(outcome.errors);
  if (!why.empty()) why = ": " + why;
  throw RenderError("dot failed " + how + " while drawing " + output.string() + why);
}

}  // namespace

bool can_render() {
  return !find_dot().empty();
}

void render(const std::string& dot, const fs::path& output) {
  const std::string extension = output.extension().string();
  try {
    if (extension == ".dot") {
      detail::AtomicFile file(output);
      file.write(dot);
      file.commit();
    } else if (extension == ".svg" || extension == ".png" || extension == ".pdf") {
      draw(dot, output, extension.substr(1));
    } else {
      throw RenderError(output.string() +
                        ": the extension must be .svg, .png, .pdf or .dot to name the format");
    }
  } catch (const RenderError&) {
    throw;
  } catch (const std::runtime_error& error) {
    throw RenderError(error.what());
  }
}

}  // namespace cocheck
