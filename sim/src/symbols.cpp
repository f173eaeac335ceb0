#include "symbols.hpp"

#include <cxxabi.h>
#include <elf.h>
#include <link.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include "line_server.hpp"

namespace cocheck::detail {

namespace {

constexpr const char* kSelf = "/proc/self/exe";

/// Where the program was loaded: added to the addresses in its file.
std::uintptr_t load_address() {
  std::uintptr_t result = 0;
  ::dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* out) {
        *static_cast<std::uintptr_t*>(out) = info->dlpi_addr;
        return 1;  // the program itself comes first
      },
      &result);
  return result;
}

std::vector<char> read_self() {
  std::ifstream file(kSelf, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

template <class T>
bool read_at(const std::vector<char>& file, std::size_t offset, T& value) {
  if (offset > file.size() || file.size() - offset < sizeof value) return false;
  std::memcpy(&value, file.data() + offset, sizeof value);
  return true;
}

std::string demangled(const char* name) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text(
      abi::__cxa_demangle(name, nullptr, nullptr, &status), &std::free);
  return status == 0 ? text.get() : name;
}

std::string without_folder(const std::string& line) {
  return line.substr(line.rfind('/') + 1);
}

/// Lines of an instruction that was called from or stands before `behind`: the address behind a
/// call is that of the next instruction.
const std::vector<SourceLine>& lines_before(std::uintptr_t behind) {
  return LineServer::instance().lines_at(behind - load_address() - 1);
}

bool is_of_cocheck(const SourceLine& line) {
  const std::string& place = line.place;
  const bool header =
      place.find("/cocheck/") != std::string::npos && place.find("/include/") != std::string::npos;
  const bool source =
      line.function.starts_with("cocheck::") &&
      (place.find("/src/") != std::string::npos || line.function.starts_with("cocheck::detail::"));
  const bool replaced_call = place.find("/sim/src/system_calls.cpp") != std::string::npos;
  return header || source || replaced_call;
}

bool is_of_standard_library(const SourceLine& line) {
  return line.place.find("/c++/") != std::string::npos;
}

}  // namespace

std::string symbol_at(std::uintptr_t address) {
  const std::vector<char> file = read_self();
  Elf64_Ehdr header;
  if (!read_at(file, 0, header)) return {};
  const std::uintptr_t wanted = address - load_address();
  for (std::size_t section = 0; section < header.e_shnum; ++section) {
    Elf64_Shdr table;
    Elf64_Shdr names;
    if (!read_at(file, header.e_shoff + section * sizeof table, table)) return {};
    if (table.sh_type != SHT_SYMTAB) continue;
    if (!read_at(file, header.e_shoff + table.sh_link * sizeof names, names)) return {};
    for (std::size_t at = 0; at + sizeof(Elf64_Sym) <= table.sh_size; at += sizeof(Elf64_Sym)) {
      Elf64_Sym symbol;
      if (!read_at(file, table.sh_offset + at, symbol)) return {};
      if (wanted - symbol.st_value >= symbol.st_size) continue;
      const std::size_t name = names.sh_offset + symbol.st_name;
      if (name >= file.size() || std::memchr(&file[name], 0, file.size() - name) == nullptr) {
        return {};
      }
      return demangled(&file[name]);
    }
  }
  return {};
}

std::string line_at(std::uintptr_t instruction) {
  const auto& lines = lines_before(instruction);
  return lines.empty() ? std::string() : without_folder(lines.front().place);
}

std::string user_line_at(const void* instruction) {
  for (const SourceLine& line : lines_before(reinterpret_cast<std::uintptr_t>(instruction))) {
    if (is_of_cocheck(line)) return {};
    if (!is_of_standard_library(line)) return without_folder(line.place);
  }
  return {};
}

std::string user_line_of(std::span<void* const> stack) {
  std::uintptr_t next = 1;  // the first is an instruction itself
  for (const void* at : stack) {
    const auto address = reinterpret_cast<std::uintptr_t>(at);
    for (const SourceLine& line : lines_before(address + std::exchange(next, 0))) {
      if (!is_of_cocheck(line) && !is_of_standard_library(line)) return line.place;
    }
  }
  return {};
}

}  // namespace cocheck::detail
