#pragma once

#include <filesystem>

namespace cocheck::detail {

/// Whether a file is a program that carries the note of a cocheck test program: the section
/// `.note.cocheck` of a 64-bit ELF file. The file is only read, whatever is in it; false also when
/// it cannot be.
[[nodiscard]] bool carries_program_note(const std::filesystem::path& program);

}  // namespace cocheck::detail
