// A pool of two connections: never more than two of three clients use one at a time.

#include "cocheck/semaphore.hpp"

#include <chrono>
#include <iostream>

#include "cocheck/check.hpp"
#include "cocheck/explore.hpp"
#include "cocheck/gather.hpp"
#include "cocheck/sleep.hpp"
#include "cocheck/task.hpp"

namespace {

using namespace std::chrono_literals;

cocheck::Task<> query(cocheck::Semaphore& connections, int& in_use) {
  auto guard = co_await connections.scoped();
  COCHECK(++in_use <= 2);
  co_await cocheck::sleep(10ms);
  --in_use;
}

cocheck::Task<> model() {
  cocheck::BoundedSemaphore connections(2);
  int in_use = 0;
  co_await cocheck::gather(query(connections, in_use), query(connections, in_use),
                           query(connections, in_use));
  COCHECK(connections.value() == 2);
}

}  // namespace

int main() {
  const cocheck::Verdict verdict = cocheck::explore(model);
  std::cout << verdict.summary() << '\n';
  return verdict.kind == cocheck::Verdict::Kind::proved_within ? 0 : 1;
}
