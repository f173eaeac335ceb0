// CPython's test_taskgroups: each scenario with tasks that start lazily and with eager ones.

#include <gtest/gtest.h>

#include <chrono>
#include <exception>
#include <optional>
#include <source_location>
#include <stdexcept>
#include <string>
#include <vector>

#include "cocheck/event.hpp"
#include "cocheck/exception_group.hpp"
#include "cocheck/future.hpp"
#include "cocheck/task_group.hpp"
#include "run_fifo.hpp"

namespace cocheck::conformance {
namespace {

using namespace std::chrono_literals;

class ZeroDivisionError : public std::runtime_error {
 public:
  ZeroDivisionError() : std::runtime_error("division by zero") {}
};

class CustomError : public std::runtime_error {
 public:
  CustomError() : std::runtime_error("custom") {}
};

/// Stands outside std::exception, as Python's BaseException does outside Exception.
class BaseError {};

void expect_passes_lazy_and_eager(const Model& model,
                                  std::source_location place = std::source_location::current()) {
  expect_fifo_passes(model, {}, place);
  expect_fifo_passes(model, {.eager_tasks = true}, place);
}

template <class E>
bool is_a(const std::exception_ptr& error) {
  if (error == nullptr) return false;
  try {
    std::rethrow_exception(error);
  } catch (const E&) {
    return true;
  } catch (...) {
    return false;
  }
}

/// The errors of an ExceptionGroup; none for any other exception.
std::vector<std::exception_ptr> errors_of(const std::exception_ptr& error) {
  if (!is_a<ExceptionGroup>(error)) return {};
  try {
    std::rethrow_exception(error);
  } catch (const ExceptionGroup& group) {
    return {group.exceptions().begin(), group.exceptions().end()};
  }
}

/// Whether it is an ExceptionGroup of exactly these, in this order.
template <class... E>
bool is_group_of(const std::exception_ptr& error) {
  const std::vector<std::exception_ptr> errors = errors_of(error);
  if (errors.size() != sizeof...(E)) return false;
  auto next = errors.begin();
  return (is_a<E>(*next++) && ...);
}

/// What awaiting it throws; null when that throws nothing.
template <class Awaitable>
Task<std::exception_ptr> error_of(Awaitable awaitable) {
  std::exception_ptr error;
  try {
    (void)co_await awaitable;
  } catch (...) {
    error = std::current_exception();
  }
  co_return error;
}

/// How the task ends when it is cancelled after `delay`.
Task<std::exception_ptr> error_when_cancelled(TaskHandle<> task, Duration delay,
                                              std::string message = {}) {
  co_await sleep(delay);
  COCHECK(!task.done());
  COCHECK(task.cancel(message));
  co_return co_await error_of(task);
}

Task<> nap(Duration delay) {
  co_await sleep(delay);
}

Task<int> value_after(Duration delay, int value) {
  co_await sleep(delay);
  co_return value;
}

template <class E>
Task<> fail_after(Duration delay) {
  co_await sleep(delay);
  throw E();
}

/// Python's `try: sleep() finally: raise E`.
template <class E>
Task<> fail_in_cleanup() {
  try {
    co_await sleep(10s);
  } catch (const CancelledError&) {
  }
  throw E();
}

/// Adds `weight` to `cancels` when it is cancelled in its sleep.
Task<> count_cancel(Duration delay, int& cancels, int weight = 1) {
  try {
    co_await sleep(delay);
  } catch (const CancelledError&) {
    cancels += weight;
    throw;
  }
}

/// Takes its time to be cancelled.
Task<> yield_slowly_to_cancel() {
  const bool cancelled = co_await fails_with<CancelledError>(nap(10s));
  COCHECK(cancelled);
  co_await sleep(500ms);
  throw CancelledError();
}

TEST(TaskGroupTests, taskgroup_01) {
  expect_passes_lazy_and_eager([]() -> Task<> {
    TaskGroup group;
    std::optional<TaskHandle<int>> first;
    std::optional<TaskHandle<int>> second;
    co_await group.run([&]() -> Task<> {
      first = group.create_task(value_after(100ms, 42));
      second = group.create_task(value_after(200ms, 11));
      co_return;
    });
    COCHECK(first->result() == 42);
    COCHECK(second->result() == 11);
    COCHECK(LoopClock::now() == TimePoint(200ms));
  });
}

TEST(TaskGroupTests, taskgroup_02) {
  expect_passes_lazy_and_eager([]() -> Task<> {
    TaskGroup group;
    std::optional<TaskHandle<int>> first;
    std::optional<TaskHandle<int>> second;
    co_await group.run([&]() -> Task<> {
      first = group.create_task(value_after(100ms, 42));
      co_await sleep(150ms);
      second = group.create_task(value_after(200ms, 11));
    });
    COCHECK(first->result() == 42);
    COCHECK(second->result() == 11);
    COCHECK(LoopClock::now() == TimePoint(350ms));
  });
}

TEST(TaskGroupTests, taskgroup_03) {
  expect_passes_lazy_and_eager([]() -> Task<> {
    TaskGroup group;
    std::optional<TaskHandle<int>> first;
    std::optional<TaskHandle<int>> second;
    co_await group.run([&]() -> Task<> {
      first = group.create_task(value_after(1s, 42));
      co_await sleep(150ms);
      first->cancel();
      second = group.create_task(value_after(200ms, 11));
    });
    COCHECK(first->cancelled());
    COCHECK(second->result() == 11);
  });
}

TEST(TaskGroupTests, taskgroup_04) {
  expect_passes_lazy_and_eager([]() -> Task<> {
    int cancels = 0;
    bool passed_the_group = false;
    std::optional<TaskHandle<>> sibling;
    const auto runner = [&]() -> Task<> {
      TaskGroup group;
      co_await group.run([&]() -> Task<> {
        group.create_task(fail_after<ZeroDivisionError>(100ms));
        sibling = group.create_task(count_cancel(1s, cancels));
        co_return;
      });
      passed_the_group = true;
    };
    const std::exception_ptr error = co_await error_of(create_task(runner()));
    COCHECK(is_group_of<ZeroDivisionError>(error));
    COCHECK(!passed_the_group);
    COCHECK(cancels == 1);
    COCHECK(sibling->cancelled());
  });
}

TEST(TaskGroupTests, cancel_children_on_child_error) {
  expect_passes_lazy_and_eager([]() -> Task<> {
    int cancels = 0;
    bool passed_the_group = false;
    const auto runner = [&]() -> Task<> {
      TaskGroup group;
      co_await group.run([&]() -> Task<> {
        for (int i = 0; i < 3; ++i) group.create_task(fail_after<ZeroDivisionError>(100ms));
        group.create_task(count_cancel(5s, cancels, 1));
        co_await count_cancel(10s, cancels, 10);
      });
      passed_the_group = true;
    };
    const std::exception_ptr error = co_await error_of(create_task(runner()));
    COCHECK(is_group_of<ZeroDivisionError, ZeroDivisionError, ZeroDivisionError>(error));
    COCHECK(!passed_the_group);
    COCHECK(cancels == 11);
  });
}

TEST(TaskGroupTests, cancellation) {
  expect_passes_lazy_and_eager([]() -> Task<> {
    int cancels = 0;
    const auto runner = [&]() -> Task<> {
      TaskGroup group;
      co_await group.run([&]() -> Task<> {
        for (int i = 0; i < 5; ++i) group.create_task(count_cancel(5s, cancels));
        co_return;
      });
    };
    const std::exception_ptr error =
        co_await error_when_cancelled(create_task(runner()), 100ms, "enough");
    COCHECK(is_a<CancelledError>(error));
    COCHECK(describe(error) == "CancelledError(\"enough\")");
    COCHECK(cancels == 5);
  });
}

TEST(TaskGroupTests, taskgroup_07) {
  expect_passes_lazy_and_eager([]() -> Task<> {
    int cancels = 0;
    const auto runner = [&]() -> Task<> {
      TaskGroup group;
      co_await group.run([&]() -> Task<> {
        for (int i = 0; i < 5; ++i) group.create_task(count_cancel(5s, cancels, 1));
        co_await count_cancel(10s, cancels, 10);
      });
    };
    const std::exception_ptr error = co_await error_when_cancelled(create_task(runner()), 100ms);
    COCHECK(is_a<CancelledError>(error));
    COCHECK(cancels == 15);
  });
}

TEST(TaskGroupTests, taskgroup_08) {
  expect_passes_lazy_and_eager([]() -> Task<> {
    const auto runner = [&]() -> Task<> {
      TaskGroup group;
      co_await group.run([&]() -> Task<> {
        for (int i = 0; i < 2; ++i) group.create_task(fail_in_cleanup<ZeroDivisionError>());
        co_await sleep(10s);
      });
    };
    const std::exception_ptr error = co_await error_when_cancelled(create_task(runner()), 100ms);
    COCHECK(is_group_of<ZeroDivisionError, ZeroDivisionError>(error));
  });
}

TEST(TaskGroupTests, taskgroup_09) {
  expect_passes_lazy_and_eager([]() -> Task<> {
    TaskGroup group;
    std::optional<TaskHandle<int>> first;
    std::optional<TaskHandle<int>> second;
    const std::exception_ptr error = co_await error_of(group.run([&]() -> Task<> {
      first = group.create_task(value_after(1s, 42));
      second = group.create_task(value_after(2s, 11));
      co_await sleep(100ms);
      throw ZeroDivisionError();
    }));
    COCHECK(is_group_of<ZeroDivisionError>(error));
    COCHECK(first->cancelled());
    COCHECK(second->cancelled());
    COCHECK(LoopClock::now() == TimePoint(100ms));
  });
}

TEST(TaskGroupTests, taskgroup_10) {
  expect_passes_lazy_and_eager([]() -> Task<> {
    TaskGroup group;
    std::optional<TaskHandle<int>> first;
    std::optional<TaskHandle<int>> second;
    const std::exception_ptr error = co_await error_of(group.run([&]() -> Task<> {
      first = group.create_task(value_after(1s, 42));
      second = group.create_task(value_after(2s, 11));
      throw ZeroDivisionError();
      co_return;
    }));
    COCHECK(is_group_of<ZeroDivisionError>(error));
    COCHECK(first->cancelled());
    COCHECK(second->cancelled());
  });
}

TEST(TaskGroupTests, taskgroup_11) {
  expect_passes_lazy_and_eager([]() -> Task<> {
    const auto runner = [&]() -> Task<> {
      TaskGroup outer;
      co_await outer.run([&]() -> Task<> {
        TaskGroup inner;
        co_await inner.run([&]() -> Task<> {
          for (int i = 0; i < 2; ++i) inner.create_task(fail_in_cleanup<ZeroDivisionError>());
          co_await sleep(10s);
        });
      });
    };
    const std::exception_ptr error = co_await error_when_cancelled(create_task(runner()), 100ms);
    COCHECK(is_group_of<ExceptionGroup>(error));
    COCHECK(is_group_of<ZeroDivisionError, ZeroDivisionError>(errors_of(error).front()));
  });
}

TEST(TaskGroupTests, taskgroup_12) {
  expect_passes_lazy_and_eager([]() -> Task<> {
    int cancels = 0;
    const auto runner = [&]() -> Task<> {
      TaskGroup outer;
      co_await outer.run([&]() -> Task<> {
        outer.create_task(count_cancel(10s, cancels));
        TaskGroup inner;
        co_await inner.run([&]() -> Task<> {
          for (int i = 0; i < 2; ++i) inner.create_task(fail_in_cleanup<ZeroDivisionError>());
          co_await sleep(10s);
        });
      });
    };
    const std::exception_ptr error = co_await error_when_cancelled(create_task(runner()), 100ms);
    COCHECK(is_group_of<ExceptionGroup>(error));
    COCHECK(is_group_of<ZeroDivisionError, ZeroDivisionError>(errors_of(error).front()));
    COCHECK(cancels == 1);
  });
}

TEST(TaskGroupTests, taskgroup_13) {
  expect_passes_lazy_and_eager([]() -> Task<> {
    const auto runner = [&]() -> Task<> {
      TaskGroup outer;
      co_await outer.run([&]() -> Task<> {
        outer.create_task(fail_after<CustomError>(100ms));
        TaskGroup inner;
        co_await inner.run([&]() -> Task<> {
          inner.create_task(fail_after<ZeroDivisionError>(10s));
          co_return;
        });
      });
    };
    const std::exception_ptr error = co_await error_of(create_task(runner()));
    COCHECK(is_group_of<CustomError>(error));
    COCHECK(LoopClock::now() == TimePoint(100ms));
  });
}

TEST(TaskGroupTests, taskgroup_14) {
  expect_passes_lazy_and_eager([]() -> Task<> {
    const auto runner = [&]() -> Task<> {
      TaskGroup outer;
      co_await outer.run([&]() -> Task<> {
        outer.create_task(fail_after<ZeroDivisionError>(10s));
        TaskGroup inner;
        co_await inner.run([&]() -> Task<> {
          inner.create_task(fail_after<CustomError>(100ms));
          co_return;
        });
      });
    };
    const std::exception_ptr error = co_await error_of(create_task(runner()));
    COCHECK(is_group_of<ExceptionGroup>(error));
    COCHECK(is_group_of<CustomError>(errors_of(error).front()));
  });
}

TEST(TaskGroupTests, taskgroup_15) {
  expect_passes_lazy_and_eager([]() -> Task<> {
    const auto runner = [&]() -> Task<> {
      TaskGroup group;
      co_await group.run([&]() -> Task<> {
        group.create_task(fail_after<ZeroDivisionError>(300ms));
        co_await yield_slowly_to_cancel();
      });
    };
    const std::exception_ptr error = co_await error_when_cancelled(create_task(runner()), 100ms);
    COCHECK(is_group_of<ZeroDivisionError>(error));
  });
}

TEST(TaskGroupTests, taskgroup_16) {
  expect_passes_lazy_and_eager([]() -> Task<> {
    const auto nested_runner = [&]() -> Task<> {
      TaskGroup group;
      co_await group.run([&]() -> Task<> {
        group.create_task(fail_after<ZeroDivisionError>(300ms));
        co_await yield_slowly_to_cancel();
      });
    };
    const auto runner = [&]() -> Task<> { co_await create_task(nested_runner()); };
    const std::exception_ptr error = co_await error_when_cancelled(create_task(runner()), 100ms);
    COCHECK(is_group_of<ZeroDivisionError>(error));
  });
}

TEST(TaskGroupTests, taskgroup_17) {
  expect_passes_lazy_and_eager([]() -> Task<> {
    int cancels = 0;
    const auto runner = [&]() -> Task<> {
      TaskGroup group;
      co_await group.run([&]() -> Task<> { co_await count_cancel(10s, cancels, 10); });
    };
    const std::exception_ptr error = co_await error_when_cancelled(create_task(runner()), 100ms);
    COCHECK(is_a<CancelledError>(error));
    COCHECK(cancels == 10);
  });
}

TEST(TaskGroupTests, taskgroup_18) {
  expect_passes_lazy_and_eager([]() -> Task<> {
    const auto runner = [&]() -> Task<> {
      TaskGroup group;
      co_await group.run([&]() -> Task<> { co_await fail_in_cleanup<CustomError>(); });
    };
    const std::exception_ptr error = co_await error_when_cancelled(create_task(runner()), 100ms);
    COCHECK(is_group_of<CustomError>(error));
  });
}

TEST(TaskGroupTests, taskgroup_19) {
  expect_passes_lazy_and_eager([]() -> Task<> {
    const auto runner = [&]() -> Task<> {
      TaskGroup group;
      co_await group.run([&]() -> Task<> {
        group.create_task(fail_after<ZeroDivisionError>(100ms));
        co_await fail_in_cleanup<CustomError>();
      });
    };
    const std::exception_ptr error = co_await error_of(create_task(runner()));
    COCHECK(is_group_of<ZeroDivisionError, CustomError>(error));
  });
}

// What KeyboardInterrupt is to Python, a failed check is to cocheck.
TEST(TaskGroupTests, taskgroup_20) {
  expect_passes_lazy_and_eager([]() -> Task<> {
    TaskGroup group;
    const std::exception_ptr error = co_await error_of(group.run([&]() -> Task<> {
      group.create_task(fail_after<ZeroDivisionError>(100ms));
      co_await fail_in_cleanup<CheckFailed>();
    }));
    COCHECK(is_a<CheckFailed>(error));
  });
}

TEST(TaskGroupTests, taskgroup_20a) {
  expect_passes_lazy_and_eager([]() -> Task<> {
    TaskGroup group;
    const std::exception_ptr error = co_await error_of(group.run([&]() -> Task<> {
      group.create_task(fail_after<ZeroDivisionError>(100ms));
      co_await fail_in_cleanup<BaseError>();
    }));
    COCHECK(is_group_of<ZeroDivisionError, BaseError>(error));
  });
}

TEST(TaskGroupTests, taskgroup_21a) {
  expect_passes_lazy_and_eager([]() -> Task<> {
    TaskGroup group;
    const std::exception_ptr error = co_await error_of(group.run([&]() -> Task<> {
      group.create_task(fail_after<BaseError>(100ms));
      co_await fail_in_cleanup<CustomError>();
    }));
    COCHECK(is_group_of<BaseError, CustomError>(error));
  });
}

TEST(TaskGroupTests, taskgroup_22) {
  expect_passes_lazy_and_eager([]() -> Task<> {
    std::optional<TaskHandle<int>> first;
    std::optional<TaskHandle<int>> second;
    const auto runner = [&]() -> Task<> {
      TaskGroup group;
      co_await group.run([&]() -> Task<> {
        first = group.create_task(value_after(1s, 42));
        second = group.create_task(value_after(2s, 11));
        co_return;
      });
    };
    const std::exception_ptr error = co_await error_when_cancelled(create_task(runner()), 50ms);
    COCHECK(is_a<CancelledError>(error));
    COCHECK(first->cancelled());
    COCHECK(second->cancelled());
  });
}

TEST(TaskGroupTests, taskgroup_23) {
  expect_passes_lazy_and_eager([]() -> Task<> {
    TaskGroup group;
    co_await group.run([&]() -> Task<> {
      for (int count = 0; count < 10; ++count) {
        co_await sleep(100ms);
        group.create_task(nap(300ms));
        if (count == 5) COCHECK(group.size() < 5);
      }
      co_await sleep(1350ms);
      COCHECK(group.size() == 0);
    });
  });
}

TEST(TaskGroupTests, taskgroup_24) {
  expect_passes_lazy_and_eager([]() -> Task<> {
    TaskGroup group;
    const auto spawn_siblings = [&]() -> Task<> {
      co_await sleep(100ms);
      group.create_task(nap(100ms));
      group.create_task(nap(200ms));
    };
    co_await group.run([&]() -> Task<> {
      group.create_task(spawn_siblings());
      co_return;
    });
    COCHECK(LoopClock::now() == TimePoint(300ms));
  });
}

Task<> hydra(TaskGroup& group, int& heads) {
  constexpr int kTooMany = 1000;
  if (++heads == kTooMany) co_return;
  co_await sleep(10ms);
  group.create_task(hydra(group, heads));
  group.create_task(hydra(group, heads));
}

TEST(TaskGroupTests, taskgroup_25) {
  expect_passes_lazy_and_eager([]() -> Task<> {
    int heads = 0;
    TaskGroup group;
    const auto hercules = [&]() -> Task<> {
      while (heads < 10) co_await sleep(15ms);
      throw ZeroDivisionError();
    };
    const std::exception_ptr error = co_await error_of(group.run([&]() -> Task<> {
      group.create_task(hydra(group, heads));
      group.create_task(hercules());
      co_return;
    }));
    COCHECK(is_group_of<ZeroDivisionError>(error));
    COCHECK(heads >= 10 && heads < 100);
  });
}

TEST(TaskGroupTests, taskgroup_task_name) {
  expect_passes_lazy_and_eager([]() -> Task<> {
    TaskGroup group;
    co_await group.run([&]() -> Task<> {
      const TaskHandle<> child = group.create_task(nap(0s), "yolo");
      COCHECK(child.name() == "yolo");
      co_return;
    });
  });
}

TEST(TaskGroupTests, taskgroup_no_create_task_after_failure) {
  expect_passes_lazy_and_eager([]() -> Task<> {
    TaskGroup group;
    bool refused = false;
    const auto spawn_when_cancelled = [&]() -> Task<> {
      try {
        co_await sleep(1s);
      } catch (const CancelledError&) {
        refused = throws<RuntimeError>([&] { group.create_task(nap(1ms)); });
      }
    };
    const std::exception_ptr error = co_await error_of(group.run([&]() -> Task<> {
      group.create_task(fail_after<ZeroDivisionError>(1ms));
      group.create_task(spawn_when_cancelled());
      co_return;
    }));
    COCHECK(is_group_of<ZeroDivisionError>(error));
    COCHECK(refused);
  });
}

TEST(TaskGroupTests, taskgroup_context_manager_exit_raises) {
  expect_passes_lazy_and_eager([]() -> Task<> {
    const auto fail_at_once = []() -> Task<> {
      throw CustomError();
      co_return;
    };
    const auto runner = [&]() -> Task<> {
      TaskGroup group;
      const std::exception_ptr error = co_await error_of(group.run([&]() -> Task<> {
        group.create_task(fail_at_once());
        co_await fail_in_cleanup<CustomError>();
      }));
      COCHECK(is_group_of<CustomError, CustomError>(error));
      COCHECK(current_task().cancelling() == 0);
    };
    co_await create_task(runner());
  });
}

TEST(TaskGroupTests, taskgroup_already_entered) {
  expect_passes_lazy_and_eager([]() -> Task<> {
    TaskGroup group;
    co_await group.run([&]() -> Task<> {
      const std::exception_ptr error = co_await error_of(group.run([]() -> Task<> { co_return; }));
      COCHECK(is_a<RuntimeError>(error));
      COCHECK(describe(error).find("already been entered") != std::string::npos);
    });
  });
}

TEST(TaskGroupTests, taskgroup_double_enter) {
  expect_passes_lazy_and_eager([]() -> Task<> {
    TaskGroup group;
    co_await group.run(nap(0s));
    const std::exception_ptr error = co_await error_of(group.run([]() -> Task<> { co_return; }));
    COCHECK(is_a<RuntimeError>(error));
    COCHECK(describe(error).find("already been entered") != std::string::npos);
  });
}

/// What create_task() of the group throws, as text; "" when it does not.
std::string refusal(TaskGroup& group) {
  try {
    group.create_task(nap(0s));
  } catch (const RuntimeError& error) {
    return error.what();
  }
  return "";
}

TEST(TaskGroupTests, taskgroup_finished) {
  expect_passes_lazy_and_eager([]() -> Task<> {
    TaskGroup group;
    co_await group.run(nap(0s));
    COCHECK(refusal(group).find("is finished") != std::string::npos);
  });
}

TEST(TaskGroupTests, taskgroup_not_entered) {
  expect_passes_lazy_and_eager([]() -> Task<> {
    TaskGroup group;
    COCHECK(refusal(group).find("has not been entered") != std::string::npos);
    co_return;
  });
}

// Only a coroutine of a task can await run(), so that nobody else can enter.
TEST(TaskGroupTests, taskgroup_without_parent_task) {
  TaskGroup without_loop;
  EXPECT_NE(refusal(without_loop).find("has not been entered"), std::string::npos);
  expect_passes_lazy_and_eager([]() -> Task<> {
    TaskGroup group;
    Future<> ready;
    ready.set_result();
    bool refused = false;
    bool no_task = false;
    ready.add_done_callback([&](const Future<>&) {
      no_task = throws<RuntimeError>([] { return current_task(); });
      refused = refusal(group).find("has not been entered") != std::string::npos;
    });
    co_await tick();
    COCHECK(no_task);
    COCHECK(refused);
  });
}

// A coroutine that is neither run nor closed would fail the execution.
TEST(TaskGroupTests, coro_closed_when_tg_closed) {
  expect_passes_lazy_and_eager([]() -> Task<> {
    TaskGroup group;
    co_await group.run([]() -> Task<> { co_return; });
    Task<> late = nap(0s);
    COCHECK(throws<RuntimeError>([&] { group.create_task(std::move(late)); }));
    COCHECK(!late.valid());
  });
}

TEST(TaskGroupTests, cancelling_level_preserved) {
  expect_passes_lazy_and_eager([]() -> Task<> {
    TaskGroup group;
    const std::exception_ptr error = co_await error_of(group.run([&]() -> Task<> {
      group.create_task(fail_after<CustomError>(0s));
      co_return;
    }));
    COCHECK(is_group_of<CustomError>(error));
    COCHECK(current_task().cancelling() == 0);
  });
}

TEST(TaskGroupTests, nested_groups_both_cancelled) {
  expect_passes_lazy_and_eager([]() -> Task<> {
    TaskGroup outer;
    bool left_inner = false;
    const std::exception_ptr error = co_await error_of(outer.run([&]() -> Task<> {
      TaskGroup inner;
      const std::exception_ptr inner_error = co_await error_of(inner.run([&]() -> Task<> {
        inner.create_task(fail_after<CustomError>(0s));
        outer.create_task(fail_after<ZeroDivisionError>(0s));
        co_return;
      }));
      COCHECK(is_group_of<CustomError>(inner_error));
      COCHECK(current_task().cancelling() == 1);
      left_inner = true;
    }));
    COCHECK(left_inner);
    COCHECK(is_group_of<ZeroDivisionError>(error));
    COCHECK(current_task().cancelling() == 0);
  });
}

TEST(TaskGroupTests, error_and_cancel) {
  expect_passes_lazy_and_eager([]() -> Task<> {
    Event started;
    const auto fail_soon = [&]() -> Task<> {
      started.set();
      co_await tick();
      throw CustomError();
    };
    bool left_group = false;
    bool slept = false;
    const auto runner = [&]() -> Task<> {
      TaskGroup group;
      const std::exception_ptr error = co_await error_of(group.run([&]() -> Task<> {
        group.create_task(fail_soon());
        co_await sleep(1s);
        slept = true;
      }));
      COCHECK(is_group_of<CustomError>(error));
      COCHECK(current_task().cancelling() == 1);
      left_group = true;
      co_await sleep(1s);
      slept = true;
    };
    const TaskHandle<> task = create_task(runner());
    co_await started.wait();
    COCHECK(task.cancelling() == 0);
    COCHECK(task.cancel());
    COCHECK(task.cancelling() == 1);
    COCHECK(is_a<CancelledError>(co_await error_of(task)));
    COCHECK(left_group);
    COCHECK(!slept);
    COCHECK(task.cancelled());
  });
}

TEST(TaskGroupTests, name) {
  expect_passes_lazy_and_eager([]() -> Task<> {
    std::string seen;
    const auto look = [&]() -> Task<> {
      seen = current_task().name();
      co_return;
    };
    TaskGroup group;
    co_await group.run([&]() -> Task<> {
      group.create_task(look(), "example name");
      co_return;
    });
    COCHECK(seen == "example name");
  });
}

TEST(TaskGroupTests, cancels_task_if_created_during_creation) {
  expect_passes_lazy_and_eager([]() -> Task<> {
    TaskGroup group;
    bool cancelled = false;
    const auto fail_at_once = []() -> Task<> {
      throw CustomError();
      co_return;
    };
    const auto spawn = [&]() -> Task<> {
      group.create_task(fail_at_once());
      try {
        co_await tick();  // where it was started eagerly it is cancelled here
        co_await tick();  // and here where the sibling had to start first
      } catch (const CancelledError&) {
        cancelled = true;
      }
    };
    const std::exception_ptr error = co_await error_of(group.run([&]() -> Task<> {
      group.create_task(spawn());
      co_return;
    }));
    COCHECK(is_group_of<CustomError>(error));
    COCHECK(cancelled);
  });
}

TEST(TaskGroupTests, cancellation_does_not_leak_out_of_tg) {
  expect_passes_lazy_and_eager([]() -> Task<> {
    const auto fail_at_once = []() -> Task<> {
      throw CustomError();
      co_return;
    };
    TaskGroup group;
    const std::exception_ptr error = co_await error_of(group.run([&]() -> Task<> {
      group.create_task(fail_at_once());
      co_return;
    }));
    COCHECK(is_group_of<CustomError>(error));
    COCHECK(current_task().cancelling() == 0);
    co_await tick();
  });
}

}  // namespace
}  // namespace cocheck::conformance
