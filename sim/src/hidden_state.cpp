// Functions of the C library that keep something from one call to the next, where nobody sees it:
// what a step does to that is no part of a state, and is not put back. So it is noticed that a step
// calls them.

#include <dlfcn.h>

#include <cstdlib>
#include <ctime>

#include "cocheck/detail/model_memory.hpp"
#include "cocheck/detail/outside_memory.hpp"
#include "cocheck/detail/sanitizers.hpp"
#include "own_statics.hpp"

// Sanitizers have replacements of their own, and under them nothing outside is watched.
#if !COCHECK_ADDRESS_SANITIZER

namespace {

using cocheck::detail::ModelMemory;
using cocheck::detail::OutsideMemory;

/// One of these functions: says that a step calls it, and calls it.
template <class Result, class... Arguments>
class Hidden {
 public:
  explicit constexpr Hidden(const char* name) noexcept : name_(name) {}

  Result operator()(Arguments... arguments) {
    OutsideMemory* const outside = OutsideMemory::active();
    if (outside != nullptr && ModelMemory::current() != nullptr) outside->set_untracked(name_);
    if (real_ == nullptr) {
      real_ = reinterpret_cast<Result (*)(Arguments...)>(::dlsym(RTLD_NEXT, name_));
      if (real_ == nullptr) std::abort();
    }
    return real_(arguments...);
  }

 private:
  const char* name_;
  Result (*real_)(Arguments...) = nullptr;
};

}  // namespace

extern "C" {

int rand() noexcept {
  COCHECK_OWN static constinit Hidden<int> real("rand");
  return real();
}
void srand(unsigned seed) noexcept {
  COCHECK_OWN static constinit Hidden<void, unsigned> real("srand");
  real(seed);
}
long random() noexcept {
  COCHECK_OWN static constinit Hidden<long> real("random");
  return real();
}
void srandom(unsigned seed) noexcept {
  COCHECK_OWN static constinit Hidden<void, unsigned> real("srandom");
  real(seed);
}
double drand48() noexcept {
  COCHECK_OWN static constinit Hidden<double> real("drand48");
  return real();
}
long lrand48() noexcept {
  COCHECK_OWN static constinit Hidden<long> real("lrand48");
  return real();
}
long mrand48() noexcept {
  COCHECK_OWN static constinit Hidden<long> real("mrand48");
  return real();
}
void srand48(long seed) noexcept {
  COCHECK_OWN static constinit Hidden<void, long> real("srand48");
  real(seed);
}
char* strtok(char* text, const char* delimiters) noexcept {
  COCHECK_OWN static constinit Hidden<char*, char*, const char*> real("strtok");
  return real(text, delimiters);
}
std::tm* localtime(const std::time_t* time) noexcept {
  COCHECK_OWN static constinit Hidden<std::tm*, const std::time_t*> real("localtime");
  return real(time);
}
std::tm* gmtime(const std::time_t* time) noexcept {
  COCHECK_OWN static constinit Hidden<std::tm*, const std::time_t*> real("gmtime");
  return real(time);
}
char* asctime(const std::tm* time) noexcept {
  COCHECK_OWN static constinit Hidden<char*, const std::tm*> real("asctime");
  return real(time);
}
char* ctime(const std::time_t* time) noexcept {
  COCHECK_OWN static constinit Hidden<char*, const std::time_t*> real("ctime");
  return real(time);
}
int setenv(const char* name, const char* value, int overwrite) noexcept {
  COCHECK_OWN static constinit Hidden<int, const char*, const char*, int> real("setenv");
  return real(name, value, overwrite);
}
int unsetenv(const char* name) noexcept {
  COCHECK_OWN static constinit Hidden<int, const char*> real("unsetenv");
  return real(name);
}
int putenv(char* text) noexcept {
  COCHECK_OWN static constinit Hidden<int, char*> real("putenv");
  return real(text);
}
char* setlocale(int category, const char* name) noexcept {
  COCHECK_OWN static constinit Hidden<char*, int, const char*> real("setlocale");
  return real(category, name);
}
// Declared nowhere here: its declaration depends on the size of file offsets.
void* mmap(void* wish, std::size_t bytes, int protection, int flags, int file, long offset) {
  COCHECK_OWN static constinit Hidden<void*, void*, std::size_t, int, int, int, long> real("mmap");
  return real(wish, bytes, protection, flags, file, offset);
}

}  // extern "C"

#endif
