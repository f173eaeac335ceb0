// The counts and final states of `exhaustive` against enumerators that share no code with it: each
// program is written a second time by hand, as a machine whose moves are tried in every order.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <ostream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cocheck/choose.hpp"
#include "cocheck/event.hpp"
#include "cocheck/explore.hpp"
#include "cocheck/gather.hpp"
#include "cocheck/lock.hpp"
#include "cocheck/queue.hpp"
#include "cocheck/semaphore.hpp"
#include "cocheck/sleep.hpp"
#include "cocheck/task.hpp"

namespace cocheck {
namespace {

using namespace std::chrono_literals;

/// What all interleavings of a program come to.
struct Outcome {
  std::uint64_t executions = 0;
  std::uint64_t deadlocks = 0;
  std::set<std::string> finals;

  friend bool operator==(const Outcome&, const Outcome&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Outcome& outcome) {
    out << outcome.executions << " executions, " << outcome.deadlocks << " deadlocks:";
    for (const std::string& final : outcome.finals) out << " '" << final << "'";
    return out;
  }
};

// The hand-written side.

/// Tries every enabled move of `machine`, and after it every enabled move, and so on.
template <class Machine>
void enumerate(const Machine& machine, Outcome& outcome) {
  bool moved = false;
  for (int move = 0; move < machine.moves(); ++move) {
    if (!machine.enabled(move)) continue;
    moved = true;
    Machine next = machine;
    next.take(move);
    enumerate(next, outcome);
  }
  if (moved) return;
  ++outcome.executions;
  if (machine.stuck()) ++outcome.deadlocks;
  outcome.finals.insert(machine.final());
}

template <class Machine>
Outcome brute_force(const Machine& machine) {
  Outcome outcome;
  enumerate(machine, outcome);
  return outcome;
}

// The side of cocheck.

/// Explores a gather of the tasks that `make` gives for a fresh `Shared`. Its final() is taken when
/// the execution ends, however that is.
template <class Shared>
Outcome explored(std::function<std::vector<Task<>>(Shared&)> make, bool always_suspend = false) {
  struct AtEnd {
    AtEnd(const Shared& shared_in, std::set<std::string>& finals_in)
        : shared(shared_in), finals(finals_in) {}
    AtEnd(const AtEnd&) = delete;
    AtEnd& operator=(const AtEnd&) = delete;
    ~AtEnd() { finals.insert(shared.final()); }
    const Shared& shared;
    std::set<std::string>& finals;
  };
  Outcome outcome;
  Options options;
  options.strategy = Strategy::exhaustive;
  options.max_executions = 10'000'000;
  options.stop_at_failure = false;
  options.shrink = false;
  options.always_suspend = always_suspend;
  const Verdict verdict = explore(
      [&]() -> Task<> {
        Shared shared;
        const AtEnd at_end(shared, outcome.finals);
        co_await gather(make(shared));
      },
      options);
  EXPECT_TRUE(verdict.limits.empty()) << verdict.summary();
  if (verdict.failure) {
    EXPECT_EQ(verdict.failure->kind, FailureKind::deadlock) << verdict.summary();
  } else if (verdict.lag) {
    EXPECT_EQ(verdict.kind, Verdict::Kind::proved_within) << verdict.summary();
    EXPECT_EQ(verdict.bound, "for a loop that is never late");
  } else {
    EXPECT_EQ(verdict.kind, Verdict::Kind::proved) << verdict.summary();
  }
  outcome.executions = verdict.executions;
  outcome.deadlocks = verdict.failing;
  return outcome;
}

/// n tasks write their number to x, once.
struct WritersMachine {
  explicit WritersMachine(int tasks) : left(static_cast<std::size_t>(tasks), true) {}
  [[nodiscard]] int moves() const { return static_cast<int>(left.size()); }
  [[nodiscard]] bool enabled(int task) const { return left[static_cast<std::size_t>(task)]; }
  void take(int task) {
    left[static_cast<std::size_t>(task)] = false;
    x = task;
  }
  [[nodiscard]] bool stuck() const { return false; }
  [[nodiscard]] std::string final() const { return std::to_string(x); }
  std::vector<bool> left;
  int x = -1;
};

struct Cell {
  [[nodiscard]] std::string final() const { return std::to_string(x); }
  int x = 0;
};

Task<> write_once(int& x, int value) {
  x = value;
  co_return;
}

TEST(BruteForce, Writers) {
  for (const auto& [tasks, executions] : {std::pair(3, 6u), std::pair(5, 120u)}) {
    const Outcome expected = brute_force(WritersMachine(tasks));
    EXPECT_EQ(expected.executions, executions);
    EXPECT_EQ(explored<Cell>([n = tasks](Cell& cell) {
                std::vector<Task<>> children;
                for (int i = 0; i < n; ++i) children.push_back(write_once(cell.x, i));
                return children;
              }),
              expected);
  }
}

/// n tasks read x in one step and write what they read plus 1 in the next.
struct IncrementMachine {
  explicit IncrementMachine(int tasks) : at(static_cast<std::size_t>(tasks)), read(at) {}
  [[nodiscard]] int moves() const { return static_cast<int>(at.size()); }
  [[nodiscard]] bool enabled(int task) const { return at[static_cast<std::size_t>(task)] < 2; }
  void take(int task) {
    const auto i = static_cast<std::size_t>(task);
    if (at[i]++ == 0) {
      read[i] = x;
    } else {
      x = read[i] + 1;
    }
  }
  [[nodiscard]] bool stuck() const { return false; }
  [[nodiscard]] std::string final() const { return std::to_string(x); }
  std::vector<int> at;
  std::vector<int> read;
  int x = 0;
};

Task<> increment(int& x) {
  const int value = x;
  co_await sleep(0s);
  x = value + 1;
}

TEST(BruteForce, Increments) {
  for (const auto& [tasks, executions] :
       {std::pair(2, 6u), std::pair(3, 90u), std::pair(4, 2520u)}) {
    const Outcome expected = brute_force(IncrementMachine(tasks));
    EXPECT_EQ(expected.executions, executions);
    EXPECT_EQ(explored<Cell>([n = tasks](Cell& cell) {
                std::vector<Task<>> children;
                for (int i = 0; i < n; ++i) children.push_back(increment(cell.x));
                return children;
              }),
              expected);
  }
}

/// One task writes x, two read something of their own and then x.
struct ReadersMachine {
  [[nodiscard]] int moves() const { return 3; }
  [[nodiscard]] bool enabled(int task) const {
    return at[static_cast<std::size_t>(task)] < (task == 0 ? 1 : 2);
  }
  void take(int task) {
    const auto i = static_cast<std::size_t>(task);
    const int step = at[i]++;
    if (task == 0) {
      x = 1;
    } else if (step == 1) {
      seen[i] = x;
    }
  }
  [[nodiscard]] bool stuck() const { return false; }
  [[nodiscard]] std::string final() const {
    return std::to_string(seen[1]) + std::to_string(seen[2]);
  }
  std::array<int, 3> at{};
  std::array<int, 3> seen{};
  int x = 0;
};

TEST(BruteForce, Readers) {
  struct Shared {
    [[nodiscard]] std::string final() const {
      return std::to_string(seen[0]) + std::to_string(seen[1]);
    }
    int x = 0;
    std::array<int, 2> own{};
    std::array<int, 2> seen{};
  };
  const auto read = [](Shared& shared, std::size_t i) -> Task<> {
    const int mine = shared.own[i];
    co_await sleep(0s);
    shared.seen[i] = shared.x + mine;
  };
  const Outcome expected = brute_force(ReadersMachine());
  EXPECT_EQ(expected.executions, 30u);
  EXPECT_EQ(expected.finals.size(), 4u);
  EXPECT_EQ(explored<Shared>([&](Shared& shared) {
              std::vector<Task<>> children;
              children.push_back(write_once(shared.x, 1));
              for (std::size_t i = 0; i < 2; ++i) children.push_back(read(shared, i));
              return children;
            }),
            expected);
}

/// Task 0 looks for the last zero of an array from its end; task j sets a[j] to a[j-1] + 1.
struct LastZeroMachine {
  explicit LastZeroMachine(int size)
      : n(size), a(static_cast<std::size_t>(size) + 1), at(a), read(a), i(size) {}
  [[nodiscard]] int moves() const { return n + 1; }
  [[nodiscard]] bool enabled(int task) const {
    return task == 0 ? !found : at[static_cast<std::size_t>(task)] < 2;
  }
  void take(int task) {
    const auto j = static_cast<std::size_t>(task);
    if (task == 0) {
      if (a[static_cast<std::size_t>(i)] == 0) {
        found = true;
      } else {
        --i;
      }
    } else if (at[j]++ == 0) {
      read[j] = a[j - 1];
    } else {
      a[j] = read[j] + 1;
    }
  }
  [[nodiscard]] bool stuck() const { return false; }
  [[nodiscard]] std::string final() const {
    std::string text = std::to_string(i) + ":";
    for (const int value : a) text += std::to_string(value);
    return text;
  }
  int n;
  std::vector<int> a;
  std::vector<int> at;
  std::vector<int> read;
  int i;
  bool found = false;
};

template <std::size_t Size>
struct Array {
  [[nodiscard]] std::string final() const {
    std::string text = std::to_string(i) + ":";
    for (const int value : a) text += std::to_string(value);
    return text;
  }
  std::array<int, Size + 1> a{};
  std::size_t i = Size;
};

template <std::size_t Size>
Outcome explored_last_zero() {
  const auto search = [](Array<Size>& array) -> Task<> {
    while (array.a[array.i] != 0) {
      --array.i;
      co_await sleep(0s);
    }
  };
  const auto set = [](Array<Size>& array, std::size_t j) -> Task<> {
    const int value = array.a[j - 1];
    co_await sleep(0s);
    array.a[j] = value + 1;
  };
  return explored<Array<Size>>([&](Array<Size>& array) {
    std::vector<Task<>> children;
    children.push_back(search(array));
    for (std::size_t j = 1; j <= Size; ++j) children.push_back(set(array, j));
    return children;
  });
}

TEST(BruteForce, LastZero) {
  const Outcome two = brute_force(LastZeroMachine(2));
  const Outcome three = brute_force(LastZeroMachine(3));
  const Outcome four = brute_force(LastZeroMachine(4));
  EXPECT_EQ(two.executions, 35u);
  EXPECT_EQ(three.executions, 920u);
  EXPECT_EQ(four.executions, 44'300u);
  EXPECT_EQ(explored_last_zero<2>(), two);
  EXPECT_EQ(explored_last_zero<3>(), three);
  EXPECT_EQ(explored_last_zero<4>(), four);
}

/// Two tasks do i += j and j += i, n times, in three steps each: two reads and a write.
struct FibonacciMachine {
  explicit FibonacciMachine(int times) : steps(3 * times) {}
  [[nodiscard]] int moves() const { return 2; }
  [[nodiscard]] bool enabled(int task) const { return at[static_cast<std::size_t>(task)] < steps; }
  void take(int task) {
    const auto own = static_cast<std::size_t>(task);
    switch (at[own]++ % 3) {
      case 0:
        sum[own] = x[own];
        break;
      case 1:
        sum[own] += x[1 - own];
        break;
      default:
        x[own] = sum[own];
    }
  }
  [[nodiscard]] bool stuck() const { return false; }
  [[nodiscard]] std::string final() const {
    return std::to_string(x[0]) + "," + std::to_string(x[1]);
  }
  int steps;
  std::array<int, 2> at{};
  std::array<int, 2> x{1, 1};
  std::array<int, 2> sum{};
};

TEST(BruteForce, Fibonacci) {
  struct Pair {
    [[nodiscard]] std::string final() const { return std::to_string(i) + "," + std::to_string(j); }
    int i = 1;
    int j = 1;
  };
  const auto add = [](int& to, const int& from, int times) -> Task<> {
    for (int k = 0; k < times; ++k) {
      if (k > 0) co_await sleep(0s);
      int sum = to;
      co_await sleep(0s);
      sum += from;
      co_await sleep(0s);
      to = sum;
    }
  };
  for (const auto& [times, executions] : {std::pair(1, 20u), std::pair(2, 924u)}) {
    const Outcome expected = brute_force(FibonacciMachine(times));
    EXPECT_EQ(expected.executions, executions);
    EXPECT_EQ(explored<Pair>([&, n = times](Pair& pair) {
                std::vector<Task<>> children;
                children.push_back(add(pair.i, pair.j, n));
                children.push_back(add(pair.j, pair.i, n));
                return children;
              }),
              expected);
  }
}

/// Three tasks of three steps that have nothing to do with each other.
TEST(BruteForce, Independent) {
  struct Own {
    [[nodiscard]] std::string final() const {
      return std::to_string(x[0]) + std::to_string(x[1]) + std::to_string(x[2]);
    }
    std::array<int, 3> x{};
  };
  struct Machine {
    [[nodiscard]] int moves() const { return 3; }
    [[nodiscard]] bool enabled(int task) const { return x[static_cast<std::size_t>(task)] < 3; }
    void take(int task) { ++x[static_cast<std::size_t>(task)]; }
    [[nodiscard]] bool stuck() const { return false; }
    [[nodiscard]] std::string final() const {
      return std::to_string(x[0]) + std::to_string(x[1]) + std::to_string(x[2]);
    }
    std::array<int, 3> x{};
  };
  const auto count = [](int& x) -> Task<> {
    ++x;
    co_await sleep(0s);
    ++x;
    co_await sleep(0s);
    ++x;
  };
  const Outcome expected = brute_force(Machine());
  EXPECT_EQ(expected.executions, 1680u);
  EXPECT_EQ(explored<Own>([&](Own& own) {
              std::vector<Task<>> children;
              for (int& x : own.x) children.push_back(count(x));
              return children;
            }),
            expected);
}

/// Where a task of the machines below stands with regard to the loop.
enum class At : std::uint8_t { ready, parked, woken, done };

/// n tasks: take the lock; read x; yield; write x + 1; give the lock back. Taking a free lock is no
/// step of its own unless `suspend`, which puts one before it. The yield suspends anyway.
struct LockedCounterMachine {
  LockedCounterMachine(std::size_t tasks, bool suspend)
      : at(tasks, At::ready), phase(tasks, suspend ? 0 : 1), read(tasks) {}
  [[nodiscard]] int moves() const { return static_cast<int>(at.size()); }
  [[nodiscard]] bool enabled(int task) const {
    const At where = at[static_cast<std::size_t>(task)];
    return where == At::ready || where == At::woken;
  }
  void take(int task) {
    const auto i = static_cast<std::size_t>(task);
    if (phase[i] == 0) {  // the suspension before the lock
      phase[i] = 1;
    } else if (phase[i] == 1 && at[i] == At::ready && (locked || !queue.empty())) {
      queue.push_back(i);
      at[i] = At::parked;
    } else if (phase[i] == 1) {
      if (at[i] == At::woken) queue.pop_front();
      at[i] = At::ready;
      locked = true;
      read[i] = x;
      order += static_cast<char>('a' + task);
      phase[i] = 2;
    } else {
      x = read[i] + 1;
      locked = false;
      if (!queue.empty()) at[queue.front()] = At::woken;
      at[i] = At::done;
    }
  }
  [[nodiscard]] bool stuck() const { return x != static_cast<int>(at.size()); }
  [[nodiscard]] std::string final() const { return order + std::to_string(x); }
  std::vector<At> at;
  std::vector<int> phase;
  std::vector<int> read;
  std::deque<std::size_t> queue;
  std::string order;
  bool locked = false;
  int x = 0;
};

struct LockedCounter {
  [[nodiscard]] std::string final() const { return order + std::to_string(x); }
  Lock lock;
  std::string order;
  int x = 0;
};

Task<> locked_increment(LockedCounter& counter, char name) {
  auto guard = co_await counter.lock.scoped();
  const int value = counter.x;
  counter.order += name;
  co_await sleep(0s);
  counter.x = value + 1;
}

TEST(BruteForce, LockedCounter) {
  for (const bool always_suspend : {false, true}) {
    for (const std::size_t tasks : {2u, 3u}) {
      const Outcome expected = brute_force(LockedCounterMachine(tasks, always_suspend));
      EXPECT_EQ(expected.deadlocks, 0u);
      EXPECT_EQ(expected.finals.size(), tasks == 2 ? 2u : 6u);
      EXPECT_EQ(explored<LockedCounter>(
                    [tasks](LockedCounter& counter) {
                      std::vector<Task<>> children;
                      for (std::size_t i = 0; i < tasks; ++i) {
                        children.push_back(locked_increment(counter, static_cast<char>('a' + i)));
                      }
                      return children;
                    },
                    always_suspend),
                expected)
          << tasks << " tasks, always_suspend " << always_suspend;
    }
  }
}

/// Three tasks: take a permit; yield; give it back. Permits are handed over.
struct SemaphoreMachine {
  explicit SemaphoreMachine(int permits) : value(permits) {}
  [[nodiscard]] int moves() const { return 3; }
  [[nodiscard]] bool enabled(int task) const {
    const At where = at[static_cast<std::size_t>(task)];
    return where == At::ready || where == At::woken;
  }
  void enter(int task) {
    order += static_cast<char>('a' + task);
    most = std::max(most, ++inside);
    in[static_cast<std::size_t>(task)] = true;
  }
  bool hand_over() {
    for (const std::size_t waiter : queue) {
      if (at[waiter] != At::parked) continue;
      --value;
      at[waiter] = At::woken;
      return true;
    }
    return false;
  }
  void take(int task) {
    const auto i = static_cast<std::size_t>(task);
    if (in[i]) {
      --inside;
      at[i] = At::done;
      ++value;
      hand_over();
    } else if (at[i] == At::woken) {
      queue.erase(std::find(queue.begin(), queue.end(), i));
      while (value > 0 && hand_over()) {
      }
      at[i] = At::ready;
      enter(task);
    } else if (value > 0 && queue.empty()) {
      --value;
      enter(task);
    } else {
      queue.push_back(i);
      at[i] = At::parked;
    }
  }
  [[nodiscard]] bool stuck() const {
    return std::any_of(at.begin(), at.end(), [](At where) { return where != At::done; });
  }
  [[nodiscard]] std::string final() const { return order + std::to_string(most); }
  std::array<At, 3> at{At::ready, At::ready, At::ready};
  std::array<bool, 3> in{};
  std::deque<std::size_t> queue;
  std::string order;
  int value;
  int inside = 0;
  int most = 0;
};

template <int Permits>
struct Permitted {
  [[nodiscard]] std::string final() const { return order + std::to_string(most); }
  Semaphore semaphore{Permits};
  std::string order;
  int inside = 0;
  int most = 0;
};

template <int Permits>
Outcome explored_semaphore() {
  const auto use = [](Permitted<Permits>& shared, char name) -> Task<> {
    auto guard = co_await shared.semaphore.scoped();
    shared.order += name;
    shared.most = std::max(shared.most, ++shared.inside);
    co_await sleep(0s);
    --shared.inside;
  };
  return explored<Permitted<Permits>>([&](Permitted<Permits>& shared) {
    std::vector<Task<>> children;
    for (const char name : {'a', 'b', 'c'}) children.push_back(use(shared, name));
    return children;
  });
}

TEST(BruteForce, Semaphore) {
  EXPECT_EQ(explored_semaphore<1>(), brute_force(SemaphoreMachine(1)));
  EXPECT_EQ(explored_semaphore<2>(), brute_force(SemaphoreMachine(2)));
  EXPECT_EQ(explored_semaphore<3>(), brute_force(SemaphoreMachine(3)));
}

/// Task 0 sets the event and takes it down a step later; two tasks wait for it. Who comes too late
/// waits for ever.
struct EventMachine {
  [[nodiscard]] int moves() const { return 3; }
  [[nodiscard]] bool enabled(int task) const {
    const At where = at[static_cast<std::size_t>(task)];
    return where == At::ready || where == At::woken;
  }
  void take(int task) {
    const auto i = static_cast<std::size_t>(task);
    if (task == 0 && !was_set) {
      set = was_set = true;
      for (At& other : at) {
        if (other == At::parked) other = At::woken;
      }
    } else if (task == 0) {
      set = false;
      at[i] = At::done;
    } else if (at[i] == At::woken || set) {
      order += static_cast<char>('a' + task);
      at[i] = At::done;
    } else {
      at[i] = At::parked;
    }
  }
  [[nodiscard]] bool stuck() const { return order.size() < 2; }
  [[nodiscard]] std::string final() const { return order; }
  std::array<At, 3> at{At::ready, At::ready, At::ready};
  std::string order;
  bool set = false;
  bool was_set = false;
};

TEST(BruteForce, Event) {
  struct Shared {
    [[nodiscard]] std::string final() const { return order; }
    Event event;
    std::string order;
  };
  const auto set = [](Shared& shared) -> Task<> {
    shared.event.set();
    co_await sleep(0s);
    shared.event.clear();
  };
  const auto wait = [](Shared& shared, char name) -> Task<> {
    co_await shared.event.wait();
    shared.order += name;
  };
  const Outcome expected = brute_force(EventMachine());
  EXPECT_GT(expected.deadlocks, 0u);
  EXPECT_EQ(explored<Shared>([&](Shared& shared) {
              std::vector<Task<>> children;
              children.push_back(set(shared));
              children.push_back(wait(shared, 'b'));
              children.push_back(wait(shared, 'c'));
              return children;
            }),
            expected);
}

/// A queue of one slot. The producer puts three items; the consumers take what they are to take.
struct QueueMachine {
  explicit QueueMachine(std::vector<int> takes)
      : at(takes.size() + 1, At::ready), left(std::move(takes)) {
    left.insert(left.begin(), 3);
  }
  [[nodiscard]] int moves() const { return static_cast<int>(at.size()); }
  [[nodiscard]] bool enabled(int task) const {
    const At where = at[static_cast<std::size_t>(task)];
    return where == At::ready || where == At::woken;
  }
  void wake(std::deque<std::size_t>& waiters) {
    if (waiters.empty()) return;
    at[waiters.front()] = At::woken;
    waiters.pop_front();
  }
  void take(int task) {
    const auto i = static_cast<std::size_t>(task);
    at[i] = At::ready;
    while (left[i] > 0) {
      if (task == 0 ? slot != 0 : slot == 0) {
        (task == 0 ? putters : getters).push_back(i);
        at[i] = At::parked;
        return;
      }
      if (task == 0) {
        slot = next++;
        wake(getters);
      } else {
        order += static_cast<char>('a' + task) + std::to_string(std::exchange(slot, 0));
        wake(putters);
      }
      --left[i];
    }
    at[i] = At::done;
  }
  [[nodiscard]] bool stuck() const {
    return std::any_of(at.begin(), at.end(), [](At where) { return where != At::done; });
  }
  [[nodiscard]] std::string final() const { return order; }
  std::vector<At> at;
  std::vector<int> left;
  std::deque<std::size_t> getters;
  std::deque<std::size_t> putters;
  std::string order;
  int slot = 0;
  int next = 1;
};

TEST(BruteForce, BoundedQueue) {
  struct Shared {
    [[nodiscard]] std::string final() const { return order; }
    Queue<int> queue{1};
    std::string order;
  };
  const auto produce = [](Shared& shared) -> Task<> {
    for (int item = 1; item <= 3; ++item) co_await shared.queue.put(item);
  };
  const auto consume = [](Shared& shared, char name, int items) -> Task<> {
    for (int k = 0; k < items; ++k) {
      const int item = co_await shared.queue.get();
      shared.order += name + std::to_string(item);
    }
  };
  const std::vector<std::vector<int>> cases{{3}, {2, 1}, {1, 1}, {2, 2}, {1, 1, 1}};
  for (const std::vector<int>& takes : cases) {
    const Outcome expected = brute_force(QueueMachine(takes));
    EXPECT_EQ(explored<Shared>([&](Shared& shared) {
                std::vector<Task<>> children;
                children.push_back(produce(shared));
                char name = 'a';
                for (const int items : takes) children.push_back(consume(shared, ++name, items));
                return children;
              }),
              expected)
        << ::testing::PrintToString(takes);
  }
}

/// n philosophers take the left fork, then the right one, eat and put both down. Between the forks
/// they yield; with `suspend` there is a suspension before every fork instead.
struct PhilosophersMachine {
  PhilosophersMachine(std::size_t n, bool suspend)
      : at(n, At::ready), phase(n, suspend ? -1 : 0), taken(n), queue(n) {}
  [[nodiscard]] int moves() const { return static_cast<int>(at.size()); }
  [[nodiscard]] bool enabled(int task) const {
    const At where = at[static_cast<std::size_t>(task)];
    return where == At::ready || where == At::woken;
  }
  // Phase 0 takes the left fork, 1 has it and wants the right one, 2 has both.
  void take(int task) {
    const auto i = static_cast<std::size_t>(task);
    if (phase[i] == -1) {
      phase[i] = 0;
      return;
    }
    const std::size_t fork = (i + static_cast<std::size_t>(phase[i])) % at.size();
    if (at[i] == At::woken) {
      queue[fork].pop_front();
      at[i] = At::ready;
    } else if (taken[fork] || !queue[fork].empty()) {
      queue[fork].push_back(i);
      at[i] = At::parked;
      return;
    }
    taken[fork] = true;
    if (++phase[i] == 1) return;  // the yield, or the suspension, before the right fork
    order += static_cast<char>('a' + task);
    for (const std::size_t down : {(i + 1) % at.size(), i}) {
      taken[down] = false;
      if (!queue[down].empty()) at[queue[down].front()] = At::woken;
    }
    at[i] = At::done;
  }
  [[nodiscard]] bool stuck() const { return order.size() < at.size(); }
  [[nodiscard]] std::string final() const { return order; }
  std::vector<At> at;
  std::vector<int> phase;
  std::vector<bool> taken;
  std::vector<std::deque<std::size_t>> queue;
  std::string order;
};

template <std::size_t N>
struct Table {
  [[nodiscard]] std::string final() const { return order; }
  std::array<Lock, N> forks;
  std::string order;
};

template <std::size_t N>
Outcome explored_philosophers(bool always_suspend) {
  const auto dine = [](Table<N>& table, std::size_t i, bool yield) -> Task<> {
    auto left = co_await table.forks[i].scoped();
    if (yield) co_await sleep(0s);
    auto right = co_await table.forks[(i + 1) % N].scoped();
    table.order += static_cast<char>('a' + i);
  };
  return explored<Table<N>>(
      [&](Table<N>& table) {
        std::vector<Task<>> children;
        for (std::size_t i = 0; i < N; ++i) children.push_back(dine(table, i, !always_suspend));
        return children;
      },
      always_suspend);
}

TEST(BruteForce, Philosophers) {
  for (const bool always_suspend : {false, true}) {
    const Outcome two = brute_force(PhilosophersMachine(2, always_suspend));
    EXPECT_GT(two.deadlocks, 0u);
    EXPECT_LT(two.deadlocks, two.executions);
    EXPECT_EQ(explored_philosophers<2>(always_suspend), two) << always_suspend;
    const Outcome three = brute_force(PhilosophersMachine(3, always_suspend));
    EXPECT_GT(three.deadlocks, 0u);
    EXPECT_EQ(explored_philosophers<3>(always_suspend), three) << always_suspend;
  }
}

/// Tasks that sleep till a deadline. Time moves only when nothing is ready and nothing is due; what
/// is due then fires in any order, and between steps of those already woken.
struct SleepersMachine {
  explicit SleepersMachine(std::vector<int> deadlines_in)
      : at(deadlines_in.size(), At::ready), deadlines(std::move(deadlines_in)) {}
  /// Moves below the number of tasks are steps, those from there on are timers.
  [[nodiscard]] int moves() const { return 2 * static_cast<int>(at.size()); }
  [[nodiscard]] int time() const {
    int earliest = 1000;
    for (std::size_t i = 0; i < at.size(); ++i) {
      if (at[i] == At::ready || at[i] == At::woken) return now;
      if (at[i] == At::parked) earliest = std::min(earliest, deadlines[i]);
    }
    return std::max(now, earliest);
  }
  [[nodiscard]] bool enabled(int move) const {
    const std::size_t i = static_cast<std::size_t>(move) % at.size();
    const bool is_step = static_cast<std::size_t>(move) < at.size();
    if (is_step) return at[i] == At::ready || at[i] == At::woken;
    return at[i] == At::parked && deadlines[i] <= time();
  }
  void take(int move) {
    const std::size_t i = static_cast<std::size_t>(move) % at.size();
    now = time();
    if (static_cast<std::size_t>(move) >= at.size()) {
      at[i] = At::woken;
    } else if (at[i] == At::ready) {
      at[i] = At::parked;
    } else {
      at[i] = At::done;
      order += static_cast<char>('a' + i) + std::to_string(now);
    }
  }
  [[nodiscard]] bool stuck() const { return false; }
  [[nodiscard]] std::string final() const { return order; }
  std::vector<At> at;
  std::vector<int> deadlines;
  std::string order;
  int now = 0;
};

TEST(BruteForce, Sleepers) {
  struct Shared {
    [[nodiscard]] std::string final() const { return order; }
    std::string order;
  };
  const auto nap = [](Shared& shared, char name, int deadline) -> Task<> {
    co_await sleep(std::chrono::milliseconds(deadline));
    const auto now = LoopClock::now().time_since_epoch() / 1ms;
    shared.order += name + std::to_string(now);
  };
  const std::vector<std::vector<int>> cases{{1, 1}, {1, 1, 1}, {1, 2, 1}, {2, 1, 2}, {3, 2, 1}};
  for (const std::vector<int>& deadlines : cases) {
    const Outcome expected = brute_force(SleepersMachine(deadlines));
    EXPECT_EQ(explored<Shared>([&](Shared& shared) {
                std::vector<Task<>> children;
                char name = 'a';
                for (const int deadline : deadlines) {
                  children.push_back(nap(shared, name++, deadline));
                }
                return children;
              }),
              expected)
        << ::testing::PrintToString(deadlines);
  }
  EXPECT_EQ(brute_force(SleepersMachine({1, 1, 1})).executions, 540u);
}

/// Two tasks draw one of three values, yield, and draw one of two.
struct ChooseMachine {
  [[nodiscard]] int moves() const { return choosing < 0 ? 2 : 3 - at[index()]; }
  [[nodiscard]] std::size_t index() const { return static_cast<std::size_t>(choosing); }
  [[nodiscard]] bool enabled(int move) const {
    return choosing >= 0 || at[static_cast<std::size_t>(move)] < 2;
  }
  void take(int move) {
    if (choosing < 0) {
      choosing = move;
      return;
    }
    order += static_cast<char>('a' + choosing) + std::to_string(move);
    ++at[index()];
    choosing = -1;
  }
  [[nodiscard]] bool stuck() const { return false; }
  [[nodiscard]] std::string final() const { return order; }
  std::array<int, 2> at{};
  std::string order;
  int choosing = -1;
};

TEST(BruteForce, Choose) {
  struct Shared {
    [[nodiscard]] std::string final() const { return order; }
    std::string order;
  };
  const auto draw = [](Shared& shared, char name) -> Task<> {
    shared.order += name + std::to_string(choose(3));
    co_await sleep(0s);
    shared.order += name + std::to_string(choose(2));
  };
  const Outcome expected = brute_force(ChooseMachine());
  EXPECT_EQ(expected.executions, 6u * 36u);
  EXPECT_EQ(explored<Shared>([&](Shared& shared) {
              std::vector<Task<>> children;
              children.push_back(draw(shared, 'a'));
              children.push_back(draw(shared, 'b'));
              return children;
            }),
            expected);
}

}  // namespace
}  // namespace cocheck
