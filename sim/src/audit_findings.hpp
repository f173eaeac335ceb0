#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "audit_sites.hpp"

namespace cocheck::detail {

/// Who touches what is not told, for people.
class AuditFindings {
 public:
  /// `instruction` did, in what was called at `site`, or there.
  void add(const AuditSite& site, std::uintptr_t instruction);
  /// The first ones, one for each line.
  [[nodiscard]] std::vector<std::string> places(AuditedCode& code) const;

 private:
  struct Finding {
    const AuditSite* site = nullptr;
    std::uintptr_t instruction = 0;
  };
  std::vector<Finding> all_;  // one for each site
};

/// "f(Session) at session.cpp:12".
[[nodiscard]] std::string describe_place(std::uintptr_t behind, AuditedCode& code);
/// "strspn() of libc.so.6, called by f() at session.cpp:12".
[[nodiscard]] std::string describe_call(const AuditSite& site, AuditedCode& code);

}  // namespace cocheck::detail
