#include "schedule_options.hpp"

#include <stdexcept>

#include "cocheck/schedule_error.hpp"

namespace cocheck::detail {

std::map<std::string, std::string> schedule_options(const Options& options, Order order) {
  std::map<std::string, std::string> named{{"order", order == Order::fifo ? "fifo" : "any"}};
  // The end of the scale goes by its name, which earlier versions read as well.
  if (const auto lag = options.loop_lag(); lag == kAnyLag) {
    named["clock"] = to_string(Clock::race);
  } else if (lag != kNoLag) {
    named["lag"] = lag_to_string(lag);
  }
  if (options.cancellations > 0) named["cancellations"] = std::to_string(options.cancellations);
  if (options.always_suspend) named["always_suspend"] = "yes";
  if (options.eager_tasks) named["eager_tasks"] = "yes";
  return named;
}

std::size_t number_in_schedule(const std::string& text, const char* of_what) {
  try {
    return std::stoul(text);
  } catch (const std::logic_error&) {
    throw ScheduleError("the schedule allows '" + text + "' " + of_what + ", which is no number");
  }
}

/// The options of a replay: what shapes the tree of choices comes from the schedule.
Options replay_options(const Schedule& schedule, Options options) {
  options.clock = Clock::idle;
  options.lag.reset();
  options.cancellations = 0;
  options.always_suspend = false;
  options.eager_tasks = false;
  for (const auto& [name, value] : schedule.options) {
    if (name == "clock") {
      options.clock = parse_clock(value);
    } else if (name == "lag") {
      options.lag = parse_lag(value);
    } else if (name == "cancellations") {
      options.cancellations =
          static_cast<std::uint32_t>(number_in_schedule(value, "cancellations"));
    } else if (name == "always_suspend") {
      options.always_suspend = value == "yes";
    } else if (name == "eager_tasks") {
      options.eager_tasks = value == "yes";
    }
  }
  return options;
}

}  // namespace cocheck::detail
