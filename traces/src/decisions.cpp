#include "decisions.hpp"

#include "text.hpp"

namespace cocheck::detail {

std::string Decisions::in_words() const {
  std::string text;
  const auto add = [&](std::size_t count, const char* what) {
    if (count == 0) return;
    if (!text.empty()) text += ", ";
    text += count_of(count, what);
  };
  add(preemptions, "preemption");
  add(cancellations, "injected cancellation");
  add(timers, "early timer");
  add(values, "drawn value");
  return text;
}

}  // namespace cocheck::detail
