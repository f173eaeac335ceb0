#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace cocheck {

/// Thrown at a suspension point of a task that was asked to cancel.
///
/// As in asyncio since 3.8 it stands outside the ordinary hierarchy: `catch (const
/// std::exception&)` does not swallow it. A task that lets it escape ends as cancelled.
class CancelledError final {
 public:
  CancelledError() = default;
  explicit CancelledError(std::string message) : message_(std::move(message)) {}

  /// What `cancel()` was given; empty when nothing was.
  [[nodiscard]] const std::string& message() const noexcept { return message_; }

 private:
  std::string message_;
};

/// The base of every ordinary error that cocheck throws.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// An operation that is wrong in the present state, such as releasing a lock that is not locked.
class RuntimeError : public Error {
 public:
  using Error::Error;
};

/// An argument outside its range, such as a negative number of permits.
class ValueError : public Error {
 public:
  using Error::Error;
};

/// The result of a future that is not done was asked for, or a done one was completed again.
class InvalidStateError : public Error {
 public:
  using Error::Error;
};

/// `put_nowait` on a full queue.
class QueueFull : public Error {
 public:
  using Error::Error;
};

/// `get_nowait` on an empty queue.
class QueueEmpty : public Error {
 public:
  using Error::Error;
};

/// An operation on a queue that was shut down.
class QueueShutDown : public Error {
 public:
  using Error::Error;
};

/// A `timeout` or `wait_for` ran out. Thrown nested: the CancelledError that it replaces is the
/// cause.
class TimeoutError : public Error {
 public:
  using Error::Error;
};

/// The barrier that a task waits for was reset or aborted.
class BrokenBarrierError : public Error {
 public:
  using Error::Error;
};

}  // namespace cocheck
