// A program whose tests fail on purpose: gtest_test.cpp runs it and looks at what it says.

#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "cocheck/gtest.hpp"

namespace {

using namespace std::chrono_literals;
using cocheck::Task;

Task<> increment(int& counter) {
  const int value = counter;
  co_await cocheck::sleep(0s);
  counter = value + 1;
}

Task<> race(int& counter) {
  std::vector<Task<>> tasks;
  for (int i = 0; i < 2; ++i) tasks.push_back(increment(counter));
  co_await cocheck::gather(std::move(tasks));
}

COCHECK_TEST(Racy, Expect) {
  int counter = 0;
  co_await race(counter);
  EXPECT_EQ(counter, 2) << "an increment is lost";
}

COCHECK_TEST(Racy, Check, .strategy = cocheck::Strategy::random, .seed = 5) {
  int counter = 0;
  co_await race(counter);
  COCHECK(counter == 2);
}

Task<> take_both(cocheck::Lock& first, cocheck::Lock& second) {
  const auto outer = co_await first.scoped();
  co_await cocheck::sleep(0s);
  const auto inner = co_await second.scoped();
}

COCHECK_TEST(Locks, Deadlock) {
  cocheck::Lock left;
  cocheck::Lock right;
  co_await cocheck::gather(take_both(left, right), take_both(right, left));
}

COCHECK_TEST(Passing, Proved, .strategy = cocheck::Strategy::exhaustive) {
  int counter = 0;
  co_await cocheck::gather(increment(counter), increment(counter));
  EXPECT_GE(counter, 1);
}

COCHECK_TEST(Margin, TwoMilliseconds) {
  cocheck::Event event;
  const auto set_in_time = [&]() -> Task<> {
    co_await cocheck::sleep(8ms);
    event.set();
  };
  const auto setter = cocheck::create_task(set_in_time());
  const auto wait = [&]() -> Task<> { co_await event.wait(); };
  bool in_time = true;
  try {
    co_await cocheck::timeout(10ms).run(wait);
  } catch (const cocheck::TimeoutError&) {
    in_time = false;
  }
  EXPECT_TRUE(in_time) << "the reply was there";
  co_await setter;
}

/// How the next model is to differ from what it was: "" not at all, "fixed", "other" for a failure
/// of another kind, anything else for other steps.
std::string change() {
  const char* const value = std::getenv("CHANGED_MODEL");
  return value != nullptr ? value : "";
}

// Fails only where the second task goes first.
COCHECK_TEST(Order, SecondFirst) {
  std::string order;
  const bool steps_differ = !change().empty() && change() != "fixed" && change() != "other";
  const auto append = [&](char name) -> Task<> {
    if (steps_differ && name == 'b') co_await cocheck::sleep(0s);
    order += name;
    co_await cocheck::sleep(0s);
  };
  co_await cocheck::gather(append('a'), append('b'), append('c'));
  if (change() == "fixed") co_return;
  if (change() == "other") throw std::runtime_error("another failure");
  EXPECT_NE(order.find('a'), order.size() - 1) << "a was last";
}

COCHECK_TEST(Limits, NeverEnds, .max_executions = 3, .max_steps = 20) {
  for (unsigned round = 1; round != 0; ++round) co_await cocheck::sleep(0s);
}

COCHECK_TEST(Limits, GoesRound) {
  for (;;) co_await cocheck::sleep(0s);
}

COCHECK_TEST(Long, ManySteps) {
  for (int i = 0; i < 300; ++i) co_await cocheck::sleep(0s);
  ADD_FAILURE() << "after all these steps";
}

void skip_from_inside() {
  GTEST_SKIP() << "no time";
}

COCHECK_TEST(Skipping, Inside) {
  skip_from_inside();
  co_return;
}

class ExpectsAtItsEnd {
 public:
  explicit ExpectsAtItsEnd(const bool& expected) : expected_(expected) {}
  ExpectsAtItsEnd(const ExpectsAtItsEnd&) = delete;
  ExpectsAtItsEnd& operator=(const ExpectsAtItsEnd&) = delete;
  ~ExpectsAtItsEnd() { EXPECT_TRUE(expected_) << "in a destructor"; }

 private:
  const bool& expected_;
};

COCHECK_TEST(Destructor, ExpectsInside) {
  bool expected = false;
  const ExpectsAtItsEnd at_its_end(expected);
  co_await cocheck::sleep(0s);
}

// What fails outside of any model, in the reach of a bridge.
TEST(Destructor, ExpectsOutside) {
  const cocheck::ExpectBridge bridge;
  EXPECT_TRUE(cocheck::passes(cocheck::explore([]() -> Task<> { co_return; })));
  const bool expected = false;
  const ExpectsAtItsEnd at_its_end(expected);
}

// The first failure does not end this search: each failing schedule reports.
TEST(Plain, CountsFailures) {
  const cocheck::ExpectBridge bridge;
  const auto model = []() -> Task<> {
    int counter = 0;
    co_await race(counter);
    EXPECT_EQ(counter, 2) << "an increment is lost";
  };
  const cocheck::Verdict verdict = cocheck::explore(
      model, {.strategy = cocheck::Strategy::exhaustive, .stop_at_failure = false});
  EXPECT_GT(verdict.failing, 1u);
  EXPECT_TRUE(cocheck::passes(verdict));
}

}  // namespace
