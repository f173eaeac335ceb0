#pragma once

#include "cocheck/replay_result.hpp"
#include "cocheck/schedule.hpp"
#include "cocheck/verdict.hpp"

namespace cocheck {

/// How a replay went, `now`, compared with what its recording says of the failure. Failures are the
/// same when their kind and message are, apart from lines of the source and addresses in it; any
/// failure is, when the recording names none.
///
///     const Recording recorded = read_recording(file);
///     tell_replay_result(judge_replay(replay(model, recorded.schedule), recorded));
[[nodiscard]] ReplayResult judge_replay(const Verdict& now, const Recording& recorded);

}  // namespace cocheck
