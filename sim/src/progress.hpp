#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "cocheck/explorers/dpor.hpp"
#include "cocheck/explorers/states.hpp"

namespace cocheck::detail {

/// A line that says how far a long search is, rewritten in place on the standard error. Only on a
/// terminal, and only from the second half second on.
class Progress {
 public:
  Progress();
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void show(const StatesExplorer& explorer);
  void show(const DporExplorer& explorer);
  /// `done` is about which part, from 0 to 1.
  void show_executions(std::uint64_t executions, double done);

 private:
  using Clock = std::chrono::steady_clock;

  /// How many there are a second since the last time; nothing if it is too early for a line.
  [[nodiscard]] std::optional<double> rate_of(std::uint64_t count);

  bool on_terminal_;
  Clock::time_point begin_ = Clock::now();
  Clock::time_point shown_ = begin_;
  std::uint64_t count_shown_ = 0;  // of states or executions
  bool visible_ = false;
};

}  // namespace cocheck::detail
