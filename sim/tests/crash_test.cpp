// Steps that would end the program, with every strategy: what they leave is a failure, and the
// world goes on to be used.

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "../src/line_server.hpp"
#include "../src/symbols.hpp"
#include "cocheck/choose.hpp"
#include "cocheck/event.hpp"
#include "cocheck/explorers/exhaustive.hpp"
#include "cocheck/task_handle.hpp"
#include "cocheck/world.hpp"
#include "models.hpp"

namespace cocheck {
namespace {

using namespace test;

int* volatile nowhere = nullptr;

Task<> put(std::vector<int>& order, int me) {
  co_await sleep(0s);
  order.push_back(me);
}

/// Crashes in one of six orders.
Task<> rarely(std::function<void()> crash) {
  std::vector<int> order;
  co_await gather(put(order, 0), put(order, 1), put(order, 2));
  if (order == std::vector<int>{2, 1, 0}) crash();
}

void write_null() {
  *nowhere = 1;
}

class Crashes : public testing::TestWithParam<Strategy> {};

TEST_P(Crashes, AreFailuresThatReplay) {
  const Model model = [] { return rarely(write_null); };
  const Verdict verdict = explore(model, with(GetParam()));
  ASSERT_TRUE(failed_with(FailureKind::crash, verdict));
  EXPECT_TRUE(verdict.failure->message.starts_with("SIGSEGV: writes to address 0"));
  ASSERT_TRUE(verdict.recording);
  EXPECT_EQ(verdict.recording->trace.events.back().kind, TraceEvent::Kind::failure);
  EXPECT_TRUE(failed_with(FailureKind::crash, replay(model, verdict.recording->schedule)));
}

TEST_P(Crashes, LeaveTheSearchToGoOn) {
  Options options = with(GetParam());
  options.stop_at_failure = false;
  options.max_executions = 300;
  const Verdict all = explore([] { return rarely(std::abort); }, options);
  ASSERT_TRUE(failed_with(FailureKind::crash, all));
  EXPECT_GE(all.failing, 1u);
  if (GetParam() == Strategy::exhaustive) {
    EXPECT_EQ(all.failing * 6, all.executions);
  }
  EXPECT_TRUE(explore([] { return unchecked_counter(2); }, with(GetParam())).passed());
}

INSTANTIATE_TEST_SUITE_P(Strategies, Crashes,
                         testing::Values(Strategy::exhaustive, Strategy::states, Strategy::random,
                                         Strategy::pct, Strategy::automatic),
                         [](const auto& strategy) {
                           return std::string(to_string(strategy.param));
                         });

TEST(Crash, InAWorkerIsFoundAgain) {
  Options options = with(Strategy::random);
  options.max_executions = 50'000;
  options.jobs = 2;
  const Verdict verdict = explore(
      [] {
        return []() -> Task<> {
          const std::size_t drawn = choose(20'000);
          co_await sleep(0s);
          if (drawn % 5'000 == 7) write_null();
        }();
      },
      options);
  EXPECT_TRUE(failed_with(FailureKind::crash, verdict));
}

TEST(Crash, BeforeTheFirstStepIsOne) {
  const Model model = []() -> Task<> {
    write_null();
    return []() -> Task<> { co_return; }();
  };
  for (const Strategy strategy :
       {Strategy::fifo, Strategy::exhaustive, Strategy::states, Strategy::random}) {
    EXPECT_TRUE(failed_with(FailureKind::crash, explore(model, with(strategy))));
  }
}

TEST(Crash, InADestructorOfWhatIsLeftIsOne) {
  struct Crashing {
    ~Crashing() { write_null(); }
  };
  const Verdict verdict = explore(
      []() -> Task<> {
        const Crashing crashing;
        Event never;
        co_await never.wait();
      },
      with(Strategy::exhaustive));
  EXPECT_TRUE(failed_with(FailureKind::deadlock, verdict));
}

TEST(Crash, WhileAnExceptionIsHandledLeavesNone) {
  const Verdict verdict = explore(
      []() -> Task<> {
        co_await sleep(0s);
        try {
          throw std::runtime_error("first");
        } catch (const std::exception&) {
          write_null();
        }
      },
      with(Strategy::exhaustive));
  EXPECT_TRUE(failed_with(FailureKind::crash, verdict));
  EXPECT_EQ(std::current_exception(), nullptr);
  EXPECT_EQ(std::uncaught_exceptions(), 0);
}

TEST(Crash, LeavesNothingInTheMemoryOfTheModel) {
  World world{Options()};
  ExhaustiveExplorer explorer;
  const Model crashing = []() -> Task<> {
    std::vector<int> numbers(10'000, 7);
    co_await sleep(0s);
    write_null();
  };
  ASSERT_TRUE(explorer.next());
  world.run(crashing, explorer);
  ASSERT_TRUE(world.failure());
  EXPECT_TRUE(world.abandoned());
  EXPECT_EQ(world.blocks_held(), 0u);
  ExhaustiveExplorer again;
  ASSERT_TRUE(again.next());
  world.run([] { return unchecked_counter(2); }, again);
  EXPECT_FALSE(world.failure());
  EXPECT_EQ(world.memory().outstanding(), 0u);
}

/// Says when it dies, and who was running then.
class Mourned {
 public:
  Mourned(std::vector<std::string>& deaths, std::string name)
      : deaths_(deaths), name_(std::move(name)) {}
  Mourned(const Mourned&) = delete;
  Mourned& operator=(const Mourned&) = delete;
  ~Mourned() { deaths_.push_back(name_ + " in " + current_task().id()); }

 private:
  std::vector<std::string>& deaths_;
  std::string name_;
};

std::vector<std::string> deaths;

Task<> wait_mourned(Event& event, std::string name) {
  const Mourned mourned(deaths, std::move(name));
  co_await event.wait();
}

TEST(Teardown, DestroysChildrenBeforeWhatAFailedCheckUnwinds) {
  deaths.clear();
  (void)explore(
      []() -> Task<> {
        Event never;
        const Mourned local(deaths, "local");
        const auto one = create_task(wait_mourned(never, "one"));
        const auto two = create_task(wait_mourned(never, "two"));
        co_await sleep(0s);
        COCHECK(deaths.size() == 77);
      },
      [] {
        Options options = with(Strategy::fifo);
        options.shrink = false;
        return options;
      }());
  // Once in the search, once to write it down.
  EXPECT_EQ(deaths, (std::vector<std::string>{"two in 0.1", "one in 0.0", "local in 0",
                                              "two in 0.1", "one in 0.0", "local in 0"}));
}

TEST(Teardown, SaysWhoseFrameIsDestroyedInADeadlock) {
  deaths.clear();
  const Verdict verdict = explore(
      []() -> Task<> {
        Event never;
        co_await gather(wait_mourned(never, "one"), wait_mourned(never, "two"));
      },
      with(Strategy::fifo));
  EXPECT_TRUE(failed_with(FailureKind::deadlock, verdict));
  ASSERT_GE(deaths.size(), 2u);
  EXPECT_EQ(deaths[0], "two in 0.1");
  EXPECT_EQ(deaths[1], "one in 0.0");
}

TEST(Lines, AreToldByOneProcessForAllAddresses) {
  const auto here = [] { return __builtin_return_address(0); };
  (void)here;
  const detail::LineServer* const server = &detail::LineServer::instance();
  const std::string one = detail::line_at(reinterpret_cast<std::uintptr_t>(&write_null) + 1);
  const std::string two = detail::line_at(reinterpret_cast<std::uintptr_t>(&put) + 1);
  EXPECT_TRUE(one.starts_with("crash_test.cpp:")) << one;
  EXPECT_TRUE(two.starts_with("crash_test.cpp:")) << two;
  EXPECT_NE(one, two);
  EXPECT_EQ(server, &detail::LineServer::instance());
}

TEST(Steps, ThatSpinAreLeft) {
  volatile bool goes_on = true;
  Options options = with(Strategy::exhaustive);
  options.step_time = std::chrono::milliseconds(100);
  const Verdict verdict = explore(
      [&]() -> Task<> {
        co_await sleep(0s);
        while (goes_on) {
        }
      },
      options);
  ASSERT_TRUE(failed_with(FailureKind::stuck, verdict));
  EXPECT_TRUE(verdict.failure->message.starts_with("spins: ")) << verdict.failure->message;
}

TEST(Steps, ThatWaitOutsideAreLeft) {
  Options options = with(Strategy::exhaustive);
  options.step_time = std::chrono::milliseconds(100);
  const Verdict verdict = explore(
      []() -> Task<> {
        std::array<int, 2> ends{};
        COCHECK(::pipe(ends.data()) == 0);
        co_await sleep(0s);
        char byte = 0;
        (void)!::read(ends[0], &byte, 1);
      },
      options);
  ASSERT_TRUE(failed_with(FailureKind::stuck, verdict));
  EXPECT_TRUE(verdict.failure->message.starts_with("waits in read")) << verdict.failure->message;
}

}  // namespace
}  // namespace cocheck
