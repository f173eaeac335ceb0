#include "audit_decoder.hpp"

#if COCHECK_HAS_ZYDIS && defined(__x86_64__)
#include <Zydis/Zydis.h>

namespace cocheck::detail {

namespace {

const ZydisDecoder& decoder() noexcept {
  static const ZydisDecoder instance = [] {
    ZydisDecoder made;
    ZydisDecoderInit(&made, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    return made;
  }();
  return instance;
}

std::uint8_t number_of(ZydisRegister name) noexcept {
  if (name < ZYDIS_REGISTER_RAX || name > ZYDIS_REGISTER_R15) return kNoRegister;
  return static_cast<std::uint8_t>(name - ZYDIS_REGISTER_RAX);
}

bool is_number_or_none(ZydisRegister name) noexcept {
  return name == ZYDIS_REGISTER_NONE || number_of(name) != kNoRegister;
}

CodeInstruction::Kind kind_of(const ZydisDecodedInstruction& decoded) noexcept {
  using Kind = CodeInstruction::Kind;
  switch (decoded.meta.category) {
    case ZYDIS_CATEGORY_CALL:
      return Kind::call;
    case ZYDIS_CATEGORY_UNCOND_BR:
      return Kind::jump;
    case ZYDIS_CATEGORY_COND_BR:
      return Kind::branch;
    case ZYDIS_CATEGORY_RET:
      return Kind::end;
    case ZYDIS_CATEGORY_SYSCALL:
      return Kind::system_call;
    default:
      return Kind::plain;
  }
}

/// Whether it names memory and touches none.
bool only_names_memory(const ZydisDecodedInstruction& decoded) noexcept {
  return decoded.meta.category == ZYDIS_CATEGORY_NOP ||
         decoded.meta.category == ZYDIS_CATEGORY_WIDENOP ||
         decoded.meta.category == ZYDIS_CATEGORY_PREFETCH;
}

void add_memory(const ZydisDecodedOperand& operand, CodeInstruction& instruction) noexcept {
  if (operand.mem.type == ZYDIS_MEMOP_TYPE_AGEN) return;
  // By the instruction's own address, by a constant, or of the thread: never the model's.
  if (operand.mem.base == ZYDIS_REGISTER_RIP || operand.mem.segment == ZYDIS_REGISTER_FS ||
      operand.mem.segment == ZYDIS_REGISTER_GS) {
    return;
  }
  const bool understood = operand.mem.type == ZYDIS_MEMOP_TYPE_MEM &&
                          is_number_or_none(operand.mem.base) &&
                          is_number_or_none(operand.mem.index) && instruction.operand_count < 3;
  if (!understood) {
    instruction.exact = false;
    return;
  }
  CodeOperand& memory = instruction.operands[instruction.operand_count++];
  memory.base = number_of(operand.mem.base);
  memory.index = number_of(operand.mem.index);
  memory.scale = operand.mem.scale;
  memory.displacement = operand.mem.disp.has_displacement ? operand.mem.disp.value : 0;
  memory.bytes = operand.size / 8;
  memory.reads = (operand.actions & ZYDIS_OPERAND_ACTION_MASK_READ) != 0;
  memory.writes = (operand.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
}

}  // namespace

bool decoder_available() noexcept {
  return true;
}

bool decode(std::uintptr_t at, std::span<const std::uint8_t> code,
            CodeInstruction& instruction) noexcept {
  ZydisDecodedInstruction decoded;
  ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
  if (!ZYAN_SUCCESS(
          ZydisDecoderDecodeFull(&decoder(), code.data(), code.size(), &decoded, operands))) {
    return false;
  }
  instruction = {};
  instruction.kind = kind_of(decoded);
  instruction.length = decoded.length;
  constexpr ZydisInstructionAttributes kRepeated =
      ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE;
  instruction.repeated = (decoded.attributes & kRepeated) != 0;
  instruction.sets_frame = decoded.mnemonic == ZYDIS_MNEMONIC_MOV &&
                           operands[0].type == ZYDIS_OPERAND_TYPE_REGISTER &&
                           operands[0].reg.value == ZYDIS_REGISTER_RBP &&
                           operands[1].type == ZYDIS_OPERAND_TYPE_REGISTER &&
                           operands[1].reg.value == ZYDIS_REGISTER_RSP;
  if (instruction.kind != CodeInstruction::Kind::plain && decoded.operand_count > 0) {
    const ZydisDecodedOperand& first = operands[0];
    ZyanU64 target = 0;
    if (first.type == ZYDIS_OPERAND_TYPE_IMMEDIATE &&
        ZYAN_SUCCESS(ZydisCalcAbsoluteAddress(&decoded, &first, at, &target))) {
      instruction.direct = true;
      instruction.target = target;
    } else if (first.type == ZYDIS_OPERAND_TYPE_REGISTER) {
      instruction.target_register = number_of(first.reg.value);
    } else if (first.type == ZYDIS_OPERAND_TYPE_MEMORY && first.mem.base == ZYDIS_REGISTER_RIP &&
               ZYAN_SUCCESS(ZydisCalcAbsoluteAddress(&decoded, &first, at, &target))) {
      instruction.slot = target;
    }
  }
  if (only_names_memory(decoded)) return true;
  for (std::size_t i = 0; i < decoded.operand_count; ++i) {
    if (operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY) add_memory(operands[i], instruction);
  }
  return true;
}

}  // namespace cocheck::detail

#else

namespace cocheck::detail {

bool decoder_available() noexcept {
  return false;
}

bool decode(std::uintptr_t, std::span<const std::uint8_t>, CodeInstruction&) noexcept {
  return false;
}

}  // namespace cocheck::detail

#endif
