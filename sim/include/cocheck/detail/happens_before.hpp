#pragma once

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "cocheck/detail/fingerprint.hpp"
#include "cocheck/detail/footprint.hpp"
#include "cocheck/detail/kept_footprint.hpp"
#include "cocheck/detail/word_map.hpp"

namespace cocheck::detail {

/// The events of one execution, in the order in which they happened, and which of them happens
/// before which whatever the order: the relation whose classes a search visits once each.
///
/// An event is a step of a process: of a task, a callback or a timer. One happens before a later
/// one if both are of one process, if it made the other ready, if time passed in between, if their
/// footprints conflict, or by a chain of these. Only conflicts could have come the other way round.
///
/// A stack: events are added and taken back at the end. Which events conflict with a step is told
/// by those, as bits, that read and that wrote each word.
///
/// Few words matter. One is not shared, in all executions so far, where one process alone touches
/// it, apart from its parent until it was born, and from others that come after its last access by
/// other ways than that: two accesses to it never could have come the other way round, and a step
/// that touched it and waits is never compared with another one that does. These bits, and
/// comparisons of footprints that are kept, are about shared words. When one becomes shared, what
/// was kept is looked through again: the generation says whether it was. Where a parent leaves
/// words that several children only read, these are not shared. Nor are words by what the event
/// touches that ends an execution: it depends on all others.
class HappensBefore {
 public:
  using Index = std::uint32_t;
  static constexpr Index kNone = ~Index{0};

  /// A conflict that nothing in between orders: the two events could have come the other way
  /// round.
  struct Race {
    Index earlier = 0;
    Index later = 0;
    Index covered_by = kNone;  // for the search: see DporExplorer
  };

  /// What is known of a step when it has been made.
  struct Step {
    const void* process = nullptr;
    std::uint32_t id = 0;  // of the process; 0 where it was not asked for
    Footprint footprint;
    std::span<const std::uint32_t> values;   // of choose()
    std::span<const void* const> posts;      // processes that it made ready
    std::span<const void* const> arrivals;   // meetings to which it came
    std::span<const void* const> completed;  // meetings at which it was the last
    std::span<const Index> after;            // events that must come before it
    bool final = false;                      // the execution ended with it
    /// Where the same step of the same process was made before: what it touched then.
    KeptFootprint* known = nullptr;
  };

  /// A footprint kept here; valid until it is dropped.
  struct Kept {
    KeptFootprint* footprint = nullptr;
    std::uint32_t position = 0;  // of those that are kept
  };

  /// The words that are looked up quickly.
  void expect_words(std::uint64_t first, std::uint64_t count) {
    states_.set_range(first, count);
    heirs_.set_range(first, count);
  }

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

  [[nodiscard]] const void* process(Index event) const noexcept {
    return process_of(events_[event].id);
  }
  [[nodiscard]] const Kept& kept(Index event) const noexcept { return events_[event].kept; }
  /// All that was touched.
  [[nodiscard]] Footprint footprint(const Kept& kept) const noexcept {
    const KeptFootprint& of = *kept.footprint;
    return {of.words, of.released, of.touched, of.written};
  }
  [[nodiscard]] std::span<const std::uint32_t> values(const Kept& kept) const noexcept {
    return kept.footprint->values;
  }
  [[nodiscard]] std::span<Race> races(Index event) noexcept;
  /// Those of all events, in order of the later one.
  [[nodiscard]] std::span<Race> races() noexcept { return races_; }
  [[nodiscard]] bool before(Index earlier, Index later) const noexcept {
    return (row(later)[earlier / 64] >> earlier % 64 & 1) != 0;
  }
  /// Whether an event happens before `later` that is not before `first`.
  [[nodiscard]] bool any_before_since(Index first, Index later) const noexcept;
  /// Whether all events happen before the next one of a process, whatever it touches.
  [[nodiscard]] bool all_before_next(std::uint32_t id);
  /// Whether the next event of a process has touched nothing that others touch, the last time that
  /// it was seen.
  [[nodiscard]] bool is_next_alone(std::uint32_t id) const {
    const std::vector<FootprintRef>& seen = processes_[id].footprints;
    const Index ordinal = next_ordinal(id);
    if (ordinal >= seen.size() || !seen[ordinal] || seen[ordinal]->final) return false;
    if (seen[ordinal]->generation != generation_) refresh(*seen[ordinal]);
    return seen[ordinal]->accesses.empty();
  }
  /// Which of the events of its process it is.
  [[nodiscard]] Index ordinal(Index event) const noexcept { return events_[event].ordinal; }

  /// The event of a process with that ordinal; kNone if there is none.
  [[nodiscard]] Index find(const void* process, Index ordinal) {
    Index event = processes_[id_of(process)].last;
    while (event != kNone && events_[event].ordinal > ordinal) event = events_[event].previous;
    return event != kNone && events_[event].ordinal == ordinal ? event : kNone;
  }

  [[nodiscard]] Index next_ordinal(const void* process) { return next_ordinal(id_of(process)); }
  [[nodiscard]] Index next_ordinal(std::uint32_t id) const noexcept {
    const Index last = processes_[id].last;
    return last != kNone ? events_[last].ordinal + 1 : 0;
  }

  /// The last event of a process, and the last one that made it ready; kNone if there is none.
  [[nodiscard]] Index last_of(std::uint32_t id) const noexcept { return processes_[id].last; }
  [[nodiscard]] Index poster_of(std::uint32_t id) const noexcept { return processes_[id].poster; }

  /// Which event of which process has made a process ready first, in each execution so far; that of
  /// none where it was not the same one always.
  struct Birth {
    std::uint32_t parent = 0;
    std::uint32_t ordinal = 0;

    friend bool operator==(const Birth&, const Birth&) = default;
  };
  [[nodiscard]] Birth birth_of(std::uint32_t id) const noexcept {
    const Process& process = processes_[id];
    if (process.strange || process.parent == kShared) return {};
    return {process.parent, process.birth};
  }

  /// A number for each process: small, and the same in all executions.
  [[nodiscard]] std::uint32_t id_of(const void* process);
  /// The highest one.
  [[nodiscard]] std::uint32_t last_id() const noexcept {
    return static_cast<std::uint32_t>(processes_.size()) - 1;
  }
  [[nodiscard]] const void* process_of(std::uint32_t id) const noexcept {
    return processes_[id].process;
  }
  /// An optional process need not make its step: others go on for ever without it, or end.
  void set_optional(std::uint32_t id) noexcept { processes_[id].optional = true; }
  [[nodiscard]] bool is_optional(std::uint32_t id) const noexcept {
    return processes_[id].optional;
  }
  [[nodiscard]] std::uint32_t process_id(Index event) const noexcept { return events_[event].id; }

  /// Sets of events are bits, in so many words. `Events` below is one word in a std::array where
  /// that is enough, so that compilers know it, or else a vector.
  [[nodiscard]] std::size_t words_of_bits() const noexcept { return stride_; }
  /// Gives what `use(events)` gives, which gets an empty set to fill. Not while another is in use.
  template <class Use>
  decltype(auto) with_no_events(Use&& use) {
    if (stride_ == 1) {
      std::array<std::uint64_t, 1> word{};
      return std::forward<Use>(use)(word);
    }
    words_.assign(stride_, 0);
    return std::forward<Use>(use)(words_);
  }
  /// The events before one, and those of a process.
  [[nodiscard]] const std::uint64_t* events_before(Index later, std::size_t words) const noexcept {
    assert(words == stride_);
    return rows_.data() + later * words;
  }
  [[nodiscard]] const std::uint64_t* events_of(std::uint32_t id, std::size_t words) const noexcept {
    assert(words == stride_);
    return events_of_.data() + id * words;
  }
  /// Whether one of the events has drawn values.
  template <class Events>
  [[nodiscard]] bool any_draws(const Events& events) const noexcept {
    return std::any_of(drawing_.begin(), drawing_.end(),
                       [&](Index event) { return (events[event / 64] >> event % 64 & 1) != 0; });
  }

  /// Whether the order of two steps of different processes matters.
  [[nodiscard]] bool dependent(const Kept& one, const Kept& other) const {
    return dependent(*one.footprint, *other.footprint);
  }
  [[nodiscard]] bool dependent(KeptFootprint& one, KeptFootprint& other) const {
    if (one.generation != generation_) refresh(one);
    if (other.generation != generation_) refresh(other);
    if (one.final || other.final) return true;
    if (((one.touched & other.written) | (one.written & other.touched)) == 0) return false;
    return conflict(shared_part(one), shared_part(other));
  }

  /// Adds the events on which a step may depend, at least all on which it does.
  template <class Events>
  void add_possible_conflicts(KeptFootprint& step, Events& events) const {
    if (step.generation != generation_) refresh(step);
    if (step.final) {
      std::fill(events.begin(), events.end(), ~std::uint64_t{0});
      return;
    }
    for (const Index final : finals_) events[final / 64] |= std::uint64_t{1} << final % 64;
    make_room_for_accesses();
    const std::size_t words = events.size();
    for (const KeptFootprint::Access& access : step.accesses) {
      const std::uint64_t* reads = accesses(access.word, words);
      const std::uint64_t readers = access.writes ? ~std::uint64_t{0} : 0;
      for (std::size_t i = 0; i < words; ++i) events[i] |= reads[words + i] | (reads[i] & readers);
    }
  }

  /// The same as of footprints, for two events that nothing but a conflict orders.
  [[nodiscard]] bool reads_from(const KeptFootprint& one, const KeptFootprint& other) const;

  /// The same for executions of one class, else different, as far as 128 bits tell.
  [[nodiscard]] Fingerprint class_of_execution() const;

  /// Tests break the relation on purpose: accesses to these words are not seen.
  void ignore_words(std::uint64_t modulus, std::uint64_t remainder) noexcept {
    ignored_modulus_ = modulus;
    ignored_remainder_ = remainder;
  }

 private:
  static constexpr std::uint32_t kNobody = 0;  // ids of processes begin with 1
  static constexpr std::uint32_t kShared = ~std::uint32_t{0};

  struct Event {
    std::uint32_t id = 0;  // of the process
    std::uint32_t ordinal = 0;
    Kept kept;
    Index previous = kNone;  // of the same process
    std::uint32_t posts = 0;
    std::uint32_t arrivals = 0;
    std::uint32_t joined = 0;  // those that had come to the meetings that it completed
    std::uint32_t races = 0;
  };

  /// What is known of a process. An event of its parent has made it ready first, in each execution
  /// so far: what the parent had touched until then comes before all that the process does.
  struct Process {
    const void* process = nullptr;
    std::uint32_t parent = kNobody;        // kShared: it was ready from the beginning
    std::uint32_t birth = 0;               // which event of the parent
    bool strange = false;                  // it was not the same event always
    bool optional = false;
    std::vector<FootprintRef> footprints;  // of its events, the last that was new of each
    // Of the present execution:
    Index last = kNone;    // its last event
    Index poster = kNone;  // the last one that made it ready
    Index born = kNone;    // the first one
  };

  struct Post {
    std::uint32_t id = 0;
    Index poster_before = kNone;
  };
  struct Arrival {
    const void* meeting = nullptr;
    Index event = 0;
  };

  /// Of a word: who alone has touched it, apart from his parent before he was born, and from heirs
  /// after he had touched it for the last time; kShared if there is more.
  struct WordState {
    std::uint32_t owner = kNobody;
    std::uint32_t last = 0;  // the last of his events that did, in any execution; or its number
  };
  struct Heirs {
    std::uint32_t left = ~std::uint32_t{0};  // the last of all events that came before each heir's
    std::uint32_t heir = kNobody;            // kShared: several, which do not write it
    std::uint32_t write = 0;
  };

  [[nodiscard]] std::uint64_t* row(Index event) noexcept { return &rows_[event * stride_]; }
  [[nodiscard]] const std::uint64_t* row(Index event) const noexcept {
    return &rows_[event * stride_];
  }
  [[nodiscard]] bool is_shared(const WordState& state) const noexcept {
    return state.owner == kShared || processes_[state.owner].strange;
  }
  [[nodiscard]] static Footprint shared_part(const KeptFootprint& of) noexcept {
    const std::span<const ReleasedWords> released = of.released;
    return {of.shared, released.first(of.releases_shared ? released.size() : 0), of.touched,
            of.written};
  }
  void make_room();
  void include(Index event, Index earlier) noexcept;
  void include_poster(Index event) noexcept;
  void begin_process(Process& process);
  void become_strange(Process& process);
  void add_posts(std::span<const void* const> posts);
  [[nodiscard]] Index last_before(const Process& process, Index event) const noexcept;
  bool touch(std::uint64_t word, WordState& state, bool write);
  bool inherits(std::uint64_t word, WordState& state, bool write);
  void share(WordState& state);
  [[nodiscard]] std::uint32_t number_of(WordState& state) const;
  [[nodiscard]] KeptFootprint& keep(const Step& step);
  void collect_shared(KeptFootprint& kept);
  void refresh(KeptFootprint& kept) const;
  static void begin_shared(KeptFootprint& kept, std::uint64_t generation);
  void add_shared(KeptFootprint& kept, AccessedWord word, WordState& state) const;
  void add_shared(KeptFootprint& kept, std::uint64_t released, WordState& state) const;
  template <class Events>
  void find_races(Index index, Events& candidates);
  /// Who reads a shared word, and behind that who writes it.
  [[nodiscard]] std::uint64_t* accesses(std::uint32_t shared_word,
                                        std::size_t words) const noexcept {
    assert(words == stride_);
    return &accesses_[std::size_t{shared_word} * 2 * words];
  }
  void make_room_for_accesses() const {
    const std::size_t words = std::size_t{shared_words_} * 2 * stride_;
    if (accesses_.size() < words) accesses_.resize(words, 0);
  }
  template <class Change>
  void change_accesses(Index event, Change&& change) noexcept;
  void link(Index event);
  void unlink(Index event) noexcept;
  void relink();

  std::vector<Event> events_;
  FootprintPool pool_;
  std::vector<FootprintRef> kept_;
  std::vector<AccessedWord> seen_;  // by a relation that is broken
  std::vector<Post> posts_;
  std::vector<Arrival> arrivals_;
  std::vector<Index> joined_;
  std::vector<Race> races_;
  std::vector<Index> finals_;
  std::vector<Index> drawing_;            // events that have drawn values
  std::vector<std::uint64_t> rows_;       // a bit for each event that happens before
  std::vector<std::uint64_t> events_of_;  // a bit for each event of a process
  std::size_t stride_ = 1;
  Index epoch_ = 0;

  HarnessMap<const void*, std::uint32_t> ids_;
  std::vector<Process> processes_ = std::vector<Process>(1);
  mutable WordMap<WordState> states_;
  WordMap<Heirs> heirs_;
  mutable std::uint32_t shared_words_ = 0;
  mutable std::vector<std::uint64_t> accesses_;  // see accesses()
  std::uint64_t generation_ = 1;
  bool last_is_held_back_ = false;        // by Step::after
  bool more_shared_ = false;              // since generation_ has grown
  std::vector<std::uint64_t> inherited_;  // words that children have read
  std::vector<std::uint64_t> words_;      // see with_no_events()

  std::uint64_t ignored_modulus_ = 0;
  std::uint64_t ignored_remainder_ = 0;
};

}  // namespace cocheck::detail
