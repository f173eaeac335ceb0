// What README.md shows of explore(), word for word.

#include <cocheck/check.hpp>
#include <cocheck/explore.hpp>
#include <cocheck/gather.hpp>
#include <cocheck/sleep.hpp>
#include <iostream>

using namespace cocheck;
using namespace std::chrono_literals;

Task<> increment(int& counter) {
  const int value = counter;
  co_await sleep(0s);  // the other task may run here
  counter = value + 1;
}

Task<> two_increments() {
  int counter = 0;
  co_await gather(increment(counter), increment(counter));
  COCHECK(counter == 2);
}

int main() {
  const Verdict verdict = explore(two_increments);
  std::cout << verdict.report();
  return verdict.passed() ? 0 : 1;
}
