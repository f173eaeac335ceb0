#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cocheck/detail/access_log.hpp"
#include "cocheck/detail/model_memory.hpp"

namespace cocheck::detail {

/// Watches by breakpoints whether all that steps touch in the memory of a model is told.
///
/// Each instruction of instrumented code that touches memory by a register has a breakpoint until
/// it was executed in a step. Where one was met, the step is to be executed again (see again()), as
/// one in which all that is told is kept. An access is told for good if a callback in the same
/// straight piece of code told of the same bytes: whoever executes the one executes the other. Its
/// breakpoint goes. One that is not told keeps its breakpoint, and from then on the audit itself
/// tells the AccessLog what it touches, each time. So no execution is needed twice for the same
/// code, and what is left costs a microsecond for each access that nobody tells of.
///
/// Calls of code that is not instrumented have breakpoints, too. Such code is executed instruction
/// by instruction, each decoded, in all steps if it is not a library of the system, or has touched
/// what is not told; else at first, the first times that it is called from there, and by chance. As
/// that is slow, there is a limit to it: where code would have to be watched beyond it, the audit
/// is refused(), and names it.
///
/// Only what a step could tell others matters: not its stack, what it has allocated itself, and
/// words that are no part of the state. Reads are taken as told that come behind a write of the
/// step's own only where the log says so: one dependency too many is no error.
///
///     StepAudit audit(seed);
///     { const StepAudit::Step step(&audit, log, memory, true); ... }  // take a step
///     if (audit.again()) ...  // the same step once more
///
/// One search at a time in a process can have it; it needs Linux on x86-64, Zydis, a table of
/// symbols, and nobody who traces the process: else unavailable() says why, and it does nothing.
class StepAudit {
 public:
  explicit StepAudit(std::uint64_t seed);
  ~StepAudit();
  StepAudit(const StepAudit&) = delete;
  StepAudit& operator=(const StepAudit&) = delete;

  [[nodiscard]] const std::string& unavailable() const noexcept { return unavailable_; }

  /// Around a step; nothing where `audit` is null, or `counts` is false: what it touches is not
  /// asked for. Before the AccessLog::Scope.
  class Step {
   public:
    Step(StepAudit* audit, AccessLog& log, const ModelMemory& memory, bool counts);
    ~Step();
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;

   private:
    StepAudit* audit_;
  };

  /// Whether the last step has executed code that was not seen before: it must be executed again
  /// before its log is believed. To be asked once after each step.
  [[nodiscard]] bool again() noexcept;
  /// Whether code would have to be watched that there is no time for.
  [[nodiscard]] bool refused() const noexcept;

  struct Report {
    std::string unavailable;
    std::string refused;             // the place
    std::uint64_t passed_calls = 0;  // of libraries of the system, that were not watched
    std::string first_passed;        // the place
    std::size_t not_understood = 0;  // functions with instructions that are not known
    std::uint64_t breakpoints = 0;   // that were met
    std::uint64_t instructions = 0;  // that were executed one by one
    std::uint64_t looked_again = 0;  // steps that were executed again
    std::uint64_t nanoseconds = 0;   // in all this, about
  };
  [[nodiscard]] Report report() const;
  /// The first places that touch what nobody tells. Names take time to be looked up.
  [[nodiscard]] std::vector<std::string> untold() const;

 private:
  class Watch;
  std::string unavailable_;
  std::unique_ptr<Watch> watch_;
};

}  // namespace cocheck::detail
