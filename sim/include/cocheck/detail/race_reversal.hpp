#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "cocheck/detail/happens_before.hpp"
#include "cocheck/detail/kept_footprint.hpp"
#include "cocheck/detail/pick_order.hpp"
#include "cocheck/detail/wakeup_tree.hpp"

namespace cocheck::detail {

/// Sees to it that a search tries what an execution shows to be possible: for two events that could
/// have come the other way round, all that followed the earlier one without depending on it, and
/// then the step of the later one, are to come where the earlier one came. Nothing is added where
/// what was tried there, or is to be tried, begins with that: this is the insertion into wakeup
/// trees of Abdulla, Aronis, Jonsson and Sagonas (JACM 2017).
///
/// Of what followed only that is to come first which must come before the step, and what wakes all
/// that will sleep by then: after that everything is tried that can follow, and in which order may
/// be chosen anew. What begins with such a sequence needs none of its own.
///
/// Executions that follow each other begin with the same events, and what these decide is known: a
/// look at an alternative takes O(events that are new) but for what it adds.
class RaceReversal {
 public:
  using Index = HappensBefore::Index;
  using Node = WakeupTree::Node;
  using Branches = WakeupTree::Branches;

  /// What was tried at a place already, a step with what it drew. Nothing else begins with it until
  /// a step that depends on it was taken.
  struct Sleeper {
    const void* process = nullptr;
    std::uint32_t id = 0;  // of the process
    HappensBefore::Kept kept;
    bool whole = false;  // whether all that the step can draw sleeps, too
  };

  /// A place in the present execution: what comes before one of its events. While that is the same
  /// event only cover() may change it.
  struct Place {
    std::vector<Sleeper> sleepers;
    Branches branches;  // to be tried
  };

  RaceReversal(HappensBefore& order, WakeupTree& tree, PickOrder& pick_order)
      : order_(order), tree_(tree), pick_order_(pick_order) {}

  /// Looks at another execution, which begins with so many events of the last one.
  void begin_execution(Index unchanged);

  /// Sees to it that an alternative is tried at the place of the event `earlier`, if it must be:
  /// that `process` makes its step there, which was the event `later`, if it was one. Gives the
  /// last event on which it rests that this was done: as long as that is not taken back, nothing
  /// has to be done again.
  ///
  /// 0 is no process: only what followed the earlier event without depending on it is to come
  /// there, without that, as it need not come at all. `excluding`, if it is given, is an event after
  /// which the process cannot make its step: it is to come before that.
  Index cover(Place& place, Index earlier, std::uint32_t process, Index later,
              Index excluding = HappensBefore::kNone);

  /// To be called when an event has come of which it was not known what it touches, with what else
  /// is to be tried at its place, before cover() is: what begins with that event, or can, is left
  /// to what follows it.
  void leave_to(Index event, Branches& branches);

 private:
  /// What a step can draw, of those values that are named.
  enum class Drawn : std::uint8_t { these, these_and_more, these_and_others, all };

  /// The step that is to follow what is independent of the earlier event.
  struct Alternative {
    std::uint32_t id = 0;               // of the process; 0 where its step is one of the events
    Index last = HappensBefore::kNone;  // the event that this step was here, if it was one
    bool exact = false;                 // whether it is known to be that again
  };

  /// A step on the way of an alternative through the branches of a place.
  struct Taken {
    Node node = WakeupTree::kNone;
    Index event = 0;  // that is this step; kNone if none of the alternative is
    Index last = 0;   // of all that decide that this is the way, if others take it, too
  };

  [[nodiscard]] bool is_exact(Index earlier, Index later) const;
  template <class Events>
  Index cover(Place& place, Index earlier, std::uint32_t process, Index later, bool is_usual,
              Events& events);
  void forget_what_went(Index earlier);
  template <class Events>
  [[nodiscard]] Index find_asleep(const Place& place, const Events& events);
  template <class Events>
  [[nodiscard]] Branches* follow_taken(Place& place, Index earlier, Events& events);
  void add_taken(Index earlier, Taken step);
  template <class Events>
  void find_independent(Index earlier, Events& events);
  template <class Events>
  void remove_with_followers(Events& events, Index event) const;
  template <class Events>
  [[nodiscard]] Index first_of(const Events& events, std::uint32_t process) const;
  template <class Events>
  [[nodiscard]] bool comes_first(const Events& events, Index event) const;
  template <class Events, class Depends>
  [[nodiscard]] Index begins_with_another(const Events& events, std::uint32_t process, Drawn drawn,
                                          KeptFootprint* footprint, Depends&& depends);
  [[nodiscard]] bool draws_the_same(Index event, std::span<const std::uint32_t> values,
                                    Drawn drawn) const;
  [[nodiscard]] std::span<const std::uint32_t> drawn_by(Index event) const;
  void put_first(Node open, Index event, bool below);
  template <class Events>
  [[nodiscard]] bool leave_out(const Place& place, Events& events) const;
  template <class Events>
  Node append_alternative(const Events& events, Branches& branches, bool below);
  [[nodiscard]] Index last_taken() const noexcept;
  Node append(Branches& branches, std::uint32_t id);
  void repeat(Node node, Index event, bool below);

  HappensBefore& order_;
  WakeupTree& tree_;
  PickOrder& pick_order_;

  // For each place, what one alternative has found there and others must find as well, as long as
  // the events that decide it are not taken back. Sets of events have `words_` words.
  std::size_t words_ = 0;
  std::vector<Index> known_end_;            // events from here on were not there
  std::vector<std::uint64_t> independent_;  // events
  std::vector<std::vector<Taken>> taken_;

  std::vector<Taken> way_;  // of the alternative
  Alternative alternative_;
};

}  // namespace cocheck::detail
