// Small random programs of all primitives, each explored completely. Prints the seed of a program
// that fails; kFirstSeed set to it repeats that program first.

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cocheck/detail/recorder.hpp"
#include "cocheck/explore.hpp"
#include "cocheck/explorers/exhaustive.hpp"
#include "cocheck/explorers/fifo.hpp"
#include "cocheck/explorers/random.hpp"
#include "cocheck/explorers/replay.hpp"
#include "cocheck/random_stream.hpp"
#include "cocheck/schedule_line.hpp"
#include "random_operations.hpp"

namespace cocheck {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kFirstSeed = 1;
constexpr int kPrograms = 800;
constexpr int kMaxExecutions = 10'000;  // programs with more are left out
constexpr int kReplaysPerProgram = 40;
constexpr int kRandomExecutions = 50;

struct Step {
  test::Operation operation;
  std::size_t target;  // of a cancellation
};

struct Program {
  std::vector<std::vector<Step>> tasks;
  Options options;

  friend std::ostream& operator<<(std::ostream& out, const Program& program) {
    out << "always_suspend " << program.options.always_suspend << ", eager "
        << program.options.eager_tasks << ", clock " << to_string(program.options.clock)
        << ", cancellations " << program.options.cancellations;
    for (const auto& task : program.tasks) {
      out << "\n  task:";
      for (const Step& step : task) {
        out << " " << to_string(step.operation);
        if (step.operation == test::Operation::cancel) out << "(" << step.target << ")";
      }
    }
    return out;
  }
};

Program random_program(std::uint64_t seed) {
  RandomStream random(seed);
  Program program;
  program.tasks.resize(2 + random.below(2));
  const std::size_t longest = program.tasks.size() == 2 ? 4 : 3;
  for (auto& task : program.tasks) {
    task.resize(1 + random.below(longest));
    for (Step& step : task) {
      step.operation = static_cast<test::Operation>(random.below(test::kPlainOperations));
      step.target = random.below(program.tasks.size());
    }
  }
  program.options.always_suspend = random.below(4) == 0;
  program.options.eager_tasks = random.below(4) == 0;
  program.options.clock = random.below(4) == 0 ? Clock::race : Clock::idle;
  program.options.cancellations = random.below(6) == 0 ? 1 : 0;
  return program;
}

/// One execution of a program: what the tasks share, and in which order they did what.
struct Execution : test::Primitives {
  explicit Execution(const Program& program_in) : program(program_in) {}

  void log(std::size_t task, std::size_t operation, const std::string& result) {
    order += static_cast<char>('a' + task) + std::to_string(operation) + result + " ";
  }
  [[nodiscard]] std::string final() const {
    std::string text = order + "|";
    for (const TaskHandle<>& handle : handles) {
      text += handle.cancelled() ? 'c' : handle.done() ? 'd' : 'p';
    }
    return text + (lock.locked() ? " locked" : "") + (event.is_set() ? " set" : "") + " " +
           std::to_string(semaphore.value()) + " " + std::to_string(queue.qsize()) + " @" +
           std::to_string(end);
  }

  const Program& program;
  std::string order;
  std::int64_t end = 0;
};

Task<> interpret(Execution& execution, std::size_t task) {
  for (std::size_t i = 0; i < execution.program.tasks[task].size(); ++i) {
    const Step& step = execution.program.tasks[task][i];
    bool refused = false;
    try {
      const std::uint64_t result = co_await test::operate(
          execution, step.operation, static_cast<int>(10 * task + i), step.target);
      execution.log(task, i, "=" + std::to_string(result));
    } catch (const Error&) {
      refused = true;
    }
    if (refused) execution.log(task, i, "!");
  }
}

/// Gives the final state of every execution of `model` to `final`, deadlocks included.
Model model_of(const Program& program, std::string& final) {
  return [&]() -> Task<> {
    Execution execution(program);
    const test::AtEnd at_end(execution, final);
    for (std::size_t task = 0; task < program.tasks.size(); ++task) {
      execution.handles.push_back(create_task(interpret(execution, task)));
    }
    auto all = gather(return_exceptions, execution.handles);
    co_await all;
    execution.end = LoopClock::now().time_since_epoch().count();
  };
}

Schedule schedule_of(const detail::Recorder& recorder, const Options& options) {
  Schedule schedule;
  schedule.choices = recorder.choices();
  schedule.options = {{"order", "any"},
                      {"clock", to_string(options.clock)},
                      {"cancellations", std::to_string(options.cancellations)},
                      {"always_suspend", options.always_suspend ? "yes" : "no"},
                      {"eager_tasks", options.eager_tasks ? "yes" : "no"}};
  return schedule;
}

class RandomPrograms : public ::testing::Test {
 protected:
  /// Runs `check` for programs that are small enough to be explored completely, with the final
  /// states of all their executions.
  template <class Check>
  void for_each_program(Check check) {
    int checked = 0;
    std::size_t finals_seen = 0;
    for (int k = 0; k < kPrograms; ++k) {
      const std::uint64_t seed = kFirstSeed + static_cast<std::uint64_t>(k);
      const Program program = random_program(seed);
      std::string final;
      const Model model = model_of(program, final);
      World world(program.options);
      ExhaustiveExplorer explorer;
      std::set<std::string> finals;
      int executions = 0;
      while (executions <= kMaxExecutions && explorer.next()) {
        world.run(model, explorer);
        finals.insert(final);
        ++executions;
      }
      if (executions > kMaxExecutions) continue;
      EXPECT_TRUE(explorer.exhausted());
      ++checked;
      finals_seen += finals.size();
      SCOPED_TRACE(::testing::Message() << "seed " << seed << ": " << program);
      check(program, model, final, finals, seed);
      if (HasFailure()) return;
    }
    EXPECT_GT(checked, kPrograms / 2) << "too few programs are small enough";
    EXPECT_GT(finals_seen, static_cast<std::size_t>(5 * checked)) << "too little happens in them";
  }
};

TEST_F(RandomPrograms, FifoGivesOneOfTheFinalStatesOfAnyOrder) {
  for_each_program([](const Program& program, const Model& model, const std::string& final,
                      const std::set<std::string>& finals, std::uint64_t) {
    World world(program.options);
    FifoExplorer explorer;
    ASSERT_TRUE(explorer.next());
    world.run(model, explorer);
    EXPECT_TRUE(finals.contains(final)) << final;
  });
}

TEST_F(RandomPrograms, RandomGivesOnlyFinalStatesOfAnyOrder) {
  for_each_program([](const Program& program, const Model& model, const std::string& final,
                      const std::set<std::string>& finals, std::uint64_t seed) {
    World world(program.options);
    RandomExplorer explorer(seed);
    for (int i = 0; i < kRandomExecutions; ++i) {
      ASSERT_TRUE(explorer.next());
      world.run(model, explorer);
      ASSERT_TRUE(finals.contains(final)) << final;
    }
  });
}

TEST_F(RandomPrograms, EverySchedulesReplayGivesTheSameFinalState) {
  for_each_program([](const Program& program, const Model& model, const std::string& final,
                      const std::set<std::string>&, std::uint64_t seed) {
    World world(program.options);
    ExhaustiveExplorer explorer;
    RandomStream random(seed);
    int replays = 0;
    for (int execution = 0; replays < kReplaysPerProgram && explorer.next(); ++execution) {
      detail::Recorder recorder;
      world.run(model, explorer, &recorder);
      if (execution > 20 && random.below(8) > 0) continue;
      ++replays;
      const std::string expected = final;
      const auto failure = world.failure();
      const Schedule schedule = schedule_of(recorder, program.options);
      for (const Schedule& form : {schedule, schedule_from_line(to_line(schedule))}) {
        const Verdict verdict = replay(model, form);
        ASSERT_EQ(final, expected) << to_line(schedule);
        ASSERT_EQ(verdict.failure.has_value(), failure.has_value()) << verdict.report();
        if (failure) {
          ASSERT_EQ(verdict.failure->message, failure->message);
        } else {
          ASSERT_EQ(verdict.kind, Verdict::Kind::sampled) << verdict.report();
        }
        ASSERT_EQ(verdict.recording->schedule.choices, schedule.choices);
        ASSERT_EQ(verdict.recording->trace, recorder.trace());
      }
    }
  });
}

/// The events of a trace must be about tasks that it names, and every choice about one of them.
TEST_F(RandomPrograms, RecordingsNameEveryTask) {
  for_each_program([](const Program& program, const Model& model, const std::string&,
                      const std::set<std::string>&, std::uint64_t seed) {
    World world(program.options);
    RandomExplorer explorer(seed);
    ASSERT_TRUE(explorer.next());
    detail::Recorder recorder;
    world.run(model, explorer, &recorder);
    std::set<std::string> tasks{""};
    for (const TraceTask& task : recorder.trace().tasks) tasks.insert(task.id);
    EXPECT_EQ(tasks.size(), program.tasks.size() + 2);
    for (const TraceEvent& event : recorder.trace().events) {
      EXPECT_TRUE(tasks.contains(event.task)) << event.task;
      EXPECT_TRUE(tasks.contains(event.peer)) << event.peer;
    }
    for (const Choice& choice : recorder.choices()) {
      EXPECT_TRUE(tasks.contains(choice.task)) << choice.task;
      EXPECT_FALSE(choice.label.empty());
    }
    for (const StuckTask& stuck : recorder.trace().stuck) {
      EXPECT_TRUE(tasks.contains(stuck.task)) << stuck.task;
      EXPECT_TRUE(tasks.contains(stuck.holder)) << stuck.holder;
    }
  });
}

}  // namespace
}  // namespace cocheck
