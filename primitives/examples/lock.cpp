// A lock makes read, wait and write one unit: no update gets lost in any order, not even if a task
// is cancelled at the worst moment.

#include "cocheck/lock.hpp"

#include <chrono>
#include <iostream>

#include "cocheck/check.hpp"
#include "cocheck/explore.hpp"
#include "cocheck/gather.hpp"
#include "cocheck/sleep.hpp"
#include "cocheck/task.hpp"
#include "cocheck/task_handle.hpp"

namespace {

using namespace std::chrono_literals;

cocheck::Task<> increment(cocheck::Lock& lock, int& counter) {
  auto guard = co_await lock.scoped();
  const int value = counter;
  co_await cocheck::sleep(0s);
  counter = value + 1;
}

cocheck::Task<> model() {
  cocheck::Lock lock;
  int counter = 0;
  const auto first = cocheck::create_task(increment(lock, counter));
  const auto second = cocheck::create_task(increment(lock, counter));
  co_await cocheck::gather(cocheck::return_exceptions, first, second);
  COCHECK(counter == !first.cancelled() + !second.cancelled());
  COCHECK(!lock.locked());
}

}  // namespace

int main() {
  cocheck::Options options;
  options.cancellations = 1;
  const cocheck::Verdict verdict = cocheck::explore(model, options);
  std::cout << verdict.summary() << '\n';
  return verdict.kind == cocheck::Verdict::Kind::proved_within ? 0 : 1;
}
