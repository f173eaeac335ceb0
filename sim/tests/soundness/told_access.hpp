#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "../classes.hpp"
#include "cocheck/primitives.hpp"

/// Models in which one task looks at what another one changes, in every way that compilers and
/// libraries have to look.
namespace cocheck::test {

/// Gives a text of what it has seen.
template <class Shared>
using Look = std::function<std::string(Shared&)>;
template <class Shared>
using Change = std::function<void(Shared&)>;

template <class Shared>
Task<> look_once(Shared& shared, std::string& seen, const Look<Shared>& look) {
  co_await sleep(0s);
  seen = look(shared);
}

template <class Shared>
Task<> change_once(Shared& shared, const Change<Shared>& change) {
  co_await sleep(0s);
  change(shared);
}

template <class Shared>
Task<> look_and_change_twice(Shared& shared, std::string& seen, const Look<Shared>& look,
                             const Change<Shared>& change) {
  for (int round = 0; round < 2; ++round) {
    co_await sleep(0s);
    seen += look(shared);
    co_await sleep(0s);
    change(shared);
  }
}

/// What two tasks do to `Shared`, and what they have seen in the end.
template <class Shared>
class Looking {
 public:
  Looking(Look<Shared> look, Change<Shared> change)
      : look_(std::move(look)), change_(std::move(change)) {}

  /// One task looks, another one changes it.
  Task<> and_changing() {
    Shared shared{};
    std::string seen;
    const AtTheEnd at_the_end(result_, [&] { return seen; });
    co_await gather(look_once(shared, seen, look_), change_once(shared, change_));
  }
  /// Both look at what nobody changes.
  Task<> twice() {
    Shared shared{};
    std::string one;
    std::string other;
    const AtTheEnd at_the_end(result_, [&] { return one + other; });
    co_await gather(look_once(shared, one, look_), look_once(shared, other, look_));
  }
  /// Both look and change in turns. What they do is repeated without being executed where it is
  /// known.
  Task<> and_changing_in_turns() {
    Shared shared{};
    std::string one;
    std::string other;
    const AtTheEnd at_the_end(result_, [&] { return one + ';' + other; });
    co_await gather(look_and_change_twice(shared, one, look_, change_),
                    look_and_change_twice(shared, other, look_, change_));
  }

  [[nodiscard]] Seen see(const Model& model) {
    return expect_one_of_each(model, Options(), &result_);
  }

 private:
  Look<Shared> look_;
  Change<Shared> change_;
  std::string result_;
};

/// That `dpor` sees what `look` and `change` do: the ends of all interleavings, one execution of
/// each class, and no more classes than there are.
template <class Shared>
void expect_told(Look<Shared> look, Change<Shared> change) {
  Looking<Shared> looking(std::move(look), std::move(change));
  const Seen both = looking.see([&] { return looking.and_changing(); });
  EXPECT_EQ(both.ends.size(), 2u) << "it is looked at in vain";
  EXPECT_EQ(both.classes, 2u);
  const Seen twice = looking.see([&] { return looking.twice(); });
  EXPECT_EQ(twice.ends.size(), 1u);
  EXPECT_EQ(twice.classes, 1u) << "a look is told as a change";
  (void)looking.see([&] { return looking.and_changing_in_turns(); });
}

}  // namespace cocheck::test
