#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "cocheck/barrier.hpp"
#include "cocheck/gather.hpp"
#include "cocheck/task_handle.hpp"
#include "cocheck/wait.hpp"
#include "run_fifo.hpp"

namespace cocheck::conformance {
namespace {

constexpr std::size_t kParties = 5;
using Indices = std::vector<std::size_t>;

/// Starts `count` tasks of `body` at once.
template <class Body>
auto start_tasks(std::size_t count, const Body& body) {
  std::vector<TaskHandle<typename std::invoke_result_t<const Body&>::value_type>> tasks;
  for (std::size_t i = 0; i < count; ++i) tasks.push_back(create_task(body()));
  return tasks;
}

Indices sorted(Indices indices) {
  std::ranges::sort(indices);
  return indices;
}

void check_at_rest(const Barrier& barrier) {
  COCHECK(barrier.n_waiting() == 0);
  COCHECK(barrier.state() == Barrier::State::filling);
  COCHECK(!barrier.broken());
}

/// Whether `wait` was failed by a reset or an abort.
Task<bool> broken_wait(Barrier& barrier) {
  co_return co_await fails_with<BrokenBarrierError>(barrier.wait());
}

TEST(BarrierTests, barrier) {
  static_assert(Awaitable<decltype(std::declval<Barrier&>().wait())>);
  static_assert(!Awaitable<Barrier>);

  const Barrier barrier(kParties);
  EXPECT_EQ(barrier.state(), Barrier::State::filling);
  EXPECT_EQ(barrier.parties(), kParties);
}

TEST(BarrierTests, repr) {
  expect_fifo_passes([]() -> Task<> {
    Barrier barrier(kParties);
    COCHECK(to_string(barrier) == "<Barrier filling, waiters:0/5>");

    std::vector<TaskHandle<std::size_t>> waiters;
    const auto add_waiters = [&](std::size_t count) {
      for (std::size_t i = 0; i < count; ++i) waiters.push_back(create_task(barrier.wait()));
    };
    add_waiters(2);
    co_await tick();
    COCHECK(to_string(barrier) == "<Barrier filling, waiters:2/5>");

    add_waiters(barrier.parties() - barrier.n_waiting());
    co_await tick();
    COCHECK(to_string(barrier) == "<Barrier draining, waiters:0/5>");

    add_waiters(2);
    co_await tick();
    co_await barrier.reset();
    COCHECK(to_string(barrier) == "<Barrier resetting, waiters:0/5>");

    add_waiters(2);
    co_await tick();
    co_await barrier.abort();
    COCHECK(to_string(barrier) == "<Barrier broken>");
    COCHECK(barrier.broken());

    const auto results = co_await gather(return_exceptions, waiters);
    for (std::size_t i = 0; i < results.size(); ++i) {
      COCHECK(results[i].has_value() == (i < kParties));
      if (i < kParties) COCHECK(results[i].value() == i);
    }
  });
}

TEST(BarrierTests, barrier_parties) {
  EXPECT_THROW(Barrier(0), ValueError);
  EXPECT_THROW(Barrier(-4), ValueError);
  EXPECT_EQ(Barrier(4).parties(), 4u);
}

TEST(BarrierTests, context_manager) {
  expect_fifo_passes([]() -> Task<> {
    Barrier barrier(3);
    Indices indices;
    const auto pass = [&]() -> Task<> { indices.push_back(co_await barrier.wait()); };
    co_await gather(start_tasks(3, pass));

    COCHECK(sorted(indices) == Indices{0, 1, 2});
    check_at_rest(barrier);
  });
}

TEST(BarrierTests, filling_one_task) {
  expect_fifo_passes([]() -> Task<> {
    Barrier barrier(1);
    COCHECK(co_await barrier.wait() == 0);
    check_at_rest(barrier);
  });
}

TEST(BarrierTests, filling_one_task_twice) {
  expect_fifo_passes([]() -> Task<> {
    Barrier barrier(1);
    const auto first = create_task(barrier.wait());
    co_await tick();
    COCHECK(barrier.n_waiting() == 0);

    const auto second = create_task(barrier.wait());
    co_await tick();
    COCHECK(first.done());
    COCHECK(second.done());
    COCHECK(first.result() == second.result());
    check_at_rest(barrier);
  });
}

TEST(BarrierTests, filling_task_by_task) {
  expect_fifo_passes([]() -> Task<> {
    Barrier barrier(3);
    std::vector<TaskHandle<std::size_t>> tasks;
    for (const std::size_t waiting : {1u, 2u}) {
      tasks.push_back(create_task(barrier.wait()));
      co_await tick();
      COCHECK(barrier.n_waiting() == waiting);
      COCHECK(barrier.state() == Barrier::State::filling);
    }
    tasks.push_back(create_task(barrier.wait()));
    co_await tick();

    const auto waited = co_await wait(tasks);
    COCHECK(waited.pending.empty());
    check_at_rest(barrier);
  });
}

TEST(BarrierTests, filling_tasks_wait_twice) {
  expect_fifo_passes([]() -> Task<> {
    Barrier barrier(kParties);
    std::size_t first_round = 0;
    std::size_t second_round = 0;
    const auto pass_twice = [&]() -> Task<> {
      co_await barrier.wait();
      ++first_round;
      co_await barrier.wait();
      COCHECK(first_round == kParties);
      ++second_round;
    };
    co_await gather(start_tasks(kParties, pass_twice));

    COCHECK(first_round == kParties);
    COCHECK(second_round == kParties);
    check_at_rest(barrier);
  });
}

TEST(BarrierTests, filling_tasks_check_return_value) {
  expect_fifo_passes([]() -> Task<> {
    Barrier barrier(kParties);
    std::size_t first_round = 0;
    std::size_t second_round = 0;
    const auto pass_twice = [&]() -> Task<std::size_t> {
      co_await barrier.wait();
      ++first_round;
      const std::size_t index = co_await barrier.wait();
      ++second_round;
      co_return index;
    };
    const auto indices = co_await gather(start_tasks(kParties, pass_twice));

    COCHECK(first_round == kParties);
    COCHECK(second_round == kParties);
    COCHECK(sorted(indices) == Indices{0, 1, 2, 3, 4});
    check_at_rest(barrier);
  });
}

TEST(BarrierTests, draining_state) {
  expect_fifo_passes([]() -> Task<> {
    Barrier barrier(kParties);
    std::vector<Barrier::State> seen;
    const auto pass = [&]() -> Task<> {
      co_await barrier.wait();
      seen.push_back(barrier.state());
    };
    co_await gather(start_tasks(kParties, pass));

    std::vector<Barrier::State> expected(kParties, Barrier::State::draining);
    expected.back() = Barrier::State::filling;
    COCHECK(seen == expected);
    check_at_rest(barrier);
  });
}

TEST(BarrierTests, blocking_tasks_while_draining) {
  expect_fifo_passes([]() -> Task<> {
    constexpr std::size_t kBack = 2;
    Barrier barrier(kParties);
    Barrier drained(kParties - kBack);
    std::size_t to_come_back = kBack;
    std::size_t met_drained = 0;
    const auto pass_and_come_back = [&]() -> Task<> {
      co_await barrier.wait();
      if (to_come_back > 0) {
        --to_come_back;
        co_await barrier.wait();
      } else {
        co_await drained.wait();
        ++met_drained;
        co_await barrier.wait();
      }
    };
    co_await gather(start_tasks(kParties, pass_and_come_back));

    COCHECK(to_come_back == 0);
    COCHECK(met_drained == kParties - kBack);
    check_at_rest(barrier);
  });
}

TEST(BarrierTests, filling_tasks_cancel_one) {
  expect_fifo_passes([]() -> Task<> {
    Barrier barrier(3);
    std::size_t passed = 0;
    const auto pass = [&]() -> Task<> {
      co_await barrier.wait();
      ++passed;
    };
    const auto first = create_task(pass());
    co_await tick();
    COCHECK(barrier.n_waiting() == 1);
    const auto second = create_task(pass());
    co_await tick();
    COCHECK(barrier.n_waiting() == 2);

    first.cancel();
    co_await tick();
    COCHECK(barrier.n_waiting() == 1);
    COCHECK(co_await fails_with<CancelledError>(first));
    COCHECK(first.cancelled());
    COCHECK(!barrier.broken());

    const auto third = create_task(pass());
    co_await tick();
    COCHECK(barrier.n_waiting() == 2);
    const auto fourth = create_task(pass());
    co_await gather(second, third, fourth);

    COCHECK(passed == 3);
    check_at_rest(barrier);
  });
}

TEST(BarrierTests, reset_barrier) {
  expect_fifo_passes([]() -> Task<> {
    Barrier barrier(1);
    const auto reset = create_task(barrier.reset());
    co_await tick();
    COCHECK(reset.done());
    check_at_rest(barrier);
  });
}

TEST(BarrierTests, reset_barrier_while_tasks_waiting) {
  expect_fifo_passes([]() -> Task<> {
    Barrier barrier(kParties);
    const auto wait_broken = [&]() -> Task<bool> { return broken_wait(barrier); };
    auto tasks = start_tasks(kParties - 1, wait_broken);
    co_await tick();

    const auto reset = create_task(barrier.reset());
    const std::vector<bool> broken = co_await gather(std::move(tasks));

    COCHECK(broken == std::vector<bool>(kParties - 1, true));
    COCHECK(reset.done());
    check_at_rest(barrier);
  });
}

TEST(BarrierTests, reset_barrier_when_tasks_half_draining) {
  expect_fifo_passes([]() -> Task<> {
    constexpr std::size_t kStillInside = kParties / 2;
    Barrier barrier(kParties);
    std::size_t left = 0;
    std::size_t failed = 0;
    const auto pass = [&]() -> Task<> {
      if (co_await broken_wait(barrier)) {
        ++failed;
      } else if (++left == kParties - kStillInside) {
        co_await barrier.reset();
      }
    };
    co_await gather(start_tasks(kParties, pass));

    COCHECK(failed == kStillInside);
    check_at_rest(barrier);
  });
}

TEST(BarrierTests, reset_barrier_when_tasks_half_draining_half_blocking) {
  expect_fifo_passes([]() -> Task<> {
    constexpr std::size_t kBlocking = kParties / 2;
    Barrier barrier(kParties);
    std::size_t left = 0;
    std::size_t failed_inside = 0;
    std::size_t failed_outside = 0;
    std::size_t passed_again = 0;
    const auto pass = [&]() -> Task<> {
      if (co_await broken_wait(barrier)) {
        ++failed_inside;
        co_await barrier.wait();
        ++passed_again;
      } else if (++left > kBlocking) {
        co_await barrier.reset();
        co_await barrier.wait();
        ++passed_again;
      } else if (co_await broken_wait(barrier)) {
        ++failed_outside;
      } else {
        ++passed_again;
      }
    };
    co_await gather(start_tasks(kParties, pass));

    COCHECK(failed_inside == kBlocking);
    COCHECK(failed_outside == 0);
    COCHECK(passed_again == kParties);
    check_at_rest(barrier);
  });
}

TEST(BarrierTests, reset_barrier_while_tasks_waiting_and_waiting_again) {
  expect_fifo_passes([]() -> Task<> {
    Barrier barrier(kParties);
    std::size_t failed = 0;
    std::size_t passed = 0;
    const auto fail_and_pass = [&]() -> Task<> {
      if (co_await broken_wait(barrier)) ++failed;
      co_await barrier.wait();
      ++passed;
    };
    const auto only_pass = [&]() -> Task<> {
      co_await barrier.wait();
      ++passed;
    };
    auto tasks = start_tasks(kParties - 1, fail_and_pass);
    const auto reset = create_task(barrier.reset());
    co_await tick();

    tasks.push_back(create_task(only_pass()));
    co_await gather(std::move(tasks));

    COCHECK(reset.done());
    COCHECK(failed == kParties - 1);
    COCHECK(passed == kParties);
    check_at_rest(barrier);
  });
}

TEST(BarrierTests, reset_barrier_while_tasks_draining) {
  expect_fifo_passes([]() -> Task<> {
    Barrier barrier(kParties);
    std::size_t left = 0;
    std::size_t second_passed = 0;
    std::size_t second_failed = 0;
    std::size_t third_passed = 0;
    const auto pass_thrice = [&]() -> Task<> {
      co_await barrier.wait();
      if (++left == kParties) {
        co_await barrier.reset();
        co_await barrier.wait();
      } else if (co_await broken_wait(barrier)) {
        ++second_failed;
      } else {
        ++second_passed;
      }
      co_await barrier.wait();
      ++third_passed;
    };
    co_await gather(start_tasks(kParties, pass_thrice));

    COCHECK(second_passed == kParties - 1);
    COCHECK(second_failed == 0);
    COCHECK(third_passed == kParties);
    check_at_rest(barrier);
  });
}

TEST(BarrierTests, abort_barrier) {
  expect_fifo_passes([]() -> Task<> {
    Barrier barrier(1);
    const auto abort = create_task(barrier.abort());
    co_await tick();
    COCHECK(abort.done());
    COCHECK(barrier.n_waiting() == 0);
    COCHECK(barrier.broken());
    COCHECK(co_await broken_wait(barrier));
  });
}

TEST(BarrierTests, abort_barrier_when_tasks_half_draining_half_blocking) {
  expect_fifo_passes([]() -> Task<> {
    constexpr std::size_t kBlocking = kParties / 2;
    Barrier barrier(kParties);
    std::size_t left = 0;
    std::size_t failed_inside = 0;
    std::size_t failed_outside = 0;
    const auto pass = [&]() -> Task<> {
      if (co_await broken_wait(barrier)) {
        ++failed_inside;
      } else if (++left > kBlocking) {
        co_await barrier.abort();
      } else if (co_await broken_wait(barrier)) {
        ++failed_outside;
      }
    };
    co_await gather(start_tasks(kParties, pass));

    COCHECK(failed_inside == kBlocking);
    COCHECK(failed_outside == kParties - kBlocking - 1);
    COCHECK(barrier.n_waiting() == 0);
    COCHECK(barrier.state() == Barrier::State::broken);
  });
}

TEST(BarrierTests, abort_barrier_when_exception) {
  expect_fifo_passes([]() -> Task<> {
    Barrier barrier(kParties);
    std::size_t passed = 0;
    std::size_t failed = 0;
    const auto pass_twice = [&]() -> Task<> {
      bool raised = false;
      try {
        if (co_await barrier.wait() == kParties / 2) throw std::domain_error("the middle one");
        co_await barrier.wait();
        ++passed;
      } catch (const BrokenBarrierError&) {
        ++failed;
      } catch (const std::domain_error&) {
        raised = true;
      }
      if (raised) co_await barrier.abort();
    };
    co_await gather(start_tasks(kParties, pass_twice));

    COCHECK(passed == 0);
    COCHECK(failed == kParties - 1);
    COCHECK(barrier.n_waiting() == 0);
    COCHECK(barrier.broken());
  });
}

TEST(BarrierTests, abort_barrier_when_exception_then_resetting) {
  expect_fifo_passes([]() -> Task<> {
    Barrier barrier(kParties);
    Barrier meeting(kParties);
    std::size_t passed = 0;
    std::size_t failed = 0;
    std::size_t passed_after_reset = 0;
    const auto run = [&]() -> Task<> {
      bool raised = false;
      try {
        if (co_await barrier.wait() == kParties / 2) throw std::domain_error("the middle one");
        co_await barrier.wait();
        ++passed;
      } catch (const BrokenBarrierError&) {
        ++failed;
      } catch (const std::domain_error&) {
        raised = true;
      }
      if (raised) co_await barrier.abort();

      // All have left it before the reset, and nobody enters before it.
      if (co_await meeting.wait() == kParties / 2) co_await barrier.reset();
      co_await meeting.wait();
      co_await barrier.wait();
      ++passed_after_reset;
    };
    co_await gather(start_tasks(kParties, run));

    COCHECK(passed == 0);
    COCHECK(failed == kParties - 1);
    COCHECK(passed_after_reset == kParties);
    check_at_rest(barrier);
  });
}

}  // namespace
}  // namespace cocheck::conformance
