#pragma once

#include <cstdint>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "cocheck/detail/gather_results.hpp"
#include "cocheck/detail/gather_state.hpp"
#include "cocheck/task.hpp"
#include "cocheck/task_handle.hpp"

namespace cocheck {

/// Tag: gather(return_exceptions, ...) gives a Result for each child and throws for none of them.
struct ReturnExceptions {
  explicit ReturnExceptions() = default;
};
inline constexpr ReturnExceptions return_exceptions{};

/// What gather() gives: a future of all results, in the order of the arguments. The children run
/// whether or not it is awaited.
template <class Collector>
class [[nodiscard]] Gather {
 public:
  explicit Gather(detail::GatherState& state) noexcept : state_(&state) {}

  [[nodiscard]] bool done() const noexcept { return state_->done(); }
  /// Cancels all children that are not done; false when there is none.
  bool cancel(const std::string& message = {}) const { return state_->cancel(message); }

  class Awaiter : public detail::FutureAwaiter {
   public:
    explicit Awaiter(detail::GatherState& state) noexcept
        : FutureAwaiter(state, "gather"), state_(state) {}
    auto await_resume() const {
      deliver_cancellation();
      state_.throw_error();
      return Collector::collect(state_);
    }

   private:
    detail::GatherState& state_;
  };
  [[nodiscard]] Awaiter operator co_await() const& noexcept { return Awaiter(*state_); }
  [[nodiscard]] Awaiter operator co_await() && noexcept {
    if (state_->references() <= kOwnReferences) state_->set_private();
    return Awaiter(*state_);
  }

 private:
  static constexpr std::uint32_t kOwnReferences = 2;  // this object's and that of the children

  detail::Reference<detail::GatherState> state_;
};

namespace detail {

template <class Collector, class... Children>
Gather<Collector> gather_pack(bool collect_exceptions, Children&&... children) {
  // The braces make the order of the tasks that of the arguments.
  const std::tuple handles{as_handle(std::forward<Children>(children))...};
  auto* state = new GatherState(sizeof...(Children), collect_exceptions, Collector::kKeepsResults);
  Gather<Collector> gather(*state);
  std::apply([&](const auto&... handle) { (state->add(handle.state()), ...); }, handles);
  state->start();
  return gather;
}

template <class Collector, class Child>
Gather<Collector> gather_vector(bool collect_exceptions, std::vector<Child>&& children) {
  auto* state = new GatherState(children.size(), collect_exceptions, Collector::kKeepsResults);
  Gather<Collector> gather(*state);
  for (Child& child : children) state->add(as_handle(std::move(child)).state());
  state->start();
  return gather;
}

template <class Child>
using ChildValue = typename std::remove_cvref_t<Child>::value_type;

}  // namespace detail

/// Runs coroutines and tasks side by side, and waits for futures: asyncio.gather of CPython 3.13.
///
/// Not a coroutine: children become tasks at once, in the order of the arguments. Awaiting it gives
/// their values in that order: a vector for a vector, a tuple for a pack (std::monostate for void
/// among others), nothing when all are void. The first exception of a child, its cancellation
/// included, is thrown at once while the others run on and their later errors are dropped. With
/// `return_exceptions` it waits for all and gives a Result for each.
///
/// Cancellation of the awaiting task cancels all children; the gather then ends with CancelledError
/// once they have ended, even if they swallow the request.
///
///     auto [user, orders] = co_await gather(load_user(), load_orders());
///     co_await gather(std::move(vector_of_tasks));
template <detail::Gatherable Child>
auto gather(std::vector<Child> children) {
  return detail::gather_vector<detail::CollectVector<detail::ChildValue<Child>>>(
      false, std::move(children));
}
template <detail::Gatherable Child>
auto gather(ReturnExceptions, std::vector<Child> children) {
  return detail::gather_vector<detail::CollectResults<detail::ChildValue<Child>>>(
      true, std::move(children));
}
template <detail::Gatherable... Children>
auto gather(Children&&... children) {
  return detail::gather_pack<detail::CollectTuple<detail::ChildValue<Children>...>>(
      false, std::forward<Children>(children)...);
}
template <detail::Gatherable... Children>
auto gather(ReturnExceptions, Children&&... children) {
  return detail::gather_pack<detail::CollectResultTuple<detail::ChildValue<Children>...>>(
      true, std::forward<Children>(children)...);
}

}  // namespace cocheck
