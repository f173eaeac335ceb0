#pragma once

#include <gtest/gtest.h>

namespace cocheck::detail {

/// Sees to it that a program which was told to replay a schedule does, or fails: a test that was
/// renamed or removed, or another program's, would pass by running nothing.
class ReplayWatch final : public ::testing::EmptyTestEventListener {
 public:
  /// From now on watches the tests of this program; further calls do nothing.
  static void install();
  /// A test has taken the schedule.
  static void taken() noexcept;

  void OnTestIterationStart(const ::testing::UnitTest& program, int iteration) override;
  void OnTestIterationEnd(const ::testing::UnitTest& program, int iteration) override;
};

}  // namespace cocheck::detail
