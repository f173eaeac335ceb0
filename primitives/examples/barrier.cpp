// Workers compute in phases: each reads in a phase what its neighbour wrote in the one before. A
// barrier keeps the phases apart in every order of their steps.

#include "cocheck/barrier.hpp"

#include <array>
#include <chrono>
#include <iostream>

#include "cocheck/check.hpp"
#include "cocheck/explore.hpp"
#include "cocheck/gather.hpp"
#include "cocheck/sleep.hpp"

using namespace cocheck;
using namespace std::chrono_literals;

constexpr std::size_t kWorkers = 3;

Task<> compute() {
  Barrier phase(kWorkers);
  std::array<int, kWorkers> cells{};
  const auto work = [&](std::size_t self) -> Task<> {
    const std::size_t neighbour = (self + 1) % kWorkers;
    co_await sleep(0s);  // others may run first
    cells[self] = 1;
    co_await phase.wait();
    const int seen = cells[neighbour];
    co_await phase.wait();
    cells[self] += seen;
  };
  co_await gather(work(0), work(1), work(2));
  for (const int cell : cells) COCHECK(cell == 2);
}

int main() {
  const Verdict verdict = explore(compute);
  std::cout << verdict.summary() << "\n";
  return verdict.kind == Verdict::Kind::proved ? 0 : 1;
}
