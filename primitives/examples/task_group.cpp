// Two parts of a page load side by side, and one fails. gather throws at once and leaves the other
// running; a task group cancels it first and ends when both have ended.

#include "cocheck/task_group.hpp"

#include <chrono>
#include <iostream>

#include "cocheck/check.hpp"
#include "cocheck/explore.hpp"
#include "cocheck/gather.hpp"
#include "cocheck/sleep.hpp"

using namespace cocheck;
using namespace std::chrono_literals;

enum class With { gather, group };

Task<> load_page(With with) {
  int open_connections = 0;
  const auto load = [&](std::chrono::milliseconds delay, bool fails) -> Task<> {
    ++open_connections;
    try {
      co_await sleep(delay);
    } catch (const CancelledError&) {
      --open_connections;
      throw;
    }
    --open_connections;
    if (fails) throw RuntimeError("not found");
  };
  try {
    if (with == With::gather) {
      co_await gather(load(10ms, true), load(20ms, false));
    } else {
      TaskGroup group;
      co_await group.run([&]() -> Task<> {
        group.create_task(load(10ms, true));
        group.create_task(load(20ms, false));
        co_return;
      });
    }
  } catch (const Error&) {
    COCHECK(open_connections == 0);
  }
}

int main() {
  const Verdict gathered = explore([] { return load_page(With::gather); });
  std::cout << "gather:     " << gathered.summary() << "\n";
  const Verdict grouped = explore([] { return load_page(With::group); });
  std::cout << "task group: " << grouped.summary() << "\n";
  const bool found = gathered.failure && gathered.failure->message == "open_connections == 0";
  return found && grouped.kind == Verdict::Kind::proved ? 0 : 1;
}
