// A cache computes each value once: who comes first computes, the others await the same future. But
// a task that awaits a future and is cancelled takes the future with it, and so all the others.

#include "cocheck/future.hpp"

#include <chrono>
#include <iostream>

#include "cocheck/check.hpp"
#include "cocheck/explore.hpp"
#include "cocheck/shield.hpp"
#include "cocheck/sleep.hpp"
#include "cocheck/task_handle.hpp"

using namespace cocheck;
using namespace std::chrono_literals;

Task<> look_up(bool shielded) {
  Future<int> cached;
  const auto read = [&]() -> Task<int> {
    if (shielded) co_return co_await shield(cached);
    co_return co_await cached;
  };
  const TaskHandle<int> impatient = create_task(read());
  const TaskHandle<int> patient = create_task(read());
  co_await sleep(1ms);  // both wait
  impatient.cancel();
  co_await sleep(1ms);
  COCHECK(!patient.cancelled());
  cached.set_result(42);
  COCHECK(co_await patient == 42);
}

int main() {
  const Verdict bare = explore([] { return look_up(false); });
  std::cout << "awaited as it is: " << bare.summary() << "\n";
  const Verdict shielded = explore([] { return look_up(true); });
  std::cout << "behind a shield:  " << shielded.summary() << "\n";
  const bool found = bare.failure && bare.failure->message == "!patient.cancelled()";
  return found && shielded.kind == Verdict::Kind::proved_within ? 0 : 1;
}
