// Downloads are shown as they end, whatever the order in which they were asked for. What takes too
// long is counted, and its task goes on untouched.

#include "cocheck/as_completed.hpp"

#include <chrono>
#include <iostream>
#include <vector>

#include "cocheck/check.hpp"
#include "cocheck/choose.hpp"
#include "cocheck/explore.hpp"
#include "cocheck/sleep.hpp"

using namespace cocheck;
using namespace std::chrono_literals;

Task<std::chrono::seconds> download() {
  const auto duration = std::chrono::seconds(choose(4));  // as fast as the explorer likes
  co_await sleep(duration);
  co_return duration;
}

Task<> show_downloads() {
  const std::vector<TaskHandle<std::chrono::seconds>> downloads = {create_task(download()),
                                                                   create_task(download())};
  AsCompleted<std::chrono::seconds> completed = as_completed(downloads, 2500ms);
  std::chrono::seconds previous = 0s;
  std::size_t shown = 0;
  std::size_t late = 0;
  while (shown + late < downloads.size()) {
    try {
      const auto next = co_await completed.next();
      COCHECK(next->result() >= previous);
      previous = next->result();
      ++shown;
    } catch (const TimeoutError&) {
      ++late;
    }
  }
  for (const auto& task : downloads) late -= co_await task > 2500ms ? 1 : 0;
  COCHECK(late == 0);
}

int main() {
  const Verdict verdict = explore(show_downloads);
  std::cout << verdict.summary() << "\n";
  return verdict.kind == Verdict::Kind::proved_within ? 0 : 1;
}
