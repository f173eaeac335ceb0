#pragma once

#include <cstdint>
#include <exception>
#include <string>

#include "cocheck/detail/memory.hpp"
#include "cocheck/detail/reference.hpp"
#include "cocheck/loop.hpp"

namespace cocheck::detail {

/// What a task can be parked on: asyncio's Future, as far as waiting and cancelling goes.
class Awaited {
 public:
  enum class State : std::uint8_t { pending, done, cancelled };

  Awaited(const Awaited&) = delete;
  Awaited& operator=(const Awaited&) = delete;

  /// Done covers results, errors and cancellation.
  [[nodiscard]] bool done() const noexcept { return state_ != State::pending; }
  [[nodiscard]] bool cancelled() const noexcept { return state_ == State::cancelled; }

  /// Asks for cancellation; false when it can have no effect any more.
  virtual bool cancel(const std::string& message) = 0;

  /// Called before the frames of a stopped execution die: whoever is queued somewhere leaves, and
  /// whoever waits for this is told that it will not run.
  virtual void abandon() noexcept = 0;

 protected:
  Awaited() = default;
  ~Awaited() = default;

  State state_ = State::pending;
};

class CallbackFuture;

/// Is invoked once, some time after the future on which it is registered is done. Where it dies
/// earlier it leaves the future, or the queue of the loop.
class Callback : public Runnable {
 public:
  ~Callback() {
    unregister();
    if (queued_) Loop::current().withdraw(*this);
  }

  void register_on(CallbackFuture& future);
  void unregister() noexcept;
  [[nodiscard]] bool registered() const noexcept { return future_ != nullptr; }

  /// How the end of the future reaches the loop; by default it is queued.
  virtual void future_done(Loop& loop);

  void run() final {
    queued_ = false;
    invoke();
  }
  void abandoned() noexcept final {
    queued_ = false;
    drop();
  }

 protected:
  /// Belongs to the acting task, if any, which numbers its callbacks and timers.
  Callback();
  /// Belongs to `task` and never reaches the queue.
  explicit Callback(TaskBase& task) noexcept : Runnable(Kind::callback, &task) {}

  virtual void invoke() = 0;
  /// It will not be invoked: the future, or the execution, has gone.
  virtual void drop() noexcept {}

  /// Whether what invoke() will do can be told from its having run earlier or later. False for what
  /// only counts or wakes: an explorer then need not try it at every point.
  [[nodiscard]] virtual bool decides() { return true; }

 private:
  friend class CallbackFuture;
  CallbackFuture* future_ = nullptr;
  Callback* previous_ = nullptr;
  Callback* next_ = nullptr;
  bool queued_ = false;
};

/// A future that many can wait for; each registered callback is posted separately, in order.
/// Counts its references and dies with the last.
class CallbackFuture : public Awaited, public LoopAllocated {
 public:
  virtual ~CallbackFuture() { CallbackFuture::abandon(); }

  [[nodiscard]] std::uint32_t references() const noexcept { return references_; }
  void retain() noexcept { ++references_; }
  void release() noexcept {
    if (drop()) destroy();
  }
  /// Gives a reference up and says whether it was the last; the caller then destroys.
  [[nodiscard]] bool drop() noexcept {
    if (Loop* loop = Loop::current_or_null()) loop->note_write(&references_);
    if (--references_ == 0) return true;
    if (done()) reference_dropped();
    return false;
  }

  /// The exception that it ended with or null; counts as having looked at it. A cancelled future
  /// gives CancelledError.
  [[nodiscard]] std::exception_ptr exception() noexcept {
    exception_retrieved_ = true;
    return stored_exception();
  }

  /// Whether it ended with an exception at which nobody has looked; that is no look at it.
  [[nodiscard]] bool has_unseen_exception() const noexcept { return !exception_retrieved_; }

  /// Whether it ended with an exception or a cancellation; counts as having looked at that.
  [[nodiscard]] bool failed() noexcept {
    exception_retrieved_ = true;
    return raised_ || cancelled();
  }

  /// Address of the Result<T>, valid when done; counts as having looked at the exception.
  [[nodiscard]] void* result_address() noexcept {
    exception_retrieved_ = true;
    return stored_result();
  }

  void abandon() noexcept override;

  /// The first registered callback for which `predicate` holds; null when there is none.
  template <class Predicate>
  [[nodiscard]] Callback* find_callback(Predicate&& predicate) const;

  /// The task that it stands for or that made it; null outside tasks.
  [[nodiscard]] TaskBase* owner() const noexcept { return owner_; }

 protected:
  /// The same for a reference that nobody can use to look at it: nothing else depends on it.
  [[nodiscard]] bool drop_unseen() noexcept { return --references_ == 0; }

  /// It is done, and somebody who knew it does so no more.
  virtual void reference_dropped() noexcept {}

  explicit CallbackFuture(TaskBase* owner) : owner_(owner) {
    if (Loop* loop = Loop::current_or_null()) {
      loop->exclude_links(&owner_, sizeof owner_);
      // In which order some came to wait, or to know it, does not matter.
      loop->exclude_accesses(&first_, sizeof first_ + sizeof last_ + sizeof(std::uint64_t));
    }
  }
  virtual void destroy() noexcept {
    report_lost_exception();
    delete this;
  }
  [[nodiscard]] virtual std::exception_ptr stored_exception() const noexcept = 0;
  [[nodiscard]] virtual void* stored_result() noexcept = 0;
  /// What it is, for a message: "task 0.1 'load'".
  [[nodiscard]] virtual std::string describe_self() const = 0;

  /// Leaves `pending` and posts all callbacks.
  void complete(State state);

  /// Ends with an exception that somebody should look at.
  void expect_retrieval() noexcept {
    raised_ = true;
    exception_retrieved_ = false;
  }
  /// Before it dies: fails the execution if it has an exception at which nobody looked.
  void report_lost_exception() const noexcept {
    if (has_unseen_exception()) [[unlikely]]
      report_unseen_exception();
  }

  TaskBase* owner_;

 private:
  void report_unseen_exception() const noexcept;

  friend class Callback;
  Callback* first_ = nullptr;
  Callback* last_ = nullptr;
  std::uint32_t references_ = 0;
  bool exception_retrieved_ = true;  // in one word with the count
  bool raised_ = false;              // whether it ended with an exception
};

inline void Callback::register_on(CallbackFuture& future) {
  future_ = &future;
  previous_ = future.last_;
  next_ = nullptr;
  (previous_ != nullptr ? previous_->next_ : future.first_) = this;
  future.last_ = this;
  if (future.done()) {
    unregister();
    future_done(Loop::current());
  }
}

inline void Callback::unregister() noexcept {
  if (future_ == nullptr) return;
  if (Loop* loop = Loop::current_or_null()) loop->note_read(future_);
  (previous_ != nullptr ? previous_->next_ : future_->first_) = next_;
  (next_ != nullptr ? next_->previous_ : future_->last_) = previous_;
  future_ = nullptr;
  previous_ = next_ = nullptr;
}

inline void Callback::future_done(Loop& loop) {
  kind_ = decides() ? Kind::callback : Kind::settling;
  queued_ = true;
  loop.post(*this);
}

inline void CallbackFuture::abandon() noexcept {
  while (Callback* callback = first_) {
    callback->unregister();
    callback->abandoned();
  }
}

template <class Predicate>
Callback* CallbackFuture::find_callback(Predicate&& predicate) const {
  for (Callback* callback = first_; callback != nullptr; callback = callback->next_) {
    if (predicate(*callback)) return callback;
  }
  return nullptr;
}

inline void CallbackFuture::complete(State state) {
  state_ = state;
  Loop& loop = Loop::current();
  loop.note_write(this);
  while (Callback* callback = first_) {
    callback->unregister();
    callback->future_done(loop);
  }
}

}  // namespace cocheck::detail
