#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "cocheck/choose.hpp"
#include "models.hpp"

namespace cocheck {
namespace {

using namespace test;

/// Its tasks leave their order behind, so that there are more classes than anybody tries.
Task<> remembered_order() {
  std::vector<int> order;
  const auto append = [&](int number) -> Task<> {
    co_await sleep(0s);
    order.push_back(number);
  };
  std::vector<Task<>> children;
  for (int i = 0; i < 9; ++i) children.push_back(append(i));
  co_await gather(std::move(children));
}

/// The same, and frees all that it allocates, which is more than it may have at the same time.
Task<> wasteful_order() {
  std::vector<int> order;
  const auto append = [&](int number) -> Task<> {
    for (int i = 0; i < 4; ++i) {
      const std::vector<std::byte> bytes(std::size_t{32} << 10);
      __asm__ volatile("" : : "r"(bytes.data()) : "memory");  // else clang does without
      co_await sleep(0s);
    }
    order.push_back(number);
  };
  std::vector<Task<>> children;
  for (int i = 0; i < 8; ++i) children.push_back(append(i));
  co_await gather(std::move(children));
}

std::map<std::string, std::uint64_t> shares_of(const Verdict& verdict) {
  std::map<std::string, std::uint64_t> shares;
  for (const Verdict::Share& share : verdict.shares) {
    EXPECT_FALSE(shares.contains(share.strategy));
    shares[share.strategy] = share.executions;
  }
  return shares;
}

/// One execution of nine thousand fails.
Task<> seldom_fails() {
  co_await remembered_order();
  COCHECK(choose(9'000) != 7);
}

TEST(Samplers, ThatLearnGiveTheSameWithAnyNumberOfJobs) {
  for (const Strategy strategy : {Strategy::pos, Strategy::surw}) {
    SCOPED_TRACE(to_string(strategy));
    for (const Model& model : {Model(remembered_order), Model(seldom_fails)}) {
      Options options = with(strategy);
      options.max_executions = 21'000;
      options.jobs = 1;
      const Verdict alone = explore(model, options);
      options.jobs = 2;
      const Verdict both = explore(model, options);
      EXPECT_EQ(both.summary(), alone.summary());
      EXPECT_EQ(both.executions, alone.executions);
      EXPECT_EQ(both.steps, alone.steps);
      EXPECT_EQ(both.distinct, alone.distinct);
    }
  }
}

TEST(Portfolio, IsSharedByAllSamplersWhereCodeIsInstrumented) {
  Options options;
  options.max_executions = 201;
  const Verdict verdict = explore(remembered_order, options);
  EXPECT_TRUE(is(Verdict::Kind::sampled, verdict));
  EXPECT_EQ(shares_of(verdict), (std::map<std::string, std::uint64_t>{{"fifo", 1},
                                                                      {"states", 0},
                                                                      {"dpor", 100},
                                                                      {"surw", 41},
                                                                      {"pos", 30},
                                                                      {"pct-3", 10},
                                                                      {"pct-10", 10},
                                                                      {"random", 9}}));
  EXPECT_NE(verdict.summary().find(
                "41 surw, 30 pos, 10 pct-3, 10 pct-10, 9 random from seed 1). Others may fail."),
            std::string::npos)
      << verdict.summary();
}

TEST(Portfolio, KeepsItsSharesInALongSearch) {
  Options options;
  options.max_executions = 4'001;
  auto shares = shares_of(explore(remembered_order, options));
  EXPECT_NEAR(static_cast<double>(shares["surw"]), 820, 5);
  EXPECT_NEAR(static_cast<double>(shares["pos"]), 600, 5);
  EXPECT_NEAR(static_cast<double>(shares["random"]), 180, 5);
}

TEST(Portfolio, DoesWithoutThoseThatWouldNeedTooMuchMemory) {
  Options options;
  options.max_executions = 300;
  options.memory_limit = std::size_t{1} << 19;
  const Verdict verdict = explore(wasteful_order, options);
  EXPECT_TRUE(is(Verdict::Kind::sampled, verdict));
  const auto shares = shares_of(verdict);
  EXPECT_EQ(verdict.executions, 300u);
  EXPECT_EQ(shares.at("surw"), 0u);
  EXPECT_GT(shares.at("random"), 50u);
  EXPECT_NE(verdict.summary().find("Limit hit: surw, by memory_limit, 524288 bytes: it uses no "
                                   "memory twice in an execution."),
            std::string::npos)
      << verdict.summary();
}

}  // namespace
}  // namespace cocheck
