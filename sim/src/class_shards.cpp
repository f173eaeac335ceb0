#include "class_shards.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <new>
#include <span>
#include <system_error>
#include <utility>

#include "cocheck/explorers/guided.hpp"
#include "progress.hpp"

namespace cocheck::detail {

namespace {

using End = DporExplorer::End;
using Conflict = DporExplorer::Conflict;

constexpr std::size_t kMaxShards = 1'024;
constexpr std::uint32_t kNone = ~std::uint32_t{0};
constexpr int kPollMilliseconds = 100;

/// What the processes tell each other while they work, in memory that they share.
struct Board {
  std::atomic<std::uint32_t> next_shard = 0;
  std::atomic<std::uint32_t> first_failed = kNone;  // the lowest shard with a failure
  std::atomic<std::uint64_t> executions = 0;
  std::array<std::atomic<float>, kMaxShards> progress = {};
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

/// Memory that stays shared with the processes that are made from this one.
class SharedBoard {
 public:
  SharedBoard()
      : at_(::mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                   0)) {
    if (at_ == MAP_FAILED) throw std::bad_alloc();
    ::new (at_) Board();
  }
  ~SharedBoard() { ::munmap(at_, sizeof(Board)); }
  SharedBoard(const SharedBoard&) = delete;
  SharedBoard& operator=(const SharedBoard&) = delete;

  Board& operator*() const noexcept { return *static_cast<Board*>(at_); }
  Board* operator->() const noexcept { return static_cast<Board*>(at_); }

 private:
  void* at_;
};

/// What was found in a shard; the tape of a failure follows it in the pipe.
struct Report {
  std::uint32_t shard = 0;
  End end = End::exhausted;
  bool failed = false;
  std::uint64_t executions = 0;
  std::uint64_t steps = 0;
  std::uint64_t failing = 0;
  std::uint64_t choices = 0;  // in the tape
};

struct ShardResult {
  Report report;
  std::vector<std::uint32_t> tape;
};

/// The search is over: for this process, too.
struct Stop {};

class Worker {
 public:
  Worker(World& world, const Model& model, const Options& options, const Shards& shards,
         Board& board, int pipe, std::uint64_t max_executions,
         std::optional<std::chrono::steady_clock::time_point> deadline)
      : world_(world),
        model_(model),
        options_(options),
        shards_(shards),
        board_(board),
        pipe_(pipe),
        max_executions_(max_executions),
        deadline_(deadline) {}

  void run() {
    while (true) {
      shard_ = board_.next_shard.fetch_add(1);
      if (shard_ >= shards_.size()) return;
      told_ = 0;
      tell(0);
      search();
    }
  }

 private:
  void search() {
    DporExplorer::Limits limits;
    limits.executions = max_executions_;
    limits.deadline = deadline_;
    DporExplorer::Settings settings;
    settings.stop_at_failure = options_.stop_at_failure;
    settings.orders = shards_[shard_];
    settings.on_progress = [&](const DporExplorer& explorer) {
      board_.progress[shard_] = static_cast<float>(explorer.progress());
      tell(explorer.executions());
    };
    Report report;
    std::vector<std::uint32_t> tape;
    settings.on_failure = [&](const World& failed) {
      if (report.failed) return;
      report.failed = true;
      tape.assign(failed.tape().begin(), failed.tape().end());
    };
    DporExplorer explorer(limits, std::move(settings));
    explorer.next();
    world_.run(model_, explorer);
    board_.progress[shard_] = 1;
    report.shard = shard_;
    report.end = explorer.end();
    report.executions = explorer.executions();
    report.steps = explorer.steps();
    report.failing = explorer.failing();
    report.choices = tape.size();
    send(std::as_bytes(std::span(&report, 1)));
    send(std::as_bytes(std::span(tape)));
    if (report.failed && options_.stop_at_failure) {
      std::uint32_t first = board_.first_failed;
      while (shard_ < first && !board_.first_failed.compare_exchange_weak(first, shard_)) {
      }
    }
    tell(report.executions);
  }

  /// Ends the process where nobody asks for what it may still find.
  void tell(std::uint64_t executions) {
    board_.executions += executions - std::exchange(told_, executions);
    if (board_.executions >= max_executions_ || board_.first_failed < shard_) throw Stop{};
  }

  void send(std::span<const std::byte> bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent = ::write(pipe_, bytes.data(), bytes.size());
      if (sent < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category());
      if (sent > 0) bytes = bytes.subspan(static_cast<std::size_t>(sent));
    }
  }

  World& world_;
  const Model& model_;
  const Options& options_;
  const Shards& shards_;
  Board& board_;
  int pipe_;
  std::uint64_t max_executions_;
  std::optional<std::chrono::steady_clock::time_point> deadline_;
  std::uint32_t shard_ = 0;
  std::uint64_t told_ = 0;  // executions of this shard that the board knows
};

/// A process that works, as its parent sees it.
struct Child {
  pid_t process = -1;
  int pipe = -1;
  std::vector<std::byte> received;
};

/// The processes; they are ended with it.
class Children {
 public:
  Children() = default;
  ~Children() {
    for (Child& child : children_) {
      if (child.pipe >= 0) ::close(child.pipe);
      if (child.process < 0) continue;
      ::kill(child.process, SIGKILL);
      ::waitpid(child.process, nullptr, 0);
    }
  }
  Children(const Children&) = delete;
  Children& operator=(const Children&) = delete;

  /// Makes a process that calls `work`; false if there can be no more.
  template <class Work>
  bool add(Work&& work) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
    std::fflush(nullptr);
    std::cout.flush();
    const pid_t parent = ::getpid();
    const pid_t process = ::fork();
    if (process == 0) {
      ::close(ends[0]);
      run_to_the_end(parent, [&] { work(ends[1]); });
    }
    ::close(ends[1]);
    if (process < 0) {
      ::close(ends[0]);
      return false;
    }
    children_.push_back({process, ends[0], {}});
    return true;
  }

  /// Reads what the processes say until all have ended; whether all have ended well.
  template <class Idle>
  bool wait(Idle&& idle) {
    while (read_some()) idle();
    bool well = true;
    for (Child& child : children_) {
      int status = 0;
      while (::waitpid(std::exchange(child.process, -1), &status, 0) < 0 && errno == EINTR) {
      }
      well = well && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    return well;
  }

  [[nodiscard]] const std::vector<Child>& all() const noexcept { return children_; }

 private:
  template <class Work>
  [[noreturn]] static void run_to_the_end(pid_t parent, Work&& work) {
    int status = 0;
    try {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (::getppid() == parent) work();
    } catch (const Stop&) {
      // What was sent is all that counts.
    } catch (...) {
      status = 1;
    }
    std::cout.flush();
    std::fflush(nullptr);
    ::_exit(status);
  }

  bool read_some() {
    std::vector<pollfd> open;
    for (const Child& child : children_) {
      if (child.pipe >= 0) open.push_back({child.pipe, POLLIN, 0});
    }
    if (open.empty()) return false;
    ::poll(open.data(), open.size(), kPollMilliseconds);
    for (const pollfd& ready : open) {
      if (ready.revents == 0) continue;
      const auto child = std::find_if(children_.begin(), children_.end(),
                                      [&](const Child& of) { return of.pipe == ready.fd; });
      std::array<std::byte, 4'096> buffer;
      const ssize_t count = ::read(child->pipe, buffer.data(), buffer.size());
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) {
        ::close(std::exchange(child->pipe, -1));
        continue;
      }
      child->received.insert(child->received.end(), buffer.begin(), buffer.begin() + count);
    }
    return true;
  }

  std::vector<Child> children_;
};

std::vector<ShardResult> results_of(const Child& child) {
  std::vector<ShardResult> results;
  std::span<const std::byte> left = child.received;
  while (left.size() >= sizeof(Report)) {
    ShardResult& result = results.emplace_back();
    std::memcpy(&result.report, left.data(), sizeof(Report));
    left = left.subspan(sizeof(Report));
    result.tape.resize(result.report.choices);
    const std::size_t bytes = result.tape.size() * sizeof(std::uint32_t);
    if (left.size() < bytes) {  // it ended while it told that
      results.pop_back();
      break;
    }
    if (bytes > 0) std::memcpy(result.tape.data(), left.data(), bytes);
    left = left.subspan(bytes);
  }
  return results;
}

/// Repeats a failing execution in this process.
std::optional<Failure> failure_of(World& world, const Model& model,
                                  std::span<const std::uint32_t> tape) {
  TapeExplorer explorer(tape, Order::any);
  explorer.next();
  world.run(model, explorer);
  return world.failure();
}

}  // namespace

Shards divide(const std::vector<Conflict>& conflicts, std::size_t jobs) {
  const std::size_t wanted = static_cast<std::size_t>(std::bit_width(jobs)) + 2;
  std::vector<Conflict> chosen;
  const auto is_chosen = [&](const Conflict& conflict, bool by_process) {
    return std::any_of(chosen.begin(), chosen.end(), [&](const Conflict& other) {
      const auto is_of_it = [&](const DporExplorer::StepOf& step) {
        return step.process == other.one.process || step.process == other.other.process;
      };
      if (by_process) return is_of_it(conflict.one) || is_of_it(conflict.other);
      return conflict.one == other.one && conflict.other == other.other;
    });
  };
  // Pairs that have no process in common divide most evenly.
  for (const bool by_process : {true, false}) {
    for (const Conflict& conflict : conflicts) {
      if (chosen.size() == wanted) break;
      if (conflict.without > 0 || conflict.conflicts == 0 || is_chosen(conflict, by_process)) {
        continue;
      }
      chosen.push_back(conflict);
    }
  }
  if (chosen.empty()) return {};
  Shards shards(std::size_t{1} << chosen.size());
  for (std::size_t shard = 0; shard < shards.size(); ++shard) {
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      const bool reversed = (shard >> i & 1) != 0;
      shards[shard].push_back({reversed ? chosen[i].other : chosen[i].one,
                               reversed ? chosen[i].one : chosen[i].other, !reversed});
    }
  }
  return shards;
}

bool can_fork() {
  std::error_code error;
  const std::filesystem::directory_iterator threads("/proc/self/task", error);
  return !error && std::distance(begin(threads), end(threads)) == 1;
}

std::optional<ClassSearchResult> search_shards(
    World& world, const Model& model, const Options& options, const Shards& shards,
    std::size_t jobs, std::uint64_t max_executions,
    std::optional<std::chrono::steady_clock::time_point> deadline) {
  if (shards.size() > kMaxShards) return std::nullopt;
  const SharedBoard board;
  Children children;
  for (std::size_t i = 0; i < std::min(jobs, shards.size()); ++i) {
    const bool added = children.add([&](int pipe) {
      Worker(world, model, options, shards, *board, pipe, max_executions, deadline).run();
    });
    if (!added) break;
  }
  if (children.all().empty()) return std::nullopt;
  Progress progress;
  const bool well = children.wait([&] {
    double done = 0;
    for (std::size_t i = 0; i < shards.size(); ++i) done += double{board->progress[i]};
    progress.show_executions(board->executions, done / static_cast<double>(shards.size()));
  });
  if (!well) return std::nullopt;

  std::vector<ShardResult> results;
  for (const Child& child : children.all()) {
    for (ShardResult& result : results_of(child)) results.push_back(std::move(result));
  }
  std::sort(results.begin(), results.end(), [](const ShardResult& one, const ShardResult& other) {
    return one.report.shard < other.report.shard;
  });
  ClassSearchResult whole;
  bool in_time = true;
  for (ShardResult& result : results) {
    const Report& report = result.report;
    whole.executions += report.executions;
    whole.steps += report.steps;
    whole.failing += report.failing;
    if (report.failed && !whole.failure) {
      whole.failure = failure_of(world, model, result.tape);
      if (!whole.failure) return std::nullopt;
      whole.tape = std::move(result.tape);
    }
    in_time = in_time && report.end != End::out_of_time;
    if (report.end != End::exhausted && report.end != End::failure &&
        report.end != End::out_of_executions && report.end != End::out_of_time) {
      return std::nullopt;
    }
    if (report.end == End::failure) {
      whole.end = End::failure;
      return whole;
    }
  }
  if (board->executions >= max_executions) {
    whole.executions = max_executions;
    whole.end = End::out_of_executions;
  } else if (!in_time) {
    whole.end = End::out_of_time;
  } else if (results.size() < shards.size()) {
    return std::nullopt;
  }
  return whole;
}

}  // namespace cocheck::detail
