#include "cocheck/detail/wakeup_tree.hpp"

#include <algorithm>
#include <cassert>

namespace cocheck::detail {

WakeupTree::Node WakeupTree::make() {
  if (free_.empty()) return &nodes_.emplace_back();
  const Node node = free_.back();
  free_.pop_back();
  node->below = {};
  node->next = kNone;
  Step& step = node->step;
  step.id = 0;
  step.open = step.wide = step.leaf = step.wakes_all = false;
  step.draw({});
  return node;
}

bool WakeupTree::is_tried_from(Node first, std::uint32_t process,
                               std::span<const std::uint32_t> values) noexcept {
  for (Node node = first; node != kNone; node = node->next) {
    const Step& step = node->step;
    if (step.id == process && !step.open && std::ranges::equal(step.values(), values)) return true;
  }
  return false;
}

void WakeupTree::append(Branches& branches, Node node) noexcept {
  assert(node->next == kNone);
  Node* end = &branches.first;
  while (*end != kNone) end = &(*end)->next;
  *end = node;
}

void WakeupTree::prepend(Branches& branches, Node node) noexcept {
  node->next = branches.first;
  branches.first = node;
}

void WakeupTree::insert_after(Node before, Node node) noexcept {
  node->next = before->next;
  before->next = node;
}

WakeupTree::Node WakeupTree::take_first(Branches& branches) noexcept {
  assert(!branches.empty());
  const Node node = branches.first;
  branches.first = node->next;
  node->next = kNone;
  return node;
}

void WakeupTree::release(Node node) noexcept {
  assert(node->below.empty());
  node->step.footprint = {};
  free_.push_back(node);
}

void WakeupTree::release_all(Branches& branches) noexcept {
  while (!branches.empty()) {
    const Node node = take_first(branches);
    release_all(node->below);
    release(node);
  }
}

}  // namespace cocheck::detail
