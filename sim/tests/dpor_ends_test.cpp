// What depends on the ends of tasks: the end of the first task, on those that nobody awaits; the
// cancellation of who waits for several, on all of these.

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "classes.hpp"
#include "cocheck/primitives.hpp"

namespace cocheck {
namespace {

using namespace test;

Task<> later() {
  co_await sleep(0s);
}

Task<> spawn_later() {
  (void)create_task(later());
  co_return;
}

Task<> cancel(TaskHandle<>& handle) {
  (void)handle.cancel();
  co_return;
}

/// Who ends first decides whether a task is left.
void expect_both_ends(const Model& model) {
  std::string result;
  const Seen all = all_interleavings(model, Options(), &result);
  EXPECT_GT(all.failing, 0u) << all;
  EXPECT_EQ(all.ends.size(), 2u) << all;
  expect_one_of_each(model, Options(), &result);
}

TEST(DporEnds, OfATaskWhoseHandleIsDropped) {
  expect_both_ends([]() -> Task<> {
    (void)create_task(later());
    co_await sleep(0s);
  });
}

TEST(DporEnds, OfATaskWhoseHandleIsKept) {
  expect_both_ends([]() -> Task<> {
    const auto handle = create_task(later());
    co_await sleep(0s);
  });
}

TEST(DporEnds, OfATaskThatNobodyKnows) {
  expect_both_ends([]() -> Task<> {
    co_await spawn_later();
    co_await sleep(0s);
    co_await sleep(0s);
  });
}

TEST(DporEnds, OfATaskThatAnotherOneHasMade) {
  expect_both_ends([]() -> Task<> { co_await create_task(spawn_later()); });
}

TEST(DporEnds, OfTheChildrenOfAGatherThatWasCancelled) {
  expect_both_ends([]() -> Task<> {
    const auto both = []() -> Task<> { co_await gather(later(), later()); };
    auto first = create_task(both());
    auto second = create_task(cancel(first));
    co_await gather(return_exceptions, first, second);
  });
}

TEST(DporEnds, OfAllChildrenComeBeforeOrBehindTheCancellationOfTheirGather) {
  const Seen seen = expect_one_of_each([]() -> Task<> {
    const auto both = []() -> Task<> { co_await gather(later(), later()); };
    auto first = create_task(both());
    auto second = create_task(cancel(first));
    co_await gather(return_exceptions, first, second);
    co_await sleep(1s);
  });
  EXPECT_EQ(seen.classes, 31u);
}

TEST(DporEnds, AreNoMatterWhereAllWereAwaited) {
  const Seen seen = expect_one_of_each([]() -> Task<> { co_await gather(later(), later()); });
  EXPECT_EQ(seen.classes, 1u);
}

}  // namespace
}  // namespace cocheck
