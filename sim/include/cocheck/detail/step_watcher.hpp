#pragma once

#include "cocheck/loop.hpp"

namespace cocheck::detail {

/// Is told what a step does to the loop that other steps depend on, beside accesses to memory.
class StepWatcher {
 public:
  /// The step has made it ready.
  virtual void posted(const Runnable& runnable) noexcept = 0;
  /// The step has taken away a timer that was pending, or a callback that was ready.
  virtual void withdrawn(const Runnable& runnable) noexcept = 0;
  /// See LoopMemory::note_arrival() and note_all_arrived().
  virtual void arrived(const void* meeting) noexcept = 0;
  virtual void all_arrived(const void* meeting) noexcept = 0;
  /// The step begins a task, which is in the list of the loop from now on.
  virtual void started(TaskBase&) noexcept {}
  /// The step ends a task, which leaves the list of the loop now.
  virtual void finishing(TaskBase&) noexcept {}

 protected:
  ~StepWatcher() = default;
};

}  // namespace cocheck::detail
