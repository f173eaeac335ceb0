// What the library cocheck::memory puts in the place of calls that have no place in a step: those
// that end the program, stop all tasks for a real while, or start what the simulation does not see.
//
// While a step of a model runs, the first end the step and are a failure of that schedule; the
// others do nothing and are one. At all other times these do what the standard ones do.

#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "call_stack.hpp"
#include "cocheck/detail/access_log.hpp"
#include "cocheck/detail/model_memory.hpp"
#include "cocheck/detail/step_guard.hpp"
#include "cocheck/loop.hpp"
#include "real_call.hpp"
#include "symbols.hpp"

namespace cocheck::detail {

void replace_system_calls() noexcept {}

namespace {

/// Ends the step, if one runs.
void leave_step(const char* call, int status) noexcept {
  StepGuard* guard = StepGuard::running();
  if (guard == nullptr) return;
  char text[64];
  std::snprintf(text, sizeof text, "%s(%d) was called", call, status);
  guard->leave(FailureKind::crash, text);
}

/// Whether a step runs, which then fails.
bool refuse(const char* call, const char* why) {
  if (StepGuard::running() == nullptr) return false;
  Loop* loop = Loop::current_or_null();
  if (loop == nullptr || loop->closing()) return true;
  const ModelMemory::Scope outside(nullptr);
  const AccessLog::Pause pause;
  Failure failure{FailureKind::misuse, std::string("the model calls ") + call + why, {}};
  if (loop->observer() != nullptr) failure.at = user_line_of(CallStack::here().frames());
  loop->fail(std::move(failure));
  return true;
}

constexpr const char* kSleeps =
    ", a real sleep, which stops all tasks and lets no time pass: co_await cocheck::sleep()";
constexpr const char* kStarts =
    ", which starts what the simulation does not see: make it a task, with create_task() or gather";

}  // namespace

}  // namespace cocheck::detail

using cocheck::detail::leave_step;
using cocheck::detail::real_call;
using cocheck::detail::refuse;

extern "C" {

__attribute__((__noreturn__)) void exit(int status) noexcept {
  leave_step("exit", status);
  real_call<void(int)>("exit")(status);
  __builtin_unreachable();
}

__attribute__((__noreturn__)) void _exit(int status) {
  leave_step("_exit", status);
  real_call<void(int)>("_exit")(status);
  __builtin_unreachable();
}

__attribute__((__noreturn__)) void _Exit(int status) noexcept {
  leave_step("_Exit", status);
  real_call<void(int)>("_Exit")(status);
  __builtin_unreachable();
}

__attribute__((__noreturn__)) void quick_exit(int status) noexcept {
  leave_step("quick_exit", status);
  real_call<void(int)>("quick_exit")(status);
  __builtin_unreachable();
}

__attribute__((__noreturn__)) void __assert_fail(const char* condition, const char* file,
                                                 unsigned line, const char* function) noexcept {
  if (cocheck::detail::StepGuard* guard = cocheck::detail::StepGuard::running()) {
    char text[400];
    std::snprintf(text, sizeof text, "assertion '%s' failed", condition);
    char place[400];
    std::snprintf(place, sizeof place, "%s:%u", file, line);
    guard->leave(cocheck::FailureKind::crash, text, place);
  }
  real_call<void(const char*, const char*, unsigned, const char*)>("__assert_fail")(condition, file,
                                                                                    line, function);
  __builtin_unreachable();
}

int nanosleep(const timespec* wanted, timespec* left) {
  if (refuse("nanosleep", cocheck::detail::kSleeps)) return 0;
  return real_call<int(const timespec*, timespec*)>("nanosleep")(wanted, left);
}

int clock_nanosleep(clockid_t clock, int flags, const timespec* wanted, timespec* left) {
  if (refuse("clock_nanosleep", cocheck::detail::kSleeps)) return 0;
  return real_call<int(clockid_t, int, const timespec*, timespec*)>("clock_nanosleep")(
      clock, flags, wanted, left);
}

int usleep(useconds_t wanted) {
  if (refuse("usleep", cocheck::detail::kSleeps)) return 0;
  return real_call<int(useconds_t)>("usleep")(wanted);
}

unsigned sleep(unsigned seconds) {
  if (refuse("sleep", cocheck::detail::kSleeps)) return 0;
  return real_call<unsigned(unsigned)>("sleep")(seconds);
}

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*start)(void*),
                   void* argument) noexcept {
  if (refuse("pthread_create", cocheck::detail::kStarts)) return EAGAIN;
  return real_call<int(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*)>(
      "pthread_create")(thread, attributes, start, argument);
}

pid_t fork() noexcept {
  if (refuse("fork", cocheck::detail::kStarts)) {
    errno = EAGAIN;
    return -1;
  }
  return real_call<pid_t()>("fork")();
}

}  // extern "C"
