#include "cocheck/explorers/dpor.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <utility>

#include "cocheck/detail/early_cancellations.hpp"
#include "cocheck/detail/known_steps.hpp"
#include "cocheck/detail/pick_order.hpp"
#include "cocheck/detail/race_reversal.hpp"
#include "cocheck/detail/step_orders.hpp"
#include "cocheck/detail/step_watcher.hpp"
#include "cocheck/detail/task_base.hpp"
#include "cocheck/detail/touched_words.hpp"
#include "cocheck/detail/wakeup_tree.hpp"
#include "cocheck/random_stream.hpp"

namespace cocheck {

using detail::AccessedWord;
using detail::AccessLog;
using detail::FootprintRef;
using detail::HappensBefore;
using detail::HarnessVector;
using detail::KnownSteps;
using detail::RaceReversal;
using detail::TouchedWords;
using detail::UndoLog;
using detail::WakeupTree;
using Index = HappensBefore::Index;

namespace {

constexpr std::uint64_t kExecutionsBetweenChecks = 256;
// So many steps are looked at before it is asked whether it is worth it to know them.
constexpr std::uint64_t kLearnedAtFirst = 1024;

}  // namespace

/// One search while it runs.
class DporExplorer::Driver final : private detail::StepWatcher {
 public:
  Driver(DporExplorer& explorer, World& world)
      : explorer_(explorer),
        settings_(explorer.settings_),
        world_(world),
        memory_(world.memory()),
        random_(settings_.seed),
        known_steps_(memory_),
        touched_(memory_),
        injects_(world.cancellations_left() > 0),
        repeats_steps_(settings_.repeats_steps && !injects_) {
    undo_.emplace(memory_);
    world_.set_watcher(this);
    order_.expect_words(reinterpret_cast<std::uintptr_t>(memory_.begin()) / 8, memory_.limit() / 8);
    order_.ignore_words(settings_.ignored_modulus, settings_.ignored_remainder);
    if (!settings_.picks) return;
    for (const void* process : settings_.picks->processes) (void)order_.id_of(process);
    pick_order_ = settings_.picks->order;
  }
  ~Driver() {
    back_to_complete();
    world_.set_watcher(nullptr);
  }
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  End run() {
    alternatives_ = count_alternatives();
    now_ = world_.time();
    enter();
    while (true) {
      if (const Node step = next_step(); step != WakeupTree::kNone) {
        switch (make(step)) {
          case Made::event:
            enter();
            break;
          case Made::nothing_new:
            rewind(top());
            break;
          case Made::end:
            return end_;
        }
      } else if (out_of_patience_) {
        return end_;
      } else if (!go_back()) {
        return End::exhausted;
      }
    }
  }

  std::size_t choose(std::size_t alternatives) {
    if (next_value_ == values_.size()) {
      values_.push_back(0);
      choices_.push_back(static_cast<std::uint32_t>(alternatives));
    } else {
      choices_[next_value_] = static_cast<std::uint32_t>(alternatives);
    }
    const std::uint32_t value = values_[next_value_++];
    if (value >= alternatives) throw NotDeterministic(next_value_ - 1, value + 1, alternatives);
    return value;
  }

  [[nodiscard]] Picks picks() const {
    Picks picks{{}, pick_order_};
    for (std::uint32_t id = 1; id <= order_.last_id(); ++id) {
      picks.processes.push_back(order_.process_of(id));
    }
    return picks;
  }

  [[nodiscard]] double progress() const {
    double done = 0;
    double share = 1;
    for (std::size_t i = 0; i < depth_; ++i) {
      const Point& point = path_[i];
      std::size_t left = 0;
      for (Node node = point.branches.first; node != WakeupTree::kNone; node = tree_.next(node)) {
        ++left;
      }
      const double branches = static_cast<double>(point.explored + 1 + left);
      done += share * static_cast<double>(point.explored) / branches;
      share /= branches;
    }
    return done;
  }

 private:
  using Branches = WakeupTree::Branches;
  using Node = WakeupTree::Node;
  using Sleeper = RaceReversal::Sleeper;

  /// A point of the present execution: what comes before the event of the same index.
  struct Point : RaceReversal::Place {
    UndoLog::Position position;
    detail::LoopSnapshot loop;
    HappensBefore::Kept mark;
    Index epoch = 0;
    std::vector<std::uint32_t> offered;   // processes, in the order of the alternatives
    std::size_t next_alternative = 0;     // without reduction
    std::vector<const void*> withdrawn;   // processes that the step took away
    std::vector<std::uint32_t> ended;     // cancellations of tasks that ended
    std::vector<std::uint32_t> excluded;  // cancellations, and letting it be
    std::vector<const void*> opened;      // processes of which all that they draw is being tried
    std::size_t explored = 0;             // branches
    KnownSteps::Step* known = nullptr;    // the step that was taken here, if it is known
    bool tried = false;                   // whether a step was taken here
    bool quiet = false;                   // whether nothing is ready: the first one is to let it be
    std::size_t cancellations = 0;        // how many are offered, the last ones
    bool injected = false;                // whether the step was one of these

    [[nodiscard]] bool is_cancellation(std::size_t index) const noexcept {
      return index >= offered.size() - cancellations;
    }
    [[nodiscard]] std::size_t alternatives() const noexcept { return offered.size(); }
  };

  [[nodiscard]] Point& top() { return path_[depth_ - 1]; }

  /// Puts the state that was reached on the path.
  void enter() {
    if (depth_ == path_.size()) path_.emplace_back();
    Point& point = path_[depth_++];
    point.sleepers.clear();
    point.branches = std::exchange(rest_, {});
    point.next_alternative = 0;
    if (offered_.size() != alternatives_) {
      assert(!is_incomplete_);
      find_offered();
    }
    point.offered.swap(offered_);
    offered_.clear();
    if (!is_incomplete_) last_complete_ = depth_ - 1;
    point.opened.clear();
    point.tried = false;
    point.quiet = quiet_;
    point.cancellations = !injects_ || alternatives_ == 0 ? 0
                          : quiet_                        ? alternatives_ - 1
                                                          : world_.cancellations_offered();
    point.explored = 0;
    if (alternatives_ > 0) {
      if (depth_ > 1) inherit(path_[depth_ - 2], point);
      assert(!wakes_all_ || point.sleepers.empty() || settings_.ignored_modulus != 0);
      // Where nothing sleeps all that can follow is tried anyhow.
      if (rest_optional_ && point.sleepers.empty()) tree_.release_all(point.branches);
      if (world_.time() != now_) order_.begin_epoch();
      now_ = world_.time();
    }
    point.epoch = order_.epoch();
    point.mark = order_.mark();
    point.position = undo_->position(nullptr);
    world_.save(point.loop);
    if (undo_->bytes() > explorer_.limits_.undo_bytes) {
      complete();
      undo_->drop_half();
    }
  }

  /// How many there are now. Where nothing is ready cancellations are offered here all the same,
  /// behind letting time pass, or letting the execution end: see detail::can_come_early().
  [[nodiscard]] std::size_t count_alternatives() {
    quiet_ = false;
    if (!injects_ || !settings_.reduce) return world_.alternatives();
    const std::size_t now = world_.alternatives_now();
    if (now > 0 || world_.stopped()) return now;
    if (world_.possible_cancellations() == 0) return world_.alternatives();
    quiet_ = true;
    return world_.possible_cancellations() + 1;
  }

  void find_offered() {
    offered_.clear();
    if (quiet_ && alternatives_ > 0) offered_.push_back(order_.id_of(&world_));
    for (std::size_t i = 0; offered_.size() < alternatives_; ++i) {
      const Action action = world_.action(i);
      offered_.push_back(order_.id_of(action.identity()));
      if (action.kind == Choice::Kind::cancel) order_.set_optional(offered_.back());
    }
  }

  /// Does alternative `index` of a point.
  void take_in_world(const Point& point, std::size_t index) {
    if (!point.quiet) {
      world_.take(index, point.alternatives());
    } else if (index > 0) {
      world_.take(index - 1, point.alternatives());
    } else if (!world_.timers().empty()) {
      world_.pass_time();
    }
  }

  /// Those that sleep on.
  void inherit(Point& parent, Point& point) {
    const Index last = order_.size() - 1;
    const HappensBefore::Kept& step = order_.kept(last);
    bool some_woke = false;
    for (const Sleeper& sleeper : parent.sleepers) {
      if (sleeper.process == order_.process(last)) continue;
      if (order_.dependent(sleeper.kept, step)) {
        some_woke = some_woke || !order_.values(sleeper.kept).empty();
        continue;
      }
      point.sleepers.push_back(sleeper);
    }
    if (!some_woke) return;
    for (Sleeper& sleeper : point.sleepers) {
      sleeper.whole =
          sleeper.whole && members(point, sleeper.process) == members(parent, sleeper.process);
    }
  }

  /// How many sleep that are steps of the process.
  [[nodiscard]] static std::ptrdiff_t members(const Point& point, const void* process) {
    return std::count_if(point.sleepers.begin(), point.sleepers.end(),
                         [&](const Sleeper& sleeper) { return sleeper.process == process; });
  }

  /// What to do next at the top of the path; kNone when there is nothing left to do.
  Node next_step() {
    Point& point = top();
    if (point.alternatives() == 0) return WakeupTree::kNone;
    while (true) {
      close_opened(point);
      if (point.branches.empty()) break;
      const Node node = tree_.take_first(point.branches);
      const WakeupTree::Step& step = tree_.step(node);
      const void* process = order_.process_of(step.id);
      const bool seen =
          sleeps_whole(point, process) || is_held(process) ||
          (sleeps(point, process, step.values()) && (!step.wide || is_opened(point, process)));
      if (!seen) return node;
      // What it touches turned out to be less than what it touched where it was seen.
      tree_.release_all(tree_.below(node));
      tree_.release(node);
    }
    const void* process = settings_.reduce ? pick_free(point) : pick_next(point);
    if (process == nullptr) return WakeupTree::kNone;
    const Node node = tree_.make();
    tree_.step(node).id = order_.id_of(process);
    tree_.step(node).open = true;
    return node;
  }

  /// Whether all that begins with the step was seen.
  [[nodiscard]] bool sleeps(const Point& point, const void* process,
                            std::span<const std::uint32_t> values) const {
    return std::any_of(point.sleepers.begin(), point.sleepers.end(), [&](const Sleeper& sleeper) {
      if (sleeper.process != process) return false;
      const auto drawn = order_.values(sleeper.kept);
      return std::equal(drawn.begin(), drawn.end(), values.begin(), values.end());
    });
  }

  [[nodiscard]] static bool sleeps_whole(const Point& point, const void* process) {
    return std::any_of(point.sleepers.begin(), point.sleepers.end(), [&](const Sleeper& sleeper) {
      return sleeper.process == process && sleeper.whole;
    });
  }

  [[nodiscard]] static bool is_opened(const Point& point, const void* process) {
    return std::find(point.opened.begin(), point.opened.end(), process) != point.opened.end();
  }

  /// Where nothing of what a process can draw is left to be tried, all of it sleeps.
  void close_opened(Point& point) const {
    std::erase_if(point.opened, [&](const void* process) {
      for (Node node = point.branches.first; node != WakeupTree::kNone; node = tree_.next(node)) {
        if (order_.process_of(tree_.step(node).id) == process) return false;
      }
      for (Sleeper& sleeper : point.sleepers) {
        sleeper.whole = sleeper.whole || sleeper.process == process;
      }
      return true;
    });
  }

  [[nodiscard]] bool is_held(const void* process) const { return orders_.holds_back(process); }

  [[nodiscard]] const void* pick_next(Point& point) {
    if (point.next_alternative == point.alternatives()) return nullptr;
    return process_at(point.next_alternative++);
  }

  [[nodiscard]] const void* process_at(std::size_t index) {
    return order_.process_of(top().offered[index]);
  }

  /// Somebody who can go on and does not sleep.
  [[nodiscard]] const void* pick_free(const Point& point) {
    if (point.tried) return nullptr;
    if (const void* process = first_free(point)) return process;
    if (std::all_of(point.sleepers.begin(), point.sleepers.end(), [&](const Sleeper& sleeper) {
          return is_held(sleeper.process) || point.is_cancellation(index_of(point, sleeper.id));
        })) {
      // All wait for steps that must come first and never do: no execution, but others may be
      // found from here.
      reverse_races({});
      out_of_patience_ = !may_go_on();
      return nullptr;
    }
    ++explorer_.blocked_;
    return nullptr;
  }

  [[nodiscard]] const void* first_free(const Point& point) {
    const auto is_free = [&](const void* process) {
      return !sleeps_whole(point, process) && !is_held(process);
    };
    const std::size_t count = point.alternatives();
    if (settings_.first_pick != FirstPick::by_priority) {
      const std::size_t offset =
          settings_.first_pick == FirstPick::random ? random_.below(count) : 0;
      for (std::size_t i = 0; i < count; ++i) {
        const std::size_t index =
            settings_.first_pick == FirstPick::last ? count - 1 - i : (i + offset) % count;
        if (const void* process = process_at(index); is_free(process)) return process;
      }
      return nullptr;
    }
    std::uint64_t best = 0;
    const void* picked = nullptr;
    pick_order_.begin(point.offered);
    for (std::size_t i = 0; i < count; ++i) {
      if (point.is_cancellation(i) && picked != nullptr) break;
      const std::uint32_t id = point.offered[i];
      const std::uint64_t alone = order_.is_next_alone(id) ? std::uint64_t{1} << 63 : 0;
      const std::uint64_t priority = alone | pick_order_.priority(id);
      if (priority <= best || !is_free(order_.process_of(id))) continue;
      best = priority;
      picked = order_.process_of(id);
    }
    return picked;
  }

  enum class Made : std::uint8_t { event, nothing_new, end };

  /// Takes the step.
  Made make(Node node) {
    Point& point = top();
    const WakeupTree::Step& step = tree_.step(node);
    const void* process = order_.process_of(step.id);
    const std::size_t index = index_of(point, step.id);
    if (index == point.alternatives()) {
      throw NotDeterministic(
          "the model is not deterministic: a task that was ready after the same steps before is "
          "not ready now; look for state that outlives an execution, addresses or real time");
    }
    const std::span<const std::uint32_t> values = step.values();
    values_.assign(values.begin(), values.end());
    choices_.assign(values_.size(), 0);
    // Where these values are one way of several, all are tried, unless they are already.
    const bool one_of_others = step.open && step.draws();
    const bool opens = (step.open || step.wide) && !one_of_others && !is_opened(point, process);
    const std::size_t forced = opens ? 0 : values_.size();
    const bool adds = opens || one_of_others;
    rest_ = std::exchange(tree_.below(node), {});
    rest_optional_ = step.leaf;
    wakes_all_ = step.wakes_all;
    is_unknown_ = !step.footprint;
    step_ = process;
    step_id_ = step.id;
    tree_.release(node);
    tree_.prefetch(rest_);
    point.known = nullptr;
    point.injected = false;
    if (point.quiet && index == 0) return let_be(point);
    ++explorer_.steps_;
    KnownSteps::State* const state = known_state();
    if (state != nullptr) {
      if (KnownSteps::Step* known = find_known(*state, point, index)) {
        if (!settings_.checks_repeated) return repeat(point, index, *known);
        expect(*known, index);
      }
    }
    complete();
    last_and_alone_ = is_likely_last_and_alone(point) && (state == nullptr || !learns_last());
    const std::size_t outstanding = memory_.outstanding_now();
    const std::uint64_t exclusions = memory_.exclusions();
    while (true) {
      take(point, index);
      if (world_.out_of_memory()) return over(End::out_of_memory);
      if (log_.outside()) {
        explorer_.outside_ = log_.outside();
        return over(End::outside);
      }
      if (settings_.reduce && world_.time() != now_) return over(End::clock_moved);
      undo_->commit(nullptr);
      if (!last_and_alone_ || was_last_and_alone()) break;
      // What it touches matters after all.
      last_and_alone_ = false;
      log_.clear();
      values_.clear();
      choices_.clear();
      rewind(point);
    }
    if (!values_.empty()) {
      if (opens) point.opened.push_back(process);
      if (adds) add_other_values(point, forced);
      if (sleeps(point, process, values_) ||
          tree_.is_tried_from(point.branches.first, step_id_, values_)) {
        tree_.release_all(rest_);
        log_.clear();
        return Made::nothing_new;
      }
    }
    point.tried = true;
    alternatives_ = world_.failure() ? 0 : count_alternatives();
    point.withdrawn.assign(withdrawn_.begin(), withdrawn_.end());
    point.injected = point.is_cancellation(index);
    note_what_went(point);
    if (repeats_steps_ && !last_and_alone_) {
      record_step(state, point, index, exclusions == memory_.exclusions());
    }
    const bool alone = point.known != nullptr && is_alone(point) && posts_.empty() &&
                       !log_.untold() && was_last_and_alone();
    add_event(point.injected);
    if (point.quiet && !can_come_early(order_)) return end_in_vain();
    if (point.known != nullptr) point.known->footprint = FootprintRef(*last_kept().footprint);
    if (expected_.known != nullptr && !was_expected()) ++explorer_.wrongly_repeated_;
    const bool expected_last = std::exchange(expected_, {}).last;
    return after_event([&] {
      if (!finish_execution()) return false;
      if (expected_last && !ended_well_) ++explorer_.wrongly_repeated_;
      if (alone && ended_well_) {
        ++last_learned_;
        KnownSteps::Step& last = *point.known;
        last.last = true;
        last.outstanding = outstanding;
        last.loop_blocks = point.loop.state.loop_blocks;
        last.unfinished_tasks = point.loop.state.unfinished_tasks;
      }
      return true;
    });
  }

  /// The step has become an event; `end()` says whether the search goes on after an execution.
  template <class EndExecution>
  Made after_event(EndExecution&& end) {
    // If it was known what the step touches, what else is to be tried was compared with that.
    if (is_unknown_ && settings_.reduce && values_.empty()) {
      reversal_.leave_to(order_.size() - 1, top().branches);
    }
    if (touched_.any_untold() && touched_.is_untold_shared(order_)) {
      return over(End::not_instrumented);
    }
    if (alternatives_ > 0) {
      return world_.steps() < world_.max_steps() ? Made::event : over(End::too_deep);
    }
    last_step_ = {step_, order_.ordinal(order_.size() - 1)};
    return end() ? Made::event : Made::end;
  }

  /// What is known of the next event before its step is made.
  [[nodiscard]] HappensBefore::Step begin_event() {
    HappensBefore::Step step;
    step.process = step_;
    step.id = step_id_;
    step.after = orders_.before_next(step_);
    return step;
  }

  [[nodiscard]] const HappensBefore::Kept& last_kept() const {
    return order_.kept(order_.size() - 1);
  }

  /// The state of the process of the next step; null if it is not known.
  [[nodiscard]] KnownSteps::State* known_state() {
    if (!repeats_steps_) return nullptr;
    // Where hardly any are repeated it is not worth the while.
    if (recorded_ > kLearnedAtFirst && explorer_.repeated_ < recorded_ / 4) repeats_steps_ = false;
    const std::uint32_t id = step_id_;
    if (const Index last = order_.last_of(id); last != HappensBefore::kNone) {
      return path_[last].known != nullptr ? path_[last].known->state : nullptr;
    }
    const Index poster = order_.poster_of(id);
    if (poster == HappensBefore::kNone) return &known_steps_.first(id);
    KnownSteps::Step* known = path_[poster].known;
    return known != nullptr ? &known_steps_.first(*known, id) : nullptr;
  }

  /// One that need not be executed; null if there is none.
  [[nodiscard]] KnownSteps::Step* find_known(KnownSteps::State& state, const Point& point,
                                             std::size_t index) {
    const std::uint64_t looked_at = known_steps_.looks_at();
    const KnownSteps::Who who{step_id_, order_.birth_of(step_id_)};
    KnownSteps::Step* known = known_steps_.find(state, now_, who);
    if (is_incomplete_ && known_steps_.looks_at() != looked_at) {
      complete();
      known = known_steps_.find(state, now_, who);
    }
    if (!values_.empty() || index >= world_.ready().size() || world_.first_invariant() != nullptr) {
      return nullptr;
    }
    if (known == nullptr) return nullptr;
    return known->repeatable || is_known_last(*known, point) ? known : nullptr;
  }

  [[nodiscard]] bool is_known_last(const KnownSteps::Step& known, const Point& point) const {
    return known.last && is_alone(point) && !settings_.on_end &&
           known_steps_.leaves_nothing(known, point.loop.state);
  }

  /// Does what the step has done before.
  Made repeat(Point& point, std::size_t index, KnownSteps::Step& known) {
    ++explorer_.repeated_;
    const bool last = is_known_last(known, point);
    if (last) {
      ++last_repeated_;
      alternatives_ = 0;
    } else {
      repeat_effects(point, index, known);
    }
    point.known = &known;
    point.tried = true;
    point.withdrawn.clear();
    HappensBefore::Step step = begin_event();
    step.posts = known.posts;
    step.arrivals = known.arrivals;
    step.completed = known.completed;
    step.final = known.footprint->final;
    // What all comes before, and nothing behind, is compared with nothing.
    const bool compared =
        !last || !settings_.reduce || touched_.any_untold() || !order_.all_before_next(step_id_);
    if (compared) step.known = known.footprint.get();
    order_.push(step);
    return after_event([&] { return last ? end_execution({}, false) : finish_execution(); });
  }

  void repeat_effects(Point& point, std::size_t index, KnownSteps::Step& known) {
    // Where much had to be completed later it is not worth the while.
    const bool worthwhile = completed_later_ < kLearnedAtFirst + left_out_ / 4;
    if (worthwhile && known.posts_are_posted && !known.footprint->final) {
      ++left_out_;
      known_steps_.repeat_for_now(known, index, point.alternatives(), world_, *undo_);
      is_incomplete_ = true;
      alternatives_ = world_.alternatives();
      // Where the execution ends, or time passes, more is asked for.
      if (alternatives_ > 0 && world_.time() == now_) {
        offered_.assign(point.offered.begin(), point.offered.end());
        offered_.erase(offered_.begin() + static_cast<std::ptrdiff_t>(index));
        const auto timers = static_cast<std::ptrdiff_t>(point.loop.state.ready.size()) - 1;
        const std::size_t before = offered_.size();
        for (const void* process : known.posts) offered_.push_back(order_.id_of(process));
        std::rotate(offered_.begin() + timers,
                    offered_.begin() + static_cast<std::ptrdiff_t>(before), offered_.end());
        return;
      }
      rewind(point);
    }
    complete();
    known_steps_.repeat(known, index, point.alternatives(), world_, *undo_);
    alternatives_ = world_.alternatives();
  }

  /// Writes what was left out by the steps that were repeated for now.
  void complete() {
    if (!is_incomplete_) return;
    const std::size_t depth = depth_;
    depth_ = last_complete_ + 1;
    rewind(top());
    while (depth_ < depth) {
      Point& point = top();
      world_.restore(point.loop);
      const std::size_t index = index_of(point, order_.process_id(static_cast<Index>(depth_) - 1));
      known_steps_.repeat(*point.known, index, point.alternatives(), world_, *undo_);
      ++completed_later_;
      ++depth_;
      top().position = undo_->position(nullptr);
    }
    last_complete_ = depth_ - 1;
    world_.restore(top().loop);
    now_ = world_.time();
    alternatives_ = top().alternatives();
  }

  /// Goes back to where nothing is left out of memory.
  void back_to_complete() {
    if (!std::exchange(is_incomplete_, false)) return;
    undo_->rewind(path_[last_complete_].position, nullptr);
    world_.restore(path_[last_complete_].loop);
  }

  [[nodiscard]] static std::size_t index_of(const Point& point, std::uint32_t process) {
    return static_cast<std::size_t>(std::find(point.offered.begin(), point.offered.end(), process) -
                                    point.offered.begin());
  }

  /// A step that is known is executed all the same: what it should do.
  void expect(const KnownSteps::Step& known, std::size_t index) {
    ++explorer_.repeated_;
    expected_.known = &known;
    expected_.last = is_known_last(known, top());
    if (!known.repeatable) return;
    known_steps_.repeat(known, index, top().alternatives(), world_, *undo_);
    expected_.memory.assign(memory_.begin(), memory_.begin() + memory_.used());
    world_.save(expected_.loop);
    rewind(top());
  }

  /// Whether the last event was what was expected.
  [[nodiscard]] bool was_expected() const {
    const KnownSteps::Step& known = *expected_.known;
    const auto same_words = [](std::vector<AccessedWord> one, std::vector<AccessedWord> other) {
      std::sort(one.begin(), one.end());
      std::sort(other.begin(), other.end());
      return one == other;
    };
    const detail::KeptFootprint& touched = *last_kept().footprint;
    const detail::LoopState& loop = expected_.loop.state;
    return world_.failure() == std::nullopt && withdrawn_.empty() && values_.empty() &&
           std::ranges::equal(posts_, known.posts) &&
           std::ranges::equal(arrivals_, known.arrivals) &&
           std::ranges::equal(completed_, known.completed) &&
           same_words(touched.words, known.footprint->words) &&
           std::ranges::equal(touched.released, known.footprint->released) &&
           (!known.repeatable ||
            (std::ranges::equal(std::span(memory_.begin(), memory_.used()), expected_.memory) &&
             std::ranges::equal(world_.ready(), loop.ready) && world_.steps() == loop.steps &&
             world_.blocks_held() == loop.loop_blocks && world_.first_task() == loop.first_task &&
             world_.state().last_task == loop.last_task &&
             world_.state().unfinished_tasks == loop.unfinished_tasks));
  }

  /// Null: the state is not known.
  void record_step(KnownSteps::State* state, Point& point, std::size_t index,
                   bool excludes_nothing) {
    const KnownSteps::Executed executed{
        .process = step_id_,
        .ordinal = order_.next_ordinal(step_id_),
        .final = ends_execution(),
        .log = log_,
        .undo = *undo_,
        .before = point.loop.state,
        .index = index,
        .after = world_.state(),
        .values = values_,
        .posts = posts_,
        .arrivals = arrivals_,
        .completed = completed_,
        .finished = finished_,
        .may_repeat = excludes_nothing && values_.empty() && withdrawn_.empty() && !log_.untold() &&
                      !world_.failure() && world_.first_invariant() == nullptr};
    if (state == nullptr) {
      known_steps_.note_writes(executed);
      return;
    }
    ++recorded_;
    point.known = known_steps_.record(*state, executed);
  }

  /// Whether what the last step of an execution touches is worth being asked for, to know it the
  /// next time.
  [[nodiscard]] bool learns_last() const {
    return last_learned_ < kLearnedAtFirst || last_repeated_ > last_learned_;
  }

  /// Whether nothing can come but one step that is ready.
  [[nodiscard]] static bool is_alone(const Point& point) {
    return point.alternatives() == 1 && point.loop.state.ready.size() == 1 &&
           point.loop.state.timers.empty();
  }

  void clear_effects() {
    posts_.clear();
    arrivals_.clear();
    completed_.clear();
    withdrawn_.clear();
    finished_.clear();
    ended_.clear();
  }

  void take(const Point& point, std::size_t index) {
    next_value_ = 0;
    clear_effects();
    memory_.enter_process(step_);
    touched_.begin_step();
    const AccessLog::Scope logging(
        log_, AccessLog::Range::between(memory_.begin(), end_of_memory()),
        AccessLog::Range::between(&world_, &world_ + 1),
        last_and_alone_ ? AccessLog::What::outside : AccessLog::What::all);
    running_ = true;
    take_in_world(point, index);
    running_ = false;
  }

  /// Nothing is ready, and nobody is cancelled: time passes, or the execution ends.
  Made let_be(Point& point) {
    clear_effects();
    take_in_world(point, 0);
    point.tried = true;
    point.withdrawn.clear();
    const bool ends = world_.time() == now_;
    alternatives_ = ends ? 0 : count_alternatives();
    note_what_went(point);
    order_.begin_epoch();
    HappensBefore::Step step = begin_event();
    step.final = true;
    order_.push(step);
    return after_event([&] { return finish_execution(); });
  }

  /// The cancellation could come only where nothing else can: no execution, but others may be found
  /// from here.
  Made end_in_vain() {
    alternatives_ = 0;
    return after_event([&] {
      reverse_races({});
      return may_go_on();
    });
  }

  /// Cancellations that could have come before the step and cannot any more: the last one that may
  /// be injected has come, or their task has ended. Where nothing is ready each step excludes all
  /// others.
  void note_what_went(Point& point) {
    if (!injects_) return;
    point.excluded.clear();
    point.ended.clear();
    for (const void* cancellation : ended_) point.ended.push_back(order_.id_of(cancellation));
    find_offered();
    for (std::size_t i = 0; i < point.alternatives(); ++i) {
      const std::uint32_t id = point.offered[i];
      if (id == step_id_ || (!point.quiet && !point.is_cancellation(i))) continue;
      if (!point.quiet && std::find(offered_.begin(), offered_.end(), id) != offered_.end()) {
        continue;
      }
      point.excluded.push_back(id);
    }
  }

  /// Whether nothing could have come instead of the next step, all comes before it, and nothing
  /// will follow: what it touches is then compared with nothing. That it is the last is a guess.
  [[nodiscard]] bool is_likely_last_and_alone(const Point& point) {
    return settings_.reduce && !touched_.any_untold() && point.alternatives() == 1 &&
           values_.empty() && step_ == last_step_.process &&
           order_.next_ordinal(step_id_) == last_step_.ordinal && order_.all_before_next(step_id_);
  }
  [[nodiscard]] bool was_last_and_alone() {
    return values_.empty() && withdrawn_.empty() && !world_.failure() && world_.ready().empty() &&
           world_.alternatives() == 0;
  }

  [[nodiscard]] const std::byte* end_of_memory() const { return memory_.begin() + memory_.limit(); }

  /// All that the step could have drawn instead, from the last draw to the first that was free.
  void add_other_values(Point& point, std::size_t forced) {
    for (std::size_t at = forced; at < values_.size(); ++at) {
      for (std::uint32_t value = choices_[at]; value-- > 0;) {
        if (value == values_[at]) continue;
        const Node node = tree_.make();
        WakeupTree::Step& other = tree_.step(node);
        other.id = step_id_;
        other.open = true;
        const auto end = values_.begin() + static_cast<std::ptrdiff_t>(at);
        std::vector<std::uint32_t> values(values_.begin(), end);
        values.push_back(value);
        other.draw(values);
        tree_.prepend(point.branches, node);
      }
    }
  }

  void add_event(bool is_cancellation) {
    if (!last_and_alone_) touched_.collect(log_, *undo_, step_);
    // What is left of the cancellations that may be injected.
    if (is_cancellation) touched_.add(reinterpret_cast<std::uintptr_t>(&memory_) / 8);
    HappensBefore::Step step = begin_event();
    step.footprint = {touched_.words(), log_.released(), 0, 0};
    step.values = values_;
    step.posts = posts_;
    step.arrivals = arrivals_;
    step.completed = completed_;
    // It ends the others, too, and looks whether there are some left.
    step.final = ends_execution();
    order_.push(step);
    log_.clear();
  }

  /// Whether nothing can follow the last step, whenever it is taken in the same state.
  [[nodiscard]] bool ends_execution() const { return world_.failure() || world_.root()->done(); }

  void count_conflicts() {
    std::vector<Conflict>& conflicts = explorer_.conflicts_;
    const auto step_of = [&](Index event) {
      return StepOf{order_.process(event), order_.ordinal(event)};
    };
    if (explorer_.executions_ == 1) {
      for (Index later = 0; later < order_.size(); ++later) {
        if (order_.kept(later).footprint->final || path_[later].injected) continue;
        for (const HappensBefore::Race& race : order_.races(later)) {
          if (path_[race.earlier].injected) continue;
          conflicts.push_back({step_of(race.earlier), step_of(later)});
        }
      }
    }
    for (Conflict& conflict : conflicts) {
      const Index one = order_.find(conflict.one.process, conflict.one.ordinal);
      const Index other = order_.find(conflict.other.process, conflict.other.ordinal);
      if (one == HappensBefore::kNone || other == HappensBefore::kNone) continue;
      ++(order_.dependent(order_.kept(one), order_.kept(other)) ? conflict.conflicts
                                                                : conflict.without);
    }
  }

  // StepWatcher
  void posted(const Runnable& runnable) noexcept override {
    if (running_) posts_.push_back(runnable.identity());
  }
  void started(detail::TaskBase& task) noexcept override {
    if (!running_ || !injects_) return;
    posts_.push_back(Action{Choice::Kind::cancel, nullptr, &task, 0}.identity());
  }
  void withdrawn(const Runnable& runnable) noexcept override {
    // What could not have come before the step is nothing that it took away.
    if (!running_) return;
    if (was_offered(runnable) && !is_held(runnable.identity())) {
      withdrawn_.push_back(runnable.identity());
    }
  }
  void arrived(const void* meeting) noexcept override { arrivals_.push_back(meeting); }
  void all_arrived(const void* meeting) noexcept override { completed_.push_back(meeting); }
  void finishing(detail::TaskBase& task) noexcept override {
    if (running_ && injects_) {
      const Action cancellation{Choice::Kind::cancel, nullptr, &task, 0};
      ended_.push_back(cancellation.identity());
    }
    finished_.push_back(detail::TaskLinks::of(task));
  }

  /// Whether it was an alternative to the step that runs or ran last.
  [[nodiscard]] bool was_offered(const Runnable& runnable) noexcept {
    const detail::LoopState& before = top().loop.state;
    const auto timers_end =
        before.timers.begin() + static_cast<std::ptrdiff_t>(before.offered_timers);
    return std::any_of(
               before.ready.begin(), before.ready.end(),
               [&](const detail::ReadyEntry& entry) { return entry.runnable == &runnable; }) ||
           std::any_of(before.timers.begin(), timers_end,
                       [&](const detail::TimerEntry& entry) { return entry.timer == &runnable; });
  }

  /// The execution has come to its end; false when the search has, too.
  bool finish_execution() {
    std::vector<const void*> left;  // who could have gone on instead of the last step
    const auto add_left = [&](const Runnable& runnable) {
      if (was_offered(runnable) && !is_held(runnable.identity())) {
        left.push_back(runnable.identity());
      }
    };
    for (const detail::ReadyEntry& entry : world_.ready()) add_left(*entry.runnable);
    for (const detail::TimerEntry& entry : world_.timers()) add_left(*entry.timer);
    running_ = false;
    world_.end();
    undo_->commit(nullptr);
    return end_execution(left, world_.blocks_held() > 0 || memory_.outstanding_now() > 0);
  }

  bool end_execution(const std::vector<const void*>& left, bool leaves_memory) {
    ended_well_ = false;
    if (!orders_.are_of_conflicts()) return give_up(End::no_conflict);
    if (!orders_.execution_counts()) {
      reverse_races(left);
      return may_go_on();
    }
    ++explorer_.executions_;
    if (settings_.counts_conflicts) count_conflicts();
    if (settings_.on_end) settings_.on_end(world_);
    if (settings_.counts_classes) explorer_.classes_.push_back(order_.class_of_execution());
    if (world_.failure()) {
      ++explorer_.failing_;
      if (settings_.on_failure) {
        make_possible();
        settings_.on_failure(world_);
      }
      if (settings_.stop_at_failure) return give_up(End::failure);
    } else if (leaves_memory) {
      return give_up(End::leaves_memory);
    }
    ended_well_ = !world_.failure();
    if (explorer_.executions_ >= explorer_.limits_.executions) {
      return give_up(End::out_of_executions);
    }
    if (!may_go_on()) return false;
    if (settings_.reduce) reverse_races(left);
    return true;
  }

  /// After each execution, whether it counts or not: looks now and then whether the search may go
  /// on.
  [[nodiscard]] bool may_go_on() {
    if (++made_ % kExecutionsBetweenChecks != 0) return true;
    if (settings_.on_progress) settings_.on_progress(explorer_);
    const auto& deadline = explorer_.limits_.deadline;
    return !deadline || std::chrono::steady_clock::now() < *deadline || give_up(End::out_of_time);
  }

  Made over(End end) {
    end_ = end;
    return Made::end;
  }
  bool give_up(End end) {
    end_ = end;
    return false;
  }

  Index cover(Index earlier, std::uint32_t process, Index later) {
    return reversal_.cover(path_[earlier], earlier, process, later);
  }

  void reverse_races(const std::vector<const void*>& left) {
    reversal_.begin_execution(unchanged_);
    for (HappensBefore::Race& race : order_.races()) {
      if (race.covered_by < unchanged_) continue;
      race.covered_by = cover(race.earlier, order_.process_id(race.later), race.later);
    }
    if (injects_) reverse_cancellations();
    for (Index event = 0; event < order_.size(); ++event) {
      for (const void* process : path_[event].withdrawn) {
        cover(event, order_.id_of(process), HappensBefore::kNone);
      }
    }
    // Who was ready when the last step ended the execution could have come before it.
    if (order_.size() > 0) {
      for (const void* process : left) {
        cover(order_.size() - 1, order_.id_of(process), HappensBefore::kNone);
      }
    }
    unchanged_ = order_.size();
  }

  /// An execution without a cancellation is another one, and so is one with a cancellation that a
  /// step excluded.
  void reverse_cancellations() {
    for (Index event = 0; event < order_.size(); ++event) {
      Point& point = path_[event];
      if (point.injected) (void)cover(event, 0, HappensBefore::kNone);
      if (point.excluded.empty()) continue;
      std::uint32_t others = 0;  // that would come before it
      for (Index later = event + 1; later < order_.size(); ++later) {
        if (path_[later].injected && !order_.before(event, later)) ++others;
      }
      if (others >= point.loop.state.cancellations_left) continue;
      for (const std::uint32_t id : point.excluded) {
        reversal_.cover(point, event, id, HappensBefore::kNone, end_of_target(event, id));
      }
    }
  }

  /// The event behind `first` with which the task ended that a cancellation is of; kNone if there
  /// is none.
  [[nodiscard]] Index end_of_target(Index first, std::uint32_t cancellation) const {
    for (Index event = first + 1; event < order_.size(); ++event) {
      const std::vector<std::uint32_t>& ended = path_[event].ended;
      if (std::find(ended.begin(), ended.end(), cancellation) != ended.end()) return event;
    }
    return HappensBefore::kNone;
  }

  /// Leaves the top of the path; false when that was the last point.
  bool go_back() {
    while (true) {
      order_.drop(top().mark);
      --depth_;
      if (depth_ == 0) return false;
      Point& point = top();
      const void* process = order_.process(order_.size() - 1);
      const std::uint32_t id = order_.process_id(order_.size() - 1);
      const HappensBefore::Kept kept = order_.pop(point.epoch);
      unchanged_ = std::min(unchanged_, order_.size());
      if (settings_.reduce) {
        point.sleepers.push_back({process, id, kept, order_.values(kept).empty()});
      }
      ++point.explored;
      const bool more = !point.branches.empty() ||
                        (!settings_.reduce && point.next_alternative < point.alternatives());
      if (!more) continue;
      tree_.prefetch(point.branches);
      rewind(point);
      return true;
    }
  }

  void rewind(Point& point) {
    if (!positions_lost_ && undo_->holds(point.position)) {
      undo_->rewind(point.position, nullptr);
      world_.restore(point.loop);
      is_incomplete_ = last_complete_ < depth_ - 1;
      last_complete_ = std::min(last_complete_, depth_ - 1);
    } else {
      back_to_complete();
      execute_again();
    }
    alternatives_ = point.alternatives();
    now_ = world_.time();
  }

  /// Reaches the top of the path from the beginning, since its snapshot was dropped.
  void execute_again() {
    begin_again();
    positions_lost_ = false;
    for (std::size_t i = 0; i < depth_; ++i) {
      if (i > 0) {
        const Index event = static_cast<Index>(i) - 1;
        prepare_again(event);
        take_in_world(path_[i - 1], index_of(path_[i - 1], order_.process_id(event)));
        undo_->commit(nullptr);
      }
      (void)count_alternatives();
      path_[i].position = undo_->position(nullptr);
      world_.save(path_[i].loop);
    }
    last_complete_ = depth_ - 1;
  }

  void begin_again() {
    undo_.reset();
    world_.restart();
    undo_.emplace(memory_);
  }

  /// The step of an event is about to be made once more.
  void prepare_again(Index event) {
    const auto values = order_.values(order_.kept(event));
    values_.assign(values.begin(), values.end());
    choices_.assign(values_.size(), 0);
    next_value_ = 0;
    memory_.enter_process(order_.process(event));
  }

  /// Where somebody was cancelled when nothing was ready, the execution is made once more in an
  /// order in which a world offers that, so that its tape leads there.
  void make_possible() {
    std::vector<Index> cancellations;
    bool possible = true;
    for (Index event = 0; event < order_.size(); ++event) {
      if (!path_[event].injected) continue;
      cancellations.push_back(event);
      possible = possible && !path_[event].quiet;
    }
    if (possible) return;
    begin_again();
    positions_lost_ = true;
    for (const Index event : order_with_early(order_, cancellations)) {
      if (path_[event].quiet && !path_[event].injected) continue;  // comes by itself
      prepare_again(event);
      const std::size_t alternatives = world_.alternatives();
      std::size_t index = 0;
      while (order_.id_of(world_.action(index).identity()) != order_.process_id(event)) ++index;
      world_.take(index, alternatives);
      undo_->commit(nullptr);
    }
    world_.end();
    undo_->commit(nullptr);
  }

  DporExplorer& explorer_;
  const Settings& settings_;
  World& world_;
  detail::ModelMemory& memory_;
  RandomStream random_;
  std::optional<UndoLog> undo_;
  AccessLog log_;
  HappensBefore order_;
  detail::StepOrders orders_{settings_.orders, order_};
  KnownSteps known_steps_;
  TouchedWords touched_;
  const bool injects_;  // cancellations
  bool repeats_steps_;
  struct Expected {
    const KnownSteps::Step* known = nullptr;
    bool last = false;
    std::vector<std::byte> memory;
    detail::LoopSnapshot loop;
  };
  Expected expected_;  // with Settings::checks_repeated
  std::uint64_t recorded_ = 0;
  std::uint64_t last_learned_ = 0;
  std::uint64_t last_repeated_ = 0;
  bool ended_well_ = false;  // the last execution, and has left nothing
  WakeupTree tree_;
  Branches rest_;  // of the sequence of which a step was taken
  bool rest_optional_ = false;
  bool wakes_all_ = false;   // whether nothing sleeps after that step
  bool is_unknown_ = false;  // what it touches
  detail::PickOrder pick_order_{settings_.seed};
  RaceReversal reversal_{order_, tree_, pick_order_};
  std::vector<Point> path_;
  std::size_t depth_ = 0;
  Index unchanged_ = 0;  // so many events are those of the last execution that was looked at
  std::size_t alternatives_ = 0;
  std::vector<std::uint32_t> offered_;  // as in the next Point, unless it is to be found out
  bool is_incomplete_ = false;  // whether steps that were repeated for now have left something out
  std::size_t last_complete_ = 0;      // the last point on the way there before that
  std::uint64_t left_out_ = 0;         // steps that were repeated for now
  std::uint64_t completed_later_ = 0;  // those that had to be repeated once more
  TimePoint now_{};
  bool quiet_ = false;           // whether nothing is ready, and the next Point is to be that
  bool positions_lost_ = false;  // whether no Point can be gone back to without executing
  End end_ = End::exhausted;

  /// Which event an execution ended with.
  struct LastStep {
    const void* process = nullptr;
    Index ordinal = 0;
  };
  LastStep last_step_;

  // Of the step that runs.
  const void* step_ = nullptr;   // whose it is
  std::uint32_t step_id_ = 0;    // the same as a number
  bool last_and_alone_ = false;  // whether what it touches is not asked for
  bool running_ = false;
  std::uint64_t made_ = 0;        // executions, and what was begun and cannot become one
  bool out_of_patience_ = false;  // whether the search ends
  HarnessVector<std::uint32_t> values_;
  HarnessVector<std::uint32_t> choices_;
  std::size_t next_value_ = 0;
  HarnessVector<const void*> posts_;
  HarnessVector<const void*> arrivals_;
  HarnessVector<const void*> completed_;
  HarnessVector<const void*> withdrawn_;
  HarnessVector<detail::TaskLinks> finished_;
  HarnessVector<const void*> ended_;  // the cancellations of these tasks
};

DporExplorer::DporExplorer() = default;

DporExplorer::DporExplorer(Limits limits, Settings settings)
    : limits_(limits), settings_(std::move(settings)) {}

DporExplorer::~DporExplorer() = default;

bool DporExplorer::next() {
  return !std::exchange(started_, true);
}

/// Only the values of a choose() are asked for.
std::size_t DporExplorer::pick(std::size_t alternatives, const World&) {
  assert(driver_ != nullptr);
  return driver_->choose(alternatives);
}

bool DporExplorer::drive(World& world) {
  {
    Driver driver(*this, world);
    driver_ = &driver;
    end_ = driver.run();
    picks_ = driver.picks();
    driver_ = nullptr;
  }
  if (end_ != End::failure) world.discard();
  return true;
}

double DporExplorer::progress() const {
  return driver_ != nullptr ? driver_->progress() : 1;
}

std::vector<detail::Fingerprint> DporExplorer::classes() const {
  std::vector<detail::Fingerprint> sorted = classes_;
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

}  // namespace cocheck
