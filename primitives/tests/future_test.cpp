#include "cocheck/future.hpp"

#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "cocheck/check.hpp"
#include "cocheck/gather.hpp"
#include "cocheck/shield.hpp"
#include "cocheck/sleep.hpp"
#include "cocheck/task.hpp"
#include "cocheck/task_handle.hpp"
#include "run.hpp"

namespace cocheck {
namespace {

using namespace test;

template <class T>
Task<T> read(Future<T> future) {
  co_return co_await future;
}

Task<> log_when_done(Future<> future, Log& log, const char* name) {
  co_await future;
  log.push_back(name);
}

TEST(Future, NeedsALoop) {
  EXPECT_THROW(Future<int>(), RuntimeError);
}

TEST(Future, StartsPending) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Future<int> future;
    EXPECT_FALSE(future.done());
    EXPECT_FALSE(future.cancelled());
    EXPECT_THROW(future.result(), InvalidStateError);
    EXPECT_THROW((void)future.exception(), InvalidStateError);
    co_return;
  })));
}

TEST(Future, GivesItsResult) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Future<std::string> future;
    future.set_result(3u, 'a');
    EXPECT_TRUE(future.done());
    EXPECT_FALSE(future.cancelled());
    EXPECT_EQ(future.result(), "aaa");
    EXPECT_EQ(future.exception(), nullptr);
    EXPECT_EQ(co_await future, "aaa");
    EXPECT_EQ(co_await future, "aaa");
  })));
}

TEST(Future, ThrowsItsException) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Future<int> future;
    future.set_exception(std::runtime_error("broken"));
    EXPECT_TRUE(future.done());
    EXPECT_THROW(future.result(), std::runtime_error);
    EXPECT_NE(future.exception(), nullptr);
    bool thrown = false;
    try {
      co_await future;
    } catch (const std::runtime_error&) {
      thrown = true;
    }
    EXPECT_TRUE(thrown);
  })));
}

TEST(Future, CancelledOneThrowsCancelledErrorWithItsMessage) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Future<int> future;
    EXPECT_TRUE(future.cancel("enough"));
    EXPECT_TRUE(future.done());
    EXPECT_TRUE(future.cancelled());
    EXPECT_THROW(future.result(), CancelledError);
    EXPECT_THROW((void)future.exception(), CancelledError);
    EXPECT_EQ(co_await outcome(read(future)), "cancelled: enough");
  })));
}

TEST(Future, IsCompletedOnce) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Future<int> done;
    done.set_result(1);
    EXPECT_THROW(done.set_result(2), InvalidStateError);
    EXPECT_THROW(done.set_exception(std::runtime_error("late")), InvalidStateError);
    EXPECT_FALSE(done.cancel());
    EXPECT_EQ(done.result(), 1);
    Future<int> cancelled;
    cancelled.cancel();
    EXPECT_THROW(cancelled.set_result(2), InvalidStateError);
    EXPECT_FALSE(cancelled.cancel());
    co_return;
  })));
}

TEST(Future, GivesAMoveOnlyValueOnce) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Future<std::unique_ptr<int>> future;
    future.set_result(std::make_unique<int>(7));
    const std::unique_ptr<int> value = co_await future;
    EXPECT_EQ(*value, 7);
    EXPECT_THROW(future.result(), InvalidStateError);
  })));
}

TEST(Future, AwaitingADoneOneDoesNotSuspend) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    Future<> future;
    future.set_result();
    Future<> other;
    const TaskHandle<> task = create_task(log_when_done(future, log, "other task"));
    co_await future;
    log.push_back("first");
    co_await task;
  })));
  EXPECT_EQ(log, (Log{"first", "other task"}));
}

TEST(Future, WakesAllThatAwaitItInOrderOfArrival) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    Future<> future;
    const auto all = gather(log_when_done(future, log, "1"), log_when_done(future, log, "2"),
                            log_when_done(future, log, "3"));
    co_await sleep(1ms);
    future.set_result();
    EXPECT_EQ(log, Log{}) << "set_result resumed somebody inline";
    co_await all;
  })));
  EXPECT_EQ(log, (Log{"1", "2", "3"}));
}

TEST(Future, CallbacksRunLaterInOrderOfRegistration) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    Future<int> future;
    future.add_done_callback(
        [&](const Future<int>& done) { log.push_back("1: " + std::to_string(done.result())); });
    future.add_done_callback([&](const Future<int>&) { log.push_back("2"); });
    co_await sleep(1ms);
    future.set_result(7);
    EXPECT_EQ(log, Log{}) << "set_result called back inline";
    future.add_done_callback([&](const Future<int>&) { log.push_back("registered when done"); });
    EXPECT_EQ(log, Log{}) << "a callback on a done future was called inline";
    co_await sleep(0s);
  })));
  EXPECT_EQ(log, (Log{"1: 7", "2", "registered when done"}));
}

TEST(Future, ARemovedCallbackIsNotCalled) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    Future<> future;
    const CallbackToken removed =
        future.add_done_callback([&](const Future<>&) { log.push_back("removed"); });
    const CallbackToken kept =
        future.add_done_callback([&](const Future<>&) { log.push_back("kept"); });
    EXPECT_TRUE(future.remove_done_callback(removed));
    EXPECT_FALSE(future.remove_done_callback(removed));
    future.set_result();
    EXPECT_FALSE(future.remove_done_callback(kept)) << "it is queued already";
    co_await sleep(0s);
  })));
  EXPECT_EQ(log, (Log{"kept"}));
}

TEST(Future, ACallbackKeepsADoneFutureAlive) {
  int seen = 0;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    {
      Future<int> future;
      future.add_done_callback([&](const Future<int>& done) { seen = done.result(); });
      future.set_result(7);
    }
    co_await sleep(0s);
  })));
  EXPECT_EQ(seen, 7);
}

TEST(Future, APendingOneMayBeDroppedWithItsCallbacks) {
  bool called = false;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    {
      Future<int> future;
      future.add_done_callback([&](const Future<int>&) { called = true; });
    }
    co_await sleep(0s);
  })));
  EXPECT_FALSE(called);
}

TEST(Future, CopiesNameTheSameFuture) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Future<int> future;
    const Future<int> copy = future;
    Future<int> other;
    EXPECT_EQ(copy, future);
    EXPECT_FALSE(other == future);
    copy.set_result(7);
    EXPECT_EQ(future.result(), 7);
    co_return;
  })));
}

TEST(Future, CancellingOneTaskCancelsAllThatAwaitTheSameFuture) {
  EXPECT_TRUE(proved(run_every_order([]() -> Task<> {
    Future<> future;
    const TaskHandle<> first = create_task(read(future));
    const TaskHandle<> second = create_task(read(future));
    co_await sleep(1ms);
    first.cancel();
    COCHECK(future.cancelled());
    COCHECK(co_await outcome(first) == "cancelled");
    COCHECK(co_await outcome(second) == "cancelled");
    COCHECK(second.cancelling() == 0);
  })));
}

TEST(Future, AShieldKeepsTheCancellationOfOneTaskFromTheOthers) {
  EXPECT_TRUE(proved(run_every_order([]() -> Task<> {
    Future<int> future;
    const TaskHandle<int> first = create_task(read(shield(future)));
    const TaskHandle<int> second = create_task(read(future));
    co_await sleep(1ms);
    first.cancel();
    COCHECK(co_await outcome(first) == "cancelled");
    COCHECK(!future.done());
    future.set_result(7);
    COCHECK(co_await second == 7);
  })));
}

TEST(Future, ACancelledTaskThatWasWokenLeavesTheResultToTheOthers) {
  EXPECT_TRUE(proved(run_every_order([]() -> Task<> {
    Future<int> future;
    const TaskHandle<int> first = create_task(read(future));
    const TaskHandle<int> second = create_task(read(future));
    co_await sleep(1ms);
    future.set_result(7);
    first.cancel();
    COCHECK(co_await outcome(first) == "cancelled");
    COCHECK(co_await second == 7);
  })));
}

// Wherever one of two readers is cancelled: parked, it takes the future and so the other with it;
// woken, it leaves the value to the other.
TEST(Future, EveryOrderOfTwoReadersAWriterAndACancellation) {
  const Verdict verdict = run_every_order(
      []() -> Task<> {
        Future<int> future;
        const TaskHandle<int> first = create_task(read(future));
        const TaskHandle<int> second = create_task(read(future));
        co_await sleep(0s);
        if (!future.done()) future.set_result(7);
        const std::string first_outcome = co_await outcome(first);
        const std::string second_outcome = co_await outcome(second);
        COCHECK(first.cancelling() + second.cancelling() <= 1);
        for (const TaskHandle<int>& reader : {first, second}) {
          if (reader.cancelling() > 0) COCHECK(reader.cancelled());
          if (reader.cancelled()) COCHECK(reader.cancelling() > 0 || future.cancelled());
          if (!reader.cancelled()) COCHECK(reader.result() == 7);
        }
      },
      1);
  EXPECT_TRUE(proved(verdict));
}

TEST(Future, AnExceptionThatNobodyLooksAtIsAFailure) {
  EXPECT_TRUE(failed_with(FailureKind::unretrieved_exception, run([]() -> Task<> {
                            {
                              Future<int> future;
                              future.set_exception(std::runtime_error("lost"));
                            }
                            co_await sleep(0s);
                          })));
}

}  // namespace
}  // namespace cocheck
