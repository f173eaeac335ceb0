// Programs from papers on partial-order reduction, with the numbers of interleavings and of classes
// that are published or follow from a formula. One access to what is shared in each step, all tasks
// started together.

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "classes.hpp"
#include "cocheck/lock.hpp"
#include "cocheck/queue.hpp"

namespace cocheck {
namespace {

using namespace test;

/// A read that no compiler leaves out.
int read(const int& cell) {
  return *static_cast<const volatile int*>(&cell);
}

Task<> write(int& x, int value) {
  x = value;
  co_return;
}

Task<> writers(int n) {
  int x = 0;
  std::vector<Task<>> tasks;
  for (int i = 0; i < n; ++i) tasks.push_back(write(x, i));
  co_await gather(std::move(tasks));
}

TEST(ClassesOf, WritersAreTheirOrders) {
  expect_counts([] { return writers(3); }, 6, 6);
  expect_counts([] { return writers(5); }, 120, 120);
}

TEST(ClassesOf, ReadersThenWriters) {
  expect_counts([] { return unchecked_counter(2); }, 6, 4);
  expect_counts([] { return unchecked_counter(3); }, 90, 36);
  expect_counts([] { return unchecked_counter(4); }, 2'520, 576);
}

Task<> read_own_and(const int& own, const int& x) {
  read(own);
  co_await sleep(0s);
  read(x);
}

Task<> readers(int n) {
  int x = 0;
  const std::vector<int> own(static_cast<std::size_t>(n));
  std::vector<Task<>> tasks;
  tasks.push_back(write(x, 1));
  for (const int& cell : own) tasks.push_back(read_own_and(cell, x));
  co_await gather(std::move(tasks));
}

TEST(ClassesOf, ReadersOfOneWriter) {
  expect_counts([] { return readers(2); }, 30, 4);
  expect_counts([] { return readers(6); }, 97'297'200, 64);
  expect_counts([] { return readers(10); }, 0, 1'024);
}

/// Abdulla, Aronis, Jonsson, Sagonas: Optimal dynamic partial order reduction (POPL 2014).
Task<> find_last_zero(const std::vector<int>& cells) {
  std::size_t i = cells.size() - 1;
  while (read(cells[i]) != 0) {
    --i;
    co_await sleep(0s);
  }
}

Task<> follow(std::vector<int>& cells, std::size_t i) {
  const int before = read(cells[i - 1]);
  co_await sleep(0s);
  cells[i] = before + 1;
}

Task<> last_zero(std::size_t n) {
  std::vector<int> cells(n + 1);
  std::vector<Task<>> tasks;
  tasks.push_back(find_last_zero(cells));
  for (std::size_t i = 1; i <= n; ++i) tasks.push_back(follow(cells, i));
  co_await gather(std::move(tasks));
}

TEST(ClassesOf, LastZero) {
  expect_counts([] { return last_zero(2); }, 35, 5);
  expect_counts([] { return last_zero(3); }, 920, 12);
  expect_counts([] { return last_zero(4); }, 44'300, 28);
  expect_counts([] { return last_zero(5); }, 3'487'880, 64);
  expect_counts([] { return last_zero(10); }, 0, 3'328);
  const Seen largest = search([] { return last_zero(15); }, Options(), {});
  EXPECT_EQ(largest.end, DporExplorer::End::exhausted);
  EXPECT_EQ(largest.classes, 147'456u);
  EXPECT_EQ(largest.executions, 147'456u);
  EXPECT_EQ(largest.blocked, 0u);
}

Task<> compare_and_set(int& x, int from, int to) {
  if (x == from) x = to;
  co_return;
}

Task<> compare_and_sets(int n, bool rotate) {
  int x = 0;
  std::vector<Task<>> tasks;
  for (int i = 1; i <= n; ++i) tasks.push_back(compare_and_set(x, rotate ? i - 1 : 0, i));
  co_await gather(std::move(tasks));
}

TEST(ClassesOf, CompareAndSetOfTheSameValueIsWhoWins) {
  expect_counts([] { return compare_and_sets(3, false); }, 6, 3);
  expect_counts([] { return compare_and_sets(5, false); }, 120, 5);
}

TEST(ClassesOf, CompareAndSetOfOneAfterTheOther) {
  const std::vector<std::uint64_t> classes{5, 14, 43, 144, 523, 2'048, 8'597};
  std::uint64_t interleavings = 2;
  for (int n = 3; n <= 9; ++n) {
    interleavings *= static_cast<std::uint64_t>(n);
    expect_counts([n] { return compare_and_sets(n, true); }, interleavings,
                  classes[static_cast<std::size_t>(n) - 3]);
  }
}

Task<> add(int& mine, const int& other, int times) {
  for (int i = 0; i < times; ++i) {
    if (i > 0) co_await sleep(0s);
    const int before = read(mine);
    co_await sleep(0s);
    const int more = read(other);
    co_await sleep(0s);
    mine = before + more;
  }
}

Task<> fibonacci(int times) {
  int i = 1;
  int j = 1;
  std::vector<Task<>> tasks;
  tasks.push_back(add(i, j, times));
  tasks.push_back(add(j, i, times));
  co_await gather(std::move(tasks));
}

TEST(ClassesOf, Fibonacci) {
  expect_counts([] { return fibonacci(1); }, 20, 3);
  expect_counts([] { return fibonacci(2); }, 924, 19);
  expect_counts([] { return fibonacci(3); }, 48'620, 141);
}

/// Flanagan, Godefroid: Dynamic partial-order reduction for model checking software (POPL 2005).
Task<> insert_messages(std::vector<int>& table, int thread) {
  constexpr int kMessages = 4;
  const int size = static_cast<int>(table.size());
  for (int m = 1; m <= kMessages; ++m) {
    if (m > 1) co_await sleep(0s);
    const int message = m * 11 + thread;
    int hash = message * 7 % size;
    while (true) {
      int& entry = table[static_cast<std::size_t>(hash)];
      if (entry == 0) {
        entry = message;
        break;
      }
      hash = (hash + 1) % size;
      co_await sleep(0s);
    }
  }
}

Task<> indexer(int threads) {
  std::vector<int> table(128);
  std::vector<Task<>> tasks;
  for (int i = 0; i < threads; ++i) tasks.push_back(insert_messages(table, i));
  co_await gather(std::move(tasks));
}

TEST(ClassesOf, Indexer) {
  expect_counts([] { return indexer(11); }, 0, 1);
  expect_counts([] { return indexer(12); }, 0, 8);
  expect_counts([] { return indexer(15); }, 0, 4'096);
}

struct FileSystem {
  static constexpr std::size_t kBlocks = 26;
  static constexpr std::size_t kInodes = 32;
  std::vector<int> inodes = std::vector<int>(kInodes);
  std::vector<int> busy = std::vector<int>(kBlocks);
};

/// What the paper does under one lock is one step.
Task<> create_file(FileSystem& system, std::size_t thread) {
  const std::size_t inode = thread % FileSystem::kInodes;
  if (read(system.inodes[inode]) != 0) co_return;
  for (std::size_t block = inode * 2 % FileSystem::kBlocks;;
       block = (block + 1) % FileSystem::kBlocks) {
    co_await sleep(0s);
    if (system.busy[block] == 0) {
      system.busy[block] = 1;
      system.inodes[inode] = static_cast<int>(block) + 1;
      co_return;
    }
  }
}

Task<> file_system(std::size_t threads) {
  FileSystem system;
  std::vector<Task<>> tasks;
  for (std::size_t i = 0; i < threads; ++i) tasks.push_back(create_file(system, i));
  co_await gather(std::move(tasks));
}

TEST(ClassesOf, FileSystem) {
  expect_counts([] { return file_system(13); }, 0, 1);
  expect_counts([] { return file_system(14); }, 0, 2);
  expect_counts([] { return file_system(16); }, 0, 8);
  expect_counts([] { return file_system(19); }, 0, 64);
}

Task<> write_own(int& own, int times) {
  for (int i = 0; i < times; ++i) {
    if (i > 0) co_await sleep(0s);
    ++own;
  }
}

Task<> independent(int n, int times) {
  std::vector<int> own(static_cast<std::size_t>(n));
  std::vector<Task<>> tasks;
  for (int& cell : own) tasks.push_back(write_own(cell, times));
  co_await gather(std::move(tasks));
}

TEST(ClassesOf, IndependentTasksAreOne) {
  expect_counts([] { return independent(3, 3); }, 1'680, 1);
  expect_counts([] { return independent(4, 3); }, 369'600, 1);
}

Task<> dine(Lock& left, Lock& right) {
  co_await left.acquire();
  co_await sleep(0s);
  co_await right.acquire();
  co_await sleep(0s);
  right.release();
  co_await sleep(0s);
  left.release();
}

Task<> philosophers(std::size_t n) {
  std::vector<Lock> forks(n);
  std::vector<Task<>> tasks;
  for (std::size_t i = 0; i < n; ++i) tasks.push_back(dine(forks[i], forks[(i + 1) % n]));
  co_await gather(std::move(tasks));
}

/// Where who finds a lock taken has not made a step, there are 2^n - 1: in each, who is first at
/// each fork. Here to stand in line is a step, and so it matters as well whether the second comes
/// before the first goes.
TEST(ClassesOf, PhilosophersWhoStandInLine) {
  const std::vector<std::uint64_t> interleavings{16, 2'262, 0, 0};
  for (std::size_t n = 2; n <= 5; ++n) {
    const std::uint64_t orders = (std::uint64_t{1} << n) - 1;
    const Seen seen =
        expect_counts([n] { return philosophers(n); }, interleavings[n - 2], orders * orders);
    EXPECT_EQ(seen.failing, 1u) << "one deadlock";
  }
}

Task<> produce(Queue<int>& queue, int items) {
  for (int i = 0; i < items; ++i) {
    if (i > 0) co_await sleep(0s);
    queue.put_nowait(i);
  }
}

Task<> consume(Queue<int>& queue, int items) {
  for (int i = 0; i < items; ++i) co_await queue.get();
}

Task<> producers(int n, int items, bool consumer) {
  Queue<int> queue;
  std::vector<Task<>> tasks;
  for (int i = 0; i < n; ++i) tasks.push_back(produce(queue, items));
  if (consumer) tasks.push_back(consume(queue, n * items));
  co_await gather(std::move(tasks));
  if (!consumer) co_await consume(queue, n * items);
}

TEST(ClassesOf, ProducersAreTheOrdersOfWhatTheyPut) {
  expect_counts([] { return producers(2, 2, false); }, 6, 6);
  expect_counts([] { return producers(3, 2, false); }, 90, 90);
}

/// The published numbers are those without a consumer. With one it matters at which puts it waits
/// already: no two steps are independent.
TEST(ClassesOf, ProducersAndTheirConsumerAreAllOrders) {
  expect_counts([] { return producers(2, 2, true); }, 96, 96);
  expect_counts([] { return producers(3, 2, true); }, 5'760, 5'760);
}

}  // namespace
}  // namespace cocheck
