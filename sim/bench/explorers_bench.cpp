// Executions a second of each explorer on small models. Rows are named explorer/model/size.

#include <benchmark/benchmark.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "cocheck/explore.hpp"
#include "cocheck/gather.hpp"
#include "cocheck/lock.hpp"
#include "cocheck/sleep.hpp"
#include "cocheck/task.hpp"

namespace {

using namespace std::chrono_literals;

cocheck::Task<> locked_increment(cocheck::Lock& lock, int& counter) {
  auto guard = co_await lock.scoped();
  const int value = counter;
  co_await cocheck::sleep(0s);
  counter = value + 1;
}

cocheck::Task<> racy_increment(int& counter) {
  const int value = counter;
  co_await cocheck::sleep(0s);
  counter = value + 1;
}

cocheck::Task<> locked_counter(int tasks) {
  cocheck::Lock lock;
  int counter = 0;
  std::vector<cocheck::Task<>> children;
  for (int i = 0; i < tasks; ++i) children.push_back(locked_increment(lock, counter));
  co_await cocheck::gather(std::move(children));
  if (counter != tasks) std::abort();
}

/// Its lost updates are counted, not failed: a search that stops early would measure nothing.
cocheck::Task<> racy_counter(int tasks, std::uint64_t& lost) {
  int counter = 0;
  std::vector<cocheck::Task<>> children;
  for (int i = 0; i < tasks; ++i) children.push_back(racy_increment(counter));
  co_await cocheck::gather(std::move(children));
  if (counter != tasks) ++lost;
}

/// One iteration is one whole search; the rate counts its executions.
void search(benchmark::State& state, const cocheck::Model& model, const cocheck::Options& options) {
  std::uint64_t executions = 0;
  std::uint64_t steps = 0;
  for (auto _ : state) {
    const cocheck::Verdict verdict = cocheck::explore(model, options);
    if (!verdict.passed()) state.SkipWithError(verdict.summary().c_str());
    executions += verdict.executions;
    steps += verdict.steps;
  }
  state.counters["executions"] =
      benchmark::Counter(static_cast<double>(executions), benchmark::Counter::kIsRate);
  state.counters["steps"] =
      benchmark::Counter(static_cast<double>(steps), benchmark::Counter::kIsRate);
}

void random_locked_counter(benchmark::State& state) {
  const int tasks = static_cast<int>(state.range(0));
  cocheck::Options options;
  options.strategy = cocheck::Strategy::random;
  options.max_executions = tasks > 10 ? 2'000 : 50'000;
  options.max_steps = 1'000'000;
  search(
      state, [tasks] { return locked_counter(tasks); }, options);
}

void exhaustive_locked_counter(benchmark::State& state) {
  const int tasks = static_cast<int>(state.range(0));
  cocheck::Options options;
  options.strategy = cocheck::Strategy::exhaustive;
  options.max_executions = 1'000'000;
  search(
      state, [tasks] { return locked_counter(tasks); }, options);
}

void exhaustive_racy_counter(benchmark::State& state) {
  const int tasks = static_cast<int>(state.range(0));
  std::uint64_t lost = 0;
  cocheck::Options options;
  options.strategy = cocheck::Strategy::exhaustive;
  options.max_executions = 10'000'000;
  search(
      state, [tasks, &lost] { return racy_counter(tasks, lost); }, options);
  benchmark::DoNotOptimize(lost);
}

BENCHMARK(random_locked_counter)
    ->Name("random/locked_counter")
    ->Arg(3)
    ->Arg(100)
    ->Unit(benchmark::kMillisecond);
BENCHMARK(exhaustive_locked_counter)
    ->Name("exhaustive/locked_counter")
    ->Arg(3)
    ->Unit(benchmark::kMillisecond);
BENCHMARK(exhaustive_racy_counter)
    ->Name("exhaustive/racy_counter")
    ->Arg(2)
    ->Arg(3)
    ->Arg(4)
    ->Unit(benchmark::kMicrosecond);

}  // namespace
