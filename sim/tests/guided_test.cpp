#include "cocheck/explorers/guided.hpp"

#include <cstdint>
#include <string>
#include <vector>

#include "cocheck/choose.hpp"
#include "models.hpp"

namespace cocheck {
namespace {

using namespace test;

/// Three tasks write their names in the order in which they run, with a number drawn by each.
class Guided : public ::testing::Test {
 protected:
  static Choice step(const char* task) {
    Choice choice;
    choice.task = task;
    return choice;
  }
  static Choice value(const char* task, std::size_t drawn) {
    Choice choice;
    choice.kind = Choice::Kind::value;
    choice.task = task;
    choice.value = drawn;
    return choice;
  }

  std::string run(Explorer& explorer) {
    std::string order;
    EXPECT_TRUE(explorer.next());
    world_.run(
        [&]() -> Task<> {
          auto child = [&](char name) -> Task<> {
            order += name + std::to_string(choose(3));
            co_return;
          };
          co_await gather(child('a'), child('b'), child('c'));
        },
        explorer);
    return order;
  }
  std::string run_with(const std::vector<Deviation>& deviations) {
    GuidedExplorer explorer(deviations);
    return run(explorer);
  }

  World world_{Options()};
};

// The points: which of three tasks, then which of two; and one value of each task.

TEST_F(Guided, WithoutDeviationsIsFifo) {
  EXPECT_EQ(run_with({}), "a0b0c0");
}

TEST_F(Guided, TakesDeviationsAtTheirPositions) {
  EXPECT_EQ(run_with({{0, step("0.2")}}), "c0a0b0");
  EXPECT_EQ(run_with({{0, step("0.2")}, {1, step("0.1")}}), "c0b0a0");
  EXPECT_EQ(run_with({{0, value("0.0", 2)}, {0, value("0.2", 1)}}), "a2b0c1");
}

TEST_F(Guided, KeepsAValueWhateverComesBeforeIt) {
  EXPECT_EQ(run_with({{0, step("0.2")}, {0, value("0.1", 2)}}), "c0a0b2");
  EXPECT_EQ(run_with({{0, value("0.1", 2)}, {1, step("0.2")}}), "a0c0b2");
}

TEST_F(Guided, LeavesOutWhatIsNotOnOffer) {
  EXPECT_EQ(run_with({{0, step("0.7")}}), "a0b0c0");
  EXPECT_EQ(run_with({{0, value("0.0", 3)}}), "a0b0c0");
  EXPECT_EQ(run_with({{1, value("0.0", 1)}}), "a0b0c0") << "it draws but once";
  EXPECT_EQ(run_with({{0, value("0.7", 1)}}), "a0b0c0");
  EXPECT_EQ(run_with({{0, step("0.0")}, {1, step("0.0")}}), "a0b0c0") << "it has ended";
  EXPECT_EQ(run_with({{99, step("0.1")}}), "a0b0c0");
}

TEST_F(Guided, GoesOnAfterOneThatWasLeftOut) {
  EXPECT_EQ(run_with({{0, step("0.7")}, {1, step("0.2")}}), "a0c0b0");
}

TEST_F(Guided, ExplorerMakesOneExecution) {
  GuidedExplorer explorer({});
  EXPECT_TRUE(explorer.next());
  EXPECT_FALSE(explorer.next());
}

TEST_F(Guided, TapeRepeatsAnExecution) {
  const std::vector<std::uint32_t> tape{2, 1, 1, 2, 0};
  TapeExplorer explorer(tape, Order::any);
  EXPECT_EQ(run(explorer), "c1b2a0");
  EXPECT_EQ(std::vector<std::uint32_t>(world_.tape().begin(), world_.tape().end()), tape);
}

TEST_F(Guided, TapeThatDoesNotFitIsAModelThatIsNotDeterministic) {
  const std::vector<std::uint32_t> too_short{2, 1, 1};
  TapeExplorer short_explorer(too_short, Order::any);
  EXPECT_THROW(run(short_explorer), NotDeterministic);
  const std::vector<std::uint32_t> too_high{3, 0, 0, 0, 0};
  TapeExplorer high_explorer(too_high, Order::any);
  EXPECT_THROW(run(high_explorer), NotDeterministic);
  EXPECT_EQ(run_with({}), "a0b0c0") << "the world is usable afterwards";
}

}  // namespace
}  // namespace cocheck
