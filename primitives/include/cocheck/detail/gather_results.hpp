#pragma once

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "cocheck/detail/gather_state.hpp"
#include "cocheck/future.hpp"
#include "cocheck/task.hpp"
#include "cocheck/task_handle.hpp"

namespace cocheck::detail {

/// What a child is to a gather: a coroutine becomes a task, a handle or future stays what it is.
template <class T>
TaskHandle<T> as_handle(Task<T>&& coroutine) {
  return spawn(coroutine, nullptr);
}
template <class T>
TaskHandle<T> as_handle(const TaskHandle<T>& handle) {
  return handle;
}

template <class T>
Future<T> as_handle(const Future<T>& future) {
  return future;
}

template <class T>
concept Gatherable = requires(T&& child) {
  as_handle(std::forward<T>(child));
};

template <class T>
using NotVoid = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

template <class T>
decltype(auto) collected(Result<T>& result) {
  if constexpr (std::is_void_v<T>) {
    result.value();
    return std::monostate{};
  } else {
    return result.copy_or_take();
  }
}

/// The results of a vector of children: a vector, or nothing for void.
template <class T>
struct CollectVector {
  static constexpr bool kKeepsResults = !std::is_void_v<T>;
  static auto collect(GatherState& state) {
    if constexpr (!std::is_void_v<T>) {
      std::vector<T> values;
      values.reserve(state.size());
      for (std::size_t i = 0; i < state.size(); ++i) {
        values.push_back(state.child_result<T>(i).copy_or_take());
      }
      return values;
    }
  }
};

template <class T>
struct CollectResults {
  static constexpr bool kKeepsResults = true;
  static std::vector<Result<T>> collect(GatherState& state) {
    std::vector<Result<T>> results;
    results.reserve(state.size());
    for (std::size_t i = 0; i < state.size(); ++i) {
      results.push_back(state.child_result<T>(i).copy_or_move());
    }
    return results;
  }
};

/// The results of a pack of children: a tuple, or nothing if all are void.
template <class... T>
struct CollectTuple {
  static constexpr bool kKeepsResults = !(std::is_void_v<T> && ...);
  static auto collect(GatherState& state) {
    if constexpr (!(std::is_void_v<T> && ...)) {
      return [&]<std::size_t... I>(std::index_sequence<I...>) {
        return std::tuple<NotVoid<T>...>{collected(state.child_result<T>(I))...};
      }
      (std::index_sequence_for<T...>{});
    }
  }
};

template <class... T>
struct CollectResultTuple {
  static constexpr bool kKeepsResults = true;
  static std::tuple<Result<T>...> collect(GatherState& state) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return std::tuple<Result<T>...>{state.child_result<T>(I).copy_or_move()...};
    }
    (std::index_sequence_for<T...>{});
  }
};

}  // namespace cocheck::detail
