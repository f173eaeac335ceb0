#include "cocheck/world.hpp"

#include <cerrno>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "cocheck/choose.hpp"
#include "cocheck/event.hpp"
#include "cocheck/explorers/exhaustive.hpp"
#include "cocheck/explorers/fifo.hpp"
#include "cocheck/explorers/random.hpp"
#include "cocheck/lock.hpp"
#include "cocheck/task_handle.hpp"
#include "models.hpp"

namespace cocheck {
namespace {

using namespace test;

Verdict every_order(const Model& model, Options options = {}) {
  options.strategy = Strategy::exhaustive;
  return explore(model, options);
}

Task<> wait_for_ever(Event& never) {
  co_await never.wait();
}

Task<> fail_at_once() {
  throw std::runtime_error("disk full");
  co_return;
}

// Failures.

TEST(Failures, Check) {
  const Verdict verdict = every_order([] { return racy_counter(2); });
  ASSERT_TRUE(failed_with(FailureKind::check, verdict));
  EXPECT_EQ(verdict.failure->message, "counter == tasks");
}

TEST(Failures, EscapedException) {
  const Verdict verdict = every_order([]() -> Task<> { co_await fail_at_once(); });
  ASSERT_TRUE(failed_with(FailureKind::exception, verdict));
  EXPECT_EQ(verdict.failure->message, "std::runtime_error(\"disk full\") left the model");
}

TEST(Failures, EscapedExceptionOfAnAwaitedTask) {
  const Verdict verdict = every_order([]() -> Task<> { co_await create_task(fail_at_once()); });
  ASSERT_TRUE(failed_with(FailureKind::exception, verdict));
}

TEST(Failures, CancelledErrorThatNobodyAskedForEscapes) {
  const Verdict verdict = every_order([]() -> Task<> {
    current_task().cancel("myself");
    co_await sleep(0s);
  });
  ASSERT_TRUE(failed_with(FailureKind::exception, verdict));
  EXPECT_EQ(verdict.failure->message, "CancelledError(\"myself\") left the model");
}

TEST(Failures, UnretrievedException) {
  const Verdict verdict = every_order([]() -> Task<> {
    create_task(fail_at_once());
    co_await sleep(1ms);
  });
  ASSERT_TRUE(failed_with(FailureKind::unretrieved_exception, verdict));
  EXPECT_EQ(verdict.failure->message,
            "task 0.0 'fail_at_once' ended with std::runtime_error(\"disk full\"), and nobody "
            "looked at it");
}

TEST(Failures, DeadlockOfTheModelAlone) {
  unsigned line = 0;
  const Verdict verdict = every_order([&]() -> Task<> {
    Event never;
    line = __LINE__ + 1;
    co_await never.wait();
  });
  ASSERT_TRUE(failed_with(FailureKind::deadlock, verdict));
  EXPECT_EQ(verdict.failure->message, "1 task waits and nothing is left that could wake it");
  EXPECT_EQ(verdict.failure->place.line(), line);
}

TEST(Failures, DeadlockOfSeveralTasks) {
  const Verdict verdict = every_order([]() -> Task<> {
    Event never;
    co_await gather(wait_for_ever(never), wait_for_ever(never));
  });
  ASSERT_TRUE(failed_with(FailureKind::deadlock, verdict));
  EXPECT_EQ(verdict.failure->message, "3 tasks wait and nothing is left that could wake them");
}

TEST(Failures, DeadlockInSomeOrdersOnly) {
  Options options;
  options.stop_at_failure = false;
  const Verdict verdict = every_order(
      []() -> Task<> {
        Event event;
        bool waiting = false;
        auto waiter = [&]() -> Task<> {
          waiting = true;
          co_await event.wait();
        };
        auto setter = [&]() -> Task<> {
          if (waiting) event.set();
          co_return;
        };
        co_await gather(waiter(), setter());
      },
      options);
  ASSERT_TRUE(failed_with(FailureKind::deadlock, verdict));
  EXPECT_EQ(verdict.executions, 2u);
  EXPECT_EQ(verdict.failing, 1u);
}

TEST(Failures, UnfinishedTask) {
  const Verdict verdict = every_order([]() -> Task<> {
    Event never;
    const TaskHandle<> handle = create_task(wait_for_ever(never), "worker");
    co_await sleep(1ms);
  });
  ASSERT_TRUE(failed_with(FailureKind::unfinished_task, verdict));
  EXPECT_EQ(verdict.failure->message,
            "task 0.0 'worker' was not finished when the model returned: await it, or cancel and "
            "await it");
}

TEST(Failures, UnfinishedTaskThatNeverStarted) {
  EXPECT_TRUE(failed_with(FailureKind::unfinished_task, every_order([]() -> Task<> {
                            create_task(fail_at_once());
                            co_return;
                          })));
}

TEST(Failures, NeverAwaited) {
  EXPECT_TRUE(failed_with(FailureKind::never_awaited, every_order([]() -> Task<> {
                            { Task<> forgotten = fail_at_once(); }
                            co_return;
                          })));
}

TEST(Failures, Misuse) {
  EXPECT_TRUE(failed_with(FailureKind::misuse, every_order([]() -> Task<> {
                            Lock lock;
                            auto guard = co_await lock.scoped();
                            lock.release();
                          })));
}

TEST(Failures, StopTheExecutionAfterTheStep) {
  int later_steps = 0;
  EXPECT_TRUE(failed_with(FailureKind::check, every_order([&]() -> Task<> {
                            auto other = [&]() -> Task<> {
                              ++later_steps;
                              co_return;
                            };
                            create_task(other());
                            COCHECK(false);
                            co_return;
                          })));
  EXPECT_EQ(later_steps, 0);
}

// Limits that end an execution.

TEST(World, StepLimitIsInconclusive) {
  Options options;
  options.max_steps = 50;
  const Verdict verdict = every_order(
      []() -> Task<> {
        while (true) co_await sleep(0s);
      },
      options);
  ASSERT_TRUE(is(Verdict::Kind::inconclusive, verdict));
  EXPECT_EQ(verdict.reason,
            "1 of 1 execution stopped after 50 steps (Options::max_steps): perhaps a livelock");
  EXPECT_EQ(verdict.cut, 1u);
  EXPECT_EQ(verdict.steps, 50u);
  ASSERT_TRUE(verdict.recording);
  EXPECT_EQ(verdict.recording->schedule.choices.size(), 50u);
  EXPECT_FALSE(verdict.passed());
}

TEST(World, StepLimitThatIsJustEnough) {
  Options options;
  options.max_steps = 3;
  const Model model = []() -> Task<> {
    co_await sleep(0s);
    co_await sleep(0s);
  };
  EXPECT_TRUE(is(Verdict::Kind::proved, every_order(model, options)));
  options.strategy = Strategy::fifo;
  EXPECT_TRUE(is(Verdict::Kind::sampled, explore(model, options)));
  options.max_steps = 2;
  EXPECT_TRUE(is(Verdict::Kind::inconclusive, every_order(model, options)));
  options.strategy = Strategy::fifo;
  EXPECT_TRUE(is(Verdict::Kind::inconclusive, explore(model, options)));
}

TEST(World, CutExecutionsLeaveNoProof) {
  Options options;
  options.max_steps = 20;
  const Verdict verdict = every_order(
      []() -> Task<> {
        if (choose(2) == 1) {
          while (true) co_await sleep(0s);
        }
        co_return;
      },
      options);
  EXPECT_TRUE(is(Verdict::Kind::inconclusive, verdict));
  EXPECT_EQ(verdict.executions, 2u);
  EXPECT_EQ(verdict.cut, 1u);
}

TEST(World, HandleThatOutlivesItsExecutionIsInconclusive) {
  std::optional<TaskHandle<>> kept;
  const Verdict verdict = every_order([&]() -> Task<> {
    auto child = []() -> Task<> { co_return; };
    kept = create_task(child());
    co_await *kept;
  });
  ASSERT_TRUE(is(Verdict::Kind::inconclusive, verdict));
  EXPECT_NE(verdict.reason.find("outlives the execution that made it"), std::string::npos)
      << verdict.reason;
  EXPECT_TRUE(kept->done()) << "it stays usable";
}

TEST(World, CoroutineThatOutlivesItsExecutionIsInconclusive) {
  std::optional<Task<>> kept;
  EXPECT_TRUE(is(Verdict::Kind::inconclusive, every_order([&]() -> Task<> {
                   kept = fail_at_once();
                   co_return;
                 })));
}

// Runs one after the other.

TEST(World, IsCleanAfterEveryKindOfEnd) {
  World world{Options()};
  const std::vector<Model> models{[] { return racy_counter(3); },
                                  []() -> Task<> {
                                    Event never;
                                    co_await gather(wait_for_ever(never), wait_for_ever(never));
                                  },
                                  []() -> Task<> {
                                    auto sleeper = []() -> Task<> { co_await sleep(1h); };
                                    create_task(sleeper());
                                    co_await sleep(1ms);
                                  },
                                  []() -> Task<> {
                                    Lock lock;
                                    auto holder = [&]() -> Task<> {
                                      auto guard = co_await lock.scoped();
                                      Event never;
                                      co_await never.wait();
                                    };
                                    auto waiter = [&]() -> Task<> {
                                      auto guard = co_await lock.scoped();
                                    };
                                    co_await gather(holder(), waiter());
                                  },
                                  []() -> Task<> {
                                    auto failing = []() -> Task<> {
                                      co_await sleep(0s);
                                      COCHECK(false);
                                    };
                                    co_await gather(failing(), failing());
                                  }};
  for (int round = 0; round < 3; ++round) {
    for (const Model& model : models) {
      RandomExplorer explorer(7);
      ASSERT_TRUE(explorer.next());
      world.run(model, explorer);
      EXPECT_EQ(world.blocks_held(), 0u);
      EXPECT_EQ(Loop::current_or_null(), nullptr);
    }
    FifoExplorer fifo;
    ASSERT_TRUE(fifo.next());
    world.run([] { return unchecked_counter(2); }, fifo);
    EXPECT_FALSE(world.failure());
    EXPECT_EQ(world.now(), TimePoint{});
  }
}

TEST(World, DestructorsThatUsePrimitivesAfterAFailureDoNoHarm) {
  struct SetsAtEnd {
    explicit SetsAtEnd(Event& event_in) : event(event_in) {}
    SetsAtEnd(const SetsAtEnd&) = delete;
    SetsAtEnd& operator=(const SetsAtEnd&) = delete;
    ~SetsAtEnd() {
      event.set();
      (void)choose(3);
    }
    Event& event;
  };
  const Verdict verdict = every_order([]() -> Task<> {
    Event first;
    Event second;
    auto waiter = [](Event& waited, Event& other) -> Task<> {
      const SetsAtEnd at_end(other);
      co_await waited.wait();
    };
    co_await gather(waiter(first, second), waiter(second, first));
  });
  ASSERT_TRUE(failed_with(FailureKind::deadlock, verdict));
  EXPECT_EQ(verdict.executions, 1u);
}

TEST(World, TapeHasTheChoicesThatThereWereAndStepsCountTheActions) {
  World world{Options()};
  ExhaustiveExplorer explorer;
  ASSERT_TRUE(explorer.next());
  world.run([] { return unchecked_counter(2); }, explorer);
  // The root's start, two steps of each task, the root's end.
  EXPECT_EQ(world.steps(), 6u);
  EXPECT_EQ(std::vector<std::uint32_t>(world.tape().begin(), world.tape().end()),
            (std::vector<std::uint32_t>{0, 0, 0}));
  ASSERT_TRUE(explorer.next());
  world.run([] { return unchecked_counter(2); }, explorer);
  EXPECT_EQ(std::vector<std::uint32_t>(world.tape().begin(), world.tape().end()),
            (std::vector<std::uint32_t>{0, 0, 1}));
}

TEST(World, RootHasTheSameNameWhetherRecordedOrNot) {
  std::set<std::string> names;
  const Verdict verdict = explore(
      [&]() -> Task<> {
        names.insert(current_task().name());
        COCHECK(false);
        co_return;
      },
      with(Strategy::fifo));
  EXPECT_TRUE(failed_with(FailureKind::check, verdict));
  EXPECT_EQ(names, (std::set<std::string>{"main"}));
}

// Clocks.

/// Says after which of three yields the sleeper had woken; 3: none.
Task<> spin_beside_a_sleeper(std::multiset<int>& woken_after, std::set<Duration>& times) {
  bool woken = false;
  auto sleeper = [&]() -> Task<> {
    co_await sleep(1ms);
    woken = true;
  };
  const TaskHandle<> handle = create_task(sleeper());
  int spins = 0;
  while (spins < 3 && !woken) {
    co_await sleep(0s);
    times.insert(LoopClock::now().time_since_epoch());
    ++spins;
  }
  woken_after.insert(woken ? spins : 3);
  co_await handle;
  COCHECK(LoopClock::now().time_since_epoch() == 1ms);
}

TEST(Clocks, IdleTimeMovesOnlyWhenNothingIsReady) {
  std::multiset<int> woken_after;
  std::set<Duration> times;
  EXPECT_TRUE(is(Verdict::Kind::proved_within,
                 every_order([&] { return spin_beside_a_sleeper(woken_after, times); })));
  EXPECT_EQ(std::set<int>(woken_after.begin(), woken_after.end()), (std::set<int>{3}));
  EXPECT_EQ(times, (std::set<Duration>{0ms}));
}

TEST(Clocks, RacingTimersFireAtAnyPoint) {
  std::multiset<int> woken_after;
  std::set<Duration> times;
  Options options;
  options.clock = Clock::race;
  EXPECT_TRUE(is(Verdict::Kind::proved,
                 every_order([&] { return spin_beside_a_sleeper(woken_after, times); }, options)));
  EXPECT_EQ(std::set<int>(woken_after.begin(), woken_after.end()), (std::set<int>{1, 2, 3}));
  EXPECT_EQ(times, (std::set<Duration>{0ms, 1ms}));
}

TEST(Clocks, RacingTimersKeepTheirOrderAndTimeNeverGoesBack) {
  Options options;
  options.clock = Clock::race;
  EXPECT_TRUE(is(Verdict::Kind::proved, every_order(
                                            []() -> Task<> {
                                              TimePoint latest{};
                                              auto sleeper = [&](Duration delay) -> Task<> {
                                                co_await sleep(delay);
                                                const TimePoint now = LoopClock::now();
                                                COCHECK(now >= latest);
                                                COCHECK(now.time_since_epoch() >= delay);
                                                latest = now;
                                                co_await sleep(0s);
                                              };
                                              co_await gather(sleeper(1ms), sleeper(2ms),
                                                              sleeper(0ms));
                                            },
                                            options)));
}

TEST(Clocks, AdvanceMovesTimeInsideAStep) {
  EXPECT_TRUE(is(Verdict::Kind::proved_within, every_order([]() -> Task<> {
                   auto sleeper = []() -> Task<> { co_await sleep(1ms); };
                   const TaskHandle<> handle = create_task(sleeper());
                   while (!handle.done()) {
                     static_cast<World&>(Loop::current()).advance(1ms);
                     COCHECK(LoopClock::now().time_since_epoch() <= 20ms);
                     co_await sleep(10ms);
                   }
                 })));
}

// Options.

TEST(Cancellations, HitEveryPointOfEveryTaskButTheFirst) {
  std::multiset<std::string> ends;
  Options options;
  options.cancellations = 1;
  const Verdict verdict = every_order(
      [&]() -> Task<> {
        std::string end = "never started";
        auto child = [&]() -> Task<> {
          end = "started";
          co_await sleep(0s);
          end = "finished";
        };
        co_await gather(return_exceptions, child());
        ends.insert(end);
      },
      options);
  EXPECT_TRUE(is(Verdict::Kind::proved_within, verdict));
  EXPECT_EQ(verdict.bound, "at most 1 injected cancellation");
  EXPECT_EQ(verdict.executions, 3u);
  EXPECT_EQ(ends, (std::multiset<std::string>{"never started", "started", "finished"}));
}

TEST(Cancellations, CanBeSeveral) {
  Options options;
  options.cancellations = 2;
  std::set<int> caught_counts;
  const Verdict verdict = every_order(
      [&]() -> Task<> {
        int caught = 0;
        auto stubborn = [&]() -> Task<> {
          for (int i = 0; i < 2; ++i) {
            try {
              co_await sleep(0s);
            } catch (const CancelledError&) {
              ++caught;
            }
          }
        };
        co_await gather(return_exceptions, stubborn());
        caught_counts.insert(caught);
      },
      options);
  EXPECT_TRUE(is(Verdict::Kind::proved_within, verdict));
  EXPECT_EQ(verdict.bound, "at most 2 injected cancellations");
  EXPECT_EQ(caught_counts, (std::set<int>{0, 1, 2}));
}

TEST(Cancellations, OneThatLeavesTheModelIsNoFailure) {
  Options options;
  options.cancellations = 1;
  EXPECT_TRUE(is(Verdict::Kind::proved_within, every_order(
                                                   []() -> Task<> {
                                                     auto child = []() -> Task<> {
                                                       co_await sleep(0s);
                                                     };
                                                     co_await create_task(child());
                                                   },
                                                   options)));
}

TEST(Cancellations, DoNotHideADeadlock) {
  Options options;
  options.cancellations = 1;
  EXPECT_TRUE(failed_with(FailureKind::deadlock, every_order(
                                                     []() -> Task<> {
                                                       Event never;
                                                       co_await gather(wait_for_ever(never));
                                                     },
                                                     options)));
}

TEST(Cancellations, OfTasksThatAwaitEachOtherEnd) {
  Options options;
  options.cancellations = 1;
  EXPECT_TRUE(failed_with(FailureKind::deadlock,
                          every_order(
                              []() -> Task<> {
                                std::optional<TaskHandle<>> first;
                                std::optional<TaskHandle<>> second;
                                auto await = [](std::optional<TaskHandle<>>& other) -> Task<> {
                                  co_await *other;
                                };
                                first = create_task(await(second));
                                second = create_task(await(first));
                                co_await sleep(0s);
                                co_await *first;
                              },
                              options)));
}

TEST(AlwaysSuspend, MakesFastPathsSchedulingPoints) {
  const Model model = []() -> Task<> {
    bool inside = false;
    auto child = [&]() -> Task<> {
      Lock own;
      COCHECK(!std::exchange(inside, true));
      co_await own.acquire();
      inside = false;
    };
    co_await gather(child(), child());
  };
  EXPECT_TRUE(is(Verdict::Kind::proved, every_order(model)));
  Options options;
  options.always_suspend = true;
  EXPECT_TRUE(failed_with(FailureKind::check, every_order(model, options)));
}

TEST(AlwaysSuspend, MakesFastPathsCancellationPoints) {
  const Model model = []() -> Task<> {
    Lock lock;
    bool passed = false;
    auto child = [&]() -> Task<> {
      current_task().cancel();
      co_await lock.acquire();
      passed = true;
    };
    co_await gather(return_exceptions, child());
    COCHECK(passed == lock.locked());
    COCHECK(!passed);
  };
  EXPECT_TRUE(failed_with(FailureKind::check, every_order(model)));
  Options options;
  options.always_suspend = true;
  EXPECT_TRUE(is(Verdict::Kind::proved, every_order(model, options)));
}

TEST(AlwaysSuspend, LeavesAwaitingAChildCoroutineAlone) {
  Options options;
  options.always_suspend = true;
  const Verdict verdict = every_order(
      []() -> Task<> {
        auto child = []() -> Task<int> { co_return 1; };
        const int value = co_await child();
        COCHECK(value == 1);
      },
      options);
  EXPECT_TRUE(is(Verdict::Kind::proved, verdict));
  EXPECT_EQ(verdict.steps, 1u);
}

TEST(EagerTasks, StartInsideTheirCreator) {
  const Model model = []() -> Task<> {
    bool started = false;
    auto child = [&]() -> Task<> {
      started = true;
      co_return;
    };
    const TaskHandle<> handle = create_task(child());
    COCHECK(started);
    co_await handle;
  };
  EXPECT_TRUE(failed_with(FailureKind::check, every_order(model)));
  Options options;
  options.eager_tasks = true;
  const Verdict verdict = every_order(model, options);
  EXPECT_TRUE(is(Verdict::Kind::proved, verdict));
  EXPECT_EQ(verdict.steps, 1u);
}

TEST(Errno, IsZeroWhenAStepBegins) {
  const Verdict verdict = every_order([]() -> Task<> {
    const auto child = []() -> Task<> {
      COCHECK(errno == 0);
      errno = 5;
      co_await sleep(0s);
      COCHECK(errno == 0);
    };
    co_await gather(child(), child());
  });
  EXPECT_TRUE(is(Verdict::Kind::proved, verdict));
}

TEST(Choices, MayStandInTheFirstStep) {
  const Verdict verdict = every_order([]() -> Task<> {
    const std::size_t first = choose(3);
    co_await sleep(0s);
    COCHECK(first + choose(3) < 5);
  });
  EXPECT_TRUE(is(Verdict::Kind::proved, verdict));
  EXPECT_EQ(verdict.executions, 9u);
}

}  // namespace
}  // namespace cocheck
