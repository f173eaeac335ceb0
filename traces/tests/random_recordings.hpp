#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <string_view>

#include "cocheck/schedule.hpp"

namespace cocheck::samples {

/// Draws recordings that make no sense but have every kind of field, text and number.
class RandomRecordings {
 public:
  explicit RandomRecordings(std::uint64_t seed) : random_(seed) {}

  Recording next() {
    Recording recording;
    Schedule& schedule = recording.schedule;
    schedule.program = text();
    schedule.test = text();
    schedule.strategy = text();
    schedule.seed = number<std::uint64_t>();
    for (std::size_t i = below(4); i > 0; --i) schedule.options["o" + text()] = text();
    for (std::size_t i = below(8); i > 0; --i) schedule.choices.push_back(choice());
    recording.verdict = text();
    recording.failure = text();
    for (std::size_t i = below(4); i > 0; --i) {
      recording.trace.tasks.push_back({id(), text(), place()});
    }
    for (std::size_t i = below(20); i > 0; --i) recording.trace.events.push_back(event());
    for (std::size_t i = below(3); i > 0; --i) {
      recording.trace.stuck.push_back({id(), text(), text(), maybe_id(), place()});
    }
    return recording;
  }

  std::size_t below(std::size_t end) {
    return std::uniform_int_distribution<std::size_t>(0, end - 1)(random_);
  }

 private:
  Choice choice() {
    Choice choice;
    choice.kind = static_cast<Choice::Kind>(below(5));
    choice.task = id();
    const bool has_value = choice.kind == Choice::Kind::timer || choice.kind == Choice::Kind::value;
    if (has_value) choice.value = number<std::size_t>();
    choice.alternatives = 1 + below(5);
    choice.label = text();
    choice.place = place();
    return choice;
  }

  TraceEvent event() {
    TraceEvent event;
    event.kind = static_cast<TraceEvent::Kind>(below(13));
    event.step = below(2) == 0 ? below(10) : number<std::size_t>();
    event.task = maybe_id();
    event.verb = text();
    event.object = text();
    event.detail = text();
    event.peer = maybe_id();
    event.place = place();
    event.time = std::chrono::nanoseconds(number<std::int64_t>());
    event.suspicious = below(2) == 0;
    return event;
  }

  Place place() {
    if (below(2) == 0) return {};
    return {text(), number<unsigned>(), text()};
  }

  std::string id() {
    std::string id = "0";
    for (std::size_t i = below(4); i > 0; --i) id += "." + std::to_string(below(1000));
    return id;
  }
  std::string maybe_id() { return below(2) == 0 ? "" : id(); }

  std::string text() {
    constexpr std::array<std::string_view, 16> kParts = {
        "lock", ".",   " ",     "acquire", "\"",     "\\",         "\n",
        "\t",   "<b>", "&amp;", "\u00fc",  "\u2192", "\U0001F600", std::string_view("\0", 1),
        "\x7f", "0.1"};
    std::string text;
    for (std::size_t i = below(6); i > 0; --i) text += kParts[below(kParts.size())];
    return text;
  }

  /// Often one of the extremes, where mistakes are.
  template <class Integer>
  Integer number() {
    using Limits = std::numeric_limits<Integer>;
    switch (below(4)) {
      case 0:
        return 0;
      case 1:
        return Limits::max();
      case 2:
        return Limits::min();
      default:
        return std::uniform_int_distribution<Integer>(Limits::min(), Limits::max())(random_);
    }
  }

  std::mt19937_64 random_;
};

}  // namespace cocheck::samples
