#pragma once

#include <sys/mman.h>
#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <new>
#include <span>
#include <vector>

#include "cocheck/options.hpp"

namespace cocheck::detail {

/// A search of fewer executions is not worth dividing.
inline constexpr std::uint64_t kWorthDividing = 20'000;

/// Whether this process can be copied: it has one thread.
[[nodiscard]] bool can_fork();

/// In how many processes a search may work: Options::jobs, or one for each core.
[[nodiscard]] std::size_t jobs_of(const Options& options);

/// Objects that stay shared with the processes that are made from this one.
template <class T>
class SharedArray {
 public:
  explicit SharedArray(std::size_t size) : size_(size) {
    void* memory = ::mmap(nullptr, size * sizeof(T), PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    first_ = static_cast<T*>(memory);
    std::uninitialized_value_construct_n(first_, size);
  }
  ~SharedArray() { ::munmap(first_, size_ * sizeof(T)); }
  SharedArray(const SharedArray&) = delete;
  SharedArray& operator=(const SharedArray&) = delete;

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] T& operator[](std::size_t index) const noexcept { return first_[index]; }

 private:
  T* first_;
  std::size_t size_;
};

/// Makes a number that processes share no higher than `value`.
template <class T>
void lower(std::atomic<T>& number, T value) noexcept {
  static_assert(std::atomic<T>::is_always_lock_free);
  T known = number;
  while (value < known && !number.compare_exchange_weak(known, value)) {
  }
}

/// Thrown by the work of a process: nobody asks for what it may still find.
struct WorkIsOver {};

/// Copies of this process that work and end. They are ended with the object, and with this process.
///
///     WorkerProcesses workers;
///     workers.add([&](int pipe) { send(pipe, bytes_of(search())); });
///     if (workers.wait([] {})) read(workers.received(0));
class WorkerProcesses {
 public:
  WorkerProcesses() = default;
  ~WorkerProcesses();
  WorkerProcesses(const WorkerProcesses&) = delete;
  WorkerProcesses& operator=(const WorkerProcesses&) = delete;

  /// Makes a process that calls `work` with a pipe to this one; false if there can be no more.
  bool add(const std::function<void(int pipe)>& work);

  /// Reads what the processes send until all have ended, and calls `idle` now and then. Whether all
  /// have ended well: by returning, or by WorkIsOver.
  bool wait(const std::function<void()>& idle);

  [[nodiscard]] std::size_t size() const noexcept { return workers_.size(); }
  [[nodiscard]] std::span<const std::byte> received(std::size_t worker) const {
    return workers_[worker].received;
  }

 private:
  struct Worker {
    pid_t process = -1;
    int pipe = -1;
    std::vector<std::byte> received;
  };

  bool read_some();

  std::vector<Worker> workers_;
};

/// Writes all of it to a pipe.
void send(int pipe, std::span<const std::byte> bytes);

}  // namespace cocheck::detail
