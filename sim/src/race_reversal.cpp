#include "cocheck/detail/race_reversal.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <utility>

namespace cocheck::detail {

namespace {

constexpr RaceReversal::Index kDoesNotBegin = HappensBefore::kNone;

template <class Events>
bool holds(const Events& events, HappensBefore::Index event) noexcept {
  return (events[event / 64] >> event % 64 & 1) != 0;
}

template <class Events>
void add(Events& events, HappensBefore::Index event) noexcept {
  events[event / 64] |= std::uint64_t{1} << event % 64;
}

template <class Events>
void remove(Events& events, HappensBefore::Index event) noexcept {
  events[event / 64] &= ~(std::uint64_t{1} << event % 64);
}

template <class Events>
bool none_left(const Events& events) noexcept {
  return std::all_of(events.begin(), events.end(), [](std::uint64_t bits) { return bits == 0; });
}

/// Calls `visit(event)` for each event, in order, until that gives false. Gives whether it never
/// did.
template <class Events, class Visit>
bool visit_all(const Events& events, Visit&& visit) {
  for (std::size_t i = 0; i < events.size(); ++i) {
    for (std::uint64_t bits = events[i]; bits != 0; bits &= bits - 1) {
      const auto bit = static_cast<std::size_t>(std::countr_zero(bits));
      if (!visit(static_cast<HappensBefore::Index>(i * 64 + bit))) return false;
    }
  }
  return true;
}

/// What of an alternative is to come before its last step.
template <class Events>
class Needed {
 public:
  using Index = HappensBefore::Index;

  /// What must: `events` are those that can, and `known`, if it is, is what the last one touches.
  Needed(const HappensBefore& order, const Events& events, Index last, KeptFootprint* known)
      : order_(order), events_(events), known_(known), needed_(events), before_(events) {
    std::fill(before_.begin(), before_.end(), 0);
    const std::uint64_t* before = order.events_before(last, events.size());
    for (std::size_t i = 0; i < events.size(); ++i) needed_[i] &= before[i];
  }

  [[nodiscard]] const Events& events() const noexcept { return needed_; }

  /// That an event comes first in any case.
  void begin_with(Index event) { add(before_, event); }

  /// Adds what it takes so that a step of a process does not sleep on. False if that cannot be
  /// told.
  [[nodiscard]] bool wake(std::uint32_t process, KeptFootprint& footprint) {
    if (known_ != nullptr && order_.dependent(footprint, *known_)) return true;
    Events waking = events_;
    std::fill(waking.begin(), waking.end(), 0);
    order_.add_possible_conflicts(footprint, waking);
    const std::uint64_t* own = order_.events_of(process, waking.size());
    for (std::size_t i = 0; i < waking.size(); ++i) {
      waking[i] = (waking[i] | own[i]) & (events_[i] | before_[i]);
    }
    Index added = HappensBefore::kNone;
    const bool asleep = visit_all(waking, [&](Index event) {
      const bool there = holds(needed_, event) || holds(before_, event);
      if (!there && added != HappensBefore::kNone) return true;
      if (order_.process_id(event) != process &&
          !order_.dependent(footprint, *order_.kept(event).footprint)) {
        return true;
      }
      if (!there) added = event;
      return !there;
    });
    if (!asleep) return true;
    if (added == HappensBefore::kNone) return false;
    const std::uint64_t* before = order_.events_before(added, needed_.size());
    for (std::size_t i = 0; i < needed_.size(); ++i) needed_[i] |= before[i] & events_[i];
    add(needed_, added);
    return true;
  }

 private:
  const HappensBefore& order_;
  const Events& events_;
  KeptFootprint* known_;
  Events needed_;
  Events before_;
};

}  // namespace

/// Whether the step of a later event is known to be that again without the earlier one: it may do
/// and draw something else, if it has seen what that wrote.
bool RaceReversal::is_exact(Index earlier, Index later) const {
  return !order_.reads_from(*order_.kept(later).footprint, *order_.kept(earlier).footprint);
}

RaceReversal::Index RaceReversal::cover(Place& place, Index earlier, std::uint32_t process,
                                        Index later, Index excluding) {
  return order_.with_no_events([&](auto& events) {
    find_independent(earlier, events);
    if (excluding != HappensBefore::kNone) remove_with_followers(events, excluding);
    return cover(place, earlier, process, later, excluding == HappensBefore::kNone, events);
  });
}

/// `events` are those of the alternative, all that are independent of the earlier one if it
/// `is_usual`, and become what is left of them.
template <class Events>
RaceReversal::Index RaceReversal::cover(Place& place, Index earlier, std::uint32_t process,
                                        Index later, bool is_usual, Events& events) {
  const Index end = order_.size();
  alternative_ = {process, later, false};
  if (later != HappensBefore::kNone && !order_.values(order_.kept(later)).empty() &&
      is_exact(earlier, later)) {
    add(events, later);
    alternative_.id = 0;
  }
  const Index asleep = find_asleep(place, events);
  if (asleep != kDoesNotBegin) return asleep;

  const bool draws = order_.any_draws(events);
  way_.clear();
  Branches* branches = is_usual ? follow_taken(place, earlier, events) : &place.branches;
  if (alternative_.id == 0 && none_left(events)) return end - 1;
  bool same_for_others = is_usual;  // whether other alternatives take the same way
  while (true) {
    if (!way_.empty() && tree_.step(way_.back().node).wakes_all) return last_taken();
    Node found = WakeupTree::kNone;
    Index event = HappensBefore::kNone;  // of the alternative, that is this step
    Index last = 0;                      // of the events that lead the same way
    for (Node node = branches->first; node != WakeupTree::kNone; node = tree_.next(node)) {
      const WakeupTree::Step& step = tree_.step(node);
      event = first_of(events, step.id);
      if (event != HappensBefore::kNone) {
        last = std::max(last, event);
        if (!comes_first(events, event)) continue;
        if (!draws && !step.draws()) {  // as mostly
          found = node;
          break;
        }
      }
      const Drawn drawn = !step.draws() ? Drawn::all
                          : step.open   ? Drawn::these_and_more
                          : step.wide   ? Drawn::these_and_others
                                        : Drawn::these;
      const auto depends = [&](Index other) {
        return !step.footprint || order_.dependent(*step.footprint, *order_.kept(other).footprint);
      };
      if (event != HappensBefore::kNone
              ? !draws_the_same(event, step.values(), drawn)
              : begins_with_another(events, step.id, drawn, step.footprint.get(), depends) ==
                    kDoesNotBegin) {
        same_for_others = same_for_others && event != HappensBefore::kNone;
        continue;
      }
      const std::span<const std::uint32_t> taken = drawn_by(event);
      if (!taken.empty() && (step.open || !std::ranges::equal(taken, step.values()))) {
        if (tree_.is_tried_from(tree_.next(node), step.id, taken)) continue;
        put_first(node, event, branches != &place.branches);
      }
      found = node;
      break;
    }
    if (found == WakeupTree::kNone) break;
    if (event != HappensBefore::kNone) remove(events, event);
    if (alternative_.id == 0
            ? none_left(events)
            : event == HappensBefore::kNone && tree_.step(found).id == alternative_.id) {
      return end - 1;  // it may be more that is to follow when more follows here
    }
    same_for_others = same_for_others && event != HappensBefore::kNone &&
                      event != alternative_.last && !tree_.step(found).draws() &&
                      drawn_by(event).empty();
    if (same_for_others) add_taken(earlier, {found, event, last});
    way_.push_back({found, event, last});
    branches = &tree_.below(found);
  }
  if (later != HappensBefore::kNone) {
    const std::uint32_t other = order_.process_id(earlier);
    alternative_.exact = is_exact(earlier, later);
    if (!alternative_.exact) {
      pick_order_.note_read(other, process);
    } else if (!pick_order_.reads(process, other) && !is_exact(later, earlier)) {
      pick_order_.note_read(process, other);
    }
  }
  const bool wakes_all = !draws && leave_out(place, events);
  const Node leaf = append_alternative(events, *branches, branches != &place.branches);
  tree_.step(leaf).leaf = true;
  tree_.step(leaf).wakes_all = wakes_all;
  return end - 1;
}

/// The last event that decides that the alternative begins with the way it took.
RaceReversal::Index RaceReversal::last_taken() const noexcept {
  Index last = 0;
  for (const Taken& step : way_) {
    if (step.event == HappensBefore::kNone) return order_.size() - 1;
    last = std::max(last, step.event);
  }
  return last;
}

/// Leaves out what need not come before the last step of the alternative. What does must wake all
/// that sleeps by then: what does already, and what is tried before. False, and all is left, where
/// that cannot be told.
template <class Events>
bool RaceReversal::leave_out(const Place& place, Events& events) const {
  const Index last = alternative_.last;
  if (last == HappensBefore::kNone || !order_.values(order_.kept(last)).empty()) return false;
  Needed<Events> needed(order_, events, last,
                        alternative_.exact ? order_.kept(last).footprint : nullptr);
  for (std::size_t level = way_.size() + 1; level-- > 0;) {
    const bool is_end = level == way_.size();
    if (!is_end && way_[level].event != HappensBefore::kNone) needed.begin_with(way_[level].event);
    const Branches& branches = level == 0 ? place.branches : tree_.below(way_[level - 1].node);
    const Node end = is_end ? WakeupTree::kNone : way_[level].node;
    for (Node node = branches.first; node != end; node = tree_.next(node)) {
      const WakeupTree::Step& step = tree_.step(node);
      if (step.draws() || !step.footprint || !needed.wake(step.id, *step.footprint)) return false;
    }
  }
  for (const Sleeper& sleeper : place.sleepers) {
    if (!order_.values(sleeper.kept).empty()) return false;
    if (!needed.wake(sleeper.id, *sleeper.kept.footprint)) return false;
  }
  // Where it may touch something else without the earlier event, all must come before it.
  if (alternative_.exact) events = needed.events();
  return true;
}

void RaceReversal::leave_to(Index event, Branches& branches) {
  KeptFootprint& touched = *order_.kept(event).footprint;
  tree_.remove_if(branches, [&](Node node) {
    const WakeupTree::Step& step = tree_.step(node);
    if (step.id == order_.process_id(event)) return true;
    if (step.draws() || !step.footprint || order_.dependent(*step.footprint, touched)) return false;
    if (order_.is_optional(order_.process_id(event))) return false;
    leave_to(event, tree_.below(node));
    return tree_.below(node).empty();
  });
}

void RaceReversal::begin_execution(Index unchanged) {
  const std::size_t places = order_.size();
  if (words_ != order_.words_of_bits()) {
    words_ = order_.words_of_bits();
    unchanged = 0;
  }
  known_end_.resize(places, 0);
  for (Index place = 0; place < unchanged; ++place) {
    known_end_[place] = std::min(known_end_[place], unchanged);
  }
  std::fill(known_end_.begin() + unchanged, known_end_.end(), 0);
  if (taken_.size() < places) taken_.resize(places);
  if (independent_.size() < places * words_) independent_.resize(places * words_);
}

/// Forgets what rests on events that have been taken back.
void RaceReversal::forget_what_went(Index earlier) {
  const Index end = known_end_[earlier];
  std::vector<Taken>& taken = taken_[earlier];
  if (end <= earlier) {
    known_end_[earlier] = earlier + 1;
    taken.clear();
    std::fill_n(&independent_[earlier * words_], words_, 0);
    return;
  }
  while (!taken.empty() && taken.back().last >= end) taken.pop_back();
}

/// The events of an alternative: those that come after `earlier` and do not depend on it.
template <class Events>
void RaceReversal::find_independent(Index earlier, Events& events) {
  forget_what_went(earlier);
  const std::size_t words = events.size();
  Index event = std::exchange(known_end_[earlier], order_.size());
  assert(event > earlier);
  std::uint64_t* known = &independent_[earlier * words];
  std::copy_n(known, words, events.begin());
  // Where all words are full there is nothing behind.
  for (std::size_t i = event / 64; i < words; ++i) {
    events[i] &= i == event / 64 ? (std::uint64_t{1} << event % 64) - 1 : 0;
  }
  const std::uint64_t bit = std::uint64_t{1} << earlier % 64;
  while (event < order_.size()) {
    const std::size_t word = event / 64;
    const Index end = std::min(order_.size(), static_cast<Index>(word * 64 + 64));
    std::uint64_t added = 0;
    for (std::uint64_t one = std::uint64_t{1} << event % 64; event < end; ++event, one <<= 1) {
      added |= (order_.events_before(event, words)[earlier / 64] & bit) == 0 ? one : 0;
    }
    events[word] |= added;
  }
  std::copy_n(events.begin(), words, known);
}

/// Removes an event and all that it comes before.
template <class Events>
void RaceReversal::remove_with_followers(Events& events, Index event) const {
  visit_all(events, [&](Index later) {
    if (later == event || order_.before(event, later)) remove(events, later);
    return true;
  });
}

/// Whether the alternative begins with a step that sleeps: it is one of those in it that nothing in
/// it happens before, or none of them and independent of them all. Gives the last event on which
/// that rests.
template <class Events>
RaceReversal::Index RaceReversal::find_asleep(const Place& place, const Events& events) {
  for (const Sleeper& sleeper : place.sleepers) {
    const Drawn drawn = sleeper.whole ? Drawn::all : Drawn::these;
    if (const Index event = first_of(events, sleeper.id); event != HappensBefore::kNone) {
      if (comes_first(events, event) && draws_the_same(event, order_.values(sleeper.kept), drawn)) {
        return event;
      }
      continue;
    }
    const bool draws = !order_.values(sleeper.kept).empty();
    const Index rests_on = begins_with_another(
        events, sleeper.id, drawn, draws ? nullptr : sleeper.kept.footprint, [&](Index event) {
          if (!draws) return order_.dependent(sleeper.kept, order_.kept(event));
          return std::any_of(place.sleepers.begin(), place.sleepers.end(),
                             [&](const Sleeper& member) {
                               return member.process == sleeper.process &&
                                      order_.dependent(member.kept, order_.kept(event));
                             });
        });
    if (rests_on != kDoesNotBegin) return rests_on;
  }
  return kDoesNotBegin;
}

/// Takes the branches that all alternatives take here.
template <class Events>
RaceReversal::Branches* RaceReversal::follow_taken(Place& place, Index earlier, Events& events) {
  way_ = taken_[earlier];
  if (way_.empty()) return &place.branches;
  for (const Taken& step : way_) {
    assert(holds(events, step.event));
    remove(events, step.event);
  }
  return &tree_.below(way_.back().node);
}

void RaceReversal::add_taken(Index earlier, Taken step) {
  std::vector<Taken>& taken = taken_[earlier];
  if (!taken.empty()) step.last = std::max(step.last, taken.back().last);
  taken.push_back(step);
}

/// The first event of a process in the alternative; kNone if there is none.
template <class Events>
RaceReversal::Index RaceReversal::first_of(const Events& events, std::uint32_t process) const {
  const std::uint64_t* own = order_.events_of(process, events.size());
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (const std::uint64_t bits = own[i] & events[i]; bits != 0) {
      return static_cast<Index>(i * 64) + static_cast<Index>(std::countr_zero(bits));
    }
  }
  return HappensBefore::kNone;
}

/// Whether nothing in the alternative happens before one of its events.
template <class Events>
bool RaceReversal::comes_first(const Events& events, Index event) const {
  const std::uint64_t* before = order_.events_before(event, events.size());
  for (std::size_t i = 0; i < events.size(); ++i) {
    if ((events[i] & before[i]) != 0) return false;
  }
  return true;
}

/// Whether the alternative can begin with a step that is none of its events: it is independent of
/// them all, whatever it draws. Gives the last event on which that rests. `footprint`, if it is
/// known, is that of all that `depends(event)` compares.
template <class Events, class Depends>
RaceReversal::Index RaceReversal::begins_with_another(const Events& events, std::uint32_t process,
                                                      Drawn drawn, KeptFootprint* footprint,
                                                      Depends&& depends) {
  // What begins with it says nothing about what goes on without it.
  if (drawn != Drawn::all || order_.is_optional(process)) return kDoesNotBegin;
  const Index last = alternative_.last;
  const bool only_events = alternative_.id == 0;
  if (process != alternative_.id && !only_events && last == HappensBefore::kNone) {
    return kDoesNotBegin;
  }
  Events conflicting = events;
  if (footprint != nullptr) {
    std::fill(conflicting.begin(), conflicting.end(), 0);
    order_.add_possible_conflicts(*footprint, conflicting);
    for (std::size_t i = 0; i < events.size(); ++i) conflicting[i] &= events[i];
  }
  if (!visit_all(conflicting, [&](Index event) { return !depends(event); })) return kDoesNotBegin;
  // What the last step touches where it is to be taken is not known; here it touched this. Should
  // it depend on a sleeper after all, then what was tried after that has a conflict of the two,
  // which was reversed at this point as well: by induction over the sleepers, in the order in
  // which they were tried, something that begins with the alternative is tried.
  const bool independent = process == alternative_.id || only_events || !depends(last);
  return independent ? order_.size() - 1 : kDoesNotBegin;
}

/// Whether what an event has drawn is what a step draws.
bool RaceReversal::draws_the_same(Index event, std::span<const std::uint32_t> values,
                                  Drawn drawn) const {
  if (drawn == Drawn::these_and_others || (drawn == Drawn::all && values.empty())) return true;
  const std::span<const std::uint32_t> others = order_.values(order_.kept(event));
  const bool more = drawn == Drawn::these_and_more;
  return values.size() <= others.size() &&
         std::equal(values.begin(), values.end(), others.begin()) &&
         (more || values.size() == others.size());
}

std::span<const std::uint32_t> RaceReversal::drawn_by(Index event) const {
  if (event == HappensBefore::kNone) return {};
  return order_.values(order_.kept(event));
}

/// Puts what the alternative draws before a branch that may draw anything: what is to follow only
/// follows that.
void RaceReversal::put_first(Node open, Index event, bool below) {
  const Node rest = tree_.make();
  tree_.insert_after(open, rest);
  WakeupTree::Step& step = tree_.step(open);
  std::swap(tree_.step(rest), step);
  std::swap(tree_.below(rest), tree_.below(open));
  step.id = tree_.step(rest).id;
  step.leaf = true;
  repeat(open, event, below);
}

/// `below` tells that it is put below a step that it has in common with others.
///
/// What begins with a step sleeps when all of that was tried: so wherever a sequence leads, all
/// must be tried that can be drawn there, unless the step is the first one.
template <class Events>
RaceReversal::Node RaceReversal::append_alternative(const Events& events, Branches& branches,
                                                    bool below) {
  Branches* put = &branches;
  Node node = WakeupTree::kNone;
  const auto repeat_next = [&](Index event) {
    node = append(*put, order_.process_id(event));
    repeat(node, event, std::exchange(below, true));
    put = &tree_.below(node);
  };
  const Index last = alternative_.last;
  visit_all(events, [&](Index event) {
    if (event != last) repeat_next(event);
    return true;
  });
  if (alternative_.id == 0) {
    if (last != HappensBefore::kNone && holds(events, last)) repeat_next(last);
  } else {
    node = append(*put, alternative_.id);
    tree_.step(node).open = true;
    if (alternative_.exact) repeat(node, last, below);
  }
  return node;
}

RaceReversal::Node RaceReversal::append(Branches& branches, std::uint32_t id) {
  const Node node = tree_.make();
  tree_.step(node).id = id;
  tree_.append(branches, node);
  return node;
}

/// The step of the node will be what an event was.
void RaceReversal::repeat(Node node, Index event, bool below) {
  WakeupTree::Step& step = tree_.step(node);
  const std::span<const std::uint32_t> values = order_.values(order_.kept(event));
  step.draw(values);
  step.wide = below && !values.empty();
  step.footprint = FootprintRef(*order_.kept(event).footprint);
}

}  // namespace cocheck::detail
