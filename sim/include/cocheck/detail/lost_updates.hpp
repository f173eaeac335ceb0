#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "cocheck/detail/access_log.hpp"

namespace cocheck::detail {

/// Finds lost updates in one execution of instrumented code: a task reads a word, another task
/// writes it, and the first writes it again without having looked.
///
/// What the primitives of cocheck do to their own words is left out. Where the lines of the
/// accesses are not known, nothing is found.
class LostUpdates {
 public:
  struct Found {
    std::string read_at;  ///< "file.cpp:12"
    std::size_t read_step = 0;
    std::string other;  ///< id of the task that wrote in between
    std::string written_at;
    std::size_t written_step = 0;
    std::string overwritten_at;
  };

  [[nodiscard]] AccessLog& log() noexcept { return log_; }

  LostUpdates() { log_.keep_instructions(); }

  /// A step has ended: what it wrote over, once for each pair of lines.
  [[nodiscard]] std::vector<Found> step_ended(const std::string& task, std::size_t step);

 private:
  struct Access {
    std::string task;
    std::size_t step = 0;
    const void* instruction = nullptr;
  };
  struct Word {
    std::vector<Access> reads;  // the last one of each task
    std::optional<Access> write;
  };

  AccessLog log_;
  std::unordered_map<std::uint64_t, Word> words_;
};

}  // namespace cocheck::detail
