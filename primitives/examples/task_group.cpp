// Two parts of a page load side by side, and one fails. gather throws at once and leaves the other
// running; a task group cancels it first and ends when both have ended.

#include "cocheck/task_group.hpp"

#include <chrono>
#include <iostream>

#include "cocheck/check.hpp"
#include "cocheck/explore.hpp"
#include "cocheck/gather.hpp"
#include "cocheck/semaphore.hpp"
#include "cocheck/sleep.hpp"

using namespace cocheck;
using namespace std::chrono_literals;

Task<> load_page(bool in_group) {
  BoundedSemaphore connections(2);
  const auto load = [&](std::chrono::milliseconds delay, bool fails) -> Task<> {
    const auto connection = co_await connections.scoped();
    co_await sleep(delay);
    if (fails) throw RuntimeError("not found");
  };
  try {
    if (in_group) {
      TaskGroup group;
      co_await group.run([&]() -> Task<> {
        group.create_task(load(10ms, true));
        group.create_task(load(20ms, false));
        co_return;
      });
    } else {
      co_await gather(load(10ms, true), load(20ms, false));
    }
  } catch (const Error&) {
    COCHECK(connections.value() == 2);
  }
}

int main() {
  const Verdict gathered = explore([] { return load_page(false); });
  std::cout << "gather:     " << gathered.summary() << "\n";
  const Verdict grouped = explore([] { return load_page(true); });
  std::cout << "task group: " << grouped.summary() << "\n";
  const bool found = gathered.failure && gathered.failure->kind == FailureKind::check;
  return found && grouped.kind == Verdict::Kind::proved_within ? 0 : 1;
}
