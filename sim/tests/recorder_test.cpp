#include "cocheck/detail/recorder.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "cocheck/choose.hpp"
#include "cocheck/event.hpp"
#include "cocheck/explorers/fifo.hpp"
#include "cocheck/explorers/guided.hpp"
#include "cocheck/future.hpp"
#include "cocheck/lock.hpp"
#include "cocheck/queue.hpp"
#include "cocheck/task_handle.hpp"
#include "cocheck/timeout.hpp"
#include "cocheck/wait.hpp"
#include "models.hpp"

namespace cocheck {
namespace {

using namespace test;
using Kind = TraceEvent::Kind;

/// What is recorded of one execution, in asyncio's order unless there is a tape.
struct Recorded {
  std::vector<Choice> choices;
  Trace trace;
};

Recorded record(const Model& model, const Options& options = {}) {
  World world(options);
  FifoExplorer explorer;
  EXPECT_TRUE(explorer.next());
  detail::Recorder recorder;
  world.run(model, explorer, &recorder);
  return {recorder.choices(), recorder.trace()};
}

Recorded record(const Model& model, const std::vector<std::uint32_t>& tape,
                const Options& options = {}) {
  World world(options);
  TapeExplorer explorer(tape, Order::any);
  EXPECT_TRUE(explorer.next());
  detail::Recorder recorder;
  world.run(model, explorer, &recorder);
  return {recorder.choices(), recorder.trace()};
}

/// The events of that kind, as "task verb object detail peer", blanks between what there is.
std::vector<std::string> in_words(const Trace& trace, Kind kind) {
  std::vector<std::string> texts;
  for (const TraceEvent& event : trace.events) {
    if (event.kind != kind) continue;
    std::string text;
    for (const std::string& part :
         {event.task, event.verb, event.object, event.detail, event.peer}) {
      if (!part.empty()) text += (text.empty() ? "" : " ") + part;
    }
    texts.push_back(text);
  }
  return texts;
}

using Texts = std::vector<std::string>;

TEST(Recorder, NamesTasksInTheOrderOfSpawning) {
  unsigned child_line = 0;
  const Recorded recorded = record([&]() -> Task<> {
    child_line = __LINE__ + 1;
    auto child = []() -> Task<> { co_return; };
    const TaskHandle<> first = create_task(child(), "first");
    const TaskHandle<> second = create_task(child());
    co_await first;
    co_await second;
  });
  ASSERT_EQ(recorded.trace.tasks.size(), 3u);
  EXPECT_EQ(recorded.trace.tasks[0].id, "0");
  EXPECT_EQ(recorded.trace.tasks[0].name, "main");
  EXPECT_EQ(recorded.trace.tasks[1].id, "0.0");
  EXPECT_EQ(recorded.trace.tasks[1].name, "first");
  EXPECT_EQ(recorded.trace.tasks[2].id, "0.1");
  EXPECT_EQ(recorded.trace.tasks[1].place.line, child_line);
  EXPECT_TRUE(recorded.trace.tasks[1].place.file.ends_with("recorder_test.cpp"));
  EXPECT_EQ(in_words(recorded.trace, Kind::spawn), (Texts{"0 spawn 0.0", "0 spawn 0.1"}));
}

TEST(Recorder, KnowsTheFileAndLineOfEachAwait) {
  std::map<std::string, unsigned> lines;
  const Recorded recorded = record([&]() -> Task<> {
    Lock lock;
    Event event;
    Queue<int> queue(1);
    auto child = [&]() -> Task<> {
      lines["lock.acquire"] = __LINE__ + 1;
      co_await lock.acquire();
      lines["event.wait"] = __LINE__ + 1;
      co_await event.wait();
      lines["queue.get"] = __LINE__ + 1;
      const int item = co_await queue.get();
      lines["sleep"] = __LINE__ + 1;
      co_await sleep(std::chrono::milliseconds(item));
    };
    co_await lock.acquire();
    const TaskHandle<> handle = create_task(child());
    for (int i = 0; i < 3; ++i) co_await sleep(0s);
    lines["lock.release"] = __LINE__ + 1;
    lock.release();
    for (int i = 0; i < 3; ++i) co_await sleep(0s);
    lines["event.set"] = __LINE__ + 1;
    event.set();
    for (int i = 0; i < 3; ++i) co_await sleep(0s);
    queue.put_nowait(5);
    lines["task.join"] = __LINE__ + 1;
    co_await handle;
  });
  std::map<std::string, unsigned> seen;
  for (const TraceEvent& event : recorded.trace.events) {
    if (event.kind != Kind::park && event.kind != Kind::operation) continue;
    if (event.kind == Kind::operation && !lines.contains(event.verb)) continue;
    if (event.task == "0" && event.verb == "lock.acquire") continue;
    if (event.task == "0" && event.verb == "sleep") continue;
    EXPECT_TRUE(event.place.file.ends_with("recorder_test.cpp")) << event.verb;
    if (!seen.contains(event.verb)) seen[event.verb] = event.place.line;
    EXPECT_EQ(event.place.line, seen[event.verb]) << event.verb;
  }
  EXPECT_EQ(seen, lines);
}

TEST(Recorder, ChoicesHaveTheirLabelAndPlace) {
  unsigned line = 0;
  const Recorded recorded = record([&]() -> Task<> {
    co_await sleep(0s);
    line = __LINE__ + 1;
    co_await sleep(1ms);
    (void)choose(1);
  });
  Texts labels;
  for (const Choice& choice : recorded.choices) labels.push_back(choice.label);
  EXPECT_EQ(labels, (Texts{"start", "resume sleep", "timer", "resume sleep", "choose"}));
  EXPECT_EQ(recorded.choices.at(2).kind, Choice::Kind::timer);
  EXPECT_EQ(recorded.choices.at(2).place.line, line);
  EXPECT_EQ(recorded.choices.at(3).place.line, line);
  EXPECT_EQ(recorded.choices.at(4).kind, Choice::Kind::value);
  EXPECT_EQ(recorded.choices.at(4).alternatives, 1u);
  EXPECT_EQ(in_words(recorded.trace, Kind::choose), (Texts{"0 choose 0 of 1"}));
}

TEST(Recorder, EventsOfAStepShareItsNumber) {
  const Recorded recorded = record([]() -> Task<> {
    Lock lock;
    co_await lock.acquire();
    lock.release();
    co_await sleep(0s);
    note("second step");
  });
  std::map<std::size_t, Texts> steps;
  for (const TraceEvent& event : recorded.trace.events) {
    steps[event.step].push_back(event.verb);
  }
  EXPECT_EQ(steps,
            (std::map<std::size_t, Texts>{{0, {"start", "lock.acquire", "lock.release", "sleep"}},
                                          {1, {"resume sleep", "note", "return"}}}));
}

TEST(Recorder, NumbersObjectsOfOneTypeWhereThereAreSeveral) {
  const Recorded recorded = record([]() -> Task<> {
    Lock first;
    Lock second;
    Event event;
    co_await first.acquire();
    co_await second.acquire();
    event.set();
    second.release();
    first.release();
  });
  EXPECT_EQ(in_words(recorded.trace, Kind::operation),
            (Texts{"0 lock.acquire lock 1", "0 lock.acquire lock 2", "0 event.set event",
                   "0 lock.release lock 2", "0 lock.release lock 1"}));
}

TEST(Recorder, SaysWhoWokeAndCancelledWhom) {
  const Recorded recorded = record([]() -> Task<> {
    Event event;
    auto waiter = [&]() -> Task<> { co_await event.wait(); };
    const TaskHandle<> first = create_task(waiter());
    const TaskHandle<> second = create_task(waiter());
    co_await sleep(0s);
    second.cancel();
    event.set();
    co_await gather(return_exceptions, first, second);
    second.cancel();
  });
  EXPECT_EQ(in_words(recorded.trace, Kind::cancel),
            (Texts{"0 cancel 0.1", "0 cancel already done 0.1"}));
  const Texts wakes = in_words(recorded.trace, Kind::wake);
  ASSERT_GE(wakes.size(), 2u);
  EXPECT_EQ(wakes[0], "0 wake 0.1");
  EXPECT_EQ(wakes[1], "0 wake 0.0");
  EXPECT_EQ(in_words(recorded.trace, Kind::finish),
            (Texts{"0.1 cancelled", "0.0 return", "0 return"}));
}

TEST(Recorder, InjectedCancellationIsTheExplorers) {
  Options options;
  options.cancellations = 1;
  const Recorded recorded = record(
      []() -> Task<> {
        auto child = []() -> Task<> { co_await sleep(0s); };
        co_await gather(return_exceptions, child());
      },
      {1}, options);
  EXPECT_EQ(in_words(recorded.trace, Kind::cancel), (Texts{"cancel 0.0"}));
  ASSERT_EQ(recorded.choices.at(1).kind, Choice::Kind::cancel);
  EXPECT_EQ(recorded.choices.at(1).task, "0.0");
}

TEST(Recorder, WritesTimeDownWhenItMoves) {
  const Recorded recorded = record([]() -> Task<> {
    co_await sleep(0s);
    co_await sleep(5ms);
    note("later");
  });
  int clocks = 0;
  for (const TraceEvent& event : recorded.trace.events) {
    clocks += event.kind == Kind::clock;
    if (event.kind == Kind::clock || event.kind == Kind::note) {
      EXPECT_EQ(event.time, 5ms);
    } else if (event.step == 0) {
      EXPECT_EQ(event.time, 0ms);
    }
  }
  EXPECT_EQ(clocks, 1);
}

TEST(Recorder, StuckTasksSayForWhatAndWhomTheyWait) {
  unsigned line = 0;
  const Recorded recorded = record([&]() -> Task<> {
    Lock first;
    Lock second;
    auto cross = [&](Lock& one, Lock& other) -> Task<> {
      auto outer = co_await one.scoped();
      co_await sleep(0s);
      line = __LINE__ + 1;
      auto inner = co_await other.scoped();
    };
    const TaskHandle<> a = create_task(cross(first, second));
    const TaskHandle<> b = create_task(cross(second, first));
    co_await a;
    co_await b;
  });
  const auto& stuck = recorded.trace.stuck;
  ASSERT_EQ(stuck.size(), 3u);
  EXPECT_EQ(stuck[0].task, "0");
  EXPECT_EQ(stuck[0].verb, "task.join");
  EXPECT_EQ(stuck[0].holder, "0.0") << "it waits for that task";
  EXPECT_EQ(stuck[1].task, "0.0");
  EXPECT_EQ(stuck[1].verb, "lock.acquire");
  EXPECT_EQ(stuck[1].object, "lock 2");
  EXPECT_EQ(stuck[1].holder, "0.1");
  EXPECT_EQ(stuck[1].place.line, line);
  EXPECT_EQ(stuck[2].task, "0.1");
  EXPECT_EQ(stuck[2].object, "lock 1");
  EXPECT_EQ(stuck[2].holder, "0.0");
}

TEST(Recorder, NobodyIsStuckWhereAllIsWell) {
  EXPECT_TRUE(record([] { return unchecked_counter(2); }).trace.stuck.empty());
  const Recorded failed = record([] { return racy_counter(2); });
  EXPECT_TRUE(failed.trace.stuck.empty()) << "a failed check is no deadlock";
  ASSERT_EQ(failed.trace.events.back().kind, Kind::finish);
  EXPECT_EQ(in_words(failed.trace, Kind::failure), (Texts{"0 check failed counter == tasks"}));
}

TEST(Recorder, QueueItemsAreShown) {
  const Recorded recorded = record([]() -> Task<> {
    Queue<int> queue;
    queue.put_nowait(7);
    (void)co_await queue.get();
  });
  EXPECT_EQ(in_words(recorded.trace, Kind::operation),
            (Texts{"0 queue.put queue 7", "0 queue.get queue -> 7"}));
}

TEST(Recorder, EagerTasksAreInTheTraceLikeOthers) {
  Options options;
  options.eager_tasks = true;
  const Recorded recorded = record(
      []() -> Task<> {
        auto child = []() -> Task<> { co_return; };
        co_await create_task(child());
      },
      options);
  EXPECT_EQ(recorded.choices.size(), 1u);
  ASSERT_EQ(recorded.trace.tasks.size(), 2u);
  EXPECT_EQ(recorded.trace.tasks[0].name, "main");
  EXPECT_EQ(in_words(recorded.trace, Kind::finish), (Texts{"0.0 return", "0 return"}));
}

TEST(Recorder, TheSameExecutionGivesTheSameTrace) {
  const Model model = [] { return racy_counter(3); };
  EXPECT_EQ(record(model).trace, record(model).trace);
  EXPECT_EQ(record(model).choices, record(model).choices);
}

TEST(Recorder, SaysWhatATimerIsFor) {
  unsigned line = 0;
  const Recorded recorded = record([&]() -> Task<> {
    auto fetch = []() -> Task<> { co_await sleep(20s); };
    co_await sleep(1ms);
    bool late = false;
    try {
      line = __LINE__ + 1;
      co_await timeout(5s).run(fetch);
    } catch (const TimeoutError&) {
      late = true;
    }
    COCHECK(late);
  });
  EXPECT_EQ(in_words(recorded.trace, Kind::timer),
            (Texts{"0 sleep 1 ms over", "0 timeout 5 s expired (set at recorder_test.cpp:" +
                                            std::to_string(line) + ")"}));
  const Texts operations = in_words(recorded.trace, Kind::operation);
  EXPECT_NE(std::find(operations.begin(), operations.end(), "0 throws TimeoutError"),
            operations.end());
  EXPECT_EQ(recorded.choices.at(1).label, "timer") << "what a replay compares stays the same";
}

TEST(Recorder, CallsEveryTimeoutOne) {
  const Recorded recorded = record([]() -> Task<> {
    auto child = []() -> Task<> { co_await sleep(20s); };
    TaskHandle<> slow = create_task(child());
    std::vector<TaskHandle<>> all;
    all.push_back(slow);
    (void)co_await wait(all, 2s);
    slow.cancel();
    co_await gather(return_exceptions, slow);
  });
  const Texts timers = in_words(recorded.trace, Kind::timer);
  ASSERT_EQ(timers.size(), 1u);
  EXPECT_EQ(timers[0].find("0 timeout 2 s expired (set at recorder_test.cpp:"), 0u) << timers[0];
}

TEST(Recorder, SaysWhoDecided) {
  const Model model = []() -> Task<> {
    auto child = []() -> Task<> { co_await sleep(0s); };
    co_await gather(child(), child());
  };
  using By = Choice::By;
  const auto deciders = [](const Recorded& recorded) {
    std::vector<By> by;
    for (const Choice& choice : recorded.choices) by.push_back(choice.by);
    return by;
  };
  // Only the second action has been taken out of its turn.
  const std::vector<By> mixed = deciders(record(model, {1, 0, 0, 0}));
  ASSERT_GE(mixed.size(), 4u);
  EXPECT_EQ(mixed[0], By::unknown) << "there was nothing to choose";
  EXPECT_EQ(mixed[1], By::explorer);
  EXPECT_EQ(mixed[2], By::loop);
  for (const By by : deciders(record(model))) EXPECT_EQ(by, By::loop) << "asyncio's own order";
}

TEST(Recorder, ValuesAreDecisionsWhereThereWereSeveral) {
  const Model model = []() -> Task<> {
    (void)choose(1);
    (void)choose(3);
    co_return;
  };
  const auto& choices = record(model, {0}).choices;
  ASSERT_EQ(choices.size(), 3u);
  EXPECT_EQ(choices[1].by, Choice::By::unknown);
  EXPECT_EQ(choices[2].by, Choice::By::explorer);
  EXPECT_EQ(record(model).choices[2].by, Choice::By::unknown) << "asyncio's order draws nothing";
}

/// The cancellations that are worth a second look.
Texts suspicious_cancellations(const Trace& trace) {
  Texts texts;
  for (const TraceEvent& event : trace.events) {
    if (event.kind == Kind::cancel && event.suspicious) {
      texts.push_back(event.peer + " " + event.detail);
    }
  }
  return texts;
}

TEST(Recorder, MarksAWakeUpThatDiesWithACancelledTask) {
  const Recorded recorded = record([]() -> Task<> {
    Future<int> future;
    auto waiter = [&]() -> Task<> { (void)co_await future; };
    const TaskHandle<> task = create_task(waiter());
    co_await sleep(0s);
    future.set_result(3);
    task.cancel();
    co_await gather(return_exceptions, task);
  });
  EXPECT_EQ(suspicious_cancellations(recorded.trace),
            (Texts{"0.0 woken in step 2, but not run yet: that wake-up reaches nobody"}));
}

TEST(Recorder, MarksNoWakeUpThatIsPassedOnOrMeantForAll) {
  const Recorded lock = record([]() -> Task<> {
    Lock lock;
    auto user = [&]() -> Task<> { auto guard = co_await lock.scoped(); };
    co_await lock.acquire();
    const TaskHandle<> first = create_task(user());
    const TaskHandle<> second = create_task(user());
    co_await sleep(0s);
    lock.release();
    first.cancel();
    co_await gather(return_exceptions, first, second);
  });
  EXPECT_EQ(suspicious_cancellations(lock.trace), Texts());
  const Recorded event = record([]() -> Task<> {
    Event event;
    auto waiter = [&]() -> Task<> { co_await event.wait(); };
    const TaskHandle<> task = create_task(waiter());
    co_await sleep(0s);
    event.set();
    task.cancel();
    co_await gather(return_exceptions, task);
  });
  EXPECT_EQ(suspicious_cancellations(event.trace), Texts());
  const Recorded parked = record([]() -> Task<> {
    Future<int> future;
    auto waiter = [&]() -> Task<> { (void)co_await future; };
    const TaskHandle<> task = create_task(waiter());
    co_await sleep(0s);
    task.cancel();
    co_await gather(return_exceptions, task);
  });
  EXPECT_EQ(suspicious_cancellations(parked.trace), Texts()) << "nobody had woken it";
}

TEST(ToPlace, TakesFileLineAndFunction) {
  const std::source_location here = std::source_location::current();
  const Place place = detail::to_place(here);
  EXPECT_EQ(place.file, here.file_name());
  EXPECT_EQ(place.line, here.line());
  EXPECT_EQ(place.function, here.function_name());
  EXPECT_EQ(detail::to_place(std::source_location()), Place());
}

}  // namespace
}  // namespace cocheck
