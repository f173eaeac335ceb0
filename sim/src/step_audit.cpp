#include "cocheck/detail/step_audit.hpp"

#include <signal.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <string_view>

#include "audit_findings.hpp"
#include "audit_sites.hpp"
#include "audit_walk.hpp"
#include "cocheck/random_stream.hpp"
#include "fault_signals.hpp"

namespace cocheck::detail {

namespace {

// Calls of libraries of the system are all watched until so many instructions were executed one by
// one, then the first ones from each place that calls them, and by chance one of so many.
constexpr std::uint64_t kWatchedAtFirst = 5'000;
constexpr std::uint32_t kLooks = 3;
constexpr std::size_t kByChance = 64;
// After so many calls of nothing but instrumented code, that is what an indirect call does.
constexpr std::uint32_t kIndirectLooks = 64;
// Instructions that are executed one by one in a search, at some 10 microseconds.
constexpr std::uint64_t kMostInstructions = 200'000;

/// Another process that would take the traps for its own.
bool is_traced() {
  std::ifstream status("/proc/self/status");
  constexpr std::string_view kTracer = "TracerPid:\t";
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(kTracer)) return line.substr(kTracer.size()) != "0";
  }
  return false;
}

std::uintptr_t word_at(std::uintptr_t address) noexcept {
  std::uintptr_t word = 0;
  // NOLINTNEXTLINE(performance-no-int-to-ptr): the model reads it, too
  std::memcpy(&word, reinterpret_cast<const void*>(address), sizeof word);
  return word;
}

std::uint64_t now_in_nanoseconds() noexcept {
  return static_cast<std::uint64_t>(
      std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count());
}

}  // namespace

/// One search, as the handler of breakpoints sees it.
class StepAudit::Watch {
 public:
  Watch(AuditedCode& code, std::uint64_t seed) : code_(code), walk_(code), random_(seed) {}

  /// That no two searches of a process have the breakpoints.
  static inline constinit std::atomic<Watch*> now = nullptr;

  static bool on_fault(int signal, siginfo_t&, void* context) {
    if (signal != SIGTRAP) {
      tell_where(context);
      return false;
    }
    if (probing) {
      ThreadState(context).set_stepping(false);
      return true;
    }
    AuditedCode* code = AuditedCode::of_this_program();
    if (code == nullptr) return false;
    const int kept = errno;
    const bool mine = AccessLog::active() != nullptr;
    AccessLog* const active = AccessLog::active();
    ThreadState thread(context);
    bool done = false;
    {
      const AccessLog::Pause pause;
      const ModelMemory::Scope outside(nullptr);
      Watch* const watch = now.load();
      const bool in_step = mine && watch != nullptr && watch->log_ == active;
      done = watch != nullptr ? watch->handle(thread, in_step) : pass(*code, thread);
    }
    errno = kept;
    return done;
  }

  /// Measures what the system needs for a breakpoint, and for one instruction.
  void measure() {
#if defined(__x86_64__)
    probing = true;
    const std::uint64_t begin = now_in_nanoseconds();
    asm volatile("int3");
    const std::uint64_t between = now_in_nanoseconds();
    asm volatile(
        "lea -128(%%rsp), %%rsp; pushfq; orq $0x100, (%%rsp); popfq; nop; "
        "lea 128(%%rsp), %%rsp"
        :
        :
        : "memory", "cc");
    instruction_cost_ = now_in_nanoseconds() - between;
    breakpoint_cost_ = between - begin;
    probing = false;
#endif
  }

  void begin_step(AccessLog& log, const ModelMemory& memory) {
    walk_.stop();  // of a step that has crashed
    log_ = &log;
    memory_ = &memory;
    seen_new_ = false;
    told_.clear();
    observed_.clear();
    log.keep_told(exact_ ? &told_ : nullptr);
  }

  void end_step() {
    if (walk_.active()) {
      walk_.stop();
      finish_walk();
    }
    if (exact_) {
      log_->keep_told(nullptr);
      judge();
    }
    log_ = nullptr;
  }

  bool again() noexcept {
    const bool wants = seen_new_ && !exact_;
    exact_ = wants;
    looked_again_ += wants ? 1u : 0u;
    return wants;
  }

  [[nodiscard]] bool refused() const noexcept {
    return refused_ != nullptr;
  }

  [[nodiscard]] std::vector<std::string> untold() const {
    return findings_.places(code_);
  }

  void fill(Report& report) const {
    report.instructions = walk_.instructions();
    report.breakpoints = breakpoints_;
    report.looked_again = looked_again_;
    report.not_understood = code_.not_understood();
    report.nanoseconds =
        nanoseconds_ + breakpoints_ * breakpoint_cost_ + walk_.instructions() * instruction_cost_;
    report.passed_calls = passed_;
    if (first_passed_ != nullptr) report.first_passed = describe_call(*first_passed_, code_);
    if (refused_ != nullptr) report.refused = describe_call(*refused_, code_);
  }

 private:
  struct Observed {
    AuditSite* site;
    SeenAccess access;
  };

  /// That a copy of an instruction has crashed means that the instruction has.
  static void tell_where(void* context) {
    AuditedCode* code = AuditedCode::of_this_program();
    if (code == nullptr) return;
    ThreadState thread(context);
    const std::uintptr_t at = code->patches().original_of(thread.instruction());
    if (at != 0) thread.go_to(at);
  }

  /// A breakpoint that nobody asks for any more.
  static bool pass(AuditedCode& code, ThreadState& thread) {
    if (!thread.at_breakpoint()) return false;
    const std::uintptr_t at = thread.instruction() - 1;
    if (code.site_at(at) == nullptr && code.program().function_at(at) == nullptr) return false;
    thread.go_to(at);
    return true;
  }

  bool handle(ThreadState& thread, bool in_step) {
    const std::uint64_t begin = now_in_nanoseconds();
    const bool done = take(thread, in_step);
    nanoseconds_ += now_in_nanoseconds() - begin;
    return done;
  }

  bool take(ThreadState& thread, bool in_step) {
    if (walk_.active() && walk_.go_on(thread)) {
      if (!walk_.active()) finish_walk();
      return true;
    }
    if (!thread.at_breakpoint()) return false;
    ++breakpoints_;
    const std::uintptr_t at = thread.instruction() - 1;
    if (AuditSite* site = code_.site_at(at)) {
      if (walk_.was_left(thread)) {
        walk_.stop();
        finish_walk();
      }
      meet(thread, *site, in_step);
      return true;
    }
    if (ProgramCode::Function* function = code_.unprepared_at(at)) {
      code_.prepare(*function);
      thread.go_to(at);
      return true;
    }
    return false;
  }

  void meet(ThreadState& thread, AuditSite& site, bool in_step) {
    if (site.state == AuditSite::State::told) {  // since another thread was stopped here
      thread.go_to(site.at);
      return;
    }
    const Registers registers = thread.registers();
    if (site.kind != AuditSite::Kind::access) {
      call(thread, site, registers, in_step);
      return;
    }
    if (in_step) note(site, registers);
    thread.go_to(site.copy);
  }

  void note(AuditSite& site, const Registers& registers) {
    if (!exact_ && site.state == AuditSite::State::unknown) {
      seen_new_ = true;
      return;
    }
    for (const CodeOperand& operand : site.code.memory()) {
      SeenAccess access{operand.address(registers), site.code.bytes_of(operand, registers), false,
                        site.at};
      for (const bool write : {false, true}) {
        if (!(write ? operand.writes : operand.reads)) continue;
        access.write = write;
        if (exact_) {
          observed_.push_back({&site, access});
        } else {
          tell(site, access);
        }
      }
    }
  }

  /// What is not told of the bytes that others can notice is told now; a read also where the step
  /// has said that it writes there, since it may read before that.
  void tell(AuditSite& site, const SeenAccess& access) {
    bool news = false;
    for (std::uintptr_t at = access.at, end = access.at + access.bytes; at < end;) {
      const std::uintptr_t next = std::min(end, (at | 7) + 1);
      if (log_->is_inside(at) && !log_->fresh(at) && log_->amend(at, next - at, access.write) &&
          memory_->matters(at / 8)) {
        news = true;
      }
      at = next;
    }
    if (!news) return;
    site.state = AuditSite::State::untold;
    findings_.add(site, access.instruction);
  }

  void judge() {
    exact_ = false;
    for (const Observed& seen : observed_) {
      if (seen.site->state == AuditSite::State::told || is_told(seen)) continue;
      seen.site->state = AuditSite::State::untold;
    }
    for (const Observed& seen : observed_) {
      if (seen.site->state == AuditSite::State::unknown) {
        code_.settle(*seen.site);
      } else if (seen.site->state == AuditSite::State::untold) {
        tell(*seen.site, seen.access);
      }
    }
  }

  /// Whether what was told in the same straight piece of code covers all bytes of the access.
  [[nodiscard]] bool is_told(const Observed& seen) const {
    std::uintptr_t at = seen.access.at;
    const std::uintptr_t end = at + seen.access.bytes;
    while (at < end) {
      const auto covers = [&](const AccessLog::Told& told) {
        return told.write == seen.access.write && at >= told.at && at < told.at + told.bytes &&
               told.instruction > seen.site->straight_from &&
               told.instruction <= seen.site->straight_to;
      };
      const auto found = std::find_if(told_.rbegin(), told_.rend(), covers);
      if (found == told_.rend()) return false;
      at = found->at + found->bytes;
    }
    return true;
  }

  [[nodiscard]] static std::uintptr_t target_of(const AuditSite& site, const Registers& registers) {
    if (site.code.direct) return site.code.target;
    if (site.code.slot != 0) return word_at(site.code.slot);
    if (site.code.target_register != kNoRegister) return registers[site.code.target_register];
    return word_at(site.code.operands[0].address(registers));
  }

  /// Does what the call, or jump, would do, and watches what is called if it must be.
  void call(ThreadState& thread, AuditSite& site, const Registers& registers, bool in_step) {
    const bool pushes = site.code.kind == CodeInstruction::Kind::call;
    std::uintptr_t target = target_of(site, registers);
    if (in_step && !site.code.memory().empty()) {
      const CodeOperand& from = site.code.operands[0];
      tell(site, {from.address(registers), from.bytes, false, site.at});
    }
    if (pushes) thread.push(site.at + site.code.length);
    if (site.kind == AuditSite::Kind::indirect) {
      using Owner = AuditedCode::Owner;
      const Owner owner = code_.owner_of(target);
      site.always = site.always || owner == Owner::user;
      if (owner != Owner::user && owner != Owner::system) {
        if (ProgramCode::Function* called = code_.unprepared_at(target)) code_.prepare(*called);
        const bool is_common = ++site.looks > kIndirectLooks && site.target == 0 &&
                               site.state == AuditSite::State::unknown;
        if (is_common) code_.settle(site);
        thread.go_to(target);
        return;
      }
      if (site.target == 0) site.looks = 0;
      site.target = target;
    }
    if (!in_step || !wants_to_watch(site)) {
      thread.go_to(target);
      return;
    }
    if (site.code.direct && site.target != 0) target = site.target;  // not by the linker's stub
    const std::uintptr_t returns_to = pushes ? site.at + site.code.length : word_at(thread.stack());
    const AccessLog::Range range = log_->memory();
    walk_.begin(thread, site, target, returns_to, range.begin, range.bytes);
    if (!walk_.active()) finish_walk();
  }

  [[nodiscard]] bool wants_to_watch(AuditSite& site) {
    const bool must = site.always || site.state == AuditSite::State::untold;
    const bool wants = must || site.looks < kLooks || walk_.instructions() < kWatchedAtFirst ||
                       random_.below(kByChance) == 0;
    if (wants && !walk_.active() && walk_.instructions() < kMostInstructions) return true;
    if (must && refused_ == nullptr) refused_ = &site;
    if (!must && passed_++ == 0) first_passed_ = &site;
    return false;
  }

  void finish_walk() {
    AuditSite& site = walk_.site();
    bool untold = false;
    for (const SeenAccess& seen : walk_.seen()) {
      for (std::uintptr_t at = seen.at, end = seen.at + seen.bytes; at < end;) {
        const std::uintptr_t next = std::min(end, (at | 7) + 1);
        if (log_->is_inside(at) && !log_->fresh(at) && log_->adds(at, next - at, seen.write)) {
          log_->record(reinterpret_cast<const void*>(at), next - at, seen.write, nullptr);
          if (memory_->matters(at / 8)) {
            findings_.add(site, seen.instruction);
            untold = true;
          }
        }
        at = next;
      }
    }
    if (untold) site.state = AuditSite::State::untold;
    if (!walk_.complete() && refused_ == nullptr) refused_ = &site;
    ++site.looks;
  }

  AuditedCode& code_;
  CodeWalk walk_;
  RandomStream random_;
  AuditFindings findings_;
  AccessLog* log_ = nullptr;  // of the step that runs
  const ModelMemory* memory_ = nullptr;
  bool exact_ = false;     // whether all that is told is kept in this step
  bool seen_new_ = false;  // whether code was executed that is not known
  HarnessVector<AccessLog::Told> told_;
  std::vector<Observed> observed_;
  std::uint64_t passed_ = 0;  // calls that were not watched
  const AuditSite* first_passed_ = nullptr;
  const AuditSite* refused_ = nullptr;
  std::uint64_t breakpoints_ = 0;
  std::uint64_t looked_again_ = 0;
  static inline constinit thread_local bool probing = false;
  std::uint64_t nanoseconds_ = 0;
  std::uint64_t breakpoint_cost_ = 0;
  std::uint64_t instruction_cost_ = 0;
};

StepAudit::StepAudit(std::uint64_t seed) {
  if (!decoder_available()) {
    unavailable_ = "cocheck was built without Zydis, or not for x86-64";
    return;
  }
  if (is_traced()) {
    unavailable_ = "a debugger or tracer is attached to the program";
    return;
  }
  AuditedCode* code = AuditedCode::of_this_program();
  if (code == nullptr) {
    unavailable_ = "the program has no table of symbols";
    return;
  }
  watch_ = std::make_unique<Watch>(*code, seed);
  Watch* nobody = nullptr;
  if (!Watch::now.compare_exchange_strong(nobody, watch_.get())) {
    watch_.reset();
    unavailable_ = "another search of the program is audited at the same time";
    return;
  }
  handle_faults(FaultClient::single_steps, Watch::on_fault);
  if (code->patches().arm()) {
    watch_->measure();
    return;
  }
  Watch::now = nullptr;
  watch_.reset();
  unavailable_ = "the system does not let the program put breakpoints into its own code";
}

StepAudit::~StepAudit() {
  if (watch_ == nullptr) return;
  AuditedCode::of_this_program()->patches().disarm();
  Watch::now = nullptr;
}

StepAudit::Step::Step(StepAudit* audit, AccessLog& log, const ModelMemory& memory, bool counts)
    : audit_(audit != nullptr && audit->watch_ != nullptr && counts ? audit : nullptr) {
  if (audit_ != nullptr) audit_->watch_->begin_step(log, memory);
}

StepAudit::Step::~Step() {
  if (audit_ != nullptr) audit_->watch_->end_step();
}

bool StepAudit::again() noexcept {
  return watch_ != nullptr && watch_->again();
}

bool StepAudit::refused() const noexcept {
  return watch_ != nullptr && watch_->refused();
}

StepAudit::Report StepAudit::report() const {
  Report report;
  report.unavailable = unavailable_;
  if (watch_ != nullptr) watch_->fill(report);
  return report;
}

std::vector<std::string> StepAudit::untold() const {
  return watch_ != nullptr ? watch_->untold() : std::vector<std::string>();
}

}  // namespace cocheck::detail
