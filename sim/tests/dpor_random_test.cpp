// Small random programs of all primitives: `dpor` must make exactly one execution of each class
// that there is among all interleavings, and see every end; whatever step it takes where it is
// free. A relation that is broken on purpose must not pass. Prints the seed of a program that
// fails; kFirstSeed set to it repeats that program first.

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "classes.hpp"
#include "cocheck/explorers/dpor.hpp"
#include "cocheck/primitives.hpp"
#include "cocheck/random_stream.hpp"
#include "random_operations.hpp"

namespace cocheck {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kFirstSeed = 1;
constexpr int kPrograms = 20'000;
constexpr std::size_t kMutants = 150;          // programs for a broken relation
constexpr std::uint64_t kMaxExecutions = 250;  // programs with more are left out
constexpr int kShards = 4;                     // that run at the same time

using test::FirstPick;
using test::Operation;
using test::Seen;

/// How the first task ends: with a check that fails, so that all are seen to their end; or when all
/// tasks, one of them or none has ended, so that others may be left behind.
enum class Ending : std::uint8_t { check, all, gathered, first, in_time, soon };

struct Program {
  std::vector<std::vector<Operation>> scripts;
  bool anonymous = false;  // whether the tasks are gathered without handles
  Ending ending = Ending::check;
  Options options;

  friend std::ostream& operator<<(std::ostream& out, const Program& program) {
    out << "always_suspend " << program.options.always_suspend << ", eager "
        << program.options.eager_tasks << (program.anonymous ? ", anonymous" : ", with handles")
        << ", ending " << static_cast<int>(program.ending);
    for (const auto& script : program.scripts) {
      out << "\n  task:";
      for (const Operation operation : script) out << " " << to_string(operation);
    }
    return out;
  }
};

Program random_program(std::uint64_t seed) {
  RandomStream random(seed);
  Program program;
  program.anonymous = random.below(2) == 0;
  program.scripts.resize(2 + random.below(2));
  const std::size_t longest = program.scripts.size() == 2 ? 4 : 3;
  for (auto& script : program.scripts) {
    script.resize(1 + random.below(longest));
    for (Operation& operation : script) {
      operation = static_cast<Operation>(random.below(test::kOperations));
    }
  }
  program.options.always_suspend = random.below(4) == 0;
  program.options.eager_tasks = random.below(6) == 0;
  if (random.below(2) == 0) program.ending = static_cast<Ending>(random.below(6));
  return program;
}

struct Shared : test::Primitives {
  [[nodiscard]] std::string final() const {
    std::string text;
    for (const TaskHandle<>& handle : handles) {
      text += handle.state().cancelled() ? 'c' : handle.state().done() ? 'd' : 'p';
    }
    return text + (lock.locked() ? " locked" : "") + (event.is_set() ? " set" : "") +
           " semaphore " + std::to_string(semaphore.value()) + " queues " +
           std::to_string(queue.qsize()) + std::to_string(priority.qsize()) +
           std::to_string(lifo.qsize()) + (future.done() ? " future" : "") + " last " +
           std::to_string(last);
  }
};

Task<> run_script(Shared& shared, const std::vector<Operation>& script, std::size_t number) {
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < script.size(); ++i) {
    bool refused = false;
    try {
      seen = seen * 31 +
             co_await test::operate(shared, script[i], static_cast<int>(10 * number + i), 0);
    } catch (const Error&) {
      refused = true;
    }
    if (refused) seen = seen * 31 + 7;
  }
}

/// Awaits some of the tasks, whatever becomes of them.
Task<> wait_for_some(Shared& shared, Ending ending) {
  try {
    if (ending == Ending::gathered) {
      auto all = gather(shared.handles);
      co_await all;
    } else if (ending == Ending::first) {
      co_await shared.handles[0];
    } else if (ending == Ending::in_time) {
      co_await wait_for(shared.handles[0], 1ms);
    } else if (ending == Ending::soon) {
      for (int i = 0; i < 3; ++i) co_await sleep(0s);
    }
  } catch (const Error&) {
  } catch (const CancelledError&) {
  }
}

/// `end`, if there is one, is set at the end of every execution, deadlocks included; with
/// Ending::check the others fail with it.
Model model_of(const Program& program, std::string* end) {
  return [&program, end]() -> Task<> {
    Shared shared;
    std::optional<test::AtEnd<Shared>> at_end;
    if (end != nullptr) at_end.emplace(shared, *end);
    std::string outcome;
    if (program.anonymous) {
      std::vector<Task<>> tasks;
      for (std::size_t i = 0; i < program.scripts.size(); ++i) {
        tasks.push_back(run_script(shared, program.scripts[i], i));
      }
      try {
        co_await gather(std::move(tasks));
      } catch (const CancelledError&) {
        outcome = "cancelled";
      }
    } else {
      for (std::size_t i = 0; i < program.scripts.size(); ++i) {
        shared.handles.push_back(create_task(run_script(shared, program.scripts[i], i)));
      }
      if (program.ending == Ending::check || program.ending == Ending::all) {
        auto all = gather(return_exceptions, shared.handles);
        co_await all;
      } else {
        co_await wait_for_some(shared, program.ending);
      }
    }
    if (program.ending != Ending::check) co_return;
    Loop::current().fail({FailureKind::check, outcome + shared.final(), {}});
  };
}

std::string with_failure(const std::string& end, const World& world) {
  if (!world.failure()) return end;
  const Failure& failure = *world.failure();
  return to_string(failure.kind) + std::string(": ") +
         (failure.kind == FailureKind::check ? failure.message : end);
}

Seen search(World& world, const Program& program, DporExplorer::Settings settings,
            std::uint64_t max_executions = ~std::uint64_t{0}) {
  std::set<std::string> ends;
  std::string end;
  settings.on_end = [&](const World& ended) { ends.insert(with_failure(end, ended)); };
  Seen seen =
      test::search(world, model_of(program, &end), std::move(settings), nullptr, max_executions);
  seen.ends = std::move(ends);
  return seen;
}

/// The same where the model changes nothing but its own memory, and nobody looks how it ends: all
/// steps are repeated that can be.
Seen search_quietly(const Program& program, const DporExplorer::Settings& settings) {
  return test::search(model_of(program, nullptr), program.options, settings);
}

Seen search(const Program& program, DporExplorer::Settings settings,
            std::uint64_t max_executions = ~std::uint64_t{0}) {
  World world(program.options);
  return search(world, program, std::move(settings), max_executions);
}

/// Every interleaving, one by one.
Seen all_interleavings(const Program& program) {
  DporExplorer::Settings settings;
  settings.reduce = false;
  return search(program, settings, kMaxExecutions);
}

std::uint64_t exhaustive_executions(const Program& program) {
  std::string end;
  return test::exhaustive_executions(model_of(program, &end), program.options);
}

class ClassesOfRandomPrograms : public ::testing::TestWithParam<int> {};

TEST_P(ClassesOfRandomPrograms, AreEachSeenOnce) {
  int checked = 0;
  int in_parts = 0;
  std::uint64_t interleavings = 0;
  std::uint64_t executions = 0;
  std::uint64_t blocked = 0;
  std::uint64_t repeated = 0;
  for (std::uint64_t seed = kFirstSeed + static_cast<std::uint64_t>(GetParam());
       checked < kPrograms / kShards; seed += kShards) {
    const Program program = random_program(seed);
    const Seen all = all_interleavings(program);
    if (all.end == DporExplorer::End::out_of_executions) continue;
    ++checked;
    const auto where = [&] { return ::testing::Message() << "seed " << seed << ": " << program; };
    ASSERT_EQ(all.end, DporExplorer::End::exhausted) << where();
    DporExplorer::Settings settings;
    settings.first_pick = static_cast<FirstPick>(seed / kShards % 4);
    settings.seed = seed;
    settings.checks_repeated = checked % 4 == 0;
    World world(program.options);
    const Seen reduced = search(world, program, settings);
    ASSERT_EQ(reduced.end, DporExplorer::End::exhausted) << where();
    ASSERT_EQ(reduced.ends, all.ends) << where();
    ASSERT_EQ(reduced.classes, all.classes) << where();
    ASSERT_EQ(reduced.wrongly_repeated, 0u) << where();
    ASSERT_EQ(reduced.executions, reduced.classes) << "a class was seen twice; " << where();
    if (checked % 4 == 1) {
      const Seen quiet = search_quietly(program, settings);
      ASSERT_EQ(quiet.end, DporExplorer::End::exhausted) << where();
      ASSERT_EQ(quiet.executions, reduced.executions) << where();
      ASSERT_EQ(quiet.classes, reduced.classes) << where();
      ASSERT_EQ(quiet.failing, reduced.failing) << where();
      DporExplorer::Settings every_order;
      every_order.reduce = false;
      every_order.checks_repeated = true;
      const Seen checked_twice = search_quietly(program, every_order);
      ASSERT_EQ(checked_twice.wrongly_repeated, 0u) << where();
      ASSERT_EQ(checked_twice.executions, all.executions) << where();
      ASSERT_EQ(checked_twice.classes, all.classes) << where();
      repeated += quiet.repeated + checked_twice.repeated;
    }
    settings.picks = reduced.picks;
    const auto divided = test::search_divided(reduced.conflicts, [&](auto orders) {
      settings.orders = std::move(orders);
      return search(world, program, settings);
    });
    if (divided) {
      ASSERT_EQ(divided->ends, all.ends) << "in parts; " << where();
      ASSERT_EQ(divided->classes, all.classes) << "in parts; " << where();
      ASSERT_EQ(divided->executions, all.classes) << "in parts; " << where();
      if (!reduced.conflicts.empty()) ++in_parts;
    }
    if (checked % 16 == 0) {
      ASSERT_EQ(all.executions, exhaustive_executions(program)) << where();
    }
    interleavings += all.executions;
    executions += reduced.executions;
    blocked += reduced.blocked;
  }
  EXPECT_GT(in_parts, checked / 5);
  EXPECT_LT(executions, interleavings / 4) << "too little is independent in them";
  EXPECT_LT(blocked, executions / 1'000);
  EXPECT_GT(repeated, executions) << "too few steps are known in them";
}

INSTANTIATE_TEST_SUITE_P(Shards, ClassesOfRandomPrograms, ::testing::Range(0, kShards));

/// Whether one of some programs tells that accesses to some words are not seen.
int noticed_without_words(std::uint64_t modulus, std::uint64_t remainder) {
  int noticed = 0;
  std::size_t checked = 0;
  for (std::uint64_t seed = kFirstSeed; checked < kMutants; ++seed) {
    const Program program = random_program(seed);
    const Seen all = all_interleavings(program);
    if (all.end != DporExplorer::End::exhausted || all.classes < 3) continue;
    ++checked;
    DporExplorer::Settings settings;
    settings.ignored_modulus = modulus;
    settings.ignored_remainder = remainder;
    try {
      if (search(program, settings).ends != all.ends) ++noticed;
    } catch (const NotDeterministic&) {  // a step was taken for possible that is not
      ++noticed;
    }
  }
  return noticed;
}

TEST(BrokenDependence, ThatMissesEveryWordLosesEnds) {
  EXPECT_GT(noticed_without_words(1, 0), static_cast<int>(kMutants) / 10);
}

TEST(BrokenDependence, ThatMissesHalfOfTheWordsLosesEnds) {
  EXPECT_GT(noticed_without_words(2, 0), 0);
  EXPECT_GT(noticed_without_words(2, 1), 0);
}

}  // namespace
}  // namespace cocheck
