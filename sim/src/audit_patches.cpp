#include "audit_patches.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace cocheck::detail {

CodePatches::CodePatches(std::uintptr_t begin, std::span<const std::uint8_t> code)
    : begin_(begin),
      code_(code),
      now_(code.begin(), code.end()),
      has_some_((code.size() + kPage - 1) / kPage, 0) {}

CodePatches::~CodePatches() {
  disarm();
  if (memory_ >= 0) ::close(memory_);
}

bool CodePatches::arm() {
  if (!write(begin_, code_.data(), 1)) return false;
  armed_ = true;
  write_pages(now_);
  return true;
}

void CodePatches::disarm() {
  if (!armed_) return;
  write_pages(code_);
  armed_ = false;
}

void CodePatches::write_pages(std::span<const std::uint8_t> from) {
  for (std::size_t page = 0; page < has_some_.size();) {
    const std::size_t first = page;
    while (page < has_some_.size() && has_some_[page] != 0) ++page;
    if (page == first) {
      ++page;
      continue;
    }
    const std::size_t end = std::min(page * kPage, from.size());
    (void)write(begin_ + first * kPage, from.data() + first * kPage, end - first * kPage);
  }
}

void CodePatches::put(std::uintptr_t at, std::uint8_t byte) {
  const std::size_t offset = at - begin_;
  if (now_[offset] == byte) return;
  now_[offset] = byte;
  has_some_[offset / kPage] = 1;
  if (armed_) (void)write(at, &byte, 1);
}

std::uint8_t CodePatches::exchange(std::uintptr_t at, std::uint8_t byte) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): it is code
  const std::uint8_t before = *reinterpret_cast<const std::uint8_t*>(at);
  (void)write(at, &byte, 1);
  return before;
}

bool CodePatches::write(std::uintptr_t at, const void* bytes, std::size_t count) {
  if (const pid_t self = ::getpid(); self != process_) {
    if (memory_ >= 0) ::close(memory_);
    memory_ = ::open("/proc/self/mem", O_RDWR | O_CLOEXEC);
    process_ = self;
  }
  return memory_ >= 0 &&
         ::pwrite(memory_, bytes, count, static_cast<off_t>(at)) == static_cast<ssize_t>(count);
}

std::uintptr_t CodePatches::copy_of(std::uintptr_t at, const CodeInstruction& instruction) {
  if (copies_.empty() || copies_.back().originals.size() == kCopies) {
    void* memory =
        ::mmap(nullptr, kCopies * kCopy, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return 0;
    copies_.push_back({reinterpret_cast<std::uintptr_t>(memory), {}});
  }
  Copies& last = copies_.back();
  const std::uintptr_t copy = last.begin + last.originals.size() * kCopy;
  // The instruction, and behind it: jmp *0(%rip), followed by the address to go to.
  std::array<std::uint8_t, kCopy> code{};
  constexpr std::array<std::uint8_t, 6> kJump{0xff, 0x25, 0, 0, 0, 0};
  const std::uintptr_t behind = at + instruction.length;
  std::memcpy(code.data(), code_.data() + (at - begin_), instruction.length);
  std::memcpy(code.data() + instruction.length, kJump.data(), kJump.size());
  std::memcpy(code.data() + instruction.length + kJump.size(), &behind, sizeof behind);
  if (!write(copy, code.data(), code.size())) return 0;
  last.originals.push_back(at);
  return copy;
}

std::uintptr_t CodePatches::original_of(std::uintptr_t copy) const noexcept {
  for (const Copies& copies : copies_) {
    const std::size_t number = (copy - copies.begin) / kCopy;
    if (copy >= copies.begin && number < copies.originals.size()) return copies.originals[number];
  }
  return 0;
}

}  // namespace cocheck::detail
