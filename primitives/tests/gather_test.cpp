#include "cocheck/gather.hpp"

#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "cocheck/check.hpp"
#include "cocheck/describe.hpp"
#include "cocheck/event.hpp"
#include "cocheck/sleep.hpp"
#include "cocheck/task.hpp"
#include "cocheck/task_handle.hpp"
#include "run.hpp"

namespace cocheck {
namespace {

using namespace test;

Task<int> number_after(Duration delay, int number) {
  co_await sleep(delay);
  co_return number;
}

Task<int> fail_after(Duration delay, const char* message) {
  co_await sleep(delay);
  throw ValueError(message);
}

Task<> note_down(Log& log, const char* name) {
  log.push_back(name);
  co_return;
}

/// Waits until it is cancelled and then ends like that.
Task<> wait_for_ever() {
  Event never;
  co_await never.wait();
}

/// Waits until it is cancelled and returns all the same, two steps later.
Task<> swallow_cancellation(Log& log, const char* name) {
  Event never;
  bool cancelled = false;
  try {
    co_await never.wait();
  } catch (const CancelledError&) {
    cancelled = true;
  }
  COCHECK(cancelled);
  co_await sleep(0s);
  log.push_back(name);
}

TEST(Gather, GivesATupleForAPack) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    auto word = []() -> Task<std::string> { co_return "word"; };
    auto nothing = []() -> Task<> { co_return; };
    const auto results = co_await gather(number_after(0s, 1), word(), nothing());
    static_assert(
        std::is_same_v<decltype(results), const std::tuple<int, std::string, std::monostate>>);
    EXPECT_EQ(std::get<0>(results), 1);
    EXPECT_EQ(std::get<1>(results), "word");
  })));
}

TEST(Gather, GivesAVectorForAVector) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    std::vector<Task<int>> children;
    for (int i = 0; i < 3; ++i) children.push_back(number_after(0s, i));
    const std::vector<int> results = co_await gather(std::move(children));
    EXPECT_EQ(results, (std::vector<int>{0, 1, 2}));
  })));
}

TEST(Gather, GivesNothingWhereAllAreVoid) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Log log;
    static_assert(std::is_void_v<decltype(gather(note_down(log, "a"), note_down(log, "b"))
                                              .
                                              operator co_await()
                                              .await_resume())>);
    co_await gather(note_down(log, "a"), note_down(log, "b"));
    std::vector<Task<>> children;
    children.push_back(note_down(log, "c"));
    co_await gather(std::move(children));
    EXPECT_EQ(log, (Log{"a", "b", "c"}));
  })));
}

TEST(Gather, GivesReferencesAndMoveOnlyValues) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    int number = 1;
    auto reference = [&]() -> Task<int&> { co_return number; };
    auto pointer = []() -> Task<std::unique_ptr<int>> { co_return std::make_unique<int>(7); };
    auto [same, owned] = co_await gather(reference(), pointer());
    EXPECT_EQ(&same, &number);
    EXPECT_EQ(*owned, 7);
    std::vector<Task<std::unique_ptr<int>>> children;
    children.push_back(pointer());
    children.push_back(pointer());
    const auto pointers = co_await gather(std::move(children));
    EXPECT_EQ(*pointers[0] + *pointers[1], 14);
  })));
}

TEST(Gather, KeepsTheOrderOfTheArgumentsWhoeverEndsFirst) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    const auto [a, b, c] =
        co_await gather(number_after(3ms, 1), number_after(1ms, 2), number_after(2ms, 3));
    EXPECT_EQ(a, 1);
    EXPECT_EQ(b, 2);
    EXPECT_EQ(c, 3);
    EXPECT_EQ(LoopClock::now().time_since_epoch(), 3ms);
  })));
}

TEST(Gather, StartsChildrenInTheOrderOfTheArguments) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    co_await gather(note_down(log, "1"), note_down(log, "2"), note_down(log, "3"));
  })));
  EXPECT_EQ(log, (Log{"1", "2", "3"}));
}

TEST(Gather, RunsTheChildrenAlsoWithoutBeingAwaited) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    {
      auto dropped = gather(note_down(log, "1"), note_down(log, "2"));
      EXPECT_FALSE(dropped.done());
      EXPECT_EQ(log, Log{});
    }
    co_await sleep(0s);
    EXPECT_EQ(log, (Log{"1", "2"}));
  })));
}

TEST(Gather, WithoutChildrenIsDoneAtOnce) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    const TaskHandle<> other = create_task(note_down(log, "other"));
    auto empty = gather(std::vector<Task<int>>());
    EXPECT_TRUE(empty.done());
    EXPECT_FALSE(empty.cancel());
    const std::vector<int> values = co_await empty;
    EXPECT_TRUE(values.empty());
    const std::vector<Result<int>> results =
        co_await gather(return_exceptions, std::vector<Task<int>>());
    EXPECT_TRUE(results.empty());
    co_await gather();
    log.push_back("gathered");
    co_await other;
  })));
  EXPECT_EQ(log, (Log{"gathered", "other"}));
}

TEST(Gather, AwaitingADoneOneDoesNotSuspend) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    auto all = gather(number_after(0s, 1), number_after(0s, 2));
    co_await sleep(1ms);
    EXPECT_TRUE(all.done());
    const TaskHandle<> other = create_task(note_down(log, "other"));
    co_await all;
    const auto [a, b] = co_await all;
    EXPECT_EQ(a + b, 3) << "it can be awaited again";
    log.push_back("gathered");
    co_await other;
  })));
  EXPECT_EQ(log, (Log{"gathered", "other"}));
}

TEST(Gather, AcceptsHandlesAndCoroutinesTogether) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    const TaskHandle<int> handle = create_task(number_after(1ms, 1));
    const auto [a, b] = co_await gather(handle, number_after(0s, 2));
    EXPECT_EQ(a, 1);
    EXPECT_EQ(b, 2);
    std::vector<TaskHandle<int>> handles{handle, create_task(number_after(0s, 3))};
    const auto values = co_await gather(std::move(handles));
    EXPECT_EQ(values, (std::vector<int>{1, 3}));
  })));
}

TEST(Gather, AwaitsAHandleGivenTwiceOnceAndRepeatsItsResult) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    int runs = 0;
    auto child = [&]() -> Task<int> { co_return ++runs; };
    const TaskHandle<int> handle = create_task(child());
    const auto [a, b, c] = co_await gather(handle, number_after(0s, 5), handle);
    EXPECT_EQ(a, 1);
    EXPECT_EQ(b, 5);
    EXPECT_EQ(c, 1);
    EXPECT_EQ(runs, 1);
  })));
}

TEST(Gather, ThrowsTheFirstErrorAtOnceAndTheOthersRunOn) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    auto slow = [&]() -> Task<int> {
      co_await sleep(5ms);
      log.push_back("slow one ends");
      co_return 1;
    };
    const TaskHandle<int> sibling = create_task(slow());
    try {
      co_await gather(sibling, fail_after(1ms, "first"));
      ADD_FAILURE();
    } catch (const ValueError& error) {
      log.push_back(error.what());
      EXPECT_EQ(LoopClock::now().time_since_epoch(), 1ms);
    }
    EXPECT_FALSE(sibling.done());
    EXPECT_EQ(sibling.cancelling(), 0);
    co_await sibling;
  })));
  EXPECT_EQ(log, (Log{"first", "slow one ends"}));
}

TEST(Gather, ThrowsTheErrorThatCameFirstAndDropsTheLaterOnes) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    std::string message;
    try {
      co_await gather(fail_after(3ms, "late"), fail_after(1ms, "early"), fail_after(2ms, "middle"));
    } catch (const ValueError& error) {
      message = error.what();
    }
    EXPECT_EQ(message, "early");
    co_await sleep(10ms);
  })));
}

TEST(Gather, OfTwoErrorsInOneIterationTheEarlierWins) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    std::string message;
    try {
      co_await gather(number_after(0s, 1), fail_after(0s, "second"), fail_after(0s, "third"));
    } catch (const ValueError& error) {
      message = error.what();
    }
    EXPECT_EQ(message, "second");
  })));
}

TEST(Gather, TurnsTheCancellationOfAChildIntoACancelledErrorOfItsOwn) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    const TaskHandle<> child = create_task(wait_for_ever());
    const TaskHandle<int> other = create_task(number_after(1ms, 1));
    auto all = gather(child, other);
    co_await sleep(0s);
    child.cancel("only you");
    std::string message;
    try {
      co_await all;
    } catch (const CancelledError& error) {
      message = error.message();
    }
    EXPECT_EQ(message, "only you");
    EXPECT_EQ(current_task().cancelling(), 0);
    EXPECT_FALSE(other.done()) << "the others run on";
    co_await other;
  })));
}

TEST(Gather, ReturnExceptionsWaitsForAllAndGivesEachResult) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    const TaskHandle<> cancelled = create_task(wait_for_ever());
    auto all = gather(return_exceptions, number_after(2ms, 1), fail_after(1ms, "bad"), cancelled);
    co_await sleep(0s);
    cancelled.cancel("not you");
    const auto [value, error, cancellation] = co_await all;
    EXPECT_EQ(LoopClock::now().time_since_epoch(), 2ms);
    EXPECT_TRUE(value.has_value());
    EXPECT_EQ(value.value(), 1);
    EXPECT_FALSE(error.has_value());
    EXPECT_FALSE(error.cancelled());
    EXPECT_EQ(describe(error.error()), "cocheck::ValueError(\"bad\")");
    EXPECT_TRUE(cancellation.cancelled());
    EXPECT_EQ(describe(cancellation.error()), "CancelledError(\"not you\")");
  })));
}

TEST(Gather, ReturnExceptionsOfAVector) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    std::vector<Task<int>> children;
    children.push_back(fail_after(1ms, "bad"));
    children.push_back(number_after(0s, 2));
    const std::vector<Result<int>> results =
        co_await gather(return_exceptions, std::move(children));
    EXPECT_FALSE(results.at(0).has_value());
    EXPECT_EQ(results.at(1).value(), 2);
    std::vector<TaskHandle<int>> handles{create_task(number_after(0s, 3))};
    const auto of_handles = co_await gather(return_exceptions, std::move(handles));
    EXPECT_EQ(of_handles.at(0).value(), 3);
  })));
}

TEST(Gather, ReturnExceptionsOfMoveOnlyValues) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    auto pointer = []() -> Task<std::unique_ptr<int>> { co_return std::make_unique<int>(7); };
    auto [result] = co_await gather(return_exceptions, pointer());
    EXPECT_EQ(*result.take(), 7);
  })));
}

TEST(Gather, CancellingWhoAwaitsCancelsTheChildrenAndWaitsForThem) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    auto child = [&](const char* name) -> Task<> {
      Event never;
      try {
        co_await never.wait();
      } catch (const CancelledError& error) {
        log.push_back(name + (" " + error.message()));
        throw;
      }
    };
    auto parent = [&]() -> Task<> {
      try {
        co_await gather(return_exceptions, child("a"), child("b"));
      } catch (const CancelledError&) {
        log.push_back("parent");
        throw;
      }
    };
    const TaskHandle<> handle = create_task(parent());
    co_await sleep(1ms);
    EXPECT_TRUE(handle.cancel("stop"));
    EXPECT_FALSE(handle.done());
    (void)co_await outcome(handle);
    EXPECT_TRUE(handle.cancelled());
  })));
  EXPECT_EQ(log, (Log{"a stop", "b stop", "parent"}));
}

TEST(Gather, CancelledOneKeepsTheMessage) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    auto parent = []() -> Task<> { co_await gather(return_exceptions, wait_for_ever()); };
    const TaskHandle<> handle = create_task(parent());
    co_await sleep(1ms);
    handle.cancel("stop");
    EXPECT_EQ(co_await outcome(handle), "cancelled: stop");
  })));
}

TEST(Gather, EndsCancelledThoughTheChildrenSwallowTheRequest) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    auto plain = [&]() -> Task<> {
      co_await gather(swallow_cancellation(log, "a"), swallow_cancellation(log, "b"));
    };
    auto collecting = [&]() -> Task<> {
      co_await gather(return_exceptions, swallow_cancellation(log, "c"));
    };
    const TaskHandle<> first = create_task(plain());
    const TaskHandle<> second = create_task(collecting());
    co_await sleep(1ms);
    first.cancel();
    EXPECT_EQ(co_await outcome(first), "cancelled");
    EXPECT_EQ(log, (Log{"a", "b"})) << "it waits for them";
    second.cancel();
    EXPECT_EQ(co_await outcome(second), "cancelled");
  })));
  EXPECT_EQ(log, (Log{"a", "b", "c"}));
}

TEST(Gather, ErrorDuringTheCleanUpOfAChildWinsOverTheCancellation) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    auto child = []() -> Task<> {
      Event never;
      try {
        co_await never.wait();
      } catch (const CancelledError&) {
        throw ValueError("clean-up failed");
      }
    };
    auto parent = [&]() -> Task<> { co_await gather(child()); };
    const TaskHandle<> handle = create_task(parent());
    co_await sleep(1ms);
    handle.cancel();
    EXPECT_EQ(co_await outcome(handle), "error: clean-up failed");
  })));
}

TEST(Gather, CancelReportsWhetherAChildAcceptedIt) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    const TaskHandle<int> done = create_task(number_after(0s, 1));
    co_await done;
    const TaskHandle<> waiting = create_task(wait_for_ever());
    const TaskHandle<int> done_last = create_task(number_after(0s, 1));
    co_await done_last;
    auto all = gather(return_exceptions, done, waiting, done_last);
    co_await sleep(0s);
    EXPECT_TRUE(all.cancel());
    EXPECT_FALSE(all.done());
    bool cancelled = false;
    try {
      co_await all;
    } catch (const CancelledError&) {
      cancelled = true;
    }
    EXPECT_TRUE(cancelled);
    EXPECT_TRUE(all.done());
    EXPECT_FALSE(all.cancel());
  })));
}

TEST(Gather, CancelThatFindsAllChildrenDoneFallsToTheAwaitingTask) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    auto child = []() -> Task<> { co_return; };
    auto parent = [&]() -> Task<> { co_await gather(child()); };
    const TaskHandle<> handle = create_task(parent());
    co_await sleep(0s);
    co_await sleep(0s);
    // The child has ended; the callback that tells the gather is queued behind this task.
    EXPECT_FALSE(handle.done());
    EXPECT_TRUE(handle.cancel());
    EXPECT_EQ(co_await outcome(handle), "cancelled");
  })));
}

TEST(Gather, TakesNoCancellationFromOneThatWasAskedForOutsideOfIt) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    // The gather is cancelled, not the task that awaits it: no request is counted.
    auto all = gather(return_exceptions, wait_for_ever());
    co_await sleep(0s);
    all.cancel("direct");
    EXPECT_EQ(co_await outcome(all), "cancelled: direct");
    EXPECT_EQ(current_task().cancelling(), 0);
  })));
}

TEST(Gather, ErrorThatNobodyAwaitsIsAFailure) {
  EXPECT_TRUE(failed_with(FailureKind::unretrieved_exception, run([]() -> Task<> {
                            { auto dropped = gather(fail_after(0s, "unseen")); }
                            co_await sleep(1ms);
                          })));
}

TEST(Gather, ChildCannotEndBetweenItsEndAndThatOfTheGatherUnseen) {
  // In asyncio's order there is a moment in which the child is done and the gather is not. Whoever
  // looks at it then must find it among the states that every order gives.
  std::set<std::pair<bool, bool>> seen;
  const auto model = [&]() -> Task<> {
    auto child = []() -> Task<> { co_return; };
    const TaskHandle<> handle = create_task(child());
    auto all = gather(handle);
    auto look = [&]() -> Task<> {
      seen.insert({handle.done(), all.done()});
      co_return;
    };
    const TaskHandle<> looking = create_task(look());
    co_await all;
    co_await looking;
  };
  EXPECT_TRUE(passed(run(model)));
  EXPECT_EQ(seen, (std::set<std::pair<bool, bool>>{{true, false}}));
  const auto seen_by_fifo = std::exchange(seen, {});
  EXPECT_TRUE(proved(run_every_order(model)));
  EXPECT_TRUE(seen.contains(*seen_by_fifo.begin()));
}

TEST(Gather, WhichOfTwoErrorsComesFirstDependsOnTheOrder) {
  std::set<std::string> messages;
  EXPECT_TRUE(proved(run_every_order([&]() -> Task<> {
    auto fail = [](const char* message) -> Task<> {
      throw ValueError(message);
      co_return;
    };
    const TaskHandle<> a = create_task(fail("a"));
    const TaskHandle<> b = create_task(fail("b"));
    try {
      co_await gather(a, b);
    } catch (const ValueError& error) {
      messages.insert(error.what());
    }
    (void)co_await gather(return_exceptions, a, b);
  })));
  EXPECT_EQ(messages, (std::set<std::string>{"a", "b"}));
}

TEST(Gather, CancellationReachesAllChildrenInEveryOrder) {
  EXPECT_TRUE(proved(run_every_order(
      []() -> Task<> {
        int ended = 0;
        auto child = [&]() -> Task<> {
          try {
            co_await sleep(0s);
          } catch (const CancelledError&) {
            ++ended;
            throw;
          }
          ++ended;
        };
        auto parent = [&]() -> Task<> {
          const TaskHandle<> a = create_task(child());
          const TaskHandle<> b = create_task(child());
          try {
            co_await gather(return_exceptions, a, b);
          } catch (const CancelledError&) {
            COCHECK(a.done() && b.done());
            throw;
          }
          COCHECK(ended == 2 || a.cancelled() || b.cancelled());
        };
        const TaskHandle<> handle = create_task(parent());
        co_await gather(return_exceptions, handle);
      },
      1)));
}

TEST(Gather, WaitsForFuturesBesideCoroutines) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Future<int> first;
    Future<int> second;
    const auto answer = []() -> Task<int> { co_return 3; };
    auto gathered = gather(first, answer(), second);
    second.set_result(2);
    first.set_result(1);
    const auto [a, b, c] = co_await gathered;
    COCHECK(a == 1 && b == 3 && c == 2);
    std::vector<Future<int>> futures(2);
    futures[0].set_result(4);
    futures[1].set_exception(RuntimeError("broken"));
    const auto results = co_await gather(return_exceptions, futures);
    COCHECK(results[0].value() == 4);
    COCHECK(!results[1].has_value());
  })));
}

}  // namespace
}  // namespace cocheck
