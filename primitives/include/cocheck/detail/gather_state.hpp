#pragma once

#include <cstddef>
#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cocheck/detail/awaiters.hpp"

namespace cocheck::detail {

/// The outer future of a gather. Lives until its children are done and nobody holds it.
class GatherState final : public CallbackFuture {
 public:
  GatherState(std::size_t children, bool return_exceptions);

  /// Adds a child; all are added before the loop goes on.
  void add(CallbackFuture& future);
  /// Ends at once when there are no children; otherwise waits for them.
  void start();

  /// Cancels every child that is not done. The gather itself ends when they do.
  bool cancel(const std::string& message) override;

  [[nodiscard]] std::size_t size() const noexcept { return children_.size(); }

  /// How child `index` ended, as a Result<T>.
  template <class T>
  [[nodiscard]] Result<T>& child_result(std::size_t index) {
    return *static_cast<Result<T>*>(children_[index].future().result_address());
  }

  /// Throws what the gather ended with, if it failed.
  void throw_error() {
    if (const std::exception_ptr error = exception()) std::rethrow_exception(error);
  }

  /// Nobody but the one who awaits it now can ever look at the gather: that it ends is then told
  /// by the wake-up alone.
  void set_private() noexcept { private_ = true; }

 private:
  class Child final : public Callback {
   public:
    Child(GatherState& gather, CallbackFuture& future) : gather_(gather), future_(&future) {}

    [[nodiscard]] CallbackFuture& future() const noexcept { return *future_; }
    [[nodiscard]] bool decides() override;
    /// Whether its end ends a gather that does not collect exceptions.
    [[nodiscard]] bool failed() noexcept { return future_->exception() != nullptr; }
    [[nodiscard]] bool decider() const noexcept { return decider_; }

   private:
    void invoke() override { gather_.child_done(*this); }
    void drop() noexcept override { gather_.child_gone(); }

    GatherState& gather_;
    Reference<CallbackFuture> future_;
    bool decider_ = false;
  };

  [[nodiscard]] std::exception_ptr stored_exception() const noexcept override { return error_; }
  [[nodiscard]] void* stored_result() noexcept override { return nullptr; }
  [[nodiscard]] std::string describe_self() const override { return "a gather"; }
  void child_done(Child& child);
  /// One child fewer to live for.
  void child_gone() noexcept;
  void end(std::exception_ptr error);

  // Callbacks are linked by address: the storage never moves.
  class Children {
   public:
    explicit Children(std::size_t capacity) : capacity_(capacity) {
      items_ = static_cast<Child*>(allocate(capacity * sizeof(Child)));
    }
    Children(const Children&) = delete;
    Children& operator=(const Children&) = delete;
    ~Children() {
      while (size_ > 0) items_[--size_].~Child();
      deallocate(items_, capacity_ * sizeof(Child));
    }
    void emplace_back(GatherState& gather, CallbackFuture& future) {
      ::new (static_cast<void*>(items_ + size_)) Child(gather, future);
      ++size_;
    }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    Child& operator[](std::size_t index) noexcept { return items_[index]; }
    [[nodiscard]] Child* begin() noexcept { return items_; }
    [[nodiscard]] Child* end() noexcept { return items_ + size_; }

   private:
    Child* items_;
    std::size_t capacity_;
    std::size_t size_ = 0;
  };

  Children children_;
  std::size_t finished_ = 0;
  std::exception_ptr error_;
  std::string message_;
  bool return_exceptions_;
  bool cancel_requested_ = false;
  bool deciding_ = false;
  bool private_ = false;
};

}  // namespace cocheck::detail
