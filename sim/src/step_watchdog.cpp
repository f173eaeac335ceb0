#include "step_watchdog.hpp"

#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>

#include "call_stack.hpp"
#include "cocheck/detail/step_guard.hpp"
#include "incident.hpp"

namespace cocheck::detail {

namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr milliseconds kPeriod{100};
constexpr milliseconds kShortPeriod{2};
// A step that spins within the heap is left there in the end: it may be its loop that never ends.
constexpr unsigned kPatience = 500;
// Of processor time between two looks at a step that waits.
constexpr nanoseconds kHardlyAny = milliseconds(5);

/// One search at a time has a watchdog in a process: it is that of the thread that came first.
struct Dog {
  timer_t timer{};
  milliseconds limit{};
  milliseconds period{};
  pid_t thread = 0;
};
Dog dog;

int watch_signal() {
  return SIGRTMAX - 2;
}

std::int64_t processor_time() noexcept {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

void set_period(milliseconds period) noexcept {
  const auto nanoseconds_of = [](milliseconds time) {
    return timespec{time.count() / 1'000, time.count() % 1'000 * 1'000'000};
  };
  const itimerspec every{nanoseconds_of(period), nanoseconds_of(period)};
  ::timer_settime(dog.timer, 0, &every, nullptr);
}

/// Whether the thread was in a call of the system when the signal came: it stands behind the
/// instruction that made it, or before it, to make it again.
bool is_in_system_call(const Interrupted& at) noexcept {
#if defined(__x86_64__)
  constexpr std::array<unsigned char, 2> kSystemCall{0x0f, 0x05};
  if (at.instruction == nullptr) return false;
  const auto* const code = static_cast<const unsigned char*>(at.instruction);
  if (std::memcmp(code, kSystemCall.data(), kSystemCall.size()) == 0) return true;
  return at.result == -EINTR && std::memcmp(code - 2, kSystemCall.data(), kSystemCall.size()) == 0;
#else
  return at.result == -EINTR;
#endif
}

/// The innermost function of a library that is known by name, without its underscores: "read".
const char* function_in(const CallStack& stack) noexcept {
  constexpr std::size_t kInnermost = 4;
  for (const void* at : stack.frames().first(std::min(stack.frames().size(), kInnermost))) {
    Dl_info info{};
    if (::dladdr(at, &info) == 0 || info.dli_sname == nullptr) continue;
    const char* name = info.dli_sname;
    while (*name == '_') ++name;
    return name;
  }
  return "a call of the system";
}

[[noreturn]] void leave_waiting(StepGuard& guard, void* context) noexcept {
  std::array<char, 300> text{};
  std::snprintf(text.data(), text.size(),
                "waits in %s for %lld ms of real time (Options::step_time), and no other task can "
                "run meanwhile: wait with cocheck's primitives",
                function_in(CallStack::of_signal(context)),
                static_cast<long long>(dog.limit.count()));
  guard.leave_signal(FailureKind::stuck, text.data(), context);
}

[[noreturn]] void leave_spinning(StepGuard& guard, void* context) noexcept {
  std::array<char, 200> text{};
  std::snprintf(text.data(), text.size(),
                "spins: it has used %lld ms of processor time (Options::step_time), and no other "
                "task can run meanwhile",
                static_cast<long long>(dog.limit.count()));
  guard.leave_signal(FailureKind::stuck, text.data(), context);
}

void on_look(int, siginfo_t*, void* context) {
  const int error = errno;
  StepGuard* const guard = StepGuard::running();
  if (guard == nullptr) return;
  StepGuard::Watched& seen = guard->watched();
  const std::int64_t now = processor_time();
  if (seen.step != guard->steps()) {
    seen = {guard->steps(), now, now, 0, 0};
    return;
  }
  const std::int64_t used = now - seen.last;
  seen.last = now;
  const bool waits =
      used < nanoseconds(kHardlyAny).count() && is_in_system_call(interrupted_at(context));
  seen.waiting = waits ? seen.waiting + 1 : 0;
  if (seen.waiting * dog.period >= dog.limit) leave_waiting(*guard, context);
  if (now - seen.began >= nanoseconds(dog.limit).count()) {
    // Not while it changes the heap, which this process goes on to use.
    if (!is_in_heap(CallStack::of_signal(context)) || ++seen.postponed > kPatience) {
      set_period(dog.period);
      leave_spinning(*guard, context);
    }
    set_period(kShortPeriod);
  }
  if (errno != error) errno = error;
}

void set_limit(milliseconds limit) noexcept {
  dog.limit = limit;
  dog.period = std::clamp(limit / 4, milliseconds(1), kPeriod);
  set_period(dog.period);
}

void start() {
  struct sigaction action {};
  action.sa_sigaction = on_look;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | SA_RESTART;
  sigemptyset(&action.sa_mask);
  ::sigaction(watch_signal(), &action, nullptr);
  sigevent event{};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = watch_signal();
  event._sigev_un._tid = dog.thread = ::gettid();
  if (::timer_create(CLOCK_MONOTONIC, &event, &dog.timer) != 0) {
    dog.thread = 0;
    return;
  }
  set_limit(dog.limit);
}

}  // namespace

StepWatchdog::StepWatchdog(milliseconds limit) : outermost_(dog.thread == 0 && limit.count() > 0) {
  if (!outermost_) return;
  dog.limit = limit;
  start();
}

StepWatchdog::~StepWatchdog() {
  if (!outermost_ || dog.thread == 0) return;
  ::timer_delete(dog.timer);
  dog.thread = 0;
}

StepWatchdog::Hasty::Hasty() : limit_(dog.limit) {
  constexpr int kShare = 20;
  if (dog.thread != 0) set_limit(std::max(limit_ / kShare, std::min(limit_, kPeriod)));
}

StepWatchdog::Hasty::~Hasty() {
  if (dog.thread != 0) set_limit(limit_);
}

void StepWatchdog::again_in_this_process() {
  if (dog.thread != 0) start();
}

}  // namespace cocheck::detail
