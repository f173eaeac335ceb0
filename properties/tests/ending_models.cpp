// A program whose models would end it, hang it or make it fall silent: endings_test.cpp runs it and
// looks at what is left. Each suite is one way; Last.Passes shows that the program went on.

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cassert>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "cocheck/gtest.hpp"

#undef NDEBUG
#include <cassert>

namespace {

using namespace std::chrono_literals;
using cocheck::Task;

Task<> turn(std::vector<int>& order, int me) {
  co_await cocheck::sleep(0s);
  order.push_back(me);
}

/// In some orders only: the third of three is the first.
Task<bool> is_rare() {
  std::vector<int> order;
  co_await cocheck::gather(turn(order, 0), turn(order, 1), turn(order, 2));
  co_return order[0] == 2 && order[1] == 1;
}

int* volatile nowhere = nullptr;
const std::array<int, 4> constants{1, 2, 3, 4};
volatile int zero = 0;

void write_null() {
  *nowhere = 1;
}

COCHECK_TEST(NullPointer, Written) {
  const bool rare = co_await is_rare();
  if (rare) write_null();
}

COCHECK_TEST(NullPointer, ReadWithoutSteps) {
  COCHECK(*nowhere == 0);
  co_return;
}

COCHECK_TEST(ReadOnly, Written) {
  const bool rare = co_await is_rare();
  if (rare) *const_cast<volatile int*>(&constants[1]) = 7;
}

COCHECK_TEST(Division, ByZero) {
  const bool rare = co_await is_rare();
  if (rare) COCHECK(7 / zero == 0);
}

COCHECK_TEST(Abort, Called) {
  const bool rare = co_await is_rare();
  if (rare) std::abort();
}

COCHECK_TEST(Assert, Fails) {
  const bool rare = co_await is_rare();
  assert(!rare);
}

void throw_it() {
  if (zero == 0) throw std::runtime_error("nobody may catch this");
}

void throw_behind_noexcept() noexcept {
  throw_it();
}

COCHECK_TEST(Terminate, ByNoexcept) {
  const bool rare = co_await is_rare();
  if (rare) throw_behind_noexcept();
}

COCHECK_TEST(Exit, Called) {
  const bool rare = co_await is_rare();
  if (rare) std::exit(0);
}

COCHECK_TEST(Exit, AtOnce) {
  const bool rare = co_await is_rare();
  if (rare) ::_exit(0);
}

COCHECK_TEST(Exit, Quick) {
  const bool rare = co_await is_rare();
  if (rare) std::quick_exit(0);
}

[[gnu::noinline]] int call_for_ever(volatile int* depth) {
  volatile int mine = *depth + 1;
  return mine == zero ? 0 : call_for_ever(&mine) + mine;
}

COCHECK_TEST(Stack, Overflows) {
  const bool rare = co_await is_rare();
  if (rare) COCHECK(call_for_ever(&zero) != 0);
}

COCHECK_TEST(Spins, InALoop, .step_time = 300ms) {
  const bool rare = co_await is_rare();
  while (rare) {
    zero = 0;
  }
}

COCHECK_TEST(Spins, AroundAnAwaitThatIsReady, .step_time = 300ms) {
  cocheck::Event event;
  event.set();
  while (true) co_await event.wait();
}

Task<> recursion(int depth) {
  co_await recursion(depth + 1);
}

COCHECK_TEST(Recursion, OfAwaits, .memory_limit = std::size_t{1} << 22) {
  co_await recursion(0);
}

COCHECK_TEST(Memory, Limit, .memory_limit = std::size_t{1} << 22) {
  std::vector<std::unique_ptr<std::string>> kept;
  while (true) {
    co_await cocheck::sleep(0s);
    kept.push_back(std::make_unique<std::string>(100'000, 'x'));
  }
}

COCHECK_TEST(Sleep, Real) {
  co_await cocheck::sleep(1s);
  std::this_thread::sleep_for(1h);
}

COCHECK_TEST(Thread, Started) {
  co_await cocheck::sleep(0s);
  std::thread([] {}).join();
}

COCHECK_TEST(Blocks, InRead, .step_time = 300ms) {
  std::array<int, 2> ends{};
  COCHECK(::pipe2(ends.data(), O_CLOEXEC) == 0);
  co_await cocheck::sleep(0s);
  char byte = 0;
  COCHECK(::read(ends[0], &byte, 1) == 1);
}

COCHECK_TEST(Blocks, InPoll, .step_time = 300ms) {
  co_await cocheck::sleep(0s);
  while (::poll(nullptr, 0, -1) != 0) {
  }
}

[[gnu::noinline]] void free_again(const int* number) {
  delete number;  // for the second time
}

COCHECK_TEST(Memory, FreedTwice) {
  int* const number = new int(7);
  const bool rare = co_await is_rare();
  delete number;
  if (rare) free_again(number);
}

/// Asks who it belongs to, and checks, when it is destroyed.
class Guard {
 public:
  Guard() = default;
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;
  ~Guard() {
    COCHECK(cocheck::current_task().name() == name_);
    COCHECK(name_.empty());
  }

 private:
  std::string name_ = cocheck::current_task().name();
};

Task<> wait_guarded(cocheck::Event& event) {
  const Guard guard;
  co_await event.wait();
}

COCHECK_TEST(Deadlock, WithGuardsThatAsk) {
  cocheck::Event never;
  co_await cocheck::gather(wait_guarded(never), wait_guarded(never));
}

/// Writes to what it was given when it is destroyed.
class Writes {
 public:
  explicit Writes(std::vector<int>& to) : to_(to) {}
  Writes(const Writes&) = delete;
  Writes& operator=(const Writes&) = delete;
  ~Writes() { to_.push_back(1); }

 private:
  std::vector<int>& to_;
};

Task<> write_at_end(std::vector<int>& to, cocheck::Event& event) {
  const Writes writes(to);
  co_await event.wait();
}

COCHECK_TEST(Check, FailsWhereOthersUseItsLocals) {
  cocheck::Event never;
  std::vector<int> written(100);
  const auto one = cocheck::create_task(write_at_end(written, never));
  const auto two = cocheck::create_task(write_at_end(written, never));
  co_await cocheck::sleep(0s);
  COCHECK(written.empty());
}

COCHECK_TEST(Throw, WhereOthersUseItsLocals) {
  cocheck::Event never;
  std::vector<int> written(100);
  const auto one = cocheck::create_task(write_at_end(written, never));
  co_await cocheck::sleep(0s);
  throw std::runtime_error("out of here");
}

COCHECK_TEST(Interrupted, WhileItSearches, .strategy = cocheck::Strategy::random,
             .max_executions = 1'000'000'000) {
  (void)co_await is_rare();
}

COCHECK_TEST(Interrupted, InWorkers, .strategy = cocheck::Strategy::random,
             .max_executions = 1'000'000'000, .jobs = 2) {
  (void)co_await is_rare();
}

COCHECK_TEST(Last, Passes) {
  co_await cocheck::sleep(0s);
}

// The compiler says that it returns nothing, and is right.
#pragma GCC diagnostic ignored "-Wreturn-type"

TEST(NoCoroutine, IsNamed) {
  const auto model = []() -> Task<> {
    if (zero == 0) zero = 0;
  };
  EXPECT_TRUE(cocheck::passes(cocheck::explore(model)));
}

}  // namespace
