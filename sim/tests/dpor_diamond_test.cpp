// The relation of the strategy `dpor` is right where its independent steps form diamonds: in every
// reachable state of small programs, each two of them are taken in both orders. And where each
// class of executions has all orders of its steps that the relation allows.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ostream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "cocheck/primitives.hpp"
#include "cocheck/random_stream.hpp"
#include "diamond.hpp"
#include "random_operations.hpp"

namespace cocheck {
namespace {

using namespace std::chrono_literals;
using test::DiamondExplorer;
using test::Operation;

/// How the first task awaits the others.
enum class Tasks : std::uint8_t { with_handles, gathered, in_group };
constexpr std::array<const char*, 3> kTasksNames = {"with handles", "gathered", "in a group"};

struct Program {
  std::vector<std::vector<Operation>> scripts;
  Tasks tasks = Tasks::with_handles;
  Options options;

  /// Which a search over classes does not support.
  [[nodiscard]] bool draws() const {
    return std::any_of(scripts.begin(), scripts.end(), [](const auto& script) {
      return std::find(script.begin(), script.end(), Operation::draw) != script.end();
    });
  }

  friend std::ostream& operator<<(std::ostream& out, const Program& program) {
    out << "always_suspend " << program.options.always_suspend << ", eager "
        << program.options.eager_tasks << ", "
        << kTasksNames[static_cast<std::size_t>(program.tasks)];
    for (const auto& script : program.scripts) {
      out << "\n  task:";
      for (const Operation operation : script) out << " " << to_string(operation);
    }
    return out;
  }
};

Task<> run_script(test::Primitives& shared, const std::vector<Operation>& script,
                  std::size_t number) {
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

Task<> model_of(const Program& program) {
  test::Primitives shared;
  std::vector<Task<>> tasks;
  for (std::size_t i = 0; i < program.scripts.size(); ++i) {
    tasks.push_back(run_script(shared, program.scripts[i], i));
  }
  if (program.tasks == Tasks::in_group) {
    TaskGroup group;
    const auto body = [&]() -> Task<> {
      for (Task<>& task : tasks) group.create_task(std::move(task));
      co_return;
    };
    co_await group.run(body);
  } else if (program.tasks == Tasks::gathered) {
    co_await gather(std::move(tasks));
  } else {
    for (Task<>& task : tasks) shared.handles.push_back(create_task(std::move(task)));
    auto all = gather(return_exceptions, shared.handles);
    co_await all;
  }
}

/// What was seen of some programs.
struct Seen {
  std::size_t programs = 0;
  std::size_t wrong = 0;  // programs
  std::size_t states = 0;
  std::size_t pairs = 0;
  std::size_t independent = 0;
  std::size_t executions = 0;
  std::size_t classes = 0;
  std::string first;  // what was wrong

  void look_at(const Program& program, const DiamondExplorer::Settings& settings = {}) {
    std::ostringstream name;
    name << program;
    look_at([&] { return model_of(program); }, program.options, settings, name.str());
  }
  void look_at(const Model& model, const Options& options,
               const DiamondExplorer::Settings& settings, const std::string& name) {
    World world(options);
    DiamondExplorer explorer(settings);
    explorer.next();
    world.run(model, explorer);
    std::vector<std::string> found = explorer.violations();
    executions += explorer.executions();
    classes += explorer.classes();
    if (found.empty() && settings.max_executions == 0) {
      test::WholeStateExplorer whole(explorer.independent());
      whole.next();
      world.run(model, whole);
      found = whole.violations();
    }
    ++programs;
    states += explorer.states();
    pairs += explorer.pairs();
    independent += explorer.independent().size();
    if (found.empty()) return;
    if (wrong++ == 0) first = name + "\n" + found.front();
  }
};

Program random_program(std::uint64_t seed) {
  RandomStream random(seed);
  Program program;
  program.tasks = static_cast<Tasks>(random.below(3));
  program.scripts.resize(2 + random.below(2));
  for (auto& script : program.scripts) {
    script.resize(1 + random.below(3));
    for (Operation& operation : script) {
      operation = static_cast<Operation>(random.below(test::kOperations));
      if (operation == Operation::draw) operation = Operation::yield;  // see DporExplorer
    }
  }
  program.options.always_suspend = random.below(4) == 0;
  program.options.eager_tasks = random.below(6) == 0;
  return program;
}

class DiamondsOfPairs : public ::testing::TestWithParam<Tasks> {};

TEST_P(DiamondsOfPairs, OfAllOperations) {
  Seen seen;
  for (std::size_t one = 0; one < test::kOperations; ++one) {
    for (std::size_t other = one; other < test::kOperations; ++other) {
      Program program;
      program.tasks = GetParam();
      program.scripts = {{static_cast<Operation>(one)}, {static_cast<Operation>(other)}};
      if (program.draws()) continue;
      seen.look_at(program);
    }
  }
  EXPECT_EQ(seen.wrong, 0u) << seen.first;
  EXPECT_GT(seen.independent, seen.pairs / 2);
  EXPECT_GT(seen.independent, 5'000u);
}

INSTANTIATE_TEST_SUITE_P(Tasks, DiamondsOfPairs,
                         ::testing::Values(Tasks::with_handles, Tasks::gathered, Tasks::in_group));

TEST(Diamonds, OfRandomPrograms) {
  Seen seen;
  DiamondExplorer::Settings settings;
  settings.max_states = 60;
  for (std::uint64_t seed = 1; seed <= 700; ++seed) {
    seen.look_at(random_program(seed), settings);
    ASSERT_EQ(seen.wrong, 0u) << "seed " << seed << ": " << seen.first;
  }
  EXPECT_GT(seen.independent, seen.pairs / 2);
  EXPECT_GT(seen.pairs - seen.independent, 1'000u);
}

TEST(Diamonds, ClassesHoldAllOrdersThatTheRelationAllows) {
  Seen seen;
  DiamondExplorer::Settings settings;
  settings.max_executions = 250;
  for (std::uint64_t seed = 1; seed <= 1'000; ++seed) {
    seen.look_at(random_program(seed), settings);
    ASSERT_EQ(seen.wrong, 0u) << "seed " << seed << ": " << seen.first;
  }
  EXPECT_GT(seen.classes, 1'000u);
  EXPECT_GT(seen.executions, 4 * seen.classes);
}

Task<> later() {
  co_await sleep(0s);
}

Task<> gather_two() {
  co_await gather(later(), later());
}

std::vector<TaskHandle<>> two_handles() {
  std::vector<TaskHandle<>> both;
  both.push_back(create_task(later()));
  both.push_back(create_task(later()));
  return both;
}

Task<> gather_two_handles() {
  co_await gather(return_exceptions, two_handles());
}

Task<> wait_for_two() {
  co_await wait(two_handles());
}

Task<> wait_for_first() {
  const auto both = two_handles();
  co_await wait(both, std::nullopt, ReturnWhen::first_completed);
}

Task<> take_two_as_they_come() {
  AsCompleted<void> completed = as_completed(two_handles());
  while (co_await completed.next()) {
  }
}

Task<> group_two() {
  TaskGroup group;
  const auto body = [&]() -> Task<> {
    group.create_task(later());
    group.create_task(later());
    co_return;
  };
  co_await group.run(body);
}

Task<> time_out() {
  Timeout scope = timeout(0s);
  const auto body = []() -> Task<> { co_await gather_two(); };
  co_await scope.run(body);
}

Task<> shield_two() {
  co_await shield(gather_two());
}

Task<> leave_two() {
  (void)two_handles();
  co_await later();
}

Task<> cancel(TaskHandle<>& handle) {
  (void)handle.cancel();
  co_return;
}

/// One who waits for children that have nothing to do with each other is cancelled.
TEST(Diamonds, ClassesOfCancelledWaits) {
  Seen seen;
  DiamondExplorer::Settings settings;
  settings.max_executions = 3'000;
  int number = 0;
  for (const auto waiting : {gather_two, gather_two_handles, wait_for_two, wait_for_first,
                             take_two_as_they_come, group_two, time_out, shield_two, leave_two}) {
    const Model model = [=]() -> Task<> {
      auto first = create_task(waiting());
      auto second = create_task(cancel(first));
      co_await gather(return_exceptions, first, second);
    };
    const std::size_t before = seen.executions;
    seen.look_at(model, Options(), settings, "number " + std::to_string(number));
    EXPECT_GT(seen.executions, before) << "too many: number " << number;
    ++number;
  }
  EXPECT_EQ(seen.wrong, 0u) << seen.first;
}

// A relation that is broken on purpose.

std::size_t noticed(const DiamondExplorer::Settings& broken) {
  Seen seen;
  DiamondExplorer::Settings settings = broken;
  settings.max_states = 40;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) seen.look_at(random_program(seed), settings);
  return seen.wrong;
}

TEST(BrokenDiamonds, WithoutAnyWord) {
  DiamondExplorer::Settings settings;
  settings.ignored_modulus = 1;
  EXPECT_GT(noticed(settings), 20u);
}

TEST(BrokenDiamonds, WithoutSomeWords) {
  for (std::uint64_t remainder = 0; remainder < 4; ++remainder) {
    DiamondExplorer::Settings settings;
    settings.ignored_modulus = 4;
    settings.ignored_remainder = remainder;
    EXPECT_GT(noticed(settings), 0u) << remainder;
  }
}

TEST(BrokenDiamonds, WithoutWhatPrimitivesSay) {
  DiamondExplorer::Settings settings;
  settings.without_notes = true;
  EXPECT_GT(noticed(settings), 0u);
}

TEST(BrokenDiamonds, WithoutReleases) {
  DiamondExplorer::Settings settings;
  settings.without_releases = true;
  EXPECT_GT(noticed(settings), 0u);
}

}  // namespace
}  // namespace cocheck
