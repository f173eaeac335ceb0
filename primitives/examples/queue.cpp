// A producer, two workers and a queue of one slot, closed when all is put: each item is dealt with
// once, and everybody goes home.

#include "cocheck/queue.hpp"

#include <chrono>
#include <iostream>

#include "cocheck/check.hpp"
#include "cocheck/explore.hpp"
#include "cocheck/gather.hpp"
#include "cocheck/sleep.hpp"
#include "cocheck/task.hpp"

namespace {

cocheck::Task<> produce(cocheck::Queue<int>& queue) {
  for (int item = 1; item <= 3; ++item) co_await queue.put(item);
  queue.shutdown();
}

cocheck::Task<> work(cocheck::Queue<int>& queue, int& sum) {
  try {
    while (true) {
      const int item = co_await queue.get();
      sum += item;
    }
  } catch (const cocheck::QueueShutDown&) {
  }
}

cocheck::Task<> model() {
  cocheck::Queue<int> queue(1);
  int sum = 0;
  co_await cocheck::gather(produce(queue), work(queue, sum), work(queue, sum));
  COCHECK(sum == 1 + 2 + 3);
}

}  // namespace

int main() {
  const cocheck::Verdict verdict = cocheck::explore(model);
  std::cout << verdict.summary() << '\n';
  return verdict.kind == cocheck::Verdict::Kind::proved ? 0 : 1;
}
