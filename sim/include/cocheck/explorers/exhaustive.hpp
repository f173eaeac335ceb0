#pragma once

#include <cstdint>
#include <vector>

#include "cocheck/explorer.hpp"
#include "cocheck/world.hpp"

namespace cocheck {

/// Every interleaving, depth first: the reference for all other explorers.
///
/// Keeps the path to the present leaf, one entry for each point with several alternatives, and
/// makes each execution anew. Memory O(depth). Throws NotDeterministic where the model offers
/// another number of alternatives on the same path than before.
class ExhaustiveExplorer final : public Explorer {
 public:
  bool next() override {
    if (!started_) {
      started_ = true;
      return true;
    }
    if (depth_ < forced_) {
      throw NotDeterministic("the model is not deterministic: it had " + std::to_string(forced_) +
                             " choices on this path before and " + std::to_string(depth_) +
                             " now; look for state that outlives an execution");
    }
    // Execution by execution the rightmost point that has an alternative left moves on.
    path_.resize(depth_);
    while (!path_.empty() && path_.back().taken + 1 == path_.back().alternatives) path_.pop_back();
    if (path_.empty()) {
      exhausted_ = true;
      return false;
    }
    ++path_.back().taken;
    forced_ = path_.size();
    depth_ = 0;
    return true;
  }

  std::size_t pick(std::size_t alternatives, const World&) override {
    if (depth_ < path_.size()) {
      const Point& point = path_[depth_++];
      if (point.alternatives != alternatives) {
        throw NotDeterministic(depth_ - 1, point.alternatives, alternatives);
      }
      return point.taken;
    }
    path_.push_back({static_cast<std::uint32_t>(alternatives), 0});
    ++depth_;
    return 0;
  }

  [[nodiscard]] bool exhausted() const noexcept override { return exhausted_; }

 private:
  struct Point {
    std::uint32_t alternatives;
    std::uint32_t taken;
  };

  std::vector<Point> path_;
  std::size_t depth_ = 0;   // points of the present execution
  std::size_t forced_ = 0;  // of these, how many it shares with an earlier one
  bool started_ = false;
  bool exhausted_ = false;
};

}  // namespace cocheck
