#include "cocheck/detail/fingerprint.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <utility>

#include "cocheck/always.hpp"
#include "cocheck/detail/sanitizers.hpp"
#include "cocheck/detail/task_base.hpp"
#include "cocheck/world.hpp"

namespace cocheck::detail {

namespace {

// Marks that no number or pointer of a model is likely to look like.
constexpr std::uint64_t kDangling = 0x8f0c'51d1'aa37'9e4bu;
constexpr std::uint64_t kMet = 0x2545'f491'4f6c'dd1du;
constexpr std::uint64_t kLocal = 0xa076'1d64'78bd'642fu;
constexpr std::uint64_t kPointer = 0x8ebc'6af0'9c88'c6e3u;
constexpr std::uint64_t kOwn = 0xe703'7ed1'a0b4'28dbu;
constexpr std::uint64_t kReady = 0x589d'8d5c'0f3b'62e7u;

/// MurmurHash3's finaliser.
constexpr std::uint64_t spread(std::uint64_t value) noexcept {
  value = (value ^ (value >> 33)) * 0xff51'afd7'ed55'8ccdu;
  value = (value ^ (value >> 33)) * 0xc4ce'b9fe'1a85'ec53u;
  return value ^ (value >> 33);
}

/// Both halves of the product of two numbers, folded into one.
inline std::uint64_t fold(std::uint64_t one, std::uint64_t other) noexcept {
  __extension__ using Product = unsigned __int128;
  const Product product = static_cast<Product>(one) * other;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

/// Odd factors for the pointers of a block, in their order: their products are added, so that a
/// processor works at several at once.
constexpr std::size_t kFactors = 9;
struct Factors {
  std::array<std::uint64_t, kFactors> low;
  std::array<std::uint64_t, kFactors> high;
};
constexpr Factors kFactor = [] {
  Factors factors{};
  for (std::size_t i = 0; i < kFactors; ++i) {
    factors.low[i] = spread(2 * i + 1) | 1;
    factors.high[i] = spread(2 * i + 2) | 1;
  }
  return factors;
}();

}  // namespace

inline void Fingerprinter::absorb(Hash& hash, std::uint64_t value) noexcept {
  hash.low = (hash.low ^ value) * 0x9fb2'1c65'1e98'df25u;
  hash.low ^= hash.low >> 32;
  hash.high = (hash.high + value) * 0xd6e8'feb8'6659'fd93u;
  hash.high ^= hash.high >> 29;
}

inline void Fingerprinter::add(Hash& sum, const Hash& hash) noexcept {
  sum.low += hash.low;
  sum.high += hash.high;
}

Fingerprinter::Hash Fingerprinter::finished(Hash hash) noexcept {
  return {spread(hash.low + std::rotl(hash.high, 17)), spread(hash.high ^ std::rotl(hash.low, 41))};
}

void Fingerprinter::touch(BlockId block) {
  if (block >= contents_.size()) return;
  contents_[block].count = Content::kUnknown;
  if (block >= memory_.block_count() || !memory_.block(block).live()) {
    seen_[block].both = std::uint64_t{kDead} << 32;
  } else if (dead(block)) {
    seen_[block].both = 0;
  }
  drop_closure_of(block);
}

void Fingerprinter::touch_and_keep(BlockId block) {
  if (block < contents_.size() && contents_[block].valid()) {
    kept_.push_back(std::move(contents_[block]));
    kept_blocks_.push_back({block, read_at_[block]});
  }
  touch(block);
}

void Fingerprinter::restore(Position position) {
  while (kept_.size() > position.kept) {
    const auto [block, read_at] = kept_blocks_.back();
    // What was read later is that of a step which is undone as well.
    if (read_at <= position.epoch) {
      contents_[block] = std::move(kept_.back());
      read_at_[block] = read_at;
    }
    kept_.pop_back();
    kept_blocks_.pop_back();
  }
}

void Fingerprinter::touch_all() {
  for (std::size_t block = 0; block < contents_.size(); ++block) {
    touch(static_cast<BlockId>(block));
  }
}

/// The unmet task in whose kept closure the block is.
inline Fingerprinter::BlockId Fingerprinter::closure_of(BlockId block) const {
  const Seen& seen = seen_[block];
  if (seen.closure_owner == kNobody) return kNobody;
  const Closure& closure = closures_[seen.closure_owner];
  return closure.valid && closure.serial == seen.closure_serial ? seen.closure_owner : kNobody;
}

inline void Fingerprinter::drop_closure_of(BlockId block) {
  if (seen_[block].closure_owner == kNobody) return;
  if (const BlockId owner = closure_of(block); owner != kNobody) closures_[owner].valid = false;
  seen_[block].closure_owner = kNobody;
}

void Fingerprinter::grow() {
  const std::size_t count = memory_.block_count();
  if (contents_.size() >= count) return;
  const auto first = static_cast<BlockId>(contents_.size());
  contents_.resize(count);
  read_at_.resize(count);
  closures_.resize(count);
  marks_.resize(count);
  seen_.resize(count);
  order_.resize(count);
  for (BlockId block = first; block < count; ++block) touch(block);
}

std::uint32_t Fingerprinter::Content::index_of(BlockId target) {
  for (std::uint32_t i = 0; i < count; ++i) {
    if (this->target(i) == target) return i;
  }
  if (count < kInline) {
    targets[count] = target;
  } else {
    if (more == nullptr) more = std::make_unique<HarnessVector<BlockId>>();
    more->push_back(target);
  }
  return count++;
}

/// Reads memory that may be poisoned in part.
COCHECK_UNCHECKED void Fingerprinter::read(BlockId id) {
  const ModelMemory::Block& block = memory_.block(id);
  Content& content = contents_[id];
  read_at_[id] = epoch_;
  content.count = 0;
  if (content.more != nullptr) content.more->clear();
  content.hash = {};
  absorb(content.hash, block.bytes);
  if (!block.live() || block.links == ~std::uint64_t{0}) return;
  const std::uint64_t excluded = block.links | (settings_.tell_apart ? 0 : block.names);
  const auto* words = reinterpret_cast<const std::uint64_t*>(memory_.address(id));
  const std::size_t count = (std::size_t{block.bytes} + 7) / 8;
  const std::size_t dropped = settings_.defect.dropped_word.value_or(count);
  const auto begin = reinterpret_cast<std::uintptr_t>(memory_.begin());
  const std::size_t used = memory_.used();
  // Words add up, each with its place, so that a processor works at several at once.
  Hash sum;
  for (std::size_t i = 0; i < count; ++i) {
    std::uint64_t word = words[i];
    if (word == 0 || i == dropped || (i < 64 && (excluded >> i & 1) != 0)) continue;
    if (word - begin < used) {
      // NOLINTNEXTLINE(performance-no-int-to-ptr): the word is an address
      const auto* address = reinterpret_cast<const std::byte*>(word);
      const BlockId target = memory_.block_at(address);
      const auto offset = static_cast<std::uint64_t>(address - memory_.address(target));
      word = target == id ? kOwn ^ offset : kPointer ^ (offset << 32 | content.index_of(target));
    }
    const std::uint64_t place = (i + 1) * 0x9e37'79b9'7f4a'7c15u;
    sum.low += fold(word ^ place, kFactor.low[0]);
    sum.high += fold(word + place, kFactor.high[0]);
  }
  absorb(content.hash, sum.low);
  absorb(content.hash, sum.high);
}

/// What waits for the loop need not say so in its own bytes: its block counts as another one.
void Fingerprinter::mark_pending(const Runnable& runnable, std::uint64_t due) {
  Hash hash;
  const auto address = reinterpret_cast<std::uintptr_t>(&runnable);
  if (!memory_.in_use(address)) {
    absorb(hash, address);
    absorb(hash, due);
    add(pending_outside_, finished(hash));
    return;
  }
  const BlockId block = memory_.block_at(&runnable);
  Mark& mark = marks_[block];
  if (mark.pending_epoch != epoch_) {
    mark.pending_epoch = epoch_;
    mark.pending = {};
    pending_.push_back(block);
  }
  absorb(hash, address - reinterpret_cast<std::uintptr_t>(memory_.address(block)));
  absorb(hash, due);
  add(mark.pending, finished(hash));
  // A closure with such a block changes as time passes, or when it runs: it is not kept.
  drop_closure_of(block);
}

void Fingerprinter::find_pending() {
  pending_.clear();
  pending_outside_ = {};
  const TimePoint now = world_.time();
  for (const TimerEntry& entry : world_.timers()) {
    mark_pending(*entry.timer, static_cast<std::uint64_t>((entry.deadline - now).count()));
  }
  // That a task is ready can be told from its own memory.
  for (const ReadyEntry& entry : world_.ready()) {
    if (entry.runnable->kind() != Runnable::Kind::step) mark_pending(*entry.runnable, kReady);
  }
}

void Fingerprinter::meet(BlockId block) {
  seen_[block].both = std::uint64_t{epoch_} << 32 | met_count_;
  drop_closure_of(block);
  order_[met_count_++] = block;
}

/// Follows the pointers of all blocks met, and so meets others.
void Fingerprinter::meet_all() {
  static_assert(Content::kInline == kFactors);
  // Of what changes meanwhile the compiler would read everything again, where it is a member.
  const std::uint64_t epoch = epoch_;
  const bool any_pending = !pending_.empty();
  Seen* const seen = seen_.data();
  BlockId* const order = order_.data();
  std::size_t walked = walked_;
  std::size_t count = met_count_;
  Hash hash = ordered_;
  const auto number_of = [&](BlockId target) -> std::uint64_t {
    const std::uint64_t both = seen[target].both;
    if (both >> 32 == epoch) return both & 0xffff'ffffu;
    if (both >> 32 == kDead) [[unlikely]]
      return kDangling;
    seen[target].both = epoch << 32 | count;
    drop_closure_of(target);
    order[count] = target;
    return count++;
  };
  for (; walked < count; ++walked) {
    const BlockId block = order[walked];
    const Content& known = content(block);
    Hash targets = known.hash;
    const std::size_t few = std::min<std::size_t>(known.count, Content::kInline);
    for (std::size_t i = 0; i < few; ++i) {
      const std::uint64_t number = number_of(known.targets[i]);
      targets.low += number * kFactor.low[i];
      targets.high += number * kFactor.high[i];
    }
    for (std::size_t i = few; i < known.count; ++i) absorb(targets, number_of(known.target(i)));
    if (any_pending && marks_[block].pending_epoch == epoch_) {
      absorb(targets, marks_[block].pending.low);
      absorb(targets, marks_[block].pending.high);
    }
    // Numbers make the order: a sum lets the processor work at several blocks at once.
    hash.low += spread(targets.low + (walked + 1) * kFactor.low[0]);
    hash.high += spread(targets.high ^ (walked + 1) * kFactor.high[0]);
  }
  ordered_ = hash;
  walked_ = walked;
  met_count_ = count;
}

/// Kept closures name met blocks by their numbers: where one of these has changed, none holds.
void Fingerprinter::check_anchors() {
  for (const Anchor& anchor : anchors_) {
    const Seen& seen = seen_[anchor.block];
    if (seen.epoch() == epoch_ && seen.number() == anchor.number) continue;
    for (Closure& closure : closures_) closure.valid = false;
    anchors_.clear();
    ++anchor_epoch_;
    return;
  }
}

Fingerprinter::BlockId Fingerprinter::owner_of(BlockId block) const {
  const Mark& mark = marks_[block];
  if (mark.owner_epoch == epoch_) return mark.owner;
  return closure_of(block);
}

Fingerprinter::Unmet Fingerprinter::walk_from(BlockId begin) {
  Unmet result{begin, {}, false};
  ++local_epoch_;
  local_order_.clear();
  const auto reach = [&](BlockId block) {
    Mark& mark = marks_[block];
    mark.local_epoch = local_epoch_;
    mark.local_number = static_cast<std::uint32_t>(local_order_.size());
    local_order_.push_back(block);
    const BlockId other = owner_of(block);
    if (other != kNobody && other != begin) {
      result.shares = true;
      for (Unmet& unmet : unmet_) {
        if (unmet.block == other) unmet.shares = true;
      }
      if (closures_[other].valid) {
        closures_[other].valid = false;
        if (closures_[other].added == epoch_) {
          unordered_.low -= closures_[other].hash.low;
          unordered_.high -= closures_[other].hash.high;
          unmet_.push_back({other, closures_[other].hash, true});
        }  // else its turn comes
      }
    }
    mark.owner_epoch = epoch_;
    mark.owner = begin;
  };
  reach(begin);
  bool kept = true;
  Hash hash;
  for (std::size_t i = 0; i < local_order_.size(); ++i) {
    const BlockId block = local_order_[i];
    const Content& known = content(block);
    absorb(hash, known.hash.low);
    absorb(hash, known.hash.high);
    for (std::size_t p = 0; p < known.count; ++p) {
      const BlockId target = known.target(p);
      if (dead(target)) [[unlikely]] {
        absorb(hash, kDangling);
        kept = false;  // the block may come to life again
        continue;
      }
      if (met(target)) {
        absorb(hash, kMet ^ seen_[target].number());
        Mark& mark = marks_[target];
        if (mark.anchor_epoch != anchor_epoch_) {
          mark.anchor_epoch = anchor_epoch_;
          anchors_.push_back({target, seen_[target].number()});
        }
        continue;
      }
      if (marks_[target].local_epoch != local_epoch_) reach(target);
      absorb(hash, kLocal ^ marks_[target].local_number);
    }
    const Mark& mark = marks_[block];
    if (mark.pending_epoch == epoch_) {
      absorb(hash, mark.pending.low);
      absorb(hash, mark.pending.high);
      kept = false;
    }
  }
  if (settings_.defect.merges_different_tasks) hash = {};
  result.hash = finished(hash);
  if (kept && !result.shares) {
    const std::uint32_t serial = closures_[begin].serial + 1;
    closures_[begin] = {result.hash, serial, 0, true};
    for (const BlockId block : local_order_) {
      seen_[block].closure_owner = begin;
      seen_[block].closure_serial = serial;
    }
  }
  return result;
}

void Fingerprinter::add_unmet(BlockId block) {
  if (met(block)) return;
  Closure& closure = closures_[block];
  if (!closure.valid) {
    const Unmet unmet = walk_from(block);
    if (!closure.valid) {
      unmet_.push_back(unmet);
      return;
    }
  }
  closure.added = epoch_;
  add(unordered_, closure.hash);
}

const HarnessVector<Fingerprinter::BlockId>& Fingerprinter::task_blocks() {
  for (const TaskList& list : task_lists_) {
    if (list.name == world_.task_list()) return list.blocks;
  }
  TaskList& list = task_lists_[oldest_list_];
  oldest_list_ = (oldest_list_ + 1) % kTaskLists;
  list.name = world_.task_list();
  list.blocks.clear();
  for (const TaskBase* task = world_.first_task(); task != nullptr; task = task->next_task) {
    list.blocks.push_back(memory_.block_at(task));
  }
  return list.blocks;
}

void Fingerprinter::find_unmet() {
  for (const BlockId block : task_blocks()) add_unmet(block);
  // What a task reaches is counted with it. All others count, also those that one of them reaches:
  // it must not matter in which order they came.
  std::erase_if(pending_, [this](BlockId block) {
    return met(block) || marks_[block].owner_epoch == epoch_;
  });
  for (const BlockId block : pending_) add_unmet(block);
}

Fingerprint Fingerprinter::compute() {
  grow();
  ++epoch_;
  unmet_.clear();
  walked_ = met_count_ = 0;
  ordered_ = unordered_ = {};
  find_pending();
  meet(memory_.block_at(world_.root()));
  if (const Invariant* first = world_.first_invariant()) {
    const BlockId block = memory_.block_at(first);
    if (!met(block)) meet(block);
  }
  meet_all();
  check_anchors();
  find_unmet();

  std::size_t sharing = 0;
  for (const Unmet& unmet : unmet_) {
    if (unmet.shares) {
      ++sharing;
    } else {
      add(unordered_, unmet.hash);
    }
  }
  if (sharing > 0) {
    std::sort(unmet_.begin(), unmet_.end(), [](const Unmet& one, const Unmet& other) {
      if (one.shares != other.shares) return one.shares;
      return one.hash != other.hash ? one.hash < other.hash : one.block < other.block;
    });
    for (std::size_t i = 0; i < sharing; ++i) {
      const BlockId block = unmet_[i].block;
      absorb(ordered_, met(block) ? seen_[block].number() + 1 : 0);
      if (!met(block)) meet(block);
      meet_all();
    }
  }
  Hash hash = ordered_;
  absorb(hash, unordered_.low);
  absorb(hash, unordered_.high);
  absorb(hash, world_.cancellations_left());
  absorb(hash, static_cast<std::uint32_t>(world_.state().error_number));
  absorb(hash, pending_outside_.low);
  absorb(hash, pending_outside_.high);
  if (settings_.with_time) {
    absorb(hash, static_cast<std::uint64_t>(world_.time().time_since_epoch().count()));
  }
  return finished(hash);
}

Fingerprint Fingerprinter::orbit_of(const void* address) const {
  const BlockId block = memory_.block_at(address);
  if (met(block)) return {};
  const BlockId owner = owner_of(block);
  if (owner == kNobody) return {};
  Hash hash;
  if (closures_[owner].valid) {
    hash = closures_[owner].hash;
  } else {
    const auto found = std::find_if(unmet_.begin(), unmet_.end(),
                                    [&](const Unmet& unmet) { return unmet.block == owner; });
    assert(found != unmet_.end());
    hash = found->hash;
  }
  const auto offset =
      static_cast<std::uint64_t>(static_cast<const std::byte*>(address) - memory_.address(block));
  const std::uint64_t place = std::uint64_t{marks_[block].local_number} << 32 | offset;
  return {hash.low + place * kFactor.low[0], hash.high + place * kFactor.high[0]};
}

}  // namespace cocheck::detail
