#include "cocheck/detail/happens_before.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cocheck/random_stream.hpp"

namespace cocheck::detail {
namespace {

using Index = HappensBefore::Index;
using Kept = HappensBefore::Kept;
using Events = std::vector<Index>;

constexpr std::uint64_t kFirstWord = 0x5a3c'0000'0000u / 8;
constexpr std::array<int, 16> kNames{};  // whose addresses name processes and meetings

const void* name(std::size_t number) {
  return &kNames[number];
}

struct Access {
  std::uint64_t word = 0;
  std::uint8_t reads = 0;
  std::uint8_t writes = 0;
};
Access reads(std::uint64_t word, std::uint8_t bytes = 0xff) {
  return {word, bytes, 0};
}
Access writes(std::uint64_t word, std::uint8_t bytes = 0xff) {
  return {word, 0, bytes};
}

/// A step as it is written down in a test: words, processes and meetings by small numbers.
struct Move {
  std::size_t process = 0;
  std::vector<Access> accesses = {};
  std::vector<std::size_t> posts = {};
  std::vector<std::size_t> arrivals = {};
  std::vector<std::size_t> completed = {};
  std::vector<ReleasedWords> released = {};
  std::vector<std::uint32_t> values = {};
  bool final = false;
};

std::vector<const void*> names_of(const std::vector<std::size_t>& numbers) {
  std::vector<const void*> result;
  for (const std::size_t number : numbers) result.push_back(name(number));
  return result;
}

std::vector<AccessedWord> words_of(const Move& move) {
  std::vector<AccessedWord> words;
  for (const Access& access : move.accesses) {
    words.emplace_back(kFirstWord + access.word, access.reads, access.writes);
  }
  return words;
}

std::vector<ReleasedWords> released_of(const Move& move) {
  std::vector<ReleasedWords> released;
  for (const ReleasedWords& run : move.released) {
    released.push_back({kFirstWord + run.begin, kFirstWord + run.end});
  }
  return released;
}

Index push(HappensBefore& order, const Move& move) {
  const std::vector<AccessedWord> words = words_of(move);
  const std::vector<ReleasedWords> released = released_of(move);
  const auto posts = names_of(move.posts);
  const auto arrivals = names_of(move.arrivals);
  const auto completed = names_of(move.completed);
  HappensBefore::Step step;
  step.process = name(move.process);
  step.footprint = {words, released, 0, 0};
  step.values = move.values;
  step.posts = posts;
  step.arrivals = arrivals;
  step.completed = completed;
  step.final = move.final;
  return order.push(step);
}

void push_all(HappensBefore& order, const std::vector<Move>& moves) {
  for (const Move& move : moves) push(order, move);
}

/// With which earlier events one is in a race.
Events races(HappensBefore& order, Index event) {
  Events result;
  for (const HappensBefore::Race& race : order.races(event)) result.push_back(race.earlier);
  std::sort(result.begin(), result.end());
  return result;
}

Events before(const HappensBefore& order, Index event) {
  Events result;
  for (Index earlier = 0; earlier < event; ++earlier) {
    if (order.before(earlier, event)) result.push_back(earlier);
  }
  return result;
}

Fingerprint class_of(const std::vector<Move>& moves) {
  HappensBefore order;
  push_all(order, moves);
  return order.class_of_execution();
}

// Edges.

TEST(HappensBefore, StepsOfOneProcessComeInTheirOrder) {
  HappensBefore order;
  push_all(order, {{0, {writes(1)}}, {1, {}}, {0, {writes(1)}}, {0, {}}});
  EXPECT_EQ(before(order, 1), Events());
  EXPECT_EQ(before(order, 2), (Events{0}));
  EXPECT_EQ(before(order, 3), (Events{0, 2}));
  for (Index event = 0; event < 4; ++event) EXPECT_EQ(races(order, event), Events());
  EXPECT_EQ(order.ordinal(0), 0u);
  EXPECT_EQ(order.ordinal(1), 0u);
  EXPECT_EQ(order.ordinal(3), 2u);
  EXPECT_EQ(order.next_ordinal(name(0)), 3u);
  EXPECT_EQ(order.next_ordinal(name(5)), 0u);
}

TEST(HappensBefore, WhoMakesAProcessReadyComesBeforeItsStepAndIsNoRace) {
  HappensBefore order;
  push_all(order, {{0, {writes(1)}, {1}}, {1, {writes(1)}}, {2, {writes(1)}}});
  EXPECT_EQ(before(order, 1), (Events{0}));
  EXPECT_EQ(races(order, 1), Events());
  EXPECT_EQ(races(order, 2), (Events{1}));
}

TEST(HappensBefore, AnEdgeHidesNoEarlierCompetitor) {
  HappensBefore order;
  push_all(order, {{2, {writes(1)}}, {0, {}, {1}}, {1, {writes(1)}}});
  EXPECT_EQ(races(order, 2), (Events{0}));
  EXPECT_EQ(before(order, 2), (Events{0, 1}));
}

TEST(HappensBefore, AProcessIsWokenAgainAndAgain) {
  HappensBefore order;
  push_all(order, {{1, {}}, {0, {}, {1}}, {2, {}}, {1, {}}, {1, {}}, {2, {}, {1}}, {1, {}}});
  EXPECT_EQ(before(order, 3), (Events{0, 1}));
  EXPECT_EQ(before(order, 4), (Events{0, 1, 3}));
  EXPECT_EQ(before(order, 6), (Events{0, 1, 2, 3, 4, 5}));
}

// Conflicts.

TEST(HappensBefore, AConflictIsARace) {
  const auto races_of = [](Access first, Access second) {
    HappensBefore order;
    push_all(order, {{0, {first}}, {1, {second}}});
    EXPECT_EQ(order.before(0, 1), !races(order, 1).empty());
    return races(order, 1).size();
  };
  EXPECT_EQ(races_of(writes(1), writes(1)), 1u);
  EXPECT_EQ(races_of(reads(1), writes(1)), 1u);
  EXPECT_EQ(races_of(writes(1), reads(1)), 1u);
  EXPECT_EQ(races_of(reads(1), reads(1)), 0u);
  EXPECT_EQ(races_of(writes(1), writes(2)), 0u);
  EXPECT_EQ(races_of(writes(1, 0x0f), writes(1, 0xf0)), 0u);
  EXPECT_EQ(races_of(writes(1, 0x1f), writes(1, 0xf0)), 1u);
}

TEST(HappensBefore, WhatIsOrderedAlreadyIsNoRace) {
  HappensBefore order;
  push_all(order, {{0, {writes(1)}}, {1, {writes(1)}}, {2, {writes(1)}}});
  EXPECT_EQ(races(order, 2), (Events{1}));
  EXPECT_EQ(before(order, 2), (Events{0, 1}));
}

TEST(HappensBefore, AWriteRacesWithAllReadsSinceTheLastWrite) {
  HappensBefore order;
  push_all(order,
           {{0, {reads(1)}}, {1, {writes(1)}}, {2, {reads(1)}}, {3, {reads(1)}}, {4, {writes(1)}}});
  EXPECT_EQ(races(order, 1), (Events{0}));
  EXPECT_EQ(races(order, 2), (Events{1}));
  EXPECT_EQ(races(order, 3), (Events{1}));
  EXPECT_EQ(races(order, 4), (Events{2, 3}));
  EXPECT_EQ(before(order, 4), (Events{0, 1, 2, 3}));
}

TEST(HappensBefore, BytesOfAWordHaveTheirOwnWriters) {
  HappensBefore order;
  push_all(order, {{0, {writes(1, 0x0f)}},
                   {1, {writes(1, 0xf0)}},
                   {2, {reads(1, 0x18)}},
                   {3, {writes(1, 0x01)}}});
  EXPECT_EQ(races(order, 1), Events());
  EXPECT_EQ(races(order, 2), (Events{0, 1}));
  EXPECT_EQ(races(order, 3), (Events{0}));
}

TEST(HappensBefore, AReleaseConflictsWithEveryTouch) {
  HappensBefore order;
  Move release{1, {}};
  release.released = {{2, 5}};
  push_all(order, {{0, {reads(1)}}, {2, {reads(4, 0x01)}}, release, {3, {reads(2)}}});
  EXPECT_EQ(races(order, 2), (Events{1}));
  EXPECT_EQ(races(order, 3), (Events{2}));
}

TEST(HappensBefore, TheStepThatEndsTheExecutionDependsOnAll) {
  HappensBefore order;
  Move last{2, {}};
  last.final = true;
  push_all(order, {{0, {}}, {1, {}}, {0, {}}, last});
  EXPECT_EQ(races(order, 3), (Events{1, 2}));
  EXPECT_EQ(before(order, 3), (Events{0, 1, 2}));
  EXPECT_TRUE(order.dependent(order.kept(1), order.kept(3)));
  EXPECT_FALSE(order.dependent(order.kept(0), order.kept(1)));
}

// Time.

TEST(HappensBefore, NothingCrossesTheTimeThatPasses) {
  HappensBefore order;
  push_all(order, {{0, {writes(1)}}, {1, {writes(2)}}});
  order.begin_epoch();
  EXPECT_EQ(order.epoch(), 2u);
  push_all(order, {{2, {writes(1)}}, {3, {writes(1), writes(2)}}});
  EXPECT_EQ(before(order, 2), (Events{0, 1}));
  EXPECT_EQ(races(order, 2), Events());
  EXPECT_EQ(before(order, 3), (Events{0, 1, 2}));
  EXPECT_EQ(races(order, 3), (Events{2}));
  EXPECT_FALSE(order.before(0, 1));
}

TEST(HappensBefore, TimeIsTakenBackWithTheEventsBehindIt) {
  HappensBefore order;
  push(order, {0, {writes(1)}});
  order.begin_epoch();
  push(order, {1, {writes(1)}});
  EXPECT_EQ(races(order, 1), Events());
  (void)order.pop(0);
  EXPECT_EQ(order.epoch(), 0u);
  push(order, {1, {writes(1)}});
  EXPECT_EQ(races(order, 1), (Events{0}));
}

// Meetings.

std::vector<Move> meeting(std::size_t first, std::size_t last) {
  Move arrives{first, {}};
  arrives.arrivals = {10};
  Move completes{last, {}, {2}};
  completes.arrivals = completes.completed = {10};
  return {arrives, completes, {2, {}}};
}

TEST(HappensBefore, AllWhoCameToAMeetingComeBeforeWhoItMakesReady) {
  HappensBefore order;
  push_all(order, meeting(0, 1));
  EXPECT_EQ(before(order, 1), Events()) << "the order in which they come does not matter";
  EXPECT_EQ(before(order, 2), (Events{0, 1}));
  EXPECT_EQ(races(order, 2), Events());
  EXPECT_EQ(class_of(meeting(0, 1)), class_of(meeting(1, 0)));
}

TEST(HappensBefore, AMeetingIsForWhomItsLastOneMakesReadyOnly) {
  HappensBefore order;
  Move arrives{0, {}};
  arrives.arrivals = {10};
  Move other{1, {}, {2}};
  other.arrivals = {11};
  other.completed = {11};
  push_all(order, {arrives, other, {2, {}}});
  EXPECT_EQ(before(order, 2), (Events{1}));
}

// Words that are shared, and those that are not.

TEST(HappensBefore, AWordThatBecomesSharedLaterCountsForWhatCameBefore) {
  HappensBefore order;
  push_all(order, {{0, {writes(1)}}, {1, {writes(2)}}});
  EXPECT_FALSE(order.dependent(order.kept(0), order.kept(1)));
  push(order, {2, {writes(1), writes(2)}});
  EXPECT_EQ(races(order, 2), (Events{0, 1}));
  EXPECT_TRUE(order.dependent(order.kept(0), order.kept(2)));
  EXPECT_TRUE(order.dependent(order.kept(1), order.kept(2)));
}

TEST(HappensBefore, AStepThatWaitsDependsOnWhoTouchesItsWordsLater) {
  HappensBefore order;
  push(order, {0, {writes(1)}});
  const Kept sleeper = order.pop(0);
  push(order, {1, {writes(2)}});
  EXPECT_FALSE(order.dependent(sleeper, order.kept(0)));
  push(order, {2, {reads(1)}});
  EXPECT_TRUE(order.dependent(sleeper, order.kept(1)));
  EXPECT_FALSE(order.dependent(sleeper, order.kept(0)));
}

TEST(HappensBefore, AChildInheritsWhatItsParentLeaves) {
  HappensBefore order;
  push_all(order, {{0, {writes(1)}, {1}}, {1, {writes(1)}}, {1, {writes(1)}}});
  EXPECT_EQ(races(order, 1), Events());
  EXPECT_FALSE(order.dependent(order.kept(0), order.kept(1))) << "they are never compared";
  push(order, {0, {reads(1)}});
  EXPECT_EQ(races(order, 3), (Events{2})) << "the parent comes back";
  push(order, {2, {writes(1)}});
  EXPECT_EQ(races(order, 4), (Events{3}));
  EXPECT_EQ(before(order, 4), (Events{0, 1, 2, 3}));
}

TEST(HappensBefore, WhoComesBehindAWakingInheritsToo) {
  HappensBefore order;
  push_all(
      order,
      {{0, {}}, {1, {}}, {0, {writes(1)}, {1}}, {1, {reads(1)}}, {1, {}, {2}}, {2, {reads(1)}}});
  for (Index event = 0; event < order.size(); ++event) EXPECT_EQ(races(order, event), Events());
  push(order, {0, {writes(1)}});
  EXPECT_EQ(races(order, 6), (Events{5}));
  EXPECT_EQ(before(order, 6), (Events{0, 1, 2, 3, 4, 5}));
}

TEST(HappensBefore, WhoIsMadeReadyAnewIsNoHeirOfWhoDidItFirst) {
  HappensBefore order;
  push_all(order, {{0, {writes(1)}, {2}}, {1, {}, {2}}, {2, {writes(1)}}});
  EXPECT_EQ(before(order, 2), (Events{0, 1}));
  EXPECT_EQ(races(order, 2), (Events{0}));
}

TEST(HappensBefore, AProcessWithAnotherParentInAnotherExecutionSharesItsWords) {
  HappensBefore order;
  push_all(order, {{0, {writes(1)}, {2}}, {2, {writes(1)}}});
  EXPECT_EQ(races(order, 1), Events());
  (void)order.pop(0);
  (void)order.pop(0);
  push_all(order, {{1, {}, {2}}, {2, {writes(1)}}, {0, {writes(1)}}});
  EXPECT_EQ(before(order, 1), (Events{0}));
  EXPECT_EQ(races(order, 2), (Events{1}));
}

TEST(HappensBefore, WhatChildrenOnlyReadIsNotShared) {
  HappensBefore order;
  push_all(order, {{0, {writes(1)}, {1, 2}}, {1, {reads(1)}}, {2, {reads(1)}}});
  for (Index event = 0; event < 3; ++event) {
    EXPECT_TRUE(order.kept(event).footprint->accesses.empty()) << event;
  }
  push(order, {2, {writes(1)}});
  EXPECT_EQ(races(order, 3), (Events{1}));
  EXPECT_TRUE(order.dependent(order.kept(1), order.kept(3)));
}

TEST(HappensBefore, AChildThatHasOnlyReadBecomesTheOwner) {
  HappensBefore order;
  push_all(order, {{0, {writes(1)}, {1}}, {1, {reads(1)}}, {1, {writes(1)}}, {1, {reads(1)}}});
  for (Index event = 0; event < 4; ++event) {
    EXPECT_TRUE(order.kept(event).footprint->accesses.empty()) << event;
  }
  push(order, {0, {reads(1)}});
  EXPECT_EQ(races(order, 4), (Events{2}));
}

TEST(HappensBefore, AChildWithAnotherParentInAnotherExecutionDoesNotOnlyRead) {
  HappensBefore order;
  push_all(order, {{0, {writes(1)}, {2, 3}}, {3, {reads(1)}}, {2, {reads(1)}}});
  for (int i = 0; i < 3; ++i) (void)order.pop(0);
  push_all(order, {{1, {}, {2}}, {2, {reads(1)}}, {0, {writes(1)}, {3}}});
  EXPECT_EQ(races(order, 2), (Events{1}));
}

TEST(HappensBefore, AWordIsNotSharedByTheStepThatEndsTheExecution) {
  HappensBefore order;
  push_all(order, {{0, {writes(1)}}, {1, {writes(2)}}});
  Move last{2, {reads(1)}};
  last.final = true;
  push(order, last);
  EXPECT_TRUE(order.kept(0).footprint->accesses.empty());
  EXPECT_TRUE(order.dependent(order.kept(0), order.kept(2)));
  EXPECT_TRUE(order.reads_from(*order.kept(2).footprint, *order.kept(0).footprint));
  EXPECT_FALSE(order.reads_from(*order.kept(2).footprint, *order.kept(1).footprint));
}

/// That a search keeps two steps in an order is no reason not to see their conflict.
TEST(HappensBefore, AStepThatIsHeldBackInheritsNothing) {
  HappensBefore order;
  push(order, {0, {writes(1)}});
  const std::vector<AccessedWord> words = words_of({1, {writes(1)}});
  const std::vector<Index> after = {0};
  HappensBefore::Step step;
  step.process = name(1);
  step.footprint = {words, {}, 0, 0};
  step.after = after;
  order.push(step);
  EXPECT_TRUE(order.before(0, 1));
  EXPECT_TRUE(order.dependent(order.kept(0), order.kept(1)));
}

TEST(HappensBefore, TheNextStepIsAloneWhileNobodyElseTouchesItsWords) {
  HappensBefore order;
  const auto is_alone = [&](std::size_t process) {
    return order.is_next_alone(order.id_of(name(process)));
  };
  push_all(order, {{0, {writes(1)}}, {1, {writes(2)}}});
  EXPECT_FALSE(is_alone(0)) << "it is not known";
  (void)order.pop(0);
  (void)order.pop(0);
  EXPECT_TRUE(is_alone(0));
  push(order, {2, {reads(1)}});
  EXPECT_FALSE(is_alone(0));
  EXPECT_TRUE(is_alone(1));
}

// Back and forth.

TEST(HappensBefore, WhatWasTakenBackLeavesNoTrace) {
  HappensBefore order;
  push(order, {0, {writes(1)}, {3}});
  const Kept mark = order.mark();
  Move arrives{1, {writes(1)}, {3, 4}};
  arrives.arrivals = {10};
  push(order, arrives);
  push(order, {3, {reads(1)}});
  (void)order.pop(0);
  (void)order.pop(0);
  order.drop(mark);
  EXPECT_EQ(order.size(), 1u);
  Move completes{2, {reads(1)}, {4}};
  completes.arrivals = completes.completed = {10};
  push_all(order, {completes, {3, {}}, {4, {}}});
  EXPECT_EQ(races(order, 1), (Events{0}));
  EXPECT_EQ(before(order, 2), (Events{0}));
  EXPECT_EQ(before(order, 3), (Events{0, 1}));
}

TEST(HappensBefore, AFootprintStaysUntilItIsDropped) {
  HappensBefore order;
  const Kept mark = order.mark();
  Move move{0, {reads(1, 0x0f), writes(2)}};
  move.released = {{5, 7}};
  move.values = {3, 1};
  push(order, move);
  const Kept kept = order.pop(0);
  push(order, {1, {writes(2)}});
  const Footprint footprint = order.footprint(kept);
  ASSERT_EQ(footprint.words.size(), 2u);
  EXPECT_EQ(footprint.words[0], AccessedWord(kFirstWord + 1, 0x0f, 0));
  EXPECT_EQ(footprint.words[1], AccessedWord(kFirstWord + 2, 0, 0xff));
  ASSERT_EQ(footprint.released.size(), 1u);
  EXPECT_EQ(footprint.released[0], (ReleasedWords{kFirstWord + 5, kFirstWord + 7}));
  EXPECT_TRUE(std::ranges::equal(order.values(kept), move.values));
  EXPECT_TRUE(order.dependent(kept, order.kept(0)));
  (void)order.pop(0);
  order.drop(mark);
  EXPECT_EQ(order.mark().position, mark.position);
}

TEST(HappensBefore, ProcessesKeepTheirNumbers) {
  HappensBefore order;
  push_all(order, {{3, {}}, {5, {}}});
  const std::uint32_t first = order.process_id(0);
  const std::uint32_t second = order.process_id(1);
  EXPECT_NE(first, second);
  (void)order.pop(0);
  (void)order.pop(0);
  push_all(order, {{5, {}}, {3, {}}});
  EXPECT_EQ(order.process_id(0), second);
  EXPECT_EQ(order.process_id(1), first);
  EXPECT_EQ(order.id_of(name(3)), first);
  EXPECT_EQ(order.process(0), name(5));
}

// Classes.

TEST(HappensBefore, EquivalentOrdersAreOneClass) {
  const Move one{0, {writes(1)}};
  const Move other{1, {writes(2)}};
  const Move third{2, {reads(1), reads(2)}};
  EXPECT_EQ(class_of({one, other, third}), class_of({other, one, third}));
  EXPECT_NE(class_of({one, other, third}), class_of({one, third, other}));
  EXPECT_NE(class_of({one, third, other}), class_of({third, one, other}));
  EXPECT_NE(class_of({one, other}), class_of({one, other, third}));
  EXPECT_NE(class_of({one, one, other}), class_of({one, other, other}));
}

TEST(HappensBefore, WhatWasDrawnTellsClassesApart) {
  Move one{0, {}};
  one.values = {1};
  Move other{0, {}};
  other.values = {2};
  EXPECT_NE(class_of({one}), class_of({other}));
  EXPECT_EQ(class_of({one}), class_of({one}));
}

// A relation that is broken on purpose.

TEST(HappensBefore, IgnoredWordsAreNotSeen) {
  const std::uint64_t parity = kFirstWord % 2;
  for (const std::uint64_t ignored : {0u, 1u}) {
    HappensBefore order;
    order.ignore_words(2, ignored);
    push_all(order, {{0, {writes(1), writes(2)}}, {1, {writes(1)}}, {2, {writes(2)}}});
    const bool first_seen = (1 + parity) % 2 != ignored;
    EXPECT_EQ(order.before(0, 1), first_seen);
    EXPECT_EQ(order.before(0, 2), !first_seen);
  }
  HappensBefore order;
  order.ignore_words(1, 0);
  push_all(order, {{0, {writes(1)}}, {1, {writes(1)}}});
  EXPECT_EQ(races(order, 1), Events());
}

// Against all pairs of events.

/// The same relation, computed anew for each event from whole footprints.
class Reference {
 public:
  void begin_epoch() { epoch_ = static_cast<Index>(events_.size()); }
  [[nodiscard]] Index epoch() const { return epoch_; }
  [[nodiscard]] Index size() const { return static_cast<Index>(events_.size()); }
  [[nodiscard]] const std::set<Index>& before(Index event) const { return events_[event].before; }
  [[nodiscard]] const std::set<Index>& races(Index event) const { return events_[event].races; }

  static bool dependent(const Move& one, const Move& other) {
    if (one.final || other.final) return true;
    const auto words = words_of(one);
    const auto others = words_of(other);
    const auto released = released_of(one);
    const auto others_released = released_of(other);
    constexpr std::uint64_t kAny = ~std::uint64_t{0};
    return conflict(Footprint{words, released, kAny, kAny},
                    Footprint{others, others_released, kAny, kAny});
  }

  void push(const Move& move) {
    const Index index = size();
    Event event{move, {}, {}};
    for (Index earlier = 0; earlier < epoch_; ++earlier) event.before.insert(earlier);
    add_next_of(move.process, event.before);
    for (Index earlier = index; earlier-- > epoch_;) {
      if (event.before.contains(earlier) || !dependent(events_[earlier].move, move)) continue;
      event.races.insert(earlier);
      include(event.before, earlier);
    }
    events_.push_back(std::move(event));
  }
  void pop(Index epoch) {
    events_.pop_back();
    epoch_ = epoch;
  }

  [[nodiscard]] bool all_before_next(std::size_t process) const {
    std::set<Index> before;
    for (Index earlier = 0; earlier < epoch_; ++earlier) before.insert(earlier);
    add_next_of(process, before);
    return before.size() == events_.size();
  }

  /// Which events there were, each with those before it.
  using Class = std::set<std::pair<std::pair<std::size_t, std::size_t>,
                                   std::set<std::pair<std::size_t, std::size_t>>>>;
  [[nodiscard]] Class class_of_execution() const {
    std::map<std::size_t, std::size_t> ordinals;
    std::vector<std::pair<std::size_t, std::size_t>> names;
    for (const Event& event : events_) {
      names.emplace_back(event.move.process, ordinals[event.move.process]++);
    }
    Class result;
    for (Index event = 0; event < size(); ++event) {
      std::set<std::pair<std::size_t, std::size_t>> earlier;
      for (const Index each : events_[event].before) earlier.insert(names[each]);
      result.insert({names[event], std::move(earlier)});
    }
    return result;
  }

 private:
  struct Event {
    Move move;
    std::set<Index> before;
    std::set<Index> races;
  };

  void include(std::set<Index>& before, Index event) const {
    before.insert(events_[event].before.begin(), events_[event].before.end());
    before.insert(event);
  }
  /// What comes before the next event of a process, whatever that touches.
  void add_next_of(std::size_t process, std::set<Index>& before) const {
    for (Index event = size(); event-- > 0;) {
      const Move& move = events_[event].move;
      if (move.process == process) {
        include(before, event);
        return;
      }
      if (std::find(move.posts.begin(), move.posts.end(), process) == move.posts.end()) continue;
      include(before, event);
      for (const std::size_t meeting : move.completed) {
        for (Index other = 0; other < event; ++other) {
          const auto& arrivals = events_[other].move.arrivals;
          if (std::find(arrivals.begin(), arrivals.end(), meeting) != arrivals.end()) {
            include(before, other);
          }
        }
      }
      include_last_of(process, event, before);
      return;
    }
  }
  void include_last_of(std::size_t process, Index end, std::set<Index>& before) const {
    for (Index event = end; event-- > 0;) {
      if (events_[event].move.process != process) continue;
      include(before, event);
      return;
    }
  }

  std::vector<Event> events_;
  Index epoch_ = 0;
};

/// Processes with scripts, as a program: some are ready from the beginning, the others when
/// somebody makes them so; some wait after a step until somebody wakes them.
struct RandomProgram {
  struct Step {
    std::array<std::vector<Access>, 2> accesses;  // the second one where it sees a later state
    std::vector<ReleasedWords> released;
    std::vector<std::size_t> posts;
    bool goes_on = true;
    bool time_passes = false;  // before it
    bool arrives = false;
  };
  std::vector<std::vector<Step>> scripts;
  std::size_t first_waiting = 0;  // this one and those behind it must be made ready
  std::size_t watched = 0;        // process whose progress some look at
  static constexpr std::size_t kMeeting = 15;

  RandomProgram(RandomStream& random, bool looks) {
    scripts.resize(2 + random.below(3));
    first_waiting = 1 + random.below(scripts.size());
    for (auto& script : scripts) {
      script.resize(1 + random.below(3));
      for (Step& step : script) {
        step.accesses[0] = random_accesses(random);
        step.accesses[1] =
            looks && random.below(3) == 0 ? random_accesses(random) : step.accesses[0];
        if (random.below(12) == 0) step.released.push_back({6, 6 + 1 + random.below(2)});
        while (random.below(2) == 0) step.posts.push_back(random.below(scripts.size()));
        step.goes_on = random.below(4) != 0;
        step.time_passes = random.below(15) == 0;
        step.arrives = random.below(6) == 0;
      }
    }
  }

  static std::vector<Access> random_accesses(RandomStream& random) {
    std::vector<Access> accesses;
    for (std::uint64_t word = 0; word < 8; ++word) {
      if (random.below(4) != 0) continue;
      const auto bytes = static_cast<std::uint8_t>(random.below(2) == 0   ? 0xff
                                                   : random.below(2) == 0 ? 0x0f
                                                                          : 0xf0);
      accesses.push_back(random.below(2) == 0 ? writes(word, bytes) : reads(word, bytes));
    }
    return accesses;
  }
};

/// Goes over interleavings of a program and compares the relation with the reference at each event.
class Comparison {
 public:
  Comparison(const RandomProgram& program, std::size_t most_events)
      : program_(program), left_(most_events), next_(program.scripts.size(), 0) {
    for (std::size_t process = 0; process < next_.size(); ++process) {
      ready_.push_back(process < program.first_waiting);
    }
  }

  void run() { visit({}); }
  [[nodiscard]] std::size_t classes() const { return classes_.size(); }
  [[nodiscard]] std::size_t races() const { return races_; }
  [[nodiscard]] std::size_t sleepers_checked() const { return sleepers_checked_; }

 private:
  struct Sleeper {
    Move move;
    Kept kept;
  };

  [[nodiscard]] bool can_go(std::size_t process) const {
    return ready_[process] && next_[process] < program_.scripts[process].size();
  }

  Move next_move(std::size_t process) const {
    const RandomProgram::Step& step = program_.scripts[process][next_[process]];
    Move move;
    move.process = process;
    move.accesses = step.accesses[next_[program_.watched] % 2];
    move.released = step.released;
    for (const std::size_t posted : step.posts) {
      const bool twice =
          std::find(move.posts.begin(), move.posts.end(), posted) != move.posts.end();
      // Also one that is ready, as when a timer is armed anew.
      if (posted != process && !twice) move.posts.push_back(posted);
    }
    if (step.arrives) {
      move.arrivals.push_back(RandomProgram::kMeeting);
      if (!move.posts.empty()) move.completed.push_back(RandomProgram::kMeeting);
    }
    return move;
  }

  void visit(std::vector<Sleeper> sleepers) {
    if (left_ == 0 || ::testing::Test::HasFailure()) return;
    const Kept mark = order_.mark();
    bool ended = true;
    for (std::size_t process = 0; process < next_.size() && left_ > 0; ++process) {
      if (!can_go(process)) continue;
      ended = false;
      --left_;
      const Index epoch = order_.epoch();
      const RandomProgram::Step& step = program_.scripts[process][next_[process]];
      if (step.time_passes) {
        order_.begin_epoch();
        reference_.begin_epoch();
      }
      check_next(process);
      const Move move = next_move(process);
      push(order_, move);
      reference_.push(move);
      check();
      std::vector<Sleeper> still_asleep;
      if (!step.time_passes) {
        for (const Sleeper& sleeper : sleepers) {
          if (sleeper.move.process == process) continue;
          const bool expected = Reference::dependent(sleeper.move, move);
          EXPECT_EQ(order_.dependent(sleeper.kept, order_.kept(order_.size() - 1)), expected);
          ++sleepers_checked_;
          if (!expected) still_asleep.push_back(sleeper);
        }
      }
      const std::vector<bool> ready = ready_;
      ++next_[process];
      ready_[process] = step.goes_on;
      for (const std::size_t posted : move.posts) ready_[posted] = true;
      visit(std::move(still_asleep));
      ready_ = ready;
      --next_[process];
      const Kept kept = order_.pop(epoch);
      reference_.pop(epoch);
      sleepers.push_back({move, kept});
    }
    if (ended) check_class();
    order_.drop(mark);
  }

  void check_next(std::size_t process) {
    EXPECT_EQ(order_.all_before_next(order_.id_of(name(process))),
              reference_.all_before_next(process));
    EXPECT_EQ(order_.next_ordinal(name(process)), next_[process]);
  }

  /// All that is known of the present execution.
  void check() {
    const Index last = order_.size() - 1;
    ASSERT_EQ(order_.size(), reference_.size());
    for (Index event = 0; event <= last; ++event) {
      const Events all = before(order_, event);
      ASSERT_EQ(std::set<Index>(all.begin(), all.end()), reference_.before(event));
    }
    const Events raced = detail::races(order_, last);
    ASSERT_EQ(std::set<Index>(raced.begin(), raced.end()), reference_.races(last));
    races_ += raced.size();
    for (Index first = 0; first <= last; ++first) {
      const auto& all = reference_.before(last);
      ASSERT_EQ(order_.any_before_since(first, last), all.lower_bound(first) != all.end());
    }
  }

  void check_class() {
    const auto [known, added] =
        classes_.try_emplace(reference_.class_of_execution(), order_.class_of_execution());
    EXPECT_EQ(known->second, order_.class_of_execution());
    if (added) {
      EXPECT_TRUE(fingerprints_.insert(known->second).second) << "two classes look alike";
    }
  }

  const RandomProgram& program_;
  std::size_t left_;
  std::vector<std::size_t> next_;
  std::vector<bool> ready_;
  HappensBefore order_;
  Reference reference_;
  std::map<Reference::Class, Fingerprint> classes_;
  std::set<Fingerprint> fingerprints_;
  std::size_t races_ = 0;
  std::size_t sleepers_checked_ = 0;
};

void compare_random_programs(bool looks) {
  std::size_t classes = 0;
  std::size_t races = 0;
  std::size_t sleepers = 0;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomStream random(seed);
    const RandomProgram program(random, looks);
    Comparison comparison(program, 1'000);
    comparison.run();
    if (::testing::Test::HasFailure()) return;
    classes += comparison.classes();
    races += comparison.races();
    sleepers += comparison.sleepers_checked();
  }
  EXPECT_GT(classes, 1'000u);
  EXPECT_GT(races, 10'000u);
  EXPECT_GT(sleepers, 10'000u);
}

TEST(HappensBefore, IsTheRelationOfWholeFootprints) {
  compare_random_programs(false);
}

TEST(HappensBefore, IsTheRelationAlsoWhereFootprintsDependOnTheOrder) {
  compare_random_programs(true);
}

TEST(HappensBefore, LongExecutions) {
  constexpr std::uint64_t kSeed = 1;
  RandomStream random(kSeed);
  HappensBefore order;
  Reference reference;
  for (int round = 0; round < 300; ++round) {
    if (random.below(50) == 0) {
      order.begin_epoch();
      reference.begin_epoch();
    }
    Move move{random.below(8), {}};
    for (std::uint64_t word = 0; word < 100; ++word) {
      if (random.below(60) != 0) continue;
      move.accesses.push_back(random.below(2) == 0 ? reads(word) : writes(word));
    }
    const Index event = push(order, move);
    reference.push(move);
    const Events all = before(order, event);
    ASSERT_EQ(std::set<Index>(all.begin(), all.end()), reference.before(event)) << event;
    const Events raced = races(order, event);
    ASSERT_EQ(std::set<Index>(raced.begin(), raced.end()), reference.races(event)) << event;
    Events own;
    const std::uint64_t* bits = order.events_of(order.process_id(event), order.words_of_bits());
    for (Index other = 0; other <= event; ++other) {
      const bool is_own = (bits[other / 64] >> other % 64 & 1) != 0;
      ASSERT_EQ(is_own, order.process(other) == order.process(event));
    }
  }
}

}  // namespace
}  // namespace cocheck::detail
