// A consumer takes jobs from a queue and gives up waiting after a second. Wherever that second
// ends, wait_for on the queue loses no job. A helper task that takes the job and hands it over
// does.

#include "cocheck/wait_for.hpp"

#include <chrono>
#include <iostream>

#include "cocheck/check.hpp"
#include "cocheck/explore.hpp"
#include "cocheck/queue.hpp"
#include "cocheck/sleep.hpp"

using namespace cocheck;
using namespace std::chrono_literals;

enum class Waits { directly, through_a_helper };

Task<> consume(Waits waits) {
  Queue<int> jobs;
  jobs.put_nowait(7);
  int taken = 0;
  const auto help = [&]() -> Task<int> {
    const int job = co_await jobs.get();
    co_await sleep(0s);  // a suspension at which the job is in nobody's hands
    co_return job;
  };
  try {
    if (waits == Waits::directly) {
      taken = co_await wait_for(jobs.get(), 1s);
    } else {
      taken = co_await wait_for(create_task(help()), 1s);
    }
  } catch (const TimeoutError&) {
  }
  COCHECK(taken == 7 || jobs.qsize() == 1);
}

int main() {
  Options options;
  options.clock = Clock::race;
  const Verdict direct = explore([] { return consume(Waits::directly); }, options);
  std::cout << "on the queue:     " << direct.summary() << "\n";
  const Verdict helped = explore([] { return consume(Waits::through_a_helper); }, options);
  std::cout << "through a helper: " << helped.summary() << "\n";
  const bool found = helped.failure && helped.failure->kind == FailureKind::check;
  return found && direct.kind == Verdict::Kind::proved ? 0 : 1;
}
