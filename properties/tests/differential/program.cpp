#include "program.hpp"

#include <algorithm>

namespace cocheck::differential {

namespace {

using nlohmann::json;

constexpr int kMaxDepth = 3;
constexpr std::size_t kMaxOperations = 40;

class Decoder {
 public:
  Decoder(const std::vector<std::uint32_t>& numbers, const Language& language)
      : numbers_(numbers), language_(language) {}

  Program program() {
    Program result;
    result["permits"] = 1 + below(2);
    result["queue"] = below(3);
    result["maxsize"] = below(3);
    result["parties"] = 1 + below(3);
    task_count_ = 2 + below(4);
    result["tasks"] = json::array();
    for (std::size_t i = 0; i < task_count_; ++i) result["tasks"].push_back(body(0, 5));
    return result;
  }

 private:
  /// 0 when the string is used up.
  std::size_t below(std::size_t bound) {
    if (position_ == numbers_.size()) return 0;
    return numbers_[position_++] % bound;
  }

  json body(int depth, std::size_t most) {
    json operations = json::array();
    for (std::size_t count = below(most + 1); count > 0; --count) {
      if (++operation_count_ > kMaxOperations) break;
      operations.push_back(operation(depth));
    }
    return operations;
  }

  json children(int depth) {
    json result = json::array();
    for (std::size_t count = 1 + below(3); count > 0; --count) {
      result.push_back(body(depth + 1, 3));
    }
    return result;
  }

  std::size_t delay() { return below(5); }

  json operation(int depth) {
    static constexpr const char* kPlain[] = {"sleep",
                                             "lock_acquire",
                                             "lock_release",
                                             "event_wait",
                                             "event_set",
                                             "event_clear",
                                             "semaphore_acquire",
                                             "semaphore_release",
                                             "bounded_acquire",
                                             "bounded_release",
                                             "condition_wait",
                                             "condition_notify",
                                             "condition_notify_bare",
                                             "put",
                                             "get",
                                             "put_nowait",
                                             "get_nowait",
                                             "task_done",
                                             "join",
                                             "barrier_wait",
                                             "barrier_reset",
                                             "barrier_abort",
                                             "cancel",
                                             "cancel",
                                             "uncancel",
                                             "cancelling",
                                             "await_task",
                                             "boom",
                                             "future_wait",
                                             "future_set",
                                             "future_cancel",
                                             "future_fresh",
                                             "sleep",
                                             "shutdown"};
    static constexpr const char* kNested[] = {"lock",    "semaphore", "timeout",      "catch",
                                              "finally", "gather",    "group",        "shield",
                                              "spawn",   "wait",      "as_completed", "wait_for"};
    const bool nested = depth < kMaxDepth && below(4) == 3;
    json result;
    const std::string name =
        nested ? kNested[below(std::size(kNested))] : kPlain[below(std::size(kPlain))];
    result["op"] = name;
    if (name == "shutdown") {
      if (!language_.has_shutdown) return {{"op", "sleep"}, {"delay", 0}};
      result["immediate"] = below(2) == 1;
    } else if (name == "wait_for" && !language_.inline_wait_for) {
      return {{"op", "timeout"}, {"delay", delay()}, {"body", body(depth + 1, 3)}};
    } else if (name == "sleep") {
      result["delay"] = delay();
    } else if (name == "condition_notify") {
      result["count"] = 1 + below(2);
    } else if (name == "put" || name == "put_nowait" || name == "future_set") {
      result["value"] = below(9);
    } else if (name == "cancel" || name == "await_task") {
      result["task"] = below(task_count_);
    } else if (name == "gather") {
      result["collect"] = below(2) == 1;
      result["children"] = children(depth);
    } else if (name == "wait" || name == "as_completed") {
      result["delay"] = 1 + delay();
      result["mode"] = below(3);
      result["children"] = children(depth);
    } else if (name == "group") {
      result["children"] = children(depth);
      result["body"] = body(depth + 1, 2);
    } else if (name == "timeout" || name == "wait_for") {
      result["delay"] = delay();
      result["body"] = body(depth + 1, 3);
    } else if (name == "finally") {
      result["body"] = body(depth + 1, 3);
      result["cleanup"] = body(depth + 1, 2);
    } else if (nested) {
      result["body"] = body(depth + 1, 3);
    }
    return result;
  }

  const std::vector<std::uint32_t>& numbers_;
  Language language_;
  std::size_t position_ = 0;
  std::size_t task_count_ = 0;
  std::size_t operation_count_ = 0;
};

}  // namespace

Program decode_program(const std::vector<std::uint32_t>& numbers, const Language& language) {
  return Decoder(numbers, language).program();
}

}  // namespace cocheck::differential
