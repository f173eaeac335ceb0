#include "class_shards.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstring>
#include <span>
#include <sstream>
#include <string>
#include <utility>

#include "cocheck/detail/step_audit.hpp"
#include "cocheck/explorers/guided.hpp"
#include "progress.hpp"
#include "worker_processes.hpp"

namespace cocheck::detail {

namespace {

using End = DporExplorer::End;
using Conflict = DporExplorer::Conflict;

constexpr std::size_t kMaxShards = 1'024;
constexpr std::uint32_t kNone = ~std::uint32_t{0};

/// What the processes tell each other while they work, in memory that they share.
struct Board {
  std::atomic<std::uint32_t> next_shard = 0;
  std::atomic<std::uint32_t> first_failed = kNone;  // the lowest shard with a failure
  std::atomic<std::uint64_t> executions = 0;
  std::array<std::atomic<float>, kMaxShards> progress = {};
};

/// What was found in a shard; the tape of a failure follows it in the pipe.
struct Report {
  std::uint32_t shard = 0;
  End end = End::exhausted;
  bool failed = false;
  bool timers_armed = false;
  std::uint64_t executions = 0;
  std::uint64_t steps = 0;
  std::uint64_t failing = 0;
  AuditStatistics audit;
  std::uint64_t choices = 0;     // in the tape
  std::uint64_t note_bytes = 0;  // behind it: notes for the verdict, a line each
};

struct ShardResult {
  Report report;
  std::vector<std::uint32_t> tape;
  std::string notes;
};

class Worker {
 public:
  Worker(World& world, const Model& model, const Options& options, const Shards& shards,
         const DporExplorer::Picks& picks, Board& board, int pipe, std::uint64_t max_executions,
         std::optional<std::chrono::steady_clock::time_point> deadline)
      : world_(world),
        model_(model),
        options_(options),
        shards_(shards),
        picks_(picks),
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
    DporExplorer::Settings settings = class_settings(options_);
    settings.orders = shards_[shard_];
    settings.picks = picks_;
    settings.on_progress = [&](const DporExplorer& explorer) {
      board_.progress[shard_] = static_cast<float>(explorer.progress());
      tell(explorer.executions());
    };
    StepAudit audit(options_.seed);
    settings.audit = &audit;
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
    report.timers_armed = world_.timers_armed();
    report.choices = tape.size();
    const std::string notes = notes_of(audit, report);
    send(pipe_, std::as_bytes(std::span(&report, 1)));
    send(pipe_, std::as_bytes(std::span(tape)));
    send(pipe_, std::as_bytes(std::span(notes)));
    if (report.failed && options_.stop_at_failure) {
      lower(board_.first_failed, shard_);
    }
    tell(report.executions);
  }

  [[nodiscard]] static std::string notes_of(const StepAudit& audit, Report& report) {
    ClassSearchResult audited;
    add_audit(audited, audit.report());
    report.audit = audited.audit;
    std::string notes;
    for (const std::string& note : audited.notes) notes += note + '\n';
    report.note_bytes = notes.size();
    return notes;
  }

  /// Ends the process where nobody asks for what it may still find.
  void tell(std::uint64_t executions) {
    board_.executions += executions - std::exchange(told_, executions);
    if (board_.executions >= max_executions_ || board_.first_failed < shard_) throw WorkIsOver{};
  }

  World& world_;
  const Model& model_;
  const Options& options_;
  const Shards& shards_;
  const DporExplorer::Picks& picks_;
  Board& board_;
  int pipe_;
  std::uint64_t max_executions_;
  std::optional<std::chrono::steady_clock::time_point> deadline_;
  std::uint32_t shard_ = 0;
  std::uint64_t told_ = 0;  // executions of this shard that the board knows
};

std::vector<ShardResult> results_of(std::span<const std::byte> left) {
  std::vector<ShardResult> results;
  while (left.size() >= sizeof(Report)) {
    ShardResult& result = results.emplace_back();
    std::memcpy(&result.report, left.data(), sizeof(Report));
    left = left.subspan(sizeof(Report));
    result.tape.resize(result.report.choices);
    const std::size_t bytes = result.tape.size() * sizeof(std::uint32_t);
    if (left.size() < bytes + result.report.note_bytes) {  // it ended while it told that
      results.pop_back();
      break;
    }
    if (bytes > 0) std::memcpy(result.tape.data(), left.data(), bytes);
    left = left.subspan(bytes);
    result.notes.assign(reinterpret_cast<const char*>(left.data()), result.report.note_bytes);
    left = left.subspan(result.report.note_bytes);
  }
  return results;
}

/// Those that another part has not given.
void add_notes(ClassSearchResult& whole, const ShardResult& part) {
  whole.audit.breakpoints += part.report.audit.breakpoints;
  whole.audit.instructions += part.report.audit.instructions;
  whole.audit.nanoseconds += part.report.audit.nanoseconds;
  std::istringstream lines(part.notes);
  for (std::string note; std::getline(lines, note);) {
    if (std::find(whole.notes.begin(), whole.notes.end(), note) == whole.notes.end()) {
      whole.notes.push_back(note);
    }
  }
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
  const std::size_t wanted = static_cast<std::size_t>(std::bit_width(jobs)) + 1;
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

std::optional<ClassSearchResult> search_shards(
    World& world, const Model& model, const Options& options, const Shards& shards,
    const DporExplorer::Picks& picks, std::size_t jobs, std::uint64_t max_executions,
    std::optional<std::chrono::steady_clock::time_point> deadline) {
  if (shards.size() > kMaxShards) return std::nullopt;
  const SharedArray<Board> shared(1);
  Board& board = shared[0];
  WorkerProcesses workers;
  for (std::size_t i = 0; i < std::min(jobs, shards.size()); ++i) {
    const bool added = workers.add([&](int pipe) {
      Worker(world, model, options, shards, picks, board, pipe, max_executions, deadline).run();
    });
    if (!added) break;
  }
  if (workers.size() == 0) return std::nullopt;
  Progress progress;
  const bool well = workers.wait([&] {
    double done = 0;
    for (std::size_t i = 0; i < shards.size(); ++i) done += double{board.progress[i]};
    progress.show_executions(board.executions, done / static_cast<double>(shards.size()));
  });
  if (!well) return std::nullopt;

  std::vector<ShardResult> results;
  for (std::size_t i = 0; i < workers.size(); ++i) {
    for (ShardResult& result : results_of(workers.received(i))) {
      results.push_back(std::move(result));
    }
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
    whole.timers_armed = whole.timers_armed || report.timers_armed;
    add_notes(whole, result);
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
  if (board.executions >= max_executions) {
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
