#include "cocheck/schedule_file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <concepts>
#include <cstdint>
#include <fstream>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

#include "atomic_file.hpp"
#include "task_id.hpp"

namespace cocheck {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kFormat = "cocheck-schedule";
constexpr std::size_t kLargestFile = std::size_t{256} << 20;  // bytes

template <class Enum>
struct Word {
  Enum value;
  std::string_view text;
};

constexpr std::array kChoiceWords = {
    Word<Choice::Kind>{Choice::Kind::step, "step"},
    Word<Choice::Kind>{Choice::Kind::timer, "timer"},
    Word<Choice::Kind>{Choice::Kind::callback, "callback"},
    Word<Choice::Kind>{Choice::Kind::cancel, "cancel"},
    Word<Choice::Kind>{Choice::Kind::value, "value"},
};

constexpr std::array kEventWords = {
    Word<TraceEvent::Kind>{TraceEvent::Kind::step, "step"},
    Word<TraceEvent::Kind>{TraceEvent::Kind::spawn, "spawn"},
    Word<TraceEvent::Kind>{TraceEvent::Kind::operation, "operation"},
    Word<TraceEvent::Kind>{TraceEvent::Kind::park, "park"},
    Word<TraceEvent::Kind>{TraceEvent::Kind::yield, "yield"},
    Word<TraceEvent::Kind>{TraceEvent::Kind::wake, "wake"},
    Word<TraceEvent::Kind>{TraceEvent::Kind::timer, "timer"},
    Word<TraceEvent::Kind>{TraceEvent::Kind::callback, "callback"},
    Word<TraceEvent::Kind>{TraceEvent::Kind::cancel, "cancel"},
    Word<TraceEvent::Kind>{TraceEvent::Kind::choose, "choose"},
    Word<TraceEvent::Kind>{TraceEvent::Kind::note, "note"},
    Word<TraceEvent::Kind>{TraceEvent::Kind::finish, "finish"},
    Word<TraceEvent::Kind>{TraceEvent::Kind::clock, "clock"},
    Word<TraceEvent::Kind>{TraceEvent::Kind::failure, "failure"},
};

template <class Enum, std::size_t size>
std::string_view word_of(const std::array<Word<Enum>, size>& words, Enum value) {
  const auto found = std::ranges::find(words, value, &Word<Enum>::value);
  if (found == words.end()) throw ScheduleError("a kind has a value that its enumeration lacks");
  return found->text;
}

/// A value from a file for a message: as JSON, and not longer than fits in a line.
std::string shown(const Json& value) {
  constexpr std::size_t kLongest = 40;
  if (value.is_object()) return "an object";
  if (value.is_array()) return "an array";
  std::string text = value.dump(-1, ' ', true, Json::error_handler_t::replace);
  if (text.size() > kLongest) text = text.substr(0, kLongest) + "...";
  return text;
}

std::string in_quotes(std::string_view text) {
  return shown(Json(std::string(text)));
}

// Writing. ------------------------------------------------------------------------------------

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

// Reading. ------------------------------------------------------------------------------------

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
  if (version != kScheduleFormatVersion) {
    throw ScheduleError("version " + shown(version) +
                        " of the schedule format, but this cocheck reads version " +
                        std::to_string(kScheduleFormatVersion) +
                        "; use the cocheck that wrote it, or record it again");
  }
}

// What holds of every recording in a file, whether it is read or written. ------------------------

void expect_task_id(const std::string& id, const std::string& where) {
  if (detail::is_task_id(id)) return;
  throw ScheduleError("the field " + where + " must be a task id such as 0.2, but is " +
                      in_quotes(id));
}

template <class Element, class Check>
void check_each(std::string_view name, const std::vector<Element>& elements, Check check) {
  for (std::size_t i = 0; i < elements.size(); ++i) {
    check(elements[i], std::string(name) + "[" + std::to_string(i) + "].");
  }
}

void check(const Recording& recording) {
  const auto optional_id = [](const std::string& id, const std::string& where) {
    if (!id.empty()) expect_task_id(id, where);
  };
  check_each("choices", recording.schedule.choices,
             [](const Choice& choice, const std::string& where) {
               expect_task_id(choice.task, where + "task");
               if (choice.alternatives == 0) {
                 throw ScheduleError("the field " + where + "alternatives must be at least 1");
               }
             });
  check_each("tasks", recording.trace.tasks, [](const TraceTask& task, const std::string& where) {
    expect_task_id(task.id, where + "id");
  });
  check_each("events", recording.trace.events,
             [&](const TraceEvent& event, const std::string& where) {
               optional_id(event.task, where + "task");
               optional_id(event.peer, where + "peer");
             });
  check_each("stuck", recording.trace.stuck, [&](const StuckTask& stuck, const std::string& where) {
    expect_task_id(stuck.task, where + "task");
    optional_id(stuck.holder, where + "holder");
  });
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

std::string read_file(const std::filesystem::path& path) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) {
    throw ScheduleError("no such file; check the path, which is relative to the current folder");
  }
  if (error) throw ScheduleError("cannot be read: " + error.message());
  if (fs::is_directory(status)) throw ScheduleError("a folder; name a schedule file in it");
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text;
  std::array<char, 1 << 16> buffer;
  while (file.good()) {
    file.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    text.append(buffer.data(), static_cast<std::size_t>(file.gcount()));
    if (text.size() > kLargestFile) {
      throw ScheduleError("not a cocheck schedule: it is larger than " +
                          std::to_string(kLargestFile >> 20) + " MiB");
    }
  }
  if (!file.eof()) {
    throw ScheduleError("cannot be read: " +
                        std::generic_category().message(errno != 0 ? errno : EIO));
  }
  return text;
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

void write_recording(const std::filesystem::path& path, const Recording& recording) {
  const std::string text = to_json(recording);
  try {
    detail::AtomicFile file(path);
    file.write(text);
    file.commit();
  } catch (const std::runtime_error& error) {
    throw ScheduleError(error.what());
  }
}

Recording read_recording(const std::filesystem::path& path) {
  try {
    return recording_from_json(read_file(path));
  } catch (const ScheduleError& error) {
    throw ScheduleError(path.string() + ": " + error.what());
  }
}

}  // namespace cocheck
