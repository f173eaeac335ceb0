// What a search for one execution of each class must not lose: compared with all interleavings,
// walked one by one. Counts that are published are in dpor_counts_test.cpp.

#include "cocheck/explorers/dpor.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "classes.hpp"
#include "cocheck/primitives.hpp"

namespace cocheck {
namespace {

using namespace test;

std::string joined(const std::vector<int>& values) {
  std::string text;
  for (const int value : values) text += (text.empty() ? "" : ",") + std::to_string(value);
  return text;
}

// Traps of the algorithm.

Task<> hold(Lock& first, Lock& second, std::vector<int>& order, int number) {
  co_await first.acquire();
  order.push_back(number);
  co_await sleep(0s);
  first.release();
  co_await second.acquire();
  order.push_back(number + 10);
  second.release();
}

/// A reversal has to bring along all that does not depend on the first step, over the whole
/// execution, not only up to the second one.
TEST(DporTraps, WhatFollowsARaceIsPartOfItsReversal) {
  std::string result;
  const Model model = [&]() -> Task<> {
    Lock a;
    Lock b;
    std::vector<int> order;
    const AtTheEnd report(result, [&] { return joined(order); });
    std::vector<Task<>> tasks;
    tasks.push_back(hold(a, b, order, 1));
    tasks.push_back(hold(b, a, order, 2));
    tasks.push_back(hold(a, a, order, 3));
    co_await gather(std::move(tasks));
  };
  EXPECT_GT(expect_one_of_each(model, Options(), &result).ends.size(), 20u);
}

Task<> put_later(Queue<int>& queue, int item) {
  co_await sleep(1ms);
  queue.put_nowait(item);
}

Task<> take_two(Queue<int>& queue, std::vector<int>& got) {
  for (int i = 0; i < 2; ++i) {
    int item = 0;
    try {
      item = co_await wait_for(queue.get(), 1ms);
    } catch (const TimeoutError&) {
      item = -1;
    }
    got.push_back(item);
  }
}

/// What made a step ready comes before it for ever; it must not hide who else could have come
/// first, such as a timer that fires at the same time.
TEST(DporTraps, AWakeUpHidesNoRaceBehindIt) {
  std::string result;
  const Model model = [&]() -> Task<> {
    Queue<int> queue;
    std::vector<int> got;
    const AtTheEnd report(result, [&] { return joined(got); });
    std::vector<Task<>> tasks;
    tasks.push_back(put_later(queue, 1));
    tasks.push_back(put_later(queue, 2));
    tasks.push_back(take_two(queue, got));
    co_await gather(std::move(tasks));
  };
  EXPECT_EQ(expect_one_of_each(model, Options(), &result).ends.size(), 4u);
}

Task<> wait_once(Condition& condition, bool& ready, bool look_first) {
  const auto guard = co_await condition.scoped();
  if (look_first && ready) co_return;
  co_await condition.wait();
}

Task<> notify_once(Condition& condition, bool& ready) {
  const auto guard = co_await condition.scoped();
  ready = true;
  condition.notify();
}

/// Who still waits at the end has a race with who came too early.
TEST(DporTraps, ALostWakeUpIsFound) {
  for (const bool look_first : {false, true}) {
    const Model model = [look_first]() -> Task<> {
      Condition condition;
      bool ready = false;
      std::vector<Task<>> tasks;
      tasks.push_back(wait_once(condition, ready, look_first));
      tasks.push_back(notify_once(condition, ready));
      co_await gather(std::move(tasks));
    };
    EXPECT_EQ(expect_one_of_each(model).failing, look_first ? 0u : 1u);
  }
}

Task<> draw_and_write(std::vector<int>& cells, int number) {
  cells[choose(2)] = number;
  co_await sleep(0s);
  cells[choose(2)] += 10;
}

/// A step is one with what it draws, and with what it touches after that.
TEST(DporTraps, ChoicesArePartOfTheirStep) {
  std::string result;
  const Model model = [&]() -> Task<> {
    std::vector<int> cells(2);
    const AtTheEnd report(result, [&] { return joined(cells); });
    std::vector<Task<>> tasks;
    tasks.push_back(draw_and_write(cells, 1));
    tasks.push_back(draw_and_write(cells, 2));
    co_await gather(std::move(tasks));
  };
  EXPECT_GT(expect_one_of_each(model, Options(), &result).ends.size(), 15u);
}

/// A step that draws covers no step of the same task that draws something else.
TEST(DporTraps, WhatSleepsIsAStepWithItsDraws) {
  std::string result;
  const Model model = [&]() -> Task<> {
    std::vector<int> cells(2);
    const AtTheEnd report(result, [&] { return joined(cells); });
    const auto draws = [&]() -> Task<> {
      cells[choose(2)] += 1;
      co_return;
    };
    const auto copies = [&]() -> Task<> {
      cells[1] = 10 * cells[1];
      co_return;
    };
    std::vector<Task<>> tasks;
    tasks.push_back(draws());
    tasks.push_back(copies());
    co_await gather(std::move(tasks));
  };
  EXPECT_EQ(expect_one_of_each(model, Options(), &result).ends.size(), 3u);
}

Task<> acquire_and_say(Lock& lock, std::vector<int>& order, int number) {
  try {
    co_await lock.acquire();
  } catch (const CancelledError&) {
    order.push_back(-number);
    throw;
  }
  order.push_back(number);
  co_await sleep(0s);
  lock.release();
}

/// A wait that is cancelled touches what it waited for.
TEST(DporTraps, ACancelledWaitDependsOnWhatItWaitedFor) {
  std::string result;
  const Model model = [&]() -> Task<> {
    Lock lock;
    std::vector<int> order;
    const AtTheEnd report(result, [&] { return joined(order); });
    std::vector<TaskHandle<>> handles;
    for (int i = 1; i <= 3; ++i) handles.push_back(create_task(acquire_and_say(lock, order, i)));
    co_await sleep(0s);
    handles[1].cancel();
    auto all = gather(return_exceptions, handles);
    co_await all;
  };
  EXPECT_GT(expect_one_of_each(model, Options(), &result).ends.size(), 10u);
}

Task<> dine(Lock& left, Lock& right) {
  co_await left.acquire();
  co_await right.acquire();
  co_await sleep(0s);
  right.release();
  left.release();
}

/// Who finds his first fork free goes on to the second in the same step. So a step that is to be
/// taken earlier than it was seen may touch more than it did there.
TEST(DporTraps, AStepMayTouchMoreWhereItComesFirst) {
  for (const bool always_suspend : {false, true}) {
    Options options;
    options.always_suspend = always_suspend;
    const Model model = []() -> Task<> {
      std::vector<Lock> forks(3);
      std::vector<Task<>> tasks;
      for (std::size_t i = 0; i < 3; ++i) tasks.push_back(dine(forks[i], forks[(i + 1) % 3]));
      co_await gather(std::move(tasks));
    };
    EXPECT_EQ(expect_one_of_each(model, options).classes, always_suspend ? 37u : 36u);
  }
}

// What changes nothing.

Task<> set(Event& event) {
  event.set();
  co_return;
}
Task<> wait_for_it(Event& event) {
  co_await event.wait();
}

/// Only who sets it first matters, and whether the waiter came before that.
TEST(Dpor, SettingASetEventIsARead) {
  const Model model = []() -> Task<> {
    Event event;
    std::vector<Task<>> tasks;
    for (int i = 0; i < 5; ++i) tasks.push_back(set(event));
    tasks.push_back(wait_for_it(event));
    co_await gather(std::move(tasks));
  };
  EXPECT_EQ(expect_one_of_each(model).classes, 10u);
}

// What models are made of.

Task<> count_words(std::map<std::string, int>& words, std::string first, std::string second) {
  ++words[first];
  co_await sleep(0s);
  if (words.contains(second)) words.erase(second);
}

TEST(Dpor, TasksMayShareAMap) {
  std::string result;
  const Model model = [&]() -> Task<> {
    std::map<std::string, int> words;
    const AtTheEnd report(result, [&] {
      std::string text;
      for (const auto& [word, count] : words) text += word + std::to_string(count);
      return text;
    });
    std::vector<Task<>> tasks;
    tasks.push_back(count_words(words, "one", "two"));
    tasks.push_back(count_words(words, "two", "three"));
    tasks.push_back(count_words(words, "three", "one"));
    co_await gather(std::move(tasks));
  };
  EXPECT_GT(expect_one_of_each(model, Options(), &result).ends.size(), 3u);
}

Task<> number_words(std::unordered_map<std::string, int>& words, std::string word) {
  const int number = static_cast<int>(words.size());
  co_await sleep(0s);
  words.emplace(word, number);
}

TEST(Dpor, TasksMayShareAnUnorderedMap) {
  std::string result;
  const Model model = [&]() -> Task<> {
    std::unordered_map<std::string, int> words;
    const AtTheEnd report(result, [&] {
      const std::map<std::string, int> sorted(words.begin(), words.end());
      std::string text;
      for (const auto& [word, count] : sorted) text += word + std::to_string(count);
      return text;
    });
    std::vector<Task<>> tasks;
    for (const char* word : {"a", "b", "c"}) tasks.push_back(number_words(words, word));
    co_await gather(std::move(tasks));
  };
  EXPECT_GT(expect_one_of_each(model, Options(), &result).ends.size(), 10u);
}

Task<> move_to_front(std::list<int>& items, int item) {
  items.remove(item);
  co_await sleep(0s);
  items.push_front(item);
}

TEST(Dpor, TasksMayShareAList) {
  std::string result;
  const Model model = [&]() -> Task<> {
    std::list<int> items{1, 2, 3};
    const AtTheEnd report(result, [&] { return joined({items.begin(), items.end()}); });
    std::vector<Task<>> tasks;
    for (int i = 1; i <= 3; ++i) tasks.push_back(move_to_front(items, i));
    co_await gather(std::move(tasks));
  };
  EXPECT_EQ(expect_one_of_each(model, Options(), &result).ends.size(), 6u);
}

Task<> send(Queue<std::string>& queue, std::string name) {
  co_await queue.put("a message from " + name);
  co_await sleep(0s);
  co_await queue.put(name);
}

Task<> receive(Queue<std::string>& queue, int count, std::string& all) {
  for (int i = 0; i < count; ++i) all += co_await queue.get() + ";";
}

TEST(Dpor, MessagesMayBeStrings) {
  std::string result;
  const Model model = [&]() -> Task<> {
    Queue<std::string> queue(1);
    std::string all;
    const AtTheEnd report(result, [&] { return std::string(all); });
    std::vector<Task<>> tasks;
    tasks.push_back(send(queue, "one"));
    tasks.push_back(send(queue, "another one"));
    tasks.push_back(receive(queue, 4, all));
    co_await gather(std::move(tasks));
  };
  EXPECT_EQ(expect_one_of_each(model, Options(), &result).ends.size(), 6u);
}

/// A primitive that a user has made of futures: a lock that is handed over.
class HandedLock {
 public:
  Task<> acquire() {
    if (!std::exchange(held_, true)) co_return;
    const Future<> turn;
    waiting_.push_back(turn);
    co_await turn;
  }
  void release() {
    if (waiting_.empty()) {
      held_ = false;
      return;
    }
    const Future<> next = waiting_.front();
    waiting_.pop_front();
    next.set_result();
  }

 private:
  bool held_ = false;
  std::deque<Future<>> waiting_;
};

Task<> take_turns(HandedLock& lock, std::vector<int>& order, int number) {
  for (int i = 0; i < 2; ++i) {
    co_await lock.acquire();
    order.push_back(number);
    co_await sleep(0s);
    lock.release();
  }
}

TEST(Dpor, PrimitivesMayBeMadeOfFutures) {
  std::string result;
  const Model model = [&]() -> Task<> {
    HandedLock lock;
    std::vector<int> order;
    const AtTheEnd report(result, [&] { return joined(order); });
    std::vector<Task<>> tasks;
    for (int i = 1; i <= 3; ++i) tasks.push_back(take_turns(lock, order, i));
    co_await gather(std::move(tasks));
  };
  EXPECT_GT(expect_one_of_each(model, Options(), &result).ends.size(), 5u);
}

struct Account {
  int balance = 10;
  bool closed = false;
  bool overdrawn = false;  // in the same word
};

Task<> withdraw(Account& account, int amount) {
  if (account.closed) co_return;
  const int before = account.balance;
  co_await sleep(0s);
  account.balance = before - amount;
  if (account.balance < 0) account.overdrawn = true;
}
Task<> close_account(Account& account) {
  account.closed = true;
  co_return;
}

TEST(Dpor, TasksMaySharePlainVariables) {
  std::string result;
  const Model model = [&]() -> Task<> {
    Account account;
    const AtTheEnd report(result, [&] {
      return std::to_string(account.balance) + (account.overdrawn ? " overdrawn" : "");
    });
    std::vector<Task<>> tasks;
    tasks.push_back(withdraw(account, 3));
    tasks.push_back(withdraw(account, 8));
    tasks.push_back(close_account(account));
    co_await gather(std::move(tasks));
  };
  EXPECT_GT(expect_one_of_each(model, Options(), &result).ends.size(), 3u);
}

Task<> draw_twice(std::vector<int>& log, int& shared, int number) {
  shared += static_cast<int>(choose(2));
  if (shared > 1 && choose(3) == 2) log.push_back(number);
  co_await sleep(0s);
  log.push_back(static_cast<int>(choose(2)) + shared);
}

TEST(Dpor, StepsMayDrawInTheirMiddle) {
  std::string result;
  const Model model = [&]() -> Task<> {
    std::vector<int> log;
    int shared = 0;
    const AtTheEnd report(result, [&] { return joined(log); });
    std::vector<Task<>> tasks;
    for (int i = 1; i <= 2; ++i) tasks.push_back(draw_twice(log, shared, i));
    co_await gather(std::move(tasks));
  };
  EXPECT_GT(expect_one_of_each(model, Options(), &result).ends.size(), 15u);
}

// How a search ends.

DporExplorer::End end_of_search(const Model& model, DporExplorer& explorer) {
  World world{Options()};
  explorer.next();
  world.run(model, explorer);
  return explorer.end();
}

Task<> set_to(int& value, int number) {
  co_await sleep(0s);
  value = number;
}

Task<> copy(const int& value, int& seen) {
  co_await sleep(0s);
  seen = value;
}

Task<> sleep_often(int times) {
  for (int i = 0; i < times; ++i) co_await sleep(0s);
}

/// Sets of events are words of 64 bits: just full, or with one more.
TEST(Dpor, ExecutionsMayHaveAnyNumberOfEvents) {
  for (int times = 40; times < 140; ++times) {
    const Model model = [times]() -> Task<> {
      int value = 0;
      std::array<int, 3> copies{};
      std::vector<Task<>> tasks;
      tasks.push_back(sleep_often(times));
      tasks.push_back(set_to(value, 1));
      for (int& seen_by : copies) tasks.push_back(copy(value, seen_by));
      co_await gather(std::move(tasks));
    };
    const Seen seen = search(model, Options(), DporExplorer::Settings());
    ASSERT_EQ(seen.end, DporExplorer::End::exhausted) << times;
    ASSERT_EQ(seen.executions, 8u) << times;
    ASSERT_EQ(seen.classes, 8u) << times;
  }
}

TEST(DporEnd, AFailureIsFound) {
  DporExplorer explorer;
  EXPECT_EQ(end_of_search([] { return racy_counter(2); }, explorer), DporExplorer::End::failure);
  EXPECT_EQ(explorer.failing(), 1u);
}

TEST(DporEnd, TheLimitOfExecutions) {
  DporExplorer::Limits limits;
  limits.executions = 3;
  DporExplorer explorer(limits, {});
  EXPECT_EQ(end_of_search([] { return unchecked_counter(2); }, explorer),
            DporExplorer::End::out_of_executions);
  EXPECT_EQ(explorer.executions(), 3u);
}

/// Where snapshots are dropped the path to them is executed again.
TEST(DporEnd, LittleMemoryForGoingBackChangesNothing) {
  DporExplorer::Limits limits;
  limits.undo_bytes = 4'096;
  DporExplorer explorer(limits, {});
  EXPECT_EQ(end_of_search([] { return unchecked_counter(4); }, explorer),
            DporExplorer::End::exhausted);
  EXPECT_EQ(explorer.executions(), 576u);
}

TEST(DporEnd, TimeThatPassesInAStepIsRefused) {
  const Model model = []() -> Task<> {
    static_cast<World&>(Loop::current()).advance(1ms);
    co_return;
  };
  DporExplorer explorer;
  EXPECT_EQ(end_of_search(model, explorer), DporExplorer::End::clock_moved);
}

Task<> count_up(int& counter) {
  ++counter;
  co_return;
}

TEST(DporEnd, ACapturedVariableThatTasksCountUpIsNamed) {
  int calls = 0;
  const Model model = [&]() -> Task<> {
    std::vector<Task<>> tasks;
    for (int i = 0; i < 2; ++i) tasks.push_back(count_up(calls));
    co_await gather(std::move(tasks));
  };
  DporExplorer explorer;
  EXPECT_EQ(end_of_search(model, explorer), DporExplorer::End::outside);
  ASSERT_TRUE(explorer.outside());
  EXPECT_EQ(explorer.outside()->address, reinterpret_cast<std::uintptr_t>(&calls));
  EXPECT_NE(explorer.outside()->instruction, nullptr);
}

// std::stoi() uses errno, too.
TEST(Dpor, SeesWhatIsReadAsANumber) {
  std::string result;
  const Model model = [&]() -> Task<> {
    std::string text = "17";
    int number = 0;
    const AtTheEnd report(result, [&] { return std::to_string(number); });
    const auto parse = [&]() -> Task<> {
      co_await sleep(0s);
      number = std::stoi(text);
    };
    const auto edit = [&]() -> Task<> {
      co_await sleep(0s);
      text[0] = '9';
    };
    co_await gather(parse(), edit());
  };
  const Seen seen = expect_one_of_each(model, Options(), &result);
  EXPECT_EQ(seen.classes, 2u);
  EXPECT_EQ(seen.ends.size(), 2u);
}

int& calls_of_all() {
  static int count = 0;
  return count;
}

TEST(DporEnd, AStaticVariableThatTasksCountUpIsNamed) {
  const Model model = []() -> Task<> {
    std::vector<Task<>> tasks;
    for (int i = 0; i < 2; ++i) tasks.push_back(count_up(calls_of_all()));
    co_await gather(std::move(tasks));
  };
  DporExplorer explorer;
  EXPECT_EQ(end_of_search(model, explorer), DporExplorer::End::outside);
  ASSERT_TRUE(explorer.outside());
  EXPECT_EQ(explorer.outside()->address, reinterpret_cast<std::uintptr_t>(&calls_of_all()));
}

TEST(DporEnd, WhatIsOnlyWrittenOutsideIsFine) {
  int last = 0;
  const Model model = [&]() -> Task<> {
    co_await unchecked_counter(2);
    last = 7;
  };
  DporExplorer explorer;
  EXPECT_EQ(end_of_search(model, explorer), DporExplorer::End::exhausted);
  EXPECT_EQ(explorer.executions(), 4u);
  EXPECT_EQ(last, 7);
}

TEST(DporEnd, WhatIsOnlyReadOutsideIsFine) {
  const std::vector<int> amounts{2, 3};
  const Model model = [&]() -> Task<> {
    co_await unchecked_counter(static_cast<int>(amounts.size()));
  };
  DporExplorer explorer;
  EXPECT_EQ(end_of_search(model, explorer), DporExplorer::End::exhausted);
  EXPECT_EQ(explorer.executions(), 4u);
}

}  // namespace
}  // namespace cocheck
