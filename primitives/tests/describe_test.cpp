#include "cocheck/describe.hpp"

#include <gtest/gtest.h>

#include <exception>
#include <stdexcept>
#include <string>

#include "cocheck/check.hpp"
#include "cocheck/errors.hpp"

namespace cocheck {

/// Names in the global part of cocheck, so that the demangled text is short.
class DescribedTestError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

namespace {

template <class Thrown>
std::string described(Thrown thrown) {
  return describe(std::make_exception_ptr(thrown));
}

TEST(Describe, StandardExceptionsByTypeAndText) {
  EXPECT_EQ(described(std::runtime_error("disk full")), "std::runtime_error(\"disk full\")");
  EXPECT_EQ(described(ValueError("bad")), "cocheck::ValueError(\"bad\")");
}

TEST(Describe, GivesTheDynamicType) {
  try {
    throw DescribedTestError("derived");
  } catch (const std::exception&) {
    EXPECT_EQ(describe(std::current_exception()), "cocheck::DescribedTestError(\"derived\")");
  }
}

TEST(Describe, CancelledErrorWithItsMessage) {
  EXPECT_EQ(described(CancelledError()), "CancelledError");
  EXPECT_EQ(described(CancelledError("enough")), "CancelledError(\"enough\")");
}

TEST(Describe, FailedCheck) {
  EXPECT_EQ(described(CheckFailed()), "a failed check");
}

TEST(Describe, OtherTypesByName) {
  EXPECT_EQ(described(7), "an exception of type int");
}

TEST(Describe, NoException) {
  EXPECT_EQ(describe(nullptr), "no exception");
}

}  // namespace
}  // namespace cocheck
