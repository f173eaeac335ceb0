// Semaphore: never more holders than permits, and no permit lost or made.

#include <chrono>
#include <utility>
#include <vector>

#include "cocheck/rapidcheck.hpp"

namespace {

using namespace std::chrono_literals;
using cocheck::Between;
using cocheck::explore;
using cocheck::Semaphore;
using cocheck::Strategy;
using cocheck::Task;
using cocheck::Verdict;

/// Who holds a permit, for as long as the object lives.
class Holder {
 public:
  explicit Holder(int& holders) : holders_(holders) { ++holders_; }
  ~Holder() { --holders_; }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;

 private:
  int& holders_;
};

Task<> request(Semaphore& semaphore, int permits, int& holders, std::chrono::milliseconds length) {
  const auto guard = co_await semaphore.scoped();
  const Holder holder(holders);
  EXPECT_LE(holders, permits);
  co_await cocheck::sleep(length);
}

/// A request whose length the explorer chooses.
Task<> request_of_any_length(Semaphore& semaphore, int permits, int& holders) {
  co_await request(semaphore, permits, holders, 10ms * cocheck::choose(4));
}

void expect_all_free(const Semaphore& semaphore, int permits, int holders) {
  EXPECT_EQ(holders, 0);
  EXPECT_EQ(semaphore.value(), permits);
  EXPECT_EQ(semaphore.waiting(), 0u);
}

Task<> serve(int permits, int requests) {
  Semaphore semaphore(permits);
  int holders = 0;
  std::vector<Task<>> tasks;
  for (int i = 0; i < requests; ++i) {
    tasks.push_back(request_of_any_length(semaphore, permits, holders));
  }
  co_await cocheck::gather(cocheck::return_exceptions, std::move(tasks));
  expect_all_free(semaphore, permits, holders);
}

Task<> serve_lengths(int permits, const std::vector<Between<0, 3>>& lengths) {
  Semaphore semaphore(permits);
  int holders = 0;
  std::vector<Task<>> tasks;
  for (const int length : lengths) {
    tasks.push_back(request(semaphore, permits, holders, 10ms * length));
  }
  co_await cocheck::gather(cocheck::return_exceptions, std::move(tasks));
  expect_all_free(semaphore, permits, holders);
}

COCHECK_TEST(Semaphore, IsNeverHeldByMoreThanFive, .max_executions = 2'000) {
  co_await serve(5, 20);
}

COCHECK_TEST(Semaphore, LosesNoPermitToACancellation, .max_executions = 2'000, .cancellations = 1) {
  co_await serve(5, 20);
}

COCHECK_PROP(Semaphore, KeepsItsPermits,
             (Between<1, 4> permits, const std::vector<Between<0, 3>>& lengths)) {
  co_await serve_lengths(permits, lengths);
}

COCHECK_PROP(Semaphore, KeepsItsPermitsWhoeverIsCancelled,
             (Between<1, 4> permits, const std::vector<Between<0, 3>>& lengths),
             .cancellations = 2) {
  co_await serve_lengths(permits, lengths);
}

TEST(Semaphore, SmallOnesAreProved) {
  const cocheck::ExpectBridge bridge;
  const std::vector<Between<0, 3>> lengths{Between<0, 3>(1), Between<0, 3>(0), Between<0, 3>(1)};
  const auto model = [&] { return serve_lengths(2, lengths); };
  const Verdict verdict = explore(model, {.strategy = Strategy::exhaustive});
  EXPECT_EQ(verdict.kind, Verdict::Kind::proved_within) << verdict.report();
  const Verdict cancelled = explore(
      model, {.strategy = Strategy::exhaustive, .max_executions = 200'000, .cancellations = 1});
  EXPECT_EQ(cancelled.kind, Verdict::Kind::proved_within) << cancelled.report();
}

}  // namespace
