#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace cocheck::detail {

/// What lies at an address of this program: the name of a variable or function, demangled; "" where
/// the symbol table does not say.
[[nodiscard]] std::string symbol_at(std::uintptr_t address);

/// The line of an instruction, as "file.cpp:12"; "" where there is no debug information, or no
/// addr2line to read it. One process of addr2line serves all that this process ever asks.
[[nodiscard]] std::string line_at(std::uintptr_t instruction);

/// The same of code that is neither cocheck's nor the standard library's: of the innermost such
/// function, if nothing of cocheck was inlined there.
[[nodiscard]] std::string user_line_at(const void* instruction);

/// "path/file.cpp:12" of the innermost code that is neither cocheck's nor the standard library's,
/// of a stack of calls from the inside out; "" where there is none.
[[nodiscard]] std::string user_line_of(std::span<void* const> stack);

}  // namespace cocheck::detail
