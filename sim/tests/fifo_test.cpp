#include "cocheck/explorers/fifo.hpp"

#include <string>

#include "cocheck/choose.hpp"
#include "cocheck/event.hpp"
#include "cocheck/task_handle.hpp"
#include "models.hpp"

namespace cocheck {
namespace {

using namespace test;

TEST(FifoExplorer, MakesOneExecutionInFifoOrder) {
  FifoExplorer explorer;
  EXPECT_EQ(explorer.order(), Order::fifo);
  EXPECT_FALSE(explorer.picks_forced());
  EXPECT_TRUE(explorer.next());
  EXPECT_FALSE(explorer.next());
  EXPECT_FALSE(explorer.exhausted()) << "one schedule is no proof";
}

/// The order in which `model` appends to its string, in asyncio's order.
template <class Body>
std::string fifo_order(Body body) {
  std::string order;
  const Verdict verdict = explore([&]() -> Task<> { co_await body(order); }, with(Strategy::fifo));
  EXPECT_TRUE(is(Verdict::Kind::sampled, verdict));
  return order;
}

TEST(FifoExplorer, ReadyTasksTakeTurns) {
  EXPECT_EQ(fifo_order([](std::string& order) -> Task<> {
              auto child = [&](char name) -> Task<> {
                for (int i = 0; i < 3; ++i) {
                  order += name;
                  co_await sleep(0s);
                }
              };
              co_await gather(child('a'), child('b'));
            }),
            "ababab");
}

TEST(FifoExplorer, WokenTasksQueueBehindTheReadyOnes) {
  EXPECT_EQ(fifo_order([](std::string& order) -> Task<> {
              Event event;
              auto waiter = [&]() -> Task<> {
                co_await event.wait();
                order += 'w';
              };
              auto setter = [&]() -> Task<> {
                event.set();
                order += 's';
                co_return;
              };
              auto other = [&]() -> Task<> {
                order += 'o';
                co_return;
              };
              co_await gather(waiter(), setter(), other());
            }),
            "sow");
}

TEST(FifoExplorer, DueTimersJoinAtTheStartOfAnIterationBehindWhatIsReady) {
  // The timer is due when the spinner has burned its time. It joins behind what is ready then, and
  // wakes its task behind what is ready after that.
  EXPECT_EQ(fifo_order([](std::string& order) -> Task<> {
              auto sleeper = [&]() -> Task<> {
                co_await sleep(1ms);
                order += 'S';
              };
              auto spinner = [&](char name, bool burns) -> Task<> {
                if (burns) static_cast<World&>(Loop::current()).advance(2ms);
                for (int i = 0; i < 4; ++i) {
                  order += name;
                  co_await sleep(0s);
                }
              };
              co_await gather(sleeper(), spinner('a', true), spinner('b', false));
            }),
            "abababSab");
}

TEST(FifoExplorer, TimeJumpsOnlyWhenNothingIsReady) {
  EXPECT_EQ(fifo_order([](std::string& order) -> Task<> {
              auto sleeper = [&](Duration delay, char name) -> Task<> {
                co_await sleep(delay);
                order += name;
              };
              auto spinner = [&]() -> Task<> {
                for (int i = 0; i < 5; ++i) co_await sleep(0s);
                order += 's';
              };
              co_await gather(sleeper(2ms, '2'), sleeper(1ms, '1'), spinner());
            }),
            "s12");
}

TEST(FifoExplorer, ChooseGivesZero) {
  EXPECT_EQ(fifo_order([](std::string& order) -> Task<> {
              for (int i = 0; i < 3; ++i) order += std::to_string(choose(4));
              co_return;
            }),
            "000");
}

TEST(FifoExplorer, InjectsNoCancellation) {
  Options options = with(Strategy::fifo);
  options.cancellations = 3;
  const Verdict verdict = explore(
      []() -> Task<> {
        auto child = []() -> Task<> { co_await sleep(0s); };
        const TaskHandle<> handle = create_task(child());
        co_await handle;
        COCHECK(handle.cancelling() == 0);
      },
      options);
  EXPECT_TRUE(is(Verdict::Kind::sampled, verdict));
}

}  // namespace
}  // namespace cocheck
