#include "cocheck/detail/recorder.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <utility>

#include "cocheck/detail/model_memory.hpp"
#include "cocheck/detail/task_base.hpp"
#include "cocheck/sleep.hpp"
#include "lost_wakeups.hpp"

namespace cocheck::detail {

namespace {

constexpr std::size_t kMostInStep = 1'000;  // events

TraceEvent::Kind to_kind(LoopEvent::Kind kind) {
  switch (kind) {
    case LoopEvent::Kind::spawn:
      return TraceEvent::Kind::spawn;
    case LoopEvent::Kind::operation:
      return TraceEvent::Kind::operation;
    case LoopEvent::Kind::park:
      return TraceEvent::Kind::park;
    case LoopEvent::Kind::yield:
      return TraceEvent::Kind::yield;
    case LoopEvent::Kind::wake:
      return TraceEvent::Kind::wake;
    case LoopEvent::Kind::cancel:
      return TraceEvent::Kind::cancel;
    case LoopEvent::Kind::note:
      return TraceEvent::Kind::note;
    case LoopEvent::Kind::finish:
      return TraceEvent::Kind::finish;
  }
  return TraceEvent::Kind::operation;
}

/// Of "path/counter.cpp:12".
Place place_in_text(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  return {text.substr(0, colon),
          static_cast<unsigned>(std::strtoul(&text[colon + 1], nullptr, 10)),
          {}};
}

}  // namespace

Place to_place(const std::source_location& location) {
  if (location.line() == 0) return {};
  return {location.file_name(), static_cast<unsigned>(location.line()), location.function_name()};
}

TraceEvent& Recorder::add(TraceEvent::Kind kind, const TaskBase* task) {
  // A step that never ends may do so for ever.
  if (trace_.events.size() - step_began_ >= kMostInStep && kind != TraceEvent::Kind::failure) {
    return left_out_ = TraceEvent();
  }
  TraceEvent event;
  event.kind = kind;
  event.step = choices_.empty() ? 0 : trace_.events.empty() ? 0 : trace_.events.back().step;
  event.time = time_;
  if (task != nullptr) event.task = task->id();
  trace_.events.push_back(std::move(event));
  return trace_.events.back();
}

void Recorder::root_started(const TaskBase& root) {
  trace_.events.clear();  // the spawn of the first task is nobody's doing
  step_began_ = 0;
  trace_.tasks = {{root.id(), root.name(), to_place(root.definition())}};
}

std::string Recorder::label(const Action& action) const {
  switch (action.kind) {
    case Choice::Kind::timer:
      return "timer";
    case Choice::Kind::callback:
      return "callback";
    case Choice::Kind::cancel:
      return "cancel";
    case Choice::Kind::value:
      return "choose";
    case Choice::Kind::step:
      break;
  }
  if (!action.task->started()) return "start";
  const auto parked = parked_.find(action.task);
  return parked == parked_.end() ? "resume" : "resume " + parked->second.verb;
}

void Recorder::begin_action(const Action& action, const Decision& decision, TimePoint now) {
  time_ = now.time_since_epoch();
  acting_ = action.task;
  injecting_ = action.kind == Choice::Kind::cancel;
  step_began_ = trace_.events.size();
  const bool first = choices_.empty();
  const std::size_t step = first ? 0 : trace_.events.back().step + 1;
  Choice choice;
  choice.kind = action.kind;
  choice.task = action.task->id();
  choice.value = action.number;  // 0 where the kind has none
  choice.alternatives = decision.alternatives;
  choice.by = decision.by;
  choice.label = label(action);
  choice.place = to_place(action.task->place());
  choices_.push_back(std::move(choice));

  const auto kind = action.kind == Choice::Kind::timer      ? TraceEvent::Kind::timer
                    : action.kind == Choice::Kind::callback ? TraceEvent::Kind::callback
                    : action.kind == Choice::Kind::cancel   ? TraceEvent::Kind::cancel
                                                            : TraceEvent::Kind::step;
  TraceEvent& event = add(kind, action.task);
  event.step = step;
  event.verb = choices_.back().label;
  event.place = choices_.back().place;
  if (action.kind == Choice::Kind::cancel) {
    event.task.clear();
    event.peer = action.task->id();
    event.verb = "cancel";
  }
  if (action.kind == Choice::Kind::timer) describe_timer(event, *action.runnable);
}

void Recorder::timer_armed(const Timer& timer, Duration delay) {
  const ModelMemory::Scope outside(nullptr);
  timers_[&timer] = {delay, to_place(timer.task()->place())};
}

/// "timeout 5 s expired (set at models.cpp:121)", "sleep 1 ms over".
void Recorder::describe_timer(TraceEvent& event, const Runnable& runnable) const {
  const auto& timer = static_cast<const Timer&>(runnable);
  const auto armed = timers_.find(&timer);
  const std::string delay = armed != timers_.end() ? in_words(armed->second.delay) + " " : "";
  event.verb = timer.purpose();
  if (event.verb == "sleep") {
    event.detail = delay + "over";
  } else if (event.verb == "timeout") {
    event.detail = delay + "expired";
    const Place place = armed != timers_.end() ? armed->second.place : event.place;
    if (!place.file.empty()) {
      event.detail += " (set at " + std::filesystem::path(place.file).filename().string() + ":" +
                      std::to_string(place.line) + ")";
      event.place = place;
    }
  }
}

void Recorder::watch_accesses(std::optional<AccessLog::Scope>& scope, const ModelMemory& memory,
                              AccessLog::Range loop) {
  if (!AccessLog::instrumented()) return;
  actor_ = choices_.back().task;
  scope.emplace(lost_updates_.log(),
                AccessLog::Range::between(memory.begin(), memory.begin() + memory.limit()), loop);
}

void Recorder::action_ended() {
  if (!AccessLog::instrumented()) return;
  const std::size_t step = trace_.events.back().step;
  for (const LostUpdates::Found& found : lost_updates_.step_ended(actor_, step)) {
    TraceEvent event;
    event.kind = TraceEvent::Kind::operation;
    event.step = step;
    event.time = time_;
    event.task = actor_;
    event.verb = "lost update";
    event.object = found.variable;
    event.detail = "of " + found.other + ": " + found.written_at + " in step " +
                   std::to_string(found.written_step) + "; read before at " + found.read_at +
                   " in step " + std::to_string(found.read_step);
    event.place = place_in_text(found.overwritten_at);
    const std::string& here = choices_.back().place.file;  // which has its folder
    if (std::filesystem::path(here).filename() == event.place.file) event.place.file = here;
    event.suspicious = true;
    // If the task has ended, it did this before.
    const auto end =
        std::find_if(trace_.events.begin(), trace_.events.end(), [&](const TraceEvent& other) {
          return other.step == step && other.kind == TraceEvent::Kind::finish;
        });
    trace_.events.insert(end, std::move(event));
  }
}

void Recorder::chosen(const TaskBase* task, std::size_t value, const Decision& decision,
                      std::source_location place) {
  Choice choice;
  choice.kind = Choice::Kind::value;
  choice.task = task != nullptr ? task->id() : "0";
  choice.value = value;
  choice.alternatives = decision.alternatives;
  choice.by = decision.by;
  choice.label = "choose";
  choice.place = to_place(place);
  choices_.push_back(choice);
  TraceEvent& event = add(TraceEvent::Kind::choose, task);
  event.verb = "choose";
  event.detail = std::to_string(value) + " of " + std::to_string(decision.alternatives);
  event.place = choice.place;
}

void Recorder::clock_moved(TimePoint now) {
  time_ = now.time_since_epoch();
  add(TraceEvent::Kind::clock, nullptr);
}

void Recorder::failed(const Failure& failure, const TaskBase* task) {
  TraceEvent& event = add(TraceEvent::Kind::failure, task);
  // Of a step that was left nothing is looked at.
  if (task == nullptr && !choices_.empty()) event.task = choices_.back().task;
  event.verb = to_string(failure.kind);
  event.detail = failure.message;
  event.place = failure.at.empty() ? to_place(failure.place) : place_in_text(failure.at);
}

std::string Recorder::object_name(const char* verb, const void* object) {
  if (object == nullptr) return {};
  const std::string_view text(verb);
  const auto dot = text.find('.');
  if (dot == std::string_view::npos || text.substr(0, dot) == "task") return {};
  const std::string type(text.substr(0, dot));
  const auto [entry, is_new] = objects_.try_emplace({object, type});
  if (is_new) entry->second = type + " " + std::to_string(++objects_of_type_[type]);
  return entry->second;
}

void Recorder::on_event(const LoopEvent& event) {
  const ModelMemory::Scope outside(nullptr);
  const TaskBase* task = event.task != nullptr ? event.task : acting_;
  if (event.kind == LoopEvent::Kind::cancel && std::exchange(injecting_, false)) {
    return;  // begin_action has told of it
  }
  TraceEvent& added = add(to_kind(event.kind), task);
  added.verb = event.verb;
  added.object = object_name(event.verb, event.object);
  added.detail = event.detail;
  added.place = to_place(event.place);
  added.suspicious = event.suspicious;
  if (event.peer != nullptr) added.peer = event.peer->id();
  if (added.place.file.empty() && task != nullptr) added.place = to_place(task->place());

  switch (event.kind) {
    case LoopEvent::Kind::spawn:
      trace_.tasks.push_back({added.peer, event.peer->name(), added.place});
      break;
    case LoopEvent::Kind::park:
    case LoopEvent::Kind::yield:
      parked_[task] = {added.verb, added.object, added.peer};
      break;
    case LoopEvent::Kind::operation:
      if (added.verb.ends_with(".acquire")) {
        holders_[added.object] = added.task;
      } else if (added.verb.ends_with(".release")) {
        holders_.erase(added.object);
      }
      break;
    case LoopEvent::Kind::finish:
      parked_.erase(task);
      break;
    default:
      break;
  }
}

void Recorder::finish(const TaskBase* unfinished) {
  for (const TaskBase* task = unfinished; task != nullptr; task = task->next_task) {
    StuckTask stuck;
    stuck.task = task->id();
    stuck.place = to_place(task->place());
    const auto parked = parked_.find(task);
    if (parked != parked_.end()) {
      stuck.verb = parked->second.verb;
      stuck.object = parked->second.object;
      stuck.holder = parked->second.waits_for;
      if (const auto holder = holders_.find(stuck.object); holder != holders_.end()) {
        stuck.holder = holder->second;
      }
    } else {
      stuck.verb = "start";
    }
    trace_.stuck.push_back(std::move(stuck));
  }
  mark_lost_wakeups(trace_);
  number_objects();
}

void Recorder::number_objects() {
  // A number tells objects of one type apart; where there is one only, it says nothing.
  const auto shorten = [&](std::string& name) {
    if (!name.ends_with(" 1")) return;
    std::string type = name.substr(0, name.size() - 2);
    if (objects_of_type_[type] == 1) name = std::move(type);
  };
  for (TraceEvent& event : trace_.events) shorten(event.object);
  for (StuckTask& stuck : trace_.stuck) shorten(stuck.object);
}

}  // namespace cocheck::detail
