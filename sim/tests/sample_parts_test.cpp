#include "cocheck/detail/sample_parts.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "cocheck/choose.hpp"
#include "cocheck/explore.hpp"
#include "cocheck/explorers/random.hpp"
#include "cocheck/primitives.hpp"
#include "models.hpp"

namespace cocheck {
namespace {

using namespace std::chrono_literals;
using detail::SampleParts;
using test::is;

constexpr std::uint64_t kMany = 24'000;

Task<> step_often(int steps) {
  for (int i = 0; i < steps; ++i) co_await sleep(0s);
}

Task<> two_tasks(int steps = 12) {
  std::vector<Task<>> tasks;
  for (int i = 0; i < 2; ++i) tasks.push_back(step_often(steps));
  co_await gather(std::move(tasks));
}

/// Fails in one execution of `rarity`.
Task<> seldom_fails(std::size_t rarity) {
  co_await two_tasks();
  COCHECK(choose(rarity) != 7);
}

Options sampling(Strategy strategy, std::size_t jobs) {
  Options options;
  options.strategy = strategy;
  options.max_executions = kMany;
  options.jobs = jobs;
  return options;
}

/// All that a verdict says but for the picture.
std::string told(const Verdict& verdict) {
  std::string text = verdict.summary() + " executions " + std::to_string(verdict.executions) +
                     " steps " + std::to_string(verdict.steps) + " distinct " +
                     std::to_string(verdict.distinct) + " failing " +
                     std::to_string(verdict.failing) + " cut " + std::to_string(verdict.cut);
  for (const Verdict::Share& share : verdict.shares) {
    text += " " + share.strategy + " " + std::to_string(share.executions) + " " +
            std::to_string(share.chance);
  }
  for (const std::string& limit : verdict.limits) text += " limit " + limit;
  if (verdict.recording) {
    for (const Choice& choice : verdict.recording->schedule.choices) {
      text += " " + choice.task + ":" + std::to_string(choice.value);
    }
  }
  return text;
}

void expect_the_same_with_any_jobs(const Model& model, Options options) {
  options.jobs = 1;
  const Verdict alone = explore(model, options);
  for (const std::size_t jobs : {2u, 3u}) {
    options.jobs = jobs;
    EXPECT_EQ(told(explore(model, options)), told(alone)) << jobs << " jobs";
  }
}

TEST(Jobs, OfSamplersGiveTheSameVerdict) {
  for (const Strategy strategy : {Strategy::random, Strategy::pct}) {
    SCOPED_TRACE(to_string(strategy));
    expect_the_same_with_any_jobs([] { return two_tasks(); }, sampling(strategy, 1));
  }
}

TEST(Jobs, OfAPortfolioOfSamplersGiveTheSameVerdict) {
  Options options = sampling(Strategy::automatic, 1);
  options.max_states = 10;           // too few for a proof
  options.max_executions = 250'000;  // so that one round of one sampler is long
  const Verdict verdict = explore([] { return two_tasks(4); }, options);
  EXPECT_TRUE(is(Verdict::Kind::sampled, verdict));
  EXPECT_GT(verdict.shares.back().executions, detail::SampleParts::kPart);
  expect_the_same_with_any_jobs([] { return two_tasks(4); }, options);
}

TEST(Jobs, OfSamplersFindTheSameFailure) {
  for (const Strategy strategy : {Strategy::random, Strategy::pct}) {
    for (const std::size_t rarity : {1'000u, 9'000u}) {
      SCOPED_TRACE(std::string(to_string(strategy)) + " " + std::to_string(rarity));
      Options options = sampling(strategy, 1);
      const Verdict alone = explore([&] { return seldom_fails(rarity); }, options);
      EXPECT_TRUE(is(Verdict::Kind::failed, alone));
      expect_the_same_with_any_jobs([&] { return seldom_fails(rarity); }, options);
      options.stop_at_failure = false;
      expect_the_same_with_any_jobs([&] { return seldom_fails(rarity); }, options);
    }
  }
}

TEST(Pct, ClaimsNoMoreThanItMayWhereItsFirstPartEndsEarly) {
  const Verdict verdict = explore([] { return seldom_fails(20); }, sampling(Strategy::pct, 1));
  EXPECT_TRUE(is(Verdict::Kind::failed, verdict));
  EXPECT_LT(verdict.executions, SampleParts::kPart);
  EXPECT_GT(verdict.shares.back().chance, 0);
  EXPECT_LT(verdict.shares.back().chance, 0.1);
}

TEST(Jobs, OfSamplersSayWhatWasCut) {
  Options options = sampling(Strategy::random, 1);
  options.max_steps = 40;
  const Model model = [] {
    return [](std::size_t rarity) -> Task<> {
      if (choose(rarity) == 7) co_await step_often(100);
      co_await two_tasks();
    }(5'000);
  };
  const Verdict alone = explore(model, options);
  EXPECT_TRUE(is(Verdict::Kind::inconclusive, alone));
  EXPECT_GT(alone.cut, 0u);
  expect_the_same_with_any_jobs(model, options);
}

// Each part has a seed of its own: were they the same, so would be their executions.
TEST(Jobs, OfSamplersDoNotRepeatEachOther) {
  const Verdict verdict = explore([] { return two_tasks(); }, sampling(Strategy::random, 2));
  EXPECT_EQ(verdict.executions, kMany);
  EXPECT_GT(verdict.distinct, kMany * 9 / 10);
}

TEST(Jobs, OfSamplersWorkInOtherProcesses) {
  std::uint64_t here = 0;
  const Model model = [&] {
    ++here;
    return two_tasks();
  };
  EXPECT_EQ(explore(model, sampling(Strategy::random, 2)).executions, kMany);
  EXPECT_GE(here, SampleParts::kPart);
  EXPECT_LT(here, kMany);
  here = 0;
  EXPECT_EQ(explore(model, sampling(Strategy::random, 1)).executions, kMany);
  EXPECT_EQ(here, kMany);
}

TEST(Jobs, OfSamplersStayInAProcessThatHasThreads) {
  std::uint64_t here = 0;
  const Model model = [&] {
    ++here;
    return two_tasks();
  };
  std::jthread other([](const std::stop_token& stop) {
    while (!stop.stop_requested()) std::this_thread::sleep_for(1ms);
  });
  EXPECT_EQ(explore(model, sampling(Strategy::random, 2)).executions, kMany);
  EXPECT_EQ(here, kMany);
}

// What a process that died had begun is made again.
TEST(Jobs, OfSamplersThatDieLoseNothing) {
  const pid_t own = ::getpid();
  std::uint64_t here = 0;
  const Model model = [&] {
    if (::getpid() != own && ++here == 2'000) std::_Exit(3);
    return two_tasks();
  };
  Options options = sampling(Strategy::random, 2);
  const Verdict verdict = explore(model, options);
  EXPECT_EQ(verdict.executions, kMany);
  options.jobs = 1;
  EXPECT_EQ(told(verdict), told(explore([] { return two_tasks(); }, options)));
}

TEST(Jobs, OfSamplersEndInTime) {
  Options options = sampling(Strategy::random, 2);
  options.max_executions = 1'000'000'000;
  options.max_time = 300ms;
  const auto begin = std::chrono::steady_clock::now();
  const Verdict verdict = explore([] { return two_tasks(); }, options);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 30s);
  EXPECT_TRUE(is(Verdict::Kind::sampled, verdict));
  ASSERT_EQ(verdict.limits.size(), 1u);
  EXPECT_EQ(verdict.limits[0], "max_time, 300 ms");
}

TEST(SampleParts, HaveExplorersOfTheirOwn) {
  std::vector<std::uint64_t> seeds;
  SampleParts parts(
      [&](std::uint64_t seed) {
        seeds.push_back(seed);
        return std::make_unique<RandomExplorer>(seed);
      },
      5);
  EXPECT_EQ(parts.left(), 0u);
  parts.begin_part();
  EXPECT_EQ(parts.left(), SampleParts::kPart);
  parts.count(24);
  EXPECT_EQ(parts.left(), SampleParts::kPart - 24);
  parts.skip(2);
  EXPECT_EQ(parts.next(), 3u);
  parts.begin_part();
  (void)parts.make(1);
  ASSERT_EQ(seeds.size(), 3u);
  EXPECT_EQ(seeds[0], 5u);  // so that short searches are what the seed has always meant
  EXPECT_NE(seeds[1], seeds[2]);
  EXPECT_NE(seeds[0], seeds[1]);
}

}  // namespace
}  // namespace cocheck
