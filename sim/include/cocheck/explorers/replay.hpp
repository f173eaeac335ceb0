#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cocheck/explorer.hpp"
#include "cocheck/schedule.hpp"

namespace cocheck {

/// Makes the choices of a recorded schedule again, by task ids. Throws ReplayDiverged at the first
/// choice that the execution does not offer: the model, or cocheck, has changed since.
///
/// Labels and numbers of alternatives are compared where the schedule has them (the one-line form
/// has none).
class ReplayExplorer final : public Explorer {
 public:
  /// Throws ScheduleError where the options of the schedule make no sense.
  explicit ReplayExplorer(Schedule schedule);

  bool next() override;
  std::size_t pick(std::size_t alternatives, const World& world) override;
  [[nodiscard]] Order order() const noexcept override { return order_; }
  [[nodiscard]] bool picks_forced() const noexcept override { return true; }

  /// How many choices of the schedule the execution has made.
  [[nodiscard]] std::size_t position() const noexcept { return position_; }
  [[nodiscard]] std::size_t size() const noexcept { return schedule_.choices.size(); }

 private:
  [[noreturn]] void diverge(const std::string& found) const;

  Schedule schedule_;
  Order order_;
  std::size_t position_ = 0;
  bool started_ = false;
};

}  // namespace cocheck
