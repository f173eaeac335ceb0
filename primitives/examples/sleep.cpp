// Sleeping takes virtual time only. Sleepers that wake at the same moment go on in any order.

#include "cocheck/sleep.hpp"

#include <chrono>
#include <iostream>
#include <string>

#include "cocheck/check.hpp"
#include "cocheck/explore.hpp"
#include "cocheck/gather.hpp"
#include "cocheck/task.hpp"

namespace {

using namespace std::chrono_literals;

cocheck::Task<> nap(std::chrono::hours hours, char name, std::string& order) {
  co_await cocheck::sleep(hours);
  order += name;
}

cocheck::Task<> model() {
  std::string order;
  const cocheck::TimePoint begin = cocheck::LoopClock::now();
  co_await cocheck::gather(nap(2h, 'c', order), nap(1h, 'a', order), nap(1h, 'b', order));
  COCHECK(order == "abc" || order == "bac");
  COCHECK(cocheck::LoopClock::now() - begin == 2h);
}

}  // namespace

int main() {
  const cocheck::Verdict verdict = cocheck::explore(model);
  std::cout << verdict.summary() << '\n';
  return verdict.kind == cocheck::Verdict::Kind::proved_within ? 0 : 1;
}
