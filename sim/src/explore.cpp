#include "cocheck/explore.hpp"

#include <string_view>

#include "cocheck/schedule_file.hpp"
#include "cocheck/schedule_line.hpp"
#include "lag_search.hpp"
#include "schedule_options.hpp"
#include "search.hpp"

namespace cocheck {

namespace {

bool is_schedule_line(std::string_view text) {
  return text.starts_with("cocheck1:");
}

}  // namespace

Verdict explore(const Model& model, const Options& options) {
  if (!options.replay.empty()) {
    const Schedule schedule = is_schedule_line(options.replay)
                                  ? schedule_from_line(options.replay)
                                  : read_recording(options.replay).schedule;
    return replay(model, schedule, options);
  }
  Verdict verdict = detail::Search(model, options).run();
  if (detail::is_lag_sought(options, verdict)) detail::seek_lag(model, options, verdict);
  return verdict;
}

Verdict replay(const Model& model, const Schedule& schedule, const Options& options) {
  const Options fitting = detail::replay_options(schedule, options);
  return detail::Search(model, fitting).replay(schedule);
}

}  // namespace cocheck
