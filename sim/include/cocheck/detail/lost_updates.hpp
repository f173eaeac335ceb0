#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "cocheck/detail/access_log.hpp"

namespace cocheck::detail {

/// Finds lost updates in one execution of instrumented code: a task reads a byte, another task
/// writes it, and the first writes it again without having looked. Bytes are told apart, so that
/// what lies beside each other in one word has nothing to do with each other.
///
/// What the primitives of cocheck do to their own memory is left out. Where the lines of the
/// accesses are not known, nothing is found.
class LostUpdates {
 public:
  struct Found {
    std::string variable;  ///< its name, "" where that is not known
    std::string read_at;   ///< "file.cpp:12"
    std::size_t read_step = 0;
    std::string other;  ///< id of the task that wrote in between
    std::string written_at;
    std::size_t written_step = 0;
    std::string overwritten_at;

    friend bool operator==(const Found&, const Found&) = default;
  };

  [[nodiscard]] AccessLog& log() noexcept { return log_; }

  LostUpdates() { log_.keep_instructions(); }

  /// A step has ended: what it wrote over, in the order of memory, each said once.
  [[nodiscard]] std::vector<Found> step_ended(const std::string& task, std::size_t step);

 private:
  /// Of some bytes of a word by one instruction.
  struct Access {
    std::uint32_t task = 0;
    std::uint8_t bytes = 0;  // a bit for each
    std::size_t step = 0;
    const void* instruction = nullptr;
  };
  /// The last accesses to each byte: reads by each task, and the write.
  struct Word {
    std::vector<Access> reads;
    std::vector<Access> writes;
  };

  [[nodiscard]] std::uint32_t number_of(const std::string& task);
  [[nodiscard]] const std::string& line_of(const void* instruction);
  void find(const AccessLog::Entry& entry, const Word& word, std::uint32_t task,
            std::vector<Found>& found);
  static void take_over(std::vector<Access>& accesses, std::uint8_t bytes, bool of_all_tasks,
                        Access access, const std::array<const void*, 8>& instructions);

  AccessLog log_;
  std::unordered_map<std::uint64_t, Word> words_;
  std::vector<std::string> tasks_;
  std::map<const void*, std::string> lines_;
};

}  // namespace cocheck::detail
