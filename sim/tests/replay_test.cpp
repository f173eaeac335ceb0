#include "cocheck/explorers/replay.hpp"

#include <string>
#include <utility>

#include "cocheck/choose.hpp"
#include "cocheck/lock.hpp"
#include "cocheck/schedule_file.hpp"
#include "cocheck/schedule_line.hpp"
#include "cocheck/task_handle.hpp"
#include "models.hpp"

namespace cocheck {
namespace {

using namespace test;

/// Two tasks of two steps, of which the second must not overtake the first; `change` makes the
/// model another one.
enum class Change { none, waits_elsewhere, third_task, goes_on };

Task<> overtaking(Change change) {
  std::string order;
  auto child = [&](char name) -> Task<> {
    if (change == Change::waits_elsewhere) {
      co_await sleep(1ns);
    } else {
      co_await sleep(0s);
    }
    order += name;
  };
  const TaskHandle<> first = create_task(child('a'));
  const TaskHandle<> second = create_task(child('b'));
  if (change == Change::third_task) create_task(child('c'));
  co_await first;
  co_await second;
  if (change == Change::goes_on) {
    co_await sleep(0s);
    co_return;
  }
  COCHECK(order[0] == 'a');
}

Recording recording_of(const Model& model, bool shrink = true) {
  Options options = with(Strategy::exhaustive);
  options.shrink = shrink;
  const Verdict verdict = explore(model, options);
  EXPECT_TRUE(failed_with(FailureKind::check, verdict));
  return verdict.recording.value_or(Recording());
}

Schedule recorded_overtaking() {
  return recording_of([] { return overtaking(Change::none); }).schedule;
}

/// Why a replay of `schedule` gave up.
std::string divergence(const Model& model, const Schedule& schedule) {
  const Verdict verdict = replay(model, schedule);
  EXPECT_TRUE(is(Verdict::Kind::inconclusive, verdict));
  return verdict.reason;
}

TEST(ReplayExplorer, RepeatsTheFailure) {
  const Schedule schedule = recorded_overtaking();
  const Verdict verdict = replay([] { return overtaking(Change::none); }, schedule);
  EXPECT_TRUE(failed_with(FailureKind::check, verdict));
  EXPECT_EQ(verdict.recording->schedule.choices, schedule.choices);
  EXPECT_EQ(verdict.executions, 1u);
}

TEST(ReplayExplorer, WorksFromTheLineAlone) {
  const Schedule schedule = schedule_from_line(to_line(recorded_overtaking()));
  const Verdict verdict = replay([] { return overtaking(Change::none); }, schedule);
  EXPECT_TRUE(failed_with(FailureKind::check, verdict));
}

TEST(ReplayExplorer, AThousandTimesByteForByteTheSame) {
  const Model model = []() -> Task<> {
    Lock lock;
    std::string order;
    auto child = [&](char name) -> Task<> {
      co_await sleep(std::chrono::milliseconds(choose(2)));
      auto guard = co_await lock.scoped();
      co_await sleep(1ms);
      order += name;
    };
    const TaskHandle<> a = create_task(child('a'));
    const TaskHandle<> b = create_task(child('b'));
    const TaskHandle<> c = create_task(child('c'));
    co_await gather(return_exceptions, a, b, c);
    COCHECK(order != "cb");
  };
  Options options = with(Strategy::random);
  options.cancellations = 1;
  options.clock = Clock::race;
  const Verdict found = explore(model, options);
  ASSERT_TRUE(failed_with(FailureKind::check, found));
  const std::string first = to_json(*replay(model, found.recording->schedule).recording);
  for (int i = 0; i < 1'000; ++i) {
    const Verdict again = replay(model, found.recording->schedule);
    ASSERT_EQ(to_json(*again.recording), first);
  }
  EXPECT_EQ(replay(model, found.recording->schedule).recording->trace, found.recording->trace);
}

TEST(ReplayExplorer, RefusesAStepThatIsNotOnOffer) {
  Schedule schedule = recorded_overtaking();
  schedule.choices.at(1).task = "0.4";
  EXPECT_EQ(divergence([] { return overtaking(Change::none); }, schedule),
            "the schedule does not fit the model: diverged at choice 1: expected the step of 0.4 "
            "(start) among 2 alternatives, found step of 0.0 (start) or step of 0.1 (start)");
}

TEST(ReplayExplorer, RefusesFewerAlternatives) {
  EXPECT_EQ(divergence([] { return overtaking(Change::waits_elsewhere); }, recorded_overtaking()),
            "the schedule does not fit the model: diverged at choice 2: expected the step of 0.1 "
            "(start) among 2 alternatives, found 1 alternative (step of 0.1 (start))");
}

TEST(ReplayExplorer, RefusesAnotherLabel) {
  Schedule schedule = recorded_overtaking();
  schedule.choices.at(3).label = "resume lock.acquire";
  EXPECT_EQ(divergence([] { return overtaking(Change::none); }, schedule),
            "the schedule does not fit the model: diverged at choice 3: expected the step of 0.1 "
            "(resume lock.acquire) among 2 alternatives, found step of 0.1 (resume sleep)");
}

TEST(ReplayExplorer, RefusesAnotherNumberOfAlternatives) {
  EXPECT_EQ(divergence([] { return overtaking(Change::third_task); }, recorded_overtaking()),
            "the schedule does not fit the model: diverged at choice 1: expected the step of 0.0 "
            "(start) among 2 alternatives, found 3 alternatives (step of 0.0 (start), step of 0.1 "
            "(start) or step of 0.2 (start))");
}

TEST(ReplayExplorer, FromALineSaysWhatItFound) {
  const Schedule schedule = schedule_from_line(to_line(recorded_overtaking()));
  EXPECT_EQ(divergence([] { return overtaking(Change::waits_elsewhere); }, schedule),
            "the schedule does not fit the model: diverged at choice 3: expected the step of 0.1, "
            "found timer of 0.0 or timer of 0.1");
}

TEST(ReplayExplorer, RefusesAModelThatEndsEarly) {
  const Model short_model = []() -> Task<> { co_return; };
  const Schedule schedule = recorded_overtaking();
  EXPECT_EQ(divergence(short_model, schedule),
            "the schedule does not fit the model: diverged at choice 1: expected " +
                std::to_string(schedule.choices.size() - 1) +
                " more choices, found the end of the execution");
}

TEST(ReplayExplorer, RefusesAModelThatGoesOn) {
  const Schedule schedule = recorded_overtaking();
  EXPECT_EQ(divergence([] { return overtaking(Change::goes_on); }, schedule),
            "the schedule does not fit the model: diverged at choice " +
                std::to_string(schedule.choices.size()) +
                ": expected the end of the execution, found step of 0 (resume sleep)");
}

TEST(ReplayExplorer, NamesAtMostSixAlternatives) {
  Schedule schedule = recorded_overtaking();
  const Model crowd = []() -> Task<> {
    auto child = []() -> Task<> { co_return; };
    co_await gather(child(), child(), child(), child(), child(), child(), child());
  };
  schedule.choices.at(1).task = "0.9";
  EXPECT_EQ(divergence(crowd, schedule),
            "the schedule does not fit the model: diverged at choice 1: expected the step of 0.9 "
            "(start) among 2 alternatives, found step of 0.0 (start), step of 0.1 (start), step of "
            "0.2 (start), step of 0.3 (start), step of 0.4 (start), step of 0.5 (start), ...");
}

// Values of choose() are drawn inside of the model.

Task<> draw(std::size_t alternatives, bool swallow) {
  if (swallow) {
    try {
      (void)choose(alternatives);
    } catch (...) {
    }
    co_return;
  }
  COCHECK(choose(alternatives) != 3);
  co_return;
}

TEST(ReplayExplorer, RefusesAnotherNumberOfValues) {
  const Schedule schedule = recording_of([] { return draw(4, false); }).schedule;
  EXPECT_EQ(
      divergence([] { return draw(5, false); }, schedule),
      "the schedule does not fit the model: diverged at choice 1: expected the value drawn by "
      "0 among 4 alternatives, found 5 alternatives (a choice between 5 values)");
  EXPECT_EQ(
      divergence([] { return draw(3, false); }, schedule),
      "the schedule does not fit the model: diverged at choice 1: expected the value drawn by "
      "0 among 4 alternatives, found a choice between 3 values");
}

TEST(ReplayExplorer, ModelThatCatchesEverythingCannotHideADivergence) {
  const Schedule schedule = recording_of([] { return draw(4, false); }).schedule;
  EXPECT_EQ(
      divergence([] { return draw(3, true); }, schedule),
      "the schedule does not fit the model: diverged at choice 1: expected the value drawn by "
      "0 among 4 alternatives, found a choice between 3 values");
}

TEST(ReplayExplorer, RefusesAStepWhereAValueWasDrawn) {
  const Schedule schedule = recording_of([] { return draw(4, false); }).schedule;
  const Model other = []() -> Task<> { co_await sleep(0s); };
  EXPECT_EQ(
      divergence(other, schedule),
      "the schedule does not fit the model: diverged at choice 1: expected the value drawn by "
      "0 among 4 alternatives, found step of 0 (resume sleep)");
}

TEST(ReplayExplorer, OfACutExecutionIsCutAgain) {
  Options options = with(Strategy::random);
  options.max_steps = 10;
  const Model spin = []() -> Task<> {
    while (true) co_await sleep(0s);
  };
  const Verdict verdict = explore(spin, options);
  ASSERT_TRUE(is(Verdict::Kind::inconclusive, verdict));
  const Verdict again = replay(spin, verdict.recording->schedule, options);
  EXPECT_TRUE(is(Verdict::Kind::inconclusive, again));
  EXPECT_EQ(again.cut, 1u);
  EXPECT_EQ(again.recording->schedule.choices, verdict.recording->schedule.choices);
}

TEST(ReplayExplorer, UsesTheOptionsOfTheScheduleAndNotItsOwn) {
  Options options = with(Strategy::exhaustive);
  options.cancellations = 1;
  options.always_suspend = true;
  options.clock = Clock::race;
  options.eager_tasks = true;
  const Model model = []() -> Task<> {
    Lock lock;
    auto child = [&]() -> Task<> { auto guard = co_await lock.scoped(); };
    const TaskHandle<> a = create_task(child());
    const TaskHandle<> b = create_task(child());
    co_await gather(return_exceptions, a, b);
    COCHECK(!b.cancelled());
  };
  const Verdict found = explore(model, options);
  ASSERT_TRUE(failed_with(FailureKind::check, found));
  Options other;
  other.cancellations = 7;
  EXPECT_TRUE(failed_with(FailureKind::check, replay(model, found.recording->schedule, other)));
}

TEST(ReplayExplorer, OfFifoOrderRunsInFifoOrder) {
  const Model model = []() -> Task<> {
    std::string order;
    auto child = [&](char name) -> Task<> {
      order += name;
      co_return;
    };
    co_await gather(child('a'), child('b'));
    COCHECK(order != "ab");
  };
  const Verdict found = explore(model, with(Strategy::fifo));
  ASSERT_TRUE(failed_with(FailureKind::check, found));
  EXPECT_EQ(ReplayExplorer(found.recording->schedule).order(), Order::fifo);
  EXPECT_TRUE(failed_with(FailureKind::check, replay(model, found.recording->schedule)));
}

TEST(ReplayExplorer, RefusesOptionsThatMakeNoSense) {
  Schedule schedule = recorded_overtaking();
  const Model model = [] { return overtaking(Change::none); };
  schedule.options["order"] = "backwards";
  EXPECT_THROW((void)replay(model, schedule), ScheduleError);
  schedule.options["order"] = "any";
  schedule.options["cancellations"] = "many";
  EXPECT_THROW((void)replay(model, schedule), ScheduleError);
  schedule.options["cancellations"] = "0";
  schedule.options["clock"] = "sundial";
  EXPECT_ANY_THROW((void)replay(model, schedule));
}

}  // namespace
}  // namespace cocheck
