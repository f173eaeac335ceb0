// What README.md shows of a proof, word for word.

#include <cocheck/gtest.hpp>

using namespace std::chrono_literals;
using cocheck::Task;

Task<> increment(cocheck::Lock& lock, int& counter) {
  auto guard = co_await lock.scoped();
  const int value = counter;
  co_await cocheck::sleep(0s);  // any other task may run here
  counter = value + 1;
}

COCHECK_TEST(Counter, AlwaysReaches100, .strategy = cocheck::Strategy::states) {
  cocheck::Lock lock;
  int counter = 0;
  std::vector<Task<>> tasks;
  for (int i = 0; i < 100; ++i) tasks.push_back(increment(lock, counter));
  co_await cocheck::gather(std::move(tasks));
  EXPECT_EQ(counter, 100);
}
