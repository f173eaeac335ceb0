#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace cocheck::detail {

/// The general registers of the processor, in the order in which instructions number them.
using Registers = std::array<std::uint64_t, 16>;
inline constexpr std::uint8_t kRegisterRsp = 4;
inline constexpr std::uint8_t kRegisterRbp = 5;
inline constexpr std::uint8_t kNoRegister = 16;

/// Memory that an instruction reads or writes by a register, and where that lies.
struct CodeOperand {
  std::uint8_t base = kNoRegister;
  std::uint8_t index = kNoRegister;
  std::uint8_t scale = 0;
  bool reads = false;
  bool writes = false;
  std::uint32_t bytes = 0;
  std::int64_t displacement = 0;

  [[nodiscard]] std::uintptr_t address(const Registers& registers) const noexcept {
    std::uint64_t at = static_cast<std::uint64_t>(displacement);
    if (base != kNoRegister) at += registers[base];
    if (index != kNoRegister) at += registers[index] * scale;
    return at;
  }
};

/// One instruction of an x86-64 processor, as far as it matters to who touches which memory.
struct CodeInstruction {
  enum class Kind : std::uint8_t { plain, call, jump, branch, end, system_call };

  Kind kind = Kind::plain;
  std::uint8_t length = 0;
  bool direct = false;      // a call or jump to `target`
  bool repeated = false;    // as often as rcx says
  bool sets_frame = false;  // makes rbp the pointer to the frame
  bool exact = true;        // false: touches memory in a way that is not understood
  std::uint8_t operand_count = 0;
  std::uint8_t target_register = kNoRegister;  // of an indirect call; else by `operands[0]`
  std::uintptr_t target = 0;
  std::uintptr_t slot = 0;  // of an indirect call: where its target stands
  std::array<CodeOperand, 3> operands{};

  [[nodiscard]] std::span<const CodeOperand> memory() const noexcept {
    return std::span(operands).first(operand_count);
  }
  [[nodiscard]] bool leaves() const noexcept { return kind == Kind::call || kind == Kind::jump; }
  /// How many bytes from the address of the operand on, at the most.
  [[nodiscard]] std::size_t bytes_of(const CodeOperand& operand,
                                     const Registers& registers) const noexcept {
    return repeated ? operand.bytes * static_cast<std::size_t>(registers[1]) : operand.bytes;
  }
};

/// Whether instructions can be decoded: cocheck was built with Zydis, for x86-64.
[[nodiscard]] bool decoder_available() noexcept;

/// Decodes the instruction whose bytes `code` begins with and that lies at `at` when it runs; false
/// if that is none.
[[nodiscard]] bool decode(std::uintptr_t at, std::span<const std::uint8_t> code,
                          CodeInstruction& instruction) noexcept;

}  // namespace cocheck::detail
