// Two replicas are asked, and the first answer is taken. `wait` leaves the other one running; who
// does not cancel it has a task left over, and it may be that both have answered.

#include "cocheck/wait.hpp"

#include <chrono>
#include <iostream>
#include <string>
#include <vector>

#include "cocheck/check.hpp"
#include "cocheck/explore.hpp"
#include "cocheck/sleep.hpp"

using namespace cocheck;
using namespace std::chrono_literals;

Task<std::string> ask_replica() {
  co_await sleep(10ms);
  co_return "answer";
}

Task<> ask_both(bool cancel_the_rest) {
  const std::vector<TaskHandle<std::string>> replicas = {create_task(ask_replica()),
                                                         create_task(ask_replica())};
  const Waited<TaskHandle<std::string>> waited =
      co_await wait(replicas, 1s, ReturnWhen::first_completed);
  COCHECK(waited.done.size() + waited.pending.size() == 2);
  COCHECK(!waited.done.empty() && waited.done.front().result() == "answer");
  if (!cancel_the_rest || waited.pending.empty()) co_return;
  for (const auto& late : waited.pending) late.cancel();
  co_await wait(waited.pending);
}

int main() {
  const Verdict careless = explore([] { return ask_both(false); });
  std::cout << "the rest is forgotten: " << careless.summary() << "\n";
  const Verdict careful = explore([] { return ask_both(true); });
  std::cout << "the rest is cancelled: " << careful.summary() << "\n";
  const bool found = careless.failure && careless.failure->kind == FailureKind::unfinished_task;
  return found && careful.kind == Verdict::Kind::proved_within ? 0 : 1;
}
