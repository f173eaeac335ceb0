#include "cocheck/exception_group.hpp"

#include <gtest/gtest.h>

#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include "cocheck/errors.hpp"

namespace cocheck {
namespace {

std::exception_ptr error(const char* what) {
  return std::make_exception_ptr(std::runtime_error(what));
}

TEST(ExceptionGroup, KeepsTheExceptionsInOrder) {
  const std::exception_ptr first = error("first");
  const std::exception_ptr second = error("second");
  const ExceptionGroup group("both", {first, second});
  ASSERT_EQ(group.exceptions().size(), 2u);
  EXPECT_EQ(group.exceptions()[0], first);
  EXPECT_EQ(group.exceptions()[1], second);
}

TEST(ExceptionGroup, SaysWhatItHolds) {
  EXPECT_STREQ(ExceptionGroup("one", {error("first")}).what(),
               "one (1 sub-exception: std::runtime_error(\"first\"))");
  EXPECT_STREQ(ExceptionGroup("two", {error("first"), error("second")}).what(),
               "two (2 sub-exceptions: std::runtime_error(\"first\"), "
               "std::runtime_error(\"second\"))");
}

TEST(ExceptionGroup, SaysWhatGroupsInsideItHold) {
  const auto inner = std::make_exception_ptr(ExceptionGroup("inner", {error("first")}));
  const std::string text = ExceptionGroup("outer", {inner}).what();
  EXPECT_NE(text.find("outer (1 sub-exception: cocheck::ExceptionGroup("), std::string::npos)
      << text;
  EXPECT_NE(text.find("std::runtime_error(\"first\")"), std::string::npos) << text;
}

TEST(ExceptionGroup, HoldsWhatIsNoStandardException) {
  const ExceptionGroup group(
      "odd", {std::make_exception_ptr(7), std::make_exception_ptr(CancelledError("enough"))});
  EXPECT_STREQ(group.what(),
               "odd (2 sub-exceptions: an exception of type int, CancelledError(\"enough\"))");
}

TEST(ExceptionGroup, IsAnOrdinaryErrorThatOutlivesItsCopies) {
  std::exception_ptr thrown;
  {
    const ExceptionGroup group("one", {error("first")});
    thrown = std::make_exception_ptr(group);
  }
  try {
    std::rethrow_exception(thrown);
  } catch (const Error& caught) {
    EXPECT_STREQ(caught.what(), "one (1 sub-exception: std::runtime_error(\"first\"))");
  }
}

}  // namespace
}  // namespace cocheck
