#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "cocheck/explorers/exhaustive.hpp"
#include "models.hpp"
#include "random_operations.hpp"

/// What the tests of the samplers share: models with bugs that are rare, how long a sampler takes
/// to find them, and which ends of small random programs it sees.
namespace cocheck::test {

inline Task<> pause(int times) {
  for (int i = 0; i < times; ++i) co_await sleep(0s);
}

/// Needs three of eight tasks to come in one order, against what their lengths make likely.
inline Task<> three_of_eight() {
  int stage = 0;
  bool wrong = false;
  const auto member = [&](int number) -> Task<> {
    co_await pause(number < 3 ? 4 - 2 * number : 2);
    if (number < 3) {
      if (number == stage) ++stage;
    }
    co_await pause(2);
    if (number == 2 && stage == 3) wrong = true;
  };
  std::vector<Task<>> children;
  for (int i = 0; i < 8; ++i) children.push_back(member(i));
  co_await gather(std::move(children));
  COCHECK(!wrong);
}

/// Two tasks do long work of their own; one update of each is not atomic, the one early in its
/// run, the other one late.
inline Task<> distant_update() {
  int counter = 0;
  const auto member = [&](int before, int after) -> Task<> {
    co_await pause(before);
    const int value = counter;
    co_await sleep(0s);
    counter = value + 1;
    co_await pause(after);
  };
  co_await gather(member(0, 12), member(12, 0));
  COCHECK(counter == 2);
}

/// Three tasks go over twelve objects, each in an order of its own. One of them takes two steps for
/// the seventh, in which the others must not come in between.
inline Task<> one_of_many_objects() {
  constexpr int kObjects = 12;
  std::vector<int> objects(kObjects);
  bool torn = false;
  const auto member = [&](int number) -> Task<> {
    for (int i = 0; i < kObjects; ++i) {
      int& object = objects[static_cast<std::size_t>((i * (2 * number + 1) + number) % kObjects)];
      ++object;
      co_await sleep(0s);
    }
  };
  const auto careless = [&]() -> Task<> {
    co_await pause(8);
    const int before = objects[7];
    co_await sleep(0s);
    if (objects[7] == before + 2) torn = true;
  };
  co_await gather(member(0), member(2), careless());
  COCHECK(!torn);
}

/// The executions that a sampler makes until one fails, as the geometric mean over `seeds` seeds;
/// `most` for those of which none fails.
template <class Make>
double schedules_to_failure(const Model& model, Make&& make, int seeds = 20,
                            std::uint64_t most = 5'000, const Options& options = {}) {
  double sum = 0;
  for (int seed = 1; seed <= seeds; ++seed) {
    World world(options);
    auto explorer = make(static_cast<std::uint64_t>(seed));
    std::uint64_t executions = 0;
    while (executions < most && explorer.next()) {
      world.run(model, explorer);
      ++executions;
      if (world.failure()) break;
    }
    sum += std::log(static_cast<double>(executions));
  }
  return std::exp(sum / seeds);
}

/// A few short tasks on the primitives; all that differs is its end.
struct SmallProgram {
  std::vector<std::vector<Operation>> scripts;
  Options options;

  explicit SmallProgram(std::uint64_t seed) {
    RandomStream random(seed);
    scripts.resize(2 + random.below(2));
    for (auto& script : scripts) {
      script.resize(1 + random.below(3));
      for (Operation& operation : script) {
        operation = static_cast<Operation>(random.below(kOperations));
      }
    }
    options.always_suspend = random.below(4) == 0;
    options.eager_tasks = random.below(6) == 0;
    if (random.below(4) == 0) options.clock = Clock::race;
    if (random.below(4) == 0) options.cancellations = 1;
  }

  /// Sets `end` at the end of every execution.
  [[nodiscard]] Model model(std::string& end) const {
    return [this, &end]() -> Task<> {
      Shared shared;
      const AtEnd at_end(shared, end);
      for (std::size_t i = 0; i < scripts.size(); ++i) {
        shared.handles.push_back(create_task(run_script(shared, scripts[i], i)));
      }
      co_await gather(return_exceptions, shared.handles);
    };
  }

  struct Shared : Primitives {
    std::vector<std::uint64_t> seen = std::vector<std::uint64_t>(3);

    [[nodiscard]] std::string final() const {
      std::string text;
      for (const TaskHandle<>& handle : handles) {
        text += handle.state().cancelled() ? 'c' : handle.state().done() ? 'd' : 'p';
      }
      for (const std::uint64_t value : seen) text += " " + std::to_string(value);
      return text + " last " + std::to_string(last);
    }
  };

  static Task<> run_script(Shared& shared, const std::vector<Operation>& script,
                           std::size_t number) {
    for (std::size_t i = 0; i < script.size(); ++i) {
      std::uint64_t outcome = 7;
      try {
        outcome = co_await operate(shared, script[i], static_cast<int>(10 * number + i), 0);
      } catch (const Error&) {
        outcome = 7;
      }
      shared.seen[number] = shared.seen[number] * 31 + outcome;
    }
  }
};

inline std::string end_of_execution(const World& world, const std::string& end) {
  return world.failure() ? to_string(world.failure()->kind) + std::string(" ") + end : end;
}

/// All ends; none where there are more than `most` executions.
inline std::set<std::string> all_ends(const SmallProgram& program, std::uint64_t most) {
  std::set<std::string> ends;
  std::string end;
  const Model model = program.model(end);
  World world(program.options);
  ExhaustiveExplorer explorer;
  for (std::uint64_t executions = 0; explorer.next(); ++executions) {
    if (executions == most) return {};
    world.run(model, explorer);
    ends.insert(end_of_execution(world, end));
  }
  return ends;
}

/// That a sampler sees all ends, and no others, of so many small programs with several of them,
/// within `budget` executions of each.
template <class Make>
void expect_every_end(Make&& make, int programs, std::uint64_t budget) {
  constexpr std::uint64_t kMost = 300;
  int checked = 0;
  for (std::uint64_t seed = 1; checked < programs; ++seed) {
    const SmallProgram program(seed);
    const std::set<std::string> all = all_ends(program, kMost);
    if (all.size() < 2) continue;
    ++checked;
    std::set<std::string> ends;
    std::string end;
    const Model model = program.model(end);
    World world(program.options);
    auto explorer = make(seed);
    for (std::uint64_t i = 0; i < budget && ends != all && explorer.next(); ++i) {
      world.run(model, explorer);
      ASSERT_FALSE(world.cut());
      ends.insert(end_of_execution(world, end));
      ASSERT_EQ(world.blocks_held(), 0u) << "seed " << seed;
    }
    ASSERT_EQ(ends, all) << "seed " << seed;
  }
}

/// The tapes of some executions.
template <class Sampler>
std::vector<std::vector<std::uint32_t>> tapes(const Model& model, Sampler&& explorer, int count,
                                              const Options& options = {}) {
  std::vector<std::vector<std::uint32_t>> result;
  World world(options);
  for (int i = 0; i < count && explorer.next(); ++i) {
    world.run(model, explorer);
    result.emplace_back(world.tape().begin(), world.tape().end());
  }
  return result;
}

/// Tasks that poll, in a circle: who polls must not starve who is waited for.
inline Task<> pollers() {
  std::vector<bool> passed(4);
  const auto poll = [&](std::size_t number) -> Task<> {
    while (number > 0 && !passed[number - 1]) co_await sleep(0s);
    passed[number] = true;
  };
  co_await gather(poll(3), poll(1), poll(2), poll(0));
}

inline void expect_no_starvation(Strategy strategy) {
  Options options = with(strategy);
  options.max_executions = 2'000;
  options.max_steps = 10'000;
  EXPECT_TRUE(is(Verdict::Kind::sampled, explore(pollers, options)));
}

/// That a failure which needs a timer that overtakes, and one that needs a cancellation at one
/// point, are found and come again when replayed.
inline void expect_failures_to_replay(Strategy strategy) {
  const auto check = [](const Model& model, const Options& options) {
    const Verdict verdict = explore(model, options);
    ASSERT_TRUE(failed_with(FailureKind::check, verdict));
    EXPECT_TRUE(
        failed_with(FailureKind::check, replay(model, verdict.recording->schedule, options)));
  };
  Options race = with(strategy);
  race.clock = Clock::race;
  check(
      []() -> Task<> {
        int stage = 0;
        const auto work = [&]() -> Task<> {
          for (; stage < 5; ++stage) co_await sleep(0s);
        };
        const auto alarm = [&]() -> Task<> {
          co_await sleep(1s);
          COCHECK(stage != 3);
        };
        co_await gather(work(), alarm(), work());
      },
      race);
  Options cancelling = with(strategy);
  cancelling.cancellations = 2;
  check(
      []() -> Task<> {
        int stage = 0;
        int failed = 0;
        const auto work = [&](int wrong) -> Task<> {
          try {
            for (; stage < 12; ++stage) co_await sleep(0s);
          } catch (const CancelledError&) {
            if (stage == wrong) ++failed;
            throw;
          }
        };
        co_await gather(return_exceptions, work(4), work(9));
        COCHECK(failed < 2);
      },
      cancelling);
}

}  // namespace cocheck::test
