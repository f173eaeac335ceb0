#include "cocheck/condition.hpp"

#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "cocheck/check.hpp"
#include "cocheck/gather.hpp"
#include "cocheck/lock.hpp"
#include "cocheck/sleep.hpp"
#include "cocheck/task.hpp"
#include "cocheck/task_handle.hpp"
#include "run.hpp"

namespace cocheck {
namespace {

using namespace test;

static_assert(!detail::DirectAwaiter<Condition&> && !detail::IndirectAwaiter<Condition&>,
              "a condition is waited for, not awaited");
static_assert(!std::is_copy_constructible_v<Condition> && !std::is_move_constructible_v<Condition>);

Task<> wait_in_block(Condition& condition, Log& log, const char* name) {
  const auto guard = co_await condition.scoped();
  COCHECK(co_await condition.wait());
  log.push_back(name);
}

Task<> notify_in_block(Condition& condition, std::size_t count) {
  const auto guard = co_await condition.scoped();
  condition.notify(count);
}

TEST(Condition, WaitGivesTheLockUpUntilItIsNotified) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Condition condition;
    Log log;
    const TaskHandle<> waiter = create_task(wait_in_block(condition, log, "waiter"));
    co_await sleep(0s);
    EXPECT_FALSE(condition.locked());
    EXPECT_EQ(condition.waiting(), 1u);

    co_await condition.acquire();
    condition.notify();
    co_await sleep(0s);
    EXPECT_EQ(condition.waiting(), 0u) << "a notified task leaves the queue when it runs";
    EXPECT_FALSE(waiter.done()) << "the lock is not free yet";
    condition.release();
    co_await waiter;
    EXPECT_FALSE(condition.locked());
  })));
}

TEST(Condition, NotificationThatFindsNobodyIsLost) {
  const Verdict verdict = run([]() -> Task<> {
    Condition condition;
    Log log;
    co_await notify_in_block(condition, 1);
    co_await wait_in_block(condition, log, "waiter");
  });
  EXPECT_TRUE(failed_with(FailureKind::deadlock, verdict));
}

TEST(Condition, NotifyingNobodyWakesNobody) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Condition condition;
    Log log;
    const TaskHandle<> waiter = create_task(wait_in_block(condition, log, "waiter"));
    co_await sleep(0s);
    co_await notify_in_block(condition, 0);
    co_await sleep(1ms);
    EXPECT_FALSE(waiter.done());
    co_await notify_in_block(condition, 1);
    co_await waiter;
  })));
}

TEST(Condition, EachNotifyWakesAnotherTask) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    Condition condition;
    const TaskHandle<> first = create_task(wait_in_block(condition, log, "1"));
    const TaskHandle<> second = create_task(wait_in_block(condition, log, "2"));
    const TaskHandle<> third = create_task(wait_in_block(condition, log, "3"));
    co_await sleep(0s);
    {
      const auto guard = co_await condition.scoped();
      condition.notify();
      condition.notify();
      EXPECT_EQ(condition.waiting(), 3u);
    }
    co_await sleep(1ms);
    EXPECT_EQ(log, (Log{"1", "2"}));
    co_await notify_in_block(condition, 1);
    co_await gather(first, second, third);
  })));
  EXPECT_EQ(log, (Log{"1", "2", "3"}));
}

TEST(Condition, NotifyPassesOverACancelledTask) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    Condition condition;
    const TaskHandle<> first = create_task(wait_in_block(condition, log, "first"));
    const TaskHandle<> second = create_task(wait_in_block(condition, log, "second"));
    co_await sleep(0s);
    {
      const auto guard = co_await condition.scoped();
      first.cancel();
      condition.notify();
    }
    EXPECT_EQ(co_await outcome(first), "cancelled");
    co_await second;
  })));
  EXPECT_EQ(log, (Log{"second"}));
}

TEST(Condition, NotifiedTaskThatIsCancelledNotifiesAnother) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    Condition condition;
    const TaskHandle<> first = create_task(wait_in_block(condition, log, "first"));
    const TaskHandle<> second = create_task(wait_in_block(condition, log, "second"));
    co_await sleep(0s);
    {
      const auto guard = co_await condition.scoped();
      condition.notify();
      first.cancel();
    }
    EXPECT_EQ(co_await outcome(first), "cancelled");
    co_await second;
  })));
  EXPECT_EQ(log, (Log{"second"}));
}

TEST(Condition, LastCancellationWhileTheLockIsTakenAgainIsThrown) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Condition condition;
    auto waiter = [&]() -> Task<std::string> {
      co_await condition.acquire();
      std::string message = co_await outcome(condition.wait());
      EXPECT_TRUE(condition.locked());
      condition.release();
      co_return message;
    };
    const TaskHandle<std::string> waiting = create_task(waiter());
    co_await sleep(0s);
    {
      const auto guard = co_await condition.scoped();
      for (const char* message : {"first", "second", "third"}) {
        waiting.cancel(message);
        co_await sleep(0s);
        EXPECT_FALSE(waiting.done()) << message;
      }
    }
    EXPECT_EQ(co_await waiting, "cancelled: third");
    EXPECT_EQ(waiting.cancelling(), 3);
    EXPECT_FALSE(condition.locked());
  })));
}

TEST(Condition, PredicateThatHoldsNeedsNoLock) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Condition condition;
    const std::optional<int> value = co_await condition.wait([] { return std::optional(7); });
    EXPECT_EQ(value, 7);
    EXPECT_FALSE(condition.locked());
  })));
}

TEST(Condition, ErrorOfThePredicatePassesWithTheLockHeld) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Condition condition;
    bool fail = false;
    auto waiter = [&]() -> Task<> {
      const auto guard = co_await condition.scoped();
      try {
        co_await condition.wait([&]() -> bool {
          if (fail) throw std::domain_error("no value");
          return false;
        });
      } catch (const std::domain_error&) {
        EXPECT_TRUE(condition.locked());
        throw;
      }
    };
    const TaskHandle<> waiting = create_task(waiter());
    co_await sleep(0s);
    fail = true;
    co_await notify_in_block(condition, 1);
    EXPECT_THROW(co_await waiting, std::domain_error);
    EXPECT_FALSE(condition.locked());
  })));
}

TEST(Condition, WaitAndNotifyWithoutTheLockThrow) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Condition condition;
    EXPECT_EQ(co_await outcome(condition.wait()), "error: Condition.wait: the lock is not locked");
    EXPECT_THROW(condition.notify(), RuntimeError);
    EXPECT_THROW(condition.notify_all(), RuntimeError);
    EXPECT_THROW(condition.release(), RuntimeError);
    EXPECT_EQ(condition.waiting(), 0u);
  })));
}

TEST(Condition, TwoOfThemCanShareALock) {
  const auto pass_three_items = []() -> Task<> {
    Lock lock;
    Condition not_empty(lock);
    Condition not_full(lock);
    std::optional<int> slot;
    std::vector<int> got;
    auto producer = [&]() -> Task<> {
      for (int item = 0; item < 3; ++item) {
        const auto guard = co_await lock.scoped();
        co_await not_full.wait([&] { return !slot; });
        slot = item;
        not_empty.notify();
      }
    };
    auto consumer = [&]() -> Task<> {
      for (int i = 0; i < 3; ++i) {
        const auto guard = co_await lock.scoped();
        co_await not_empty.wait([&] { return slot.has_value(); });
        got.push_back(*std::exchange(slot, std::nullopt));
        not_full.notify();
      }
    };
    co_await gather(producer(), consumer());
    const std::vector<int> expected{0, 1, 2};
    COCHECK(got == expected);
  };
  EXPECT_TRUE(passed(run(pass_three_items)));
  EXPECT_TRUE(proved(run_every_order(pass_three_items)));
}

/// Stands where a task has the lock of a condition; two at once are an error.
class Section {
 public:
  Section(const Condition& condition, bool& occupied) : occupied_(occupied) {
    COCHECK(condition.locked());
    COCHECK(!occupied);
    occupied_ = true;
  }
  ~Section() { occupied_ = false; }
  Section(const Section&) = delete;
  Section& operator=(const Section&) = delete;

 private:
  bool& occupied_;
};

/// Some tasks wait, one notifies them one after the other.
Task<> wait_with_the_lock_held_on_exit(int waiters) {
  Condition condition;
  bool occupied = false;
  auto waiter = [&]() -> Task<> {
    co_await condition.acquire();
    const std::string how = co_await outcome(condition.wait());
    { const Section section(condition, occupied); }
    condition.release();
    if (how != "done") throw CancelledError();
  };
  auto notifier = [&]() -> Task<> {
    for (int i = 0; i < waiters; ++i) {
      const auto guard = co_await condition.scoped();
      const Section section(condition, occupied);
      condition.notify();
      co_await sleep(0s);  // who is notified meets a lock that is taken
    }
  };
  std::vector<TaskHandle<>> waiting;
  for (int i = 0; i < waiters; ++i) waiting.push_back(create_task(waiter()));
  const TaskHandle<> notifying = create_task(notifier());
  co_await gather(return_exceptions, notifying);
  co_await sleep(1ms);
  co_await notify_in_block(condition, waiting.size());
  co_await gather(return_exceptions, waiting);

  COCHECK(!condition.locked());
  COCHECK(condition.waiting() == 0);
  for (const TaskHandle<>& task : waiting) {
    COCHECK(task.cancelled() == (task.cancelling() > 0));
  }
}

TEST(Condition, LockIsHeldWheneverAWaitEnds) {
  EXPECT_TRUE(proved(run_every_order([] { return wait_with_the_lock_held_on_exit(2); })));
  EXPECT_TRUE(proved(run_every_order([] { return wait_with_the_lock_held_on_exit(2); }, 1)));
  EXPECT_TRUE(proved(run_every_order([] { return wait_with_the_lock_held_on_exit(1); }, 2)));
}

/// Two consumers wait for items; one task adds `count` of them and notifies once for each.
Task<> lose_no_notification(int count) {
  Condition condition;
  int items = 0;
  auto consumer = [&]() -> Task<> {
    const auto guard = co_await condition.scoped();
    co_await condition.wait([&] { return items > 0; });
    --items;
  };
  auto producer = [&]() -> Task<> {
    for (int i = 0; i < count; ++i) {
      const auto guard = co_await condition.scoped();
      ++items;
      condition.notify();
      co_await sleep(0s);  // who is notified meets a lock that is taken
    }
  };
  const TaskHandle<> first = create_task(consumer());
  const TaskHandle<> second = create_task(consumer());
  const TaskHandle<> producing = create_task(producer());
  co_await gather(return_exceptions, producing);
  co_await sleep(1ms);
  // Nothing can run any more: nobody may wait for an item that is there.
  COCHECK(items == 0 || (first.done() && second.done()));

  items += 2;
  {
    const auto guard = co_await condition.scoped();
    condition.notify_all();
  }
  co_await gather(return_exceptions, first, second);
  COCHECK(!condition.locked());
}

TEST(Condition, NoNotificationIsLostInAnyOrder) {
  EXPECT_TRUE(proved(run_every_order([] { return lose_no_notification(1); })));
  EXPECT_TRUE(proved(run_every_order([] { return lose_no_notification(2); })));
}

TEST(Condition, NoNotificationIsLostToACancelledTask) {
  EXPECT_TRUE(proved(run_every_order([] { return lose_no_notification(1); }, 1)));
  EXPECT_TRUE(proved(run_every_order([] { return lose_no_notification(1); }, 2)));
}

}  // namespace
}  // namespace cocheck
