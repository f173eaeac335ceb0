// Two departments send jobs to one printer, which always takes the most urgent of those it has.

#include "cocheck/priority_queue.hpp"

#include <iostream>
#include <set>
#include <string>
#include <utility>

#include "cocheck/check.hpp"
#include "cocheck/explore.hpp"
#include "cocheck/gather.hpp"

using namespace cocheck;

using Job = std::pair<int, std::string>;

Task<> print_jobs() {
  PriorityQueue<Job> jobs;
  std::multiset<int> waiting;
  const auto send = [&](int urgency, const char* name) -> Task<> {
    waiting.insert(urgency);
    co_await jobs.put(Job(urgency, name));
  };
  const auto print = [&]() -> Task<> {
    for (int i = 0; i < 3; ++i) {
      const Job job = co_await jobs.get();
      COCHECK(job.first == *waiting.begin());
      waiting.erase(waiting.begin());
    }
  };
  co_await gather(print(), send(2, "report"), send(1, "invoice"), send(3, "poster"));
  COCHECK(jobs.empty());
}

int main() {
  const Verdict verdict = explore(print_jobs);
  std::cout << verdict.summary() << "\n";
  return verdict.kind == Verdict::Kind::proved ? 0 : 1;
}
