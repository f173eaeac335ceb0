#include "cocheck/detail/access_profile.hpp"

#include <algorithm>
#include <array>

namespace cocheck::detail {

namespace {

constexpr std::array<std::uint8_t, 2> kHalves = {0x0f, 0xf0};

/// Of a step, so that those of different sets of steps add up to different numbers.
std::uint64_t signature_of(std::uint32_t process, std::uint32_t step) noexcept {
  std::uint64_t value = (std::uint64_t{process} << 32 | step) + 0x9e37'79b9'7f4a'7c15u;
  value = (value ^ value >> 30) * 0xbf58'476d'1ce4'e5b9u;
  value = (value ^ value >> 27) * 0x94d0'49bb'1331'11ebu;
  return value ^ value >> 31;
}

void join(std::uint32_t* into, const std::uint32_t* from, std::size_t count) noexcept {
  for (std::size_t i = 0; i < count; ++i) into[i] = std::max(into[i], from[i]);
}

}  // namespace

void AccessProfile::begin() {
  clocks_.assign(clocks_.size(), 0);
  steps_.assign(steps_.size(), 0);
  parents_.assign(parents_.size(), kNone);
  meetings_.clear();
  meeting_clocks_.clear();
  numbering_.clear();
  halves_.clear();
  sharers_.assign(1, {});
}

void AccessProfile::make_room(Process process) {
  if (process < steps_.size()) return;
  steps_.resize(process + 1, 0);
  parents_.resize(process + 1, kNone);
  clocks_.resize(std::size_t{std::min(process + 1, kClocks)} * kClocks, 0);
}

void AccessProfile::add_step(Process process, std::span<const AccessedWord> words) {
  make_room(process);
  ++steps_[process];
  if (process < kClocks) clocks_[process * kClocks + process] = steps_[process];
  for (const AccessedWord accessed : words) {
    for (const std::uint8_t bytes : kHalves) {
      const auto reads = static_cast<std::uint8_t>(accessed.reads() & bytes);
      const auto writes = static_cast<std::uint8_t>(accessed.writes() & bytes);
      if ((reads | writes) != 0) touch(process, {accessed.word(), bytes}, reads, writes);
    }
  }
}

void AccessProfile::touch(Process process, WordPart part, std::uint8_t reads, std::uint8_t writes) {
  const std::uint32_t number = numbering_.add(part.word * 2 + (part.bytes == kHalves[0] ? 0 : 1));
  if (number == halves_.size()) halves_.push_back({.part = part});
  Half& half = halves_[number];
  const std::uint32_t now = steps_[process];
  half.signature += signature_of(process, now);
  std::uint32_t mine = 0;
  for (std::uint32_t i = half.sharers; i != 0; i = sharers_[i].next) {
    const Sharer& sharer = sharers_[i];
    if (sharer.process == process) {
      mine = i;
      continue;
    }
    const std::uint32_t seen = known(process, sharer.process);
    const bool after_write = ((reads | writes) & sharer.bytes_written) != 0 && sharer.write > seen;
    const bool after_read = (writes & sharer.bytes_read) != 0 && sharer.read > seen;
    if (after_write || after_read) half.contested = true;
  }
  if (mine == 0) {
    mine = static_cast<std::uint32_t>(sharers_.size());
    sharers_.push_back({.process = process, .next = half.sharers});
    half.sharers = mine;
  }
  Sharer& sharer = sharers_[mine];
  ++sharer.steps;
  if (reads != 0) sharer.read = now;
  if (writes != 0) sharer.write = now;
  sharer.bytes_read = static_cast<std::uint8_t>(sharer.bytes_read | reads);
  sharer.bytes_written = static_cast<std::uint8_t>(sharer.bytes_written | writes);
}

void AccessProfile::add_post(Process process, Process posted) {
  make_room(std::max(process, posted));
  if (parents_[posted] == kNone && steps_[posted] == 0) parents_[posted] = process;
  if (process >= kClocks || posted >= kClocks) return;
  join(&clocks_[posted * kClocks], &clocks_[process * kClocks], kClocks);
}

AccessProfile::Clock& AccessProfile::clock_of(const void* meeting) {
  const std::uint32_t number = meetings_.add(reinterpret_cast<std::uintptr_t>(meeting));
  if (number == meeting_clocks_.size()) meeting_clocks_.emplace_back(kClocks, 0);
  return meeting_clocks_[number];
}

void AccessProfile::add_arrival(Process process, const void* meeting) {
  if (process < kClocks) join(clock_of(meeting).data(), &clocks_[process * kClocks], kClocks);
}

void AccessProfile::add_completion(Process process, const void* meeting) {
  if (process < kClocks) join(&clocks_[process * kClocks], clock_of(meeting).data(), kClocks);
}

std::vector<AccessProfile::Object> AccessProfile::objects() const {
  std::vector<const Half*> contested;
  for (const Half& half : halves_) {
    if (half.contested) contested.push_back(&half);
  }
  // Those with the same steps stand together then, the lowest first.
  std::sort(contested.begin(), contested.end(), [](const Half* one, const Half* other) {
    if (one->signature != other->signature) return one->signature < other->signature;
    return one->part.word != other->part.word ? one->part.word < other->part.word
                                              : one->part.bytes < other->part.bytes;
  });
  const auto end = std::unique(
      contested.begin(), contested.end(),
      [](const Half* one, const Half* other) { return one->signature == other->signature; });
  contested.erase(end, contested.end());
  std::sort(contested.begin(), contested.end());
  std::vector<Object> objects;
  for (const Half* half : contested) {
    Object& object = objects.emplace_back(Object{half->part, {}});
    for (std::uint32_t i = half->sharers; i != 0; i = sharers_[i].next) {
      object.shares.push_back({sharers_[i].process, sharers_[i].steps});
    }
  }
  return objects;
}

}  // namespace cocheck::detail
