#include "schedule_words.hpp"

#include "task_id.hpp"

namespace cocheck::detail {

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

namespace {

void expect_task_id(const std::string& id, const std::string& where) {
  if (is_task_id(id)) return;
  throw ScheduleError("the field " + where + " must be a task id such as 0.2, but is " +
                      in_quotes(id));
}

template <class Element, class Check>
void check_each(std::string_view name, const std::vector<Element>& elements, Check check) {
  for (std::size_t i = 0; i < elements.size(); ++i) {
    check(elements[i], std::string(name) + "[" + std::to_string(i) + "].");
  }
}

}  // namespace

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

}  // namespace cocheck::detail
