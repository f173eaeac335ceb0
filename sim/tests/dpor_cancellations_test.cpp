// Injected cancellations in a search over classes: one execution of each class that there is among
// all interleavings, and every end. Prints the seed of a program that fails; kFirstSeed set to it
// repeats that program first.

#include <gtest/gtest.h>

#include <cstdint>
#include <utility>

#include "classes.hpp"
#include "random_class_programs.hpp"

namespace cocheck {
namespace {

using test::ClassProgram;
using test::FirstPick;
using test::Seen;

constexpr std::uint64_t kFirstSeed = 1;
constexpr int kPrograms = 2'000;
constexpr std::uint64_t kMaxExecutions = 1'500;  // programs with more are left out
constexpr int kShards = 4;                       // that run at the same time

class CancellationsInRandomPrograms : public ::testing::TestWithParam<int> {};

TEST_P(CancellationsInRandomPrograms, AreSeenInEachClassOnce) {
  int checked = 0;
  int in_parts = 0;
  std::uint64_t interleavings = 0;
  std::uint64_t executions = 0;
  std::uint64_t blocked = 0;
  for (std::uint64_t seed = kFirstSeed + static_cast<std::uint64_t>(GetParam());
       checked < kPrograms / kShards; seed += kShards) {
    ClassProgram program = test::random_class_program(seed);
    program.options.eager_tasks = false;  // these are searched without reduction
    program.options.cancellations = seed / kShards % 3 == 0 ? 2 : 1;
    const Seen all = test::all_interleavings(program, kMaxExecutions);
    if (all.end == DporExplorer::End::out_of_executions) continue;
    ++checked;
    const auto where = [&] {
      return ::testing::Message() << "seed " << seed << ", " << program.options.cancellations
                                  << " cancellations: " << program;
    };
    ASSERT_EQ(all.end, DporExplorer::End::exhausted) << where();
    DporExplorer::Settings settings;
    settings.first_pick = static_cast<FirstPick>(seed / kShards % 4);
    settings.seed = seed;
    World world(program.options);
    const Seen reduced = test::search(world, program, settings);
    ASSERT_EQ(reduced.end, DporExplorer::End::exhausted) << where();
    ASSERT_EQ(reduced.ends, all.ends) << where();
    ASSERT_EQ(reduced.classes, all.classes) << where();
    ASSERT_EQ(reduced.executions, reduced.classes) << "a class was seen twice; " << where();
    settings.picks = reduced.picks;
    const auto divided = test::search_divided(reduced.conflicts, [&](auto orders) {
      settings.orders = std::move(orders);
      return test::search(world, program, settings);
    });
    if (divided) {
      ASSERT_EQ(divided->ends, all.ends) << "in parts; " << where();
      ASSERT_EQ(divided->classes, all.classes) << "in parts; " << where();
      ASSERT_EQ(divided->executions, all.classes) << "in parts; " << where();
      if (!reduced.conflicts.empty()) ++in_parts;
    }
    if (checked % 16 == 0) {
      ASSERT_EQ(all.executions, test::exhaustive_executions(program)) << where();
    }
    interleavings += all.executions;
    executions += reduced.executions;
    blocked += reduced.blocked;
  }
  EXPECT_GT(in_parts, checked / 20);
  EXPECT_LT(executions, interleavings / 4) << "too little is independent in them";
  EXPECT_LT(blocked, executions / 1'000);
}

INSTANTIATE_TEST_SUITE_P(Shards, CancellationsInRandomPrograms, ::testing::Range(0, kShards));

}  // namespace
}  // namespace cocheck
