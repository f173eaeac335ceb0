// Executions a second of the strategy dpor, one of each class. Rows are named dpor/model/size, and
// .../jobs:N where several processes search. The program is instrumented, so that what steps touch
// is known.

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "cocheck/check.hpp"
#include "cocheck/explore.hpp"
#include "cocheck/gather.hpp"
#include "cocheck/lock.hpp"
#include "cocheck/sleep.hpp"
#include "cocheck/task.hpp"

namespace {

using namespace std::chrono_literals;

cocheck::Task<> increment_from_left(std::vector<int>& values, std::size_t index) {
  co_await cocheck::sleep(0s);
  const int value = values[index - 1];
  co_await cocheck::sleep(0s);
  values[index] = value + 1;
}

cocheck::Task<> find_last_zero(const std::vector<int>& values) {
  std::size_t index = values.size() - 1;
  while (true) {
    co_await cocheck::sleep(0s);
    if (values[index] == 0) break;
    --index;
  }
}

/// Of Abdulla, Aronis, Jonsson and Sagonas: (size + 3) * 2^(size - 2) classes.
cocheck::Task<> lastzero(std::size_t size) {
  std::vector<int> values(size + 1);
  std::vector<cocheck::Task<>> children;
  children.push_back(find_last_zero(values));
  for (std::size_t i = 1; i <= size; ++i) children.push_back(increment_from_left(values, i));
  co_await cocheck::gather(std::move(children));
}

cocheck::Task<> racy_increment(int& counter) {
  const int value = counter;
  co_await cocheck::sleep(0s);
  counter = value + 1;
}

cocheck::Task<> racy_counter(std::size_t tasks) {
  int counter = 0;
  std::vector<cocheck::Task<>> children;
  for (std::size_t i = 0; i < tasks; ++i) children.push_back(racy_increment(counter));
  co_await cocheck::gather(std::move(children));
}

cocheck::Task<> locked_increment(cocheck::Lock& lock, int& counter) {
  auto guard = co_await lock.scoped();
  const int value = counter;
  co_await cocheck::sleep(0s);
  counter = value + 1;
}

cocheck::Task<> locked_counter(std::size_t tasks) {
  cocheck::Lock lock;
  int counter = 0;
  std::vector<cocheck::Task<>> children;
  for (std::size_t i = 0; i < tasks; ++i) children.push_back(locked_increment(lock, counter));
  co_await cocheck::gather(std::move(children));
  COCHECK(counter == static_cast<int>(tasks));
}

/// One iteration proves the model.
void search(benchmark::State& state, cocheck::Task<> (*model)(std::size_t), std::size_t size,
            std::uint64_t classes, std::size_t jobs = 1) {
  cocheck::Options options;
  options.jobs = jobs;
  options.strategy = cocheck::Strategy::dpor;
  options.max_executions = 10'000'000;
  std::uint64_t executions = 0;
  std::uint64_t steps = 0;
  std::uint64_t audit_nanoseconds = 0;
  const auto begin = std::chrono::steady_clock::now();
  for (auto _ : state) {
    const cocheck::Verdict verdict = cocheck::explore([=] { return model(size); }, options);
    if (verdict.kind != cocheck::Verdict::Kind::proved) {
      state.SkipWithError(verdict.summary().c_str());
      break;
    }
    if (verdict.executions != classes) {
      const std::string counted = std::to_string(verdict.executions);
      state.SkipWithError((counted + " classes, not " + std::to_string(classes)).c_str());
      break;
    }
    executions += verdict.executions;
    steps += verdict.steps;
    if (verdict.audit) audit_nanoseconds += verdict.audit->nanoseconds;
  }
  // Of all processes together.
  const std::chrono::duration<double, std::nano> elapsed = std::chrono::steady_clock::now() - begin;
  state.counters["audit"] =
      static_cast<double>(audit_nanoseconds) / elapsed.count() / static_cast<double>(jobs);
  state.counters["executions"] =
      benchmark::Counter(static_cast<double>(executions), benchmark::Counter::kIsRate);
  state.counters["steps"] =
      benchmark::Counter(static_cast<double>(steps), benchmark::Counter::kIsRate);
}

BENCHMARK_CAPTURE(search, lastzero_10, lastzero, 10, 3'328)
    ->Name("dpor/lastzero/10")
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(search, lastzero_15, lastzero, 15, 147'456)
    ->Name("dpor/lastzero/15")
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(search, lastzero_15_by_two, lastzero, 15, 147'456, 2)
    ->Name("dpor/lastzero/15/jobs:2")
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(search, racy_counter_4, racy_counter, 4, 576)
    ->Name("dpor/racy_counter/4")
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(search, racy_counter_5, racy_counter, 5, 14'400)
    ->Name("dpor/racy_counter/5")
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(search, racy_counter_5_by_two, racy_counter, 5, 14'400, 2)
    ->Name("dpor/racy_counter/5/jobs:2")
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(search, locked_counter_5, locked_counter, 5, 12'240)
    ->Name("dpor/locked_counter/5")
    ->Unit(benchmark::kMillisecond);

}  // namespace
