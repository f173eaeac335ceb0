#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cocheck/detail/fingerprint.hpp"
#include "cocheck/explorer.hpp"

namespace cocheck {

/// Makes one execution of another explorer and notes which states it goes through. Made twice, with
/// the memory of the model laid out in two ways, it shows whether states say all that there is: a
/// model that changes something outside of its memory, or that goes by addresses, differs.
class WatchExplorer final : public Explorer {
 public:
  using Layout = detail::ModelMemory::Layout;

  /// What was seen before a step.
  struct Sight {
    std::size_t alternatives = 0;
    detail::Fingerprint fingerprint;  // where one was made
    std::string actor;                // with details: who acts, and where it stands
  };

  /// At most `max_steps` are watched. Without details most states are only counted. `inner` must
  /// outlive this.
  WatchExplorer(Explorer& inner, std::size_t max_steps, Layout layout, bool details) noexcept
      : inner_(inner), max_steps_(max_steps), layout_(layout), details_(details) {}

  bool next() override { return inner_.next(); }
  std::size_t pick(std::size_t alternatives, const World& world) override {
    return inner_.pick(alternatives, world);
  }
  bool drive(World& world) override;
  [[nodiscard]] bool compares_states() const noexcept override { return true; }
  [[nodiscard]] Layout layout() const noexcept override { return layout_; }

  [[nodiscard]] const std::vector<Sight>& sights() const noexcept { return sights_; }
  /// Whether something that the model allocated is still there after the end.
  [[nodiscard]] std::size_t blocks_left() const noexcept { return blocks_left_; }

 private:
  Explorer& inner_;
  std::size_t max_steps_;
  Layout layout_;
  bool details_;
  std::vector<Sight> sights_;
  std::size_t blocks_left_ = 0;
};

}  // namespace cocheck
