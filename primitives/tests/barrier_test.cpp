#include "cocheck/barrier.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <type_traits>
#include <vector>

#include "cocheck/check.hpp"
#include "cocheck/gather.hpp"
#include "cocheck/sleep.hpp"
#include "cocheck/task.hpp"
#include "cocheck/task_handle.hpp"
#include "run.hpp"

namespace cocheck {
namespace {

using namespace test;

static_assert(!detail::DirectAwaiter<Barrier&> && !detail::IndirectAwaiter<Barrier&>,
              "a barrier is waited for, not awaited");
static_assert(!std::is_copy_constructible_v<Barrier> && !std::is_move_constructible_v<Barrier>);

const std::string kBroken = "error: Barrier: it was aborted or reset";

TEST(Barrier, NeedsAtLeastOneParty) {
  EXPECT_THROW(Barrier(0), ValueError);
  EXPECT_THROW(Barrier(-1), ValueError);
  EXPECT_EQ(Barrier(1).parties(), 1u);
}

TEST(Barrier, TaskThatCompletesTheRoundDoesNotSuspend) {
  Log log;
  EXPECT_TRUE(passed(run([&]() -> Task<> {
    Barrier barrier(2);
    auto pass = [&]() -> Task<> {
      EXPECT_EQ(co_await barrier.wait(), 0u);
      log.push_back("first");
    };
    const TaskHandle<> first = create_task(pass());
    co_await sleep(0s);
    EXPECT_EQ(barrier.n_waiting(), 1u);
    EXPECT_EQ(co_await barrier.wait(), 1u);
    log.push_back("last");
    EXPECT_EQ(barrier.state(), Barrier::State::draining);
    EXPECT_EQ(barrier.n_waiting(), 0u);
    co_await first;
    EXPECT_EQ(barrier.state(), Barrier::State::filling);
  })));
  EXPECT_EQ(log, (Log{"last", "first"}));
}

TEST(Barrier, TaskCancelledWhileItFillsLeavesItWhole) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Barrier barrier(2);
    const TaskHandle<std::size_t> first = create_task(barrier.wait());
    co_await sleep(0s);
    first.cancel("enough");
    EXPECT_EQ(co_await outcome(first), "cancelled: enough");
    EXPECT_EQ(barrier.n_waiting(), 0u);
    EXPECT_FALSE(barrier.broken());
    co_await gather(barrier.wait(), barrier.wait());
  })));
}

TEST(Barrier, TaskCancelledAfterTheRoundIsCompleteFailsAlone) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Barrier barrier(3);
    const TaskHandle<std::size_t> first = create_task(barrier.wait());
    const TaskHandle<std::size_t> second = create_task(barrier.wait());
    co_await sleep(0s);
    EXPECT_EQ(co_await barrier.wait(), 2u);
    EXPECT_TRUE(first.cancel());
    EXPECT_EQ(co_await outcome(first), "cancelled");
    EXPECT_EQ(co_await second, 1u);
    EXPECT_EQ(barrier.state(), Barrier::State::filling);
  })));
}

TEST(Barrier, IndexIsTheNumberInsideOnArrivalAlsoAfterACancellation) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Barrier barrier(3);
    const TaskHandle<std::size_t> first = create_task(barrier.wait());
    const TaskHandle<std::size_t> second = create_task(barrier.wait());
    co_await sleep(0s);
    first.cancel();
    co_await sleep(0s);
    const TaskHandle<std::size_t> third = create_task(barrier.wait());
    co_await sleep(0s);
    EXPECT_EQ(co_await barrier.wait(), 2u);
    EXPECT_EQ(co_await second, 1u);
    EXPECT_EQ(co_await third, 1u) << "two of one round have the same";
    EXPECT_TRUE(first.cancelled());
  })));
}

TEST(Barrier, ResetFailsWhoIsInsideAndMendsIt) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Barrier barrier(3);
    const TaskHandle<std::size_t> first = create_task(barrier.wait());
    const TaskHandle<std::size_t> second = create_task(barrier.wait());
    co_await sleep(0s);
    co_await barrier.reset();
    EXPECT_EQ(barrier.state(), Barrier::State::resetting);
    EXPECT_EQ(co_await outcome(first), kBroken);
    EXPECT_EQ(co_await outcome(second), kBroken);
    EXPECT_EQ(barrier.state(), Barrier::State::filling);
    co_await gather(barrier.wait(), barrier.wait(), barrier.wait());
  })));
}

TEST(Barrier, WhoComesDuringAResetIsNotFailedByIt) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Barrier barrier(2);
    const TaskHandle<std::size_t> failed = create_task(barrier.wait());
    co_await sleep(0s);
    co_await barrier.reset();
    EXPECT_EQ(barrier.state(), Barrier::State::resetting);
    const TaskHandle<std::size_t> next = create_task(barrier.wait());
    const std::size_t index = co_await barrier.wait();
    EXPECT_EQ(index + co_await next, 1u);
    EXPECT_EQ(co_await outcome(failed), kBroken);
  })));
}

TEST(Barrier, AbortFailsAllUntilItIsReset) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Barrier barrier(2);
    const TaskHandle<std::size_t> inside = create_task(barrier.wait());
    co_await sleep(0s);
    co_await barrier.abort();
    EXPECT_TRUE(barrier.broken());
    EXPECT_EQ(co_await outcome(inside), kBroken);
    EXPECT_EQ(co_await outcome(barrier.wait()), "error: Barrier: it was aborted");
    EXPECT_TRUE(barrier.broken());
    co_await barrier.reset();
    EXPECT_FALSE(barrier.broken());
    co_await gather(barrier.wait(), barrier.wait());
  })));
}

/// Each task passes `rounds` rounds. Nobody may leave one that not all have entered, nor be two
/// rounds ahead of another.
template <std::size_t parties>
Task<> pass_rounds(int rounds) {
  Barrier barrier(parties);
  std::array<int, parties> entered{};
  std::array<int, parties> left{};
  auto pass = [&](std::size_t self) -> Task<> {
    for (int round = 1; round <= rounds; ++round) {
      co_await sleep(0s);
      entered[self] = round;
      const std::size_t index = co_await barrier.wait();
      COCHECK(index < parties);
      COCHECK(*std::ranges::min_element(entered) >= round);
      left[self] = round;
      COCHECK(*std::ranges::max_element(left) <= *std::ranges::min_element(left) + 1);
    }
  };
  std::vector<TaskHandle<>> tasks;
  for (std::size_t i = 0; i < parties; ++i) tasks.push_back(create_task(pass(i)));
  for (const TaskHandle<>& task : tasks) co_await task;
  COCHECK(barrier.state() == Barrier::State::filling);
  COCHECK(barrier.n_waiting() == 0);
}

TEST(Barrier, RoundsNeverMix) {
  EXPECT_TRUE(proved(run_every_order([] { return pass_rounds<2>(3); })));
  EXPECT_TRUE(proved(run_every_order([] { return pass_rounds<3>(2); })));
}

/// Three tasks for a barrier of two, some of them cancelled: who passes has had company, and who
/// is left waits alone.
Task<> pass_in_pairs() {
  Barrier barrier(2);
  int entered = 0;
  int passed = 0;
  auto pass = [&]() -> Task<> {
    ++entered;
    co_await barrier.wait();
    ++passed;
    COCHECK(entered >= 2);
  };
  std::vector<TaskHandle<>> tasks;
  for (int i = 0; i < 3; ++i) tasks.push_back(create_task(pass()));
  co_await sleep(1ms);

  const auto waiting = std::ranges::count_if(tasks, [](const auto& task) { return !task.done(); });
  COCHECK(waiting < 2);
  COCHECK(static_cast<std::size_t>(waiting) == barrier.n_waiting());
  COCHECK(barrier.state() == Barrier::State::filling);
  co_await barrier.abort();
  for (const TaskHandle<>& task : tasks) {
    const std::string how = co_await outcome(task);
    COCHECK(how == "done" || how == "cancelled" || how == kBroken);
  }
  COCHECK(passed <= 2);
}

TEST(Barrier, CancelledTaskNeitherBreaksNorCompletesARound) {
  EXPECT_TRUE(proved(run_every_order(pass_in_pairs)));
  EXPECT_TRUE(proved(run_every_order(pass_in_pairs, 1)));
  EXPECT_TRUE(proved(run_every_order(pass_in_pairs, 2)));
}

/// Two tasks pass while a third resets or aborts at any moment: both pass or fail, and after a
/// reset the barrier serves again.
Task<> disturb(bool abort) {
  Barrier barrier(2);
  std::vector<TaskHandle<std::size_t>> tasks{create_task(barrier.wait()),
                                             create_task(barrier.wait())};
  const TaskHandle<> disturbing = create_task(abort ? barrier.abort() : barrier.reset());
  co_await gather(return_exceptions, disturbing);
  co_await sleep(1ms);
  COCHECK(barrier.broken() == abort);
  COCHECK(barrier.n_waiting() < 2);
  co_await barrier.reset();
  for (const auto& task : tasks) {
    const std::string how = co_await outcome(task);
    COCHECK(how == "done" || how.starts_with("error: Barrier"));
  }
  COCHECK(barrier.state() == Barrier::State::filling);

  const TaskHandle<std::size_t> first = create_task(barrier.wait());
  const TaskHandle<std::size_t> second = create_task(barrier.wait());
  COCHECK(co_await first != co_await second);
}

TEST(Barrier, ServesAgainAfterAResetAtAnyMoment) {
  EXPECT_TRUE(proved(run_every_order([] { return disturb(false); })));
}

TEST(Barrier, ServesAgainAfterAnAbortAtAnyMoment) {
  EXPECT_TRUE(proved(run_every_order([] { return disturb(true); })));
}

}  // namespace
}  // namespace cocheck
