#include "cocheck/errors.hpp"

#include <gtest/gtest.h>

#include <exception>
#include <stdexcept>
#include <type_traits>

namespace cocheck {
namespace {

template <class... Errors>
constexpr bool kAllOrdinary = (std::is_base_of_v<Error, Errors> && ...);

static_assert(kAllOrdinary<RuntimeError, ValueError, InvalidStateError, QueueFull, QueueEmpty,
                           QueueShutDown, TimeoutError, BrokenBarrierError>);
static_assert(std::is_base_of_v<std::runtime_error, Error>);
static_assert(!std::is_base_of_v<std::exception, CancelledError>,
              "catching std::exception must not swallow a cancellation");

TEST(CancelledError, KeepsItsMessage) {
  EXPECT_EQ(CancelledError().message(), "");
  EXPECT_EQ(CancelledError("enough").message(), "enough");
}

TEST(CancelledError, PassesHandlersOfOrdinaryErrors) {
  bool passed = false;
  try {
    try {
      throw CancelledError("enough");
    } catch (const std::exception&) {
      ADD_FAILURE();
    }
  } catch (const CancelledError&) {
    passed = true;
  }
  EXPECT_TRUE(passed);
}

TEST(Errors, SayWhatTheyWereGiven) {
  EXPECT_STREQ(QueueFull("full").what(), "full");
  EXPECT_STREQ(TimeoutError("late").what(), "late");
}

}  // namespace
}  // namespace cocheck
