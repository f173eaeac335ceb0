#include "cocheck/failure.hpp"

#include <gtest/gtest.h>

namespace cocheck {
namespace {

TEST(FailureKind, HasATextForPeople) {
  EXPECT_STREQ(to_string(FailureKind::check), "check failed");
  EXPECT_STREQ(to_string(FailureKind::exception), "exception escaped");
  EXPECT_STREQ(to_string(FailureKind::unretrieved_exception), "exception never retrieved");
  EXPECT_STREQ(to_string(FailureKind::deadlock), "deadlock");
  EXPECT_STREQ(to_string(FailureKind::unfinished_task), "task left unfinished");
  EXPECT_STREQ(to_string(FailureKind::never_awaited), "coroutine never awaited");
  EXPECT_STREQ(to_string(FailureKind::misuse), "misuse");
  EXPECT_STREQ(to_string(FailureKind::step_limit), "step limit reached");
}

TEST(FailureKind, OfANumberThatIsNoneIsUnknown) {
  EXPECT_STREQ(to_string(static_cast<FailureKind>(99)), "unknown");
}

}  // namespace
}  // namespace cocheck
