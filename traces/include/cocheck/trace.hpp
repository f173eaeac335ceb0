#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace cocheck {

/// A place in the source of the model.
struct Place {
  std::string file;  ///< empty when the place is not known
  unsigned line = 0;
  std::string function;

  friend bool operator==(const Place&, const Place&) = default;
};

/// What a person needs to know of one task. `id` is its path in the spawn tree ("0", "0.2",
/// "0.2.1").
struct TraceTask {
  std::string id;
  std::string name;
  Place place;  ///< where the coroutine was defined

  friend bool operator==(const TraceTask&, const TraceTask&) = default;
};

/// One thing that happened in an execution, in the lane of the task that did it or to which it
/// happened.
///
/// Events are stored in the order in which they happened; `step` numbers the action during which
/// that was (the first action is 0), so all events of one step share it.
struct TraceEvent {
  enum class Kind : std::uint8_t {
    step,       ///< the explorer lets the task run; comes before all other events of that step
    spawn,      ///< the task created the task `peer`
    operation,  ///< the task did `verb` to `object` without suspending
    park,       ///< the task is suspended until someone completes `verb` on `object`
    yield,      ///< the task is suspended and at once ready again
    wake,       ///< the task made the task `peer` ready
    timer,      ///< a timer of the task came due
    callback,   ///< a callback that the task had registered on a future runs
    cancel,     ///< the task asked for the cancellation of `peer`; an explorer did if `task` is ""
    choose,     ///< the task drew a value from the tape; `detail` is the value
    note,       ///< the model said `detail`
    finish,     ///< the task ended; `verb` is "return", "throw" or "cancelled"
    clock,      ///< nothing could run, so virtual time jumped to `time`; `task` is ""
    failure,    ///< the property broke here; `detail` says how
  };

  Kind kind = Kind::step;
  std::size_t step = 0;
  std::string task;    ///< id of the task whose lane it belongs to, "" for the world
  std::string verb;    ///< "lock.acquire", "queue.put", "sleep", ...
  std::string object;  ///< "lock", "queue 2", "" when there is none
  std::string detail;  ///< a value or an explanation, such as "-> 3"
  std::string peer;    ///< id of the other task, see Kind
  Place place;
  std::chrono::nanoseconds time{0};  ///< virtual time since the start of the execution
  bool suspicious = false;           ///< worth a second look, such as a signal nobody received

  friend bool operator==(const TraceEvent&, const TraceEvent&) = default;
};

/// A task that never ended, and what it was waiting for when the execution stopped.
struct StuckTask {
  std::string task;    ///< id
  std::string verb;    ///< the operation it is parked in, such as "lock.acquire"
  std::string object;  ///< on which object
  std::string holder;  ///< id of the task that holds the object, "" when that is not known
  Place place;

  friend bool operator==(const StuckTask&, const StuckTask&) = default;
};

/// What happened in one execution, for people. Filled by the simulation, read by the text table,
/// the picture and the `cocheck` command.
struct Trace {
  std::vector<TraceTask> tasks;  ///< in the order in which they were spawned
  std::vector<TraceEvent> events;
  std::vector<StuckTask> stuck;  ///< empty unless tasks were left suspended

  friend bool operator==(const Trace&, const Trace&) = default;
};

}  // namespace cocheck
