// Callbacks and timers of one task: what waits for the loop is part of the state, though nothing
// points to it but the loop.

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <utility>
#include <vector>

#include "cocheck/check.hpp"
#include "cocheck/choose.hpp"
#include "cocheck/detail/task_base.hpp"
#include "cocheck/future.hpp"
#include "cocheck/loop.hpp"
#include "ends.hpp"

namespace cocheck {
namespace {

using namespace std::chrono_literals;
using test::Ends;
using test::expect_equal_ends;

/// A function that the loop calls some time, as an executor of others would post it: it owns itself
/// until it has run or will not run.
template <class Function>
class Posted final : public Runnable, public detail::LoopAllocated {
 public:
  explicit Posted(Function function)
      : Runnable(Kind::callback, Loop::current().acting()), function_(std::move(function)) {}

  void run() override {
    Function function(std::move(function_));
    delete this;
    function();
  }
  void abandoned() noexcept override { delete this; }

 private:
  Function function_;
};

template <class Function>
void post(Function function) {
  if (Loop::current().closing()) return;
  Loop::current().post(*new Posted<Function>(std::move(function)));
}

/// The same after some time.
template <class Function>
class Delayed final : public Timer, public detail::LoopAllocated {
 public:
  Delayed(Duration delay, Function function) : function_(std::move(function)) {
    arm(Loop::current().time() + delay);
  }

  void run() override {
    Function function(std::move(function_));
    delete this;
    function();
  }

 private:
  Function function_;
};

/// What several chains of callbacks do: the digits of an end are who wrote last and what.
struct Chains {
  int running = 0;
  int value = 0;
  Future<> done;

  void end() {
    if (--running == 0) done.set_result();
  }
};

/// A chain with a state of its own, handed on from callback to callback. In each but the first it
/// writes what it saw in the one before, plus `payload`.
struct Chain {
  Chains& chains;
  int payload;
  int left;
  int seen = 0;
};

void go_on(std::unique_ptr<Chain> chain) {
  chain->seen = chain->chains.value;
  if (--chain->left == 0) {
    chain->chains.end();
    return;
  }
  post([chain = std::move(chain)]() mutable {
    chain->chains.value = chain->seen + chain->payload;
    go_on(std::move(chain));
  });
}

Task<> chains(std::vector<int> payloads, int length, int forbidden) {
  Chains chains;
  chains.running = static_cast<int>(payloads.size());
  for (const int payload : payloads) {
    post([chain = std::make_unique<Chain>(Chain{chains, payload, length})]() mutable {
      go_on(std::move(chain));
    });
  }
  co_await chains.done;
  COCHECK(chains.value != forbidden);
}

TEST(CallbacksOfOneTask, WithEqualPayloads) {
  // n chains of m callbacks have (nm)! / m!^n orders.
  EXPECT_EQ(expect_equal_ends([](int end) { return chains({1, 1}, 2, end); }, 4).schedules, 6);
  EXPECT_EQ(expect_equal_ends([](int end) { return chains({1, 1}, 3, end); }, 5).schedules, 20);
  EXPECT_EQ(expect_equal_ends([](int end) { return chains({1, 1, 1}, 2, end); }, 5).schedules, 90);
  const Ends ends = expect_equal_ends([](int end) { return chains({1, 1, 1}, 3, end); }, 8);
  EXPECT_EQ(ends.schedules, 1'680);
  EXPECT_EQ(ends.reached, (std::set<int>{2, 3, 4, 5, 6}));
}

TEST(CallbacksOfOneTask, WithDifferentPayloads) {
  EXPECT_EQ(expect_equal_ends([](int end) { return chains({1, 10}, 2, end); }, 12).schedules, 6);
  const Ends ends = expect_equal_ends([](int end) { return chains({1, 10}, 3, end); }, 24);
  EXPECT_EQ(ends.schedules, 20);
  EXPECT_EQ(ends.reached, (std::set<int>{2, 12, 20, 21, 22}));
  EXPECT_EQ(expect_equal_ends([](int end) { return chains({1, 2, 4}, 2, end); }, 8).schedules, 90);
}

TEST(CallbacksOfOneTask, OfDifferentLengths) {
  const auto model = [](int forbidden) -> Task<> {
    Chains chains;
    chains.running = 2;
    for (const int length : {1, 4}) {
      post([chain = std::make_unique<Chain>(Chain{chains, length, length})]() mutable {
        go_on(std::move(chain));
      });
    }
    co_await chains.done;
    COCHECK(chains.value != forbidden);
  };
  EXPECT_EQ(expect_equal_ends(model, 13).schedules, 5);
}

/// Two that know a common block, which nobody else knows; each posts the other one, `left` times
/// in all.
struct PingPong {
  Chains& chains;
  int left;
};

void hit(const std::shared_ptr<PingPong>& game, int player) {
  game->chains.value = (2 * game->chains.value + player) % 8;
  if (game->left-- <= 0) {
    game->chains.end();
    return;
  }
  post([game, player] { hit(game, 1 - player); });
}

Task<> ping_pong(int left, int forbidden) {
  Chains chains;
  chains.running = 2;
  auto game = std::make_shared<PingPong>(PingPong{chains, left});
  for (const int player : {0, 1}) post([game, player] { hit(game, player); });
  game.reset();
  co_await chains.done;
  COCHECK(chains.value != forbidden);
}

TEST(CallbacksOfOneTask, ThatPostEachOther) {
  for (const int left : {1, 2, 4}) {
    const Ends ends = expect_equal_ends([=](int end) { return ping_pong(left, end); }, 8);
    EXPECT_EQ(ends.schedules, 2 << left) << left;
    EXPECT_FALSE(ends.reached.empty());
  }
}

TEST(CallbacksOfOneTask, ThatShareWhatNobodyElseKnows) {
  const auto model = [](int forbidden) -> Task<> {
    Chains chains;
    chains.running = 3;
    auto shared = std::make_shared<int>(0);
    for (int i = 1; i <= 3; ++i) {
      post([shared, i, &chains] {
        *shared += i;
        post([shared, i, &chains] {
          chains.value += i * *shared;
          chains.end();
        });
      });
    }
    shared.reset();
    co_await chains.done;
    COCHECK(chains.value != forbidden);
  };
  const Ends ends = expect_equal_ends(model, 40);
  EXPECT_EQ(ends.schedules, 90);
  EXPECT_TRUE(ends.reached.contains(36));
}

TEST(TimersOfOneTask, WithEqualDeadlines) {
  const auto model = [](std::vector<int> payloads, int forbidden) -> Task<> {
    Chains chains;
    chains.running = static_cast<int>(payloads.size());
    for (const int payload : payloads) {
      auto step = [chain = std::make_unique<Chain>(Chain{chains, payload, 2})]() mutable {
        go_on(std::move(chain));
      };
      new Delayed<decltype(step)>(5ms, std::move(step));
    }
    co_await chains.done;
    COCHECK(chains.value != forbidden);
  };
  EXPECT_EQ(expect_equal_ends([=](int end) { return model({1, 1}, end); }, 3).schedules, 6);
  EXPECT_EQ(expect_equal_ends([=](int end) { return model({1, 2}, end); }, 4).schedules, 6);
  EXPECT_EQ(expect_equal_ends([=](int end) { return model({1, 1, 1}, end); }, 4).schedules, 90);
}

/// What is posted lies in a frame and looks the same whether it is ready or not.
class Setter final : public Runnable {
 public:
  Setter(int value, int& target, Future<>& done)
      : Runnable(Kind::callback, Loop::current().acting()),
        value_(value),
        target_(target),
        done_(done) {}

  void run() override {
    target_ = value_;
    done_.set_result();
  }

 private:
  int value_;
  int& target_;
  Future<>& done_;
};

TEST(CallbacksOfOneTask, OfWhichOneIsReadyAndNobodyElseTellsWhich) {
  const auto model = [](int forbidden) -> Task<> {
    Future<> done;
    int value = -1;
    std::array<Setter, 3> setters{Setter(0, value, done), Setter(1, value, done),
                                  Setter(2, value, done)};
    Loop::current().post(setters[choose(3)]);
    co_await done;
    COCHECK(value != forbidden);
  };
  const Ends ends = expect_equal_ends(model, 3);
  EXPECT_EQ(ends.schedules, 3);
  EXPECT_EQ(ends.reached, (std::set<int>{0, 1, 2}));
}

TEST(CallbacksOfOneTask, OnOneFutureOrOnSeveral) {
  const auto model = [](int forbidden) -> Task<> {
    std::array<Future<>, 3> futures;
    Future<> done;
    int value = 0;
    int left = 3;
    for (int i = 0; i < 3; ++i) {
      futures[static_cast<std::size_t>(i)].add_done_callback([&, i](const Future<>&) {
        value = (3 * value + i) % 9;
        if (--left == 0) done.set_result();
      });
    }
    for (Future<>& future : futures) future.set_result();
    co_await done;
    COCHECK(value != forbidden);
  };
  const Ends ends = expect_equal_ends(model, 9);
  EXPECT_EQ(ends.schedules, 6);
}

}  // namespace
}  // namespace cocheck
