// Executions or states a second of each explorer. Rows are named explorer/model/size.

#include <benchmark/benchmark.h>

#include <chrono>
#include <cmath>
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

void random_locked_counter(benchmark::State& state, std::size_t jobs) {
  const int tasks = static_cast<int>(state.range(0));
  cocheck::Options options;
  options.strategy = cocheck::Strategy::random;
  options.jobs = jobs;
  options.max_executions = jobs > 1 ? 500'000 : tasks > 10 ? 2'000 : 50'000;
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

/// One iteration proves the model; the rate counts its states. `time_exponent` says how the time
/// grows with the number of tasks: as that power of it, from the row before to this one.
void states_locked_counter(benchmark::State& state) {
  static double tasks_before = 0;
  static double seconds_before = 0;
  const int tasks = static_cast<int>(state.range(0));
  cocheck::Options options;
  options.strategy = cocheck::Strategy::states;
  options.max_steps = 1'000'000;
  std::uint64_t states = 0;
  double bytes = 0;
  double seconds = 0;
  for (auto _ : state) {
    const auto begin = std::chrono::steady_clock::now();
    const cocheck::Verdict verdict =
        cocheck::explore([tasks] { return locked_counter(tasks); }, options);
    seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    if (verdict.kind != cocheck::Verdict::Kind::proved) {
      state.SkipWithError(verdict.summary().c_str());
      break;
    }
    states += verdict.states->states;
    bytes =
        static_cast<double>(verdict.states->bytes) / static_cast<double>(verdict.states->states);
  }
  seconds /= static_cast<double>(state.iterations());
  state.counters["states"] =
      benchmark::Counter(static_cast<double>(states), benchmark::Counter::kIsRate);
  state.counters["bytes_a_state"] = bytes;
  if (tasks_before != 0 && tasks > tasks_before) {
    state.counters["time_exponent"] =
        std::log(seconds / seconds_before) / std::log(tasks / tasks_before);
  }
  tasks_before = tasks;
  seconds_before = seconds;
}

BENCHMARK_CAPTURE(random_locked_counter, alone, 1)
    ->Name("random/locked_counter")
    ->Arg(3)
    ->Arg(100)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(random_locked_counter, by_two, 2)
    ->Name("random/locked_counter/jobs:2")
    ->Arg(3)
    ->UseRealTime()
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
BENCHMARK(states_locked_counter)
    ->Name("states/locked_counter")
    ->Arg(10)
    ->Arg(100)
    ->Arg(300)
    ->Arg(1000)
    ->Unit(benchmark::kMillisecond);

}  // namespace
