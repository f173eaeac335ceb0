#pragma once

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <string>

#include "cocheck/check.hpp"
#include "cocheck/explore.hpp"
#include "cocheck/primitives.hpp"

/// errno is one variable of the thread, which steps of all tasks find as the last one left it.
namespace cocheck::test::errno_models {

using namespace std::chrono_literals;

inline Task<> set_and_look_later(int value, bool& clobbered) {
  co_await sleep(0s);
  errno = value;
  co_await sleep(0s);
  clobbered = clobbered || errno != value;
}
/// Fails where another task comes between: 4 of 6 orders.
inline Task<> clobbered_across_an_await() {
  bool clobbered = false;
  co_await gather(set_and_look_later(EINTR, clobbered), set_and_look_later(EAGAIN, clobbered));
  COCHECK(!clobbered);
}

inline Task<> convert_too_much() {
  co_await sleep(0s);
  (void)std::strtol("99999999999999999999999999", nullptr, 10);
}
inline Task<> look(bool& seen) {
  co_await sleep(0s);
  seen = errno == ERANGE;
}
/// The library writes it; fails where the other task looks after that.
inline Task<> left_by_a_library() {
  bool seen = false;
  co_await gather(convert_too_much(), look(seen));
  COCHECK(!seen);
}

inline Task<> keep(int value) {
  const int kept = errno;
  errno = value;
  co_await sleep(0s);
  errno = kept;
}
/// Fails where the first one puts back what it found after the second one has begun, and the
/// second one comes last.
inline Task<> put_back_late() {
  co_await gather(keep(EINTR), keep(EAGAIN));
  COCHECK(errno == 0);
}

inline Task<> look_at_once(bool& wrong) {
  errno = 0;
  const long value = std::strtol("12", nullptr, 10);
  wrong = wrong || errno != 0 || value != 12;
  co_await sleep(0s);
  errno = 0;
  (void)std::strtol("99999999999999999999999999", nullptr, 10);
  wrong = wrong || errno != ERANGE;
}
/// Set before the call and read behind it in the same step, as it should be: passes.
inline Task<> used_within_a_step() {
  alignas(8) bool one = false;
  alignas(8) bool other = false;
  co_await gather(look_at_once(one), look_at_once(other));
  COCHECK(!one && !other);
}

}  // namespace cocheck::test::errno_models
