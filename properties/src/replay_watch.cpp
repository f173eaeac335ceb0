#include "replay_watch.hpp"

#include <string>

#include "cocheck/detail/settings.hpp"
#include "cocheck/errors.hpp"
#include "cocheck/replay_result.hpp"
#include "cocheck/terminal_text.hpp"

namespace cocheck::detail {

namespace {

bool schedule_taken = false;

/// The schedule to replay, "" when there is none or the settings are wrong, of which tests tell.
std::string schedule_to_replay() {
  try {
    return resolve_settings({}).options.replay;
  } catch (const ValueError&) {
    return {};
  }
}

}  // namespace

void ReplayWatch::install() {
  static const bool installed = [] {
    // GoogleTest deletes it.
    ::testing::UnitTest::GetInstance()->listeners().Append(new ReplayWatch);
    return true;
  }();
  static_cast<void>(installed);
}

void ReplayWatch::taken() noexcept {
  schedule_taken = true;
}

void ReplayWatch::OnTestIterationStart(const ::testing::UnitTest&, int) {
  schedule_taken = false;
}

void ReplayWatch::OnTestIterationEnd(const ::testing::UnitTest&, int) {
  const std::string schedule = schedule_to_replay();
  if (schedule.empty() || schedule_taken) return;
  tell_replay_result(ReplayResult::cannot_be_told);
  ADD_FAILURE() << "no test has replayed " << printable(schedule)
                << ": the test that it is for is not in this program, or was not selected";
}

}  // namespace cocheck::detail
