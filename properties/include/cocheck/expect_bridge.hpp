#pragma once

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cocheck/failure.hpp"
#include "cocheck/schedule.hpp"

namespace cocheck {

/// While one lives, an EXPECT_* or ADD_FAILURE that fails inside a model fails that schedule, as
/// COCHECK would but without ending the step, and leaves the test alone.
///
/// What fails outside of a model is kept and fails the test when the bridge goes. GTEST_SKIP in a
/// function that a model calls is a failure of the kind misuse. COCHECK_TEST and COCHECK_PROP have
/// a bridge of their own; a test that calls explore() makes one. It serves the thread that made it.
///
///     ExpectBridge bridge;
///     EXPECT_TRUE(passes(explore(model)));
class ExpectBridge {
 public:
  ExpectBridge();
  ~ExpectBridge();
  ExpectBridge(const ExpectBridge&) = delete;
  ExpectBridge& operator=(const ExpectBridge&) = delete;

  /// The place of the expectation behind `failure` and what GoogleTest said, line by line; empty
  /// when there is none. The message of the failure is the same in one line.
  [[nodiscard]] std::string text_of(const Failure& failure) const;

  /// Gives the failure in the trace the place of the expectation behind it.
  void set_place(Recording& recording) const;

 private:
  struct Expectation {
    Place place;
    std::string text;
  };

  class Reporter final : public ::testing::ScopedFakeTestPartResultReporter {
   public:
    explicit Reporter(ExpectBridge& bridge)
        : ScopedFakeTestPartResultReporter(INTERCEPT_ONLY_CURRENT_THREAD, nullptr),
          bridge_(bridge) {}
    void ReportTestPartResult(const ::testing::TestPartResult& result) override {
      bridge_.report(result);
    }

   private:
    ExpectBridge& bridge_;
  };

  void report(const ::testing::TestPartResult& result);

  std::map<std::string, Expectation> expectations_;  // by the message of the failure
  std::vector<Expectation> outside_;
  std::optional<Reporter> reporter_;
};

}  // namespace cocheck
