#include "audit_findings.hpp"

#include <algorithm>
#include <utility>

#include "symbols.hpp"

namespace cocheck::detail {

namespace {

constexpr std::size_t kMostPlaces = 3;

}  // namespace

void AuditFindings::add(const AuditSite& site, std::uintptr_t instruction) {
  const bool known = std::any_of(all_.begin(), all_.end(),
                                 [&](const Finding& finding) { return finding.site == &site; });
  if (!known) all_.push_back({&site, instruction});
}

std::vector<std::string> AuditFindings::places(AuditedCode& code) const {
  std::vector<std::string> places;
  for (const Finding& finding : all_) {
    if (places.size() == kMostPlaces) break;
    const AuditSite& site = *finding.site;
    std::string place = site.kind == AuditSite::Kind::access ? describe_place(site.at + 1, code)
                                                             : describe_call(site, code);
    if (std::find(places.begin(), places.end(), place) == places.end()) {
      places.push_back(std::move(place));
    }
  }
  return places;
}

std::string describe_place(std::uintptr_t behind, AuditedCode& code) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): it is code
  std::string line = user_line_at(reinterpret_cast<const void*>(behind));
  if (line.empty()) line = line_at(behind);
  std::string name = code.name_of(behind - 1);
  if (name.empty()) name = "code without a name";
  return line.empty() ? name : name + " at " + line;
}

std::string describe_call(const AuditSite& site, AuditedCode& code) {
  const std::string callee =
      site.target != 0 ? code.name_of(site.target) : std::string(site.callee);
  return callee + ", called by " + describe_place(site.at + site.code.length, code);
}

}  // namespace cocheck::detail
