// Steps that are known are not executed again: what a search finds must be the same.

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "classes.hpp"
#include "cocheck/check.hpp"
#include "cocheck/choose.hpp"
#include "cocheck/gather.hpp"
#include "cocheck/lock.hpp"
#include "cocheck/sleep.hpp"
#include "cocheck/task.hpp"

namespace cocheck {
namespace {

using namespace std::chrono_literals;
using test::search;
using test::Seen;

/// What is seen with steps that are repeated, after a look whether that is the same without, and
/// whether they do the same.
Seen expect_the_same_without(const Model& model) {
  DporExplorer::Settings settings;
  const Seen seen = search(model, Options(), settings);
  settings.repeats_steps = false;
  const Seen executed = search(model, Options(), settings);
  EXPECT_EQ(executed.repeated, 0u);
  EXPECT_EQ(seen.end, executed.end);
  EXPECT_EQ(seen.executions, executed.executions);
  EXPECT_EQ(seen.classes, executed.classes);
  EXPECT_EQ(seen.failing, executed.failing);
  EXPECT_EQ(seen.blocked, executed.blocked);
  settings.repeats_steps = settings.checks_repeated = true;
  const Seen checked = search(model, Options(), settings);
  EXPECT_EQ(checked.wrongly_repeated, 0u);
  EXPECT_EQ(checked.classes, executed.classes);
  return seen;
}

template <class MakeTask>
Task<> all_of(std::size_t tasks, MakeTask&& make_task) {
  std::vector<Task<>> children;
  for (std::size_t i = 0; i < tasks; ++i) children.push_back(make_task(i));
  co_await gather(std::move(children));
}

Task<> increment_from_left(std::vector<int>& values, std::size_t index) {
  co_await sleep(0s);
  const int value = index > 0 ? values[index - 1] : 0;
  co_await sleep(0s);
  values[index] = value + 1;
}

TEST(DporKnownSteps, AreRepeatedWhereTheyReadTheSame) {
  const Seen seen = expect_the_same_without([]() -> Task<> {
    std::vector<int> values(6);
    co_await all_of(6, [&](std::size_t i) { return increment_from_left(values, i); });
  });
  EXPECT_EQ(seen.executions, 32u);
  EXPECT_GT(seen.repeated, 3 * seen.executions);
}

Task<> locked_increment(Lock& lock, int& counter) {
  auto guard = co_await lock.scoped();
  const int value = counter;
  co_await sleep(0s);
  counter = value + 1;
}

TEST(DporKnownSteps, WakeAndParkAsBefore) {
  const Seen seen = expect_the_same_without([]() -> Task<> {
    Lock lock;
    int counter = 0;
    co_await all_of(3, [&](std::size_t) { return locked_increment(lock, counter); });
  });
  EXPECT_GT(seen.repeated, seen.executions);
}

Task<> drop(std::exception_ptr& mine, int& turn) {
  co_await sleep(0s);
  turn = 1;
  mine = nullptr;
  co_await sleep(0s);  // what ends a task reads how many have ended
}

/// How many hold an exception is counted by a library that is not instrumented.
TEST(DporKnownSteps, TheLastWhoHoldsAnExceptionReleasesIt) {
  const Seen seen = expect_the_same_without([]() -> Task<> {
    std::exception_ptr error = std::make_exception_ptr(std::runtime_error("shared by several"));
    std::vector<std::exception_ptr> held(3, error);
    error = nullptr;
    int turn = 0;
    co_await all_of(3, [&](std::size_t i) { return drop(held[i], turn); });
  });
  EXPECT_EQ(seen.end, DporExplorer::End::exhausted) << seen;
}

Task<> check_then_free(int*& owned) {
  co_await sleep(0s);
  int* const mine = owned;
  co_await sleep(0s);
  if (mine != nullptr) delete mine;  // NOLINT(cppcoreguidelines-owning-memory): the bug
  owned = nullptr;
}

/// That a block is freed twice is not seen in what the step reads.
TEST(DporKnownSteps, ABlockIsFreedTwiceWhereSomebodyWasFaster) {
  const Seen seen = expect_the_same_without([]() -> Task<> {
    int* owned = new int(1);  // NOLINT(cppcoreguidelines-owning-memory)
    co_await all_of(2, [&](std::size_t) { return check_then_free(owned); });
  });
  EXPECT_GT(seen.failing, 0u);
  EXPECT_LT(seen.failing, seen.executions);
}

Task<> lose_one_if_second(int& count, int*& kept, bool loses) {
  co_await sleep(0s);
  const bool second = count++ == 1;
  co_await sleep(0s);
  if (loses && second) kept = new int(1);  // NOLINT(cppcoreguidelines-owning-memory)
  co_await sleep(0s);
  kept = nullptr;
}

/// The last step reads nothing of what others have forgotten to release.
TEST(DporKnownSteps, WhatIsLeftBehindIsNoticed) {
  const Seen seen = expect_the_same_without([]() -> Task<> {
    int count = 0;
    int* kept = nullptr;
    co_await all_of(2, [&](std::size_t i) { return lose_one_if_second(count, kept, i == 0); });
  });
  EXPECT_EQ(seen.end, DporExplorer::End::leaves_memory) << seen;
  EXPECT_GT(seen.executions, 1u) << "in the first one nothing was lost";
}

Task<> note_time(std::vector<Duration>& times, int& turn, Duration delay) {
  co_await sleep(delay);
  ++turn;
  co_await sleep(0s);
  times.push_back(LoopClock::now().time_since_epoch());
}

TEST(DporKnownSteps, TheTimeIsReadAnew) {
  expect_the_same_without([]() -> Task<> {
    std::vector<Duration> times;
    int turn = 0;
    co_await all_of(2, [&](std::size_t i) { return note_time(times, turn, 1ms * (i + 1)); });
    COCHECK(times.back() == 2ms);
  });
}

Task<> draw(std::vector<std::size_t>& drawn, std::size_t mine) {
  co_await sleep(0s);
  drawn[mine] = choose(2);
  co_await sleep(0s);
  drawn[mine] += drawn[1 - mine];
}

TEST(DporKnownSteps, WhatIsDrawnIsDrawnAnew) {
  const Seen seen = expect_the_same_without([]() -> Task<> {
    std::vector<std::size_t> drawn(2);
    co_await all_of(2, [&](std::size_t i) { return draw(drawn, i); });
  });
  EXPECT_GT(seen.executions, 4u);
}

Task<> look_if_drawn(const int& value, int& seen) {
  co_await sleep(0s);
  int mine = 0;
  if (choose(2) == 1) mine = value;
  co_await sleep(0s);
  seen = mine;
}

Task<> write(int& value) {
  co_await sleep(0s);
  value = 1;
}

/// Who draws 1 reads more than who draws 0.
TEST(DporKnownSteps, WhatIsReadAfterADrawIsToldApart) {
  const Seen seen = expect_the_same_without([]() -> Task<> {
    int value = 0;
    int seen_by_one = 0;
    co_await all_of(2, [&](std::size_t i) {
      return i == 0 ? look_if_drawn(value, seen_by_one) : write(value);
    });
    COCHECK(seen_by_one == 0);
  });
  EXPECT_EQ(seen.executions, 3u);
  EXPECT_EQ(seen.failing, 1u);
}

Task<> look_twice(const int& value, int& first, int& second) {
  co_await sleep(0s);
  first = value;
  co_await sleep(0s);
  second = value;
}

/// What the parent has written until the child was born is told by how it was born, no more.
TEST(DporKnownSteps, WhatTheParentChangesLaterMatters) {
  const Seen seen = expect_the_same_without([]() -> Task<> {
    int value = 0;
    int first = 0;
    int second = 0;
    const TaskHandle<> child = create_task(look_twice(value, first, second));
    co_await sleep(0s);
    value = 1;
    co_await sleep(0s);
    value = 2;
    co_await child;
    COCHECK(first != 0 || second != 2);
  });
  EXPECT_GT(seen.failing, 0u);
  EXPECT_LT(seen.failing, seen.executions);
  EXPECT_GT(seen.repeated, 0u);
}

Task<> make_copy(std::unique_ptr<int>& made, const int& value) {
  co_await sleep(0s);
  made = std::make_unique<int>(value);
}

Task<> change_value(int& value) {
  co_await sleep(0s);
  value = 1;
}

Task<> look_at_copy(const std::unique_ptr<int>& made, int& seen, int& turn) {
  co_await sleep(0s);
  if (made != nullptr) seen = *made;
  co_await sleep(0s);
  ++turn;
}

/// What a step has just allocated it writes without telling; only others tell that they read it.
TEST(DporKnownSteps, WhatOthersWriteIntoNewBlocksMatters) {
  const Seen seen = expect_the_same_without([]() -> Task<> {
    std::unique_ptr<int> made;
    int value = 0;
    int found = 0;
    int turn = 0;
    std::vector<Task<>> tasks;
    tasks.push_back(make_copy(made, value));
    tasks.push_back(change_value(value));
    tasks.push_back(look_at_copy(made, found, turn));
    co_await gather(std::move(tasks));
    COCHECK(found != 1);
  });
  EXPECT_GT(seen.failing, 0u);
  EXPECT_LT(seen.failing, seen.executions);
  EXPECT_GT(seen.repeated, 0u);
}

Task<> note_down(const int& value, int& note, int& turn) {
  co_await sleep(0s);
  note = value;
  co_await sleep(0s);
  note += 10;
  ++turn;
}

Task<> look_at_note(const int& value, const int& note, int& seen) {
  co_await sleep(0s);
  if (value == 0) co_return;
  co_await sleep(0s);
  seen = note;
}

/// Until somebody looks at it, what a step writes need not be written when it is repeated.
TEST(DporKnownSteps, WhatSomebodyComesToLookAtLaterMatters) {
  const Seen seen = expect_the_same_without([]() -> Task<> {
    int value = 0;
    int note = 0;
    int turn = 0;
    int found = 0;
    std::vector<Task<>> tasks;
    tasks.push_back(note_down(value, note, turn));
    tasks.push_back(note_down(value, turn, found));
    tasks.push_back(change_value(value));
    tasks.push_back(look_at_note(value, note, found));
    co_await gather(std::move(tasks));
    COCHECK(found != 11);
  });
  EXPECT_GT(seen.failing, 0u);
  EXPECT_LT(seen.failing, seen.executions);
  EXPECT_GT(seen.repeated, seen.executions);
}

/// Not inlined: that it reads what was released is meant.
__attribute__((noinline)) int look_at(const int* number) {
  return *number;
}

Task<> release(std::unique_ptr<int>& number, int& turn) {
  co_await sleep(0s);
  co_await sleep(0s);
  ++turn;
  number = nullptr;
}

Task<> look_again(const int* number, int& turn, int& seen) {
  co_await sleep(0s);
  ++turn;
  co_await sleep(0s);
  seen = look_at(number);
}

/// What is released is zero.
TEST(DporKnownSteps, WhatIsReleasedIsClearedForThoseWhoStillLookAtIt) {
  const Seen seen = expect_the_same_without([]() -> Task<> {
    auto number = std::make_unique<int>(5);
    int turn = 0;
    int other_turn = 0;
    int found = 0;
    std::vector<Task<>> tasks;
    tasks.push_back(release(number, turn));
    tasks.push_back(look_again(number.get(), turn, found));
    for (int i = 0; i < 3; ++i) tasks.push_back(change_value(other_turn));
    co_await gather(std::move(tasks));
    COCHECK(found == 5);
  });
  // Before it is released in one of three orders, and in six of the other tasks.
  EXPECT_EQ(seen.executions, 18u);
  EXPECT_EQ(seen.failing, 12u);
  EXPECT_GT(seen.repeated, 0u);
}

/// As code does that is not instrumented.
__attribute__((noinline, no_sanitize("thread"))) void store_untold(int& to, int value) {
  to = value;
}

Task<> look_late(int& early, const int& quiet, int& seen) {
  co_await sleep(0s);
  early = 1;
  co_await sleep(0s);
  co_await sleep(0s);
  seen = quiet;
}

Task<> change_and_change_back(const int& early, int& quiet) {
  co_await sleep(0s);
  if (early == 1) co_return;
  store_untold(quiet, 1);
  co_await sleep(0s);
  store_untold(quiet, 0);
}

/// A step that was known before somebody has changed what it reads, in a way that is not told.
TEST(DporKnownSteps, WhatOthersChangeUntoldEndsTheSearch) {
  const Seen seen = expect_the_same_without([]() -> Task<> {
    int early = 0;
    int quiet = 0;
    int found = 0;
    std::vector<Task<>> tasks;
    tasks.push_back(look_late(early, quiet, found));
    tasks.push_back(change_and_change_back(early, quiet));
    co_await gather(std::move(tasks));
  });
  EXPECT_EQ(seen.end, DporExplorer::End::not_instrumented) << seen;
}

}  // namespace
}  // namespace cocheck
