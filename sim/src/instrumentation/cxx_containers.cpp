// The parts of std::map, std::set, std::list and of unordered containers that lie in the library.
// Whoever changes a tree or a list also writes its head; which other words have changed is seen by
// comparing.

#include <bits/stl_tree.h>

#include <cstddef>

#include "accesses.hpp"

using cocheck::detail::AccessLog;
using cocheck::detail::log_read;

namespace {

using TreeNode = std::_Rb_tree_node_base;

inline void changes(const void* head, std::size_t bytes, const void* instruction) noexcept {
  AccessLog* active = AccessLog::active();
  if (active == nullptr) return;
  active->record(head, bytes, false, instruction);
  active->record(head, bytes, true, instruction);
  active->expect_unlogged_writes();
}

/// The nodes that are looked at on the way from one to the next in order.
template <bool kForward>
void log_walk(const TreeNode* node, const void* instruction) noexcept {
  const auto near = [](const TreeNode* of) { return kForward ? of->_M_left : of->_M_right; };
  const auto far = [](const TreeNode* of) { return kForward ? of->_M_right : of->_M_left; };
  log_read(node, sizeof *node, instruction);
  if (far(node) != nullptr) {
    for (node = far(node); node != nullptr; node = near(node)) {
      log_read(node, sizeof *node, instruction);
    }
    return;
  }
  const TreeNode* parent = node->_M_parent;
  log_read(parent, sizeof *parent, instruction);
  while (node == far(parent)) {
    node = parent;
    parent = parent->_M_parent;
    log_read(parent, sizeof *parent, instruction);
  }
}

}  // namespace

extern "C" {
// std::_Rb_tree_increment() and so on, by the names that the linker knows.
TreeNode* __real__ZSt18_Rb_tree_incrementPSt18_Rb_tree_node_base(TreeNode*);
TreeNode* __real__ZSt18_Rb_tree_decrementPSt18_Rb_tree_node_base(TreeNode*);
void __real__ZSt29_Rb_tree_insert_and_rebalancebPSt18_Rb_tree_node_baseS0_RS_(bool, TreeNode*,
                                                                              TreeNode*, TreeNode&);
TreeNode* __real__ZSt28_Rb_tree_rebalance_for_erasePSt18_Rb_tree_node_baseRS_(TreeNode*, TreeNode&);

TreeNode* __wrap__ZSt18_Rb_tree_incrementPSt18_Rb_tree_node_base(TreeNode* node) {
  if (AccessLog::active() != nullptr) log_walk<true>(node, COCHECK_HERE);
  return __real__ZSt18_Rb_tree_incrementPSt18_Rb_tree_node_base(node);
}
const TreeNode* __wrap__ZSt18_Rb_tree_incrementPKSt18_Rb_tree_node_base(const TreeNode* node) {
  if (AccessLog::active() != nullptr) log_walk<true>(node, COCHECK_HERE);
  return __real__ZSt18_Rb_tree_incrementPSt18_Rb_tree_node_base(const_cast<TreeNode*>(node));
}
TreeNode* __wrap__ZSt18_Rb_tree_decrementPSt18_Rb_tree_node_base(TreeNode* node) {
  if (AccessLog::active() != nullptr) log_walk<false>(node, COCHECK_HERE);
  return __real__ZSt18_Rb_tree_decrementPSt18_Rb_tree_node_base(node);
}
const TreeNode* __wrap__ZSt18_Rb_tree_decrementPKSt18_Rb_tree_node_base(const TreeNode* node) {
  if (AccessLog::active() != nullptr) log_walk<false>(node, COCHECK_HERE);
  return __real__ZSt18_Rb_tree_decrementPSt18_Rb_tree_node_base(const_cast<TreeNode*>(node));
}
void __wrap__ZSt29_Rb_tree_insert_and_rebalancebPSt18_Rb_tree_node_baseS0_RS_(bool left,
                                                                              TreeNode* node,
                                                                              TreeNode* parent,
                                                                              TreeNode& head) {
  changes(&head, sizeof head, COCHECK_HERE);
  __real__ZSt29_Rb_tree_insert_and_rebalancebPSt18_Rb_tree_node_baseS0_RS_(left, node, parent,
                                                                           head);
}
TreeNode* __wrap__ZSt28_Rb_tree_rebalance_for_erasePSt18_Rb_tree_node_baseRS_(TreeNode* node,
                                                                              TreeNode& head) {
  changes(&head, sizeof head, COCHECK_HERE);
  return __real__ZSt28_Rb_tree_rebalance_for_erasePSt18_Rb_tree_node_baseRS_(node, head);
}

// std::__detail::_List_node_base
struct ListNode {
  ListNode* next;
  ListNode* previous;
};
void __real__ZNSt8__detail15_List_node_base7_M_hookEPS0_(ListNode*, ListNode*);
void __real__ZNSt8__detail15_List_node_base9_M_unhookEv(ListNode*);
void __real__ZNSt8__detail15_List_node_base11_M_transferEPS0_S1_(ListNode*, ListNode*, ListNode*);
void __real__ZNSt8__detail15_List_node_base10_M_reverseEv(ListNode*);
void __real__ZNSt8__detail15_List_node_base4swapERS0_S1_(ListNode&, ListNode&);

void __wrap__ZNSt8__detail15_List_node_base7_M_hookEPS0_(ListNode* node, ListNode* position) {
  changes(position, sizeof *position, COCHECK_HERE);
  __real__ZNSt8__detail15_List_node_base7_M_hookEPS0_(node, position);
}
void __wrap__ZNSt8__detail15_List_node_base9_M_unhookEv(ListNode* node) {
  changes(node, sizeof *node, COCHECK_HERE);
  __real__ZNSt8__detail15_List_node_base9_M_unhookEv(node);
}
void __wrap__ZNSt8__detail15_List_node_base11_M_transferEPS0_S1_(ListNode* node, ListNode* first,
                                                                 ListNode* last) {
  changes(node, sizeof *node, COCHECK_HERE);
  changes(first, sizeof *first, COCHECK_HERE);
  changes(last, sizeof *last, COCHECK_HERE);
  __real__ZNSt8__detail15_List_node_base11_M_transferEPS0_S1_(node, first, last);
}
void __wrap__ZNSt8__detail15_List_node_base10_M_reverseEv(ListNode* node) {
  const ListNode* at = node;
  if (AccessLog::active() != nullptr) {
    do {
      changes(at, sizeof *at, COCHECK_HERE);
      at = at->next;
    } while (at != node);
  }
  __real__ZNSt8__detail15_List_node_base10_M_reverseEv(node);
}
void __wrap__ZNSt8__detail15_List_node_base4swapERS0_S1_(ListNode& one, ListNode& other) {
  changes(&one, sizeof one, COCHECK_HERE);
  changes(&other, sizeof other, COCHECK_HERE);
  __real__ZNSt8__detail15_List_node_base4swapERS0_S1_(one, other);
}

// std::__detail::_Prime_rehash_policy of the unordered containers, 16 bytes
std::size_t __real__ZNKSt8__detail20_Prime_rehash_policy11_M_next_bktEm(const void*, std::size_t);
std::size_t __wrap__ZNKSt8__detail20_Prime_rehash_policy11_M_next_bktEm(const void* policy,
                                                                        std::size_t count) {
  if (AccessLog::active() != nullptr) changes(policy, 16, COCHECK_HERE);
  return __real__ZNKSt8__detail20_Prime_rehash_policy11_M_next_bktEm(policy, count);
}

// As the ABI returns a std::pair<bool, std::size_t>.
struct NeedRehash {
  bool needed;
  std::size_t buckets;
};
NeedRehash __real__ZNKSt8__detail20_Prime_rehash_policy14_M_need_rehashEmmm(const void*,
                                                                            std::size_t,
                                                                            std::size_t,
                                                                            std::size_t);
NeedRehash __wrap__ZNKSt8__detail20_Prime_rehash_policy14_M_need_rehashEmmm(const void* policy,
                                                                            std::size_t buckets,
                                                                            std::size_t elements,
                                                                            std::size_t more) {
  if (AccessLog* active = AccessLog::active()) {
    active->record(policy, 16, false, COCHECK_HERE);
    active->expect_unlogged_writes();
  }
  return __real__ZNKSt8__detail20_Prime_rehash_policy14_M_need_rehashEmmm(policy, buckets, elements,
                                                                          more);
}
}  // extern "C"
