#pragma once

#include <cstdint>

#include "cocheck/explorer.hpp"
#include "cocheck/random_stream.hpp"
#include "cocheck/world.hpp"

namespace cocheck {

/// A random walk: at every point each alternative is equally likely. Never ends by itself.
///
/// But for cancellations: there is one for each task at each point, so that they would all come in
/// the first steps. One in sixteen choices is one, as long as any are left.
///
/// Execution k of a seed is always the same, whatever came before.
class RandomExplorer final : public Explorer {
 public:
  explicit RandomExplorer(std::uint64_t seed) noexcept : seeds_(seed), stream_(0) {}

  bool next() override {
    stream_ = RandomStream(seeds_.next());
    return true;
  }
  std::size_t pick(std::size_t alternatives, const World& world) override {
    const std::size_t cancellations = world.cancellations_offered();
    if (cancellations == 0) [[likely]]
      return stream_.below(alternatives);
    const std::size_t others = alternatives - cancellations;
    return stream_.below(kRarity) != 0 ? stream_.below(others)
                                       : others + stream_.below(cancellations);
  }

 private:
  static constexpr std::size_t kRarity = 16;

  RandomStream seeds_;
  RandomStream stream_;
};

}  // namespace cocheck
