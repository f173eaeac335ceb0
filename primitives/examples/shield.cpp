// Saving takes two writes that belong together. A cancellation of the request that waits for it
// tears them apart, unless a shield stands between the two.

#include "cocheck/shield.hpp"

#include <chrono>
#include <iostream>

#include "cocheck/check.hpp"
#include "cocheck/explore.hpp"
#include "cocheck/sleep.hpp"
#include "cocheck/task_handle.hpp"

using namespace cocheck;
using namespace std::chrono_literals;

Task<> serve(bool shielded) {
  int data = 0;
  int index = 0;
  const auto save = [&]() -> Task<> {
    data = 1;
    co_await sleep(10ms);
    index = 1;
  };
  const TaskHandle<> saving = create_task(save());
  const auto handle_request = [&]() -> Task<> {
    if (shielded) {
      co_await shield(saving);
    } else {
      co_await saving;
    }
  };
  const TaskHandle<> request = create_task(handle_request());
  co_await sleep(5ms);
  request.cancel();  // the client has hung up
  try {
    co_await request;
  } catch (const CancelledError&) {
  }
  co_await sleep(1s);
  COCHECK(data == index);
}

int main() {
  const Verdict bare = explore([] { return serve(false); });
  std::cout << "awaited:  " << bare.summary() << "\n";
  const Verdict shielded = explore([] { return serve(true); });
  std::cout << "shielded: " << shielded.summary() << "\n";
  const bool found = bare.failure && bare.failure->message == "data == index";
  return found && shielded.kind == Verdict::Kind::proved_within ? 0 : 1;
}
