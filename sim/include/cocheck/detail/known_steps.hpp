#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "cocheck/detail/access_log.hpp"
#include "cocheck/detail/happens_before.hpp"
#include "cocheck/detail/kept_footprint.hpp"
#include "cocheck/detail/model_memory.hpp"
#include "cocheck/detail/numbering.hpp"
#include "cocheck/detail/undo_log.hpp"
#include "cocheck/detail/word_map.hpp"
#include "cocheck/world.hpp"

namespace cocheck::detail {

/// What steps did, so that they need not be executed again where they would do the same.
///
/// A step is known by the state that its process is in, by the time, and by the values of all that
/// it is known to read in the memory of the model, where others may have written it. The state
/// stands for the rest, and for what code may read that is not instrumented: it is what the steps
/// of the process until then, from the one on that has made it ready first, have written and done.
/// Only a step is repeated that changes nothing but bytes in memory, releases blocks, ends tasks,
/// and makes others ready; one that allocates, draws values, arms timers, fails, or writes outside
/// of the memory of the model is executed each time. It is known all the same, since it leads to a
/// state.
///
/// Others look at few of the words that a step writes. repeat_for_now() writes only these, so that
/// steps that follow can be found: before anything is executed, what was left out must be written,
/// by going back and repeating the step as a whole.
///
/// The variants of a step are the leaves of a tree that branches by the values of single words. To
/// find one takes a comparison for each word that it reads and others write.
class KnownSteps {
 public:
  struct Step;
  struct Branch;
  struct State;

  /// Variants of a step: none, one, or those behind a branch.
  struct Node {
    Step* step = nullptr;
    Branch* branch = nullptr;
  };

  /// What tells some things apart, all in order.
  using Name = std::vector<std::uint64_t>;

  /// Some bytes of a word of memory.
  struct Word {
    std::byte* at = nullptr;
    std::uint64_t mask = 0;
    std::uint64_t value = 0;
  };

  /// What is looked at each time comes first.
  struct alignas(64) Step {
    bool repeatable = false;
    bool noted = false;  // who writes what it writes
    /// Nothing can follow, and nothing is left after it: what it changes need not be known.
    bool last = false;
    bool posts_are_posted = false;  // whether `posts` are the processes of `loop.posted`
    HappensBefore::Birth birth;     // of the process, for which `compared` is true
    std::uint64_t generation = 0;   // of the writers, for which it is
    std::size_t compared = 0;       // of the reads
    /// The time first, then those that others may change, then the others: see find().
    std::vector<Word> reads;

    State* state = nullptr;  // that its process is in then
    FootprintRef footprint;
    std::vector<const void*> posts;  // as in HappensBefore::Step, and so are the next two
    std::vector<const void*> arrivals;
    std::vector<const void*> completed;
    LoopEffects loop;
    std::vector<TaskBase*> finished;
    std::vector<std::byte*> released;
    std::vector<Word> shown;  // what it writes and steps of others are known to be compared with
    std::uint64_t shown_generation = 0;

    std::vector<Word> writes;
    std::vector<std::size_t> lines;  // of UndoLog, that it changes
    // Of a last step: how much there was before it.
    std::size_t outstanding = 0;
    std::size_t loop_blocks = 0;
    std::size_t unfinished_tasks = 0;
  };

  /// What a process has done, as far as that matters to what it does next.
  struct State {
    Node steps;
    std::map<Name, Node> drawing;  // steps by what they drew and where they have allocated
    std::map<Name, State*> next;   // by what a step writes and does
    std::vector<std::pair<std::uint32_t, State*>> born;  // processes that were made ready
  };

  /// By the value of some bytes of a word.
  struct Branch {
    std::byte* at = nullptr;
    std::uint64_t mask = 0;

    /// The node of a value; null if there is none.
    [[nodiscard]] Node* find(std::uint64_t value) noexcept {
      const std::uint32_t number = values_.find(value);
      return number != Numbering::kNone ? &nodes_[number] : nullptr;
    }
    /// There is none yet.
    void add(std::uint64_t value, const Node& node) {
      values_.add(value);
      nodes_.push_back(node);
    }

   private:
    Numbering values_{4};
    std::vector<Node> nodes_;  // by the number of the value
  };

  /// A step that was executed and committed.
  struct Executed {
    std::uint32_t process = 0;
    std::uint32_t ordinal = 0;  // of the event
    bool final = false;         // the execution ended with it
    const AccessLog& log;
    const UndoLog& undo;
    const LoopState& before;
    std::size_t index = 0;  // of what was ready
    const LoopState& after;
    std::span<const std::uint32_t> values;
    std::span<const void* const> posts;
    std::span<const void* const> arrivals;
    std::span<const void* const> completed;
    std::span<const TaskLinks> finished;
    bool may_repeat = true;
  };

  static constexpr std::size_t kMostBytes = std::size_t{1} << 26;

  explicit KnownSteps(ModelMemory& memory);

  /// The state of a process that was ready when the execution began, or that a step made ready.
  [[nodiscard]] State& first(std::uint32_t process) { return of(first_, process); }
  [[nodiscard]] State& first(Step& poster, std::uint32_t process) {
    return of(poster.state->born, process);
  }

  /// A process, and how it came to be.
  struct Who {
    std::uint32_t process = 0;
    HappensBefore::Birth birth;
  };

  /// The step that a process would take now in a state, if it is known; null if not. What only the
  /// process and, until it was born, its parent have ever changed is not compared: the state tells
  /// it.
  [[nodiscard]] Step* find(State& state, TimePoint time, const Who& who);
  /// Whether as much is there as before the last step of an execution when it was executed.
  [[nodiscard]] bool leaves_nothing(const Step& step, const LoopState& before) const;
  /// Does what the step did that stands at `index` of what is ready.
  void repeat(const Step& step, std::size_t index, std::size_t alternatives, World& world,
              UndoLog& undo) const;
  /// The same as far as find() and World::repeat() ask for it.
  void repeat_for_now(Step& step, std::size_t index, std::size_t alternatives, World& world,
                      UndoLog& undo);
  /// Grows when find() or record() looks at a word for the first time. Where repeat_for_now() came
  /// before that, the word may have been left out: what find() has given is then not to be trusted.
  [[nodiscard]] std::uint64_t looks_at() const noexcept { return looks_at_; }
  /// Keeps what was executed after find() in that state. Null if it cannot be kept, or too many
  /// are.
  [[nodiscard]] Step* record(State& state, const Executed& executed);
  /// To be told of what was executed in a state that is not known: what was written, unless nothing
  /// can follow.
  bool note_writes(const Executed& executed);

 private:
  /// Where a step that was looked for belongs.
  struct Place {
    Node* node = nullptr;      // what is there is something else,
    Branch* branch = nullptr;  // or nothing is, for this value
    std::uint64_t value = 0;
    Step* found = nullptr;
  };

  [[nodiscard]] State& of(std::vector<std::pair<std::uint32_t, State*>>& list,
                          std::uint32_t process);
  /// Who has written a word, in all executions so far.
  struct Writers {
    static constexpr std::uint32_t kSeveral = ~std::uint32_t{0};
    std::uint32_t first = 0;
    std::uint32_t last = 0;    // the last event of that process that did
    std::uint32_t second = 0;  // another one, or kSeveral
    bool relied = false;       // whether some step is known not to depend on others
    bool looked_at = false;    // whether find() compares it
  };
  void add_writer(std::uint64_t word, std::uint32_t process, std::uint32_t ordinal);
  [[nodiscard]] bool is_told_by_state(std::uint64_t word, const Who& who);
  template <class Load, class Matches>
  void look_up(Node& root, Load&& load, Matches&& matches);
  void look_at(const Word& word);
  void find_shown(Step& step);
  [[nodiscard]] bool matches(Step& step, const Who& who);
  enum class Told : std::uint8_t { all, all_that_matters, not_all };
  [[nodiscard]] Told told_by_log(const Executed& executed) const;
  void add_effects(Step& step, const Executed& executed);
  [[nodiscard]] State& state_after(State& state, const Step& step);
  [[nodiscard]] bool put(Step& step);

  ModelMemory& memory_;
  std::vector<std::pair<std::uint32_t, State*>> first_;
  std::deque<State> states_;
  std::deque<Step> steps_;
  std::deque<Branch> branches_;
  std::size_t bytes_ = 0;
  std::uint64_t time_ = 0;
  Place place_;
  Who who_;  // it was looked for
  WordMap<Writers> writers_;
  std::uint64_t generation_ = 1;  // grows when one writes that others rely on not to
  std::uint64_t looks_at_ = 1;
};

}  // namespace cocheck::detail
