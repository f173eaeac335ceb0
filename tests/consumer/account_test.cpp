// What README.md shows of COCHECK_TEST, word for word.

#include <cocheck/gtest.hpp>

using namespace std::chrono_literals;
using cocheck::Task;

Task<> deposit(cocheck::Lock& lock, int& balance, int amount) {
  auto guard = co_await lock.scoped();
  const int before = balance;
  co_await cocheck::sleep(10ms);  // a database, say
  balance = before + amount;
}

COCHECK_TEST(Account, LosesNoDeposit) {
  cocheck::Lock lock;
  int balance = 0;
  co_await cocheck::gather(deposit(lock, balance, 30), deposit(lock, balance, 12));
  EXPECT_EQ(balance, 42);
}
