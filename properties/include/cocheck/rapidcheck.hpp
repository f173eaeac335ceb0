#pragma once

#include "cocheck/gtest.hpp"
// RapidCheck looks for GoogleTest's headers before its own.
#include <rapidcheck.h>

#include <cstdint>

#include "cocheck/detail/property_run.hpp"

namespace cocheck {

namespace gen {

/// A whole number from `least` to `most`, all equally likely and shrunk towards `least`; `most` is
/// below the largest number of T. Unlike rc::gen::inRange it does not begin with a narrow range
/// that widens from case to case.
///
///     const auto capacities = cocheck::gen::count(1, 4);
template <class T>
[[nodiscard]] rc::Gen<T> count(T least, T most) {
  return rc::gen::resize(rc::kNominalSize, rc::gen::inRange<T>(least, static_cast<T>(most + T{1})));
}

}  // namespace gen

/// A parameter of a property that is a whole number from Least to Most: gen::count() as a type.
///
///     COCHECK_PROP(Queue, KeepsOrder, (cocheck::Between<1, 4> capacity)) { ... }
template <int Least, int Most>
class Between {
  static_assert(Least <= Most);

 public:
  explicit Between(int value) noexcept : value_(value) {}
  // Stands wherever the number could.
  operator int() const noexcept { return value_; }  // NOLINT(google-explicit-constructor)

 private:
  int value_;
};

}  // namespace cocheck

template <int Least, int Most>
struct rc::Arbitrary<cocheck::Between<Least, Most>> {
  static Gen<cocheck::Between<Least, Most>> arbitrary() {
    return gen::map(cocheck::gen::count(Least, Most),
                    [](int value) { return cocheck::Between<Least, Most>(value); });
  }
};

/// A GoogleTest test whose body is a coroutine with parameters: RapidCheck draws them, and each
/// such workload runs under many schedules.
///
///     COCHECK_PROP(Queue, LosesNothing,
///                  (const std::vector<int>& items, cocheck::Between<1, 4> capacity)) {
///       cocheck::Queue<int> queue(capacity);
///       ...
///       EXPECT_EQ(received, items);
///     }
///
/// All that COCHECK_TEST says holds for it. What follows the parameters are members of
/// cocheck::PropertyOptions. Types need an rc::Arbitrary; a parameter by reference refers to a
/// value that is made once for all schedules and must not be changed.
///
/// A failing workload is shrunk as long as one of the smaller ones fails in the same way, within
/// the limits of the options; then its schedule is shrunk. The message has the workload, the table
/// of that schedule, and the command that replays both: a schedule file says its workload too.
///
/// In the body use EXPECT_* and COCHECK. RC_ASSERT, RC_FAIL and RC_PRE work where nothing catches
/// what they throw before it leaves the body; RC_PRE drops the workload. Draw nothing in the body.
///
/// RC_PARAMS is RapidCheck's: "seed=1 max_success=20 max_size=10", or the "reproduce=..." that a
/// failure prints, which runs only the workload that failed. The seed of every run is printed.
#define COCHECK_PROP(suite, name, parameters, ...)                                   \
  COCHECK_DETAIL_MUST_RETURN                                                         \
  static ::cocheck::Task<> cocheck_property_##suite##_##name parameters;             \
  [[maybe_unused]] static const bool cocheck_registered_##suite##_##name =           \
      ::cocheck::detail::register_test(#suite, #name);                               \
  TEST(suite, name) {                                                                \
    ::cocheck::detail::run_property(&cocheck_property_##suite##_##name, #parameters, \
                                    ::cocheck::PropertyOptions{__VA_ARGS__},         \
                                    {__FILE__, __LINE__});                           \
  }                                                                                  \
  static ::cocheck::Task<> cocheck_property_##suite##_##name parameters
