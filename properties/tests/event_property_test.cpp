// Event: everyone who waits passes once it is set, and nobody before.

#include <chrono>
#include <utility>
#include <vector>

#include "cocheck/rapidcheck.hpp"

namespace {

using namespace std::chrono_literals;
using cocheck::Between;
using cocheck::Event;
using cocheck::explore;
using cocheck::Strategy;
using cocheck::Task;
using cocheck::Verdict;

/// Waits after `delay` and counts itself among those who passed.
Task<> pass(Event& event, const bool& set, std::chrono::milliseconds delay, int& passed) {
  co_await cocheck::sleep(delay);
  co_await event.wait();
  EXPECT_TRUE(set) << "passed before the event was set";
  ++passed;
}

/// Each delay is one task that waits; the event is set after `set_after`.
Task<> set_for(const std::vector<Between<0, 3>>& delays, int set_after, bool all_pass) {
  Event event;
  bool set = false;
  int passed = 0;
  std::vector<cocheck::TaskHandle<>> waiting;
  for (const int delay : delays) {
    waiting.push_back(cocheck::create_task(pass(event, set, 10ms * delay, passed)));
  }
  co_await cocheck::sleep(10ms * set_after);
  set = true;
  event.set();
  const auto results = co_await cocheck::gather(cocheck::return_exceptions, std::move(waiting));
  int completed = 0;
  for (const auto& result : results) completed += result.has_value() ? 1 : 0;
  EXPECT_EQ(passed, completed);
  EXPECT_TRUE(passed == static_cast<int>(delays.size()) || !all_pass);
  EXPECT_EQ(event.waiting(), 0u);
}

/// Those who wait when the event is set pass even if it is cleared before they run.
Task<> set_and_clear(int waiters) {
  Event event;
  bool set = false;
  int passed = 0;
  std::vector<cocheck::TaskHandle<>> waiting;
  for (int i = 0; i < waiters; ++i) {
    waiting.push_back(cocheck::create_task(pass(event, set, 0ms, passed)));
  }
  while (static_cast<int>(event.waiting()) < waiters) co_await cocheck::sleep(1ms);
  set = true;
  event.set();
  event.clear();
  co_await cocheck::gather(std::move(waiting));
  EXPECT_EQ(passed, waiters);
  EXPECT_FALSE(event.is_set());
}

COCHECK_PROP(Event, LetsEveryonePass,
             (const std::vector<Between<0, 3>>& delays, Between<0, 3> set_after)) {
  co_await set_for(delays, set_after, true);
}

COCHECK_PROP(Event, LetsEveryonePassWhoIsNotCancelled,
             (const std::vector<Between<0, 3>>& delays, Between<0, 3> set_after),
             .cancellations = 1) {
  co_await set_for(delays, set_after, false);
}

COCHECK_TEST(Event, LetsManyPassBetweenSetAndClear) {
  co_await set_and_clear(30);
}

TEST(Event, SmallOnesAreProved) {
  const cocheck::ExpectBridge bridge;
  const Verdict cleared =
      explore([] { return set_and_clear(3); }, {.strategy = Strategy::exhaustive});
  EXPECT_EQ(cleared.kind, Verdict::Kind::proved_within) << cleared.report();
  EXPECT_EQ(cleared.bound, "for a loop that is never late");
  const std::vector<Between<0, 3>> delays{Between<0, 3>(0), Between<0, 3>(1)};
  const Verdict set =
      explore([&] { return set_for(delays, 1, true); }, {.strategy = Strategy::exhaustive});
  EXPECT_EQ(set.kind, Verdict::Kind::proved_within) << set.report();
  const Verdict cancelled =
      explore([&] { return set_for(delays, 1, false); },
              {.strategy = Strategy::exhaustive, .max_executions = 200'000, .cancellations = 1});
  EXPECT_EQ(cancelled.kind, Verdict::Kind::proved_within) << cancelled.report();
}

}  // namespace
