#include "cocheck/detail/access_log.hpp"

#include <pthread.h>

#include <algorithm>
#include <cerrno>
#include <iostream>

#include "cocheck/detail/model_memory.hpp"

namespace cocheck::detail {

namespace {

/// The lowest address of this thread's stack.
const void* end_of_stack() noexcept {
  static thread_local const void* const end = [] {
    pthread_attr_t attributes;
    void* lowest = nullptr;
    std::size_t bytes = 0;
    if (::pthread_getattr_np(::pthread_self(), &attributes) == 0) {
      ::pthread_attr_getstack(&attributes, &lowest, &bytes);
      ::pthread_attr_destroy(&attributes);
    }
    return static_cast<const void*>(lowest);
  }();
  return end;
}

/// Printing changes what the next printing looks like, a little; that is no state of a model.
bool is_standard_stream(std::uintptr_t address) noexcept {
  const auto within = [&](const auto& stream) {
    return address - reinterpret_cast<std::uintptr_t>(&stream) < sizeof stream;
  };
  return within(std::cout) || within(std::cerr) || within(std::clog);
}

}  // namespace

AccessLog::Scope::Scope(AccessLog& log, Range memory, Range loop, What what) : previous_(active_) {
  log.memory_ = memory;
  if (!log.keeps_instructions_) log.usual_ = memory;
  log.slots_.set_range(memory.begin / 8, memory.bytes / 8);
  log.loop_ = loop;
  log.stack_ = Range::between(end_of_stack(), __builtin_frame_address(0));
  log.outside_only_ = what == What::outside;
  if (log.outside_only_) log.fresh_ = memory;
  active_ = &log;
}

void AccessLog::record_first(std::uintptr_t at, std::size_t bytes, bool write,
                             const void* instruction) noexcept {
  if (memory_.holds(at)) {
    if (keeps_instructions_) keep_instruction(at, bytes, write, instruction);
    if (!fresh(at)) add(at, bytes, write);
  } else if (!stack_.holds(at) && !loop_.holds(at)) {
    outside(at, bytes, write, instruction);
  }
}

__attribute__((always_inline)) inline void AccessLog::add_word(std::uint64_t word,
                                                               std::uint32_t mask,
                                                               bool write) noexcept {
  Slot* slot = slots_.find(word);
  if (slot == nullptr) [[unlikely]]
    slot = make_slot(word);
  if (slot->age != age_) {
    if (entries_.size() == entries_.capacity()) [[unlikely]]
      grow();
    begin_entry(*slot, word);
  }
  add_bytes(entries_[slot->entry], mask, write);
}

void AccessLog::add(std::uintptr_t at, std::size_t bytes, bool write) noexcept {
  if (const std::size_t within = at % 8; within + bytes <= 8) {
    add_word(at / 8, ((std::uint32_t{1} << bytes) - 1) << within, write);
    return;
  }
  while (bytes > 0) {
    const std::size_t within = at % 8;
    const std::size_t now = std::min(bytes, 8 - within);
    add_word(at / 8, ((std::uint32_t{1} << now) - 1) << within, write);
    at += now;
    bytes -= now;
  }
}

AccessLog::Slot* AccessLog::make_slot(std::uint64_t word) {
  const Pause pause;
  return &slots_[word];
}

void AccessLog::grow() {
  const Pause pause;
  entries_.reserve(std::max(entries_.capacity() * 2, std::size_t{1024}));
}

const AccessLog::Entry* AccessLog::find(std::uint64_t word) const noexcept {
  const Slot* slot = slots_.find(word);
  return slot != nullptr && slot->age == age_ ? &entries_[slot->entry] : nullptr;
}

void AccessLog::write_outside(const void* begin) noexcept {
  const auto at = reinterpret_cast<std::uintptr_t>(begin);
  if (ModelMemory::current() != nullptr && !stack_.holds(at) && !loop_.holds(at)) {
    untold_ = true;
  }
}

void AccessLog::look(const void* word) noexcept {
  const auto at = reinterpret_cast<std::uintptr_t>(word);
  if (outside_only_ || at % 8 != 0 || !memory_.holds(at) || fresh(at)) return;
  add(at, 0, false);
  Entry& entry = entries_[slots_.find(at / 8)->entry];
  entry.looks = static_cast<std::uint8_t>(~entry.writes);
}

void AccessLog::release(const void* begin, std::size_t bytes) {
  const auto at = reinterpret_cast<std::uintptr_t>(begin);
  if (!fresh(at)) released_.push_back({at / 8, (at + bytes) / 8});
}

void AccessLog::set_fresh(const void* begin, const void* end) noexcept {
  if (outside_only_) return;
  const Range range = Range::between(begin, end);
  if (fresh_.begin + fresh_.bytes == range.begin + range.bytes) return;  // within the same chunk
  if (fresh_.bytes > 0) fresh_before_.push_back(fresh_);
  fresh_ = range;
}

bool AccessLog::was_fresh(std::uintptr_t address) const noexcept {
  return std::any_of(fresh_before_.begin(), fresh_before_.end(),
                     [&](const Range& range) { return range.holds(address); });
}

void AccessLog::clear() noexcept {
  entries_.clear();
  if (keeps_instructions_) instructions_.clear();
  released_.clear();
  fresh_ = {};
  fresh_before_.clear();
  unlogged_expected_ = outside_only_ = untold_ = errno_written_ = false;
  if (++age_ == 0) {
    slots_.clear();
    age_ = 1;
  }
}

void AccessLog::keep_instruction(std::uintptr_t at, std::size_t bytes, bool write,
                                 const void* instruction) noexcept {
  const Pause pause;  // the table below is memory, too
  for (std::uint64_t word = at / 8; word <= (at + bytes - 1) / 8; ++word) {
    Instructions& first = instructions_[word];
    const void*& kept = write ? first.write : first.read;
    if (kept == nullptr) kept = instruction;
  }
}

AccessLog::Instructions AccessLog::instructions(std::uint64_t word) const {
  const auto found = instructions_.find(word);
  return found != instructions_.end() ? found->second : Instructions{};
}

void AccessLog::leave_errno() noexcept {
  errno_left_ = true;
  if (logs_errno_) note(&errno, true);
}

/// World hands it on from step to step.
void AccessLog::touch_errno(bool write) noexcept {
  errno_read_ = errno_read_ || (!write && !errno_written_);
  errno_written_ = errno_written_ || write;
  if (logs_errno_) note(&errno, write);
}

/// What is only written there steers no execution, and what is only read never changes.
void AccessLog::outside(std::uintptr_t at, std::size_t bytes, bool write,
                        const void* instruction) noexcept {
  untold_ = untold_ || write;
  if (ModelMemory::current() == nullptr || outside_) return;
  if (at == reinterpret_cast<std::uintptr_t>(&errno)) {
    touch_errno(write);
    return;
  }
  if (ModelMemory::holds_current(at)) return;
  if (is_standard_stream(at)) {
    untold_ = true;
    return;
  }
  const Pause pause;  // the tables below are memory, too
  for (std::uint64_t word = at / 8; word <= (at + bytes - 1) / 8; ++word) {
    const auto found = written_outside_.find(word);
    const bool written = found != written_outside_.end();
    if (write) {
      if (read_outside_.contains(word)) outside_ = Outside{at, instruction};
      if (written) {
        found->second.age = age_;
      } else {
        written_outside_.try_emplace(word, WrittenOutside{age_, instruction});
      }
    } else if (!written) {
      read_outside_.try_emplace(word, age_);
      recently_read_[word % recently_read_.size()] = word;
    } else if (found->second.age != age_) {
      outside_ = Outside{at, found->second.instruction};
    }
  }
}

}  // namespace cocheck::detail
