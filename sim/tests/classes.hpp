#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cocheck/explorers/dpor.hpp"
#include "cocheck/explorers/exhaustive.hpp"
#include "models.hpp"

/// What a search over classes sees, beside what a search over interleavings sees.
namespace cocheck::test {

using FirstPick = DporExplorer::FirstPick;

struct Seen {
  std::uint64_t executions = 0;
  std::uint64_t blocked = 0;
  std::uint64_t failing = 0;
  std::uint64_t repeated = 0;  // steps, with
  std::uint64_t wrongly_repeated = 0;
  std::size_t classes = 0;
  std::set<std::string> ends;
  std::vector<DporExplorer::Conflict> conflicts;  // of the first execution
  DporExplorer::Picks picks;
  DporExplorer::End end = DporExplorer::End::exhausted;
};

inline std::ostream& operator<<(std::ostream& out, const Seen& seen) {
  return out << seen.executions << " executions of " << seen.classes << " classes, " << seen.failing
             << " failing, " << seen.blocked << " blocked, " << seen.ends.size() << " ends, end "
             << static_cast<int>(seen.end);
}

/// Sets `result` when it dies, to what a function gives: at the end of every execution, deadlocks
/// included, where it lies in the frame of the first task.
template <class Function>
class AtTheEnd {
 public:
  AtTheEnd(std::string& result, Function function)
      : result_(result), function_(std::move(function)) {}
  AtTheEnd(const AtTheEnd&) = delete;
  AtTheEnd& operator=(const AtTheEnd&) = delete;
  ~AtTheEnd() {
    const detail::ModelMemory::Scope outside(nullptr);
    result_ = function_();
  }

 private:
  std::string& result_;
  Function function_;
};

/// How an execution ended: `result`, which the model has set, or its failure.
inline std::string end_of(const World& world, const std::string& result) {
  return world.failure() ? to_string(world.failure()->kind) + std::string(" ") + result : result;
}

/// `result` is what the model sets at the end of an execution, if it does.
inline Seen search(World& world, const Model& model, DporExplorer::Settings settings,
                   std::string* result = nullptr,
                   std::uint64_t max_executions = ~std::uint64_t{0}) {
  Seen seen;
  settings.stop_at_failure = false;
  settings.counts_classes = true;
  settings.counts_conflicts = settings.reduce && settings.orders.empty();
  if (result != nullptr) {
    settings.on_end = [&](const World& ended) {
      seen.ends.insert(end_of(ended, *result));
      result->clear();
    };
  }
  DporExplorer::Limits limits;
  limits.executions = max_executions;
  DporExplorer explorer(limits, settings);
  explorer.next();
  world.run(model, explorer);
  std::vector<detail::Fingerprint> classes = explorer.classes();
  classes.erase(std::unique(classes.begin(), classes.end()), classes.end());
  seen.executions = explorer.executions();
  seen.blocked = explorer.blocked();
  seen.failing = explorer.failing();
  seen.repeated = explorer.repeated();
  seen.wrongly_repeated = explorer.wrongly_repeated();
  seen.classes = classes.size();
  seen.conflicts = explorer.conflicts();
  seen.picks = explorer.picks();
  seen.end = explorer.end();
  return seen;
}

inline Seen search(const Model& model, const Options& options, DporExplorer::Settings settings,
                   std::string* result = nullptr,
                   std::uint64_t max_executions = ~std::uint64_t{0}) {
  World world(options);
  return search(world, model, std::move(settings), result, max_executions);
}

/// What searches of parts see together: each order of some steps that conflict is one part. Says
/// nothing where they do not conflict after all. They must be made in the world in which the
/// conflicts were seen: there the processes are known.
template <class Search>
std::optional<Seen> search_divided(const std::vector<DporExplorer::Conflict>& conflicts,
                                   Search&& search_with) {
  std::vector<DporExplorer::Conflict> chosen;
  for (const DporExplorer::Conflict& conflict : conflicts) {
    if (conflict.without == 0 && conflict.conflicts > 0 && chosen.size() < 3) {
      chosen.push_back(conflict);
    }
  }
  Seen whole;
  for (std::size_t part = 0; part < std::size_t{1} << chosen.size(); ++part) {
    std::vector<DporExplorer::StepOrder> orders;
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      const auto& [one, other, conflicts_of, without] = chosen[i];
      const bool reversed = (part >> i & 1) != 0;
      orders.push_back({reversed ? other : one, reversed ? one : other, !reversed});
    }
    const Seen seen = search_with(std::move(orders));
    if (seen.end == DporExplorer::End::no_conflict) return std::nullopt;
    EXPECT_EQ(seen.end, DporExplorer::End::exhausted) << seen;
    whole.executions += seen.executions;
    whole.failing += seen.failing;
    whole.blocked += seen.blocked;
    whole.classes += seen.classes;
    whole.ends.insert(seen.ends.begin(), seen.ends.end());
  }
  return whole;
}

inline Seen all_interleavings(const Model& model, const Options& options = Options(),
                              std::string* result = nullptr,
                              std::uint64_t max_executions = ~std::uint64_t{0}) {
  DporExplorer::Settings settings;
  settings.reduce = false;
  settings.repeats_steps = false;
  return search(model, options, settings, result, max_executions);
}

inline std::uint64_t exhaustive_executions(const Model& model, const Options& options = Options()) {
  World world(options);
  ExhaustiveExplorer explorer;
  std::uint64_t executions = 0;
  while (explorer.next()) {
    world.run(model, explorer);
    ++executions;
  }
  return executions;
}

/// One execution of each class, whatever is picked first. With `brute_force` there must be as many
/// classes among all interleavings, with the same ends.
inline Seen expect_one_of_each(const Model& model, const Options& options = Options(),
                               std::string* result = nullptr, bool brute_force = true) {
  const Seen all = brute_force ? all_interleavings(model, options, result) : Seen();
  EXPECT_EQ(all.end, DporExplorer::End::exhausted) << all;
  Seen seen;
  std::uint64_t blocked = 0;
  for (const FirstPick pick :
       {FirstPick::first, FirstPick::last, FirstPick::random, FirstPick::by_priority}) {
    SCOPED_TRACE("first pick " + std::to_string(static_cast<int>(pick)));
    DporExplorer::Settings settings;
    settings.first_pick = pick;
    seen = search(model, options, settings, result);
    blocked += seen.blocked;
    EXPECT_EQ(seen.end, DporExplorer::End::exhausted) << seen;
    EXPECT_EQ(seen.executions, seen.classes) << "a class was seen twice";
    if (brute_force) {
      EXPECT_EQ(seen.classes, all.classes);
      EXPECT_EQ(seen.ends, all.ends);
    }
  }
  seen.blocked = blocked;
  return seen;
}

constexpr std::uint64_t kFeasible = 200'000;  // interleavings that are walked one by one

/// The counts that are published; `interleavings` 0 where they are not. No execution is begun in
/// vain.
inline Seen expect_counts(const Model& model, std::uint64_t interleavings, std::uint64_t classes) {
  const bool feasible = interleavings != 0 && interleavings <= kFeasible;
  const Seen seen = expect_one_of_each(model, Options(), nullptr, feasible);
  EXPECT_EQ(seen.classes, classes);
  EXPECT_EQ(seen.blocked, 0u);
  if (feasible) {
    EXPECT_EQ(exhaustive_executions(model), interleavings);
  }
  return seen;
}

}  // namespace cocheck::test
