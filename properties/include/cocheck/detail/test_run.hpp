#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "cocheck/detail/settings.hpp"
#include "cocheck/expect_bridge.hpp"
#include "cocheck/schedule.hpp"
#include "cocheck/verdict.hpp"
#include "cocheck/world.hpp"

namespace cocheck::detail {

/// Where a test stands in the source.
struct TestPlace {
  const char* file = "";
  int line = 0;
};

/// Makes the name known as one of ours, so that a schedule without a test finds the one it is for.
bool register_test(const char* suite, const char* name);

/// The GoogleTest test that runs at the moment, as one of ours: what it runs with, whether it
/// replays, and how its result is told.
class TestRun {
 public:
  /// Nothing when the test is not to run: the settings are wrong, and it has failed, or the
  /// schedule to replay is of another test, and it is skipped.
  static std::optional<TestRun> begin(const Options& in_code, TestPlace place);

  [[nodiscard]] const std::string& name() const noexcept { return settings_.options.test; }
  [[nodiscard]] const Options& options() const noexcept { return settings_.options; }
  /// The schedule to replay instead of searching, null when there is none.
  [[nodiscard]] const Schedule* schedule() const noexcept {
    return replays_ ? &recorded_.schedule : nullptr;
  }

  /// Records what passed and prints it in one line.
  void pass(const std::string& summary) const;

  /// Says what a loop that is late breaks, and writes the files: the test passes all the same.
  void warn(const Verdict::Fragile& fragile) const;

  /// Fails the test with `text` alone.
  void fail(const std::string& text) const;

  /// Fails the test with the verdict, its table and how to replay it, and writes the files.
  /// `expectation` is what GoogleTest said; `workload` stands in front of it all.
  void fail(const Verdict& verdict, const std::string& expectation,
            const std::string& workload = {}) const;

 private:
  explicit TestRun(TestPlace place) noexcept : place_(place) {}

  [[nodiscard]] bool load_schedule();
  void add_failure(const std::string& text) const;
  /// Under the name of the test and `kind`, and says how to replay what was written.
  [[nodiscard]] std::string write_files(const Recording& recording,
                                        const std::string& kind = {}) const;

  TestPlace place_;
  Settings settings_;
  Recording recorded_;  // to be replayed; without its trace
  bool replays_ = false;
};

/// What COCHECK_TEST runs.
void run_test(const Model& model, const Options& in_code, TestPlace place);

}  // namespace cocheck::detail
