#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "cocheck/detail/fingerprint.hpp"
#include "cocheck/explorer.hpp"
#include "cocheck/random_stream.hpp"

namespace cocheck {

/// One random execution that notes which states it goes through. Made twice, with the memory of the
/// model laid out in two ways, it shows whether states say all that there is: a model that changes
/// something outside of its memory, or that goes by addresses, differs.
///
/// Seed 0 takes the first alternative everywhere.
class WatchExplorer final : public Explorer {
 public:
  /// What was seen before a step.
  struct Sight {
    std::size_t alternatives = 0;
    detail::Fingerprint fingerprint;  // where one was made
    std::string actor;                // with details: who acts, and where it stands
  };

  /// At most `max_steps` are watched. Without details most states are only counted.
  WatchExplorer(std::uint64_t seed, std::size_t max_steps, bool details) noexcept
      : seed_(seed), stream_(seed), max_steps_(max_steps), details_(details) {}

  bool next() override;
  std::size_t pick(std::size_t alternatives, const World& world) override;
  bool drive(World& world) override;

  [[nodiscard]] const std::vector<Sight>& sights() const noexcept { return sights_; }
  [[nodiscard]] bool time_seen() const noexcept { return time_seen_; }
  [[nodiscard]] bool names_seen() const noexcept { return names_seen_; }
  /// Whether something that the model allocated is still there after the end.
  [[nodiscard]] std::size_t blocks_left() const noexcept { return blocks_left_; }

 private:
  std::uint64_t seed_;
  RandomStream stream_;
  std::size_t max_steps_;
  bool details_;
  std::vector<Sight> sights_;
  std::size_t blocks_left_ = 0;
  bool time_seen_ = false;
  bool names_seen_ = false;
  bool started_ = false;
};

}  // namespace cocheck
