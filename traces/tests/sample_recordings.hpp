#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>

#include "cocheck/schedule.hpp"

namespace cocheck::samples {

using namespace std::chrono_literals;
using Kind = TraceEvent::Kind;

/// Writes a recording down step by step, so that a sample reads like the execution it stands for.
///
///     Recorder recorder("Counter.CountsToTwo", "counter_test.cpp");
///     recorder.task("0", "root", 20);
///     recorder.step("0").spawn("0.0", 21).park("gather", "", 23);
class Recorder {
 public:
  Recorder(std::string test, std::string file) : file_(std::move(file)) {
    recording_.schedule.program = "build/examples";
    recording_.schedule.test = std::move(test);
    recording_.schedule.strategy = "exhaustive";
    recording_.schedule.options = {{"clock", "idle"}, {"order", "any"}};
  }

  Recorder& task(const std::string& id, const std::string& name, unsigned line) {
    recording_.trace.tasks.push_back({id, name, place(line, name)});
    return *this;
  }

  /// The explorer picks `task` out of `alternatives` actions.
  Recorder& step(const std::string& task, std::size_t alternatives = 1,
                 const std::string& label = "start") {
    begin(Choice::Kind::step, task, 0, alternatives, label);
    return add(Kind::step, "", "", "");
  }

  Recorder& timer(const std::string& task, std::size_t number, unsigned line) {
    begin(Choice::Kind::timer, task, number, 1, "timer");
    return add(Kind::timer, "", "", "", line).wake(task);
  }

  Recorder& cancelled_by_explorer(const std::string& task, std::size_t alternatives) {
    begin(Choice::Kind::cancel, task, 0, alternatives, "cancel");
    TraceEvent event = blank(Kind::cancel);
    event.task.clear();
    event.peer = task;
    recording_.trace.events.push_back(event);
    return wake(task);
  }

  Recorder& jump_to(std::chrono::nanoseconds time) {
    now_ = time;
    TraceEvent event = blank(Kind::clock);
    event.step = next_step_;
    event.task.clear();
    recording_.trace.events.push_back(event);
    return *this;
  }

  Recorder& spawn(const std::string& child, unsigned line = 0) {
    return peer(Kind::spawn, child, line);
  }
  Recorder& wake(const std::string& other) { return peer(Kind::wake, other, 0); }
  Recorder& cancel(const std::string& other, unsigned line) {
    return peer(Kind::cancel, other, line);
  }
  Recorder& operation(const std::string& verb, const std::string& object, const std::string& detail,
                      unsigned line) {
    return add(Kind::operation, verb, object, detail, line);
  }
  Recorder& park(const std::string& verb, const std::string& object, unsigned line) {
    return add(Kind::park, verb, object, "", line);
  }
  Recorder& yield(const std::string& verb, const std::string& object, unsigned line) {
    return add(Kind::yield, verb, object, "", line);
  }
  Recorder& note(const std::string& text, unsigned line) {
    return add(Kind::note, "", "", text, line);
  }
  Recorder& choose(std::size_t value, std::size_t alternatives, unsigned line) {
    recording_.schedule.choices.push_back(
        {Choice::Kind::value, task_, value, alternatives, "choose", place(line)});
    return add(Kind::choose, "", "", std::to_string(value), line);
  }
  Recorder& finish(const std::string& how = "return", const std::string& detail = "") {
    return add(Kind::finish, how, "", detail);
  }
  /// Who decided the last choice.
  Recorder& by(Choice::By who) {
    recording_.schedule.choices.back().by = who;
    return *this;
  }
  Recorder& suspicious() {
    recording_.trace.events.back().suspicious = true;
    return *this;
  }
  Recorder& fail(const std::string& message, unsigned line) {
    recording_.failure = message;
    recording_.verdict = "Failed: " + message.substr(0, message.find('\n'));
    return add(Kind::failure, "", "", message, line);
  }
  /// The world fails after the last step, as in a deadlock.
  Recorder& fail_at_end(const std::string& message) {
    task_.clear();
    step_ = next_step_;
    return fail(message, 0);
  }
  Recorder& stuck(const std::string& task, const std::string& verb, const std::string& object,
                  const std::string& holder, unsigned line) {
    recording_.trace.stuck.push_back({task, verb, object, holder, place(line)});
    return *this;
  }

  [[nodiscard]] Recording take() { return std::move(recording_); }

 private:
  [[nodiscard]] Place place(unsigned line, const std::string& function = "") const {
    return line == 0 ? Place{} : Place{"tests/" + file_, line, function};
  }

  void begin(Choice::Kind kind, const std::string& task, std::size_t value,
             std::size_t alternatives, const std::string& label) {
    recording_.schedule.choices.push_back({kind, task, value, alternatives, label, {}});
    task_ = task;
    step_ = next_step_++;
  }

  [[nodiscard]] TraceEvent blank(Kind kind) const {
    TraceEvent event;
    event.kind = kind;
    event.step = step_;
    event.task = task_;
    event.time = now_;
    return event;
  }

  Recorder& add(Kind kind, const std::string& verb, const std::string& object,
                const std::string& detail, unsigned line = 0) {
    TraceEvent event = blank(kind);
    event.verb = verb;
    event.object = object;
    event.detail = detail;
    event.place = place(line);
    recording_.trace.events.push_back(std::move(event));
    return *this;
  }

  Recorder& peer(Kind kind, const std::string& other, unsigned line) {
    add(kind, "", "", "", line);
    recording_.trace.events.back().peer = other;
    return *this;
  }

  std::string file_;
  Recording recording_;
  std::string task_;
  std::size_t step_ = 0;
  std::size_t next_step_ = 0;
  std::chrono::nanoseconds now_{0};
};

/// Two tasks increment a counter and sleep between reading and writing it.
inline Recording racy_counter() {
  Recorder recorder("Counter.CountsToTwo", "counter_test.cpp");
  recorder.task("0", "root", 20).task("0.0", "worker", 10).task("0.1", "worker", 10);
  recorder.step("0").spawn("0.0", 22).spawn("0.1", 22).park("gather", "", 23);
  recorder.step("0.0", 2).yield("sleep", "0", 12);
  recorder.step("0.1", 2).yield("sleep", "0", 12);
  recorder.step("0.0", 2, "resume sleep").finish();
  recorder.step("0.1", 1, "resume sleep").finish().wake("0");
  recorder.step("0", 1, "resume gather").fail("counter == 1, expected 2", 24);
  return recorder.take();
}

/// Two tasks take two locks in opposite order.
inline Recording deadlock() {
  Recorder recorder("Locks.AreTakenInOrder", "locks_test.cpp");
  recorder.task("0", "root", 30).task("0.0", "transfer", 8).task("0.1", "audit", 17);
  recorder.step("0").spawn("0.0", 31).spawn("0.1", 32).park("gather", "", 33);
  recorder.step("0.0", 2).operation("lock.acquire", "accounts", "", 9).yield("sleep", "0", 10);
  recorder.step("0.1", 2).operation("lock.acquire", "journal", "", 18);
  recorder.park("lock.acquire", "accounts", 19);
  recorder.step("0.0", 1, "resume sleep").park("lock.acquire", "journal", 11);
  recorder.fail_at_end("deadlock: 3 tasks wait and nothing can run");
  recorder.stuck("0", "gather", "", "", 33);
  recorder.stuck("0.0", "lock.acquire", "journal", "0.1", 11);
  recorder.stuck("0.1", "lock.acquire", "accounts", "0.0", 19);
  return recorder.take();
}

/// A notification that comes too early, found when a watchdog's timer fires.
inline Recording timer_jump() {
  Recorder recorder("Queue.Drains", "queue_test.cpp");
  recorder.task("0", "watchdog", 40).task("0.0", "consumer", 28).task("0.1", "producer", 15);
  recorder.step("0").spawn("0.0", 44).spawn("0.1", 45).park("sleep", "5 s", 46);
  recorder.step("0.0", 2).operation("queue.empty", "", "\u2192 true", 32).yield("sleep", "0", 33);
  recorder.step("0.1", 2).operation("queue.put", "queue", "42", 19);
  recorder.operation("condition.notify", "filled", "no one is waiting", 20).suspicious();
  recorder.finish();
  recorder.step("0.0", 1, "resume sleep").park("condition.wait", "filled", 34);
  recorder.jump_to(5s).timer("0", 0, 46);
  recorder.step("0", 1, "resume sleep").fail("queue.empty() is false", 48);
  recorder.stuck("0.0", "condition.wait", "filled", "", 34);
  return recorder.take();
}

/// A producer chooses what it sends; the consumer cannot cope with one value.
inline Recording queue_of_values() {
  Recorder recorder("Queue.TakesAnyValue", "queue_test.cpp");
  recorder.task("0", "root", 70).task("0.0", "producer", 55).task("0.1", "consumer", 62);
  recorder.step("0").spawn("0.0", 71).spawn("0.1", 72).park("gather", "", 73);
  recorder.step("0.1", 2).park("queue.get", "numbers", 64);
  recorder.step("0.0", 1).choose(3, 4, 57).operation("queue.put", "numbers", "3", 58).wake("0.1");
  recorder.yield("sleep", "0", 59);
  recorder.step("0.1", 2, "resume queue.get").operation("queue.get", "numbers", "\u2192 3", 64);
  recorder.note("a < b & \"c\" > d", 65);
  recorder.finish("throw", "std::out_of_range: 3 <is> too large & unexpected").wake("0");
  recorder.step("0", 2, "resume gather")
      .fail("escaped exception: std::out_of_range: 3 <is> too large & unexpected\nin consumer", 73);
  return recorder.take();
}

/// The explorer cancels a task that holds a permit.
inline Recording cancellation() {
  Recorder recorder("Semaphore.KeepsItsPermits", "semaphore_test.cpp");
  recorder.task("0", "root", 90).task("0.0", "", 80).task("0.1", "waiter", 80);
  recorder.step("0").operation("semaphore.acquire", "permits", "\u2192 0 left", 91);
  recorder.spawn("0.0", 92).spawn("0.1", 93).yield("sleep", "0", 94);
  recorder.step("0.1", 3).park("semaphore.acquire", "permits", 82);
  recorder.step("0.0", 2).park("semaphore.acquire", "permits", 82);
  recorder.step("0", 1, "resume sleep").operation("semaphore.release", "permits", "", 95);
  recorder.wake("0.1").yield("sleep", "0", 96);
  recorder.cancelled_by_explorer("0.1", 3);
  recorder.step("0.1", 2, "resume semaphore.acquire").finish("cancelled");
  recorder.step("0", 1, "resume sleep").cancel("0.0", 98).wake("0.0").park("gather", "", 99);
  recorder.step("0.0", 1, "resume semaphore.acquire").finish("cancelled").wake("0");
  recorder.step("0", 1, "resume gather").fail("a permit was lost: 0 left, expected 1", 100);
  return recorder.take();
}

/// Two tasks give way to each other for ever: steps 3 to 6 lead back to where step 3 began.
inline Recording livelock() {
  Recorder recorder("Philosophers.AllEat", "philosophers_test.cpp");
  recorder.task("0", "root", 30).task("0.0", "polite", 10).task("0.1", "polite", 10);
  recorder.step("0").spawn("0.0", 31).spawn("0.1", 32).park("gather", "", 33);
  const auto takes = [&](const std::string& id, const std::string& lock) {
    recorder.step(id, 2, "resume sleep").operation("lock.acquire", lock, "", 12);
    recorder.yield("sleep", "0", 13);
  };
  const auto gives_way = [&](const std::string& id, const std::string& lock) {
    recorder.step(id, 2, "resume sleep").operation("lock.locked", "", "\u2192 true", 14);
    recorder.operation("lock.release", lock, "", 15).yield("sleep", "0", 16);
  };
  takes("0.0", "left");
  takes("0.1", "right");
  gives_way("0.0", "left");
  gives_way("0.1", "right");
  takes("0.0", "left");
  takes("0.1", "right");
  recorder.fail_at_end("livelock: after 4 more steps everything is as it was");
  Recording recording = recorder.take();
  recording.schedule.options["loop"] = "3";
  recording.trace.events.back().step = 6;
  return recording;
}

/// `count` tasks take turns at a lock; the last one is left waiting.
inline Recording many_tasks(std::size_t count = 100) {
  Recorder recorder("Counter.AlwaysReaches100", "counter_test.cpp");
  const auto id = [](std::size_t i) { return "0." + std::to_string(i); };
  recorder.task("0", "root", 50);
  for (std::size_t i = 0; i < count; ++i) recorder.task(id(i), "worker", 40);
  recorder.step("0");
  for (std::size_t i = 0; i < count; ++i) recorder.spawn(id(i), 52);
  recorder.park("gather", "", 53);
  recorder.step(id(0), count).operation("lock.acquire", "lock", "", 41).yield("sleep", "0", 42);
  for (std::size_t i = 1; i < count; ++i) {
    recorder.step(id(i), count - i + 1).park("lock.acquire", "lock", 41);
  }
  for (std::size_t i = 0; i + 1 < count; ++i) {
    recorder.step(id(i), 1, "resume").operation("lock.release", "lock", "", 44);
    if (i + 2 < count) recorder.wake(id(i + 1));
    recorder.finish();
  }
  recorder.fail_at_end("deadlock: 2 tasks wait and nothing can run");
  recorder.stuck("0", "gather", "", "", 53);
  recorder.stuck(id(count - 1), "lock.acquire", "lock", id(count - 2), 41);
  return recorder.take();
}

/// Names, texts and places that are too long, and characters that need care.
inline Recording long_labels() {
  Recorder recorder("Registry.ForgetsNothingEvenUnderAVeryLongTestNameThatNeverEnds/42",
                    "a_rather_long_file_name_of_a_test.cpp");
  const std::string very_long = "the configuration of the replicated registry in the second region";
  recorder.task("0", "root of everything that happens in this registry", 1);
  recorder.task("0.0", "reader <T> & \"writer\"", 2).task("0.1", "schl\u00fcssel \u9375", 3);
  recorder.step("0").spawn("0.0", 4).spawn("0.1", 5);
  recorder.operation("registry.insert", very_long, "\u2192 " + very_long, 1234567);
  recorder.operation("registry.insert", "\xff\xfe not UTF-8", "a\nb\tc", 8).park("gather", "", 9);
  recorder.step("0.1", 2).operation("registry.find", std::string(90, 'x'), "", 10);
  recorder.yield("sleep", "0", 11);
  recorder.step("0.0", 2).operation("a.b", "\\N \\G %s <B>", "{|}", 12).suspicious();
  recorder.finish("throw", "std::runtime_error: " + very_long);
  recorder.step("0.1", 1, "resume").finish().wake("0");
  recorder.step("0", 1, "resume").fail("expected " + very_long + " to equal " + very_long, 13);
  return recorder.take();
}

}  // namespace cocheck::samples
