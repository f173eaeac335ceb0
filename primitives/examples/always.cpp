// Readers share a page, a writer wants it alone and so takes all permits. An invariant says that
// once for the whole model, and finds the writer that takes only one of them.

#include "cocheck/always.hpp"

#include <chrono>
#include <iostream>

#include "cocheck/explore.hpp"
#include "cocheck/gather.hpp"
#include "cocheck/semaphore.hpp"
#include "cocheck/sleep.hpp"
#include "cocheck/task.hpp"

using namespace cocheck;
using namespace std::chrono_literals;

constexpr int kReaders = 2;

struct Page {
  Semaphore permits{kReaders};
  int readers = 0;
  int writers = 0;
};

Task<> read(Page& page) {
  auto permit = co_await page.permits.scoped();
  ++page.readers;
  co_await sleep(0s);
  --page.readers;
}

Task<> write(Page& page, int needed) {
  for (int i = 0; i < needed; ++i) co_await page.permits.acquire();
  ++page.writers;
  co_await sleep(0s);
  --page.writers;
  for (int i = 0; i < needed; ++i) page.permits.release();
}

Task<> model(int needed) {
  Page page;
  const auto alone = always([&] { return page.readers == 0 || page.writers == 0; },
                            "nobody reads while somebody writes");
  co_await gather(read(page), write(page, needed), read(page));
}

int main() {
  const Verdict careless = explore([] { return model(1); });
  std::cout << "one permit:  " << careless.summary() << "\n";
  const Verdict careful = explore([] { return model(kReaders); });
  std::cout << "all permits: " << careful.summary() << "\n";
  const bool found =
      careless.failure && careless.failure->message == "nobody reads while somebody writes";
  return found && careful.kind == Verdict::Kind::proved ? 0 : 1;
}
