// Two tasks read a counter, let others run, and write it back: an update can get lost. The search
// finds the order in which it does, and shows it.

#include "cocheck/gather.hpp"

#include <chrono>
#include <iostream>

#include "cocheck/check.hpp"
#include "cocheck/explore.hpp"
#include "cocheck/sleep.hpp"
#include "cocheck/task.hpp"

namespace {

using namespace std::chrono_literals;

cocheck::Task<> increment(int& counter) {
  const int value = counter;
  co_await cocheck::sleep(0s);
  counter = value + 1;
}

cocheck::Task<> model() {
  int counter = 0;
  co_await cocheck::gather(increment(counter), increment(counter));
  COCHECK(counter == 2);
}

}  // namespace

int main() {
  const cocheck::Verdict verdict = cocheck::explore(model);
  std::cout << verdict.report();
  return verdict.kind == cocheck::Verdict::Kind::failed ? 0 : 1;
}
