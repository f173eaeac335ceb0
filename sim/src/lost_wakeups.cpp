#include "lost_wakeups.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cocheck::detail {

namespace {

using Kind = TraceEvent::Kind;

/// Waits of which a wake-up is one of several, or no more than a sign.
constexpr std::array<std::string_view, 9> kShared = {"sleep",     "await",      "gather",
                                                     "wait",      "event.wait", "barrier.wait",
                                                     "task.join", "queue.join", "task_group.join"};
/// Objects for which others can wait as well; what belongs to one task is lost with it.
constexpr std::array<std::string_view, 4> kQueues = {"lock.", "queue.", "semaphore.", "condition."};

/// Follows one execution through its events.
class WakeupWalk {
 public:
  explicit WakeupWalk(std::vector<TraceEvent>& events) : events_(events) {}

  void walk() {
    for (std::size_t i = 0; i < events_.size(); ++i) {
      const TraceEvent& event = events_[i];
      if (event.kind == Kind::park) waits_[event.task] = {event.verb, event.object, {}, {}};
      if (event.kind == Kind::yield || event.kind == Kind::finish) waits_.erase(event.task);
      if (event.kind == Kind::wake) woken(event, i);
      if (event.kind == Kind::cancel) cancelled(event, i);
      if (event.kind == Kind::step) runs(event, i);
    }
  }

 private:
  struct Wait {
    std::string verb;
    std::string object;
    std::optional<std::size_t> woken;      // the event
    std::optional<std::size_t> cancelled;  // since then; the event
  };

  void woken(const TraceEvent& event, std::size_t at) {
    const auto wait = waits_.find(event.peer);
    if (wait == waits_.end() || wait->second.woken) return;
    // A cancellation wakes, too, and so does the task's own timer.
    const TraceEvent& before = events_[at - 1];
    if (before.kind == Kind::cancel && before.peer == event.peer) return;
    if (before.kind == Kind::timer && before.step == event.step) return;
    wait->second.woken = at;
  }

  void cancelled(const TraceEvent& event, std::size_t at) {
    const auto wait = waits_.find(event.peer);
    if (wait != waits_.end() && wait->second.woken && !wait->second.cancelled) {
      wait->second.cancelled = at;
    }
  }

  void runs(const TraceEvent& event, std::size_t at) {
    const auto found = waits_.find(event.task);
    if (found == waits_.end()) return;
    const Wait wait = found->second;
    waits_.erase(found);
    if (!wait.cancelled || passes_on(at) || !is_lost(wait)) return;
    TraceEvent& cancel = events_[*wait.cancelled];
    cancel.suspicious = true;
    cancel.detail = "woken in step " + std::to_string(events_[*wait.woken].step) +
                    ", but not run yet: that wake-up reaches nobody";
  }

  /// Whether the task does something for others in the step that begins with this event.
  [[nodiscard]] bool passes_on(std::size_t step_event) const {
    const TraceEvent& begin = events_[step_event];
    for (std::size_t i = step_event + 1; i < events_.size() && events_[i].step == begin.step; ++i) {
      const TraceEvent& event = events_[i];
      if (event.task != begin.task) continue;
      if (event.kind == Kind::finish) return false;
      if (event.kind == Kind::wake || event.kind == Kind::operation) return true;
    }
    return false;
  }

  [[nodiscard]] bool is_lost(const Wait& wait) const {
    if (std::ranges::find(kShared, wait.verb) != kShared.end()) return false;
    const bool has_queue = std::ranges::any_of(
        kQueues, [&](std::string_view type) { return wait.verb.starts_with(type); });
    if (!has_queue) return !shares(*wait.woken);
    return std::ranges::any_of(waits_, [&](const auto& other) {
      return other.second.object == wait.object && other.second.verb == wait.verb &&
             !other.second.woken;
    });
  }

  /// Whether the same thing that happened woke several.
  [[nodiscard]] bool shares(std::size_t wake) const {
    const auto is_wake = [&](std::size_t at) {
      return at < events_.size() && events_[at].kind == Kind::wake &&
             events_[at].step == events_[wake].step && events_[at].peer != events_[wake].peer;
    };
    return is_wake(wake - 1) || is_wake(wake + 1);
  }

  std::vector<TraceEvent>& events_;
  std::map<std::string, Wait> waits_;  // by task
};

}  // namespace

void mark_lost_wakeups(Trace& trace) {
  WakeupWalk(trace.events).walk();
}

}  // namespace cocheck::detail
