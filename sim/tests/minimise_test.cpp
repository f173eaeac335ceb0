#include "cocheck/minimise.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "cocheck/choose.hpp"
#include "cocheck/detail/recorder.hpp"
#include "cocheck/event.hpp"
#include "cocheck/explorers/random.hpp"
#include "cocheck/task_handle.hpp"
#include "models.hpp"

namespace cocheck {
namespace {

using namespace test;

/// A failing random execution, as deviations from the default.
std::vector<Deviation> failing_deviations(World& world, const Model& model, FailureKind kind,
                                          std::uint64_t seed = 1) {
  RandomExplorer explorer(seed);
  for (int i = 0; i < 10'000; ++i) {
    if (!explorer.next()) break;
    detail::Recorder recorder;
    world.run(model, explorer, &recorder);
    if (world.failure() && world.failure()->kind == kind) {
      return deviations_of(recorder.choices(), world.tape());
    }
  }
  ADD_FAILURE() << "seed " << seed << " finds no failure of that kind";
  return {};
}

std::vector<Deviation> minimal(const Model& model, std::uint64_t seed = 1,
                               FailureKind kind = FailureKind::check) {
  World world{Options()};
  return minimise(world, model, failing_deviations(world, model, kind, seed), kind);
}

/// Tasks of one step each, in the order in which they run.
Task<> run_in_order(int tasks, std::string& order) {
  std::vector<Task<>> children;
  auto child = [&](int index) -> Task<> {
    order += static_cast<char>('a' + index);
    co_return;
  };
  for (int i = 0; i < tasks; ++i) children.push_back(child(i));
  co_await gather(std::move(children));
}

TEST(DeviationsOf, AreTheChoicesThatAreNotTheDefault) {
  std::vector<Choice> choices(4);
  choices[0].alternatives = 1;
  choices[1].alternatives = 2;
  choices[1].task = "0.1";
  choices[2].alternatives = 3;
  choices[3].alternatives = 2;
  choices[3].task = "0.2";
  const std::vector<std::uint32_t> tape{1, 0, 1};
  const std::vector<Deviation> deviations = deviations_of(choices, tape);
  ASSERT_EQ(deviations.size(), 2u);
  EXPECT_EQ(deviations[0].position, 0u);
  EXPECT_EQ(deviations[0].choice, choices[1]);
  EXPECT_EQ(deviations[1].position, 2u);
  EXPECT_EQ(deviations[1].choice, choices[3]);
}

TEST(DeviationsOf, NameValuesByTheirTasks) {
  std::vector<Choice> choices(5);
  for (Choice& choice : choices) choice.alternatives = 3;
  choices[1].kind = choices[2].kind = choices[4].kind = Choice::Kind::value;
  choices[1].task = choices[4].task = "0.1";
  choices[2].task = "0.2";
  const std::vector<std::uint32_t> tape{1, 0, 1, 1, 1};
  std::vector<std::size_t> positions;
  for (const Deviation& deviation : deviations_of(choices, tape)) {
    positions.push_back(deviation.position);
  }
  EXPECT_EQ(positions, (std::vector<std::size_t>{0, 0, 1, 1}));
}

TEST(Minimise, AValueIsAllThatIsLeftOfAFailureThatNeedsNothingElse) {
  const Model model = []() -> Task<> {
    std::string order;
    co_await run_in_order(6, order);
    COCHECK(choose(50) < 40);
  };
  const std::vector<Deviation> deviations = minimal(model);
  ASSERT_EQ(deviations.size(), 1u);
  EXPECT_EQ(deviations[0].choice.kind, Choice::Kind::value);
  EXPECT_EQ(deviations[0].choice.value, 40u);
}

TEST(Minimise, NothingIsLeftOfAFailureOfTheDefaultOrder) {
  const Model model = [] { return racy_counter(4); };
  EXPECT_TRUE(minimal(model).empty());
}

TEST(Minimise, OneOvertakingIsOneDeviation) {
  const Model model = []() -> Task<> {
    std::string order;
    co_await run_in_order(6, order);
    COCHECK(order.find('f') > order.find('a'));
  };
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    EXPECT_EQ(minimal(model, seed).size(), 1u) << "seed " << seed;
  }
}

TEST(Minimise, ReversingThreeTasksIsTwoDeviations) {
  const Model model = []() -> Task<> {
    std::string order;
    co_await run_in_order(3, order);
    COCHECK(order != "cba");
  };
  const std::vector<Deviation> deviations = minimal(model);
  ASSERT_EQ(deviations.size(), 2u);
  EXPECT_EQ(deviations[0].choice.task, "0.2");
  EXPECT_EQ(deviations[1].choice.task, "0.1");
}

TEST(Minimise, ValuesBecomeAsLowAsTheFailureAllows) {
  const Model model = []() -> Task<> {
    const std::size_t first = choose(1'000);
    const std::size_t second = choose(1'000);
    COCHECK(first < 37 || second < 5);
    co_return;
  };
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const std::vector<Deviation> deviations = minimal(model, seed);
    ASSERT_EQ(deviations.size(), 2u) << "seed " << seed;
    EXPECT_EQ(deviations[0].choice.value, 37u) << "seed " << seed;
    EXPECT_EQ(deviations[1].choice.value, 5u) << "seed " << seed;
  }
}

TEST(Minimise, AHundredTasksShrinkToAFewDeviations) {
  // Atomic in the default order: the task overtakes only if somebody makes it.
  const Model model = []() -> Task<> {
    int counter = 0;
    std::vector<Task<>> children;
    auto increment = [&](int turn) -> Task<> {
      for (int i = 0; i < turn % 3; ++i) co_await sleep(0s);
      const int value = counter;
      if (choose(2) == 1) co_await sleep(0s);
      counter = value + 1;
    };
    for (int i = 0; i < 100; ++i) children.push_back(increment(i));
    co_await gather(std::move(children));
    COCHECK(counter == 100);
  };
  World world{Options()};
  const std::vector<Deviation> found = failing_deviations(world, model, FailureKind::check);
  EXPECT_GT(found.size(), 100u);
  const std::vector<Deviation> small = minimise(world, model, found, FailureKind::check);
  EXPECT_LE(small.size(), 3u);
  EXPECT_GE(small.size(), 1u);
}

TEST(Minimise, AHundredTaskRacyCounterShrinks) {
  Options options = with(Strategy::random);
  options.max_executions = 3;
  const Verdict verdict = explore([] { return racy_counter(100); }, options);
  ASSERT_TRUE(failed_with(FailureKind::check, verdict));
  const auto& choices = verdict.recording->schedule.choices;
  EXPECT_EQ(choices.size(), 202u);
  // In the default order the tasks start one after the other.
  for (std::size_t i = 1; i <= 100; ++i)
    EXPECT_EQ(choices.at(i).task, "0." + std::to_string(i - 1));
}

TEST(Minimise, ResultFailsWithTheSameKind) {
  // In most orders a check fails, in one a deadlock is left.
  const Model model = []() -> Task<> {
    std::string order;
    co_await run_in_order(4, order);
    if (order == "dacb") {
      Event never;
      co_await never.wait();
    }
    COCHECK(order == "abcd");
  };
  World world{Options()};
  const std::vector<Deviation> small = minimal(model, 1, FailureKind::deadlock);
  EXPECT_EQ(small.size(), 2u);
  GuidedExplorer explorer(small);
  ASSERT_TRUE(explorer.next());
  world.run(model, explorer);
  ASSERT_TRUE(world.failure());
  EXPECT_EQ(world.failure()->kind, FailureKind::deadlock);
}

TEST(Minimise, MakesNoMoreExecutionsThanItMay) {
  int made = 0;
  const Model model = [&]() -> Task<> {
    ++made;
    std::string order;
    co_await run_in_order(6, order);
    COCHECK(order.find('f') > order.find('a'));
  };
  World world{Options()};
  const std::vector<Deviation> found = failing_deviations(world, model, FailureKind::check, 3);
  ASSERT_GT(found.size(), 2u);
  made = 0;
  EXPECT_EQ(minimise(world, model, found, FailureKind::check, {.executions = 0}).size(),
            found.size());
  EXPECT_EQ(made, 0);
  (void)minimise(world, model, found, FailureKind::check, {.executions = 2});
  EXPECT_EQ(made, 2);
}

TEST(Minimise, TakesNoMoreStepsThanItMayHoweverManyDeviations) {
  // Two tasks that take turns, of which none can be left out.
  const Model model = []() -> Task<> {
    int turns = 0;
    int last = 0;
    const auto take_turns = [&](int me) -> Task<> {
      for (int i = 0; i < 400; ++i) {
        co_await sleep(0s);
        if (last == me) turns += 1;
        last = me;
      }
    };
    co_await gather(take_turns(1), take_turns(2));
    COCHECK(turns < 100);
  };
  World world{Options()};
  const std::vector<Deviation> found = failing_deviations(world, model, FailureKind::check);
  ASSERT_GT(found.size(), 200u);
  std::uint64_t executions = 0;
  const Model counting = [&] {
    ++executions;
    return model();
  };
  (void)minimise(world, counting, found, FailureKind::check, {.steps = 50'000});
  EXPECT_LE(executions, 50'000 / 800 + 1);
  const auto past = std::chrono::steady_clock::now();
  executions = 0;
  EXPECT_EQ(minimise(world, counting, found, FailureKind::check, {.deadline = past}).size(),
            found.size());
  EXPECT_EQ(executions, 0u);
}

TEST(Minimise, CanBeTurnedOff) {
  const Model model = []() -> Task<> {
    std::string order;
    co_await run_in_order(8, order);
    COCHECK(order.find('h') > order.find('a'));
  };
  const auto count = [&](bool shrink) {
    Options options = with(Strategy::random);
    options.shrink = shrink;
    const Verdict verdict = explore(model, options);
    EXPECT_TRUE(failed_with(FailureKind::check, verdict));
    int deviations = 0;
    int next = 0;
    // A task that is not the first of those left was taken out of its turn.
    std::vector<bool> done(8, false);
    for (const Choice& choice : verdict.recording->schedule.choices) {
      if (choice.label != "start" || choice.task == "0") continue;
      const int task = choice.task.back() - '0';
      while (done[static_cast<std::size_t>(next)]) ++next;
      deviations += task != next;
      done[static_cast<std::size_t>(task)] = true;
    }
    return deviations;
  };
  EXPECT_EQ(count(true), 1);
  EXPECT_GT(count(false), 1);
}

}  // namespace
}  // namespace cocheck
