// Whom a trace blames for a lost update: only who did it, byte by byte.

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "cocheck/detail/access_log.hpp"
#include "cocheck/detail/recorder.hpp"
#include "cocheck/explorers/fifo.hpp"
#include "models.hpp"

namespace cocheck {
namespace {

using namespace test;

/// What one execution in asyncio's order loses, by task: "0.1 loses NAME of 0.0: ...".
std::vector<TraceEvent> lost_in(const Model& model) {
  World world((Options()));
  FifoExplorer explorer;
  EXPECT_TRUE(explorer.next());
  detail::Recorder recorder;
  world.run(model, explorer, &recorder);
  std::vector<TraceEvent> lost;
  for (const TraceEvent& event : recorder.trace().events) {
    if (event.verb == "lost update") lost.push_back(event);
  }
  return lost;
}

std::string in_words(const std::vector<TraceEvent>& events) {
  std::string text;
  for (const TraceEvent& event : events) {
    text += event.task + " " + event.object + " " + event.detail + "\n";
  }
  return text;
}

class LostUpdates : public testing::Test {
 protected:
  void SetUp() override {
    if (!detail::AccessLog::instrumented()) GTEST_SKIP() << "this program is not instrumented";
  }
};

unsigned read_line = 0;
unsigned write_line = 0;

template <class Value>
Task<> add_one(Value& value) {
  read_line = __LINE__ + 1;
  const Value before = value;
  co_await sleep(0s);
  write_line = __LINE__ + 1;
  value = static_cast<Value>(before + 1);
}

template <class Value>
Task<> set(Value& value) {
  const Value before = value;
  co_await sleep(0s);
  if (before == Value()) value = Value(1);
}

template <class Value>
struct Pair {
  Value left{};
  Value right{};
};

template <class Value>
Task<> neighbours() {
  Pair<Value> pair;
  co_await gather(add_one(pair.left), add_one(pair.right));
}

TEST_F(LostUpdates, AreNotThoseOfNeighbours) {
  EXPECT_EQ(in_words(lost_in(&neighbours<int>)), "");
  EXPECT_EQ(in_words(lost_in(&neighbours<short>)), "");
  EXPECT_EQ(in_words(lost_in(&neighbours<char>)), "");
}

Task<> bools() {
  std::array<bool, 8> flags{};
  std::vector<Task<>> tasks;
  for (bool& flag : flags) tasks.push_back(set(flag));
  co_await gather(std::move(tasks));
}

TEST_F(LostUpdates, AreNotThoseOfNeighbouringBools) {
  EXPECT_EQ(in_words(lost_in(&bools)), "");
}

Task<> elements() {
  std::vector<int> counters(12);
  std::vector<Task<>> tasks;
  for (int& counter : counters) tasks.push_back(add_one(counter));
  co_await gather(std::move(tasks));
}

TEST_F(LostUpdates, AreNotThoseOfNeighbouringElements) {
  EXPECT_EQ(in_words(lost_in(&elements)), "");
}

Task<> use_bit(std::vector<bool>& bits, std::size_t at) {
  const bool before = bits[at];
  co_await sleep(0s);
  bits[at] = !before;
}

Task<> packed_bools() {
  std::vector<bool> bits(12);
  std::vector<Task<>> tasks;
  for (std::size_t i = 0; i < bits.size(); ++i) tasks.push_back(use_bit(bits, i));
  co_await gather(std::move(tasks));
}

TEST_F(LostUpdates, AreNotThoseOfNeighboursInAVectorOfBool) {
  EXPECT_EQ(in_words(lost_in(&packed_bools)), "");
}

/// A bank of twelve accounts, each used by two tasks: the second one of each loses the update of
/// the first.
Task<> bank(std::size_t accounts) {
  std::vector<int> balances(accounts);
  std::vector<Task<>> tasks;
  for (int round = 0; round < 2; ++round) {
    for (int& balance : balances) tasks.push_back(add_one(balance));
  }
  co_await gather(std::move(tasks));
}

TEST_F(LostUpdates, AreAllFoundAmongNeighbours) {
  const std::vector<TraceEvent> lost = lost_in([] { return bank(12); });
  ASSERT_EQ(lost.size(), 12u) << in_words(lost);
  const std::string place = "instrumentation_lost_updates_test.cpp:";
  for (std::size_t i = 0; i < lost.size(); ++i) {
    EXPECT_EQ(lost[i].task, "0." + std::to_string(12 + i));
    // Step 0 is that of the first task; each of the 24 reads in one step and writes in another.
    EXPECT_EQ(lost[i].detail, "of 0." + std::to_string(i) + ": " + place +
                                  std::to_string(write_line) + " in step " +
                                  std::to_string(25 + i) + "; read before at " + place +
                                  std::to_string(read_line) + " in step " + std::to_string(13 + i));
    EXPECT_EQ(lost[i].place.line, write_line);
    EXPECT_TRUE(lost[i].suspicious);
  }
}

Task<> one_of_many_in_a_row(std::size_t tasks) {
  int counter = 0;
  std::vector<Task<>> children;
  for (std::size_t i = 0; i < tasks; ++i) children.push_back(add_one(counter));
  co_await gather(std::move(children));
}

TEST_F(LostUpdates, AreFoundForEachTaskThatWritesOver) {
  const std::vector<TraceEvent> lost = lost_in([] { return one_of_many_in_a_row(12); });
  ASSERT_EQ(lost.size(), 11u) << in_words(lost);
  for (std::size_t i = 0; i < lost.size(); ++i) {
    EXPECT_EQ(lost[i].task, "0." + std::to_string(i + 1));
    EXPECT_EQ(lost[i].detail.find("of 0." + std::to_string(i) + ": "), 0u) << lost[i].detail;
  }
}

Task<> copy_whole(Pair<int>& pair) {
  const Pair<int> before = pair;
  co_await sleep(0s);
  pair = before;
}

Task<> whole_and_part() {
  Pair<int> pair;
  co_await gather(add_one(pair.right), copy_whole(pair));
}

TEST_F(LostUpdates, AreFoundWherePartOfWhatIsWrittenWasChanged) {
  const std::vector<TraceEvent> lost = lost_in(&whole_and_part);
  ASSERT_EQ(lost.size(), 1u) << in_words(lost);
  EXPECT_EQ(lost[0].task, "0.1");
  EXPECT_EQ(lost[0].detail.find("of 0.0: "), 0u) << lost[0].detail;
}

Task<> look_again(int& value) {
  int before = value;
  co_await sleep(0s);
  before = value;
  value = before + 1;
}

TEST_F(LostUpdates, AreNoneWhereATaskLooksAgain) {
  EXPECT_EQ(in_words(lost_in([]() -> Task<> {
              int value = 0;
              co_await gather(look_again(value), look_again(value));
            })),
            "");
}

int balance_of_all = 0;

TEST_F(LostUpdates, HaveTheNameOfAStaticVariable) {
  const std::vector<TraceEvent> lost = lost_in([]() -> Task<> {
    balance_of_all = 0;
    co_await gather(add_one(balance_of_all), add_one(balance_of_all));
  });
  ASSERT_EQ(lost.size(), 1u) << in_words(lost);
  EXPECT_NE(lost[0].object.find("balance_of_all"), std::string::npos) << lost[0].object;
}

TEST_F(LostUpdates, HaveNoNameWhereNoneIsKnown) {
  const std::vector<TraceEvent> lost = lost_in([] { return one_of_many_in_a_row(2); });
  ASSERT_EQ(lost.size(), 1u) << in_words(lost);
  EXPECT_EQ(lost[0].object, "");
}

}  // namespace
}  // namespace cocheck
