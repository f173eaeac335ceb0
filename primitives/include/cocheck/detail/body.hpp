#pragma once

#include <concepts>
#include <type_traits>
#include <utility>

#include "cocheck/result.hpp"
#include "cocheck/task.hpp"

namespace cocheck::detail {

/// What the body of a scope may be: a coroutine, or a callable that gives one, with or without the
/// scope as its argument. A callable lives in the frame of run(), so its captures do too.
template <class Body, class Scope>
auto call_body(Body& body, Scope& scope) {
  if constexpr (kIsTask<Body>) {
    return std::move(body);
  } else if constexpr (std::invocable<Body&, Scope&>) {
    return body(scope);
  } else {
    return body();
  }
}

template <class Body, class Scope>
concept BodyOf = kIsTask<Body> || std::invocable<Body&, Scope&> || std::invocable<Body&>;

template <class Body, class Scope>
using BodyValue =
    typename decltype(call_body(std::declval<Body&>(), std::declval<Scope&>()))::value_type;

/// Closes a body that will not run.
template <class Body>
void close_body(Body& body) noexcept {
  if constexpr (kIsTask<Body>) body.close();
}

}  // namespace cocheck::detail
