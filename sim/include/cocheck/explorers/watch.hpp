#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "cocheck/detail/fingerprint.hpp"
#include "cocheck/detail/surroundings.hpp"
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

  struct Settings {
    std::size_t max_steps = ~std::size_t{0};  ///< more are not watched
    Layout layout = Layout::upward;
    detail::Surroundings surroundings = {};
    bool details = false;  ///< without, most states are only counted
    /// Called in every state.
    std::function<void(World&)> on_state = {};
  };

  /// `inner` must outlive this.
  WatchExplorer(Explorer& inner, Settings settings)
      : inner_(inner), settings_(std::move(settings)) {}

  bool next() override { return inner_.next(); }
  std::size_t pick(std::size_t alternatives, const World& world) override {
    return inner_.pick(alternatives, world);
  }
  bool drive(World& world) override;
  [[nodiscard]] bool compares_states() const noexcept override { return true; }
  [[nodiscard]] Layout layout() const noexcept override { return settings_.layout; }
  [[nodiscard]] detail::Surroundings surroundings() const noexcept override {
    return settings_.surroundings;
  }

  [[nodiscard]] const std::vector<Sight>& sights() const noexcept { return sights_; }
  /// Whether something that the model allocated is still there after the end.
  [[nodiscard]] std::size_t blocks_left() const noexcept { return blocks_left_; }
  [[nodiscard]] bool failed() const noexcept { return failed_; }

 private:
  Explorer& inner_;
  Settings settings_;
  std::vector<Sight> sights_;
  std::size_t blocks_left_ = 0;
  bool failed_ = false;
};

}  // namespace cocheck
