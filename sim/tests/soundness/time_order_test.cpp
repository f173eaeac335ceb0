// Timers fire in the order of their deadlines, however late the loop is; what the first alternative
// leads to everywhere is asyncio's own order, also of timers with equal deadlines.

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "../models.hpp"
#include "cocheck/detail/recorder.hpp"
#include "cocheck/explorers/exhaustive.hpp"
#include "cocheck/explorers/fifo.hpp"
#include "cocheck/explorers/guided.hpp"
#include "cocheck/explorers/replay.hpp"
#include "cocheck/minimise.hpp"
#include "cocheck/primitives.hpp"
#include "cocheck/random_stream.hpp"

namespace cocheck {
namespace {

using namespace test;

Options late_without_limit(Strategy strategy) {
  Options options = with(strategy);
  options.clock = Clock::race;
  return options;
}

constexpr Strategy kAll[] = {Strategy::exhaustive, Strategy::states, Strategy::random,
                             Strategy::pct};

/// Whether `model` passes with all strategies that need no instrumentation.
void expect_passes_however_late(const Model& model) {
  for (const Strategy strategy : kAll) {
    Options options = late_without_limit(strategy);
    options.max_executions = strategy == Strategy::exhaustive ? 200'000 : 300;
    const Verdict verdict = explore(model, options);
    EXPECT_TRUE(verdict.passed()) << to_string(strategy) << ": " << verdict.report();
    if (strategy == Strategy::states || strategy == Strategy::exhaustive) {
      EXPECT_TRUE(is(Verdict::Kind::proved, verdict));
    }
  }
}

TEST(TimersInOrder, ATimeoutComesBeforeALaterSleep) {
  expect_passes_however_late([]() -> Task<> {
    Event event;
    const auto set_late = [&]() -> Task<> {
      co_await sleep(20ms);
      event.set();
    };
    const auto setter = create_task(set_late());
    Timeout limit = timeout(5ms);
    try {
      co_await limit.run([&]() -> Task<> { co_await event.wait(); });
    } catch (const TimeoutError&) {
    }
    COCHECK(limit.expired());
    co_await setter;
  });
}

TEST(TimersInOrder, AScopeWithADeadlineComesBeforeALaterSleep) {
  expect_passes_however_late([]() -> Task<> {
    bool slept = false;
    const auto body = [&]() -> Task<> {
      co_await sleep(20ms);
      slept = true;
    };
    bool timed_out = false;
    try {
      co_await timeout(5ms).run(body);
    } catch (const TimeoutError&) {
      timed_out = true;
    }
    COCHECK(timed_out && !slept);
  });
}

Task<> sleep_and_look(std::chrono::milliseconds time) {
  const TimePoint begin = LoopClock::now();
  co_await sleep(time);
  COCHECK(LoopClock::now() >= begin + time);
}

TEST(TimersInOrder, NobodyWakesBeforeHisTime) {
  expect_passes_however_late([]() -> Task<> {
    co_await gather(sleep_and_look(3ms), sleep_and_look(1ms), sleep_and_look(2ms));
  });
}

/// A timer that notes when it fires.
class Bell final : public Timer {
 public:
  Bell(std::vector<int>& rings, std::chrono::milliseconds after, int name)
      : rings_(rings), name_(name) {
    arm(LoopClock::now() + after);
  }
  void run() override { rings_.push_back(name_); }

 private:
  std::vector<int>& rings_;
  int name_;
};

TEST(TimersInOrder, ALaterOneDoesNotOvertakeOneThatIsDue) {
  expect_passes_however_late([]() -> Task<> {
    std::vector<int> rings;
    const Bell third(rings, 3ms, 3);
    const Bell first(rings, 1ms, 1);
    const Bell second(rings, 2ms, 2);
    for (int i = 0; i < 4; ++i) co_await sleep(0s);
    co_await sleep(4ms);
    COCHECK((rings == std::vector<int>{1, 2, 3}));
  });
}

TEST(TimersInOrder, EqualDeadlinesFireInAnyOrder) {
  std::set<std::vector<int>> orders;
  std::vector<int> last;
  const Model model = [&]() -> Task<> {
    std::vector<int> rings;
    const Bell one(rings, 1ms, 1);
    const Bell two(rings, 1ms, 2);
    co_await sleep(2ms);
    last = rings;
  };
  for (const Clock clock : {Clock::idle, Clock::race}) {
    Options options = with(Strategy::exhaustive);
    options.clock = clock;
    World world(options);
    ExhaustiveExplorer explorer;
    orders.clear();
    while (explorer.next()) {
      world.run(model, explorer);
      orders.insert(last);
    }
    EXPECT_EQ(orders, (std::set<std::vector<int>>{{1, 2}, {2, 1}})) << to_string(clock);
  }
}

TEST(TimersInOrder, OneThatIsDueWhereNothingIsReadyIsAllThatCanHappen) {
  const Model model = []() -> Task<> {
    std::vector<int> rings;
    const Bell one(rings, 1ms, 1);
    const Bell two(rings, 2ms, 2);
    co_await sleep(3ms);
    COCHECK((rings == std::vector<int>{1, 2}));
  };
  const Verdict verdict = explore(model, late_without_limit(Strategy::exhaustive));
  EXPECT_TRUE(is(Verdict::Kind::proved, verdict));
  EXPECT_EQ(verdict.executions, 1U) << "nothing can be overtaken, since nothing is ready";
}

TEST(TimersInOrder, APeriodicTaskBesideALongerSleepEndsInStates) {
  const Model model = []() -> Task<> {
    const auto tick = []() -> Task<> {
      while (true) co_await sleep(1ms);
    };
    auto ticker = create_task(tick());
    co_await sleep(20ms);
    ticker.cancel();
    try {
      co_await ticker;
    } catch (const CancelledError&) {
    }
  };
  for (const auto lag : {std::chrono::nanoseconds(kNoLag), std::chrono::nanoseconds(3ms),
                         std::chrono::nanoseconds(kAnyLag)}) {
    Options options = with(Strategy::states);
    options.lag = lag;
    const Verdict verdict = explore(model, options);
    EXPECT_EQ(verdict.passed(), true) << verdict.report();
    EXPECT_TRUE(verdict.kind == Verdict::Kind::proved ||
                verdict.kind == Verdict::Kind::proved_within);
    EXPECT_LT(verdict.states->states, 2'000U) << lag_to_string(lag);
  }
}

// Asyncio's order

/// What tasks of a random program did, in order: naps of few lengths, so that many deadlines are
/// equal, events, locks, and steps that take their time.
class Naps {
 public:
  explicit Naps(std::uint64_t seed) {
    RandomStream random(seed);
    tasks_.resize(2 + random.below(3));
    for (auto& task : tasks_) {
      task.resize(1 + random.below(5));
      for (auto& operation : task) operation = random.below(8);
    }
  }

  Task<> model(std::string& log) const {
    Lock lock;
    Event event;
    std::vector<TaskHandle<>> handles;
    for (std::size_t i = 0; i < tasks_.size(); ++i) {
      handles.push_back(create_task(run(i, lock, event, log)));
    }
    for (auto& handle : handles) {
      try {
        co_await handle;
      } catch (const Error&) {
      }
    }
    log += "end";
  }

 private:
  Task<> run(std::size_t task, Lock& lock, Event& event, std::string& log) const {
    const auto line = [&](const std::string& what) {
      const detail::ModelMemory::Scope outside(nullptr);
      log += std::to_string(task) + " " + what + " @" +
             std::to_string(LoopClock::now().time_since_epoch().count()) + "\n";
    };
    for (const std::size_t operation : tasks_[task]) {
      line("begins " + std::to_string(operation));
      if (operation < 2) co_await sleep(std::chrono::milliseconds(operation + 1));
      if (operation == 2) co_await sleep(0s);
      if (operation == 3) {
        const auto guard = co_await lock.scoped();
        co_await sleep(1ms);
      }
      if (operation == 4) event.set();
      if (operation == 5) event.clear();
      if (operation == 6) co_await wait_or_time_out(event, 1ms);
      if (operation == 7) static_cast<World&>(Loop::current()).advance(1ms);
    }
    line("ends");
  }

  static Task<> wait_or_time_out(Event& event, std::chrono::milliseconds time) {
    const auto body = [&]() -> Task<> { co_await event.wait(); };
    try {
      co_await timeout(time).run(body);
    } catch (const TimeoutError&) {
    }
  }

  std::vector<std::vector<std::size_t>> tasks_;
};

std::string log_of(const Naps& naps, Explorer& explorer, const Options& options) {
  std::string log;
  World world(options);
  explorer.next();
  world.run([&] { return naps.model(log); }, explorer);
  return log;
}

TEST(FirstAlternative, IsAsynciosOrderForTimersThatAreDueTogether) {
  int with_equal_deadlines = 0;
  for (std::uint64_t seed = 1; seed <= 1'500; ++seed) {
    const Naps naps(seed);
    FifoExplorer fifo;
    const std::string expected = log_of(naps, fifo, Options());
    for (const Clock clock : {Clock::idle, Clock::race}) {
      Options options;
      options.clock = clock;
      GuidedExplorer first({});
      ASSERT_EQ(log_of(naps, first, options), expected) << "seed " << seed << to_string(clock);
    }
    with_equal_deadlines += expected.find("ends") != std::string::npos ? 1 : 0;
  }
  EXPECT_EQ(with_equal_deadlines, 1'500);
}

/// Two that sleep for the same time and log twice each.
Task<> two_sleepers(std::string& order) {
  const auto sleeper = [&](char name) -> Task<> {
    co_await sleep(1ms);
    order += name;
    co_await sleep(0s);
    order += name;
  };
  co_await gather(sleeper('a'), sleeper('b'));
}

TEST(FirstAlternative, FiresAllThatAreDueBeforeAnyTaskRuns) {
  std::string order;
  GuidedExplorer first({});
  first.next();
  World world{Options()};
  detail::Recorder recorder;
  world.run([&] { return two_sleepers(order); }, first, &recorder);
  EXPECT_EQ(order, "abab");
  std::vector<Choice::Kind> kinds;
  for (const Choice& choice : recorder.choices()) kinds.push_back(choice.kind);
  const auto timer = std::find(kinds.begin(), kinds.end(), Choice::Kind::timer);
  ASSERT_LT(timer + 1, kinds.end());
  EXPECT_EQ(timer[1], Choice::Kind::timer);
}

TEST(FirstAlternative, ATaskBetweenTwoTimersIsADeviation) {
  const Model model = []() -> Task<> {
    std::string order;
    co_await two_sleepers(order);
    COCHECK(order != "aabb");
  };
  EXPECT_TRUE(explore(model, with(Strategy::fifo)).passed()) << "asyncio never does it";
  const Verdict verdict = explore(model, with(Strategy::exhaustive));
  ASSERT_TRUE(failed_with(FailureKind::check, verdict));
  ReplayExplorer again(verdict.recording->schedule);
  again.next();
  World world{Options()};
  detail::Recorder recorder;
  world.run(model, again, &recorder);
  EXPECT_FALSE(deviations_of(recorder.choices(), world.tape()).empty());
}

}  // namespace
}  // namespace cocheck
