#include "line_server.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <string_view>
#include <utility>

extern char** environ;

namespace cocheck::detail {

namespace {

constexpr timeval kPatience{10, 0};  // for an answer

/// Starts addr2line with this as its standard input and output; whether that was possible.
bool start(int its_end) {
  posix_spawn_file_actions_t actions{};
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, its_end, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, its_end, STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawnattr_t attributes{};
  posix_spawnattr_init(&attributes);
  // In a group of its own, so that Ctrl-C is no matter of it.
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  std::string program = "/proc/" + std::to_string(::getpid()) + "/exe";
  std::array<std::string, 5> words{"addr2line", "-aifC", "-e", program, ""};
  std::array<char*, 5> arguments{words[0].data(), words[1].data(), words[2].data(), words[3].data(),
                                 nullptr};
  pid_t child = -1;
  const int error =
      ::posix_spawnp(&child, "addr2line", &actions, &attributes, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return error == 0;
}

bool is_unknown(std::string_view place) {
  return place.empty() || place.front() == '?' || place.ends_with(":?") || place.ends_with(":0");
}

}  // namespace

LineServer& LineServer::instance() {
  static auto* server = new LineServer();
  if (server->asker_ != ::getpid()) server = new LineServer();
  return *server;
}

LineServer::LineServer() : asker_(::getpid()) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) return;
  const bool started = start(ends[1]);
  ::close(ends[1]);
  if (!started) {
    ::close(ends[0]);
    return;
  }
  socket_ = ends[0];
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
}

const std::vector<SourceLine>& LineServer::lines_at(std::uintptr_t address_in_file) {
  const auto [entry, is_new] = known_.try_emplace(address_in_file);
  if (is_new && socket_ >= 0 && !ask(address_in_file, entry->second)) {
    ::close(std::exchange(socket_, -1));
  }
  return entry->second;
}

/// Behind the address comes 0, of which nothing is known: its answer ends that of the address.
bool LineServer::ask(std::uintptr_t address, std::vector<SourceLine>& lines) {
  std::array<char, 64> question{};
  const int length = std::snprintf(question.data(), question.size(), "0x%zx\n0x0\n",
                                   static_cast<std::size_t>(address));
  if (::send(socket_, question.data(), static_cast<std::size_t>(length), MSG_NOSIGNAL) != length) {
    return false;
  }
  std::string line;
  if (!read_line(line)) return false;  // the address
  while (read_line(line)) {
    const bool at_end = line.starts_with("0x") && line.find_first_not_of("0x") == std::string::npos;
    SourceLine found;
    if (!at_end) found.function = line;
    if (!read_line(line)) return false;
    if (at_end) return read_line(line);
    found.place = line.substr(0, line.find(" (discriminator"));
    if (!is_unknown(found.place)) lines.push_back(std::move(found));
  }
  return false;
}

bool LineServer::read_line(std::string& line) {
  for (std::size_t end = unread_.find('\n');; end = unread_.find('\n')) {
    if (end != std::string::npos) {
      line = unread_.substr(0, end);
      unread_.erase(0, end + 1);
      return true;
    }
    std::array<char, 4096> buffer{};
    const ssize_t count = ::recv(socket_, buffer.data(), buffer.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    unread_.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

}  // namespace cocheck::detail
