#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "cocheck/detail/fingerprint.hpp"
#include "cocheck/detail/footprint.hpp"

namespace cocheck::detail {

/// The events of one execution, in the order in which they happened, and which of them happens
/// before which whatever the order: the relation whose classes a search visits once each.
///
/// An event is a step of a process: of a task, a callback or a timer. One happens before a later
/// one if both are of one process, if it made the other ready, if time passed in between, if their
/// footprints conflict, or by a chain of these. Only conflicts could have come the other way round.
///
/// A stack: events are added and taken back at the end. Adding costs a comparison with each event
/// of the same epoch that is not known to come before.
class HappensBefore {
 public:
  using Index = std::uint32_t;
  static constexpr Index kNone = ~Index{0};

  /// A conflict that nothing in between orders: the two events could have come the other way
  /// round.
  struct Race {
    Index earlier = 0;
    Index covered_by = kNone;  // for the search: see DporExplorer
  };

  /// What is known of a step when it has been made.
  struct Step {
    const void* process = nullptr;
    Footprint footprint;
    std::span<const std::uint32_t> values;   // of choose()
    std::span<const void* const> posts;      // processes that it made ready
    std::span<const void* const> arrivals;   // meetings to which it came
    std::span<const void* const> completed;  // meetings at which it was the last
    bool final = false;                      // the execution ended with it
  };

  /// A footprint kept here; valid until it is dropped.
  struct Kept {
    std::uint32_t words = 0;
    std::uint32_t words_end = 0;
    std::uint32_t released = 0;
    std::uint32_t released_end = 0;
    std::uint64_t touched = 0;
    std::uint64_t written = 0;
    std::uint32_t values = 0;
    std::uint32_t values_end = 0;
    bool final = false;
  };

  [[nodiscard]] Index size() const noexcept { return static_cast<Index>(events_.size()); }

  /// Time has passed: all that came before happens before all that comes.
  void begin_epoch() noexcept { epoch_ = size(); }
  [[nodiscard]] Index epoch() const noexcept { return epoch_; }

  Index push(const Step& step);
  /// Takes the last event back, to before which the epoch was `epoch`. Its footprint stays until
  /// drop().
  Kept pop(Index epoch) noexcept;
  /// Where the next footprint will be kept.
  [[nodiscard]] Kept mark() const noexcept;
  /// Forgets all footprints that were kept since.
  void drop(const Kept& mark) noexcept;

  [[nodiscard]] const void* process(Index event) const noexcept { return events_[event].process; }
  [[nodiscard]] const Kept& kept(Index event) const noexcept { return events_[event].kept; }
  [[nodiscard]] Footprint footprint(const Kept& kept) const noexcept;
  [[nodiscard]] std::span<const std::uint32_t> values(const Kept& kept) const noexcept {
    return std::span(values_).subspan(kept.values, kept.values_end - kept.values);
  }
  [[nodiscard]] std::span<Race> races(Index event) noexcept;
  [[nodiscard]] bool before(Index earlier, Index later) const noexcept {
    return (row(later)[earlier / 64] >> earlier % 64 & 1) != 0;
  }
  /// Whether an event happens before `later` that is not before `first`.
  [[nodiscard]] bool any_before_since(Index first, Index later) const noexcept;

  /// Whether the order of two steps of different processes matters.
  [[nodiscard]] bool dependent(const Kept& one, const Kept& other) const noexcept {
    return one.final || other.final || conflict(footprint(one), footprint(other));
  }

  /// The same for executions of one class, else different, as far as 128 bits tell.
  [[nodiscard]] Fingerprint class_of_execution() const;

  /// Tests break the relation on purpose: accesses to these words are not seen.
  void ignore_words(std::uint64_t modulus, std::uint64_t remainder) noexcept {
    ignored_modulus_ = modulus;
    ignored_remainder_ = remainder;
  }

 private:
  struct Event {
    const void* process = nullptr;
    Kept kept;
    Index previous = kNone;  // of the same process
    std::uint32_t posts = 0;
    std::uint32_t arrivals = 0;
    std::uint32_t joined = 0;  // those that had come to the meetings that it completed
    std::uint32_t races = 0;
  };

  [[nodiscard]] std::uint64_t* row(Index event) noexcept { return &rows_[event * stride_]; }
  [[nodiscard]] const std::uint64_t* row(Index event) const noexcept {
    return &rows_[event * stride_];
  }
  void make_room();
  void include(Index event, Index earlier) noexcept;
  void include_poster(Index event);
  [[nodiscard]] std::span<const void* const> slice(const std::vector<const void*>& of, Index event,
                                                   std::uint32_t Event::*begin) const noexcept;

  std::vector<Event> events_;
  std::vector<AccessedWord> words_;
  std::vector<ReleasedWords> released_;
  std::vector<std::uint32_t> values_;
  std::vector<const void*> posts_;
  std::vector<const void*> arrivals_;
  std::vector<Index> joined_;
  std::vector<Race> races_;
  std::vector<std::uint64_t> rows_;  // a bit for each event that happens before
  std::size_t stride_ = 1;
  Index epoch_ = 0;
  std::uint64_t ignored_modulus_ = 0;
  std::uint64_t ignored_remainder_ = 0;
};

}  // namespace cocheck::detail
