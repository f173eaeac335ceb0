#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

namespace cocheck {

/// A stream of random numbers that is the same on every machine for the same seed: splitmix64
/// (Steele, Lea, Flood, OOPSLA 2014). Streams of different seeds are independent for our purposes.
class RandomStream {
 public:
  explicit RandomStream(std::uint64_t seed) noexcept : state_(seed), next_(advance()) {}

  [[nodiscard]] std::uint64_t next() noexcept { return std::exchange(next_, advance()); }

  /// Below `bound`, which is at least 1 and below 2^32; uniform up to 2^-32.
  [[nodiscard]] std::size_t below(std::size_t bound) noexcept {
    return static_cast<std::size_t>(((next() >> 32) * bound) >> 32);
  }

 private:
  std::uint64_t advance() noexcept {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  std::uint64_t state_;
  std::uint64_t next_;  // made ahead, since what is chosen by it has to wait for it
};

}  // namespace cocheck
