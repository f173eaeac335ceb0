#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "cocheck/detail/lost_updates.hpp"
#include "cocheck/loop.hpp"
#include "cocheck/schedule.hpp"
#include "cocheck/trace.hpp"
#include "cocheck/world.hpp"

namespace cocheck::detail {

/// Writes down one execution: its choices by task ids, and its events for people. Only executions
/// that are worth a look have one.
class Recorder final : public Observer {
 public:
  /// What there was to choose from, and who did.
  struct Decision {
    std::size_t alternatives = 1;
    Choice::By by = Choice::By::unknown;
  };

  // Called by the world.
  void root_started(const TaskBase& root);
  void begin_action(const Action& action, const Decision& decision, TimePoint now);
  /// Where code is instrumented: from here to action_ended() accesses are told.
  void watch_accesses(std::optional<AccessLog::Scope>& scope, const ModelMemory& memory,
                      AccessLog::Range loop);
  void action_ended();
  void chosen(const TaskBase* task, std::size_t value, const Decision& decision,
              std::source_location place);
  void timer_armed(const Timer& timer, Duration delay);
  void clock_moved(TimePoint now);
  void failed(const Failure& failure, const TaskBase* task);
  /// The execution is over; `unfinished` begins the list of tasks that are left.
  void finish(const TaskBase* unfinished);

  void on_event(const LoopEvent& event) override;

  /// What the task of an action is about to do.
  [[nodiscard]] std::string label(const Action& action) const;

  /// The task of the present action.
  [[nodiscard]] const TaskBase* acting() const noexcept { return acting_; }
  [[nodiscard]] const Trace& trace() const noexcept { return trace_; }
  [[nodiscard]] const std::vector<Choice>& choices() const noexcept { return choices_; }

 private:
  struct Parked {
    std::string verb;
    std::string object;
    std::string waits_for;
  };
  /// How a timer was set.
  struct Armed {
    Duration delay{0};
    Place place;
  };

  TraceEvent& add(TraceEvent::Kind kind, const TaskBase* task);
  [[nodiscard]] std::string object_name(const char* verb, const void* object);
  void describe_timer(TraceEvent& event, const Runnable& timer) const;
  void number_objects();

  LostUpdates lost_updates_;
  std::string actor_;  // of the present action
  Trace trace_;
  std::size_t step_began_ = 0;  // in the events
  TraceEvent left_out_;
  std::vector<Choice> choices_;
  std::map<std::pair<const void*, std::string>, std::string> objects_;
  std::map<std::string, int> objects_of_type_;
  std::unordered_map<const TaskBase*, Parked> parked_;
  std::unordered_map<const Timer*, Armed> timers_;
  std::map<std::string, std::string> holders_;  // object to task
  const TaskBase* acting_ = nullptr;            // whose lane what happens outside of tasks goes to
  Duration time_{0};
  bool injecting_ = false;  // the explorer's own cancellation is still to be reported by the loop
};

/// A place for people: the path as the compiler knew it, the line, and the function.
[[nodiscard]] Place to_place(const std::source_location& location);

}  // namespace cocheck::detail
