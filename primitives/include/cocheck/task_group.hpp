#pragma once

#include <exception>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "cocheck/detail/body.hpp"
#include "cocheck/detail/waiter.hpp"
#include "cocheck/exception_group.hpp"
#include "cocheck/task.hpp"
#include "cocheck/task_handle.hpp"

namespace cocheck {

/// Tasks that end together: asyncio.TaskGroup of CPython 3.13.
///
/// C++ has no `async with`: the body is a coroutine that run() awaits as part of the same task; it
/// returns when the body and all children have ended. The first child that fails, or a body that
/// throws, cancels all children that are left, and the body too; run() then throws an
/// ExceptionGroup of what went wrong. A child that is cancelled fails nobody. Children may make
/// siblings.
///
/// Cancellation of the task that runs the group cancels the children, waits for them and goes on as
/// CancelledError, unless there are errors: these go first, and the request is delivered at the
/// next suspension. A failed check ends the group alone, without an ExceptionGroup around it.
///
/// Runs once, in a task: RuntimeError otherwise. create_task() throws RuntimeError before the run,
/// after it, and once the group is shutting down; the coroutine is closed then.
///
///     TaskGroup group;
///     co_await group.run([&]() -> Task<> {
///       group.create_task(serve(connection));
///       co_return;
///     });
class TaskGroup {
 public:
  TaskGroup() = default;
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;
  ~TaskGroup();

  /// Awaits `body(*this)`, `body()` or the coroutine `body`, then the children; gives the body's
  /// value.
  template <class Body>
    requires detail::BodyOf<Body, TaskGroup> Task<detail::BodyValue<Body, TaskGroup>> run(
        Body body) {
      using Value = detail::BodyValue<Body, TaskGroup>;
      try {
        enter();
      } catch (...) {
        detail::close_body(body);
        throw;
      }
      Result<Value> result;
      try {
        if constexpr (std::is_void_v<Value>) {
          co_await detail::Inside<Value>(detail::call_body(body, *this));
          result.set_value();
        } else {
          result.set_value(co_await detail::Inside<Value>(detail::call_body(body, *this)));
        }
      } catch (...) {
        result.set_current_exception();
      }
      co_await detail::Inside<void>(exit(result.error(), result.cancelled()));  // throws any error
      co_return result.take();
    }

  /// Makes a child. Throws RuntimeError outside of the run or when the group is shutting down.
  template <class T>
  TaskHandle<T> create_task(Task<T> coroutine, TaskOptions options = TaskOptions()) {
    if (const char* refusal = refuses()) {
      coroutine.close();
      throw RuntimeError(refusal);
    }
    TaskHandle<T> handle = cocheck::create_task(std::move(coroutine), std::move(options));
    add(handle.state());
    return handle;
  }
  template <class T>
  TaskHandle<T> create_task(Task<T> coroutine, std::string name) {
    return create_task(std::move(coroutine), TaskOptions(std::move(name)));
  }

  /// Children that have not ended. O(children).
  [[nodiscard]] std::size_t size() const noexcept {
    if (children() == 0) return 0;
    std::size_t count = 0;
    for (const Child* child = first(); child != nullptr; child = child->next_) {
      if (!child->task_->done()) ++count;
    }
    return count;
  }

 private:
  /// Stands on the end of a child. In a list of the group until it has run.
  class Child final : public detail::Callback, public detail::LoopAllocated {
   public:
    Child(TaskGroup& group, detail::TaskBase& task);
    ~Child();

   private:
    friend class TaskGroup;
    void invoke() override;
    void drop() noexcept override { delete this; }
    [[nodiscard]] bool decides() override;
    /// Which of the children was the last does not matter.
    [[nodiscard]] const void* identity() const noexcept override {
      return last_ ? static_cast<const void*>(&group_) : this;
    }

    TaskGroup& group_;
    detail::Reference<detail::TaskBase> task_;
    Child* previous_;
    Child* next_ = nullptr;
    bool last_ = false;  // its end closes the group
  };

  [[nodiscard]] const char* refuses() const noexcept;
  void enter();
  void add(detail::TaskBase& task);
  void child_done(detail::TaskBase& task);
  void note_end(bool last) const;
  void abort();
  Task<> exit(std::exception_ptr error, bool cancelled);

  /// The children in their order, which no state depends on.
  struct Order : detail::LoopAllocated {
    Order() {
      Loop* loop = Loop::current_or_null();
      if (loop == nullptr) return;
      loop->exclude_links(&first, sizeof first + sizeof last);
      loop->exclude_accesses(&children, sizeof children);
    }
    Child* first = nullptr;
    Child* last = nullptr;
    std::size_t children = 0;  // they may end in any order: see note_arrival()
    bool closing = false;      // the last has ended, which the group has not heard of
    bool reopened = false;     // it was not the last: which of them ends first can be told
  };
  /// How many have not ended, for who depends on it.
  [[nodiscard]] std::size_t children() const noexcept {
    if (order_ == nullptr) return 0;
    if (Loop* loop = Loop::current_or_null()) loop->note_write(order_.get());
    return order_->children;
  }
  [[nodiscard]] Child* first() const noexcept {
    return order_ != nullptr ? order_->first : nullptr;
  }

  std::unique_ptr<Order> order_;
  std::vector<std::exception_ptr> errors_;
  std::exception_ptr base_error_;
  detail::TaskBase* parent_ = nullptr;
  detail::Waiter* completion_ = nullptr;  // where exit() waits for the children
  bool exiting_ = false;
  bool aborting_ = false;
  bool parent_cancel_requested_ = false;
};

}  // namespace cocheck
