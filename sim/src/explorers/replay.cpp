#include "cocheck/explorers/replay.hpp"

#include <utility>

#include "cocheck/detail/recorder.hpp"
#include "cocheck/detail/task_base.hpp"
#include "cocheck/explorers/guided.hpp"
#include "cocheck/schedule_file.hpp"
#include "cocheck/terminal_text.hpp"
#include "cocheck/world.hpp"

namespace cocheck {

namespace {

const char* verb(Choice::Kind kind) {
  switch (kind) {
    case Choice::Kind::step:
      return "step of";
    case Choice::Kind::timer:
      return "timer of";
    case Choice::Kind::callback:
      return "callback on the end of";
    case Choice::Kind::cancel:
      return "cancellation of";
    case Choice::Kind::value:
      return "value drawn by";
  }
  return "";
}

std::string in_words(Choice::Kind kind, const std::string& task, const std::string& label) {
  std::string text = std::string(verb(kind)) + " " + task;
  if (!label.empty() && kind == Choice::Kind::step) text += " (" + printable(label) + ")";
  return text;
}

Order parse_order(const Schedule& schedule) {
  const auto order = schedule.options.find("order");
  if (order == schedule.options.end() || order->second == "any") return Order::any;
  if (order->second == "fifo") return Order::fifo;
  throw ScheduleError("the schedule has the order '" + printable(order->second) +
                      "', and this cocheck knows 'any' and 'fifo'");
}

}  // namespace

ReplayExplorer::ReplayExplorer(Schedule schedule)
    : schedule_(std::move(schedule)), order_(parse_order(schedule_)) {}

bool ReplayExplorer::next() {
  return !std::exchange(started_, true);
}

std::size_t ReplayExplorer::pick(std::size_t alternatives, const World& world) {
  const auto offered = [&] {
    if (world.choosing_value()) {
      return "a choice between " + std::to_string(alternatives) + " values";
    }
    std::string text;
    for (std::size_t i = 0; i < alternatives && i < 6; ++i) {
      const Action action = world.action(i);
      if (i > 0) text += i + 1 == alternatives ? " or " : ", ";
      text += in_words(action.kind, action.task->id(), world.label(action));
    }
    return alternatives > 6 ? text + ", ..." : text;
  };
  if (position_ == schedule_.choices.size()) {
    throw ReplayDiverged("diverged at choice " + std::to_string(position_) +
                         ": expected the end of the execution, found " + offered());
  }
  const Choice& choice = schedule_.choices[position_];
  const std::size_t found = find_alternative(choice, alternatives, world);
  if (found == alternatives) diverge(offered());
  if (!choice.label.empty()) {
    if (choice.alternatives != alternatives) {
      diverge(std::to_string(alternatives) +
              (alternatives == 1 ? " alternative (" : " alternatives (") + offered() + ")");
    }
    if (choice.kind == Choice::Kind::step) {
      const std::string label = world.label(world.action(found));
      if (label != choice.label) diverge(in_words(choice.kind, choice.task, label));
    }
  }
  ++position_;
  return found;
}

void ReplayExplorer::diverge(const std::string& found) const {
  const Choice& choice = schedule_.choices[position_];
  std::string expected = in_words(choice.kind, choice.task, choice.label);
  if (!choice.label.empty()) {
    expected += " among " + std::to_string(choice.alternatives) +
                (choice.alternatives == 1 ? " alternative" : " alternatives");
  }
  throw ReplayDiverged("diverged at choice " + std::to_string(position_) + ": expected the " +
                       expected + ", found " + found);
}

}  // namespace cocheck
