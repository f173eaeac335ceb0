#include "cocheck/loop.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

#include "cocheck/check.hpp"
#include "cocheck/sleep.hpp"
#include "cocheck/task.hpp"
#include "cocheck/task_handle.hpp"
#include "run.hpp"

namespace cocheck {
namespace {

using namespace test;

TEST(Loop, ThereIsNoneOutsideOfAnExecution) {
  EXPECT_EQ(Loop::current_or_null(), nullptr);
  EXPECT_THROW((void)Loop::current(), RuntimeError);
  EXPECT_THROW((void)LoopClock::now(), RuntimeError);
}

TEST(Loop, IsCurrentDuringAnExecutionOnly) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    EXPECT_NE(Loop::current_or_null(), nullptr);
    EXPECT_NE(Loop::current().running(), nullptr);
    co_return;
  })));
  EXPECT_EQ(Loop::current_or_null(), nullptr);
}

TEST(Loop, ScopesNest) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Loop& outer = Loop::current();
    const Verdict inner = run([&]() -> Task<> {
      EXPECT_NE(&Loop::current(), &outer);
      co_return;
    });
    EXPECT_TRUE(passed(inner));
    EXPECT_EQ(&Loop::current(), &outer);
    co_return;
  })));
}

TEST(Loop, ClockStartsAtZeroInEveryExecution) {
  EXPECT_TRUE(proved(run_every_order([]() -> Task<> {
    COCHECK(LoopClock::now() == TimePoint{});
    auto child = []() -> Task<> { co_await sleep(1ms); };
    const TaskHandle<> a = create_task(child());
    const TaskHandle<> b = create_task(child());
    co_await a;
    co_await b;
    COCHECK(LoopClock::now() == TimePoint{} + 1ms);
  })));
}

TEST(Loop, MemoryIsAlignedForAnyScalar) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Loop& loop = Loop::current();
    for (const std::size_t bytes :
         {std::size_t{1}, std::size_t{24}, std::size_t{100}, std::size_t{5000}}) {
      void* memory = loop.allocate(bytes);
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(memory) % alignof(std::max_align_t), 0u) << bytes;
      loop.deallocate(memory, bytes);
    }
    co_return;
  })));
}

TEST(Timer, BelongsToATask) {
  class Bell final : public Timer {
   public:
    void run() override { ++rings; }
    using Timer::arm;
    using Timer::arm_soon;
    using Timer::disarm;
    int rings = 0;
  };
  EXPECT_THROW(Bell(), RuntimeError) << "there is no loop";
  EXPECT_TRUE(passed(run([]() -> Task<> {
    Bell bell;
    Bell disarmed;
    Bell soon;
    bell.arm(LoopClock::now() + 1ms);
    disarmed.arm(LoopClock::now() + 1ms);
    soon.arm_soon();
    EXPECT_TRUE(bell.armed());
    EXPECT_EQ(soon.rings, 0) << "it is queued, not run";
    co_await sleep(0s);
    EXPECT_EQ(soon.rings, 1);
    EXPECT_FALSE(soon.armed());
    disarmed.disarm();
    EXPECT_FALSE(disarmed.armed());
    co_await sleep(2ms);
    EXPECT_EQ(bell.rings, 1);
    EXPECT_FALSE(bell.armed());
    EXPECT_EQ(disarmed.rings, 0);
    std::optional<Bell> gone;
    gone.emplace();
    gone->arm(LoopClock::now() + 1ms);
    gone.reset();
    co_await sleep(2ms);
  })));
}

TEST(Timer, OneArmedSoonCanBeDisarmedBeforeItRuns) {
  class Bell final : public Timer {
   public:
    explicit Bell(int& rings) : rings_(rings) { arm_soon(); }
    void run() override { ++rings_; }

   private:
    int& rings_;
  };
  EXPECT_TRUE(proved(run_every_order([]() -> Task<> {
    int rings = 0;
    { const Bell bell(rings); }
    co_await sleep(0s);
    COCHECK(rings == 0);
  })));
}

}  // namespace
}  // namespace cocheck
