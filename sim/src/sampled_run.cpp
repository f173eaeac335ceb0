#include "cocheck/detail/sampled_run.hpp"

#include <algorithm>
#include <functional>

#include "cocheck/detail/task_base.hpp"

namespace cocheck::detail {

namespace {

constexpr std::uint64_t kPatience = 4;  // times the longest random walk
constexpr std::uint64_t kPatienceInSteps = 1'000;
constexpr std::uint64_t kUnknownLength = 64;
constexpr std::uint64_t kCredible = 2;  // times the longest random walk

std::uint64_t mixed(std::uint64_t one, std::uint64_t other) noexcept {
  return (one ^ (one >> 29)) * 0xbf58'476d'1ce4'e5b9u + other;
}

std::uint64_t address_of(const void* object) noexcept {
  return reinterpret_cast<std::uintptr_t>(object);
}

}  // namespace

bool SampledRun::begin(World& world) {
  world_ = &world;
  const ModelMemory& memory = world.memory();
  const bool same = numbers_ == Numbers::kept && memory_ == &memory && layouts_ == memory.layouts();
  memory_ = &memory;
  layouts_ = memory.layouts();
  if (!same) {
    numbering_.clear();
    records_.clear();
  }
  ++execution_;
  seen_ = 0;
  places_.clear();
  walk_from_ = walked_ == 0 ? 0 : kPatience * walked_ + kPatienceInSteps;
  plan_cancellations();
  return same;
}

/// Some are never injected, so that fewer are seen as well.
void SampledRun::plan_cancellations() {
  cancellations_.clear();
  const std::uint64_t length = length_ == 0 ? kUnknownLength : length_;
  const auto bound = static_cast<std::size_t>(length + length / 8 + 1);
  for (std::uint32_t left = world_->cancellations_left(); left > 0; --left) {
    cancellations_.push_back(random_.below(bound));
  }
  std::sort(cancellations_.begin(), cancellations_.end(), std::greater<>());
}

bool SampledRun::look() {
  alternatives_ = world_->alternatives();
  appeared_.clear();
  if (alternatives_ == 0) return false;
  if (world_->steps() == world_->max_steps()) {
    world_->cut_short();
    return false;
  }
  const auto ready = world_->ready();
  const auto timers = world_->timers();
  const std::size_t count = alternatives_ - world_->cancellations_offered();
  places_.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t of_ready = world_->place_in_ready(i);
    const bool timer = of_ready >= ready.size();
    const std::size_t of_timers = timer ? world_->place_in_timers(i) : 0;
    const Runnable* runnable = timer ? timers[of_timers].timer : ready[of_ready].runnable;
    const std::uint32_t number = timer ? timers[of_timers].number : ready[of_ready].number;
    Place& place = places_[i];
    if (place.runnable == runnable && place.number == number) [[likely]]
      continue;
    place = {runnable, number, process_with(key_of(*runnable, number))};
  }
  return true;
}

/// Where memory is used again in the same execution an address alone is not enough.
std::uint64_t SampledRun::key_of(const Runnable& runnable, std::uint32_t number) const {
  const std::uint64_t address = address_of(runnable.identity());
  if (numbers_ == Numbers::kept || runnable.task() == nullptr) return address;
  const TaskBase& task = *runnable.task();
  if (runnable.kind() != Runnable::Kind::step) {
    return mixed(mixed(address, address_of(&task)), number + 1);
  }
  return mixed(mixed(address, address_of(task.parent())), task.index() + 1);
}

SampledRun::Process SampledRun::process_with(std::uint64_t key) {
  const Process process = numbering_.add(key);
  if (process == records_.size()) records_.emplace_back();
  Record& record = records_[process];
  if (record.execution != execution_) {
    record = {random_.next() | kLowest, execution_, 0};
    appeared_.push_back(process);
    most_processes_ = std::max(most_processes_, ++seen_);
  }
  return process;
}

SampledRun::Process SampledRun::canceller_of(std::size_t index) {
  return process_with(address_of(world_->action(index).task) + 1);
}

const void* SampledRun::name_of(std::size_t index) const {
  if (!cancels(index)) return places_[index].runnable->identity();
  return reinterpret_cast<const std::byte*>(world_->action(index).task) + 1;
}

std::optional<std::size_t> SampledRun::unsteered() {
  if (!cancellations_.empty() && world_->steps() >= cancellations_.back()) [[unlikely]] {
    if (const std::size_t offered = world_->cancellations_offered(); offered > 0) {
      cancellations_.pop_back();
      return places_.size() + random_.below(offered);
    }
  }
  if (world_->steps() >= walk_from_) return random_.below(places_.size());
  return std::nullopt;
}

std::size_t SampledRun::highest() const noexcept {
  std::size_t best = 0;
  std::uint64_t most = records_[places_[0].process].priority;
  for (std::size_t i = 1; i < places_.size(); ++i) {
    const std::uint64_t priority = records_[places_[i].process].priority;
    if (priority > most) {
      most = priority;
      best = i;
    }
  }
  return best;
}

void SampledRun::take(std::size_t index) {
  if (!cancels(index)) {
    ++records_[places_[index].process].steps;
    places_.erase(places_.begin() + static_cast<std::ptrdiff_t>(index));
  }
  world_->take(index, alternatives_);
}

/// The length goes by random walks: what was steered may have been long since it went in circles.
void SampledRun::end() {
  const std::uint64_t steps = world_->steps();
  longest_ = std::max(longest_, steps);
  if (steps > walk_from_) walked_ = std::max(walked_, steps - walk_from_);
  length_ = std::max(length_, std::min(steps, kCredible * walked_));
}

}  // namespace cocheck::detail
