#include "cocheck/detail/wakeup_tree.hpp"

#include <cassert>

namespace cocheck::detail {

WakeupTree::Node WakeupTree::make() {
  Node node = static_cast<Node>(nodes_.size());
  if (free_.empty()) {
    nodes_.emplace_back();
    return node;
  }
  node = free_.back();
  free_.pop_back();
  Entry& entry = nodes_[node];
  entry.below = {};
  entry.next = kNone;
  Step& step = entry.step;
  step.process = nullptr;
  step.id = 0;
  step.open = step.wide = step.leaf = false;
  step.values.clear();
  return node;
}

void WakeupTree::append(Branches& branches, Node node) noexcept {
  assert(nodes_[node].next == kNone);
  if (branches.empty()) {
    branches.first = node;
  } else {
    nodes_[branches.last].next = node;
  }
  branches.last = node;
}

void WakeupTree::prepend(Branches& branches, Node node) noexcept {
  nodes_[node].next = branches.first;
  branches.first = node;
  if (branches.last == kNone) branches.last = node;
}

void WakeupTree::insert_after(Branches& branches, Node before, Node node) noexcept {
  nodes_[node].next = nodes_[before].next;
  nodes_[before].next = node;
  if (branches.last == before) branches.last = node;
}

WakeupTree::Node WakeupTree::take_first(Branches& branches) noexcept {
  assert(!branches.empty());
  const Node node = branches.first;
  branches.first = nodes_[node].next;
  if (branches.empty()) branches.last = kNone;
  nodes_[node].next = kNone;
  return node;
}

void WakeupTree::release(Node node) noexcept {
  assert(nodes_[node].below.empty());
  nodes_[node].step.footprint = {};
  free_.push_back(node);
}

void WakeupTree::release_all(Branches& branches) noexcept {
  while (!branches.empty()) {
    const Node node = take_first(branches);
    release_all(nodes_[node].below);
    release(node);
  }
}

}  // namespace cocheck::detail
