// A task that runs beside its creator can be cancelled; it cleans up and ends as cancelled.

#include "cocheck/task_handle.hpp"

#include <chrono>
#include <iostream>

#include "cocheck/check.hpp"
#include "cocheck/explore.hpp"
#include "cocheck/sleep.hpp"
#include "cocheck/task.hpp"

namespace {

using namespace std::chrono_literals;

cocheck::Task<> heartbeat(int& beats, bool& cleaned_up) {
  try {
    while (true) {
      ++beats;
      co_await cocheck::sleep(1s);
    }
  } catch (const cocheck::CancelledError&) {
    cleaned_up = true;
    throw;
  }
}

cocheck::Task<> model() {
  int beats = 0;
  bool cleaned_up = false;
  const cocheck::TaskHandle<> handle = cocheck::create_task(heartbeat(beats, cleaned_up));
  co_await cocheck::sleep(2500ms);  // virtual time: takes no time at all
  handle.cancel();
  try {
    co_await handle;
  } catch (const cocheck::CancelledError&) {
  }
  COCHECK(handle.cancelled());
  COCHECK(cleaned_up);
  COCHECK(beats == 3);
}

}  // namespace

int main() {
  const cocheck::Verdict verdict = cocheck::explore(model);
  std::cout << verdict.summary() << '\n';
  return verdict.kind == cocheck::Verdict::Kind::proved_within ? 0 : 1;
}
