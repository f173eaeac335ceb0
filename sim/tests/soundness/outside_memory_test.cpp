// Models that change what lies outside of their memory: it is part of the state, whatever it is and
// whatever searches.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cocheck/check.hpp"
#include "cocheck/choose.hpp"
#include "cocheck/gather.hpp"
#include "cocheck/sleep.hpp"
#include "outside.hpp"

namespace cocheck {
namespace {

using namespace std::chrono_literals;
using test::all_strategies;
using test::is_noticed;
using test::is_right;
using test::verdict_of;

/// Two tasks, of which each writes its number to `last`.
Task<> write(int& last, int number) {
  co_await sleep(0s);
  last = number;
}

/// Holds only if the second one comes last.
Task<> last_is_two(int& last) {
  last = 0;
  co_await gather(write(last, 1), write(last, 2));
  COCHECK(last == 2);
}

/// Holds always.
Task<> last_is_one_of_two(int& last) {
  last = 0;
  co_await gather(write(last, 1), write(last, 2));
  COCHECK(last == 1 || last == 2);
}

void expect_noticed_and_right(int& last) {
  for (const Strategy strategy : all_strategies()) {
    last = 7;
    EXPECT_TRUE(is_noticed(verdict_of([&] { return last_is_two(last); }, strategy)))
        << to_string(strategy);
    EXPECT_TRUE(is_right(verdict_of([&] { return last_is_one_of_two(last); }, strategy), strategy));
  }
}

int static_number;
int initialised_number = 5;
thread_local int number_of_thread;

struct Singleton {
  int number = 3;
  static Singleton& instance() {
    static Singleton singleton;
    return singleton;
  }
};

TEST(Outside, AStatic) {
  expect_noticed_and_right(static_number);
}
TEST(Outside, AStaticWithAnInitialValue) {
  expect_noticed_and_right(initialised_number);
}
TEST(Outside, AVariableOfTheThread) {
  expect_noticed_and_right(number_of_thread);
}
TEST(Outside, ASingleton) {
  expect_noticed_and_right(Singleton::instance().number);
}
TEST(Outside, ACapturedLocal) {
  int captured = 0;
  expect_noticed_and_right(captured);
}
TEST(Outside, ANumberOnTheHeap) {
  const auto number = std::make_unique<int>(0);
  expect_noticed_and_right(*number);
}
TEST(Outside, AnElementOfAVector) {
  std::vector<int> numbers(100);
  expect_noticed_and_right(numbers[50]);
}
TEST(Outside, AValueOfAMap) {
  std::map<std::string, int> numbers;
  expect_noticed_and_right(numbers["a name that is longer than fits"]);
}

class OutsideFixture : public ::testing::Test {
 protected:
  int member_ = 0;
  std::array<int, 3'000> many_{};
};

TEST_F(OutsideFixture, AMemberOfAFixture) {
  expect_noticed_and_right(member_);
}
TEST_F(OutsideFixture, AnElementOfAMember) {
  expect_noticed_and_right(many_[2'000]);
}

// What a model does not set at its beginning.

/// Right only in the first execution, where it is not put back.
Task<> counts_on_zero(int& count) {
  ++count;
  co_await sleep(0s);
  COCHECK(count == 1);
}

TEST(Outside, EachExecutionBeginsWithWhatWasThere) {
  int captured = 0;
  for (const Strategy strategy : all_strategies()) {
    static_number = 0;
    EXPECT_TRUE(
        is_right(verdict_of([] { return counts_on_zero(static_number); }, strategy), strategy));
    captured = 0;
    EXPECT_TRUE(is_right(verdict_of([&] { return counts_on_zero(captured); }, strategy), strategy));
  }
}

/// Is changed on one way in a thousand, by the last of many choices.
Task<> rarely(int& count) {
  int drawn = 0;
  for (int i = 0; i < 3; ++i) {
    co_await sleep(0s);
    drawn = drawn * 10 + static_cast<int>(choose(10));
  }
  if (drawn == 777) ++count;
  co_await sleep(0s);
  COCHECK(count < 2);
}

TEST(Outside, AWriteOnARarePathIsPutBackToo) {
  for (const Strategy strategy : all_strategies()) {
    static_number = 0;
    EXPECT_TRUE(is_right(verdict_of([] { return rarely(static_number); }, strategy), strategy));
  }
}

// What is only written.

Task<> yields(int times) {
  for (int i = 0; i < times; ++i) co_await sleep(0s);
}

TEST(Outside, WhatExecutionsCollectIsThereAfterwards) {
  for (const Strategy strategy : {Strategy::exhaustive, Strategy::random, Strategy::pct}) {
    int executions = 0;
    std::vector<int> orders;
    Options options;
    options.strategy = strategy;
    options.max_executions = 100;
    const Verdict verdict = explore(
        [&]() -> Task<> {
          ++executions;
          orders.push_back(executions);
          co_await gather(yields(2), yields(1));
        },
        options);
    EXPECT_TRUE(is_right(verdict, strategy));
    EXPECT_EQ(static_cast<std::uint64_t>(executions), verdict.executions);
    EXPECT_EQ(orders.size(), verdict.executions);
    EXPECT_TRUE(std::is_sorted(orders.begin(), orders.end()));
  }
}

TEST(Outside, WhatIsWrittenOnlyIsHarmless) {
  for (const Strategy strategy : all_strategies()) {
    int last = 0;
    const Model model = [&]() -> Task<> { co_await gather(write(last, 1), write(last, 2)); };
    EXPECT_TRUE(is_right(verdict_of(model, strategy), strategy));
  }
}

// Containers outside, which take memory of the model.

std::vector<int> static_numbers;

Task<> append(std::vector<int>& numbers, int number) {
  co_await sleep(0s);
  numbers.push_back(number);
}

Task<> appended(std::vector<int>& numbers, bool in_order) {
  numbers.clear();
  co_await gather(append(numbers, 1), append(numbers, 2), append(numbers, 3));
  COCHECK(numbers.size() == 3);
  COCHECK(!in_order || numbers.front() == 1);
}

TEST(Outside, AContainerThatGrows) {
  std::vector<int> captured;
  for (std::vector<int>* numbers : {&static_numbers, &captured}) {
    for (const Strategy strategy : all_strategies()) {
      EXPECT_TRUE(is_noticed(verdict_of([&] { return appended(*numbers, true); }, strategy)))
          << to_string(strategy);
      const Verdict right = verdict_of([&] { return appended(*numbers, false); }, strategy);
      EXPECT_TRUE(is_right(right, strategy));
      numbers->assign(50, 1);
      numbers->shrink_to_fit();
    }
  }
}

}  // namespace
}  // namespace cocheck
