#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "../classes.hpp"
#include "cocheck/primitives.hpp"

/// Models in which one task looks at what another one changes, in every way that compilers and
/// libraries have to look.
namespace cocheck::test {

/// Looks once, and keeps what it has seen.
template <class Shared, class Look>
Task<> look_once(Shared& shared, std::string& seen, Look look) {
  co_await sleep(0s);
  seen = look(shared);
}

template <class Shared, class Change>
Task<> change_once(Shared& shared, Change change) {
  co_await sleep(0s);
  change(shared);
}

/// One task changes `Shared`, another one looks at it: two ends, and two classes. `look` gives a
/// text.
template <class Shared, class Look, class Change>
Model looking_and_changing(Look look, Change change, std::string& result) {
  return [=, &result]() -> Task<> {
    return [](Look looks, Change changes, std::string& result_of) -> Task<> {
      Shared shared{};
      std::string seen;
      const AtTheEnd at_the_end(result_of, [&] { return seen; });
      co_await gather(look_once(shared, seen, looks), change_once(shared, changes));
    }(look, change, result);
  };
}

/// Two tasks look at what nobody changes: one class.
template <class Shared, class Look>
Model looking_twice(Look look, std::string& result) {
  return [=, &result]() -> Task<> {
    return [](Look looks, std::string& result_of) -> Task<> {
      Shared shared{};
      std::string one;
      std::string other;
      const AtTheEnd at_the_end(result_of, [&] { return one + other; });
      co_await gather(look_once(shared, one, looks), look_once(shared, other, looks));
    }(look, result);
  };
}

/// Two tasks look and change in turns. What they do is repeated without being executed where it is
/// known.
template <class Shared, class Look, class Change>
Task<> look_and_change_twice(Shared& shared, std::string& seen, Look look, Change change) {
  for (int round = 0; round < 2; ++round) {
    co_await sleep(0s);
    seen += look(shared);
    co_await sleep(0s);
    change(shared);
  }
}
template <class Shared, class Look, class Change>
Model taking_turns(Look look, Change change, std::string& result) {
  return [=, &result]() -> Task<> {
    return [](Look looks, Change changes, std::string& result_of) -> Task<> {
      Shared shared{};
      std::string one;
      std::string other;
      const AtTheEnd at_the_end(result_of, [&] { return one + ';' + other; });
      co_await gather(look_and_change_twice(shared, one, looks, changes),
                      look_and_change_twice(shared, other, looks, changes));
    }(look, change, result);
  };
}

/// That `dpor` sees what `look` and `change` do: the ends of all interleavings, one execution of
/// each class, and no more classes than there are.
template <class Shared, class Look, class Change>
void expect_told(Look look, Change change) {
  std::string result;
  const Seen both =
      expect_one_of_each(looking_and_changing<Shared>(look, change, result), Options(), &result);
  EXPECT_EQ(both.ends.size(), 2u) << "it is looked at in vain";
  EXPECT_EQ(both.classes, 2u);
  const Seen twice = expect_one_of_each(looking_twice<Shared>(look, result), Options(), &result);
  EXPECT_EQ(twice.ends.size(), 1u);
  EXPECT_EQ(twice.classes, 1u) << "a look is told as a change";
  expect_one_of_each(taking_turns<Shared>(look, change, result), Options(), &result);
}

}  // namespace cocheck::test
