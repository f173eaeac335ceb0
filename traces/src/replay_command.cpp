#include "replay_command.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "cocheck/replay_result.hpp"
#include "cocheck/schedule_file.hpp"
#include "cocheck/terminal_text.hpp"
#include "command_error.hpp"

extern char** environ;

namespace cocheck::detail {

namespace {

std::string message_of(int error) {
  return std::generic_category().message(error);
}

void set_variable(const char* name, const std::string& value) {
  if (::setenv(name, value.c_str(), 1) != 0) {
    throw CommandError(std::string("cannot set ") + name + ": " + message_of(errno));
  }
}

/// A file without a name, for the result. Other processes find it below /proc.
class ResultFile {
 public:
  ResultFile() : file_(::memfd_create("cocheck result", MFD_CLOEXEC)) {
    if (file_ < 0) throw CommandError("cannot make a file in memory: " + message_of(errno));
  }
  ~ResultFile() { ::close(file_); }
  ResultFile(const ResultFile&) = delete;
  ResultFile& operator=(const ResultFile&) = delete;

  [[nodiscard]] std::string path() const {
    return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(file_);
  }

  [[nodiscard]] std::optional<ReplayResult> read() const {
    std::array<char, 64> text{};
    const ssize_t bytes = ::pread(file_, text.data(), text.size(), 0);
    const std::string_view all(text.data(), bytes > 0 ? static_cast<std::size_t>(bytes) : 0);
    return replay_result_from(all.substr(0, all.find('\n')));
  }

 private:
  int file_;
};

volatile std::sig_atomic_t running_child = 0;

void pass_on(int signal) {
  if (running_child > 0) ::kill(static_cast<pid_t>(running_child), signal);
}

/// While it lives, this process outlasts the signals that end a child: those of the terminal reach
/// the child by themselves, others are passed on.
class SignalsForChild {
 public:
  SignalsForChild() {
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
      struct sigaction action = {};
      const bool from_terminal = kSignals[i] == SIGINT || kSignals[i] == SIGQUIT;
      action.sa_handler = from_terminal ? SIG_IGN : pass_on;
      action.sa_flags = SA_RESTART;
      ::sigaction(kSignals[i], &action, &before_[i]);
    }
  }
  ~SignalsForChild() {
    running_child = 0;
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
      ::sigaction(kSignals[i], &before_[i], nullptr);
    }
  }
  SignalsForChild(const SignalsForChild&) = delete;
  SignalsForChild& operator=(const SignalsForChild&) = delete;

  /// Those that the child is to have as if it had been started by the shell.
  [[nodiscard]] sigset_t to_reset() const {
    sigset_t signals;
    ::sigemptyset(&signals);
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
      if (before_[i].sa_handler != SIG_IGN) ::sigaddset(&signals, kSignals[i]);
    }
    return signals;
  }

 private:
  static constexpr std::array kSignals{SIGINT, SIGQUIT, SIGTERM, SIGHUP};
  std::array<struct sigaction, kSignals.size()> before_{};
};

/// Runs a program to its end and gives its status, as of waitpid().
int run_program(std::vector<std::string> words) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const SignalsForChild signals;
  const sigset_t to_reset = signals.to_reset();
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  ::posix_spawnattr_setsigdefault(&attributes, &to_reset);
  pid_t child = 0;
  const int error =
      ::posix_spawn(&child, words.front().c_str(), nullptr, &attributes, arguments.data(), environ);
  ::posix_spawnattr_destroy(&attributes);
  if (error != 0) throw CommandError("cannot run " + words.front() + ": " + message_of(error));
  running_child = child;
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) throw CommandError("cannot wait for " + words.front());
  }
  return status;
}

/// A shell, or `git bisect run`, is to see that somebody stopped it.
void end_as_told(int status) {
  if (!WIFSIGNALED(status)) return;
  const int signal = WTERMSIG(status);
  if (signal == SIGINT || signal == SIGQUIT || signal == SIGTERM || signal == SIGHUP) {
    ::raise(signal);
  }
}

int exit_code_of(ReplayResult result) {
  switch (result) {
    case ReplayResult::passes:
      return kPasses;
    case ReplayResult::same_failure:
      return kFailsTheSameWay;
    case ReplayResult::other_failure:
      return kFailsInAnotherWay;
    case ReplayResult::cannot_be_told:
      break;
  }
  return kCannotBeTold;
}

std::string how_it_ended(int status) {
  return WIFSIGNALED(status) ? "was ended by signal " + std::to_string(WTERMSIG(status))
                             : "ended with code " + std::to_string(WEXITSTATUS(status));
}

/// Says how the program ended, and gives the exit code.
int conclude(std::optional<ReplayResult> told, int status) {
  const bool ended_well = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  ReplayResult result = told.value_or(ReplayResult::cannot_be_told);
  std::string remark;
  if (!told) {
    remark = ", since the program " + how_it_ended(status) + " and told no result";
    if (WIFSIGNALED(status)) result = ReplayResult::other_failure;
  } else if (result == ReplayResult::passes && !ended_well) {
    remark = ": the schedule passes, but the program " + how_it_ended(status);
    result = ReplayResult::other_failure;
  }
  const int code = exit_code_of(result);
  std::cout << "replayed: " << to_string(result) << remark << " (exit code " << code << ")\n";
  return code;
}

}  // namespace

int replay(const ReplayRequest& request) {
  const Schedule schedule = read_recording(request.file).schedule;
  const std::string test = test_to_replay(schedule, request.file);
  const std::filesystem::path program = program_to_replay(schedule, request);
  const std::string filter = "--gtest_filter=" + test;
  std::cout << "running:  " << shell_word(program.string()) << ' ' << shell_word(filter)
            << std::endl;
  const ResultFile result;
  set_variable("COCHECK_REPLAY", std::filesystem::absolute(request.file).string());
  set_variable(kReplayResultVariable, result.path());
  const int status = run_program({program.string(), filter});
  end_as_told(status);
  return conclude(result.read(), status);
}

}  // namespace cocheck::detail
