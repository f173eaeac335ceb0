// Small random programs of all primitives: `dpor` must make exactly one execution of each class
// that there is among all interleavings, and see every end; whatever step it takes where it is
// free. A relation that is broken on purpose must not pass. Prints the seed of a program that
// fails; kFirstSeed set to it repeats that program first.

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "classes.hpp"
#include "cocheck/explorers/dpor.hpp"
#include "cocheck/primitives.hpp"
#include "cocheck/random_stream.hpp"
#include "random_class_programs.hpp"

namespace cocheck {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kFirstSeed = 1;
constexpr int kPrograms = 20'000;
constexpr std::size_t kMutants = 150;          // programs for a broken relation
constexpr std::uint64_t kMaxExecutions = 250;  // programs with more are left out
constexpr int kShards = 4;                     // that run at the same time

using test::ClassProgram;
using test::FirstPick;
using test::random_class_program;
using test::Seen;

class ClassesOfRandomPrograms : public ::testing::TestWithParam<int> {};

TEST_P(ClassesOfRandomPrograms, AreEachSeenOnce) {
  int checked = 0;
  int in_parts = 0;
  std::uint64_t interleavings = 0;
  std::uint64_t executions = 0;
  std::uint64_t blocked = 0;
  std::uint64_t repeated = 0;
  for (std::uint64_t seed = kFirstSeed + static_cast<std::uint64_t>(GetParam());
       checked < kPrograms / kShards; seed += kShards) {
    const ClassProgram program = random_class_program(seed);
    const Seen all = all_interleavings(program, kMaxExecutions);
    if (all.end == DporExplorer::End::out_of_executions) continue;
    ++checked;
    const auto where = [&] { return ::testing::Message() << "seed " << seed << ": " << program; };
    ASSERT_EQ(all.end, DporExplorer::End::exhausted) << where();
    DporExplorer::Settings settings;
    settings.first_pick = static_cast<FirstPick>(seed / kShards % 4);
    settings.seed = seed;
    settings.checks_repeated = checked % 4 == 0;
    World world(program.options);
    const Seen reduced = search(world, program, settings);
    ASSERT_EQ(reduced.end, DporExplorer::End::exhausted) << where();
    ASSERT_EQ(reduced.ends, all.ends) << where();
    ASSERT_EQ(reduced.classes, all.classes) << where();
    ASSERT_EQ(reduced.wrongly_repeated, 0u) << where();
    ASSERT_EQ(reduced.executions, reduced.classes) << "a class was seen twice; " << where();
    if (checked % 4 == 1) {
      const Seen quiet = search_quietly(program, settings);
      ASSERT_EQ(quiet.end, DporExplorer::End::exhausted) << where();
      ASSERT_EQ(quiet.executions, reduced.executions) << where();
      ASSERT_EQ(quiet.classes, reduced.classes) << where();
      ASSERT_EQ(quiet.failing, reduced.failing) << where();
      DporExplorer::Settings every_order;
      every_order.reduce = false;
      every_order.checks_repeated = true;
      const Seen checked_twice = search_quietly(program, every_order);
      ASSERT_EQ(checked_twice.wrongly_repeated, 0u) << where();
      ASSERT_EQ(checked_twice.executions, all.executions) << where();
      ASSERT_EQ(checked_twice.classes, all.classes) << where();
      repeated += quiet.repeated + checked_twice.repeated;
    }
    settings.picks = reduced.picks;
    const auto divided = test::search_divided(reduced.conflicts, [&](auto orders) {
      settings.orders = std::move(orders);
      return search(world, program, settings);
    });
    if (divided) {
      ASSERT_EQ(divided->ends, all.ends) << "in parts; " << where();
      ASSERT_EQ(divided->classes, all.classes) << "in parts; " << where();
      ASSERT_EQ(divided->executions, all.classes) << "in parts; " << where();
      if (!reduced.conflicts.empty()) ++in_parts;
    }
    if (checked % 16 == 0) {
      ASSERT_EQ(all.executions, exhaustive_executions(program)) << where();
    }
    interleavings += all.executions;
    executions += reduced.executions;
    blocked += reduced.blocked;
  }
  EXPECT_GT(in_parts, checked / 5);
  EXPECT_LT(executions, interleavings / 4) << "too little is independent in them";
  EXPECT_LT(blocked, executions / 1'000);
  EXPECT_GT(repeated, executions) << "too few steps are known in them";
}

INSTANTIATE_TEST_SUITE_P(Shards, ClassesOfRandomPrograms, ::testing::Range(0, kShards));

/// Whether one of some programs tells that accesses to some words are not seen.
int noticed_without_words(std::uint64_t modulus, std::uint64_t remainder) {
  int noticed = 0;
  std::size_t checked = 0;
  for (std::uint64_t seed = kFirstSeed; checked < kMutants; ++seed) {
    const ClassProgram program = random_class_program(seed);
    const Seen all = all_interleavings(program, kMaxExecutions);
    if (all.end != DporExplorer::End::exhausted || all.classes < 3) continue;
    ++checked;
    DporExplorer::Settings settings;
    settings.ignored_modulus = modulus;
    settings.ignored_remainder = remainder;
    try {
      if (search(program, settings).ends != all.ends) ++noticed;
    } catch (const NotDeterministic&) {  // a step was taken for possible that is not
      ++noticed;
    }
  }
  return noticed;
}

TEST(BrokenDependence, ThatMissesEveryWordLosesEnds) {
  EXPECT_GT(noticed_without_words(1, 0), static_cast<int>(kMutants) / 10);
}

TEST(BrokenDependence, ThatMissesHalfOfTheWordsLosesEnds) {
  EXPECT_GT(noticed_without_words(2, 0), 0);
  EXPECT_GT(noticed_without_words(2, 1), 0);
}

}  // namespace
}  // namespace cocheck
