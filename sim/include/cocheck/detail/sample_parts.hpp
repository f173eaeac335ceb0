#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "cocheck/explorer.hpp"
#include "cocheck/world.hpp"

namespace cocheck::detail {

/// How often a sampler looks at the time.
inline constexpr std::uint64_t kExecutionsBetweenTimeChecks = 64;

/// The executions of a sampler, in parts that know nothing of each other: each has an explorer of
/// its own, with another seed. So it does not matter which process makes them.
class SampleParts {
 public:
  static constexpr std::uint64_t kPart = 1'024;  // executions

  /// Makes an explorer that never ends by itself.
  using Make = std::function<std::unique_ptr<Explorer>(std::uint64_t seed)>;

  SampleParts(Make make, std::uint64_t seed) : make_(std::move(make)), seed_(seed) {}

  /// Of the present part.
  [[nodiscard]] Explorer& explorer() { return *explorer_; }
  [[nodiscard]] std::uint64_t left() const noexcept { return left_; }
  /// So many executions of it have been made.
  void count(std::uint64_t executions) noexcept { left_ -= executions; }

  void begin_part() {
    explorer_ = make(next_++);
    left_ = kPart;
  }
  /// So many whole parts were made elsewhere.
  void skip(std::uint64_t parts) noexcept { next_ += parts; }

  [[nodiscard]] std::uint64_t next() const noexcept { return next_; }
  [[nodiscard]] std::unique_ptr<Explorer> make(std::uint64_t part) const;

 private:
  Make make_;
  std::uint64_t seed_;
  std::uint64_t next_ = 0;  // part
  std::uint64_t left_ = 0;
  std::unique_ptr<Explorer> explorer_;
};

/// What is known of executions that all pass.
struct PassingParts {
  std::uint64_t parts = 0;
  bool all = false;  // whether these are all that were asked for, or as many as are made at a time
  std::uint64_t steps = 0;
  double chance = 1;  // the least of what their explorers say: see Explorer::chance()
  std::vector<std::uint64_t> hashes;  // of their tapes
};

/// Makes parts from the next one on in `jobs` processes, `count` at most. Gives those before the
/// first one in which an execution did not just pass, or for which there was no time: whoever makes
/// that one again sees the same.
[[nodiscard]] PassingParts make_parts(
    World& world, const Model& model, const SampleParts& parts, std::uint64_t count,
    std::size_t jobs, std::optional<std::chrono::steady_clock::time_point> deadline);

}  // namespace cocheck::detail
