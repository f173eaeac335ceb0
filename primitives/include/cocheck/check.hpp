#pragma once

#include <exception>
#include <source_location>
#include <string>
#include <utility>

#include "cocheck/detail/task_base.hpp"
#include "cocheck/loop.hpp"

namespace cocheck {

/// Thrown by a failed check to end the step. It stands outside std::exception; a model that
/// swallows it fails all the same, since the failure was recorded before.
class CheckFailed final {};

/// Fails this execution with `message` unless `condition` holds. Does nothing while what is left of
/// an execution is destroyed.
inline void check(bool condition, const char* message,
                  std::source_location place = std::source_location::current()) {
  if (condition) [[likely]]
    return;
  Loop& loop = Loop::current();
  if (loop.closing()) return;
  loop.fail({FailureKind::check, message, place});
  if (std::uncaught_exceptions() > 0) return;  // a second one would end the program
  loop.about_to_unwind();
  throw CheckFailed();
}

/// Says something in the trace, such as a value that has no event of its own. Costs next to nothing
/// where no trace is recorded; pass a callable that gives the text if making it is dear.
///
///     cocheck::note([&] { return "read " + std::to_string(value); });
template <class Text>
void note(Text&& text, std::source_location place = std::source_location::current()) {
  Loop* loop = Loop::current_or_null();
  if (loop == nullptr || loop->observer() == nullptr) return;
  detail::observe(LoopEvent::Kind::note, loop->running(), "note", nullptr, place,
                  [&](LoopEvent& event) {
                    if constexpr (std::invocable<Text>) {
                      event.detail = std::forward<Text>(text)();
                    } else {
                      event.detail = std::forward<Text>(text);
                    }
                  });
}

}  // namespace cocheck

/// Fails this execution unless the condition holds. A macro for the text of the condition alone.
#define COCHECK(...) ::cocheck::check(static_cast<bool>(__VA_ARGS__), #__VA_ARGS__)
