// What an execution costs with each sampler, in instrumented code. Rows are named
// samplers/strategy/model/tasks; compare the steps a second of those with the same model and tasks.

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "cocheck/explore.hpp"
#include "cocheck/gather.hpp"
#include "cocheck/lock.hpp"
#include "cocheck/queue.hpp"
#include "cocheck/sleep.hpp"
#include "cocheck/task.hpp"

namespace {

using namespace std::chrono_literals;
using cocheck::Strategy;
using cocheck::Task;

Task<> counter(int tasks) {
  int count = 0;
  const auto increment = [&]() -> Task<> {
    for (int i = 0; i < 4; ++i) {
      const int value = count;
      co_await cocheck::sleep(0s);
      count = value + 1;
    }
  };
  std::vector<Task<>> children;
  for (int i = 0; i < tasks; ++i) children.push_back(increment());
  co_await cocheck::gather(std::move(children));
}

Task<> locked_counter(int tasks) {
  cocheck::Lock lock;
  int count = 0;
  const auto increment = [&]() -> Task<> {
    auto guard = co_await lock.scoped();
    const int value = count;
    co_await cocheck::sleep(0s);
    count = value + 1;
  };
  std::vector<Task<>> children;
  for (int i = 0; i < tasks; ++i) children.push_back(increment());
  co_await cocheck::gather(std::move(children));
}

Task<> pipeline(int tasks) {
  cocheck::Queue<int> queue(2);
  const auto produce = [&](int number) -> Task<> {
    for (int i = 0; i < 5; ++i) co_await queue.put(number + i);
  };
  const auto consume = [&]() -> Task<> {
    int sum = 0;
    for (int i = 0; i < 5; ++i) sum += co_await queue.get();
    benchmark::DoNotOptimize(sum);
  };
  std::vector<Task<>> children;
  for (int i = 0; i < tasks; ++i) {
    children.push_back(i % 2 == 0 ? produce(10 * i) : consume());
  }
  co_await cocheck::gather(std::move(children));
}

void search(benchmark::State& state, Strategy strategy, Task<> (*model)(int)) {
  const int tasks = static_cast<int>(state.range(0));
  cocheck::Options options;
  options.strategy = strategy;
  options.max_executions = 5'000;
  std::uint64_t executions = 0;
  std::uint64_t steps = 0;
  for (auto _ : state) {
    const cocheck::Verdict verdict = cocheck::explore([&] { return model(tasks); }, options);
    if (!verdict.passed()) state.SkipWithError(verdict.summary().c_str());
    executions += verdict.executions;
    steps += verdict.steps;
  }
  state.counters["executions"] =
      benchmark::Counter(static_cast<double>(executions), benchmark::Counter::kIsRate);
  state.counters["steps"] =
      benchmark::Counter(static_cast<double>(steps), benchmark::Counter::kIsRate);
}

const bool registered = [] {
  struct Named {
    const char* name;
    Task<> (*model)(int);
  };
  for (const Named& each : {Named{"counter", counter}, Named{"locked_counter", locked_counter},
                            Named{"pipeline", pipeline}}) {
    for (const Strategy strategy :
         {Strategy::random, Strategy::pct, Strategy::pos, Strategy::surw}) {
      const std::string name = "samplers/" + std::string(to_string(strategy)) + "/" + each.name;
      const auto model = each.model;
      auto* row = benchmark::RegisterBenchmark(
          name.c_str(),
          [strategy, model](benchmark::State& state) { search(state, strategy, model); });
      row->Arg(4)->Arg(30)->Unit(benchmark::kMillisecond);
    }
  }
  return true;
}();

}  // namespace
