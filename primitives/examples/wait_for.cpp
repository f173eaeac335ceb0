// A consumer gives up waiting for a job after a second. Wherever that second ends, wait_for on the
// queue loses no job. With a helper in between the job may be in nobody's hands.

#include "cocheck/wait_for.hpp"

#include <chrono>
#include <iostream>
#include <utility>

#include "cocheck/check.hpp"
#include "cocheck/explore.hpp"
#include "cocheck/queue.hpp"
#include "cocheck/sleep.hpp"

using namespace cocheck;
using namespace std::chrono_literals;

Task<> consume(bool with_helper) {
  Queue<int> jobs;
  int taken = 0;
  const auto produce = [&]() -> Task<> {
    co_await sleep(0s);
    jobs.put_nowait(7);
  };
  const auto help = [&]() -> Task<int> {
    const int job = co_await jobs.get();
    co_await sleep(0s);
    co_return job;
  };
  const TaskHandle<> producer = create_task(produce());
  try {
    Task<int> job = with_helper ? help() : jobs.get();
    taken = co_await wait_for(std::move(job), 1s);
  } catch (const TimeoutError&) {
  }
  co_await producer;
  COCHECK(taken == 7 || jobs.qsize() == 1);
}

int main() {
  Options options;
  options.clock = Clock::race;
  const Verdict helped = explore([] { return consume(true); }, options);
  std::cout << "with a helper: " << helped.summary() << "\n";
  const Verdict direct = explore([] { return consume(false); }, options);
  std::cout << "on the queue:  " << direct.summary() << "\n";
  const bool found = helped.failure && helped.failure->kind == FailureKind::check;
  return found && direct.kind == Verdict::Kind::proved ? 0 : 1;
}
