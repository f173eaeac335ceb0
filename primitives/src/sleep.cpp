#include "cocheck/sleep.hpp"

#include <array>
#include <cstdio>

namespace cocheck::detail {

std::string in_words(Duration duration) {
  struct Unit {
    const char* name;
    double nanoseconds;
  };
  constexpr std::array<Unit, 4> kUnits{{{"s", 1e9}, {"ms", 1e6}, {"us", 1e3}, {"ns", 1}}};
  const auto count = static_cast<double>(duration.count());
  for (const Unit& unit : kUnits) {
    if (count < unit.nanoseconds && unit.nanoseconds > 1) continue;
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.6g %s", count / unit.nanoseconds, unit.name);
    return text.data();
  }
  return {};
}

}  // namespace cocheck::detail
