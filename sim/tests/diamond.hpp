#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <ostream>
#include <set>
#include <sstream>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "cocheck/detail/access_log.hpp"
#include "cocheck/detail/happens_before.hpp"
#include "cocheck/detail/step_watcher.hpp"
#include "cocheck/detail/task_base.hpp"
#include "cocheck/detail/undo_log.hpp"
#include "cocheck/explorer.hpp"
#include "cocheck/world.hpp"

/// Whether steps that are called independent may be taken in either order.
namespace cocheck::test {

/// Two alternatives of a state, and the way there.
struct Pair {
  std::vector<std::uint32_t> way;  // by alternatives
  std::uint32_t one = 0;
  std::uint32_t other = 0;

  friend std::ostream& operator<<(std::ostream& out, const Pair& pair) {
    out << "after";
    for (const std::uint32_t step : pair.way) out << ' ' << step;
    return out << ": alternatives " << pair.one << " and " << pair.other;
  }
};

/// A world that is taken step by step, forth and back, and whose states are compared word by word:
/// memory is laid out so that equal histories of a process give equal addresses.
class SteppedWorld {
 public:
  explicit SteppedWorld(World& world)
      : world_(world), memory_(world.memory()), undo_(world.memory()) {}

  struct Point {
    detail::UndoLog::Position position;
    detail::LoopSnapshot loop;
  };
  [[nodiscard]] Point save() const {
    Point point;
    point.position = undo_.position(nullptr);
    world_.save(point.loop);
    return point;
  }
  void go_back(const Point& point) {
    undo_.rewind(point.position, nullptr);
    world_.restore(point.loop);
  }

  [[nodiscard]] const void* process_at(std::size_t index) const {
    return world_.action(index).runnable->identity();
  }
  void take(std::size_t index, std::size_t alternatives) {
    memory_.enter_process(process_at(index));
    world_.take(index, alternatives);
    undo_.commit(nullptr);
  }
  /// False where the process cannot go on.
  bool take(const void* process) {
    const std::size_t alternatives = ended() ? 0 : world_.alternatives();
    std::size_t index = 0;
    while (index < alternatives && process_at(index) != process) ++index;
    if (index == alternatives) return false;
    take(index, alternatives);
    return true;
  }
  [[nodiscard]] bool ended() const { return world_.failure() || world_.root()->done(); }

  [[nodiscard]] World& world() { return world_; }
  [[nodiscard]] detail::ModelMemory& memory() { return memory_; }
  [[nodiscard]] const detail::UndoLog& undo() const { return undo_; }

  /// A live block, or what the loop keeps.
  struct Part {
    std::uintptr_t address = 0;
    std::vector<std::uint64_t> words;

    friend auto operator<=>(const Part&, const Part&) = default;
  };
  using State = std::vector<Part>;

  [[nodiscard]] State state() const {
    State state;
    for (detail::ModelMemory::BlockId id = 0; id < memory_.block_count(); ++id) {
      const detail::ModelMemory::Block& block = memory_.block(id);
      if (!block.live()) continue;
      const auto address = reinterpret_cast<std::uintptr_t>(memory_.address(id));
      std::vector<std::uint64_t> words((std::size_t{block.bytes} + 7) / 8);
      for (std::size_t i = 0; i < words.size(); ++i) {
        if (!memory_.matters(address / 8 + i)) continue;
        std::memcpy(&words[i], memory_.address(id) + 8 * i, 8);
      }
      state.push_back({address, std::move(words)});
    }
    const auto add = [&](const void* address, std::vector<std::uint64_t> words) {
      state.push_back({reinterpret_cast<std::uintptr_t>(address), std::move(words)});
    };
    for (const detail::ReadyEntry& entry : world_.ready()) add(entry.runnable, {kReady});
    for (const detail::TimerEntry& entry : world_.timers()) {
      add(entry.timer, {kTimer, number_of(entry.deadline)});
    }
    const detail::TaskBase* task = world_.first_task();
    for (; task != nullptr; task = task->next_task) add(task, {kUnfinished});
    add(nullptr, {number_of(world_.time())});
    if (world_.failure()) {
      std::vector<std::uint64_t> message;
      for (const char letter : world_.failure()->message) {
        message.push_back(static_cast<unsigned char>(letter));
      }
      add(nullptr, std::move(message));
    }
    std::sort(state.begin(), state.end());
    return state;
  }

  [[nodiscard]] static std::uint64_t hash(const State& state) {
    std::uint64_t sum = 0;
    const auto add = [&](std::uint64_t value) {
      sum = (sum ^ value) * 0x9e37'79b9'7f4a'7c15u;
      sum ^= sum >> 29;
    };
    for (const Part& part : state) {
      add(part.address);
      for (const std::uint64_t word : part.words) add(word);
    }
    return sum;
  }

  /// Empty where two orders of steps from a point lead to the same state, or to states that nobody
  /// can tell apart: in both the same processes can go on, and whatever they do leads to the same.
  [[nodiscard]] std::string difference(const Point& here, const std::vector<const void*>& first,
                                       const std::vector<const void*>& second) {
    compared_.clear();
    return difference_after(here, {first, second});
  }

 private:
  static constexpr std::uint64_t kReady = 1;
  static constexpr std::uint64_t kTimer = 2;
  static constexpr std::uint64_t kUnfinished = 3;
  static constexpr std::size_t kMaxTries = 5'000;

  struct Ways {
    std::vector<const void*> first;
    std::vector<const void*> second;
  };
  struct Reached {
    bool possible = true;
    State state;
    std::vector<const void*> next;
  };

  [[nodiscard]] static std::uint64_t number_of(TimePoint time) {
    return static_cast<std::uint64_t>(time.time_since_epoch().count());
  }

  Reached follow(const Point& here, const std::vector<const void*>& way) {
    Reached reached;
    for (const void* process : way) reached.possible = reached.possible && take(process);
    const std::size_t alternatives = ended() ? 0 : world_.alternatives();
    for (std::size_t i = 0; i < alternatives; ++i) reached.next.push_back(process_at(i));
    std::sort(reached.next.begin(), reached.next.end());
    reached.state = state();
    go_back(here);
    return reached;
  }

  std::string difference_after(const Point& here, Ways ways) {
    const Reached first = follow(here, ways.first);
    const Reached second = follow(here, ways.second);
    if (!first.possible || !second.possible) return "one way is not possible";
    if (first.state == second.state) return {};
    if (first.next != second.next || first.next.empty()) {
      return describe(first.state, second.state);
    }
    // What was begun to be compared already is being looked at.
    if (!compared_.insert({hash(first.state), hash(second.state)}).second) return {};
    if (compared_.size() > kMaxTries) return "cannot tell: too many ways";
    for (const void* process : first.next) {
      Ways longer = ways;
      longer.first.push_back(process);
      longer.second.push_back(process);
      if (std::string found = difference_after(here, std::move(longer)); !found.empty()) {
        return found;
      }
    }
    return {};
  }

  [[nodiscard]] static std::string describe(const State& first, const State& second) {
    std::ostringstream text;
    text << std::hex;
    const auto show = [&](const char* name, const State& mine, const State& other) {
      for (const Part& part : mine) {
        if (std::binary_search(other.begin(), other.end(), part)) continue;
        text << "\n    only in the " << name << " order " << part.address << ':';
        for (const std::uint64_t word : part.words) text << ' ' << word;
      }
    };
    show("first", first, second);
    show("second", second, first);
    return text.str();
  }

  World& world_;
  detail::ModelMemory& memory_;
  detail::UndoLog undo_;
  std::set<std::pair<std::uint64_t, std::uint64_t>> compared_;
};

/// Goes over the states of a model and finds the independent pairs of alternatives, as the strategy
/// `dpor` would.
class DiamondExplorer final : public Explorer {
 public:
  struct Settings {
    std::size_t max_states = 1'000;
    /// Instead of pairs: all executions, if they are not more, by class. 0: not that.
    std::size_t max_executions = 0;
    // What is broken on purpose:
    std::uint64_t ignored_modulus = 0;  // see HappensBefore::ignore_words()
    std::uint64_t ignored_remainder = 0;
    bool without_notes = false;
    bool without_releases = false;
  };

  explicit DiamondExplorer(const Settings& settings) : settings_(settings) {}

  bool next() override { return !std::exchange(started_, true); }
  std::size_t pick(std::size_t, const World&) override { return 0; }
  bool drive(World& world) override;
  [[nodiscard]] bool tracks_accesses() const noexcept override { return true; }
  [[nodiscard]] detail::ModelMemory::Layout layout() const noexcept override {
    return detail::ModelMemory::Layout::by_process;
  }

  [[nodiscard]] std::size_t states() const noexcept { return states_; }
  /// How many pairs there were, and which of them are independent.
  [[nodiscard]] std::size_t pairs() const noexcept { return pairs_; }
  [[nodiscard]] const std::vector<Pair>& independent() const noexcept { return independent_; }
  /// How many executions there were, and classes of them; 0 executions where there are too many.
  [[nodiscard]] std::size_t executions() const noexcept { return executions_; }
  [[nodiscard]] std::size_t classes() const noexcept { return classes_; }
  [[nodiscard]] const std::vector<std::string>& violations() const noexcept { return violations_; }

 private:
  class Driver;

  const Settings settings_;
  std::size_t executions_ = 0;
  std::size_t classes_ = 0;
  std::size_t states_ = 0;
  std::size_t pairs_ = 0;
  std::vector<Pair> independent_;
  std::vector<std::string> violations_;
  bool started_ = false;
};

class DiamondExplorer::Driver final : private detail::StepWatcher {
 public:
  Driver(DiamondExplorer& explorer, World& world)
      : explorer_(explorer), settings_(explorer.settings_), world_(world), steps_(world) {
    world_.set_watcher(this);
    order_.ignore_words(settings_.ignored_modulus, settings_.ignored_remainder);
  }
  ~Driver() { world_.set_watcher(nullptr); }
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  void run() {
    if (settings_.max_executions == 0) {
      visit(world_.alternatives(), world_.time());
      return;
    }
    walk(world_.alternatives(), world_.time());
    if (explorer_.executions_ > settings_.max_executions) {
      explorer_.executions_ = 0;
      return;
    }
    explorer_.classes_ = classes_.size();
    for (const auto& [name, seen] : classes_) {
      if (seen.executions == seen.orders) continue;
      std::ostringstream text;
      text << "a class has " << seen.executions << " executions, but " << seen.orders
           << " orders of its steps; one of them takes";
      for (const std::uint32_t step : seen.way) text << ' ' << step;
      explorer_.violations_.push_back(text.str());
    }
  }

 private:
  using Index = detail::HappensBefore::Index;

  struct Point {
    SteppedWorld::Point steps;
    detail::HappensBefore::Kept mark;
    Index epoch = 0;
    Index events = 0;
  };
  [[nodiscard]] Point save() const {
    return {steps_.save(), order_.mark(), order_.epoch(), order_.size()};
  }
  void go_back(const Point& point) {
    steps_.go_back(point.steps);
    while (order_.size() > point.events) (void)order_.pop(point.epoch);
    order_.drop(point.mark);
  }

  void visit(std::size_t alternatives, TimePoint before) {
    if (alternatives == 0 || explorer_.states_ == settings_.max_states) return;
    if (!seen_.insert(SteppedWorld::hash(steps_.state())).second) return;
    ++explorer_.states_;
    if (world_.time() != before) order_.begin_epoch();
    const TimePoint now = world_.time();
    const Point here = save();
    for (std::size_t one = 0; one < alternatives; ++one) {
      for (std::size_t other = one + 1; other < alternatives; ++other) {
        compare(here, one, other, alternatives);
      }
    }
    for (std::size_t index = 0; index < alternatives; ++index) {
      take(index, alternatives);
      if (!steps_.ended()) {
        way_.push_back(static_cast<std::uint32_t>(index));
        const std::size_t next = world_.alternatives();
        visit(next, now);
        way_.pop_back();
      }
      go_back(here);
    }
  }

  /// All orders of steps which the relation allows must be executions, of the same class.
  void walk(std::size_t alternatives, TimePoint before) {
    if (explorer_.executions_ > settings_.max_executions) return;
    if (alternatives == 0 && order_.size() > 64) explorer_.executions_ = settings_.max_executions;
    if (alternatives == 0) {
      ++explorer_.executions_;
      Class& seen = classes_[order_.class_of_execution()];
      if (seen.executions++ > 0) return;
      seen.orders = count_orders(0);
      counted_.clear();
      seen.way = way_;
      return;
    }
    if (world_.time() != before) order_.begin_epoch();
    const TimePoint now = world_.time();
    const Point here = save();
    for (std::size_t index = 0; index < alternatives; ++index) {
      take(index, alternatives);
      way_.push_back(static_cast<std::uint32_t>(index));
      const std::size_t next = steps_.ended() ? 0 : world_.alternatives();
      walk(next, now);
      way_.pop_back();
      go_back(here);
    }
  }

  /// In how many orders the events that are left can come.
  std::uint64_t count_orders(std::uint64_t done) {
    const Index size = order_.size();
    if (done == (size == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << size) - 1)) return 1;
    if (const auto known = counted_.find(done); known != counted_.end()) return known->second;
    std::uint64_t count = 0;
    for (Index event = 0; event < size; ++event) {
      const std::uint64_t before = *order_.events_before(event, 1);
      if ((done >> event & 1) != 0 || (before & ~done) != 0) continue;
      count += count_orders(done | std::uint64_t{1} << event);
    }
    counted_[done] = count;
    return count;
  }

  enum class Relation : std::uint8_t { dependent, independent, impossible };

  void compare(const Point& here, std::size_t one, std::size_t other, std::size_t alternatives) {
    ++explorer_.pairs_;
    const Pair pair{way_, static_cast<std::uint32_t>(one), static_cast<std::uint32_t>(other)};
    const std::vector<const void*> order{steps_.process_at(one), steps_.process_at(other)};
    const Relation first = relation(here, one, other, alternatives);
    const Relation second = relation(here, other, one, alternatives);
    std::string wrong;
    if (first == Relation::independent && second == Relation::independent) {
      explorer_.independent_.push_back(pair);
      wrong = steps_.difference(here.steps, order, {order[1], order[0]});
    } else if (first == Relation::independent || second == Relation::independent) {
      const Relation not_independent = first == Relation::independent ? second : first;
      wrong = first == Relation::independent ? "independent in the first order, in the second one "
                                             : "independent in the second order, in the first one ";
      wrong += not_independent == Relation::dependent ? "not" : "the second step is taken away";
    }
    if (wrong.empty()) return;
    std::ostringstream text;
    text << pair << ": " << wrong;
    explorer_.violations_.push_back(text.str());
  }

  /// Of two steps, one after the other. The second one may be taken away by the first one.
  Relation relation(const Point& here, std::size_t one, std::size_t other,
                    std::size_t alternatives) {
    const void* second = steps_.process_at(other);
    take(one, alternatives);
    Relation result = Relation::dependent;
    if (!steps_.ended()) {
      const std::size_t next = world_.alternatives();
      std::size_t index = 0;
      while (index < next && steps_.process_at(index) != second) ++index;
      if (index == next) {
        result = Relation::impossible;
      } else {
        take(index, next);
        const bool before = order_.before(order_.size() - 2, order_.size() - 1);
        result = before ? Relation::dependent : Relation::independent;
      }
    }
    go_back(here);
    return result;
  }

  void take(std::size_t index, std::size_t alternatives) {
    detail::ModelMemory& memory = steps_.memory();
    posts_.clear();
    arrivals_.clear();
    completed_.clear();
    fresh_blocks_ = memory.block_count();
    detail::HappensBefore::Step step;
    step.process = steps_.process_at(index);
    {
      const detail::AccessLog::Scope logging(
          log_, detail::AccessLog::Range::between(memory.begin(), memory.begin() + memory.limit()),
          detail::AccessLog::Range::between(&world_, &world_ + 1));
      running_ = true;
      steps_.take(index, alternatives);
      running_ = false;
    }
    collect_footprint();
    step.footprint.words = words_;
    if (!settings_.without_releases) step.footprint.released = log_.released();
    step.posts = posts_;
    step.arrivals = arrivals_;
    step.completed = completed_;
    step.final = steps_.ended();
    order_.push(step);
    log_.clear();
  }

  /// As DporExplorer does it.
  void collect_footprint() {
    words_.clear();
    log_.for_each([&](const detail::AccessLog::Entry& entry) {
      const bool noted = detail::AccessLog::noted(entry.word);
      if (noted ? settings_.without_notes : !counts(entry.word)) return;
      words_.emplace_back(entry.word, entry.reads, entry.writes);
    });
    steps_.undo().for_each_changed_word(
        [&](const std::byte* at, std::uint64_t before, std::uint64_t now) {
          const auto address = reinterpret_cast<std::uintptr_t>(at);
          const std::uint64_t word = address / 8;
          if (log_.fresh(address) || !counts(word)) return;
          const detail::AccessLog::Entry* entry = log_.find(word);
          const unsigned reads = entry != nullptr ? entry->reads : 0;
          unsigned writes = entry != nullptr ? entry->writes : 0;
          for (unsigned byte = 0; byte < 8; ++byte) {
            if (((before ^ now) >> byte * 8 & 0xff) != 0) writes |= 1u << byte;
          }
          std::erase_if(words_, [&](detail::AccessedWord other) { return other.word() == word; });
          words_.emplace_back(word, static_cast<std::uint8_t>(reads),
                              static_cast<std::uint8_t>(writes));
        });
  }

  [[nodiscard]] bool counts(std::uint64_t word) {
    if (!steps_.memory().matters(word)) return false;
    // NOLINTNEXTLINE(performance-no-int-to-ptr): it was an address
    const auto* address = reinterpret_cast<const std::byte*>(word * 8);
    return steps_.memory().block_at(address) < fresh_blocks_;
  }

  // StepWatcher
  void posted(const Runnable& runnable) noexcept override {
    if (running_) posts_.push_back(runnable.identity());
  }
  void withdrawn(const Runnable&) noexcept override {}
  void arrived(const void* meeting) noexcept override { arrivals_.push_back(meeting); }
  void all_arrived(const void* meeting) noexcept override { completed_.push_back(meeting); }

  DiamondExplorer& explorer_;
  const Settings& settings_;
  World& world_;
  SteppedWorld steps_;
  detail::AccessLog log_;
  detail::HappensBefore order_;
  std::unordered_set<std::uint64_t> seen_;
  std::vector<std::uint32_t> way_;
  struct Class {
    std::uint64_t executions = 0;
    std::uint64_t orders = 0;
    std::vector<std::uint32_t> way;  // of one of them
  };
  std::map<detail::Fingerprint, Class> classes_;
  std::unordered_map<std::uint64_t, std::uint64_t> counted_;

  // Of the step that runs.
  bool running_ = false;
  std::size_t fresh_blocks_ = 0;
  std::vector<detail::AccessedWord> words_;
  detail::HarnessVector<const void*> posts_;
  detail::HarnessVector<const void*> arrivals_;
  detail::HarnessVector<const void*> completed_;
};

inline bool DiamondExplorer::drive(World& world) {
  {
    Driver driver(*this, world);
    driver.run();
  }
  world.discard();
  return true;
}

/// Takes pairs of alternatives in both orders where nothing is left out of a state that a search
/// for states would compare. In a search over classes what may change in any order with the same
/// result is left out: here is seen whether it is the same.
class WholeStateExplorer final : public Explorer {
 public:
  explicit WholeStateExplorer(const std::vector<Pair>& pairs) : pairs_(pairs) {}

  bool next() override { return !std::exchange(started_, true); }
  std::size_t pick(std::size_t, const World&) override { return 0; }
  bool drive(World& world) override {
    {
      SteppedWorld steps(world);
      compare(steps);
    }
    world.discard();
    return true;
  }
  [[nodiscard]] bool compares_states() const noexcept override { return true; }
  [[nodiscard]] detail::ModelMemory::Layout layout() const noexcept override {
    return detail::ModelMemory::Layout::by_process;
  }

  [[nodiscard]] const std::vector<std::string>& violations() const noexcept { return violations_; }

 private:
  void compare(SteppedWorld& steps) {
    (void)steps.world().alternatives();
    std::vector<SteppedWorld::Point> path{steps.save()};
    std::vector<std::uint32_t> way;
    for (const Pair& pair : pairs_) {
      const auto common =
          std::mismatch(way.begin(), way.end(), pair.way.begin(), pair.way.end()).first;
      const auto shared = static_cast<std::size_t>(common - way.begin());
      path.resize(shared + 1);
      steps.go_back(path.back());
      way = pair.way;
      for (std::size_t i = shared; i < way.size(); ++i) {
        steps.take(way[i], steps.world().alternatives());
        (void)steps.world().alternatives();
        path.push_back(steps.save());
      }
      const void* one = steps.process_at(pair.one);
      const void* other = steps.process_at(pair.other);
      const std::string wrong = steps.difference(path.back(), {one, other}, {other, one});
      if (wrong.empty()) continue;
      std::ostringstream text;
      text << pair << ": " << wrong;
      violations_.push_back(text.str());
    }
  }

  const std::vector<Pair>& pairs_;
  std::vector<std::string> violations_;
  bool started_ = false;
};

}  // namespace cocheck::test
