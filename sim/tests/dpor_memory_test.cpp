// Small random programs over plain variables and locks, in which what a step touches depends on
// values, draws and on who came first: `dpor` must make exactly one execution of each class that
// there is among all interleavings, and see every end. Prints the seed of a program that fails.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "classes.hpp"
#include "cocheck/primitives.hpp"
#include "cocheck/random_stream.hpp"

namespace cocheck {
namespace {

using namespace test;

constexpr std::uint64_t kFirstSeed = 1;
constexpr int kPrograms = 5'000;
constexpr std::uint64_t kMaxExecutions = 400;  // programs with more are left out

constexpr std::size_t kCells = 3;

struct Instruction {
  enum class Kind : std::uint8_t {
    write,
    copy,
    compare_and_set,
    write_through,  // the cell that another one says
    draw,
    draw_where,
    yield,
    yield_if,
    lock,
    unlock,
    set,
    clear,
    wait,
  };
  static constexpr std::size_t kKinds = 13;

  Kind kind = Kind::write;
  std::size_t a = 0;
  std::size_t b = 0;
  int value = 0;
};

using Script = std::vector<Instruction>;

struct Program {
  std::vector<Script> scripts;
  Options options;
};

std::string in_words(const Program& program) {
  constexpr std::array<const char*, Instruction::kKinds> kNames{
      "write",    "copy", "compare_and_set", "write_through", "draw",  "draw_where", "yield",
      "yield_if", "lock", "unlock",          "set",           "clear", "wait"};
  std::string text = program.options.always_suspend ? "always suspends" : "";
  for (const Script& script : program.scripts) {
    text += "\n  task:";
    for (const Instruction& instruction : script) {
      text += std::string(" ") + kNames[static_cast<std::size_t>(instruction.kind)] + "(" +
              std::to_string(instruction.a) + "," + std::to_string(instruction.b) + "," +
              std::to_string(instruction.value) + ")";
    }
  }
  return text;
}

Program random_program(std::uint64_t seed) {
  RandomStream random(seed);
  Program program;
  program.scripts.resize(2 + random.below(3));
  for (Script& script : program.scripts) {
    script.resize(1 + random.below(program.scripts.size() == 2 ? 7 : 5));
    for (Instruction& instruction : script) {
      instruction.kind = static_cast<Instruction::Kind>(random.below(Instruction::kKinds));
      instruction.a = random.below(kCells);
      instruction.b = random.below(kCells);
      instruction.value = static_cast<int>(random.below(3));
    }
  }
  program.options.always_suspend = random.below(5) == 0;
  return program;
}

struct Shared {
  std::vector<int> cells = std::vector<int>(kCells);
  std::vector<Lock> locks = std::vector<Lock>(2);
  Event event;
};

Task<> run(Shared& shared, const Script& script) {
  std::vector<int>& cells = shared.cells;
  for (const Instruction& instruction : script) {
    const auto [kind, a, b, value] = instruction;
    switch (kind) {
      case Instruction::Kind::write:
        cells[a] = value;
        break;
      case Instruction::Kind::copy:
        cells[a] = cells[b];
        break;
      case Instruction::Kind::compare_and_set:
        if (cells[a] == value) cells[a] = value + 1;
        break;
      case Instruction::Kind::write_through:
        cells[static_cast<std::size_t>(cells[a]) % kCells] = value;
        break;
      case Instruction::Kind::draw:
        cells[a] = static_cast<int>(choose(2));
        break;
      case Instruction::Kind::draw_where:
        cells[choose(2)] += value;
        break;
      case Instruction::Kind::yield:
        co_await sleep(0s);
        break;
      case Instruction::Kind::yield_if:
        if (cells[a] == value) co_await sleep(0s);
        break;
      case Instruction::Kind::lock:
        co_await shared.locks[a % 2].acquire();
        break;
      case Instruction::Kind::unlock:
        if (shared.locks[a % 2].locked()) shared.locks[a % 2].release();
        break;
      case Instruction::Kind::set:
        shared.event.set();
        break;
      case Instruction::Kind::clear:
        shared.event.clear();
        break;
      case Instruction::Kind::wait:
        co_await shared.event.wait();
        break;
    }
  }
}

Model model_of(const Program& program, std::string& result) {
  return [&]() -> Task<> {
    Shared shared;
    const AtTheEnd report(result, [&] {
      std::string text;
      for (const int cell : shared.cells) text += std::to_string(cell) + " ";
      return text;
    });
    std::vector<Task<>> tasks;
    for (const Script& script : program.scripts) tasks.push_back(run(shared, script));
    co_await gather(std::move(tasks));
  };
}

TEST(ClassesOfProgramsOverMemory, AreEachSeenOnce) {
  int checked = 0;
  int in_parts = 0;
  std::uint64_t interleavings = 0;
  std::uint64_t executions = 0;
  std::uint64_t blocked = 0;
  for (std::uint64_t seed = kFirstSeed; checked < kPrograms; ++seed) {
    const Program program = random_program(seed);
    std::string result;
    const Model model = model_of(program, result);
    const Seen all = all_interleavings(model, program.options, &result, kMaxExecutions);
    if (all.end == DporExplorer::End::out_of_executions || all.classes < 3) continue;
    ++checked;
    const auto where = [&] { return "seed " + std::to_string(seed) + ": " + in_words(program); };
    ASSERT_EQ(all.end, DporExplorer::End::exhausted) << where();
    DporExplorer::Settings settings;
    settings.first_pick = static_cast<FirstPick>(seed % 4);
    settings.seed = seed;
    settings.checks_repeated = seed % 2 == 0;
    World world(program.options);
    const Seen reduced = search(world, model, settings, &result);
    ASSERT_EQ(reduced.end, DporExplorer::End::exhausted) << where();
    ASSERT_EQ(reduced.ends, all.ends) << where();
    ASSERT_EQ(reduced.classes, all.classes) << where();
    ASSERT_EQ(reduced.wrongly_repeated, 0u) << where();
    ASSERT_EQ(reduced.executions, reduced.classes) << "a class was seen twice; " << where();
    settings.picks = reduced.picks;
    const auto divided = search_divided(reduced.conflicts, [&](auto orders) {
      settings.orders = std::move(orders);
      return search(world, model, settings, &result);
    });
    if (divided) {
      ASSERT_EQ(divided->ends, all.ends) << "in parts; " << where();
      ASSERT_EQ(divided->classes, all.classes) << "in parts; " << where();
      ASSERT_EQ(divided->executions, all.classes) << "in parts; " << where();
      if (!reduced.conflicts.empty()) ++in_parts;
    }
    interleavings += all.executions;
    executions += reduced.executions;
    blocked += reduced.blocked;
  }
  EXPECT_GT(in_parts, kPrograms / 2);
  EXPECT_LT(blocked, executions / 40);
  EXPECT_LT(executions, interleavings / 2) << "too little is independent in them";
}

}  // namespace
}  // namespace cocheck
