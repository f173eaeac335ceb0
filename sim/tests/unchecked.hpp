#pragma once

#include <cstddef>
#include <vector>

#include "cocheck/detail/sanitizers.hpp"

namespace cocheck::test {

/// A copy of memory of which parts may be poisoned, since they were freed.
COCHECK_UNCHECKED inline std::vector<std::byte> bytes_between(const std::byte* begin,
                                                              const std::byte* end) {
  std::vector<std::byte> copy(static_cast<std::size_t>(end - begin));
  const volatile std::byte* from = begin;  // else it may become a call that is checked
  for (std::byte& byte : copy) byte = *from++;
  return copy;
}

}  // namespace cocheck::test
