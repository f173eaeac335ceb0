#pragma once

#include <chrono>

namespace cocheck::detail {

/// Looks now and then, while it lives, at the step that runs in the thread that made it. One that
/// has used more than `limit` of processor time spins; one that has waited for so long outside of
/// the model, using none, blocks. Both are left by the guard of the step, as a failure that says
/// so and where. Costs a signal every tenth of a second, and nothing in a step.
///
///     const StepWatchdog watchdog(options.step_time);
///     search();
///
/// A forked process has none until it calls again_in_this_process().
class StepWatchdog {
 public:
  /// 0: no limit.
  explicit StepWatchdog(std::chrono::milliseconds limit);
  ~StepWatchdog();
  StepWatchdog(const StepWatchdog&) = delete;
  StepWatchdog& operator=(const StepWatchdog&) = delete;

  /// While it lives the limit is a twentieth, for what is known not to end.
  class Hasty {
   public:
    Hasty();
    ~Hasty();
    Hasty(const Hasty&) = delete;
    Hasty& operator=(const Hasty&) = delete;

   private:
    std::chrono::milliseconds limit_;
  };

  /// For a process that was forked where one lived.
  static void again_in_this_process();

 private:
  bool outermost_;
};

}  // namespace cocheck::detail
