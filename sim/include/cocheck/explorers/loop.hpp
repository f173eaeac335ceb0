#pragma once

#include <cstddef>

#include "cocheck/explorer.hpp"

namespace cocheck {

/// Makes the execution of another explorer up to a given step, and fails it as a livelock if the
/// state there is the same as at an earlier step: so it can go on for ever. Throws ReplayDiverged
/// where the state is another one.
class LoopExplorer final : public Explorer {
 public:
  /// The loop begins after `loop` steps and ends after `steps`. `inner` must outlive this.
  LoopExplorer(Explorer& inner, std::size_t loop, std::size_t steps) noexcept
      : inner_(inner), loop_(loop), steps_(steps) {}

  bool next() override { return inner_.next(); }
  std::size_t pick(std::size_t alternatives, const World& world) override {
    return inner_.pick(alternatives, world);
  }
  bool drive(World& world) override;
  [[nodiscard]] bool compares_states() const noexcept override { return true; }

  /// Whether timers are pending all the time.
  [[nodiscard]] bool timers_pending() const noexcept { return timers_pending_; }

 private:
  Explorer& inner_;
  std::size_t loop_;
  std::size_t steps_;
  bool timers_pending_ = false;
};

}  // namespace cocheck
