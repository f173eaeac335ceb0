// A notification that finds nobody is lost. So a task that waits for one may wait for ever; a task
// that waits for its predicate looks first.

#include "cocheck/condition.hpp"

#include <iostream>

#include "cocheck/check.hpp"
#include "cocheck/explore.hpp"
#include "cocheck/gather.hpp"

using namespace cocheck;

enum class Waits { for_notification, for_predicate };

Task<> deliver(Waits waits) {
  Condition changed;
  bool delivered = false;
  const auto receive = [&]() -> Task<> {
    const auto guard = co_await changed.scoped();
    if (waits == Waits::for_predicate) {
      co_await changed.wait([&] { return delivered; });
    } else {
      co_await changed.wait();
    }
    COCHECK(delivered);
  };
  const auto send = [&]() -> Task<> {
    const auto guard = co_await changed.scoped();
    delivered = true;
    changed.notify();
  };
  co_await gather(receive(), send());
}

int main() {
  const Verdict hasty = explore([] { return deliver(Waits::for_notification); });
  std::cout << "waiting for a notification: " << hasty.summary() << "\n";
  const Verdict careful = explore([] { return deliver(Waits::for_predicate); });
  std::cout << "waiting for the predicate:  " << careful.summary() << "\n";
  const bool found = hasty.failure && hasty.failure->kind == FailureKind::deadlock;
  return found && careful.kind == Verdict::Kind::proved ? 0 : 1;
}
