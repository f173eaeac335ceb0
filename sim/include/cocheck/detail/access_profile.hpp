#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "cocheck/detail/footprint.hpp"
#include "cocheck/detail/numbering.hpp"

namespace cocheck::detail {

/// What one execution shows of who uses what: objects for which processes compete, how often each
/// of these takes a step on one, and who brought whom into being.
///
/// Processes compete for a word if one writes it, another one touches it, and neither of the two
/// steps came after the other since it, or what it had made ready, made the other's process ready,
/// alone or with others: so what a task shares with its parent only is left out. Words that the
/// same steps touch are one object, named by its lowest word.
///
/// A step costs O(words touched * processes that touch them); of more than kClocks processes it is
/// not known who made whom ready, and they compete for all that they share.
class AccessProfile {
 public:
  using Process = std::uint32_t;
  static constexpr Process kNone = ~Process{0};

  struct Share {
    Process process = 0;
    std::uint32_t steps = 0;
  };
  struct Object {
    WordPart part;  // that stands for it
    std::vector<Share> shares;
  };

  void begin();
  /// The next step of the execution: `process` has touched `words`.
  void add_step(Process process, std::span<const AccessedWord> words);
  /// That step has come to a meeting; it was the last one to come, and what it makes ready comes
  /// after them all.
  void add_arrival(Process process, const void* meeting);
  void add_completion(Process process, const void* meeting);
  /// It has made another process ready.
  void add_post(Process process, Process posted);

  /// The objects for which processes compete, by the time at which they were first touched.
  [[nodiscard]] std::vector<Object> objects() const;
  /// Who first made a process ready, kNone if nobody did.
  [[nodiscard]] Process parent(Process process) const noexcept {
    return process < parents_.size() ? parents_[process] : kNone;
  }

 private:
  static constexpr std::uint32_t kClocks = 256;

  /// What one process has done to half a word; times are numbers of its own steps, from 1.
  struct Sharer {
    Process process = 0;
    std::uint32_t read = 0;   // when last
    std::uint32_t write = 0;  // when last
    std::uint32_t steps = 0;
    std::uint32_t next = 0;       // of the same half, by its index; 0: none
    std::uint8_t bytes_read = 0;  // ever
    std::uint8_t bytes_written = 0;
  };
  struct Half {
    WordPart part;
    std::uint64_t signature = 0;  // of the steps that touch it
    std::uint32_t sharers = 0;    // the first
    bool contested = false;
  };

  using Clock = std::vector<std::uint32_t>;

  void make_room(Process process);
  [[nodiscard]] Clock& clock_of(const void* meeting);
  void touch(Process process, WordPart part, std::uint8_t reads, std::uint8_t writes);
  /// What of `other` is known to come before the next step of `process`.
  [[nodiscard]] std::uint32_t known(Process process, Process other) const noexcept {
    return process < kClocks && other < kClocks ? clocks_[process * kClocks + other] : 0;
  }

  std::vector<std::uint32_t> clocks_;  // a row for each of the first processes
  std::vector<std::uint32_t> steps_;
  std::vector<Process> parents_;
  Numbering meetings_;
  std::vector<Clock> meeting_clocks_;
  Numbering numbering_;
  std::vector<Half> halves_;
  std::vector<Sharer> sharers_;
};

}  // namespace cocheck::detail
