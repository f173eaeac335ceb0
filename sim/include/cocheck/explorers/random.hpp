#pragma once

#include <cstdint>

#include "cocheck/explorer.hpp"
#include "cocheck/random_stream.hpp"

namespace cocheck {

/// A random walk: at every point each alternative is equally likely. Never ends by itself.
///
/// Execution k of a seed is always the same, whatever came before.
class RandomExplorer final : public Explorer {
 public:
  explicit RandomExplorer(std::uint64_t seed) noexcept : seeds_(seed), stream_(0) {}

  bool next() override {
    stream_ = RandomStream(seeds_.next());
    return true;
  }
  std::size_t pick(std::size_t alternatives, const World&) override {
    return stream_.below(alternatives);
  }

 private:
  RandomStream seeds_;
  RandomStream stream_;
};

}  // namespace cocheck
