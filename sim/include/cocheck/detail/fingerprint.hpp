#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "cocheck/detail/harness_allocator.hpp"
#include "cocheck/detail/model_memory.hpp"
#include "cocheck/detail/outside_memory.hpp"

namespace cocheck {

class Runnable;
class World;

namespace detail {

/// 128 bits that stand for a state. Two states with the same bits are taken for the same one; for
/// different ones among n states that happens with a chance of about n^2 / 2^129.
struct Fingerprint {
  std::uint64_t low = 0;
  std::uint64_t high = 0;

  friend bool operator==(const Fingerprint&, const Fingerprint&) = default;
  friend auto operator<=>(const Fingerprint&, const Fingerprint&) = default;
};

/// What a fingerprint does wrong on purpose, for tests that must notice it.
struct FingerprintDefect {
  std::optional<std::size_t> dropped_word = std::nullopt;  ///< this one of each block is left out
  bool merges_different_tasks = false;
};

/// Turns the state of a world into a fingerprint that is the same wherever blocks of memory lie.
///
/// A state is a graph: blocks of memory whose words are numbers or point into blocks. A walk from
/// the first task numbers the blocks in the order in which it meets them (breadth first, words in
/// order); each is hashed with pointers as (number, offset). Unfinished tasks that the walk does
/// not meet are each walked for themselves. Where they share no block, it does not matter which is
/// which: their hashes are added. Those that do share one follow in the order of their hashes. So
/// do timers and ready callbacks that no task reaches. Timers count with how far off their deadline
/// is, ready callbacks as ready; where a loop may be late for a limited time, all that is ready
/// counts with how long it has been so. So equal fingerprints mean that the states are isomorphic;
/// the reverse holds but for tasks that share blocks and look alike.
///
/// Hashes are kept from state to state: touch() says which blocks have changed. A state costs
/// O(changed bytes + blocks met + unfinished tasks). Where tasks are told apart, their ids are part
/// of the state, and nothing is folded.
///
/// What is left out: words that the primitives have excluded (see Loop::exclude_links), free
/// memory, and blocks that nothing points to.
class Fingerprinter {
 public:
  struct Settings {
    bool tell_apart = false;  ///< whether ids are part of the state
    bool with_time = false;   ///< whether the time is
    FingerprintDefect defect = {};
  };

  Fingerprinter(const World& world, const ModelMemory& memory, Settings settings)
      : world_(world), memory_(memory), settings_(settings) {}

  /// The bytes of a block have changed, or it was allocated or freed.
  void touch(ModelMemory::BlockId block);
  /// The same in a step that may be undone: what was known of the block is kept for then.
  void touch_and_keep(ModelMemory::BlockId block);
  /// A state of which compute() was asked last; after the blocks in question were touched,
  /// restore() goes back to it.
  struct Position {
    std::size_t kept = 0;
    std::uint32_t epoch = 0;
  };
  [[nodiscard]] Position position() const noexcept { return {kept_.size(), epoch_}; }
  void restore(Position position);
  void touch_all();

  /// The fingerprint of the present state.
  [[nodiscard]] Fingerprint compute();

  /// After compute(): for a task, callback or timer bits that it shares with all that could stand
  /// in its place without anybody noticing; all zero when there is no other.
  [[nodiscard]] Fingerprint orbit_of(const void* address) const;

 private:
  using BlockId = ModelMemory::BlockId;

  using Hash = Fingerprint;

  /// What is known of a block as long as its bytes stay the same. One line of the cache.
  struct alignas(64) Content {
    static constexpr std::size_t kInline = 9;
    static constexpr std::uint32_t kUnknown = ~std::uint32_t{0};

    Hash hash;                       // of all its words; pointers as (index in targets, offset)
    std::uint32_t count = kUnknown;  // of targets
    std::array<BlockId, kInline> targets;  // the blocks it points to, each once; they may be free
    std::unique_ptr<HarnessVector<BlockId>> more;  // those that have no place there

    [[nodiscard]] bool valid() const { return count != kUnknown; }
    [[nodiscard]] BlockId target(std::size_t index) const {
      return index < kInline ? targets[index] : (*more)[index - kInline];
    }
    /// The index of a target, which is added if it is new.
    [[nodiscard]] std::uint32_t index_of(BlockId target);
  };

  struct KeptBlock {
    BlockId block;
    std::uint32_t read_at;
  };

  /// What is known of an unmet task as long as the blocks that it reaches stay the same.
  struct Closure {
    Hash hash;
    std::uint32_t serial = 0;  // another one each time it is made
    std::uint32_t added = 0;   // the epoch in which it was added to the sum last
    bool valid = false;
  };

  static constexpr BlockId kNobody = ModelMemory::kNoBlock;

  /// The number of a block that the walk from the first task has met in the epoch, or kDead.
  struct Seen {
    [[nodiscard]] std::uint32_t epoch() const { return static_cast<std::uint32_t>(both >> 32); }
    [[nodiscard]] std::uint32_t number() const { return static_cast<std::uint32_t>(both); }

    // In one word, written and read whole: halves would wait for each other.
    std::uint64_t both = 0;
    BlockId closure_owner = kNobody;   // the unmet task in whose kept closure it is
    std::uint32_t closure_serial = 0;  // as long as that closure has the same
  };
  static constexpr std::uint32_t kDead = ~std::uint32_t{0};

  /// What the other walks have found of a block; numbers hold in their epoch only.
  struct Mark {
    std::uint32_t local_epoch = 0;
    std::uint32_t local_number = 0;
    std::uint32_t owner_epoch = 0;
    BlockId owner = kNobody;  // in this epoch, the unmet task from which it is reached
    std::uint32_t anchor_epoch = 0;
    std::uint32_t pending_epoch = 0;  // of `pending`
    Hash pending;                     // of the timers and ready callbacks that lie in the block
  };

  /// A block with which something begins that the walk has not met.
  struct Unmet {
    BlockId block;
    Hash hash;
    bool shares = false;  // a block with another one
  };

  static void absorb(Hash& hash, std::uint64_t value) noexcept;
  static void add(Hash& sum, const Hash& hash) noexcept;
  [[nodiscard]] static Hash finished(Hash hash) noexcept;

  void grow();
  void read(BlockId block);
  [[nodiscard]] const Content& content(BlockId block) {
    if (!contents_[block].valid()) [[unlikely]]
      read(block);
    return contents_[block];
  }
  [[nodiscard]] bool met(BlockId block) const { return seen_[block].epoch() == epoch_; }
  [[nodiscard]] bool dead(BlockId block) const { return seen_[block].epoch() == kDead; }
  [[nodiscard]] BlockId owner_of(BlockId block) const;
  void mark_pending(const Runnable& runnable, std::uint64_t due);
  void find_pending();
  void absorb_outside(std::span<const OutsideWord> words);
  void meet(BlockId block);
  void meet_all();
  void check_anchors();
  void find_unmet();
  void add_unmet(BlockId block);
  [[nodiscard]] const HarnessVector<BlockId>& task_blocks();
  [[nodiscard]] BlockId closure_of(BlockId block) const;
  void drop_closure_of(BlockId block);
  [[nodiscard]] Unmet walk_from(BlockId block);

  const World& world_;
  const ModelMemory& memory_;
  Settings settings_;
  HarnessVector<Content> contents_;
  HarnessVector<std::uint32_t> read_at_;  // the epoch in which the content was read
  HarnessVector<Content> kept_;           // what was known of
  HarnessVector<KeptBlock> kept_blocks_;
  HarnessVector<Closure> closures_;
  HarnessVector<Seen> seen_;
  HarnessVector<Mark> marks_;
  HarnessVector<BlockId> order_;  // the blocks met, by number
  std::size_t met_count_ = 0;     // how many of order_ hold
  std::size_t walked_ = 0;        // of order_, those whose pointers were followed
  Hash ordered_;                  // of the blocks met
  Hash unordered_;                // the sum over the unmet
  HarnessVector<BlockId> local_order_;
  HarnessVector<Unmet> unmet_;      // those that are not kept
  HarnessVector<BlockId> pending_;  // blocks with timers or ready callbacks, each once
  Hash pending_outside_;            // the sum over those that lie elsewhere
  /// The blocks of the unfinished tasks; the last few lists are kept.
  struct TaskList {
    std::uint64_t name = 0;
    HarnessVector<BlockId> blocks;
  };
  static constexpr std::size_t kTaskLists = 4;
  std::array<TaskList, kTaskLists> task_lists_;
  std::size_t oldest_list_ = 0;
  struct Anchor {
    BlockId block;
    std::uint32_t number;
  };
  HarnessVector<Anchor> anchors_;  // met blocks to which kept closures point
  bool has_marks_ = false;         // whether any block has timers in this epoch
  std::uint32_t epoch_ = 0;
  std::uint32_t local_epoch_ = 0;
  std::uint32_t anchor_epoch_ = 1;
};

}  // namespace detail
}  // namespace cocheck
