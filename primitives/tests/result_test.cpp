#include "cocheck/result.hpp"

#include <gtest/gtest.h>

#include <exception>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace cocheck {
namespace {

TEST(Result, HasNothingAtFirst) {
  Result<int> result;
  EXPECT_FALSE(result.has_value());
  EXPECT_FALSE(static_cast<bool>(result));
  EXPECT_FALSE(result.cancelled());
  EXPECT_EQ(result.error(), nullptr);
  EXPECT_THROW((void)result.value(), InvalidStateError);
  EXPECT_THROW((void)result.take(), InvalidStateError);
}

TEST(Result, KeepsAValue) {
  Result<std::string> result;
  result.set_value("word");
  EXPECT_TRUE(result.has_value());
  EXPECT_EQ(result.value(), "word");
  EXPECT_EQ(result.copy_or_take(), "word");
  EXPECT_EQ(result.copy_or_take(), "word");
  EXPECT_EQ(result.take(), "word");
  EXPECT_FALSE(result.has_value());
  EXPECT_THROW((void)result.take(), InvalidStateError);
}

TEST(Result, TakesAMoveOnlyValueOnce) {
  Result<std::unique_ptr<int>> result;
  result.set_value(std::make_unique<int>(7));
  EXPECT_EQ(*result.copy_or_take(), 7);
  EXPECT_THROW((void)result.copy_or_take(), InvalidStateError);
}

TEST(Result, KeepsAReference) {
  int number = 1;
  Result<int&> result;
  result.set_value(number);
  EXPECT_EQ(&result.value(), &number);
  EXPECT_EQ(&result.take(), &number);
  EXPECT_EQ(&result.copy_or_take(), &number);
  static_assert(std::is_same_v<decltype(result.value()), int&>);
}

TEST(Result, OfVoidOnlyEnds) {
  Result<void> result;
  EXPECT_THROW(result.value(), InvalidStateError);
  result.set_value();
  EXPECT_TRUE(result.has_value());
  EXPECT_NO_THROW(result.value());
  EXPECT_NO_THROW(result.take());
  EXPECT_NO_THROW(result.copy_or_take());
}

TEST(Result, ThrowsItsErrorEveryTime) {
  Result<int> result;
  result.set_error(std::make_exception_ptr(ValueError("bad")));
  EXPECT_FALSE(result.has_value());
  EXPECT_FALSE(result.cancelled());
  EXPECT_NE(result.error(), nullptr);
  EXPECT_THROW((void)result.value(), ValueError);
  EXPECT_THROW((void)result.take(), ValueError);
  EXPECT_THROW((void)result.copy_or_take(), ValueError);
}

TEST(Result, KnowsACancellationWhenItStoresTheCurrentException) {
  Result<int> result;
  try {
    throw CancelledError("enough");
  } catch (...) {
    result.set_current_exception();
  }
  EXPECT_TRUE(result.cancelled());
  EXPECT_THROW((void)result.value(), CancelledError);
  try {
    throw ValueError("bad");
  } catch (...) {
    result.set_current_exception();
  }
  EXPECT_FALSE(result.cancelled());
  EXPECT_THROW((void)result.value(), ValueError);
}

TEST(Result, TakesOverHowAnotherEnded) {
  Result<std::unique_ptr<int>> value;
  value.set_value(std::make_unique<int>(7));
  Result<std::unique_ptr<int>> target;
  target.take_over(std::move(value));
  EXPECT_EQ(*target.take(), 7);

  Result<int> cancelled;
  cancelled.set_error(std::make_exception_ptr(CancelledError()), true);
  Result<int> other;
  other.take_over(std::move(cancelled));
  EXPECT_TRUE(other.cancelled());
  EXPECT_NE(other.error(), nullptr);
}

TEST(Result, KeepsValuesThatCannotBeAssigned) {
  struct Fixed {
    explicit Fixed(int value_in) : value(value_in) {}
    const int value;
  };
  Result<Fixed> result;
  result.set_value(1);
  result.set_value(2);
  EXPECT_EQ(result.value().value, 2);
  EXPECT_EQ(result.take().value, 2);
}

}  // namespace
}  // namespace cocheck
