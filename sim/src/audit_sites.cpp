#include "audit_sites.hpp"

#include <cxxabi.h>
#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <utility>

namespace cocheck::detail {

namespace {

using Kind = CodeInstruction::Kind;

// What these touch is the heap, the stack, and what belongs to an exception.
constexpr std::array kKnown{"malloc",
                            "free",
                            "calloc",
                            "realloc",
                            "aligned_alloc",
                            "posix_memalign",
                            "__cxa_throw",
                            "__cxa_rethrow",
                            "_Unwind_Resume",
                            "__cxa_begin_catch",
                            "__cxa_end_catch",
                            "__cxa_get_exception_ptr",
                            "__cxa_atexit",
                            "__tls_get_addr",
                            "_Unwind_RaiseException",
                            "__cxa_get_globals",
                            "__cxa_get_globals_fast",
                            "_ZSt9terminatev",
                            "_ZSt15get_new_handlerv",
                            "__stack_chk_fail",
                            "_ZSt18uncaught_exceptionv",
                            "_ZSt19uncaught_exceptionsv"};
constexpr std::array kThrowing{"__cxa_throw", "__cxa_rethrow", "_Unwind_Resume"};

// Libraries of the system, by how their names begin.
constexpr std::array<std::string_view, 9> kSystem{"libc.",      "libm.",  "libstdc++",
                                                  "libc++",     "libgcc", "ld-linux",
                                                  "libpthread", "libdl.", "linux-vdso"};

bool is_known_name(std::string_view name) {
  return std::find(kKnown.begin(), kKnown.end(), name) != kKnown.end();
}

std::string_view file_name(const char* path) {
  const std::string_view whole(path != nullptr ? path : "");
  return whole.substr(whole.rfind('/') + 1);
}

std::string demangled(const std::string& name) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text(
      abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status), &std::free);
  return status == 0 ? text.get() : name;
}

}  // namespace

AuditedCode::AuditedCode() : patches_(program_.begin(), program_.code()) {
  for (const char* name : kKnown) {
    if (void* address = ::dlsym(RTLD_DEFAULT, name)) {
      known_.insert(reinterpret_cast<std::uintptr_t>(address));
    }
  }
  for (const char* name : kThrowing) {
    throwing_.insert(reinterpret_cast<std::uintptr_t>(::dlsym(RTLD_DEFAULT, name)));
  }
  for (const ProgramCode::Function& function : program_.functions()) {
    if (function.kind != ProgramCode::Kind::instrumented) continue;
    ++instrumented_;
    patches_.set(function.begin);
  }
}

AuditedCode* AuditedCode::of_this_program() {
  // Never destroyed: a thread may still be in code with a breakpoint.
  static AuditedCode* const instance = new AuditedCode();
  return instance->instrumented_ > 0 ? instance : nullptr;
}

AuditSite* AuditedCode::site_at(std::uintptr_t at) noexcept {
  const auto found = sites_.find(at);
  return found != sites_.end() ? &found->second : nullptr;
}

ProgramCode::Function* AuditedCode::unprepared_at(std::uintptr_t at) noexcept {
  ProgramCode::Function* function = program_.function_at(at);
  const bool waits = function != nullptr && function->begin == at && !function->prepared &&
                     function->kind != ProgramCode::Kind::runtime;
  return waits ? function : nullptr;
}

void AuditedCode::settle(AuditSite& site) {
  site.state = AuditSite::State::told;
  patches_.clear(site.at);
}

void AuditedCode::prepare(ProgramCode::Function& function) {
  reached_.push_back(&function);
  while (!reached_.empty()) {
    ProgramCode::Function& next = *reached_.back();
    reached_.pop_back();
    if (!std::exchange(next.prepared, true)) decode_all(next);
  }
}

void AuditedCode::decode_all(const ProgramCode::Function& function) {
  patches_.clear(function.begin);
  std::vector<AuditSite> all;
  bool keeps_frame = false;
  bool understood = true;
  for (std::uintptr_t at = function.begin; at < function.end;) {
    AuditSite& site = all.emplace_back();
    site.at = at;
    const auto code = program_.code_at(at);
    if (!decode(at, code.first(std::min<std::size_t>(code.size(), 15)), site.code)) {
      all.pop_back();
      understood = false;
      break;
    }
    understood = understood && site.code.exact;
    keeps_frame = keeps_frame || site.code.sets_frame;
    at += site.code.length;
  }
  if (!understood) ++not_understood_;
  find_straight(all);
  for (AuditSite& site : all) {
    if (site.code.kind == Kind::call || site.code.kind == Kind::jump) {
      add_call(site, function);
    } else {
      add_access(site, keeps_frame);
    }
  }
}

void AuditedCode::find_straight(std::vector<AuditSite>& all) const {
  std::uintptr_t from = all.empty() ? 0 : all.front().at;
  for (AuditSite& site : all) {
    site.straight_from = from;
    const Kind kind = site.code.kind;
    if (kind == Kind::jump || kind == Kind::branch || kind == Kind::end) {
      from = site.at + site.code.length;
    }
  }
  std::uintptr_t to = all.empty() ? 0 : all.back().at;
  for (auto site = all.rbegin(); site != all.rend(); ++site) {
    const Kind kind = site->code.kind;
    const bool goes_on = kind == Kind::plain || kind == Kind::system_call;
    if (!goes_on) to = site->at + (kind == Kind::call ? site->code.length : 0u);
    site->straight_to = to;
  }
}

void AuditedCode::add_access(const AuditSite& site, bool keeps_frame) {
  const auto memory = site.code.memory();
  const bool may_be_shared =
      std::any_of(memory.begin(), memory.end(), [&](const CodeOperand& operand) {
        const bool on_stack = operand.base == kRegisterRsp ||
                              (keeps_frame && operand.base == kRegisterRbp) ||
                              operand.base == kNoRegister;
        return !on_stack && (operand.reads || operand.writes) && operand.bytes > 0;
      });
  if (!may_be_shared || site.code.kind != Kind::plain) return;
  AuditSite added = site;
  added.copy = patches_.copy_of(site.at, site.code);
  if (added.copy == 0) return;
  sites_.emplace(site.at, added);
  patches_.set(site.at);
}

void AuditedCode::add_call(AuditSite site, const ProgramCode::Function& function) {
  site.kind = AuditSite::Kind::indirect;
  ProgramCode::Import import;
  if (site.code.direct) {
    site.kind = AuditSite::Kind::foreign;
    site.target = site.code.target;
    if (function.holds(site.target)) return;
    if (!program_.holds(site.target)) import = program_.import_of_stub(site.target);
  } else if (site.code.slot != 0) {
    import = program_.import_of_slot(site.code.slot);
    if (!import.name.empty()) site.kind = AuditSite::Kind::foreign;
  }
  if (!import.name.empty()) {
    site.callee = import.name;
    if (is_known_name(import.name)) return;
    void* found = ::dlsym(RTLD_DEFAULT, std::string(import.name).c_str());
    if (found != nullptr) site.target = reinterpret_cast<std::uintptr_t>(found);
  }
  if (site.kind == AuditSite::Kind::foreign) {
    if (site.target == 0) return;
    if (ProgramCode::Function* called = program_.function_at(site.target)) {
      // One that is not instrumented is called by nobody else that matters.
      if (called->kind == ProgramCode::Kind::other) reached_.push_back(called);
      return;
    }
    const Owner owner = owner_of(site.target);
    if (owner == Owner::known) return;
    site.always = owner == Owner::user;
  }
  sites_.emplace(site.at, site);
  patches_.set(site.at);
}

AuditedCode::Owner AuditedCode::owner_of(std::uintptr_t at) noexcept {
  if (program_.holds(at)) {
    const ProgramCode::Function* function = program_.function_at(at);
    if (function == nullptr) return Owner::user;
    return function->kind == ProgramCode::Kind::runtime ? Owner::runtime : Owner::program;
  }
  if (known_.contains(at)) return Owner::known;
  Dl_info info{};
  // NOLINTNEXTLINE(performance-no-int-to-ptr): it is code
  if (::dladdr(reinterpret_cast<void*>(at), &info) == 0) return Owner::system;
  const std::string_view name = file_name(info.dli_fname);
  const bool of_system = std::any_of(kSystem.begin(), kSystem.end(), [&](std::string_view prefix) {
    return name.starts_with(prefix);
  });
  return of_system ? Owner::system : Owner::user;
}

std::string AuditedCode::name_of(std::uintptr_t at) noexcept {
  if (const ProgramCode::Function* function = program_.function_at(at)) {
    return demangled(std::string(function->name));
  }
  Dl_info info{};
  // NOLINTNEXTLINE(performance-no-int-to-ptr): it is code
  if (::dladdr(reinterpret_cast<void*>(at), &info) == 0 || info.dli_fname == nullptr) return {};
  const std::string library(file_name(info.dli_fname));
  return info.dli_sname != nullptr ? demangled(info.dli_sname) + " of " + library : library;
}

}  // namespace cocheck::detail
