#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "cocheck/detail/kept_footprint.hpp"

namespace cocheck::detail {

/// Sequences of steps that a search still has to try, as trees: one below each point of the present
/// execution, with the branches of a node in the order in which they are to be tried.
///
/// All trees share one store; nodes that are released are used again with what they have allocated.
class WakeupTree {
  struct Entry;

 public:
  /// Of a step with what is to follow it.
  using Node = Entry*;
  static constexpr Node kNone = nullptr;

  /// A step, as it was when it was seen in another execution. Small: there are many.
  struct Step {
    FootprintRef footprint;  // what it is known to touch, if it is
    std::uint32_t id = 0;    // of the process: see HappensBefore::id_of()
    bool open = false;       // whether it may draw more, all of which is tried
    bool wide = false;       // it draws its values first, then all others
    bool leaf = false;       // whether all that can follow is wanted
    bool wakes_all = false;  // a leaf: whether nothing sleeps after it

    /// For its calls of choose().
    [[nodiscard]] std::span<const std::uint32_t> values() const noexcept {
      return values_ != nullptr ? std::span<const std::uint32_t>(*values_)
                                : std::span<const std::uint32_t>();
    }
    [[nodiscard]] bool draws() const noexcept { return values_ != nullptr; }
    void draw(std::span<const std::uint32_t> values) {
      values_ = values.empty()
                    ? nullptr
                    : std::make_unique<std::vector<std::uint32_t>>(values.begin(), values.end());
    }

   private:
    std::unique_ptr<std::vector<std::uint32_t>> values_;
  };

  /// The branches below a point or a node.
  struct Branches {
    Node first = kNone;

    [[nodiscard]] bool empty() const noexcept { return first == kNone; }
  };

  [[nodiscard]] static Step& step(Node node) noexcept { return node->step; }
  [[nodiscard]] static Node next(Node node) noexcept { return node->next; }
  [[nodiscard]] static Branches& below(Node node) noexcept { return node->below; }

  /// Whether a branch, `first` or one that comes later, is a step of the process that draws these
  /// values, and may know what is to follow them.
  [[nodiscard]] static bool is_tried_from(Node first, std::uint32_t process,
                                          std::span<const std::uint32_t> values) noexcept;

  /// A node without a step yet.
  [[nodiscard]] Node make();
  /// O(branches).
  static void append(Branches& branches, Node node) noexcept;
  static void prepend(Branches& branches, Node node) noexcept;
  static void insert_after(Node before, Node node) noexcept;
  /// That the first branch will be taken out soon.
  static void prefetch(const Branches& branches) noexcept { __builtin_prefetch(branches.first); }
  /// Takes the first branch out; release() it when its step was taken.
  [[nodiscard]] static Node take_first(Branches& branches) noexcept;
  /// Gives the node back; what is below it must have been taken.
  void release(Node node) noexcept;
  /// Gives those back of which `remove(node)` says so, with what is below them.
  template <class Remove>
  void remove_if(Branches& branches, Remove&& remove) {
    for (Node* link = &branches.first; *link != kNone;) {
      const Node node = *link;
      if (!remove(node)) {
        link = &node->next;
        continue;
      }
      *link = std::exchange(node->next, kNone);
      release_all(node->below);
      release(node);
    }
  }
  /// Gives all of them back.
  void release_all(Branches& branches) noexcept;

 private:
  struct Entry {
    Node next = kNone;
    Branches below;
    Step step;
  };

  std::deque<Entry> nodes_;
  std::vector<Node> free_;
};

}  // namespace cocheck::detail
