#include "cocheck_interpreter.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <stdexcept>
#include <utility>
#include <variant>

#include "cocheck/as_completed.hpp"
#include "cocheck/barrier.hpp"
#include "cocheck/condition.hpp"
#include "cocheck/event.hpp"
#include "cocheck/explorers/exhaustive.hpp"
#include "cocheck/explorers/fifo.hpp"
#include "cocheck/future.hpp"
#include "cocheck/gather.hpp"
#include "cocheck/lifo_queue.hpp"
#include "cocheck/lock.hpp"
#include "cocheck/priority_queue.hpp"
#include "cocheck/queue.hpp"
#include "cocheck/semaphore.hpp"
#include "cocheck/shield.hpp"
#include "cocheck/sleep.hpp"
#include "cocheck/task_group.hpp"
#include "cocheck/timeout.hpp"
#include "cocheck/wait.hpp"
#include "cocheck/wait_for.hpp"
#include "cocheck/world.hpp"

namespace cocheck::differential {

namespace {

using nlohmann::json;

class Boom final : public std::exception {};

using AnyQueue = std::variant<std::monostate, Queue<int>, LifoQueue<int>, PriorityQueue<int>>;

/// The name of an exception as Python has it.
std::string name_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const CancelledError&) {
    return "CancelledError";
  } catch (const ExceptionGroup& group) {
    std::string text = "ExceptionGroup[";
    for (std::size_t i = 0; i < group.exceptions().size(); ++i) {
      text += (i > 0 ? "," : "") + name_of(group.exceptions()[i]);
    }
    return text + "]";
  } catch (const TimeoutError&) {
    return "TimeoutError";
  } catch (const RuntimeError&) {
    return "RuntimeError";
  } catch (const ValueError&) {
    return "ValueError";
  } catch (const InvalidStateError&) {
    return "InvalidStateError";
  } catch (const QueueFull&) {
    return "QueueFull";
  } catch (const QueueEmpty&) {
    return "QueueEmpty";
  } catch (const QueueShutDown&) {
    return "QueueShutDown";
  } catch (const BrokenBarrierError&) {
    return "BrokenBarrierError";
  } catch (const Boom&) {
    return "Boom";
  } catch (const std::exception& other) {
    return other.what();
  }
}

std::string text_of(bool value) {
  return value ? "true" : "false";
}

Duration seconds(const json& value) {
  return std::chrono::seconds(value.get<int>());
}

class Interpreter {
 public:
  Interpreter(const Program& program, std::vector<std::string>& log)
      : program_(program),
        log_(log),
        semaphore_(program["permits"].get<int>()),
        bounded_(program["permits"].get<int>()),
        barrier_(program["parties"].get<int>()) {
    const int max_size = program["maxsize"].get<int>();
    switch (program["queue"].get<int>()) {
      case 0:
        queue_.emplace<1>(max_size);
        break;
      case 1:
        queue_.emplace<2>(max_size);
        break;
      default:
        queue_.emplace<3>(max_size);
        break;
    }
  }

  Task<> main() {
    int number = 0;
    for (const json& operations : program_["tasks"]) spawn(std::to_string(number++), operations);
    for (;;) {
      std::vector<TaskRef> pending;
      for (const TaskRef& task : tasks_) {
        if (!task.done()) pending.push_back(task);
      }
      if (pending.empty()) break;
      co_await cocheck::wait(std::move(pending));
    }
    // What failed and was not looked at is part of the log, not a failure.
    for (const TaskRef& task : tasks_) (void)task.state().exception();
    note("main", "end");
  }

 private:
  using Perform = Task<std::string> (Interpreter::*)(const std::string&, const json&);

  void note(const std::string& who, const std::string& text) {
    const auto now =
        std::chrono::duration_cast<std::chrono::seconds>(Loop::current().now().time_since_epoch());
    log_.push_back(std::to_string(now.count()) + " " + who + " " + text);
  }

  void spawn(const std::string& who, const json& operations) {
    top_tasks_.push_back(create_task(top(who, operations)));
    tasks_.push_back(top_tasks_.back());
  }

  /// A task whose errors end here.
  Task<> top(std::string who, const json& operations) {
    try {
      co_await run(who, operations);
      note(who, "returns");
    } catch (const CancelledError&) {
      note(who, "cancelled");
      throw;
    } catch (const std::exception&) {
      note(who, "fails " + name_of(std::current_exception()));
    }
  }

  /// A task whose errors are for those who await it.
  Task<int> child(std::string who, const json& operations, int value) {
    try {
      co_await run(who, operations);
    } catch (const CancelledError&) {
      note(who, "cancelled");
      throw;
    } catch (const std::exception&) {
      note(who, "fails " + name_of(std::current_exception()));
      throw;
    }
    note(who, "returns");
    co_return value;
  }

  std::vector<TaskHandle<int>> child_tasks(const std::string& who, const json& operation) {
    std::vector<TaskHandle<int>> tasks;
    int number = 0;
    for (const json& operations : operation["children"]) {
      tasks.push_back(create_task(child(who + "." + std::to_string(number), operations, number)));
      ++number;
    }
    tasks_.insert(tasks_.end(), tasks.begin(), tasks.end());
    return tasks;
  }

  Task<> run(std::string who, const json& operations) {
    for (const json& operation : operations) {
      const std::string name = operation["op"].get<std::string>();
      try {
        const std::string value = co_await perform(who, operation);
        note(who, name + " " + value);
      } catch (const CancelledError&) {
        note(who, name + " CancelledError");
        throw;
      } catch (const std::exception&) {
        note(who, name + " " + name_of(std::current_exception()));
        if (name == "boom" || name == "finally") throw;
      }
    }
  }

  Task<std::string> perform(const std::string& who, const json& operation) {
    static const std::map<std::string, Perform> kOperations = {
        {"sleep", &Interpreter::do_sleep},
        {"lock", &Interpreter::do_lock},
        {"lock_acquire", &Interpreter::do_lock_acquire},
        {"lock_release", &Interpreter::do_lock_release},
        {"event_wait", &Interpreter::do_event_wait},
        {"event_set", &Interpreter::do_event_set},
        {"event_clear", &Interpreter::do_event_clear},
        {"semaphore", &Interpreter::do_semaphore},
        {"semaphore_acquire", &Interpreter::do_semaphore_acquire},
        {"semaphore_release", &Interpreter::do_semaphore_release},
        {"bounded_acquire", &Interpreter::do_bounded_acquire},
        {"bounded_release", &Interpreter::do_bounded_release},
        {"condition_wait", &Interpreter::do_condition_wait},
        {"condition_notify", &Interpreter::do_condition_notify},
        {"condition_notify_bare", &Interpreter::do_condition_notify_bare},
        {"put", &Interpreter::do_put},
        {"get", &Interpreter::do_get},
        {"put_nowait", &Interpreter::do_put_nowait},
        {"get_nowait", &Interpreter::do_get_nowait},
        {"task_done", &Interpreter::do_task_done},
        {"join", &Interpreter::do_join},
        {"shutdown", &Interpreter::do_shutdown},
        {"barrier_wait", &Interpreter::do_barrier_wait},
        {"barrier_reset", &Interpreter::do_barrier_reset},
        {"barrier_abort", &Interpreter::do_barrier_abort},
        {"cancel", &Interpreter::do_cancel},
        {"uncancel", &Interpreter::do_uncancel},
        {"cancelling", &Interpreter::do_cancelling},
        {"timeout", &Interpreter::do_timeout},
        {"wait_for", &Interpreter::do_wait_for},
        {"catch", &Interpreter::do_catch},
        {"finally", &Interpreter::do_finally},
        {"boom", &Interpreter::do_boom},
        {"gather", &Interpreter::do_gather},
        {"group", &Interpreter::do_group},
        {"shield", &Interpreter::do_shield},
        {"spawn", &Interpreter::do_spawn},
        {"await_task", &Interpreter::do_await_task},
        {"wait", &Interpreter::do_wait},
        {"as_completed", &Interpreter::do_as_completed},
        {"future_wait", &Interpreter::do_future_wait},
        {"future_set", &Interpreter::do_future_set},
        {"future_cancel", &Interpreter::do_future_cancel},
        {"future_fresh", &Interpreter::do_future_fresh}};
    return (this->*kOperations.at(operation["op"].get<std::string>()))(who, operation);
  }

  Task<std::string> do_sleep(const std::string&, const json& operation) {
    co_await sleep(seconds(operation["delay"]));
    co_return "ok";
  }

  Task<std::string> do_lock(const std::string& who, const json& operation) {
    co_await lock_.acquire();
    std::exception_ptr error;
    try {
      co_await run(who, operation["body"]);
    } catch (...) {
      error = std::current_exception();
    }
    lock_.release();
    if (error) std::rethrow_exception(error);
    co_return "ok";
  }
  Task<std::string> do_lock_acquire(const std::string&, const json&) {
    co_return text_of(co_await lock_.acquire());
  }
  Task<std::string> do_lock_release(const std::string&, const json&) {
    lock_.release();
    co_return "ok";
  }

  Task<std::string> do_event_wait(const std::string&, const json&) {
    co_return text_of(co_await event_.wait());
  }
  Task<std::string> do_event_set(const std::string&, const json&) {
    event_.set();
    co_return "ok";
  }
  Task<std::string> do_event_clear(const std::string&, const json&) {
    event_.clear();
    co_return "ok";
  }

  Task<std::string> do_semaphore(const std::string& who, const json& operation) {
    co_await semaphore_.acquire();
    std::exception_ptr error;
    try {
      co_await run(who, operation["body"]);
    } catch (...) {
      error = std::current_exception();
    }
    semaphore_.release();
    if (error) std::rethrow_exception(error);
    co_return "ok";
  }
  Task<std::string> do_semaphore_acquire(const std::string&, const json&) {
    co_return text_of(co_await semaphore_.acquire());
  }
  Task<std::string> do_semaphore_release(const std::string&, const json&) {
    semaphore_.release();
    co_return "ok";
  }
  Task<std::string> do_bounded_acquire(const std::string&, const json&) {
    co_return text_of(co_await bounded_.acquire());
  }
  Task<std::string> do_bounded_release(const std::string&, const json&) {
    bounded_.release();
    co_return "ok";
  }

  Task<std::string> do_condition_wait(const std::string&, const json&) {
    co_await condition_.acquire();
    std::exception_ptr error;
    try {
      co_await condition_.wait();
    } catch (...) {
      error = std::current_exception();
    }
    condition_.release();
    if (error) std::rethrow_exception(error);
    co_return "true";
  }
  Task<std::string> do_condition_notify(const std::string&, const json& operation) {
    co_await condition_.acquire();
    condition_.notify(operation["count"].get<std::size_t>());
    condition_.release();
    co_return "ok";
  }
  Task<std::string> do_condition_notify_bare(const std::string&, const json&) {
    condition_.notify_all();
    co_return "ok";
  }

  /// Calls `use` with the queue of the program's kind.
  template <class Use>
  auto with_queue(Use&& use) {
    switch (queue_.index()) {
      case 1:
        return use(std::get<1>(queue_));
      case 2:
        return use(std::get<2>(queue_));
      default:
        return use(std::get<3>(queue_));
    }
  }

  Task<std::string> do_put(const std::string&, const json& operation) {
    co_await with_queue([&](auto& queue) { return queue.put(operation["value"].get<int>()); });
    co_return "ok";
  }
  Task<std::string> do_get(const std::string&, const json&) {
    const int item = co_await with_queue([](auto& queue) { return queue.get(); });
    co_return std::to_string(item);
  }
  Task<std::string> do_put_nowait(const std::string&, const json& operation) {
    with_queue([&](auto& queue) { queue.put_nowait(operation["value"].get<int>()); });
    co_return "ok";
  }
  Task<std::string> do_get_nowait(const std::string&, const json&) {
    co_return std::to_string(with_queue([](auto& queue) { return queue.get_nowait(); }));
  }
  Task<std::string> do_task_done(const std::string&, const json&) {
    with_queue([](auto& queue) { queue.task_done(); });
    co_return "ok";
  }
  Task<std::string> do_join(const std::string&, const json&) {
    co_await with_queue([](auto& queue) { return queue.join(); });
    co_return "ok";
  }
  Task<std::string> do_shutdown(const std::string&, const json& operation) {
    with_queue([&](auto& queue) { queue.shutdown(operation["immediate"].get<bool>()); });
    co_return "ok";
  }

  Task<std::string> do_barrier_wait(const std::string&, const json&) {
    const std::size_t index = co_await barrier_.wait();
    co_return std::to_string(index);
  }
  Task<std::string> do_barrier_reset(const std::string&, const json&) {
    co_await barrier_.reset();
    co_return "ok";
  }
  Task<std::string> do_barrier_abort(const std::string&, const json&) {
    co_await barrier_.abort();
    co_return "ok";
  }

  Task<std::string> do_cancel(const std::string&, const json& operation) {
    co_return text_of(tasks_[operation["task"].get<std::size_t>()].cancel());
  }
  Task<std::string> do_uncancel(const std::string&, const json&) {
    co_return std::to_string(current_task().uncancel());
  }
  Task<std::string> do_cancelling(const std::string&, const json&) {
    co_return std::to_string(current_task().cancelling());
  }

  Task<std::string> do_timeout(const std::string& who, const json& operation) {
    Timeout scope = timeout(seconds(operation["delay"]));
    co_await scope.run(run(who, operation["body"]));
    co_return text_of(scope.expired());
  }
  Task<std::string> do_wait_for(const std::string& who, const json& operation) {
    const int value =
        co_await wait_for(child(who + ".w", operation["body"], 7), seconds(operation["delay"]));
    co_return std::to_string(value);
  }

  Task<std::string> do_catch(const std::string& who, const json& operation) {
    try {
      co_await run(who, operation["body"]);
    } catch (const CancelledError&) {
      co_return "caught";
    }
    co_return "ok";
  }
  Task<std::string> do_finally(const std::string& who, const json& operation) {
    std::exception_ptr error;
    try {
      co_await run(who, operation["body"]);
    } catch (...) {
      error = std::current_exception();
    }
    co_await run(who, operation["cleanup"]);
    if (error) std::rethrow_exception(error);
    co_return "ok";
  }
  Task<std::string> do_boom(const std::string&, const json&) {
    throw Boom();
    co_return "";
  }

  Task<std::string> do_gather(const std::string& who, const json& operation) {
    std::vector<TaskHandle<int>> tasks = child_tasks(who, operation);
    std::string text;
    if (operation["collect"].get<bool>()) {
      const auto results = co_await gather(return_exceptions, std::move(tasks));
      for (const Result<int>& result : results) {
        text += (text.empty() ? "" : ",") +
                (result ? std::to_string(result.value()) : name_of(result.error()));
      }
    } else {
      const std::vector<int> values = co_await gather(std::move(tasks));
      for (const int value : values) text += (text.empty() ? "" : ",") + std::to_string(value);
    }
    co_return "[" + text + "]";
  }

  Task<std::string> do_group(const std::string& who, const json& operation) {
    TaskGroup group;
    co_await group.run([&]() -> Task<> {
      // The coroutines are made before the first becomes a task, as Python's list of them is.
      int number = 0;
      for (const json& operations : operation["children"]) {
        group.create_task(child(who + "." + std::to_string(number), operations, number));
        ++number;
      }
      co_await run(who, operation["body"]);
    });
    co_return "ok";
  }

  Task<std::string> do_shield(const std::string& who, const json& operation) {
    const TaskHandle<int> inner = create_task(child(who + ".s", operation["body"], 8));
    tasks_.push_back(inner);
    const int value = co_await shield(inner);
    co_return std::to_string(value);
  }
  Task<std::string> do_spawn(const std::string&, const json& operation) {
    spawn("s" + std::to_string(++spawned_), operation["body"]);
    co_return "ok";
  }
  Task<std::string> do_await_task(const std::string&, const json& operation) {
    const TaskHandle<>& task = top_tasks_[operation["task"].get<std::size_t>()];
    co_await task;
    co_return "ok";
  }

  Task<std::string> do_wait(const std::string& who, const json& operation) {
    const std::vector<TaskHandle<int>> tasks = child_tasks(who, operation);
    const auto waited = co_await cocheck::wait(
        tasks, seconds(operation["delay"]), static_cast<ReturnWhen>(operation["mode"].get<int>()));
    std::string text;
    for (const TaskHandle<int>& task : tasks) {
      const bool done =
          std::find(waited.done.begin(), waited.done.end(), task) != waited.done.end();
      text += done ? 'd' : 'p';
    }
    co_return text;
  }
  Task<std::string> do_as_completed(const std::string& who, const json& operation) {
    AsCompleted<int> completed(child_tasks(who, operation), seconds(operation["delay"]));
    std::string text;
    for (;;) {
      const std::optional<TaskHandle<int>> task = co_await completed.next();
      if (!task) break;
      text += (text.empty() ? "" : ",") + std::to_string(task->result());
    }
    co_return "[" + text + "]";
  }

  Task<std::string> do_future_wait(const std::string&, const json&) {
    const Future<int> future = *future_;
    const int value = co_await future;
    co_return std::to_string(value);
  }
  Task<std::string> do_future_set(const std::string&, const json& operation) {
    future_->set_result(operation["value"].get<int>());
    co_return "ok";
  }
  Task<std::string> do_future_cancel(const std::string&, const json&) {
    co_return text_of(future_->cancel());
  }
  Task<std::string> do_future_fresh(const std::string&, const json&) {
    future_.emplace();
    co_return "ok";
  }

  const Program& program_;
  std::vector<std::string>& log_;
  std::vector<TaskRef> tasks_;
  std::vector<TaskHandle<>> top_tasks_;
  Lock lock_;
  Event event_;
  Condition condition_;
  Semaphore semaphore_;
  BoundedSemaphore bounded_;
  AnyQueue queue_;
  Barrier barrier_;
  std::optional<Future<int>> future_{std::in_place};
  int spawned_ = 0;
};

}  // namespace

namespace {

/// One execution in the order that `explorer` says, and what it logs.
std::vector<std::string> logged(World& world, const Program& program, Explorer& explorer) {
  std::vector<std::string> log;
  world.run(
      [&]() -> Task<> {
        Interpreter interpreter(program, log);
        co_await interpreter.main();
      },
      explorer);
  if (world.failure()) {
    log.push_back(world.failure()->kind == FailureKind::deadlock
                      ? "deadlock"
                      : "failure: " + world.failure()->message);
  }
  return log;
}

}  // namespace

std::vector<std::string> run_on_cocheck(const Program& program) {
  World world(Options{});
  FifoExplorer explorer;
  explorer.next();
  return logged(world, program, explorer);
}

bool run_in_every_order(const Program& program, std::uint64_t max_executions,
                        const std::function<void(const std::vector<std::string>&)>& visit) {
  World world(Options{});
  ExhaustiveExplorer explorer;
  for (std::uint64_t executions = 0; explorer.next(); ++executions) {
    if (executions == max_executions) return false;
    visit(logged(world, program, explorer));
  }
  return true;
}

}  // namespace cocheck::differential
