#pragma once

#include <dlfcn.h>

#include <cstdlib>

namespace cocheck::detail {

/// The function that one of cocheck::memory stands in front of: the next one of that name.
template <class Function>
[[nodiscard]] Function* real_call(const char* name) noexcept {
  void* found = ::dlsym(RTLD_NEXT, name);
  if (found == nullptr) std::abort();
  return reinterpret_cast<Function*>(found);
}

/// Does nothing; whoever refers to it has the replaced calls of the system in the program.
void replace_system_calls() noexcept;

}  // namespace cocheck::detail
