#pragma once

#include <algorithm>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cocheck/detail/awaiters.hpp"

namespace cocheck::detail {

/// The outer future of a gather. Lives until its children are done and nobody holds it.
///
/// Where nobody will ask for the results, in which order the children stand is no part of the
/// state.
class GatherState final : public CallbackFuture {
 public:
  GatherState(std::size_t children, bool return_exceptions, bool keeps_results);

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
    return *static_cast<Result<T>*>(children_[index]->future().result_address());
  }

  /// Throws what the gather ended with, if it failed.
  void throw_error() {
    if (const std::exception_ptr error = exception()) std::rethrow_exception(error);
  }

  /// Nobody but the one who awaits it now can ever look at the gather: that it ends is then told
  /// by the wake-up alone.
  void set_private() noexcept { private_ = true; }

 private:
  class Child final : public Callback, public LoopAllocated {
   public:
    Child(GatherState& gather, CallbackFuture& future) : gather_(gather), future_(&future) {}

    [[nodiscard]] CallbackFuture& future() const noexcept { return *future_; }
    [[nodiscard]] bool decides() override;
    /// Whether its end ends a gather that does not collect exceptions.
    [[nodiscard]] bool failed() noexcept { return future_->failed(); }
    [[nodiscard]] bool decider() const noexcept { return decider_; }

   private:
    void invoke() override { gather_.child_done(*this); }
    void drop() noexcept override { gather_.child_gone(); }

    bool decider_ = false;
    GatherState& gather_;
    Reference<CallbackFuture> future_;
  };

  [[nodiscard]] std::exception_ptr stored_exception() const noexcept override { return error_; }
  [[nodiscard]] void* stored_result() noexcept override { return nullptr; }
  [[nodiscard]] std::string describe_self() const override { return "a gather"; }
  void child_done(Child& child);
  /// One child fewer to live for.
  void child_gone() noexcept;
  void end(std::exception_ptr error);
  /// Whether a child has failed, or all have ended. Not seen as an access: the order of children
  /// that do not fail, and of one that did, does not matter.
  [[nodiscard]] __attribute__((noinline, no_sanitize("thread"))) bool settled() const noexcept;

  /// The children in the order of the arguments. Where a loop compares states and nobody will ask
  /// for the results, each lies in a block of its own and can be forgotten alone; else in one
  /// block.
  class Children {
   public:
    Children(std::size_t capacity, bool separate)
        : block_(allocate(capacity * (separate ? sizeof(Child*) : sizeof(Child)))),
          capacity_(capacity),
          separate_(separate) {
      if (separate) Loop::current().exclude_block(block_);
    }
    Children(const Children&) = delete;
    Children& operator=(const Children&) = delete;
    ~Children() {
      while (size_ > 0) {
        --size_;
        separate_ ? delete pointers()[size_] : std::destroy_at(children() + size_);
      }
      deallocate(block_, capacity_ * (separate_ ? sizeof(Child*) : sizeof(Child)));
    }
    void add(GatherState& gather, CallbackFuture& future) {
      if (separate_) {
        pointers()[size_] = new Child(gather, future);
      } else {
        std::construct_at(children() + size_, gather, future);
      }
      ++size_;
    }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    /// Null where it was forgotten.
    [[nodiscard]] Child* operator[](std::size_t index) const noexcept {
      return separate_ ? pointers()[index] : children() + index;
    }
    /// Where they lie for themselves. O(children).
    void forget(Child& child) {
      if (!separate_) return;
      *std::find(pointers(), pointers() + size_, &child) = nullptr;
      delete &child;
    }

   private:
    [[nodiscard]] Child* children() const noexcept { return static_cast<Child*>(block_); }
    [[nodiscard]] Child** pointers() const noexcept { return static_cast<Child**>(block_); }

    void* block_;
    std::size_t capacity_;
    std::size_t size_ = 0;
    bool separate_;
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
