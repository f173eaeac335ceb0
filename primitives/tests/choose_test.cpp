#include "cocheck/choose.hpp"

#include <set>
#include <utility>

#include "cocheck/check.hpp"
#include "cocheck/gather.hpp"
#include "cocheck/sleep.hpp"
#include "cocheck/task.hpp"
#include "cocheck/task_handle.hpp"
#include "run.hpp"

namespace cocheck {
namespace {

using namespace test;

TEST(Choose, GivesZeroInFifoOrder) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    EXPECT_EQ(choose(5), 0u);
    co_return;
  })));
}

TEST(Choose, OfOneIsZero) {
  const Verdict verdict = run_every_order([]() -> Task<> {
    COCHECK(choose(1) == 0);
    co_return;
  });
  EXPECT_TRUE(proved(verdict));
  EXPECT_EQ(verdict.executions, 1u);
}

TEST(Choose, RefusesZeroAlternatives) {
  EXPECT_TRUE(passed(run([]() -> Task<> {
    EXPECT_THROW((void)choose(0), ValueError);
    co_return;
  })));
}

TEST(Choose, OutsideOfALoopThrows) {
  EXPECT_THROW((void)choose(2), RuntimeError);
}

TEST(Choose, EveryCombinationIsExplored) {
  std::multiset<std::pair<std::size_t, std::size_t>> drawn;
  const Verdict verdict = run_every_order([&]() -> Task<> {
    const std::size_t first = choose(3);
    const std::size_t second = choose(2);
    drawn.insert({first, second});
    co_return;
  });
  EXPECT_TRUE(proved(verdict));
  EXPECT_EQ(verdict.executions, 6u);
  EXPECT_EQ(drawn, (std::multiset<std::pair<std::size_t, std::size_t>>{
                       {0, 0}, {0, 1}, {1, 0}, {1, 1}, {2, 0}, {2, 1}}));
}

TEST(Choose, DoesNotSuspend) {
  EXPECT_TRUE(proved(run_every_order([]() -> Task<> {
    bool inside = false;
    auto child = [&]() -> Task<> {
      COCHECK(!std::exchange(inside, true));
      (void)choose(2);
      inside = false;
      co_return;
    };
    co_await gather(child(), child());
  })));
}

TEST(Choose, FailingValueIsFoundAndRecorded) {
  const Verdict verdict = run_every_order([]() -> Task<> {
    auto child = []() -> Task<> {
      COCHECK(choose(4) != 2);
      co_return;
    };
    co_await create_task(child());
  });
  ASSERT_TRUE(failed_with(FailureKind::check, verdict));
  const Choice& choice = verdict.recording->schedule.choices.back();
  EXPECT_EQ(choice.kind, Choice::Kind::value);
  EXPECT_EQ(choice.task, "0.0");
  EXPECT_EQ(choice.value, 2u);
  EXPECT_EQ(choice.alternatives, 4u);
  EXPECT_EQ(choice.label, "choose");
}

}  // namespace
}  // namespace cocheck
