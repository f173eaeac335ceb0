#pragma once

#include <source_location>
#include <utility>

#include "cocheck/detail/awaiters.hpp"

namespace cocheck::detail {

/// Releases what it holds when it dies: the guard of Lock, Semaphore and Condition.
///
/// A destructor cannot throw: where release() would, because somebody else released already, the
/// execution fails with "misuse" instead.
template <class Primitive>
class [[nodiscard]] ScopedRelease {
 public:
  ScopedRelease(Primitive& held, std::source_location place) noexcept
      : held_(&held), place_(place) {}
  ScopedRelease(ScopedRelease&& other) noexcept
      : held_(std::exchange(other.held_, nullptr)), place_(other.place_) {}
  ScopedRelease& operator=(ScopedRelease&& other) noexcept {
    if (this != &other) {
      release();
      held_ = std::exchange(other.held_, nullptr);
      place_ = other.place_;
    }
    return *this;
  }
  ~ScopedRelease() { release(); }

  /// Releases before the end of the scope.
  void release() noexcept {
    if (held_ == nullptr) return;
    Loop* loop = Loop::current_or_null();
    Primitive* held = std::exchange(held_, nullptr);
    if (loop == nullptr || loop->closing()) return;
    try {
      held->release(place_);
    } catch (const std::exception& error) {
      loop->fail({FailureKind::misuse, error.what(), place_});
    }
  }

 private:
  Primitive* held_;
  std::source_location place_;
};

/// What `co_await primitive.scoped()` runs.
template <class Primitive>
class ScopedAcquire : public LoopAwaiter {
 public:
  ScopedAcquire(Primitive& primitive, std::source_location place) noexcept
      : primitive_(primitive), place_(place), acquire_(primitive) {}

  [[nodiscard]] bool await_ready() { return acquire_.await_ready(); }
  void await_suspend(std::coroutine_handle<> coroutine) { acquire_.await_suspend(coroutine); }
  [[nodiscard]] ScopedRelease<Primitive> await_resume() {
    acquire_.await_resume();
    return ScopedRelease<Primitive>(primitive_, place_);
  }

 private:
  Primitive& primitive_;
  std::source_location place_;
  typename Primitive::Acquire acquire_;
};

}  // namespace cocheck::detail
