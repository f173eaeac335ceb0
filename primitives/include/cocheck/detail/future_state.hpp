#pragma once

#include <exception>
#include <string>
#include <utility>

#include "cocheck/detail/awaited.hpp"
#include "cocheck/detail/task_base.hpp"
#include "cocheck/result.hpp"

namespace cocheck::detail {

/// A future that somebody completes by hand.
template <class T>
class FutureState final : public CallbackFuture {
 public:
  FutureState() : CallbackFuture(Loop::current().acting()) {}

  template <class... Args>
  void set_value(Args&&... args) {
    require_pending();
    result_.set_value(std::forward<Args>(args)...);
    complete(State::done);
  }
  void set_exception(std::exception_ptr error) {
    require_pending();
    result_.set_error(std::move(error));
    expect_retrieval();
    complete(State::done);
  }
  /// Ends like another future has ended.
  void take_over(Result<T>&& result) {
    require_pending();
    result_.take_over(std::move(result));
    if (!result_.has_value() && !result_.cancelled()) expect_retrieval();
    complete(result_.cancelled() ? State::cancelled : State::done);
  }
  bool cancel(const std::string& message) override {
    if (done()) return false;
    result_.set_error(std::make_exception_ptr(CancelledError(message)), true);
    complete(State::cancelled);
    return true;
  }

 private:
  [[nodiscard]] std::exception_ptr stored_exception() const noexcept override {
    return result_.error();
  }
  [[nodiscard]] void* stored_result() noexcept override { return &result_; }
  [[nodiscard]] std::string describe_self() const override { return "a future"; }

  void require_pending() const {
    if (done()) throw InvalidStateError("the future is done already");
  }

  Result<T> result_;
};

}  // namespace cocheck::detail
