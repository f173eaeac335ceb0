#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "audit_decoder.hpp"

namespace cocheck::detail {

/// Breakpoints in the code of this program. They stand there while it is armed, one byte each; the
/// rest of the time the code is as it was. Written through /proc/self/mem, since code is not
/// writable; a child process has breakpoints of its own.
class CodePatches {
 public:
  /// The code as it is without breakpoints; it begins at `begin` when it runs.
  CodePatches(std::uintptr_t begin, std::span<const std::uint8_t> code);
  ~CodePatches();
  CodePatches(const CodePatches&) = delete;
  CodePatches& operator=(const CodePatches&) = delete;

  /// False where the system does not let a process write to its own code.
  [[nodiscard]] bool arm();
  void disarm();

  /// Puts a breakpoint on an instruction, or takes it away.
  void set(std::uintptr_t at) { put(at, kBreakpoint); }
  void clear(std::uintptr_t at) { put(at, code_[at - begin_]); }
  [[nodiscard]] bool holds(std::uintptr_t at) const noexcept {
    return at - begin_ < now_.size() && now_[at - begin_] == kBreakpoint;
  }

  /// For code that is not this program's: what was there.
  [[nodiscard]] std::uint8_t exchange(std::uintptr_t at, std::uint8_t byte);
  static constexpr std::uint8_t kBreakpoint = 0xcc;

  /// A copy of an instruction that can be executed in its place: it goes on behind the original.
  /// Not for one that says where to go on, or that means an address by its own. 0: no memory left.
  [[nodiscard]] std::uintptr_t copy_of(std::uintptr_t at, const CodeInstruction& instruction);
  /// Of what that is a copy; 0: of nothing.
  [[nodiscard]] std::uintptr_t original_of(std::uintptr_t copy) const noexcept;

 private:
  static constexpr std::size_t kPage = 4096;
  static constexpr std::size_t kCopy = 32;                                // bytes for each
  static constexpr std::size_t kCopies = (std::size_t{1} << 16) / kCopy;  // mapped at once

  struct Copies {
    std::uintptr_t begin = 0;
    std::vector<std::uintptr_t> originals;
  };

  void put(std::uintptr_t at, std::uint8_t byte);
  void write_pages(std::span<const std::uint8_t> from);
  [[nodiscard]] bool write(std::uintptr_t at, const void* bytes, std::size_t count);

  std::uintptr_t begin_;
  std::span<const std::uint8_t> code_;
  std::vector<std::uint8_t> now_;       // the same with breakpoints
  std::vector<std::uint8_t> has_some_;  // by page
  std::vector<Copies> copies_;
  int memory_ = -1;
  pid_t process_ = 0;  // whose memory that is
  bool armed_ = false;
};

}  // namespace cocheck::detail
