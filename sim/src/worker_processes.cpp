#include "worker_processes.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <system_error>
#include <thread>
#include <utility>

#include "cocheck/detail/interrupt.hpp"
#include "step_watchdog.hpp"

namespace cocheck::detail {

namespace {

constexpr int kPollMilliseconds = 100;

[[noreturn]] void run_to_the_end(pid_t parent, const std::function<void(int)>& work, int pipe) {
  int status = 0;
  try {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    leave_interrupts_to_parent();
    StepWatchdog::again_in_this_process();
    if (::getppid() == parent) work(pipe);
  } catch (const WorkIsOver&) {
    // What was sent is all that counts.
  } catch (...) {
    status = 1;
  }
  std::cout.flush();
  std::fflush(nullptr);
  ::_exit(status);
}

}  // namespace

bool can_fork() {
  std::error_code error;
  const std::filesystem::directory_iterator threads("/proc/self/task", error);
  return !error && std::distance(begin(threads), end(threads)) == 1;
}

std::size_t jobs_of(const Options& options) {
  return options.jobs > 0 ? options.jobs : std::max(1u, std::thread::hardware_concurrency());
}

WorkerProcesses::~WorkerProcesses() {
  for (Worker& worker : workers_) {
    if (worker.pipe >= 0) ::close(worker.pipe);
    if (worker.process < 0) continue;
    ::kill(worker.process, SIGKILL);
    ::waitpid(worker.process, nullptr, 0);
  }
}

bool WorkerProcesses::add(const std::function<void(int pipe)>& work) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
  std::fflush(nullptr);
  std::cout.flush();
  const pid_t parent = ::getpid();
  const pid_t process = ::fork();
  if (process == 0) {
    ::close(ends[0]);
    run_to_the_end(parent, work, ends[1]);
  }
  ::close(ends[1]);
  if (process < 0) {
    ::close(ends[0]);
    return false;
  }
  workers_.push_back({process, ends[0], {}});
  return true;
}

bool WorkerProcesses::wait(const std::function<void()>& idle) {
  while (read_some()) idle();
  bool well = true;
  for (Worker& worker : workers_) {
    int status = 0;
    while (::waitpid(worker.process, &status, 0) < 0 && errno == EINTR) {
    }
    worker.process = -1;
    well = well && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }
  return well;
}

bool WorkerProcesses::read_some() {
  std::vector<pollfd> open;
  for (const Worker& worker : workers_) {
    if (worker.pipe >= 0) open.push_back({worker.pipe, POLLIN, 0});
  }
  if (open.empty()) return false;
  ::poll(open.data(), open.size(), kPollMilliseconds);
  for (const pollfd& ready : open) {
    if (ready.revents == 0) continue;
    const auto worker = std::find_if(workers_.begin(), workers_.end(),
                                     [&](const Worker& of) { return of.pipe == ready.fd; });
    std::array<std::byte, 4'096> buffer;
    const ssize_t count = ::read(worker->pipe, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      ::close(std::exchange(worker->pipe, -1));
      continue;
    }
    worker->received.insert(worker->received.end(), buffer.begin(), buffer.begin() + count);
  }
  return true;
}

void send(int pipe, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::write(pipe, bytes.data(), bytes.size());
    if (sent < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category());
    if (sent > 0) bytes = bytes.subspan(static_cast<std::size_t>(sent));
  }
}

}  // namespace cocheck::detail
