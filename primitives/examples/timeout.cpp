// A transfer with a deadline that may hit anywhere in it. Where it hits between the two accounts,
// money is lost, unless the transfer takes its first half back.

#include "cocheck/timeout.hpp"

#include <chrono>
#include <iostream>

#include "cocheck/check.hpp"
#include "cocheck/explore.hpp"
#include "cocheck/sleep.hpp"

using namespace cocheck;
using namespace std::chrono_literals;

enum class WhenLate { leave, take_back };

Task<> transfer(WhenLate when_late) {
  int from = 100;
  int to = 0;
  Timeout deadline = timeout(1s);
  try {
    co_await deadline.run([&]() -> Task<> {
      co_await sleep(0s);  // the bank is asked
      from -= 10;
      try {
        co_await sleep(0s);
      } catch (const CancelledError&) {
        if (when_late == WhenLate::take_back) from += 10;
        throw;
      }
      to += 10;
    });
  } catch (const TimeoutError&) {
  }
  COCHECK(from + to == 100);
}

int main() {
  Options options;
  options.clock = Clock::race;
  const Verdict careless = explore([] { return transfer(WhenLate::leave); }, options);
  std::cout << "nothing taken back: " << careless.summary() << "\n";
  const Verdict careful = explore([] { return transfer(WhenLate::take_back); }, options);
  std::cout << "first half back:    " << careful.summary() << "\n";
  const bool found = careless.failure && careless.failure->message == "from + to == 100";
  return found && careful.kind == Verdict::Kind::proved ? 0 : 1;
}
