#include "cocheck/explorers/surw.hpp"

#include <algorithm>

namespace cocheck {

using detail::AccessProfile;
using detail::ObservedRun;
using detail::StepEstimates;

namespace {

// Executions that count: the first one, and one in so many.
constexpr std::uint64_t kBetweenCounts = 64;
// In one of so many, each step is asked whether it was on the object; else that is guessed.
constexpr std::uint64_t kBetweenAsking = 8;
// In one of so many the others do not keep their priorities.
constexpr std::size_t kOneWanders = 4;
constexpr std::size_t kMaxObjects = 4'096;
constexpr std::size_t kMaxDepth = 64;  // of who descends from whom

}  // namespace

bool SurwExplorer::drive(World& world) {
  if (!run_.begin(world)) {
    executions_ = 0;
    objects_.clear();
    parents_.clear();
  }
  if (executions_++ % kBetweenCounts == 0) {
    count();
  } else {
    sample();
  }
  run_.end();
  return true;
}

/// A random walk that looks at everything.
void SurwExplorer::count() {
  run_.walk();
  profile_.begin();
  while (run_.look()) {
    const auto taken = run_.take(*run_.unsteered(), ObservedRun::Look::always);
    profile_.add_step(taken.process, run_.estimates().learnt());
    for (const void* meeting : run_.arrivals()) profile_.add_arrival(taken.process, meeting);
    for (const void* meeting : run_.completed()) profile_.add_completion(taken.process, meeting);
    for (const void* process : run_.posted()) {
      profile_.add_post(taken.process, run_.process_named(process));
    }
  }
  keep_profile();
}

void SurwExplorer::keep_profile() {
  for (Object& object : profile_.objects()) {
    const auto known = std::find_if(objects_.begin(), objects_.end(),
                                    [&](const Object& other) { return other.part == object.part; });
    if (known != objects_.end()) {
      *known = std::move(object);
    } else if (objects_.size() < kMaxObjects) {
      objects_.push_back(std::move(object));
    }
  }
  parents_.resize(run_.numbered(), kNone);
  for (Process process = 0; process < parents_.size(); ++process) {
    if (const Process parent = profile_.parent(process); parent != kNone) {
      parents_[process] = parent;
    }
  }
}

void SurwExplorer::sample() {
  choose_object();
  const bool asks_all = executions_ % kBetweenAsking == 0;
  wanders_ = run_.random().below(kOneWanders) == 0;
  while (run_.look()) {
    for (const Process process : run_.appeared()) admit(process);
    if (intended_ == kNone) draw_intended();
    const auto unsteered = run_.unsteered();
    const std::size_t index = unsteered ? *unsteered : choose();
    const Process process = run_.process_of(index);
    const bool known = run_.next_of(process) != StepEstimates::kUnknown;
    const bool asks = asks_all || !known;
    const bool on_object = !asks && expected(process);
    const auto taken =
        run_.take(index, ObservedRun::Look::when_unknown, asks ? object_ : detail::WordPart{});
    if (wanders_) run_.redraw(process);
    if (!taken.touched && !on_object) continue;
    if (taken.touched && !taken.learnt) {
      run_.estimates().learn_part(process, taken.step, object_);
    }
    if (process == intended_) intended_ = kNone;
    if (process < stakes_.size() && stakes_[process].left > 0) --stakes_[process].left;
  }
}

void SurwExplorer::choose_object() {
  object_ = {};
  intended_ = kNone;
  admitted_.clear();
  stakes_.assign(parents_.size(), {});
  if (objects_.empty()) return;
  const Object& object = objects_[run_.random().below(objects_.size())];
  object_ = object.part;
  for (const AccessProfile::Share& share : object.shares) {
    Process process = share.process;
    for (std::size_t i = 0; i < kMaxDepth && process != kNone; ++i) {
      stakes_[process].total += share.steps;
      process = parents_[process];
    }
  }
}

/// It takes what it has to do from whom it descends from, and perhaps the turn.
void SurwExplorer::admit(Process process) {
  if (process >= stakes_.size()) return;  // it was not there when steps were counted
  Stake& stake = stakes_[process];
  stake.there = true;
  stake.left = stake.total;
  if (stake.left == 0) return;
  admitted_.push_back(process);
  Process elder = parents_[process];
  for (std::size_t i = 0; i < kMaxDepth && elder != kNone && !stakes_[elder].there; ++i) {
    elder = parents_[elder];
  }
  if (elder == kNone) return;
  std::uint64_t& left = stakes_[elder].left;
  if (elder == intended_ && run_.random().below(std::max<std::size_t>(left, 1)) < stake.left) {
    intended_ = process;
  }
  left -= std::min(left, stake.left);
}

void SurwExplorer::draw_intended() {
  std::uint64_t sum = 0;
  for (const Process process : admitted_) sum += stakes_[process].left;
  if (sum == 0) return;
  std::uint64_t drawn = run_.random().below(sum);
  for (const Process process : admitted_) {
    if (drawn < stakes_[process].left) {
      intended_ = process;
      return;
    }
    drawn -= stakes_[process].left;
  }
}

/// Whether the next step of the process is on the object, as far as is known.
bool SurwExplorer::expected(Process process) {
  const StepEstimates::Id step = run_.next_of(process);
  return step != StepEstimates::kUnknown && run_.estimates().touches(step, object_);
}

std::size_t SurwExplorer::choose() {
  const auto places = run_.places();
  if (intended_ == kNone) return run_.highest();
  parked_.clear();
  std::size_t best = places.size();
  std::uint64_t most = 0;
  for (std::size_t i = 0; i < places.size(); ++i) {
    const Process process = places[i].process;
    if (process != intended_ && expected(process)) {
      parked_.push_back(static_cast<std::uint32_t>(i));
      continue;
    }
    if (const std::uint64_t priority = run_.priority(process); priority > most) {
      most = priority;
      best = i;
    }
  }
  return best < places.size() ? best : draw_parked();
}

/// The one to come next cannot.
std::size_t SurwExplorer::draw_parked() {
  const auto weight = [&](std::size_t index) {
    const Process process = run_.places()[index].process;
    return process < stakes_.size() ? stakes_[process].left + 1 : 1;
  };
  std::uint64_t sum = 0;
  for (const std::uint32_t index : parked_) sum += weight(index);
  std::uint64_t drawn = run_.random().below(sum);
  std::size_t chosen = parked_.front();
  for (const std::uint32_t index : parked_) {
    chosen = index;
    if (drawn < weight(index)) break;
    drawn -= weight(index);
  }
  intended_ = run_.places()[chosen].process;
  return chosen;
}

}  // namespace cocheck
