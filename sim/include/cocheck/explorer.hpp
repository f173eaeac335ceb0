#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "cocheck/detail/model_memory.hpp"
#include "cocheck/detail/surroundings.hpp"
#include "cocheck/errors.hpp"

namespace cocheck {

class World;

/// In which order a world offers what is ready.
enum class Order : std::uint8_t {
  any,   ///< every ready task and due timer is an alternative
  fifo,  ///< asyncio's event loop: one queue, iterations, timers behind what is ready
};

/// The model did not do the same again although the same choices were made.
class NotDeterministic : public Error {
 public:
  explicit NotDeterministic(const std::string& what) : Error(what) {}
  NotDeterministic(std::size_t position, std::size_t expected, std::size_t found)
      : Error("the model is not deterministic: at choice " + std::to_string(position) + " it had " +
              std::to_string(expected) + " alternatives before and " + std::to_string(found) +
              " now; look for state that outlives an execution, addresses or real time") {}
};

/// A schedule does not fit the model that replays it.
class ReplayDiverged : public Error {
 public:
  using Error::Error;
};

/// Decides which execution comes next, by making its choices.
///
/// One explorer makes one search. Before each execution next() is asked; during it pick() is called
/// at every point with more than one alternative; afterwards the choices made are the tape of the
/// world. Alternative 0 is always what a FIFO queue would do.
class Explorer {
 public:
  Explorer() = default;
  Explorer(const Explorer&) = delete;
  Explorer(Explorer&&) = default;
  Explorer& operator=(const Explorer&) = delete;
  virtual ~Explorer() = default;

  /// Prepares the next execution; false when there is none left.
  virtual bool next() = 0;

  /// The alternative to take, below `alternatives`. The actions can be asked of `world`.
  virtual std::size_t pick(std::size_t alternatives, const World& world) = 0;

  /// For an explorer that goes back and forth within one execution: it takes actions of the world
  /// as it likes and leaves it in the last state that it looked at. False: the world asks pick().
  virtual bool drive(World& world) {
    (void)world;
    return false;
  }

  /// Whether it looks at states: blocks of memory then say what is no part of them.
  [[nodiscard]] virtual bool compares_states() const noexcept { return false; }

  /// Whether it wants to know what each step touches: the primitives then say what it means.
  [[nodiscard]] virtual bool tracks_accesses() const noexcept { return false; }

  /// How the memory of the model is laid out.
  [[nodiscard]] virtual detail::ModelMemory::Layout layout() const noexcept {
    return detail::ModelMemory::Layout::upward;
  }

  /// What surrounds the steps, where it looks at states.
  [[nodiscard]] virtual detail::Surroundings surroundings() const noexcept { return {}; }

  [[nodiscard]] virtual Order order() const noexcept { return Order::any; }

  /// Whether pick() is to be called for choices with a single alternative too.
  [[nodiscard]] virtual bool picks_forced() const noexcept { return false; }

  /// How likely it is at least that one execution shows a bug of the depth that the explorer is
  /// made for; 0: it makes no claim.
  [[nodiscard]] virtual double chance() const noexcept { return 0; }

  /// Whether every execution that there is has been made; asked when next() has said no.
  [[nodiscard]] virtual bool exhausted() const noexcept { return false; }
};

}  // namespace cocheck
