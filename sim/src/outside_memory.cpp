#include "cocheck/detail/outside_memory.hpp"

#include <sys/mman.h>
#include <ucontext.h>

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cstring>
#include <new>

#include "changed_lines.hpp"
#include "cocheck/detail/access_log.hpp"
#include "cocheck/detail/model_memory.hpp"
#include "cocheck/detail/sanitizers.hpp"
#include "cocheck/loop.hpp"
#include "fault_signals.hpp"

namespace cocheck::detail {

namespace {

constinit std::atomic<OutsideMemory*> active_memory{nullptr};

void* reserve(std::size_t bytes) {
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  return memory;
}

void protect(MemoryRange range, int protection) noexcept {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): it is a range of addresses
  ::mprotect(reinterpret_cast<void*>(range.begin), range.end - range.begin, protection);
}

std::byte* bytes_at(std::uintptr_t address) noexcept {
  return reinterpret_cast<std::byte*>(address);  // NOLINT(performance-no-int-to-ptr)
}

std::uintptr_t instruction_of([[maybe_unused]] void* context) noexcept {
#if defined(__x86_64__)
  const auto* registers = static_cast<const ucontext_t*>(context)->uc_mcontext.gregs;
  return static_cast<std::uintptr_t>(registers[REG_RIP]);
#else
  return 0;
#endif
}

bool on_fault(int signal, siginfo_t& info, void* context) {
  OutsideMemory* memory = OutsideMemory::active();
  return signal == SIGSEGV && memory != nullptr &&
         memory->open(reinterpret_cast<std::uintptr_t>(info.si_addr), instruction_of(context));
}

}  // namespace

OutsideMemory* OutsideMemory::active() noexcept {
  return active_memory.load(std::memory_order_relaxed);
}

bool OutsideMemory::is_active() const noexcept {
  return active() == this;
}

OutsideMemory::OutsideMemory(std::uintptr_t border) {
  OutsideMemory* nobody = nullptr;
  if (COCHECK_ADDRESS_SANITIZER || active() != nullptr) return;
  handle_faults(FaultClient::protected_pages, on_fault);
  const OutsideRegions regions = OutsideRegions::find(border);
  find_ = find_changed_lines();
  if (!active_memory.compare_exchange_strong(nobody, this)) return;
  ignored_ = regions.ignored;
  hot_table_ = static_cast<Hot*>(reserve(kMaxHot * sizeof(Hot)));
  copies_ = static_cast<std::byte*>(reserve(kMaxHot * kSystemPage));
  for (const MemoryRange& words : regions.words) {
    for (std::uintptr_t at = words.begin; at < words.end; at += kSystemPage) {
      (void)add_hot(at, std::min<std::uintptr_t>(words.end - at, kSystemPage));
    }
  }
  for (const MemoryRange& pages : regions.pages) watch(pages);
}

OutsideMemory::~OutsideMemory() {
  if (!is_active()) return;
  for (std::size_t i = 0; i < region_count_; ++i) {
    protect(regions_[i].range, PROT_READ | PROT_WRITE);
  }
  active_memory.store(nullptr);
  for (std::size_t i = 0; i < region_count_; ++i) std::free(regions_[i].openings);
  ::munmap(hot_table_, kMaxHot * sizeof(Hot));
  ::munmap(copies_, kMaxHot * kSystemPage);
}

void OutsideMemory::watch(MemoryRange pages) {
  if (!is_active() || region_count_ == kMaxRegions || pages.begin >= pages.end) return;
  Pages& region = regions_[region_count_];
  region.range = pages;
  region.openings =
      static_cast<std::uint8_t*>(std::calloc((pages.end - pages.begin) / kSystemPage, 1));
  if (region.openings == nullptr) throw std::bad_alloc();
  ++region_count_;
  protect(pages, PROT_READ);
}

bool OutsideMemory::watches(std::uintptr_t address) const noexcept {
  const bool in_pages = std::any_of(regions_, regions_ + region_count_, [&](const Pages& region) {
    return region.range.holds(address);
  });
  return in_pages || hot_of(address) != nullptr;
}

OutsideMemory::Hot& OutsideMemory::add_hot(std::uintptr_t at, std::size_t bytes) noexcept {
  Hot& hot = hot_table_[hot_];
  hot = {.at = at, .copy = copies_ + hot_ * kSystemPage, .bytes = bytes};
  std::memcpy(hot.copy, bytes_at(at), bytes);
  ++hot_;
  return hot;
}

bool OutsideMemory::open(std::uintptr_t address, std::uintptr_t instruction) noexcept {
  for (std::size_t i = 0; i < region_count_; ++i) {
    const Pages& region = regions_[i];
    if (!region.range.holds(address)) continue;
    const std::size_t page = (address - region.range.begin) / kSystemPage;
    std::uint8_t& openings = region.openings[page];
    if ((openings & kOpen) != 0) return true;  // by another thread, just now
    if (hot_ == kMaxHot) return false;
    openings = static_cast<std::uint8_t>(std::min<unsigned>(openings + 1u, kStaysOpen) | kOpen);
    const std::uintptr_t begin = region.range.begin + page * kSystemPage;
    Hot& hot = add_hot(begin, kSystemPage);
    ++open_pages_;
    hot.first_write = address;
    hot.instruction = instruction;
    hot.openings = &openings;
    hot.by_model = ModelMemory::current() != nullptr && !ignores(address);
    protect({begin, begin + kSystemPage}, PROT_READ | PROT_WRITE);
    return true;
  }
  return false;
}

/// A page that was not opened by the model, unless that happens again and again.
bool OutsideMemory::close_again(std::size_t index) noexcept {
  Hot& hot = hot_table_[index];
  if (hot.by_model || hot.openings == nullptr || *hot.openings == (kStaysOpen | kOpen))
    return false;
  const auto known = std::lower_bound(
      words_.begin(), words_.end(), hot.at,
      [](const OutsideWord& word, std::uintptr_t than) { return word.address < than; });
  if (known != words_.end() && known->address < hot.at + hot.bytes) return false;
  protect({hot.at, hot.at + hot.bytes}, PROT_READ);
  *hot.openings = static_cast<std::uint8_t>(*hot.openings & ~kOpen);
  const Hot& last = hot_table_[hot_ - 1];
  std::byte* const copy = hot.copy;
  if (&hot != &last) std::memcpy(copy, last.copy, last.bytes);
  hot = last;
  hot.copy = copy;
  --hot_;
  --open_pages_;
  return true;
}

void OutsideMemory::accept() {
  for (std::size_t i = hot_ - open_pages_; i < hot_;) {
    if (!close_again(i)) ++i;
  }
  if (open_pages_ > 0) compare(false);
}

void OutsideMemory::compare(bool notices) {
  constexpr std::size_t kWordsInLine = kLineBytes / sizeof(std::uint64_t);
  const ModelMemory::Scope outside(nullptr);
  for (std::size_t i = 0; i < hot_; ++i) {
    Hot& hot = hot_table_[i];
    if (hot.openings == nullptr) {
      if (notices) compare_words(hot, 0, hot.bytes / sizeof(std::uint64_t), true);
      continue;
    }
    changed_lines_.clear();
    find_(bytes_at(hot.at), hot.copy, kSystemPage / kLineBytes, 0, changed_lines_);
    for (const std::size_t line : changed_lines_) {
      compare_words(hot, line * kWordsInLine, (line + 1) * kWordsInLine, notices);
    }
  }
}

void OutsideMemory::compare_words(Hot& hot, std::size_t first, std::size_t end, bool notices) {
  for (std::size_t word = first; word < end; ++word) {
    std::byte* const copy = hot.copy + word * sizeof(std::uint64_t);
    const std::uintptr_t address = hot.at + word * sizeof(std::uint64_t);
    const std::uint64_t before = load_unchecked(copy);
    const std::uint64_t now = load_unchecked(bytes_at(address));
    if (before == now) continue;
    store_unchecked(copy, now);
    if (notices) note(address, before);
  }
}

void OutsideMemory::note(std::uintptr_t address, std::uint64_t before) {
  const auto later = [](const OutsideWord& word, std::uintptr_t than) {
    return word.address < than;
  };
  const auto known = std::lower_bound(words_.begin(), words_.end(), address, later);
  if (known == words_.end() || known->address != address) {
    if (ignores(address)) return;
    words_.insert(known, {address, before});
  }
  changes_.push_back({address, before});
}

bool OutsideMemory::ignores(std::uintptr_t address) const noexcept {
  return Loop::holds_current(address) || ModelMemory::holds_current(address) ||
         AccessLog::holds_active(address) ||
         std::any_of(ignored_.begin(), ignored_.end(),
                     [&](const MemoryRange& range) { return range.holds(address); });
}

OutsideMemory::Hot* OutsideMemory::hot_of(std::uintptr_t address) const noexcept {
  Hot* const end = hot_table_ + hot_;
  Hot* const found =
      std::find_if(hot_table_, end, [&](const Hot& hot) { return address - hot.at < hot.bytes; });
  return found != end ? found : nullptr;
}

void OutsideMemory::store(std::uintptr_t address, std::uint64_t value) noexcept {
  const Hot* const hot = hot_of(address);
  assert(hot != nullptr);
  store_unchecked(bytes_at(address), value);
  store_unchecked(hot->copy + (address - hot->at), value);
}

bool OutsideMemory::differs_from_baseline() const noexcept {
  return std::any_of(words_.begin(), words_.end(), [](const OutsideWord& word) {
    return load_unchecked(bytes_at(word.address)) != word.baseline;
  });
}

void OutsideMemory::rewind(std::size_t position) noexcept {
  while (changes_.size() > position) {
    store(changes_.back().address, changes_.back().before);
    changes_.pop_back();
  }
}

void OutsideMemory::put_back() noexcept {
  changes_.clear();
  for (const OutsideWord& word : words_) store(word.address, word.baseline);
}

void OutsideMemory::begin_execution(bool puts_back) noexcept {
  if (puts_back) {
    put_back();
    return;
  }
  changes_.clear();
  steered_ = steered_ || differs_from_baseline();
}

HarnessVector<OutsideWord> OutsideMemory::contents() const {
  HarnessVector<OutsideWord> now(words_);
  for (OutsideWord& word : now) word.baseline = load_unchecked(bytes_at(word.address));
  return now;
}

void OutsideMemory::restore(std::span<const OutsideWord> contents) noexcept {
  for (const OutsideWord& word : contents) store(word.address, word.baseline);
}

std::uintptr_t OutsideMemory::writer_of(std::uintptr_t address) const noexcept {
  const Hot* const hot = hot_of(address);
  if (hot == nullptr || hot->first_write / 8 != address / 8) return 0;
  return hot->instruction;
}

}  // namespace cocheck::detail
