#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "audit_decoder.hpp"
#include "audit_patches.hpp"
#include "audit_program.hpp"

namespace cocheck::detail {

/// An instruction of instrumented code with a breakpoint on it.
struct AuditSite {
  enum class Kind : std::uint8_t {
    access,    // touches memory by a register
    foreign,   // calls code that is not instrumented
    indirect,  // calls what a register says
  };
  enum class State : std::uint8_t {
    unknown,
    told,    // the code around it tells of all that it touches: needs no breakpoint any more
    untold,  // it does not
  };

  Kind kind = Kind::access;
  State state = State::unknown;
  bool always = false;  // the code that is called is to be watched in each step
  std::uintptr_t at = 0;
  CodeInstruction code;
  std::uintptr_t copy = 0;           // of the instruction, to be executed
  std::uintptr_t straight_from = 0;  // control flow goes straight from there to the instruction,
  std::uintptr_t straight_to = 0;    // and from there to that
  std::uintptr_t target = 0;         // of a call, where it is known
  std::string_view callee;           // its name
  std::uint32_t looks = 0;
};

/// All that is known of the code of this program and does not depend on who runs it: which
/// instructions may touch the memory of a model without telling. One for the whole process, so what
/// was found out in one search is known to the next.
///
/// A function is decoded when it is entered for the first time.
class AuditedCode {
 public:
  /// Null where there is no table of symbols, or nothing is instrumented.
  [[nodiscard]] static AuditedCode* of_this_program();

  [[nodiscard]] CodePatches& patches() noexcept { return patches_; }
  [[nodiscard]] ProgramCode& program() noexcept { return program_; }

  /// The breakpoint there; null if there is none of these.
  [[nodiscard]] AuditSite* site_at(std::uintptr_t at) noexcept;
  /// The function that begins there and has not been decoded; null otherwise.
  [[nodiscard]] ProgramCode::Function* unprepared_at(std::uintptr_t at) noexcept;
  /// Puts breakpoints on what may be untold, in the place of the one where the function begins;
  /// also in all functions of the program that it calls and that are not instrumented.
  void prepare(ProgramCode::Function& function);
  /// Takes the breakpoint away for good.
  void settle(AuditSite& site);

  /// Who an address of code belongs to.
  enum class Owner : std::uint8_t {
    program,  // has breakpoints, or gets them when it is prepared
    runtime,  // cocheck's own, which is no part of the model
    known,    // of the system, and known not to read what is the model's: memory and exceptions
    system,
    user,  // a library that is not instrumented
  };
  [[nodiscard]] Owner owner_of(std::uintptr_t at) noexcept;
  [[nodiscard]] bool is_known(std::uintptr_t at) const noexcept { return known_.contains(at); }
  /// Whether it is of those that do not return.
  [[nodiscard]] bool leaves_by_exception(std::uintptr_t at) const noexcept {
    return throwing_.contains(at);
  }
  /// "function" or "function of library".
  [[nodiscard]] std::string name_of(std::uintptr_t at) noexcept;
  /// Functions that were entered and hold instructions which cannot be understood.
  [[nodiscard]] std::size_t not_understood() const noexcept { return not_understood_; }

 private:
  AuditedCode();
  void decode_all(const ProgramCode::Function& function);
  void add_access(const AuditSite& site, bool keeps_frame);
  void add_call(AuditSite site, const ProgramCode::Function& function);
  void find_straight(std::vector<AuditSite>& all) const;

  ProgramCode program_;
  CodePatches patches_;
  std::unordered_map<std::uintptr_t, AuditSite> sites_;
  std::unordered_set<std::uintptr_t> known_;
  std::unordered_set<std::uintptr_t> throwing_;
  std::vector<ProgramCode::Function*> reached_;  // to be decoded
  std::size_t instrumented_ = 0;
  std::size_t not_understood_ = 0;
};

}  // namespace cocheck::detail
