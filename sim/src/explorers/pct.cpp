#include "cocheck/explorers/pct.hpp"

#include <algorithm>
#include <cmath>

#include "cocheck/errors.hpp"

namespace cocheck {

// Two depths with one seed are not to draw the same.
PctExplorer::PctExplorer(std::uint64_t seed, std::uint32_t depth)
    : run_(seed ^ std::uint64_t{depth} << 32, detail::SampledRun::Numbers::anew), depth_(depth) {
  if (depth == 0) throw ValueError("the depth of a bug is at least 1");
}

bool PctExplorer::next() {
  run_.prepare();
  return true;
}

/// Only the values of a choose() are asked for.
std::size_t PctExplorer::pick(std::size_t alternatives, const World&) {
  return run_.draw_value(alternatives);
}

bool PctExplorer::drive(World& world) {
  run_.begin(world);
  falls_.clear();
  if (const auto length = static_cast<std::size_t>(run_.length()); length > 0) {
    for (std::uint32_t i = 0; i + 1 < depth_; ++i) {
      falls_.push_back({run_.random().below(length), i});
    }
    std::sort(falls_.begin(), falls_.end(), [](const Fall& one, const Fall& other) {
      return one.step != other.step ? one.step > other.step : one.priority > other.priority;
    });
  }
  while (run_.look()) {
    while (!falls_.empty() && world.steps() >= falls_.back().step) {
      run_.set_priority(run_.process_of(run_.highest()), falls_.back().priority);
      falls_.pop_back();
    }
    const auto unsteered = run_.unsteered();
    run_.take(unsteered ? *unsteered : run_.highest());
  }
  run_.end();
  return true;
}

double PctExplorer::chance() const noexcept {
  if (run_.length() == 0) return 0;
  return 1 / (run_.processes() *
              std::pow(static_cast<double>(run_.longest()), static_cast<double>(depth_ - 1)));
}

}  // namespace cocheck
