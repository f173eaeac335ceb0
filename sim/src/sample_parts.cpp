#include "cocheck/detail/sample_parts.hpp"

#include <algorithm>
#include <atomic>

#include "cocheck/detail/interrupt.hpp"
#include "cocheck/detail/outside_memory.hpp"
#include "cocheck/random_stream.hpp"
#include "distinct_tapes.hpp"
#include "worker_processes.hpp"

namespace cocheck::detail {

namespace {

constexpr std::uint64_t kMaxParts = 4'096;

/// A part that was made.
struct Made {
  std::atomic<bool> whole = false;
  std::uint64_t steps = 0;
  double chance = 0;
};

/// What the processes tell each other.
struct Board {
  std::atomic<std::uint64_t> next = 0;
  std::atomic<std::uint64_t> end = ~std::uint64_t{0};  // what comes from there on is not asked for
};

[[nodiscard]] bool passes(const World& world) {
  return !world.failure() && !world.cut() && !world.out_of_memory() && world.blocks_held() == 0;
}

/// Whether something was noticed outside that takes all worth from what is found.
[[nodiscard]] bool outside_matters(const World& world) {
  const OutsideMemory* const outside = world.outside();
  return outside != nullptr && (outside->steered() || outside->untracked() != nullptr);
}

}  // namespace

std::unique_ptr<Explorer> SampleParts::make(std::uint64_t part) const {
  return make_(part == 0 ? seed_ : RandomStream(seed_ + part).next());
}

PassingParts make_parts(World& world, const Model& model, const SampleParts& parts,
                        std::uint64_t count, std::size_t jobs,
                        std::optional<std::chrono::steady_clock::time_point> deadline) {
  count = std::min(count, kMaxParts);
  const SharedArray<Board> boards(1);
  Board& board = boards[0];
  board.end = count;
  const SharedArray<Made> made(count);
  const SharedArray<std::uint64_t> hashes(count * SampleParts::kPart);

  const bool mattered = outside_matters(world);
  const auto make = [&](std::uint64_t part) {
    const std::unique_ptr<Explorer> explorer = parts.make(parts.next() + part);
    for (std::uint64_t i = 0; i < SampleParts::kPart; ++i) {
      if (board.end <= part) return false;
      if (i % kExecutionsBetweenTimeChecks == 0 && time_is_up(deadline)) return false;
      if (!explorer->next()) return false;
      world.run(model, *explorer);
      if (!passes(world) || outside_matters(world) != mattered) return false;
      made[part].steps += world.steps();
      hashes[part * SampleParts::kPart + i] =
          DistinctTapes::hash_of(world.tape(), explorer->order());
    }
    made[part].chance = explorer->chance();
    made[part].whole = true;
    return true;
  };
  WorkerProcesses workers;
  for (std::size_t i = 0; i < std::min<std::uint64_t>(jobs, count); ++i) {
    const bool added = workers.add([&](int) {
      for (std::uint64_t part = board.next++; part < board.end; part = board.next++) {
        try {
          if (!make(part)) lower(board.end, part);
        } catch (...) {
          lower(board.end, part);
          throw;
        }
      }
    });
    if (!added) break;
  }
  // One that has crashed has left its part unfinished, which tells as much.
  (void)workers.wait([] {});

  PassingParts result;
  for (; result.parts < count && made[result.parts].whole; ++result.parts) {
    const Made& part = made[result.parts];
    result.steps += part.steps;
    result.chance = std::min(result.chance, part.chance);
  }
  result.all = result.parts == count;
  const std::uint64_t executions = result.parts * SampleParts::kPart;
  if (executions > 0) result.hashes.assign(&hashes[0], &hashes[0] + executions);
  return result;
}

}  // namespace cocheck::detail
