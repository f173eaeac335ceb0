#pragma once

#include <chrono>
#include <cstddef>

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

 private:
  using Clock = std::chrono::steady_clock;

  bool on_terminal_;
  Clock::time_point begin_ = Clock::now();
  Clock::time_point shown_ = begin_;
  std::size_t states_shown_ = 0;
  bool visible_ = false;
};

}  // namespace cocheck::detail
