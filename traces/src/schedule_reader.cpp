// The recording in the text of a schedule file.

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <limits>
#include <map>
#include <utility>
#include <vector>

#include "cocheck/schedule_file.hpp"
#include "schedule_words.hpp"

namespace cocheck {

namespace {

using namespace detail;

/// Takes the fields out of one object, by name and type. What is left over at the end is an error.
class ObjectReader {
 public:
  /// `where` is the path of the object in the file, "" for the whole file.
  ObjectReader(const Json& object, std::string where) : object_(object), where_(std::move(where)) {
    if (!object_.is_object()) {
      throw ScheduleError(where_ + " must be an object, but is " + shown(object_));
    }
  }

  [[nodiscard]] std::string path(std::string_view name) const {
    return where_.empty() ? std::string(name) : where_ + "." + std::string(name);
  }

  const Json* find(std::string_view name) {
    known_.emplace_back(name);
    const auto found = object_.find(std::string(name));
    return found == object_.end() ? nullptr : &*found;
  }

  const Json& require(std::string_view name) {
    if (const Json* value = find(name)) return *value;
    throw ScheduleError("the field " + path(name) + " is missing");
  }

  std::string text(std::string_view name) {
    const Json* value = find(name);
    return value == nullptr ? std::string() : text_of(name, *value);
  }

  std::string required_text(std::string_view name) { return text_of(name, require(name)); }

  template <std::integral Integer>
  Integer integer(std::string_view name, Integer usual) {
    const Json* value = find(name);
    return value == nullptr ? usual : integer_of<Integer>(name, *value);
  }

  template <std::integral Integer>
  Integer required_integer(std::string_view name) {
    return integer_of<Integer>(name, require(name));
  }

  bool boolean(std::string_view name) {
    const Json* value = find(name);
    if (value == nullptr) return false;
    if (!value->is_boolean()) wrong(name, "true or false", *value);
    return value->get<bool>();
  }

  template <class Enum, std::size_t size>
  Enum word(std::string_view name, const std::array<Word<Enum>, size>& words) {
    const std::string text = required_text(name);
    const auto found = std::ranges::find(words, text, &Word<Enum>::text);
    if (found != words.end()) return found->value;
    std::string expected = "one of";
    for (const auto& candidate : words) {
      expected += (&candidate == words.data() ? " " : ", ") + std::string(candidate.text);
    }
    wrong(name, expected, Json(text));
  }

  Place place() {
    Place result;
    result.file = text("file");
    result.line = integer<unsigned>("line", 0);
    result.function = text("function");
    return result;
  }

  template <class Element, class Read>
  std::vector<Element> array(std::string_view name, Read read) {
    std::vector<Element> result;
    const Json* value = find(name);
    if (value == nullptr) return result;
    if (!value->is_array()) wrong(name, "an array", *value);
    result.reserve(value->size());
    for (std::size_t i = 0; i < value->size(); ++i) {
      ObjectReader element((*value)[i], path(name) + "[" + std::to_string(i) + "]");
      result.push_back(read(element));
      element.expect_no_others();
    }
    return result;
  }

  void expect_no_others() const {
    for (const auto& item : object_.items()) {
      if (std::ranges::find(known_, item.key()) == known_.end()) unknown(item.key());
    }
  }

 private:
  [[noreturn]] void wrong(std::string_view name, std::string_view expected,
                          const Json& found) const {
    throw ScheduleError("the field " + path(name) + " must be " + std::string(expected) +
                        ", but is " + shown(found));
  }

  [[noreturn]] void unknown(const std::string& name) const {
    throw ScheduleError("the field " + in_quotes(name) + (where_.empty() ? "" : " of " + where_) +
                        " is not known; misspelt?");
  }

  std::string text_of(std::string_view name, const Json& value) const {
    if (!value.is_string()) wrong(name, "text", value);
    return value.get<std::string>();
  }

  template <std::integral Integer>
  Integer integer_of(std::string_view name, const Json& value) const {
    if (value.is_number_unsigned() && std::in_range<Integer>(value.get<std::uint64_t>())) {
      return static_cast<Integer>(value.get<std::uint64_t>());
    }
    if (value.is_number_integer() && !value.is_number_unsigned() &&
        std::in_range<Integer>(value.get<std::int64_t>())) {
      return static_cast<Integer>(value.get<std::int64_t>());
    }
    using Limits = std::numeric_limits<Integer>;
    wrong(
        name,
        "an integer from " + std::to_string(Limits::min()) + " to " + std::to_string(Limits::max()),
        value);
  }

  const Json& object_;
  std::string where_;
  std::vector<std::string_view> known_;
};

Choice read_choice(ObjectReader& in) {
  Choice choice;
  choice.kind = in.word("kind", kChoiceWords);
  choice.task = in.required_text("task");
  choice.value = in.integer<std::size_t>("value", 0);
  choice.alternatives = in.integer<std::size_t>("alternatives", 1);
  if (in.find("by") != nullptr) choice.by = in.word("by", kDeciderWords);
  choice.label = in.text("label");
  choice.place = in.place();
  return choice;
}

TraceTask read_task(ObjectReader& in) {
  TraceTask task;
  task.id = in.required_text("id");
  task.name = in.text("name");
  task.place = in.place();
  return task;
}

TraceEvent read_event(ObjectReader& in) {
  TraceEvent event;
  event.kind = in.word("kind", kEventWords);
  event.step = in.required_integer<std::size_t>("step");
  event.task = in.text("task");
  event.verb = in.text("verb");
  event.object = in.text("object");
  event.detail = in.text("detail");
  event.peer = in.text("peer");
  event.time = std::chrono::nanoseconds(in.integer<std::int64_t>("time_ns", 0));
  event.suspicious = in.boolean("suspicious");
  event.place = in.place();
  return event;
}

StuckTask read_stuck(ObjectReader& in) {
  StuckTask stuck;
  stuck.task = in.required_text("task");
  stuck.verb = in.text("verb");
  stuck.object = in.text("object");
  stuck.holder = in.text("holder");
  stuck.place = in.place();
  return stuck;
}

std::map<std::string, std::string> read_options(const Json& value) {
  if (!value.is_object()) {
    throw ScheduleError("the field options must be an object, but is " + shown(value));
  }
  std::map<std::string, std::string> options;
  for (const auto& item : value.items()) {
    if (!item.value().is_string()) {
      throw ScheduleError("the option " + in_quotes(item.key()) + " must be text, but is " +
                          shown(item.value()));
    }
    options.insert_or_assign(item.key(), item.value().get<std::string>());
  }
  return options;
}

void expect_our_format(ObjectReader& in) {
  const Json* format = in.find("format");
  if (format == nullptr || *format != kFormat) {
    throw ScheduleError("not a cocheck schedule: its field format is " +
                        (format == nullptr ? "missing" : shown(*format)) + ", not " +
                        in_quotes(kFormat));
  }
  const Json& version = in.require("version");
  const bool readable = version.is_number_unsigned() && version.get<std::uint64_t>() >= 1 &&
                        version.get<std::uint64_t>() <= kScheduleFormatVersion;
  if (!readable) {
    throw ScheduleError("version " + shown(version) +
                        " of the schedule format, but this cocheck reads versions 1 to " +
                        std::to_string(kScheduleFormatVersion) +
                        "; use the cocheck that wrote it, or record it again");
  }
}

Json parse(std::string_view text) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    throw ScheduleError("empty, so not a cocheck schedule; record it again");
  }
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    const std::string where = "not JSON at byte " + std::to_string(error.byte);
    if (error.byte > text.size()) {
      throw ScheduleError(where + ", where it ends too early; copy it again, or record it again");
    }
    const auto line =
        1 + std::ranges::count(text.substr(0, error.byte == 0 ? 0 : error.byte - 1), '\n');
    throw ScheduleError(where + " (line " + std::to_string(line) +
                        "); undo what changed it, or record it again");
  } catch (const Json::exception&) {
    throw ScheduleError("not a cocheck schedule: it has a number that is too large");
  }
}

}  // namespace

Recording recording_from_json(std::string_view text) {
  const Json json = parse(text);
  if (!json.is_object()) {
    throw ScheduleError("not a cocheck schedule: it must be an object, but is " + shown(json));
  }
  ObjectReader in(json, "");
  expect_our_format(in);
  Recording recording;
  Schedule& schedule = recording.schedule;
  schedule.program = in.text("program");
  schedule.test = in.text("test");
  schedule.strategy = in.text("strategy");
  schedule.seed = in.integer<std::uint64_t>("seed", 0);
  if (const Json* options = in.find("options")) schedule.options = read_options(*options);
  recording.verdict = in.text("verdict");
  recording.failure = in.text("failure");
  static_cast<void>(in.require("choices"));
  schedule.choices = in.array<Choice>("choices", read_choice);
  recording.trace.tasks = in.array<TraceTask>("tasks", read_task);
  recording.trace.events = in.array<TraceEvent>("events", read_event);
  recording.trace.stuck = in.array<StuckTask>("stuck", read_stuck);
  in.expect_no_others();
  check(recording);
  return recording;
}

}  // namespace cocheck
