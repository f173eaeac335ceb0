#include <sanitizer/asan_interface.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <new>
#include <vector>

#include "cocheck/detail/model_memory.hpp"
#include "cocheck/errors.hpp"

namespace cocheck::detail {

// Which memories there are: who gets which, and who owns an address.

namespace {

// Far from where programs, stacks and sanitizers are; as a number, no likely value of a model.
constexpr std::uintptr_t kWindow = 0x5a3c'0000'0000u;
constexpr std::size_t kStride = std::size_t{1} << 32;
// Where a compiler puts a small number into the lower half of a word that held a pointer, the word
// must not look like one.
constexpr std::size_t kOffset = 0x6c00'0000;
constexpr std::ptrdiff_t kFreeKept = 4;
// What was kept in memories that are free lies in the way of nobody as long as others are used.
constexpr std::ptrdiff_t kTaintedKept = 64;
constexpr std::size_t kSystemPage = 4096;

static_assert(ModelMemory::kMaxLimit + kOffset < kStride);

std::array<std::atomic<ModelMemory*>, ModelMemory::kSlots>& slots() {
  static constinit std::array<std::atomic<ModelMemory*>, ModelMemory::kSlots> owners{};
  return owners;
}

struct Registry {
  std::mutex mutex;
  std::vector<ModelMemory*, HarnessAllocator<ModelMemory*>> free;
};

Registry& registry() {
  static auto* instance = ::new (std::malloc(sizeof(Registry))) Registry();
  return *instance;
}

void* reserve(void* wish, std::size_t bytes) noexcept {
  void* memory =
      ::mmap(wish, bytes, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (wish ? MAP_FIXED_NOREPLACE : 0), -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  if (wish != nullptr && memory != wish) {
    ::munmap(memory, bytes);
    return nullptr;
  }
  return memory;
}

}  // namespace

ModelMemory::~ModelMemory() {
  ASAN_UNPOISON_MEMORY_REGION(begin(), used_);
  ::munmap(base_, limit_);
  ::munmap(block_of_granule_, limit_ / kGranule * sizeof(BlockId));
}

ModelMemory::Handle ModelMemory::acquire(std::size_t limit) {
  if (limit < kGranule || limit > kMaxLimit) {
    throw ValueError("Options::memory_limit must be between 32 bytes and 2 GiB");
  }
  limit = (limit + kSystemPage - 1) / kSystemPage * kSystemPage;
  Registry& known = registry();
  const std::lock_guard lock(known.mutex);
  const auto is_clean = [&](const ModelMemory* memory) {
    return memory->limit_ == limit && memory->kept_ == 0;
  };
  const auto is_tainted = [&](const ModelMemory* memory) {
    return memory->limit_ == limit && memory->kept_ > 0;
  };
  // Better one in which nothing is kept, if need be a new one, as long as there are not too many.
  const auto clean = std::find_if(known.free.begin(), known.free.end(), is_clean);
  const auto tainted = std::find_if(known.free.begin(), known.free.end(), is_tainted);
  const bool renews =
      std::count_if(known.free.begin(), known.free.end(), is_tainted) <= kTaintedKept;
  const auto take = [&](auto found) {
    ModelMemory* memory = *found;
    known.free.erase(found);
    return Handle(memory);
  };
  if (clean != known.free.end()) return take(clean);
  if (tainted != known.free.end() && !renews) return take(tainted);
  for (std::size_t slot = 0; slot < kSlots; ++slot) {
    if (slots()[slot].load(std::memory_order_relaxed) != nullptr) continue;
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the address is the point
    void* base = reserve(reinterpret_cast<void*>(kWindow + slot * kStride + kOffset), limit);
    if (base == nullptr) continue;
    void* table = reserve(nullptr, limit / kGranule * sizeof(BlockId));
    void* object = table != nullptr ? std::malloc(sizeof(ModelMemory)) : nullptr;
    if (object == nullptr) {
      ::munmap(base, limit);
      if (table != nullptr) ::munmap(table, limit / kGranule * sizeof(BlockId));
      break;
    }
    auto* memory = ::new (object)
        ModelMemory(slot, static_cast<std::byte*>(base), static_cast<BlockId*>(table), limit);
    slots()[slot].store(memory, std::memory_order_release);
    return Handle(memory);
  }
  if (tainted != known.free.end()) return take(tainted);
  throw RuntimeError("no range of " + std::to_string(limit >> 20) +
                     " MiB of addresses is free for the memory of a model: too many explorations "
                     "at the same time, or a limit of the system (ulimit -v)");
}

void ModelMemory::Return::operator()(ModelMemory* memory) const noexcept {
  memory->journal_ = nullptr;
  memory->begin_execution(Layout::upward);
  Registry& known = registry();
  const std::lock_guard lock(known.mutex);
  // Where somebody still points there it stays, and is used above what is kept if need be.
  if (memory->kept_used_ > memory->limit_ / 2) return;
  known.free.push_back(memory);
  const auto empty = [](const ModelMemory* other) { return other->kept_ == 0; };
  if (std::count_if(known.free.begin(), known.free.end(), empty) <= kFreeKept) return;
  const auto oldest = std::find_if(known.free.begin(), known.free.end(), empty);
  ModelMemory* dying = *oldest;
  known.free.erase(oldest);
  slots()[dying->slot_].store(nullptr, std::memory_order_release);
  dying->~ModelMemory();
  std::free(dying);
}

bool ModelMemory::holds_everything() {
  static const bool answer = [] {
    const Handle memory = acquire(kSystemPage);
    void* probe = nullptr;
    {
      const Scope inside(memory.get());
      probe = ::operator new(1);
    }
    const bool mine = owner_of(probe) == memory.get();
    ::operator delete(probe);
    return mine;
  }();
  return answer;
}

ModelMemory* ModelMemory::owner_of(const void* address) noexcept {
  const std::uintptr_t offset = reinterpret_cast<std::uintptr_t>(address) - kWindow;
  if (offset >= kSlots * kStride) return nullptr;
  return slots()[offset / kStride].load(std::memory_order_acquire);
}

std::span<std::byte> ModelMemory::kept_in_slot(std::size_t slot) noexcept {
  const ModelMemory* memory = slots()[slot].load(std::memory_order_acquire);
  if (memory == nullptr || memory->kept_ == 0) return {};
  const std::size_t pages = (memory->kept_used_ + kSystemPage - 1) / kSystemPage;
  return {memory->base_, pages * kSystemPage};
}

}  // namespace cocheck::detail
