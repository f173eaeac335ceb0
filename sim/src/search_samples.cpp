#include <algorithm>

#include "class_search.hpp"
#include "cocheck/explorers/pct.hpp"
#include "cocheck/explorers/pos.hpp"
#include "cocheck/explorers/random.hpp"
#include "cocheck/explorers/surw.hpp"
#include "search.hpp"
#include "worker_processes.hpp"

namespace cocheck::detail {

namespace {

// Executions of the samplers together, at first.
constexpr std::uint64_t kFirstRound = 100;

template <class Sampling, class... Settings>
Sampler sampler(std::string name, std::uint64_t first_seed, Settings... settings) {
  return {std::move(name), SampleParts(
                               [settings...](std::uint64_t seed) {
                                 return std::make_unique<Sampling>(seed, settings...);
                               },
                               first_seed)};
}

Sampler pct_sampler(std::uint64_t first_seed, std::uint32_t depth) {
  return sampler<PctExplorer>("pct-" + std::to_string(depth), first_seed, depth);
}

/// Those among which `automatic` divides what is left of its budget.
std::vector<Sampler> portfolio(std::uint64_t seed) {
  std::vector<Sampler> result;
  const auto add = [&](Sampler sampler, std::uint64_t percent) {
    result.push_back(std::move(sampler));
    result.back().percent = percent;
  };
  const bool known = accesses_unknown(Strategy::surw).empty();
  if (known) {
    add(sampler<SurwExplorer>("surw", seed), 41);
    add(sampler<PosExplorer>("pos", seed), 30);
  }
  add(pct_sampler(seed, 3), known ? 10 : 34);
  add(pct_sampler(seed, 10), known ? 10 : 33);
  add(sampler<RandomExplorer>("random", seed), known ? 9 : 33);
  return result;
}

}  // namespace

void Search::sample_alone() {
  const std::uint64_t budget = options_.max_executions;
  switch (options_.strategy) {
    case Strategy::random:
      sample(sampler<RandomExplorer>("random", options_.seed), budget);
      break;
    case Strategy::pct:
      sample(pct_sampler(options_.seed, PctExplorer::kDepth), budget);
      verdict_.shares.back().chance = chance_;
      break;
    case Strategy::pos:
      if (accesses_known()) sample(sampler<PosExplorer>("pos", options_.seed), budget);
      break;
    case Strategy::surw:
      if (accesses_known()) sample(sampler<SurwExplorer>("surw", options_.seed), budget);
      break;
    default:
      break;
  }
}

/// In rounds, each twice as long as the one before, so that all samplers have had their turns
/// whenever time is up, and memory is seldom laid out anew.
bool Search::explore_samples(std::uint64_t budget) {
  if (portfolio_.empty()) portfolio_ = portfolio(options_.seed);
  const std::uint64_t last = verdict_.executions + budget;
  for (std::uint64_t round = kFirstRound; verdict_.executions < last; round *= 2) {
    const std::uint64_t now = std::min(round, last - verdict_.executions);
    std::uint64_t all = 0;
    for (const Sampler& member : portfolio_) all += member.percent;
    std::uint64_t before = 0;
    for (Sampler& member : portfolio_) {
      const std::uint64_t end = before + member.percent;
      const std::uint64_t part = now * end / all - now * before / all;
      before = end;
      if (!sample(member, part)) return false;
      if (world_->out_of_memory()) member.percent = 0;
    }
    std::erase_if(portfolio_, [](const Sampler& member) { return member.percent == 0; });
  }
  return true;
}

bool Search::sample(Sampler& sampler, std::uint64_t budget) {
  const bool long_search = budget >= kWorthDividing;
  while (budget > 0) {
    if (sampler.parts.left() == 0) {
      if (long_search && sampler.parts.next() > 0 && budget >= 2 * SampleParts::kPart) {
        budget -= sample_in_processes(sampler, budget / SampleParts::kPart);
        if (out_of_time_now()) return false;
        if (budget == 0) break;
      }
      sampler.parts.begin_part();
    }
    const std::uint64_t now = std::min(budget, sampler.parts.left());
    const bool goes_on = explore_with(sampler.parts.explorer(), sampler.name, now);
    claim(sampler.parts.explorer().chance());
    if (!goes_on) return false;
    if (world_->out_of_memory()) return true;  // others may do with less
    sampler.parts.count(now);
    budget -= now;
  }
  return true;
}

std::uint64_t Search::sample_in_processes(Sampler& sampler, std::uint64_t parts) {
  const std::size_t jobs = jobs_of(options_);
  if (!divides_ || jobs < 2 || !can_fork()) return 0;
  const PassingParts passed = make_parts(*world_, model_, sampler.parts, parts, jobs, deadline_);
  sampler.parts.skip(passed.parts);
  divides_ = passed.all;
  const std::uint64_t executions = passed.parts * SampleParts::kPart;
  share_of(sampler.name).executions += executions;
  verdict_.executions += executions;
  verdict_.steps += passed.steps;
  for (const std::uint64_t hash : passed.hashes) distinct_.add(hash);
  if (passed.parts > 0) claim(passed.chance);
  return executions;
}

void Search::claim(double chance) {
  if (chance > 0) chance_ = chance_ > 0 ? std::min(chance_, chance) : chance;
}

bool Search::accesses_known() {
  const std::string why = accesses_unknown(options_.strategy);
  if (!why.empty()) give_up(why);
  return why.empty();
}

}  // namespace cocheck::detail
