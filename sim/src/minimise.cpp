#include "cocheck/minimise.hpp"

#include <algorithm>
#include <cassert>
#include <map>
#include <string>
#include <utility>

#include "cocheck/detail/interrupt.hpp"

namespace cocheck {

namespace {

bool is_value(const Deviation& deviation) {
  return deviation.choice.kind == Choice::Kind::value;
}

/// The deviations that are left, and what may still be tried.
class Shrinking {
 public:
  Shrinking(World& world, const Model& model, std::vector<Deviation> deviations, FailureKind kind,
            const ShrinkLimits& limits)
      : world_(world),
        model_(model),
        deviations_(std::move(deviations)),
        kind_(kind),
        limits_(limits) {}

  std::vector<Deviation> run() {
    for (bool smaller = true; smaller && !deviations_.empty() && !over();) {
      const bool fewer = leave_out_chunks();
      const bool replaced = replace_earlier_ones();
      const bool lower = lower_values();
      smaller = fewer || replaced || lower;
    }
    return std::move(deviations_);
  }

 private:
  [[nodiscard]] bool over() const {
    return executions_ >= limits_.executions || steps_ >= limits_.steps ||
           detail::time_is_up(limits_.deadline);
  }

  /// Keeps the candidate if it still fails.
  bool try_out(std::vector<Deviation> candidate) {
    if (over()) return false;
    ++executions_;
    GuidedExplorer explorer(candidate);
    explorer.next();
    world_.run(model_, explorer);
    steps_ += world_.steps();
    if (!world_.failure() || world_.failure()->kind != kind_) return false;
    deviations_ = std::move(candidate);
    return true;
  }

  /// Half of them, then a quarter, ..., single ones.
  bool leave_out_chunks() {
    bool smaller = false;
    for (std::size_t chunk = (deviations_.size() + 1) / 2; chunk > 0 && !over(); chunk /= 2) {
      for (std::size_t begin = 0; begin < deviations_.size() && !over();) {
        const std::size_t end = std::min(begin + chunk, deviations_.size());
        std::vector<Deviation> candidate = deviations_;
        candidate.erase(candidate.begin() + static_cast<std::ptrdiff_t>(begin),
                        candidate.begin() + static_cast<std::ptrdiff_t>(end));
        if (try_out(std::move(candidate))) {
          smaller = true;
        } else {
          begin = end;
        }
      }
    }
    return smaller;
  }

  /// One in the place of an earlier one: what overtakes others one by one may overtake all at once.
  bool replace_earlier_ones() {
    bool smaller = false;
    for (std::size_t later = 1; later < deviations_.size() && !over();) {
      if (replaces_an_earlier_one(later)) {
        smaller = true;
      } else {
        ++later;
      }
    }
    return smaller;
  }

  bool replaces_an_earlier_one(std::size_t later) {
    if (is_value(deviations_[later])) return false;
    for (std::size_t earlier = 0; earlier < later && !over(); ++earlier) {
      if (is_value(deviations_[earlier])) continue;
      std::vector<Deviation> candidate = deviations_;
      candidate[earlier].choice = deviations_[later].choice;
      candidate.erase(candidate.begin() + static_cast<std::ptrdiff_t>(later));
      if (try_out(std::move(candidate))) return true;
    }
    return false;
  }

  /// A lower value is simpler: by bisection, then one by one.
  bool lower_values() {
    bool smaller = false;
    for (std::size_t i = 0; i < deviations_.size() && !over(); ++i) {
      if (!is_value(deviations_[i])) continue;
      std::size_t low = 1;  // 0 was tried when the deviation was left out
      while (low < deviations_[i].choice.value && !over()) {
        std::vector<Deviation> candidate = deviations_;
        const std::size_t middle = low + (deviations_[i].choice.value - low) / 2;
        candidate[i].choice.value = middle;
        if (try_out(std::move(candidate))) {
          smaller = true;
        } else {
          low = middle + 1;
        }
      }
    }
    return smaller;
  }

  World& world_;
  const Model& model_;
  std::vector<Deviation> deviations_;
  FailureKind kind_;
  const ShrinkLimits& limits_;
  std::uint64_t executions_ = 0;
  std::uint64_t steps_ = 0;
};

}  // namespace

std::vector<Deviation> deviations_of(std::span<const Choice> choices,
                                     std::span<const std::uint32_t> tape) {
  std::vector<Deviation> deviations;
  std::size_t taken = 0;
  std::size_t actions = 0;
  std::map<std::string, std::size_t> drawn;
  for (const Choice& choice : choices) {
    if (choice.alternatives == 1) continue;
    std::size_t& position = choice.kind == Choice::Kind::value ? drawn[choice.task] : actions;
    if (tape[taken] != 0) deviations.push_back({position, choice});
    ++position;
    ++taken;
  }
  assert(taken == tape.size());
  return deviations;
}

std::vector<Deviation> minimise(World& world, const Model& model, std::vector<Deviation> deviations,
                                FailureKind kind, const ShrinkLimits& limits) {
  return Shrinking(world, model, std::move(deviations), kind, limits).run();
}

}  // namespace cocheck
