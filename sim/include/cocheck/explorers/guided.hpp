#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cocheck/explorer.hpp"
#include "cocheck/schedule.hpp"

namespace cocheck {

/// A wish: take `choice`. A value of choose() is named by its task and by how many the task has
/// drawn before, so that it stays the same whatever else is left out; anything else by how many
/// actions have been chosen before. Only points with several alternatives count.
struct Deviation {
  std::size_t position = 0;
  Choice choice;
};

/// One execution of the FIFO default with some deviations; one that is not on offer is left out.
/// What minimisation runs its candidates with.
class GuidedExplorer final : public Explorer {
 public:
  explicit GuidedExplorer(std::span<const Deviation> deviations) noexcept
      : deviations_(deviations) {}

  bool next() override { return !std::exchange(started_, true); }
  std::size_t pick(std::size_t alternatives, const World& world) override;

 private:
  [[nodiscard]] std::size_t draw(std::size_t alternatives, const World& world);

  std::span<const Deviation> deviations_;
  std::size_t next_ = 0;  // of those that are no values
  std::size_t position_ = 0;
  std::map<std::string, std::size_t> drawn_;  // values by task
  bool started_ = false;
};

/// Takes alternatives by their index: repeats an execution of this process.
class TapeExplorer final : public Explorer {
 public:
  TapeExplorer(std::span<const std::uint32_t> tape, Order order) noexcept
      : tape_(tape), order_(order) {}

  bool next() override { return !std::exchange(started_, true); }
  std::size_t pick(std::size_t alternatives, const World& world) override;
  [[nodiscard]] Order order() const noexcept override { return order_; }

 private:
  std::span<const std::uint32_t> tape_;
  Order order_;
  std::size_t position_ = 0;
  bool started_ = false;
};

/// The alternative of `world` that `choice` names; `alternatives` when there is none.
[[nodiscard]] std::size_t find_alternative(const Choice& choice, std::size_t alternatives,
                                           const World& world);

}  // namespace cocheck
