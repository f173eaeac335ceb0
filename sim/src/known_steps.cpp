#include "cocheck/detail/known_steps.hpp"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <optional>
#include <utility>

#include "cocheck/detail/sanitizers.hpp"

namespace cocheck::detail {

namespace {

/// A byte of ones for each bit.
std::uint64_t bytes_of(unsigned bits) noexcept {
  std::uint64_t mask = 0;
  for (unsigned byte = 0; byte < 8; ++byte) {
    if ((bits >> byte & 1) != 0) mask |= std::uint64_t{0xff} << byte * 8;
  }
  return mask;
}

std::byte* address_of(std::uint64_t word) noexcept {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): it was an address
  return reinterpret_cast<std::byte*>(word * 8);
}

std::uint64_t number_of(const void* address) noexcept {
  return reinterpret_cast<std::uintptr_t>(address);
}

bool is_released(const AccessLog& log, std::uint64_t word) {
  const auto released = log.released();
  return std::any_of(released.begin(), released.end(),
                     [&](const ReleasedWords& run) { return run.holds(word); });
}

}  // namespace

KnownSteps::State& KnownSteps::of(std::vector<std::pair<std::uint32_t, State*>>& list,
                                  std::uint32_t process) {
  const auto found = std::find_if(list.begin(), list.end(),
                                  [&](const auto& entry) { return entry.first == process; });
  if (found != list.end()) return *found->second;
  list.emplace_back(process, &states_.emplace_back());
  return states_.back();
}

void KnownSteps::add_writer(std::uint64_t word, std::uint32_t process, std::uint32_t ordinal) {
  Writers& writers = writers_[word];
  if (writers.first == 0 || writers.first == process) {
    if (writers.first != 0 && ordinal <= writers.last) return;
    writers.first = process;
    writers.last = ordinal;
  } else if (writers.second == process || writers.second == Writers::kSeveral) {
    return;
  } else {
    writers.second = writers.second == 0 ? process : Writers::kSeveral;
  }
  if (std::exchange(writers.relied, false)) ++generation_;
}

bool KnownSteps::note_writes(const Executed& executed) {
  if (executed.final) return false;
  const auto add = [&](std::uint64_t word) {
    add_writer(word, executed.process, executed.ordinal);
  };
  executed.undo.for_each_changed_word(
      [&](const std::byte* at, std::uint64_t, std::uint64_t) { add(number_of(at) / 8); });
  // What has not changed it may change another time, without being executed.
  for (const AccessLog::Entry& entry : executed.log.entries()) {
    if (entry.writes != 0 && !AccessLog::noted(entry.word)) add(entry.word);
  }
  for (const ModelMemory::Change& change : executed.undo.last_changes()) {
    const std::uint64_t first = number_of(memory_.address(change.id)) / 8;
    for (std::uint64_t word = first; word < first + (change.bytes + 7) / 8; ++word) add(word);
  }
  return true;
}

/// Whether a word has the same value whenever the process is in the same state.
bool KnownSteps::is_told_by_state(std::uint64_t word, const Who& who) {
  if (!memory_.in_use(word * 8)) return false;
  Writers& writers = writers_[word];
  const bool only_before = writers.first == who.birth.parent && writers.last <= who.birth.ordinal;
  const bool told = writers.first == 0 || (writers.first == who.process && writers.second == 0) ||
                    (only_before && (writers.second == 0 || writers.second == who.process));
  writers.relied = writers.relied || told;
  return told;
}

void KnownSteps::look_at(const Word& word) {
  Writers& writers = writers_[number_of(word.at) / 8];
  if (!std::exchange(writers.looked_at, true)) ++looks_at_;
}

void KnownSteps::find_shown(Step& step) {
  step.shown_generation = looks_at_;
  step.shown.clear();
  const auto is_looked_at = [&](const std::byte* at) {
    const Writers* writers = writers_.find(number_of(at) / 8);
    return writers != nullptr && writers->looked_at;
  };
  std::copy_if(step.writes.begin(), step.writes.end(), std::back_inserter(step.shown),
               [&](const Word& word) { return is_looked_at(word.at); });
  for (std::byte* block : step.released) {
    const ModelMemory::Block& known = memory_.block(memory_.block_at(block));
    const std::byte* end = block + std::size_t{known.granules} * ModelMemory::kGranule;
    for (std::byte* at = block; at < end; at += 8) {
      if (is_looked_at(at)) step.shown.push_back({at, ~std::uint64_t{0}, 0});
    }
  }
}

inline bool KnownSteps::matches(Step& step, const Who& who) {
  if (step.generation != generation_ || step.birth != who.birth) {
    step.generation = generation_;
    step.birth = who.birth;
    const auto others = std::partition(
        step.reads.begin() + 1, step.reads.end(),
        [&](const Word& word) { return !is_told_by_state(number_of(word.at) / 8, who); });
    step.compared = static_cast<std::size_t>(others - step.reads.begin());
    for (const Word& word : std::span(step.reads).subspan(1, step.compared - 1)) look_at(word);
  }
  for (const Word& word : std::span(step.reads).first(step.compared)) {
    if (((load_unchecked(word.at) ^ word.value) & word.mask) != 0) return false;
  }
  return std::all_of(step.released.begin(), step.released.end(),
                     [&](const std::byte* block) { return memory_.is_live_block(block); });
}

KnownSteps::KnownSteps(ModelMemory& memory) : memory_(memory) {
  writers_.set_range(number_of(memory.begin()) / 8, memory.limit() / 8);
}

KnownSteps::Step* KnownSteps::find(State& state, TimePoint time, const Who& who) {
  time_ = static_cast<std::uint64_t>(time.time_since_epoch().count());
  who_ = who;
  look_up(
      state.steps, [](const std::byte* at) { return load_unchecked(at); },
      [&](Step& step) { return matches(step, who); });
  return place_.found;
}

/// Finds the place of a step where words have the values that `load(at)` gives.
template <class Load, class Matches>
inline void KnownSteps::look_up(Node& root, Load&& load, Matches&& matches) {
  place_ = {&root, nullptr, 0, nullptr};
  while (Branch* branch = place_.node->branch) {
    const std::uint64_t value = load(branch->at) & branch->mask;
    Node* next = branch->find(value);
    if (next == nullptr) {
      place_ = {nullptr, branch, value, nullptr};
      return;
    }
    place_.node = next;
  }
  Step* step = place_.node->step;
  if (step != nullptr && matches(*step)) place_.found = step;
}

bool KnownSteps::leaves_nothing(const Step& step, const LoopState& before) const {
  return before.loop_blocks == step.loop_blocks &&
         before.unfinished_tasks == step.unfinished_tasks &&
         memory_.outstanding_now() == step.outstanding;
}

void KnownSteps::repeat(const Step& step, std::size_t index, std::size_t alternatives, World& world,
                        UndoLog& undo) const {
  assert(step.repeatable);
  undo.repeat(step.lines, [&] {
    for (const Word& word : step.writes) {
      store_unchecked(word.at, (load_unchecked(word.at) & ~word.mask) | word.value);
    }
    for (TaskBase* task : step.finished) {
      const TaskLinks links = TaskLinks::of(*task);
      if (links.to != nullptr) undo.keep(links.to);
      if (links.back != nullptr) undo.keep(links.back);
      world.forget(*task);
    }
    for (std::byte* block : step.released) memory_.deallocate(block);
    world.repeat(index, alternatives, step.loop);
  });
}

void KnownSteps::repeat_for_now(Step& step, std::size_t index, std::size_t alternatives,
                                World& world, UndoLog& undo) {
  assert(step.repeatable);
  if (step.shown_generation != looks_at_) find_shown(step);
  undo.repeat_for_now([&] {
    for (TaskBase* task : step.finished) {
      const TaskLinks links = TaskLinks::of(*task);
      world.forget(*task);
      for (const std::byte* link : {links.to, links.back}) {
        if (link != nullptr) undo.wrote(link);
      }
    }
    // Behind that: it may be in what is released and cleared.
    for (const Word& word : step.shown) undo.write(word.at, word.mask, word.value);
    for (std::byte* block : step.released) memory_.release_for_now(block);
    world.repeat(index, alternatives, step.loop);
  });
}

/// Whether instrumented code has told of all changes to what the step has not allocated.
KnownSteps::Told KnownSteps::told_by_log(const Executed& executed) const {
  Told told = Told::all;
  executed.undo.for_each_changed_word([&](const std::byte* at, std::uint64_t before,
                                          std::uint64_t now) {
    const auto address = reinterpret_cast<std::uintptr_t>(at);
    const AccessLog::Entry* entry = executed.log.find(address / 8);
    const std::uint64_t written = entry != nullptr ? bytes_of(entry->writes) : 0;
    if (((before ^ now) & ~written) == 0 || executed.log.fresh(address) ||
        is_released(executed.log, address / 8) ||
        std::any_of(executed.finished.begin(), executed.finished.end(),
                    [&](const TaskLinks& links) { return at == links.to || at == links.back; })) {
      return;
    }
    const Told this_one = memory_.matters(address / 8) ? Told::not_all : Told::all_that_matters;
    told = std::max(told, this_one);
  });
  return told;
}

void KnownSteps::add_effects(Step& step, const Executed& executed) {
  const auto changes = executed.undo.last_changes();
  const bool only_releases = std::all_of(changes.begin(), changes.end(),
                                         [](const auto& change) { return change.bytes != 0; });
  if (!executed.may_repeat || !only_releases) return;
  std::optional<LoopEffects> loop =
      LoopEffects::of(executed.before, executed.index, executed.after);
  if (!loop) return;
  step.repeatable = true;
  step.loop = std::move(*loop);
  for (const AccessLog::Entry& entry : executed.log.entries()) {
    if (entry.writes == 0 || AccessLog::noted(entry.word) ||
        is_released(executed.log, entry.word)) {
      continue;
    }
    std::byte* at = address_of(entry.word);
    const std::uint64_t mask = bytes_of(entry.writes);
    step.writes.push_back({at, mask, load_unchecked(at) & mask});
    step.lines.push_back(executed.undo.line_of(at));
  }
  for (const ModelMemory::Change& change : changes) {
    std::byte* block = memory_.address(change.id);
    step.released.push_back(block);
    const std::size_t end = executed.undo.line_of(block + change.bytes - 1);
    for (std::size_t line = executed.undo.line_of(block); line <= end; ++line) {
      step.lines.push_back(line);
    }
  }
  std::sort(step.lines.begin(), step.lines.end());
  step.lines.erase(std::unique(step.lines.begin(), step.lines.end()), step.lines.end());
  for (const TaskLinks& links : executed.finished) step.finished.push_back(links.task);
  step.posts.assign(executed.posts.begin(), executed.posts.end());
  step.posts_are_posted =
      std::ranges::equal(step.posts, step.loop.posted, {}, {},
                         [](const ReadyEntry& entry) { return entry.runnable->identity(); });
  step.arrivals.assign(executed.arrivals.begin(), executed.arrivals.end());
  step.completed.assign(executed.completed.begin(), executed.completed.end());
}

/// Where find() has looked for it; false if it cannot be told from what is there.
bool KnownSteps::put(Step& step) {
  assert(place_.found == nullptr);
  if (Branch* branch = place_.branch) {
    branch->add(place_.value, {&step, nullptr});
    return true;
  }
  Step* present = place_.node->step;
  if (present == nullptr) {
    place_.node->step = &step;
    return true;
  }
  // Both have read the same up to the first word in which they differ.
  for (const Word& mine : step.reads) {
    const auto its = std::find_if(present->reads.begin(), present->reads.end(),
                                  [&](const Word& word) { return word.at == mine.at; });
    if (its == present->reads.end()) continue;
    const std::uint64_t mask = mine.mask & its->mask;
    if (((mine.value ^ its->value) & mask) == 0) continue;
    assert(mine.at == step.reads[0].at || !is_told_by_state(number_of(mine.at) / 8, who_));
    look_at(mine);
    Branch& branch = branches_.emplace_back();
    branch.at = mine.at;
    branch.mask = mask;
    branch.add(mine.value & mask, {&step, nullptr});
    branch.add(its->value & mask, {present, nullptr});
    *place_.node = {nullptr, &branch};
    return true;
  }
  return false;
}

/// What a step that is repeated writes and does tells all. One that is not has a state of its own.
KnownSteps::State& KnownSteps::state_after(State& state, const Step& step) {
  if (!step.repeatable) return states_.emplace_back();
  Name name;
  for (const Word& word : step.writes) {
    name.insert(name.end(), {number_of(word.at), word.mask, word.value});
  }
  const auto add_all = [&](const auto& addresses) {
    name.push_back(addresses.size());
    for (const auto* address : addresses) name.push_back(number_of(address));
  };
  add_all(step.finished);
  add_all(step.released);
  add_all(step.posts);
  for (const ReadyEntry& entry : step.loop.posted) name.push_back(number_of(entry.runnable));
  State*& next = state.next[std::move(name)];
  if (next == nullptr) next = &states_.emplace_back();
  return *next;
}

KnownSteps::Step* KnownSteps::record(State& state, const Executed& executed) {
  const Told told = told_by_log(executed);
  // Code that is not instrumented may have read what it does not tell of, too.
  if (executed.log.unlogged_expected() || told == Told::not_all) {
    note_writes(executed);
    return nullptr;
  }
  Name drawn(executed.values.begin(), executed.values.end());
  for (const ModelMemory::Change& change : executed.undo.last_changes()) {
    if (change.bytes == 0) drawn.push_back(number_of(memory_.address(change.id)));
  }
  if (!drawn.empty()) {
    const auto before = [&](const std::byte* at) {
      return at == reinterpret_cast<std::byte*>(&time_) ? time_ : executed.undo.before(at);
    };
    look_up(state.drawing[std::move(drawn)], before, [&](const Step& known) {
      return std::all_of(known.reads.begin(), known.reads.end(), [&](const Word& word) {
        return ((before(word.at) ^ word.value) & word.mask) == 0;
      });
    });
  }
  if (Step* found = place_.found) {
    if (!found->noted) found->noted = note_writes(executed) && told == Told::all;
    return found;
  }
  Step step;
  step.noted = note_writes(executed) && told == Told::all;
  if (bytes_ > kMostBytes) return nullptr;
  step.reads.push_back({reinterpret_cast<std::byte*>(&time_), ~std::uint64_t{0}, time_});
  for (const AccessLog::Entry& entry : executed.log.entries()) {
    const unsigned bytes = unsigned{entry.reads} | entry.looks;
    if (bytes == 0 || AccessLog::noted(entry.word)) continue;
    std::byte* at = address_of(entry.word);
    const std::uint64_t mask = bytes_of(bytes);
    step.reads.push_back({at, mask, executed.undo.before(at) & mask});
  }
  if (told == Told::all) add_effects(step, executed);
  step.state = &state_after(state, step);
  // What it writes is kept twice: it names the state, too.
  bytes_ += sizeof step + (step.reads.size() + 2 * step.writes.size()) * sizeof(Word) +
            (step.released.size() + step.lines.size() + step.posts.size()) * sizeof(void*);
  steps_.push_back(std::move(step));
  if (put(steps_.back())) return &steps_.back();
  steps_.pop_back();
  return nullptr;
}

}  // namespace cocheck::detail
