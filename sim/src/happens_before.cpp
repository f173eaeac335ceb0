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

Footprint HappensBefore::footprint(const Kept& kept) const noexcept {
  return {{words_.data() + kept.words, words_.data() + kept.words_end},
          {released_.data() + kept.released, released_.data() + kept.released_end},
          kept.touched,
          kept.written};
}

void HappensBefore::make_room() {
  if (events_.size() > stride_ * 64) {
    const std::size_t wider = stride_ * 2;
    std::vector<std::uint64_t> rows(events_.size() * wider, 0);
    for (std::size_t event = 0; event + 1 < events_.size(); ++event) {
      std::copy_n(&rows_[event * stride_], stride_, &rows[event * wider]);
    }
    rows_ = std::move(rows);
    stride_ = wider;
  }
  rows_.resize(events_.size() * stride_);
  std::fill_n(row(size() - 1), stride_, 0);
}

void HappensBefore::include(Index event, Index earlier) noexcept {
  std::uint64_t* mine = row(event);
  const std::uint64_t* other = row(earlier);
  for (std::size_t i = 0; i < stride_; ++i) mine[i] |= other[i];
  mine[earlier / 64] |= std::uint64_t{1} << earlier % 64;
}

std::span<const void* const> HappensBefore::slice(const std::vector<const void*>& of, Index event,
                                                  std::uint32_t Event::*begin) const noexcept {
  const std::uint32_t first = events_[event].*begin;
  const std::uint32_t end = event + 1 < size() ? events_[event + 1].*begin : end_of(of);
  return std::span(of).subspan(first, end - first);
}

/// The event that made this one's process ready comes before it, and so do those with which that
/// one completed a meeting.
void HappensBefore::include_poster(Index event) {
  const void* process = events_[event].process;
  const Index last = events_[event].previous;
  for (Index poster = event; poster-- > 0 && poster + 1 > (last == kNone ? 0 : last);) {
    const auto posts = slice(posts_, poster, &Event::posts);
    if (std::find(posts.begin(), posts.end(), process) == posts.end()) continue;
    include(event, poster);
    const std::uint32_t joined_end =
        poster + 1 < size() ? events_[poster + 1].joined : end_of(joined_);
    for (std::uint32_t i = events_[poster].joined; i < joined_end; ++i) include(event, joined_[i]);
    return;
  }
}

HappensBefore::Index HappensBefore::push(const Step& step) {
  const Index index = size();
  Event& event = events_.emplace_back();
  event.process = step.process;
  event.posts = end_of(posts_);
  event.arrivals = end_of(arrivals_);
  event.joined = end_of(joined_);
  event.races = end_of(races_);
  Kept& kept = event.kept;
  kept.words = end_of(words_);
  for (const AccessedWord word : step.footprint.words) {
    if (ignored_modulus_ != 0 && word.word() % ignored_modulus_ == ignored_remainder_) continue;
    words_.push_back(word);
  }
  kept.words_end = end_of(words_);
  kept.released = end_of(released_);
  released_.insert(released_.end(), step.footprint.released.begin(), step.footprint.released.end());
  kept.released_end = end_of(released_);
  kept.touched = step.footprint.touched;
  kept.written = step.footprint.written;
  kept.values = end_of(values_);
  values_.insert(values_.end(), step.values.begin(), step.values.end());
  kept.values_end = end_of(values_);
  kept.final = step.final;
  make_room();

  std::uint64_t* mine = row(index);
  for (Index earlier = 0; earlier < epoch_; ++earlier) {
    mine[earlier / 64] |= std::uint64_t{1} << earlier % 64;
  }
  for (Index earlier = index; earlier-- > 0;) {
    if (events_[earlier].process != step.process) continue;
    events_[index].previous = earlier;
    include(index, earlier);
    break;
  }
  include_poster(index);
  posts_.insert(posts_.end(), step.posts.begin(), step.posts.end());
  arrivals_.insert(arrivals_.end(), step.arrivals.begin(), step.arrivals.end());
  for (const void* meeting : step.completed) {
    for (Index earlier = 0; earlier < index; ++earlier) {
      const auto came = slice(arrivals_, earlier, &Event::arrivals);
      if (std::find(came.begin(), came.end(), meeting) != came.end()) joined_.push_back(earlier);
    }
  }
  const Kept mine_kept = events_[index].kept;
  for (Index earlier = index; earlier-- > epoch_;) {
    if (before(earlier, index) || !dependent(events_[earlier].kept, mine_kept)) continue;
    races_.push_back({earlier, kNone});
    include(index, earlier);
  }
  return index;
}

HappensBefore::Kept HappensBefore::pop(Index epoch) noexcept {
  const Event& event = events_.back();
  const Kept kept = event.kept;
  posts_.resize(event.posts);
  arrivals_.resize(event.arrivals);
  joined_.resize(event.joined);
  races_.resize(event.races);
  events_.pop_back();
  rows_.resize(events_.size() * stride_);
  epoch_ = epoch;
  return kept;
}

HappensBefore::Kept HappensBefore::mark() const noexcept {
  Kept kept;
  kept.words = end_of(words_);
  kept.released = end_of(released_);
  kept.values = end_of(values_);
  return kept;
}

void HappensBefore::drop(const Kept& mark) noexcept {
  words_.resize(mark.words);
  released_.resize(mark.released);
  values_.resize(mark.values);
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

Fingerprint HappensBefore::class_of_execution() const {
  std::vector<std::uint64_t> ids(events_.size());
  std::vector<std::uint64_t> ordinals(events_.size(), 0);
  Fingerprint result;
  for (Index event = 0; event < size(); ++event) {
    if (const Index previous = events_[event].previous; previous != kNone) {
      ordinals[event] = ordinals[previous] + 1;
    }
    std::uint64_t id =
        mix(reinterpret_cast<std::uintptr_t>(events_[event].process)) + mix(ordinals[event] + 1);
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
