// A program whose properties fail on purpose: rapidcheck_test.cpp runs it and looks at what it
// says.

#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "cocheck/rapidcheck.hpp"

namespace {

using namespace std::chrono_literals;
using cocheck::Task;

COCHECK_PROP(Items, AreFewerThanThree,
             (const std::vector<int>& items, cocheck::Between<1, 4> capacity)) {
  cocheck::Queue<int> queue(capacity);
  co_await cocheck::sleep(0s);
  EXPECT_LT(items.size(), 3u);
}

Task<> increment(int& counter) {
  const int value = counter;
  co_await cocheck::sleep(0s);
  counter = value + 1;
}

COCHECK_PROP(Counter, Races, (cocheck::Between<0, 8> tasks), .strategy = cocheck::Strategy::random,
             .max_executions = 50) {
  int counter = 0;
  std::vector<Task<>> increments;
  for (int i = 0; i < tasks; ++i) increments.push_back(increment(counter));
  co_await cocheck::gather(std::move(increments));
  COCHECK(counter == tasks);
}

COCHECK_PROP(Counter, Passes, (cocheck::Between<1, 3> tasks)) {
  int counter = 0;
  std::vector<Task<>> increments;
  for (int i = 0; i < tasks; ++i) increments.push_back(increment(counter));
  co_await cocheck::gather(std::move(increments));
  EXPECT_GE(counter, 1);
}

COCHECK_PROP(RapidCheck, Asserts, (const std::vector<bool>& bits)) {
  co_await cocheck::sleep(0s);
  RC_ASSERT(bits.size() < 2u);
}

COCHECK_PROP(RapidCheck, Discards, (cocheck::Between<0, 9> number)) {
  RC_PRE(number != 5);
  co_await cocheck::sleep(0s);
  EXPECT_NE(number, 5);
}

COCHECK_PROP(RapidCheck, DiscardsAll, (cocheck::Between<0, 9> number)) {
  co_await cocheck::sleep(0s);
  RC_PRE(number > 9);
}

COCHECK_PROP(Throwing, FromTheStart, (int number, const std::string& name)) {
  throw std::runtime_error(name.empty() && number == 0 ? "simple" : "complicated");
  co_return;
}

COCHECK_PROP(Shrinking, IsLimited, (const std::vector<int>& items), .shrink_executions = 1) {
  co_await cocheck::sleep(0s);
  EXPECT_LT(items.size(), 20u);
}

}  // namespace
