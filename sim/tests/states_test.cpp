#include "cocheck/explorers/states.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "cocheck/always.hpp"
#include "cocheck/detail/sanitizers.hpp"
#include "cocheck/detail/task_base.hpp"
#include "cocheck/explorers/exhaustive.hpp"
#include "cocheck/primitives.hpp"
#include "cocheck/schedule_line.hpp"
#include "models.hpp"

namespace cocheck {
namespace {

using namespace std::chrono_literals;
using detail::Fingerprint;
using detail::Fingerprinter;
using detail::TaskBase;
using test::failed_with;
using test::is;
using test::with;

Task<> locked_increment(Lock& lock, int& counter) {
  const auto guard = co_await lock.scoped();
  const int value = counter;
  co_await sleep(0s);
  counter = value + 1;
}

Task<> locked_counter(int tasks) {
  Lock lock;
  int counter = 0;
  std::vector<Task<>> children;
  for (int i = 0; i < tasks; ++i) children.push_back(locked_increment(lock, counter));
  co_await gather(std::move(children));
  COCHECK(counter == tasks);
}

struct Search {
  StatesExplorer::End end = StatesExplorer::End::exhausted;
  std::size_t states = 0;
  long double schedules = 0;
  std::uint64_t steps = 0;
};

Search search(const Model& model, StatesExplorer::Settings settings = {},
              StatesExplorer::Limits limits = {}, const Options& options = {}) {
  World world(options);
  StatesExplorer explorer(limits, std::move(settings));
  EXPECT_TRUE(explorer.next());
  world.run(model, explorer);
  EXPECT_FALSE(explorer.next());
  Search result{explorer.end(), explorer.graph().size(), 0, explorer.steps()};
  result.schedules = explorer.graph().count_paths().value_or(0);
  return result;
}

Options states() {
  return with(Strategy::states);
}

// With N equal tasks a state is told by k, how many have ended, by w, how many stand in the queue,
// and by whether the lock is
//   free, and nobody waits: k = 0..N, N+1 states;
//   held by one of the others: k+w <= N-1, N(N+1)/2 states;
//   free, and the first of the queue is woken: k, w >= 1 and k+w <= N, N(N-1)/2 states.
// With the states before the first step and after the last one that makes N^2 + N + 3.
TEST(LockedCounter, HasAsManyStatesAsItsFormulaSays) {
  for (int n = 2; n <= 12; ++n) {
    const Search found = search([n] { return locked_counter(n); });
    EXPECT_EQ(found.end, StatesExplorer::End::exhausted);
    EXPECT_EQ(found.states, static_cast<std::size_t>(n * n + n + 3)) << n;
  }
}

std::size_t falling(std::size_t n, std::size_t k) {  // n (n-1) ... (n-k+1)
  std::size_t product = 1;
  for (std::size_t i = 0; i < k; ++i) product *= n - i;
  return product;
}

// Where tasks are told apart, it matters which k have ended, which one holds the lock, and which
// stand in the queue in which order. For N = 12 that makes 5.8 * 10^9 states.
std::size_t states_told_apart(std::size_t n) {
  const auto choose = [&](std::size_t k) { return falling(n, k) / falling(k, k); };
  std::size_t states = 2;
  for (std::size_t k = 0; k <= n; ++k) {
    states += choose(k);
    for (std::size_t w = 0; k + w + 1 <= n; ++w) {
      states += choose(k) * (n - k) * falling(n - k - 1, w);
    }
    for (std::size_t w = 1; k >= 1 && k + w <= n; ++w) states += choose(k) * falling(n - k, w);
  }
  return states;
}

TEST(LockedCounter, HasAsManyStatesAsItsFormulaSaysWithoutFolding) {
  for (std::size_t n = 2; n <= 7; ++n) {
    StatesExplorer::Settings settings;
    settings.fold = false;
    const Search found = search([n] { return locked_counter(static_cast<int>(n)); }, settings);
    EXPECT_EQ(found.end, StatesExplorer::End::exhausted);
    EXPECT_EQ(found.states, states_told_apart(n)) << n;
  }
}

// All N tasks may change places. A state stays the same if those do that have ended, or that stand
// where others could as well: by the theorem of orbit and stabiliser, the N! arrangements of its
// tasks are N! / (ended! * equal! * equal! ...) different states where tasks are told apart.
TEST(LockedCounter, FoldsAsManyStatesAsThereAreWithoutFolding) {
  for (std::size_t n = 2; n <= 12; ++n) {
    std::size_t told_apart = 0;
    StatesExplorer::Settings settings;
    settings.on_state = [&](const World& world, const Fingerprinter& fingerprinter) {
      std::map<Fingerprint, std::size_t> equal;
      std::size_t ended = n;
      for (const TaskBase* task = world.first_task(); task != nullptr; task = task->next_task) {
        if (task == world.root()) continue;
        --ended;
        const Fingerprint orbit = fingerprinter.orbit_of(task);
        if (orbit != Fingerprint{}) ++equal[orbit];
      }
      std::size_t arrangements = falling(n, n) / falling(ended, ended);
      for (const auto& [orbit, count] : equal) arrangements /= falling(count, count);
      told_apart += arrangements;
    };
    const Search found = search([n] { return locked_counter(static_cast<int>(n)); }, settings);
    EXPECT_EQ(found.end, StatesExplorer::End::exhausted);
    EXPECT_EQ(found.states, n * n + n + 3) << n;
    EXPECT_EQ(told_apart, states_told_apart(n)) << n;
  }
}

TEST(LockedCounter, StandsForAsManySchedulesAsThereAre) {
  for (int n = 1; n <= 5; ++n) {
    const Model model = [n] { return locked_counter(n); };
    World world{Options()};
    ExhaustiveExplorer explorer;
    int executions = 0;
    for (; explorer.next(); ++executions) world.run(model, explorer);
    EXPECT_EQ(search(model).schedules, executions) << n;
    StatesExplorer::Settings settings;
    settings.fold = false;
    EXPECT_EQ(search(model, settings).schedules, executions) << n;
  }
}

TEST(LockedCounter, WithAHundredTasksIsProvedByDefault) {
  const Verdict verdict = explore([] { return locked_counter(100); });
  EXPECT_TRUE(is(Verdict::Kind::proved, verdict));
  EXPECT_EQ(verdict.states->states, 10'103u);
  EXPECT_EQ(verdict.summary(),
            "Proved: every schedule passes (10,103 states and 19,903 steps stand for about 10^236 "
            "schedules).");
}

Task<> use(Semaphore& semaphore, int& inside) {
  co_await semaphore.acquire();
  ++inside;
  co_await sleep(0s);
  --inside;
  semaphore.release();
}

TEST(States, ProveASemaphoreOfFiveWithTwentyTasks) {
  const Verdict verdict = explore(
      []() -> Task<> {
        Semaphore semaphore(5);
        int inside = 0;
        const auto few = always([&] { return inside <= 5; }, "at most five inside");
        std::vector<Task<>> users;
        for (int i = 0; i < 20; ++i) users.push_back(use(semaphore, inside));
        co_await gather(std::move(users));
        COCHECK(semaphore.value() == 5);
      },
      states());
  EXPECT_TRUE(is(Verdict::Kind::proved, verdict));
  EXPECT_GT(verdict.states->states, 500u);
}

Task<> produce(Queue<int>& queue, int first) {
  for (int i = 0; i < 3; ++i) co_await queue.put(first + i);
}

Task<> consume(Queue<int>& queue, int& sum) {
  for (int i = 0; i < 3; ++i) sum += co_await queue.get();
}

TEST(States, ProveAQueueOfAnySmallCapacity) {
  for (std::int64_t capacity = 1; capacity <= 3; ++capacity) {
    const Verdict verdict = explore(
        [capacity]() -> Task<> {
          Queue<int> queue(capacity);
          int sum = 0;
          co_await gather(produce(queue, 0), produce(queue, 10), consume(queue, sum),
                          consume(queue, sum));
          COCHECK(sum == 36);
        },
        states());
    EXPECT_TRUE(is(Verdict::Kind::proved, verdict)) << capacity;
  }
}

Task<> dine(Lock& first, Lock& second) {
  const auto one = co_await first.scoped();
  co_await sleep(0s);
  const auto other = co_await second.scoped();
  co_await sleep(0s);
}

Task<> dinner(std::size_t guests, bool ordered) {
  std::vector<std::unique_ptr<Lock>> forks;
  for (std::size_t i = 0; i < guests; ++i) forks.push_back(std::make_unique<Lock>());
  std::vector<Task<>> tasks;
  for (std::size_t i = 0; i < guests; ++i) {
    const std::size_t next = (i + 1) % guests;
    tasks.push_back(ordered && next < i ? dine(*forks[next], *forks[i])
                                        : dine(*forks[i], *forks[next]));
  }
  co_await gather(std::move(tasks));
}

TEST(States, FindTheDeadlockOfTheDiningPhilosophers) {
  Options options = states();
  for (const bool breadth_first : {false, true}) {
    options.breadth_first = breadth_first;
    const Verdict verdict = explore([] { return dinner(5, false); }, options);
    EXPECT_TRUE(failed_with(FailureKind::deadlock, verdict));
    // The first task, then two steps of each guest: less is no deadlock.
    EXPECT_EQ(verdict.recording->schedule.choices.size(), 11u);
    EXPECT_EQ(verdict.recording->schedule.strategy, "states");
    const Verdict again = replay([] { return dinner(5, false); }, verdict.recording->schedule);
    EXPECT_TRUE(failed_with(FailureKind::deadlock, again));
  }
}

TEST(States, ProveTheDiningPhilosophersWithOrderedForks) {
  EXPECT_TRUE(is(Verdict::Kind::proved, explore([] { return dinner(5, true); }, states())));
}

/// Fails after `far` steps one way, and after a few another way.
Task<> two_ways_to_fail(int far) {
  int steps = 0;
  const auto walk = [&]() -> Task<> {
    for (int i = 0; i < far; ++i) {
      co_await sleep(0s);
      ++steps;
    }
    COCHECK(steps == 0);
  };
  const auto stumble = [&]() -> Task<> {
    co_await sleep(0s);
    COCHECK(steps != 1);
  };
  co_await gather(walk(), stumble());
}

TEST(States, BreadthFirstFindTheShortestFailure) {
  Options options = states();
  options.breadth_first = true;
  const Verdict verdict = explore([] { return two_ways_to_fail(30); }, options);
  EXPECT_TRUE(failed_with(FailureKind::check, verdict));
  EXPECT_EQ(verdict.recording->schedule.choices.size(), 5u);
}

TEST(States, BreadthAndDepthSeeTheSameStates) {
  StatesExplorer::Settings broad;
  broad.breadth_first = true;
  const Model model = [] { return dinner(4, true); };
  const Search one = search(model);
  const Search other = search(model, broad);
  EXPECT_EQ(one.states, other.states);
  EXPECT_EQ(one.schedules, other.schedules);
}

TEST(States, AreTheSameWhereSnapshotsAreDropped) {
  const Model model = [] { return locked_counter(12); };
  StatesExplorer::Limits limits;
  limits.undo_bytes = 4'000;
  const Search frugal = search(model, {}, limits);
  EXPECT_EQ(frugal.end, StatesExplorer::End::exhausted);
  EXPECT_EQ(frugal.states, 159u);
  EXPECT_EQ(frugal.schedules, search(model).schedules);
}

TEST(States, CountAllFailuresOnRequest) {
  Options options = states();
  options.stop_at_failure = false;
  const Verdict verdict = explore([] { return test::racy_counter(3); }, options);
  EXPECT_TRUE(failed_with(FailureKind::check, verdict));
  EXPECT_GT(verdict.failing, 1u);
  EXPECT_TRUE(failed_with(FailureKind::check, replay([] { return test::racy_counter(3); },
                                                     verdict.recording->schedule)));
}

/// Makes the compiler give it a place in memory.
void has_address(const void* variable) {
  __asm__ volatile("" : : "r"(variable) : "memory");
}

Task<> one_scope_after_the_other() {
  {
    std::array<void*, 2> pointers{&pointers, nullptr};
    has_address(&pointers);
    co_await sleep(0s);
    has_address(&pointers);
  }
  bool flag = true;
  has_address(&flag);
  co_await sleep(0s);
  has_address(&flag);
}

// Each task has not begun, is in the first or the second scope, or has ended. With the states
// before the first step and after the last one that makes (N+1)(N+2)(N+3)/6 + 2.
TEST(States, AreNotTornApartByWhatVariablesLeaveBehind) {
  for (int n = 2; n <= 8; ++n) {
    const Model model = [n]() -> Task<> {
      std::vector<Task<>> children;
      for (int i = 0; i < n; ++i) children.push_back(one_scope_after_the_other());
      co_await gather(std::move(children));
    };
    EXPECT_TRUE(is(Verdict::Kind::proved, explore(model, states())));
    EXPECT_EQ(search(model).states, static_cast<std::size_t>((n + 1) * (n + 2) * (n + 3) / 6 + 2));
  }
}

TEST(States, InvariantsHoldInEveryState) {
  const Verdict verdict = explore(
      []() -> Task<> {
        int inside = 0;
        const auto alone = always([&] { return inside <= 1; }, "one at a time");
        const auto enter = [&]() -> Task<> {
          ++inside;
          co_await sleep(0s);
          --inside;
        };
        co_await gather(enter(), enter());
      },
      states());
  EXPECT_TRUE(failed_with(FailureKind::check, verdict));
  EXPECT_EQ(verdict.failure->message, "one at a time");
}

TEST(States, CancellationsAreABound) {
  Options options = states();
  options.cancellations = 1;
  const Verdict verdict = explore(
      []() -> Task<> {
        Lock lock;
        int counter = 0;
        std::vector<Task<>> children;
        for (int i = 0; i < 4; ++i) children.push_back(locked_increment(lock, counter));
        try {
          co_await gather(return_exceptions, std::move(children));
        } catch (const CancelledError&) {
        }
        COCHECK(!lock.locked());
      },
      options);
  EXPECT_TRUE(is(Verdict::Kind::proved_within, verdict));
}

TEST(States, ExceptionsInResultsComeBackWithTheState) {
  const Verdict verdict = explore(
      []() -> Task<> {
        const auto raise = [](int number) -> Task<> {
          co_await sleep(0s);
          throw std::runtime_error("number " + std::to_string(number) + " of several that fail");
        };
        std::vector<TaskHandle<>> handles;
        for (int i = 0; i < 3; ++i) handles.push_back(create_task(raise(i)));
        int seen = 0;
        for (int i = 0; i < 3; ++i) {
          try {
            co_await handles[static_cast<std::size_t>(i)];
          } catch (const std::runtime_error& error) {
            if (error.what() == "number " + std::to_string(i) + " of several that fail") ++seen;
          }
        }
        COCHECK(seen == 3);
      },
      states());
  EXPECT_TRUE(is(Verdict::Kind::proved, verdict));
}

/// A task that has ended and that only its child still knows: what it ended with is lost at once,
/// and does not hide in a state until the child ends.
TEST(States, ResultsThatNobodyKnowsDoNotOutliveTheirTask) {
  const Verdict verdict = explore(
      []() -> Task<> {
        Lock lock;
        Event go;
        const auto child = [&]() -> Task<> { co_await go.wait(); };
        const auto parent = [&]() -> Task<Lock::Guard> {
          create_task(child());
          auto guard = co_await lock.scoped();
          co_return guard;
        };
        create_task(parent());
        co_await sleep(0s);
        co_await sleep(0s);
        COCHECK(!lock.locked());
        go.set();
        co_await sleep(1s);
      },
      states());
  EXPECT_TRUE(is(Verdict::Kind::proved_within, verdict));
  EXPECT_EQ(verdict.bound, "for a loop that is never late");
}

TEST(Automatic, ProvesAModelWhoseFifoOrderIsEndless) {
  const Verdict verdict = explore([]() -> Task<> {
    while (choose(2) == 0) co_await sleep(0s);
  });
  EXPECT_TRUE(is(Verdict::Kind::proved, verdict));
  EXPECT_FALSE(verdict.recording.has_value());
}

// Livelocks. ---------------------------------------------------------------------------------

Task<> spin(const bool& flag) {
  while (!flag) co_await sleep(0s);
}

Task<> nobody_sets() {
  bool flag = false;
  Event event;
  const auto wait = [&]() -> Task<> { co_await event.wait(); };
  co_await gather(spin(flag), wait());
}

TEST(Livelock, OfASpinningTaskIsFoundAsStemAndLoop) {
  for (const Strategy strategy : {Strategy::states, Strategy::automatic}) {
    const Verdict verdict = explore(nobody_sets, with(strategy));
    EXPECT_TRUE(failed_with(FailureKind::livelock, verdict));
    EXPECT_EQ(verdict.failure->message,
              "step 3 leads back to the state before it, again and again; meanwhile these wait: "
              "0.1 'task 0.1'");
    const Schedule& schedule = verdict.recording->schedule;
    EXPECT_EQ(schedule.options.at("loop"), "3");
    EXPECT_EQ(schedule.choices.size(), 4u);
    EXPECT_NE(verdict.report().find("the loop begins"), std::string::npos) << verdict.report();
    EXPECT_TRUE(verdict.summary().ends_with("Found among 5 states.")) << verdict.summary();
  }
}

TEST(Livelock, ReplaysFromAFileAndFromALine) {
  const Verdict verdict = explore(nobody_sets, states());
  ASSERT_TRUE(failed_with(FailureKind::livelock, verdict));
  const Schedule& schedule = verdict.recording->schedule;
  for (const Schedule& form : {schedule, schedule_from_line(to_line(schedule))}) {
    const Verdict again = replay(nobody_sets, form);
    EXPECT_TRUE(failed_with(FailureKind::livelock, again));
    EXPECT_EQ(again.failure->message, verdict.failure->message);
    EXPECT_EQ(again.recording->trace, verdict.recording->trace);
    EXPECT_EQ(again.recording->schedule.options, schedule.options);
  }
}

TEST(Livelock, ThatIsMendedDoesNotReplay) {
  const Verdict verdict = explore(nobody_sets, states());
  ASSERT_TRUE(failed_with(FailureKind::livelock, verdict));
  const Verdict mended = replay(
      []() -> Task<> {
        bool flag = false;
        int rounds = 0;
        Event event;
        const auto wait = [&]() -> Task<> { co_await event.wait(); };
        const auto give_up = [&]() -> Task<> {
          while (!flag && rounds < 10) {
            ++rounds;
            co_await sleep(0s);
          }
          event.set();
        };
        co_await gather(give_up(), wait());
      },
      verdict.recording->schedule);
  EXPECT_TRUE(is(Verdict::Kind::inconclusive, mended));
  EXPECT_NE(mended.reason.find("found another one"), std::string::npos) << mended.reason;
}

TEST(Livelock, OfTwoTasksThatHandAFlagToEachOther) {
  const Verdict verdict = explore(
      []() -> Task<> {
        int turn = 0;
        const auto pass = [&](int mine) -> Task<> {
          while (turn != 2) {
            if (turn == mine) turn = 1 - mine;
            co_await sleep(0s);
          }
        };
        co_await gather(pass(0), pass(1));
      },
      states());
  EXPECT_TRUE(failed_with(FailureKind::livelock, verdict));
  // Both take part: a loop of one of them alone would be unfair.
  std::set<std::string> acting;
  const Schedule& schedule = verdict.recording->schedule;
  for (std::size_t i = std::stoul(schedule.options.at("loop")); i < schedule.choices.size(); ++i) {
    acting.insert(schedule.choices[i].task);
  }
  EXPECT_EQ(acting, (std::set<std::string>{"0.0", "0.1"}));
}

TEST(Livelock, IsNotACycleThatLeavesOutSomebodyWhoCanRun) {
  const Verdict verdict = explore(
      []() -> Task<> {
        bool flag = false;
        const auto set = [&]() -> Task<> {
          co_await sleep(0s);
          flag = true;
        };
        co_await gather(spin(flag), spin(flag), set());
      },
      states());
  EXPECT_TRUE(is(Verdict::Kind::proved, verdict));
  EXPECT_NE(verdict.summary().find("infinitely many schedules"), std::string::npos)
      << verdict.summary();
}

TEST(Livelock, IsNotACycleThatAChoiceEnds) {
  const Verdict verdict = explore(
      []() -> Task<> {
        while (choose(2) == 0) co_await sleep(0s);
      },
      states());
  EXPECT_TRUE(is(Verdict::Kind::proved, verdict));
}

Task<> set_after_a_second() {
  bool flag = false;
  const auto set = [&]() -> Task<> {
    co_await sleep(1s);
    flag = true;
  };
  co_await gather(spin(flag), set());
}

TEST(Livelock, WhileATimerIsPendingIsTheClocksDoing) {
  const Verdict idle = explore(set_after_a_second, states());
  EXPECT_TRUE(is(Verdict::Kind::inconclusive, idle));
  EXPECT_NE(idle.reason.find("Clock::idle"), std::string::npos) << idle.reason;
  Options options = states();
  options.clock = Clock::race;
  EXPECT_TRUE(is(Verdict::Kind::proved, explore(set_after_a_second, options)));
}

/// Which of two timers of one task fires is no part of the state, so fairness cannot be told.
TEST(Livelock, AmongSeveralTimersOfOneTaskIsUndecided) {
  Options options = states();
  options.clock = Clock::race;
  const Verdict verdict = explore(
      []() -> Task<> {
        const auto nap = []() -> Task<> { co_await sleep(1s); };
        const auto rounds = [&]() -> Task<> {
          while (true) {
            Timeout outer = timeout(1s);
            Timeout inner = timeout(1s);
            const auto body = [&]() -> Task<> { co_await inner.run(nap); };
            try {
              co_await outer.run(body);
            } catch (const TimeoutError&) {
            }
          }
        };
        co_await gather(rounds());
      },
      options);
  EXPECT_FALSE(verdict.passed());
  EXPECT_TRUE(is(Verdict::Kind::inconclusive, verdict));
}

TEST(Livelock, OfAServerThatNeverStops) {
  const Verdict verdict = explore(
      []() -> Task<> {
        const auto tick = []() -> Task<> {
          while (true) co_await sleep(1s);
        };
        co_await gather(tick(), tick());
      },
      states());
  EXPECT_TRUE(is(Verdict::Kind::inconclusive, verdict)) << "timers are pending all the time";
}

// What cannot be compared. -------------------------------------------------------------------

TEST(OutsideState, InAStaticIsNamed) {
  static int executions = 0;
  const Verdict verdict = explore(
      []() -> Task<> {
        const auto count = [](int& mine) -> Task<> {
          mine = ++executions;
          co_await sleep(0s);
        };
        int one = 0;
        int other = 0;
        co_await gather(count(one), count(other));
      },
      states());
  EXPECT_TRUE(is(Verdict::Kind::inconclusive, verdict));
  EXPECT_NE(verdict.reason.find("(task 0.0 "), std::string::npos) << verdict.reason;
  EXPECT_NE(verdict.reason.find("states_test.cpp:"), std::string::npos) << verdict.reason;
}

TEST(OutsideState, InACapturedVariableIsNoticedByDefault) {
  int last = 0;
  const Verdict verdict = explore([&]() -> Task<> {
    const int before = last;
    ++last;
    co_await sleep(0s);
    COCHECK(before >= 0);
  });
  EXPECT_TRUE(is(Verdict::Kind::inconclusive, verdict));
}

TEST(OutsideState, OrderOfAddressesIsNoticed) {
  const Verdict verdict = explore(
      []() -> Task<> {
        std::vector<std::unique_ptr<int>> numbers;
        for (int i = 0; i < 3; ++i) numbers.push_back(std::make_unique<int>(i));
        std::set<int*> by_address;
        for (const auto& number : numbers) by_address.insert(number.get());
        const int first = **by_address.begin();
        co_await sleep(0s);
        COCHECK(first < 3);
      },
      states());
  EXPECT_TRUE(is(Verdict::Kind::inconclusive, verdict));
}

TEST(OutsideState, AContainerThatKeepsWhatTheModelMadeIsNotSearched) {
  std::vector<std::string> kept;
  const Model model = [&]() -> Task<> {
    co_await sleep(0s);
    kept.push_back("a text that is too long to lie in the string itself");
  };
  const Verdict alone = explore(model, states());
  EXPECT_TRUE(is(Verdict::Kind::inconclusive, alone));
  EXPECT_NE(alone.reason.find("of memory behind"), std::string::npos) << alone.reason;
  Options options;
  options.max_executions = 20;
  const Verdict sampled = explore(model, options);
  EXPECT_TRUE(is(Verdict::Kind::sampled, sampled));
  EXPECT_EQ(kept.back(), "a text that is too long to lie in the string itself");
}

TEST(Names, ThatTheModelReadsTellTasksApart) {
  const auto model = [](bool reads) {
    return [reads]() -> Task<> {
      Lock lock;
      int firsts = 0;
      const auto increment = [&, reads]() -> Task<> {
        const auto guard = co_await lock.scoped();
        co_await sleep(0s);
        if (reads && current_task().id() == "0.0") ++firsts;
      };
      std::vector<Task<>> children;
      for (int i = 0; i < 4; ++i) children.push_back(increment());
      co_await gather(std::move(children));
      COCHECK(!reads || firsts == 1);
    };
  };
  const Verdict folded = explore(model(false), states());
  const Verdict apart = explore(model(true), states());
  EXPECT_TRUE(is(Verdict::Kind::proved, folded));
  EXPECT_TRUE(is(Verdict::Kind::proved, apart));
  EXPECT_TRUE(folded.states->folded);
  EXPECT_FALSE(apart.states->folded);
  EXPECT_LT(5 * folded.states->states, apart.states->states);
}

TEST(Names, AsArgumentsMerelyFoldLess) {
  const auto count = [](bool numbered) {
    const Verdict verdict = explore(
        [numbered]() -> Task<> {
          Lock lock;
          int sum = 0;
          const auto add = [&](int number) -> Task<> {
            const auto guard = co_await lock.scoped();
            co_await sleep(0s);
            sum += number;
          };
          std::vector<Task<>> children;
          for (int i = 0; i < 4; ++i) children.push_back(add(numbered ? i : 1));
          co_await gather(std::move(children));
          COCHECK(sum == (numbered ? 6 : 4));
        },
        states());
    EXPECT_TRUE(is(Verdict::Kind::proved, verdict));
    return verdict.states->states;
  };
  EXPECT_EQ(count(false), 23u);
  EXPECT_GT(count(true), 100u);
}

TEST(ClockOfTheModel, ThatIsReadIsPartOfTheState) {
  // Without the time, the state would be the same after every nap, and never seven.
  const auto naps = [](int most) {
    return [most]() -> Task<> {
      int rounds = 0;
      while (LoopClock::now() < TimePoint(7s)) {
        co_await sleep(1s);
        rounds = std::min(rounds + 1, most);
      }
      COCHECK(rounds == std::min(7, most));
    };
  };
  EXPECT_TRUE(is(Verdict::Kind::proved_within, explore(naps(1), states())));
  EXPECT_TRUE(is(Verdict::Kind::proved_within, explore(naps(7), states())));
}

/// A timeout that was made earlier than it begins has less time left than its delay. Only the time
/// tells how much: nothing else is left of the one nap or the two.
TEST(ClockOfTheModel, CountsForATimeoutThatHasNotBegun) {
  const Verdict verdict = explore(
      []() -> Task<> {
        const auto nap_once_or_twice = []() -> Task<> {
          const bool twice = choose(2) == 1;
          co_await sleep(1s);
          if (twice) co_await sleep(1s);
        };
        Timeout scope = timeout(5s);
        co_await nap_once_or_twice();
        co_await sleep(0s);
        const auto body = []() -> Task<> { co_await sleep(3500ms); };
        bool expired = false;
        try {
          co_await scope.run(body);
        } catch (const TimeoutError&) {
          expired = true;
        }
        COCHECK(!expired);
      },
      states());
  EXPECT_TRUE(failed_with(FailureKind::check, verdict));
}

TEST(ClockOfTheModel, IsReadByLookingAtADeadlineOrGivingOne) {
  for (const bool looks : {true, false}) {
    const Verdict verdict = explore(
        [looks]() -> Task<> {
          const auto nap_once_or_twice = []() -> Task<> {
            const bool twice = choose(2) == 1;
            co_await sleep(1s);
            if (twice) co_await sleep(1s);
          };
          co_await nap_once_or_twice();
          co_await sleep(0s);
          bool late = false;
          if (looks) {
            Timeout scope = timeout(1s);
            late = scope.when() == TimePoint(3s);
          } else {
            Timeout scope = timeout_at(TimePoint(2500ms));
            const auto body = []() -> Task<> { co_await sleep(1s); };
            try {
              co_await scope.run(body);
            } catch (const TimeoutError&) {
              late = true;
            }
          }
          COCHECK(!late);
        },
        states());
    EXPECT_TRUE(failed_with(FailureKind::check, verdict)) << looks;
  }
}

TEST(Limits, OfTheModelsMemoryEndTheSearchAndSaySo) {
  Options options = states();
  options.memory_limit = 1 << 20;
  const Model greedy = []() -> Task<> {
    std::vector<std::string> texts;
    for (int i = 0; i < 3'000; ++i) {
      texts.push_back(std::string(1'000, 'x'));
      co_await sleep(0s);
    }
  };
  for (const Strategy strategy : {Strategy::states, Strategy::random, Strategy::automatic}) {
    options.strategy = strategy;
    const Verdict verdict = explore(greedy, options);
    EXPECT_TRUE(is(Verdict::Kind::inconclusive, verdict)) << to_string(strategy);
    EXPECT_NE(verdict.reason.find("1048576 bytes"), std::string::npos) << verdict.reason;
  }
  options.memory_limit = 1;
  EXPECT_THROW((void)explore(greedy, options), ValueError);
}

TEST(Limits, OfStatesAndDepthAreSaid) {
  Options options = states();
  options.max_states = 50;
  const Verdict few = explore([] { return locked_counter(20); }, options);
  EXPECT_TRUE(is(Verdict::Kind::inconclusive, few));
  EXPECT_NE(few.reason.find("max_states, 50"), std::string::npos) << few.reason;
  options = states();
  options.max_steps = 10;
  const Verdict shallow = explore([] { return locked_counter(20); }, options);
  EXPECT_TRUE(is(Verdict::Kind::inconclusive, shallow));
  EXPECT_NE(shallow.reason.find("max_steps, 10"), std::string::npos) << shallow.reason;
  options = Options();
  options.max_states = 50;
  options.max_executions = 100;
  const Verdict sampled = explore([] { return locked_counter(20); }, options);
  EXPECT_TRUE(is(Verdict::Kind::sampled, sampled));
  EXPECT_NE(sampled.summary().find("max_states, 50"), std::string::npos) << sampled.summary();
}

#if COCHECK_ADDRESS_SANITIZER
TEST(AddressSanitizerDeathTest, SeesAUseAfterFreeInAModel) {
  const auto use_after_free = [](Strategy strategy) {
    (void)explore(
        []() -> Task<> {
          auto number = std::make_unique<int>(1);
          const int* stale = number.get();
          co_await sleep(0s);
          number.reset();
          co_await sleep(0s);
          COCHECK(*stale != 2);
        },
        with(strategy));
  };
  EXPECT_DEATH(use_after_free(Strategy::states), "use-after-poison");
  EXPECT_DEATH(use_after_free(Strategy::random), "use-after-poison");
}
#endif

TEST(InvalidFree, OfTheModelIsMisuse) {
  for (const Strategy strategy : {Strategy::states, Strategy::random}) {
    const Verdict verdict = explore(
        []() -> Task<> {
          auto* number = new int(1);
          delete number;
          co_await sleep(0s);
          ::operator delete(static_cast<void*>(number));
        },
        with(strategy));
    EXPECT_TRUE(failed_with(FailureKind::misuse, verdict)) << to_string(strategy);
  }
}

}  // namespace
}  // namespace cocheck
