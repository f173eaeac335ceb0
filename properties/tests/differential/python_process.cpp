#include "python_process.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <stdexcept>
#include <utility>

extern char** environ;

namespace cocheck::differential {

std::optional<PythonProcess> PythonProcess::start(const std::string& script) {
  std::array<int, 2> to_child{};
  std::array<int, 2> from_child{};
  if (pipe2(to_child.data(), O_CLOEXEC) != 0) return std::nullopt;
  if (pipe2(from_child.data(), O_CLOEXEC) != 0) return std::nullopt;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, to_child[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, from_child[1], STDOUT_FILENO);
  std::string python = "python3";
  std::string path = script;
  std::array<char*, 3> arguments{python.data(), path.data(), nullptr};
  pid_t child = 0;
  const int error = posix_spawnp(&child, "python3", &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(to_child[0]);
  close(from_child[1]);
  if (error != 0) {
    close(to_child[1]);
    close(from_child[0]);
    return std::nullopt;
  }
  std::signal(SIGPIPE, SIG_IGN);
  return PythonProcess(child, to_child[1], from_child[0]);
}

PythonProcess::PythonProcess(PythonProcess&& other) noexcept
    : child_(std::exchange(other.child_, -1)),
      input_(other.input_),
      output_(other.output_),
      buffer_(std::move(other.buffer_)) {}

PythonProcess::~PythonProcess() {
  if (child_ < 0) return;
  close(input_);
  close(output_);
  int status = 0;
  waitpid(child_, &status, 0);
}

std::string PythonProcess::ask(const std::string& line) {
  const std::string text = line + "\n";
  for (std::size_t written = 0; written < text.size();) {
    const ssize_t count = write(input_, text.data() + written, text.size() - written);
    if (count <= 0) throw std::runtime_error("the Python interpreter of programs has ended");
    written += static_cast<std::size_t>(count);
  }
  for (;;) {
    if (const auto end = buffer_.find('\n'); end != std::string::npos) {
      std::string answer = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      return answer;
    }
    std::array<char, 4096> chunk{};
    const ssize_t count = read(output_, chunk.data(), chunk.size());
    if (count <= 0) throw std::runtime_error("the Python interpreter of programs has ended");
    buffer_.append(chunk.data(), static_cast<std::size_t>(count));
  }
}

}  // namespace cocheck::differential
