// Small random programs of all primitives: `states`, with folding and without, must see what
// `exhaustive` sees: the same ends, failures and deadlocks, and states that stand for exactly as
// many schedules. A fingerprint that is broken on purpose must not pass. Prints the seed of a
// program that fails; kFirstSeed set to it repeats that program first.

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cocheck/detail/model_memory.hpp"
#include "cocheck/detail/sanitizers.hpp"
#include "cocheck/explorers/exhaustive.hpp"
#include "cocheck/explorers/states.hpp"
#include "cocheck/primitives.hpp"
#include "cocheck/random_stream.hpp"
#include "random_operations.hpp"

namespace cocheck {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kFirstSeed = 1;
constexpr int kPrograms = COCHECK_ADDRESS_SANITIZER ? 600 : 20'000;
constexpr std::size_t kMutants = 60;  // programs for a broken fingerprint
constexpr int kMaxExecutions = 250;   // programs with more are left out
constexpr int kShards = 4;            // that run at the same time

using test::Operation;

using Script = std::vector<Operation>;

struct Program {
  std::vector<Script> scripts;
  std::vector<std::size_t> tasks;  // the script of each
  bool anonymous = false;          // whether nothing tells tasks with one script apart
  Options options;

  friend std::ostream& operator<<(std::ostream& out, const Program& program) {
    out << "always_suspend " << program.options.always_suspend << ", eager "
        << program.options.eager_tasks << ", clock " << to_string(program.options.clock)
        << ", cancellations " << program.options.cancellations
        << (program.anonymous ? ", anonymous" : ", with handles");
    for (const std::size_t script : program.tasks) {
      out << "\n  task " << script << ":";
      for (const Operation operation : program.scripts[script]) {
        out << " " << to_string(operation);
      }
    }
    return out;
  }
};

Program random_program(std::uint64_t seed) {
  RandomStream random(seed);
  Program program;
  program.anonymous = random.below(2) == 0;
  const std::size_t tasks = 2 + random.below(program.anonymous ? 3 : 2);
  const std::size_t scripts = program.anonymous ? 1 + random.below(2) : tasks;
  const std::size_t longest = tasks == 2 ? 4 : tasks == 3 ? 3 : 2;
  program.scripts.resize(scripts);
  for (Script& script : program.scripts) {
    script.resize(1 + random.below(longest));
    for (Operation& operation : script) {
      operation = static_cast<Operation>(random.below(test::kOperations));
      // Rare: with these states are told apart by more.
      if (operation >= Operation::clock && random.below(8) != 0) operation = Operation::yield;
    }
  }
  for (std::size_t i = 0; i < tasks; ++i) {
    program.tasks.push_back(program.anonymous ? random.below(scripts) : i);
  }
  program.options.always_suspend = random.below(6) == 0;
  program.options.eager_tasks = random.below(6) == 0;
  program.options.clock = random.below(4) == 0 ? Clock::race : Clock::idle;
  program.options.cancellations = random.below(8) == 0 ? 1 : 0;
  return program;
}

/// What the tasks of a program share, and what remains of what they did: a sum, so that the order
/// in which it was added does not show.
struct Shared : test::Primitives {
  explicit Shared(const Program& program_in) : program(program_in) {}

  void add(std::size_t script, std::size_t operation, std::uint64_t result) {
    std::uint64_t value = (script * 64 + operation + 1) * 0x9e37'79b9'7f4a'7c15u + result;
    value ^= value >> 31;
    sum += value * 0xbf58'476d'1ce4'e5b9u;
  }
  [[nodiscard]] std::string final() const {
    std::string text;
    for (const TaskHandle<>& handle : handles) {
      text += handle.state().cancelled() ? 'c' : handle.state().done() ? 'd' : 'p';
    }
    return text + (lock.locked() ? " locked" : "") + (event.is_set() ? " set" : "") +
           " semaphore " + std::to_string(semaphore.value()) + " queues " +
           std::to_string(queue.qsize()) + std::to_string(priority.qsize()) +
           std::to_string(lifo.qsize()) + (future.done() ? " future" : "") + " sum " +
           std::to_string(sum) + " last " + std::to_string(last);
  }

  const Program& program;
  std::uint64_t sum = 0;
};

Task<> run_script(Shared& shared, std::size_t script) {
  for (std::size_t i = 0; i < shared.program.scripts[script].size(); ++i) {
    bool refused = false;
    try {
      const int item = static_cast<int>(10 * script + i);
      shared.add(script, i,
                 co_await test::operate(shared, shared.program.scripts[script][i], item, 0));
    } catch (const Error&) {
      refused = true;
    }
    if (refused) shared.add(script, i, 999);
  }
}

/// `end` is set at the end of every execution, deadlocks included. The others fail with it: when
/// the first task has returned, nothing of it is left, and its states are all the same.
Model model_of(const Program& program, std::string& end) {
  return [&]() -> Task<> {
    Shared shared(program);
    const test::AtEnd at_end(shared, end);
    std::string outcome;
    if (program.anonymous) {
      std::vector<Task<>> tasks;
      for (const std::size_t script : program.tasks) tasks.push_back(run_script(shared, script));
      try {
        co_await gather(std::move(tasks));
      } catch (const CancelledError&) {
        outcome = "cancelled";
      }
    } else {
      for (const std::size_t script : program.tasks) {
        shared.handles.push_back(create_task(run_script(shared, script)));
      }
      auto all = gather(return_exceptions, shared.handles);
      co_await all;
    }
    Loop::current().fail({FailureKind::check, outcome + shared.final(), {}});
  };
}

/// What all executions of a program end with.
struct Ends {
  std::set<std::string> all;
  long double schedules = 0;
  std::size_t states = 0;
  StatesExplorer::End reason = StatesExplorer::End::exhausted;
};

std::string with_failure(const std::string& end, const World& world) {
  if (!world.failure()) return end;
  const Failure& failure = *world.failure();
  // Other messages name tasks.
  return to_string(failure.kind) + std::string(": ") +
         (failure.kind == FailureKind::check ? failure.message : end);
}

/// Nothing where there are too many executions.
std::optional<Ends> exhaustive_ends(const Program& program) {
  Ends ends;
  std::string end;
  const Model model = model_of(program, end);
  World world(program.options);
  ExhaustiveExplorer explorer;
  int executions = 0;
  while (explorer.next()) {
    if (++executions > kMaxExecutions) return std::nullopt;
    world.run(model, explorer);
    ends.all.insert(with_failure(end, world));
  }
  ends.schedules = executions;
  return ends;
}

Ends states_ends(const Program& program, bool fold, bool breadth_first,
                 detail::FingerprintDefect defect = {}) {
  std::string end;
  const Model model = model_of(program, end);
  StatesExplorer::Settings settings;
  settings.fold = fold;
  settings.breadth_first = breadth_first;
  settings.stop_at_failure = false;
  settings.defect = defect;
  while (true) {
    Ends ends;
    settings.on_end = [&](const World& world) { ends.all.insert(with_failure(end, world)); };
    World world(program.options);
    StatesExplorer::Limits limits;
    limits.steps = 1'000'000;
    StatesExplorer explorer(limits, settings);
    explorer.next();
    world.run(model, explorer);
    ends.reason = explorer.end();
    if (ends.reason == StatesExplorer::End::reads_names) {
      settings.fold = false;
      continue;
    }
    if (ends.reason == StatesExplorer::End::reads_clock) {
      settings.with_time = true;
      continue;
    }
    ends.states = explorer.graph().size();
    ends.schedules = explorer.graph().count_paths().value_or(0);
    return ends;
  }
}

class StatesOfRandomPrograms : public ::testing::TestWithParam<int> {};

TEST_P(StatesOfRandomPrograms, AreWhatExhaustiveSees) {
  int checked = 0;
  int folded = 0;
  std::uint64_t ends_seen = 0;
  std::uint64_t executions = 0;
  std::uint64_t states = 0;
  for (std::uint64_t seed = kFirstSeed + static_cast<std::uint64_t>(GetParam());
       checked < kPrograms / kShards; seed += kShards) {
    const Program program = random_program(seed);
    const std::optional<Ends> expected = exhaustive_ends(program);
    if (!expected) continue;
    ++checked;
    const Ends with_folding = states_ends(program, true, false);
    const Ends without = states_ends(program, false, false);
    const std::string where = "seed " + std::to_string(seed);
    for (const Ends* found : {&with_folding, &without}) {
      ASSERT_EQ(found->reason, StatesExplorer::End::exhausted) << where << "\n" << program;
      ASSERT_EQ(found->all, expected->all) << where << "\n" << program;
      ASSERT_EQ(found->schedules, expected->schedules) << where << "\n" << program;
    }
    ASSERT_LE(with_folding.states, without.states) << where << "\n" << program;
    if (with_folding.states < without.states) ++folded;
    if (checked % 10 == 0) {
      const Ends broad = states_ends(program, true, true);
      ASSERT_EQ(broad.all, expected->all) << where << "\n" << program;
      ASSERT_EQ(broad.schedules, expected->schedules) << where << "\n" << program;
    }
    ends_seen += expected->all.size();
    executions += static_cast<std::uint64_t>(expected->schedules);
    states += with_folding.states;
  }
  EXPECT_GT(ends_seen, static_cast<std::uint64_t>(checked + checked / 4))
      << "too little happens in them";
  EXPECT_GT(folded, checked / 10) << "too few have equal tasks";
  EXPECT_LT(states, executions) << "too few states are met again";
}

INSTANTIATE_TEST_SUITE_P(Shards, StatesOfRandomPrograms, ::testing::Range(0, kShards));

/// Programs of which no execution may be missed for a fingerprint that is broken on purpose.
class BrokenFingerprint : public ::testing::Test {
 protected:
  void SetUp() override {
    for (std::uint64_t seed = kFirstSeed; programs_.size() < kMutants; ++seed) {
      const Program program = random_program(seed);
      const std::optional<Ends> expected = exhaustive_ends(program);
      if (!expected || expected->schedules < 20) continue;
      programs_.push_back(program);
      expected_.push_back(*expected);
    }
  }

  /// Whether one of the programs gives it away.
  [[nodiscard]] bool is_noticed(const detail::FingerprintDefect& defect) const {
    for (std::size_t i = 0; i < programs_.size(); ++i) {
      const Ends found = states_ends(programs_[i], true, false, defect);
      if (found.reason != StatesExplorer::End::exhausted || found.all != expected_[i].all ||
          found.schedules != expected_[i].schedules) {
        return true;
      }
    }
    return false;
  }

 private:
  std::vector<Program> programs_;
  std::vector<Ends> expected_;
};

TEST_F(BrokenFingerprint, IsNotBrokenWithoutADefect) {
  EXPECT_FALSE(is_noticed({}));
}

// Some words hold nothing that matters, such as addresses of functions that are the same always.
TEST_F(BrokenFingerprint, ThatLeavesOutAWordIsNoticed) {
  int noticed = 0;
  for (std::size_t word = 0; word < 192; ++word) {
    if (is_noticed({.dropped_word = word})) ++noticed;
  }
  std::cout << noticed << " of 192 words are missed\n";
  EXPECT_GE(noticed, 2);
}

TEST_F(BrokenFingerprint, ThatFoldsDifferentTasksIsNoticed) {
  EXPECT_TRUE(is_noticed({.merges_different_tasks = true}));
}

}  // namespace
}  // namespace cocheck
