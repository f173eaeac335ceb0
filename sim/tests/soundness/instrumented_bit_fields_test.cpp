// Bit-fields: a store reads the bits beside those that it writes.

#include <cstdint>
#include <string>

#include "told_access.hpp"

namespace cocheck {
namespace {

using namespace test;

struct Status {
  unsigned busy : 1 = 0;
  unsigned odd : 1 = 0;
  int last = -1;
  int done = 0;
};

Task<> work(Status& status, int me, bool finishes) {
  co_await sleep(0s);
  status.busy = 0;
  status.done = 2;
  co_await sleep(0s);
  co_await sleep(0s);
  status.odd = !status.odd;
  status.last = me;
  if (finishes) status.done = 1;
}

Task<> two_workers() {
  Status status;
  co_await gather(work(status, 0, false), work(status, 1, true));
  COCHECK(!(status.odd == 0 && status.last == 0 && status.done == 2));
}

TEST(BitFields, TheOneThatWasProved) {
  EXPECT_TRUE(failed_with(FailureKind::check, explore(two_workers, with(Strategy::exhaustive))));
  EXPECT_TRUE(failed_with(FailureKind::check, explore(two_workers, with(Strategy::dpor))));
}

template <class Fields>
Task<> set_first(Fields& fields) {
  for (unsigned i = 1; i < 3; ++i) {
    co_await sleep(0s);
    fields.first = i & 1;
  }
}
template <class Fields>
Task<> set_second(Fields& fields, std::string& seen) {
  for (unsigned i = 1; i < 4; ++i) {
    co_await sleep(0s);
    fields.second = static_cast<unsigned>(fields.second + i) & 1;
    seen += std::to_string(static_cast<unsigned>(fields.first));
  }
}

/// Two tasks, each with a field of its own, and what both are in the end.
template <class Fields>
Model neighbours(std::string& result) {
  return [&result]() -> Task<> {
    return [](std::string& result_of) -> Task<> {
      Fields fields{};
      std::string seen;
      const AtTheEnd at_the_end(result_of, [&] {
        return seen + ' ' + std::to_string(static_cast<unsigned>(fields.first)) +
               std::to_string(static_cast<unsigned>(fields.second));
      });
      co_await gather(set_first(fields), set_second(fields, seen));
    }(result);
  };
}

template <class Fields>
void expect_neighbours() {
  std::string result;
  const Seen seen = expect_one_of_each(neighbours<Fields>(result), Options(), &result);
  DporExplorer::Settings settings;
  settings.checks_repeated = true;
  const Seen checked = search(neighbours<Fields>(result), Options(), settings, &result);
  EXPECT_EQ(checked.ends, seen.ends);
  EXPECT_EQ(checked.wrongly_repeated, 0u);
}

struct InOneByte {
  unsigned first : 1;
  unsigned second : 1;
};
struct InOneWord {
  unsigned first : 3;
  unsigned between : 20;
  unsigned second : 5;
};
struct OfSigns {
  int before : 2;
  unsigned first : 6;
  std::uint8_t second : 7;
};
struct Long {
  std::uint64_t first : 40;
  std::uint64_t second : 20;
};
struct Truths {
  bool before;
  bool first : 1;
  bool second : 1;
};
struct OfThreeBytes {
  unsigned first : 12;
  unsigned second : 12;
  char behind;
};
struct [[gnu::packed]] Packed {
  char before;
  unsigned first : 9;
  unsigned second : 13;
};
struct Whole {
  unsigned first : 8;
  unsigned second : 24;
};

TEST(BitFields, InOneByte) {
  expect_neighbours<InOneByte>();
}
TEST(BitFields, InOneWord) {
  expect_neighbours<InOneWord>();
}
TEST(BitFields, WithSigns) {
  expect_neighbours<OfSigns>();
}
TEST(BitFields, Long) {
  expect_neighbours<Long>();
}
TEST(BitFields, OfTruths) {
  expect_neighbours<Truths>();
}
TEST(BitFields, InThreeBytes) {
  expect_neighbours<OfThreeBytes>();
}
TEST(BitFields, Packed) {
  expect_neighbours<Packed>();
}
TEST(BitFields, OfWholeBytes) {
  expect_neighbours<Whole>();
}

/// Fields of different bytes have nothing to do with each other.
struct Apart {
  unsigned first : 3;
  unsigned : 0;
  unsigned second : 3;
};

Task<> set(Apart& apart, bool second) {
  co_await sleep(0s);
  if (second) {
    apart.second = 1;
  } else {
    apart.first = 1;
  }
}

TEST(BitFields, ApartAreIndependent) {
  const Seen seen = expect_one_of_each([]() -> Task<> {
    Apart apart{};
    co_await gather(set(apart, false), set(apart, true));
    COCHECK(apart.first == 1 && apart.second == 1);
  });
  EXPECT_EQ(seen.classes, 1u);
}

}  // namespace
}  // namespace cocheck
