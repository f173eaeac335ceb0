#include "outside_heap.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <limits>
#include <mutex>

#include "cocheck/detail/outside_memory.hpp"
#include "own_statics.hpp"

namespace cocheck::detail {

namespace {

constexpr std::size_t kReserved = std::size_t{1} << 36;
constexpr std::size_t kGranule = 16;
constexpr std::size_t kExactClasses = 64;
constexpr std::size_t kClasses = kExactClasses + 1 + 8 * 40;
// Of free blocks from this size on the system gets the pages back.
constexpr std::size_t kLarge = std::size_t{1} << 18;

/// In front of each block.
struct Header {
  std::uint32_t size_class;
  std::uint32_t offset;  // from where the whole begins to the block
  std::size_t bytes;
};
static_assert(sizeof(Header) == kGranule);

struct FreeBlock {
  FreeBlock* next;
};

struct State {
  std::mutex mutex;
  std::uintptr_t begin = 0;
  std::uintptr_t used = 0;  // up to there
  bool refused = false;
  std::array<FreeBlock*, kClasses> free{};
};

COCHECK_OWN constinit State state;

struct SizeClass {
  std::size_t bytes;
  std::uint32_t index;
};

/// Multiples of 16 bytes, then eight classes between two powers of two.
SizeClass size_class(std::size_t bytes) noexcept {
  const std::size_t granules = (bytes + kGranule - 1) / kGranule;
  if (granules <= kExactClasses) {
    return {granules * kGranule, static_cast<std::uint32_t>(granules)};
  }
  const auto octave = static_cast<std::size_t>(std::bit_width(granules - 1)) - 1;
  const std::size_t grain = (std::size_t{1} << octave) / 8;
  const std::size_t eighths = (granules - (std::size_t{1} << octave) + grain - 1) / grain;
  return {((std::size_t{1} << octave) + eighths * grain) * kGranule,
          static_cast<std::uint32_t>(kExactClasses + 8 * (octave - 6) + eighths)};
}

std::byte* as_bytes(std::uintptr_t address) noexcept {
  return reinterpret_cast<std::byte*>(address);  // NOLINT(performance-no-int-to-ptr)
}

Header& header_of(const void* memory) noexcept {
  return *reinterpret_cast<Header*>(as_bytes(reinterpret_cast<std::uintptr_t>(memory)) -
                                    sizeof(Header));
}

/// With the mutex held.
std::byte* carve(std::size_t bytes) noexcept {
  if (state.begin == 0 && !state.refused) {
    void* range = ::mmap(nullptr, kReserved, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    state.refused = range == MAP_FAILED;
    if (!state.refused) state.begin = state.used = reinterpret_cast<std::uintptr_t>(range);
  }
  if (state.refused || bytes > state.begin + kReserved - state.used) return nullptr;
  return as_bytes(std::exchange(state.used, state.used + bytes));
}

}  // namespace

void* OutsideHeap::allocate(std::size_t bytes, std::size_t alignment) noexcept {
  const std::size_t slack = alignment > kGranule ? alignment : 0;
  if (bytes > kReserved || slack > kReserved) return nullptr;
  const SizeClass wanted = size_class(bytes + slack + sizeof(Header));
  std::byte* whole = nullptr;
  {
    const std::lock_guard lock(state.mutex);
    FreeBlock*& free = state.free[wanted.index];
    if (free != nullptr) {
      whole = reinterpret_cast<std::byte*>(std::exchange(free, free->next));
    } else {
      whole = carve(wanted.bytes);
    }
  }
  if (whole == nullptr) return nullptr;
  std::uintptr_t at = reinterpret_cast<std::uintptr_t>(whole) + sizeof(Header);
  if (slack > 0) at = (at + alignment - 1) / alignment * alignment;
  std::byte* const memory = as_bytes(at);
  header_of(memory) = {wanted.index, static_cast<std::uint32_t>(memory - whole), bytes};
  return memory;
}

bool OutsideHeap::owns(const void* memory) noexcept {
  return state.begin != 0 && reinterpret_cast<std::uintptr_t>(memory) - state.begin < kReserved;
}

std::size_t OutsideHeap::size_of(const void* memory) noexcept {
  return header_of(memory).bytes;
}

void OutsideHeap::release(void* memory) noexcept {
  if (OutsideMemory::active() != nullptr) return;
  const Header header = header_of(memory);
  std::byte* const whole = static_cast<std::byte*>(memory) - header.offset;
  if (header.bytes >= kLarge) {
    const auto begin = reinterpret_cast<std::uintptr_t>(whole) / kSystemPage + 1;
    const auto end = (reinterpret_cast<std::uintptr_t>(memory) + header.bytes) / kSystemPage;
    ::madvise(as_bytes(begin * kSystemPage), (end - begin) * kSystemPage, MADV_DONTNEED);
  }
  auto* const block = reinterpret_cast<FreeBlock*>(whole);
  const std::lock_guard lock(state.mutex);
  block->next = std::exchange(state.free[header.size_class], block);
}

MemoryRange OutsideHeap::in_use() noexcept {
  const std::lock_guard lock(state.mutex);
  return {state.begin, (state.used + kSystemPage - 1) / kSystemPage * kSystemPage};
}

}  // namespace cocheck::detail
