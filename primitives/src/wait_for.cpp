#include "cocheck/wait_for.hpp"

namespace cocheck::detail {

namespace {

/// Wakes a waiter when a future is done.
class WakeWhenDone final : public Callback {
 public:
  WakeWhenDone(CallbackFuture& future, Waiter& waiter) : waiter_(waiter) { register_on(future); }

 private:
  void invoke() override { waiter_.complete(); }
  [[nodiscard]] bool decides() override { return false; }

  Waiter& waiter_;
};

}  // namespace

Task<> cancel_and_wait(CallbackFuture& future) {
  // Not by awaiting the future: its cancellation would be taken for one of this task.
  Waiter waiter;
  WakeWhenDone callback(future, waiter);
  future.cancel({});
  co_await WaiterAwaiter(waiter, "wait_for", &future);
}

}  // namespace cocheck::detail
