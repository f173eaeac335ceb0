#include "cocheck/detail/happens_before.hpp"

#include <algorithm>
#include <bit>
#include <cassert>

namespace cocheck::detail {

namespace {

std::uint64_t mix(std::uint64_t value) noexcept {
  value ^= value >> 32;
  value *= 0xd6e8'feb8'6659'fd93u;
  value ^= value >> 32;
  value *= 0xd6e8'feb8'6659'fd93u;
  return value ^ value >> 32;
}

template <class T>
std::uint32_t end_of(const std::vector<T>& pool) noexcept {
  return static_cast<std::uint32_t>(pool.size());
}

}  // namespace

void HappensBefore::make_room() {
  if (events_.size() > stride_ * 64) {
    const std::size_t wider = stride_ * 2;
    const auto widen = [&](std::vector<std::uint64_t>& rows) {
      std::vector<std::uint64_t> copy(rows.size() / stride_ * wider, 0);
      for (std::size_t i = 0; i * stride_ < rows.size(); ++i) {
        std::copy_n(&rows[i * stride_], stride_, &copy[i * wider]);
      }
      rows = std::move(copy);
    };
    widen(rows_);
    widen(events_of_);
    widen(accesses_);
    stride_ = wider;
  }
  if (rows_.size() < events_.size() * stride_) rows_.resize(events_.size() * stride_);
  std::fill_n(row(size() - 1), stride_, 0);
}

void HappensBefore::include(Index event, Index earlier) noexcept {
  std::uint64_t* mine = row(event);
  const std::uint64_t* other = row(earlier);
  for (std::size_t i = 0; i < stride_; ++i) mine[i] |= other[i];
  mine[earlier / 64] |= std::uint64_t{1} << earlier % 64;
}

/// The event that made this one's process ready comes before it, and so do those with which that
/// one completed a meeting.
void HappensBefore::include_poster(Index event) noexcept {
  const Process& process = processes_[events_[event].id];
  const Index poster = process.poster;
  const Index last = events_[event].previous;
  if (poster == kNone || (last != kNone && poster < last)) return;
  include(event, poster);
  const std::uint32_t joined_end =
      poster + 1 < size() ? events_[poster + 1].joined : end_of(joined_);
  for (std::uint32_t i = events_[poster].joined; i < joined_end; ++i) include(event, joined_[i]);
}

std::uint32_t HappensBefore::id_of(const void* process) {
  const auto [found, added] =
      ids_.try_emplace(process, static_cast<std::uint32_t>(processes_.size()));
  if (added) {
    processes_.emplace_back().process = process;
    events_of_.resize(processes_.size() * stride_, 0);
  }
  return found->second;
}

/// Its first event in this execution comes.
void HappensBefore::begin_process(Process& process) {
  if (process.parent == kNobody && process.born == kNone) {
    process.parent = kShared;
  } else if (!process.strange && (process.parent == kShared
                                      ? process.born != kNone
                                      : process.born == kNone || process.born != process.poster)) {
    become_strange(process);
  }
}

/// What its children have inherited they may have from somebody else.
void HappensBefore::become_strange(Process& process) {
  process.strange = more_shared_ = true;
  for (const std::uint64_t word : inherited_) {
    if (WordState& state = states_[word]; state.owner != kShared) share(state);
  }
  inherited_.clear();
}

/// What the last event has made ready.
void HappensBefore::add_posts(std::span<const void* const> posts) {
  const Index index = size() - 1;
  const Event& event = events_[index];
  for (const void* posted : posts) {
    const std::uint32_t id = id_of(posted);
    Process& process = processes_[id];
    posts_.push_back({id, process.poster});
    process.poster = index;
    if (process.born != kNone) continue;
    process.born = index;
    if (process.last != kNone || process.strange) continue;
    if (process.parent == kNobody) {
      process.parent = event.id;
      process.birth = event.ordinal;
    } else if (process.parent != event.id || process.birth != event.ordinal) {
      become_strange(process);
    }
  }
}

/// The last event of a process that comes before another event.
HappensBefore::Index HappensBefore::last_before(const Process& process,
                                                Index event) const noexcept {
  Index last = process.last;
  while (last != kNone && !before(last, event)) last = events_[last].previous;
  return last;
}

void HappensBefore::share(WordState& state) {
  more_shared_ = more_shared_ || !is_shared(state);
  state = {kShared, shared_words_++};
}

/// Of a word that is shared.
std::uint32_t HappensBefore::number_of(WordState& state) const {
  if (state.owner != kShared) state = {kShared, shared_words_++};  // his owner is strange
  return state.last;
}

/// Whether a word is shared now that the last event has touched it.
inline bool HappensBefore::touch(std::uint64_t word, WordState& state, bool write) {
  const Index index = size() - 1;
  const Event& event = events_[index];
  const Process& mine = processes_[event.id];
  if (state.owner == kShared) return true;
  if (state.owner == event.id && !mine.strange) {
    if (event.ordinal <= state.last) return false;
    state.last = event.ordinal;
    const Heirs* heirs = heirs_.find(word);
    if (heirs == nullptr || event.ordinal <= heirs->left) return false;
  } else if (state.owner == kNobody && !mine.strange) {
    state = {event.id, event.ordinal};
    return false;
  } else if (const Process& owner = processes_[state.owner]; !owner.strange && !mine.strange) {
    if (owner.parent == event.id && event.ordinal <= owner.birth) return false;
    if (inherits(word, state, write)) return false;
  }
  share(state);
  return true;
}

/// Whether the last event comes after all that the owner of a word has done to it, and would do so
/// if it was not held back.
bool HappensBefore::inherits(std::uint64_t word, WordState& state, bool write) {
  if (last_is_held_back_) return false;
  const Event& event = events_.back();
  const Process& mine = processes_[event.id];
  Heirs& heirs = heirs_[word];
  std::uint32_t left = mine.birth;
  if (mine.parent == state.owner && state.last <= mine.birth) {
    if (write && (heirs.heir == kNobody || heirs.heir == event.id)) {
      heirs = {};
      state = {event.id, event.ordinal};
      return true;
    }
    if (heirs.heir != event.id) inherited_.push_back(word);
  } else {
    const Index last = last_before(processes_[state.owner], size() - 1);
    if (last == kNone || events_[last].ordinal < state.last) return false;
    event.kept.footprint->path_matters = true;
    left = events_[last].ordinal;
  }
  heirs.left = std::min(heirs.left, left);
  if (heirs.heir != event.id) heirs.heir = heirs.heir == kNobody ? event.id : kShared;
  if (write) heirs.write = 1;
  return heirs.heir != kShared || heirs.write == 0;
}

/// Keeps what a step of the last event's process has touched: mostly that is what it touched
/// before.
KeptFootprint& HappensBefore::keep(const Step& step) {
  const Event& event = events_.back();
  std::span<const AccessedWord> words = step.footprint.words;
  if (ignored_modulus_ != 0) {
    seen_.clear();
    std::copy_if(words.begin(), words.end(), std::back_inserter(seen_), [&](AccessedWord word) {
      return word.word() % ignored_modulus_ != ignored_remainder_;
    });
    words = seen_;
  }
  std::vector<FootprintRef>& before = processes_[event.id].footprints;
  if (event.ordinal < before.size()) {
    KeptFootprint& old = *before[event.ordinal];
    const std::span<const ReleasedWords> released = step.footprint.released;
    if (old.final == step.final && std::ranges::equal(old.words, words) &&
        std::ranges::equal(old.released, released) && std::ranges::equal(old.values, step.values)) {
      return old;
    }
  }
  KeptFootprint& kept = pool_.take();
  kept.generation = 0;
  kept.final = step.final;
  kept.words.assign(words.begin(), words.end());
  kept.released.assign(step.footprint.released.begin(), step.footprint.released.end());
  kept.values.assign(step.values.begin(), step.values.end());
  if (event.ordinal < before.size()) {
    before[event.ordinal] = FootprintRef(kept);
  } else {
    before.resize(event.ordinal);
    before.emplace_back(kept);
  }
  return kept;
}

void HappensBefore::begin_shared(KeptFootprint& kept, std::uint64_t generation) {
  kept.shared.clear();
  kept.accesses.clear();
  kept.touched = kept.written = 0;
  kept.releases_shared = false;
  kept.generation = generation;
}

void HappensBefore::add_shared(KeptFootprint& kept, AccessedWord word, WordState& state) const {
  kept.shared.push_back(word);
  kept.accesses.push_back({number_of(state), word.reads() != 0, word.writes() != 0});
  const std::uint64_t bit = Footprint::bit_of(word.word());
  kept.touched |= bit;
  if (word.writes() != 0) kept.written |= bit;
}

void HappensBefore::add_shared(KeptFootprint& kept, std::uint64_t released,
                               WordState& state) const {
  kept.releases_shared = true;
  kept.accesses.push_back({number_of(state), false, true});
  const std::uint64_t bit = Footprint::bit_of(released);
  kept.touched |= bit;
  kept.written |= bit;
}

/// Says of each word that the last event has touched it, and finds those that are shared.
void HappensBefore::collect_shared(KeptFootprint& kept) {
  begin_shared(kept, generation_);
  kept.path_matters = false;
  if (kept.final) return;
  for (const AccessedWord word : kept.words) {
    WordState& state = states_[word.word()];
    if (touch(word.word(), state, word.writes() != 0)) add_shared(kept, word, state);
  }
  std::sort(kept.shared.begin(), kept.shared.end());
  for (const ReleasedWords& run : kept.released) {
    for (std::uint64_t word = run.begin; word < run.end; ++word) {
      WordState& state = states_[word];
      if (touch(word, state, true)) add_shared(kept, word, state);
    }
  }
}

/// Finds the words that are shared now.
void HappensBefore::refresh(KeptFootprint& kept) const {
  begin_shared(kept, generation_);
  if (kept.final) return;
  for (const AccessedWord word : kept.words) {
    WordState& state = states_[word.word()];
    if (is_shared(state)) add_shared(kept, word, state);
  }
  std::sort(kept.shared.begin(), kept.shared.end());
  for (const ReleasedWords& run : kept.released) {
    for (std::uint64_t word = run.begin; word < run.end; ++word) {
      WordState& state = states_[word];
      if (is_shared(state)) add_shared(kept, word, state);
    }
  }
}

/// Calls `change(words, bit)` for each set of events that an event belongs to, as it has touched
/// shared words.
template <class Change>
void HappensBefore::change_accesses(Index event, Change&& change) noexcept {
  const std::uint64_t bit = std::uint64_t{1} << event % 64;
  for (const KeptFootprint::Access& access : events_[event].kept.footprint->accesses) {
    std::uint64_t* reads = accesses(access.word, stride_);
    if (access.reads) change(reads[event / 64], bit);
    if (access.writes) change(reads[stride_ + event / 64], bit);
  }
}

void HappensBefore::link(Index event) {
  make_room_for_accesses();
  change_accesses(event, [](std::uint64_t& events, std::uint64_t bit) { events |= bit; });
}

void HappensBefore::unlink(Index event) noexcept {
  change_accesses(event, [](std::uint64_t& events, std::uint64_t bit) { events &= ~bit; });
}

/// More words are shared now.
void HappensBefore::relink() {
  ++generation_;
  more_shared_ = false;
  std::fill(accesses_.begin(), accesses_.end(), 0);
  for (Index event = 0; event < size(); ++event) {
    refresh(*events_[event].kept.footprint);
    if (event + 1 < size()) link(event);
  }
}

/// `candidates` becomes the events with which it may conflict.
template <class Events>
void HappensBefore::find_races(Index index, Events& candidates) {
  KeptFootprint& kept = *events_[index].kept.footprint;
  add_possible_conflicts(kept, candidates);
  candidates[index / 64] &= (std::uint64_t{1} << index % 64) - 1;
  const std::uint64_t* mine = row(index);
  for (std::size_t word = index / 64 + 1; word-- > 0;) {
    while (const std::uint64_t left = candidates[word] & ~mine[word]) {
      const auto bit = static_cast<std::size_t>(std::bit_width(left)) - 1;
      const auto earlier = static_cast<Index>(word * 64 + bit);
      candidates[word] &= ~(std::uint64_t{1} << bit);
      if (!dependent(kept, *events_[earlier].kept.footprint)) continue;
      races_.push_back({earlier, index, kNone});
      include(index, earlier);
    }
  }
}

HappensBefore::Index HappensBefore::push(const Step& step) {
  const Index index = size();
  const std::uint32_t id = step.id != 0 ? step.id : id_of(step.process);
  Event& event = events_.emplace_back();
  event.id = id;
  event.posts = end_of(posts_);
  event.arrivals = end_of(arrivals_);
  event.joined = end_of(joined_);
  event.races = end_of(races_);
  event.previous = processes_[id].last;
  make_room();

  std::uint64_t* mine = row(index);
  std::fill_n(mine, epoch_ / 64, ~std::uint64_t{0});
  if (epoch_ % 64 != 0) mine[epoch_ / 64] |= (std::uint64_t{1} << epoch_ % 64) - 1;
  if (event.previous != kNone) {
    event.ordinal = events_[event.previous].ordinal + 1;
    include(index, event.previous);
  } else {
    begin_process(processes_[id]);
  }
  include_poster(index);
  for (const Index earlier : step.after) include(index, earlier);
  last_is_held_back_ = !step.after.empty();
  processes_[id].last = index;
  events_of_[id * stride_ + index / 64] |= std::uint64_t{1} << index % 64;
  add_posts(step.posts);
  for (const void* meeting : step.arrivals) arrivals_.push_back({meeting, index});
  for (const void* meeting : step.completed) {
    for (const Arrival& arrival : arrivals_) {
      if (arrival.meeting == meeting && arrival.event != index) joined_.push_back(arrival.event);
    }
  }
  assert(step.known == nullptr || step.known->final == step.final);
  KeptFootprint& kept = step.known != nullptr ? *step.known : keep(step);
  event.kept = {&kept, end_of(kept_)};
  kept_.emplace_back(kept);
  if (kept.generation != generation_ || kept.path_matters) collect_shared(kept);
  if (more_shared_) relink();
  with_no_events([&](auto& candidates) { find_races(index, candidates); });
  link(index);
  if (step.final) finals_.push_back(index);
  if (!kept.values.empty()) drawing_.push_back(index);
  return index;
}

HappensBefore::Kept HappensBefore::pop(Index epoch) noexcept {
  const Event& event = events_.back();
  const Index index = size() - 1;
  const Kept kept = event.kept;
  unlink(index);
  for (std::uint32_t i = end_of(posts_); i-- > event.posts;) {
    Process& process = processes_[posts_[i].id];
    process.poster = posts_[i].poster_before;
    if (process.born == index) process.born = kNone;
  }
  processes_[event.id].last = event.previous;
  events_of_[event.id * stride_ + index / 64] &= ~(std::uint64_t{1} << index % 64);
  posts_.resize(event.posts);
  arrivals_.resize(event.arrivals);
  joined_.resize(event.joined);
  races_.resize(event.races);
  if (kept.footprint->final) finals_.pop_back();
  if (!drawing_.empty() && drawing_.back() == index) drawing_.pop_back();
  events_.pop_back();
  epoch_ = epoch;
  return kept;
}

HappensBefore::Kept HappensBefore::mark() const noexcept {
  return {nullptr, end_of(kept_)};
}

void HappensBefore::drop(const Kept& mark) noexcept {
  kept_.erase(kept_.begin() + static_cast<std::ptrdiff_t>(mark.position), kept_.end());
}

std::span<HappensBefore::Race> HappensBefore::races(Index event) noexcept {
  const std::uint32_t end = event + 1 < size() ? events_[event + 1].races : end_of(races_);
  return std::span(races_).subspan(events_[event].races, end - events_[event].races);
}

bool HappensBefore::any_before_since(Index first, Index later) const noexcept {
  const std::uint64_t* bits = row(later);
  std::size_t word = first / 64;
  if ((bits[word] >> first % 64) != 0) return true;
  for (++word; word < stride_; ++word) {
    if (bits[word] != 0) return true;
  }
  return false;
}

bool HappensBefore::all_before_next(std::uint32_t id) {
  return with_no_events([&](auto& missing) {
    const Process& known = processes_[id];
    for (Index event = epoch_; event < size(); ++event) {
      missing[event / 64] |= std::uint64_t{1} << event % 64;
    }
    const auto remove = [&](Index event) {
      for (std::size_t i = 0; i < missing.size(); ++i) missing[i] &= ~row(event)[i];
      missing[event / 64] &= ~(std::uint64_t{1} << event % 64);
    };
    if (known.last != kNone) remove(known.last);
    if (known.poster != kNone && (known.last == kNone || known.poster >= known.last)) {
      remove(known.poster);
      const std::uint32_t joined_end =
          known.poster + 1 < size() ? events_[known.poster + 1].joined : end_of(joined_);
      for (std::uint32_t i = events_[known.poster].joined; i < joined_end; ++i) remove(joined_[i]);
    }
    return std::all_of(missing.begin(), missing.end(),
                       [](std::uint64_t bits) { return bits == 0; });
  });
}

bool HappensBefore::reads_from(const KeptFootprint& one, const KeptFootprint& other) const {
  if (!one.final && !other.final) {
    return detail::reads_from(shared_part(one), shared_part(other));
  }
  // What the last event touches is not known to be shared.
  std::vector<AccessedWord> words = one.words;
  std::vector<AccessedWord> others = other.words;
  std::sort(words.begin(), words.end());
  std::sort(others.begin(), others.end());
  constexpr std::uint64_t kAny = ~std::uint64_t{0};
  return detail::reads_from({words, one.released, kAny, kAny},
                            {others, other.released, kAny, kAny});
}

Fingerprint HappensBefore::class_of_execution() const {
  std::vector<std::uint64_t> ids(events_.size());
  std::vector<std::uint64_t> ordinals(events_.size(), 0);
  Fingerprint result;
  for (Index event = 0; event < size(); ++event) {
    if (const Index previous = events_[event].previous; previous != kNone) {
      ordinals[event] = ordinals[previous] + 1;
    }
    std::uint64_t id =
        mix(reinterpret_cast<std::uintptr_t>(process(event))) + mix(ordinals[event] + 1);
    for (const std::uint32_t value : values(events_[event].kept)) id = mix(id) + value;
    ids[event] = mix(id);
    std::uint64_t low = ids[event];
    std::uint64_t high = ~ids[event];
    for (std::size_t word = 0; word < stride_; ++word) {
      for (std::uint64_t bits = row(event)[word]; bits != 0; bits &= bits - 1) {
        const std::size_t earlier = word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
        low += mix(ids[earlier] + 1);
        high += mix(ids[earlier] + 2);
      }
    }
    result.low += mix(low);
    result.high += mix(high);
  }
  return result;
}

}  // namespace cocheck::detail
