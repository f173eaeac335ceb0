// A recording as the text of a schedule file.

#include <cstdint>
#include <vector>

#include "cocheck/schedule_file.hpp"
#include "schedule_words.hpp"

namespace cocheck {

namespace {

using namespace detail;

template <class Value>
std::string json_of(const Value& value) {
  return Json(value).dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// The fields of one object in a line: `{"kind": "step", "task": "0"}`.
class LineWriter {
 public:
  template <class Value>
  LineWriter& always(std::string_view name, const Value& value) {
    if (!text_.empty()) text_ += ", ";
    text_ += json_of(name) + ": " + json_of(value);
    return *this;
  }

  template <class Value>
  LineWriter& unless(const Value& usual, std::string_view name, const Value& value) {
    return value == usual ? *this : always(name, value);
  }

  LineWriter& text(std::string_view name, const std::string& value) {
    return unless(std::string(), name, value);
  }

  LineWriter& place(const Place& place) {
    return text("file", place.file).unless(0U, "line", place.line).text("function", place.function);
  }

  [[nodiscard]] std::string str() const { return "{" + text_ + "}"; }

 private:
  std::string text_;
};

std::string line_of(const Choice& choice) {
  return LineWriter()
      .always("kind", word_of(kChoiceWords, choice.kind))
      .always("task", choice.task)
      .unless(std::size_t{0}, "value", choice.value)
      .unless(std::size_t{1}, "alternatives", choice.alternatives)
      .text("by", choice.by == Choice::By::unknown ? std::string()
                                                   : std::string(word_of(kDeciderWords, choice.by)))
      .text("label", choice.label)
      .place(choice.place)
      .str();
}

std::string line_of(const TraceTask& task) {
  return LineWriter().always("id", task.id).text("name", task.name).place(task.place).str();
}

std::string line_of(const TraceEvent& event) {
  return LineWriter()
      .always("kind", word_of(kEventWords, event.kind))
      .always("step", event.step)
      .text("task", event.task)
      .text("verb", event.verb)
      .text("object", event.object)
      .text("detail", event.detail)
      .text("peer", event.peer)
      .unless(std::int64_t{0}, "time_ns", std::int64_t{event.time.count()})
      .unless(false, "suspicious", event.suspicious)
      .place(event.place)
      .str();
}

std::string line_of(const StuckTask& stuck) {
  return LineWriter()
      .always("task", stuck.task)
      .text("verb", stuck.verb)
      .text("object", stuck.object)
      .text("holder", stuck.holder)
      .place(stuck.place)
      .str();
}

template <class Element>
void append_array(std::string& out, std::string_view name, const std::vector<Element>& elements) {
  out += ",\n  \"";
  out += name;
  out += "\": [";
  for (std::size_t i = 0; i < elements.size(); ++i) {
    out += i == 0 ? "\n    " : ",\n    ";
    out += line_of(elements[i]);
  }
  out += elements.empty() ? "]" : "\n  ]";
}

}  // namespace

std::string to_json(const Recording& recording) {
  check(recording);
  const Schedule& schedule = recording.schedule;
  std::string out = "{";
  const auto field = [&](std::string_view name, const auto& value) {
    out += out.size() == 1 ? "\n  \"" : ",\n  \"";
    out += name;
    out += "\": " + json_of(value);
  };
  const auto text = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) field(name, value);
  };
  field("format", kFormat);
  field("version", kScheduleFormatVersion);
  text("program", schedule.program);
  text("test", schedule.test);
  text("strategy", schedule.strategy);
  if (schedule.seed != 0) field("seed", schedule.seed);
  if (!schedule.options.empty()) {
    LineWriter options;
    for (const auto& [name, value] : schedule.options) options.always(name, value);
    out += ",\n  \"options\": " + options.str();
  }
  text("verdict", recording.verdict);
  text("failure", recording.failure);
  append_array(out, "choices", schedule.choices);
  append_array(out, "tasks", recording.trace.tasks);
  append_array(out, "events", recording.trace.events);
  append_array(out, "stuck", recording.trace.stuck);
  out += "\n}\n";
  return out;
}

}  // namespace cocheck
