#include "symbols.hpp"

#include <cxxabi.h>
#include <elf.h>
#include <link.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <string_view>
#include <vector>

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

/// "path:line" of an instruction, then those of the calls into which it was inlined.
std::vector<std::string> inlined_lines_at(std::uintptr_t instruction) {
  char command[128];
  // The address behind a call is that of the next instruction.
  std::snprintf(command, sizeof command, "addr2line -i -e /proc/%d/exe 0x%zx 2>/dev/null",
                ::getpid(), static_cast<std::size_t>(instruction - load_address() - 1));
  const std::unique_ptr<std::FILE, decltype(&::pclose)> pipe(::popen(command, "r"), &::pclose);
  std::vector<std::string> lines;
  std::array<char, 4096> line{};
  while (pipe != nullptr &&
         std::fgets(line.data(), static_cast<int>(line.size()), pipe.get()) != nullptr) {
    std::string_view text(line.data());
    text = text.substr(0, text.find('\n'));
    text = text.substr(0, text.find(" (discriminator"));
    const bool unknown =
        text.empty() || text.front() == '?' || text.ends_with(":?") || text.ends_with(":0");
    if (!unknown) lines.emplace_back(text);
  }
  return lines;
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
  const std::vector<std::string> lines = inlined_lines_at(instruction);
  return lines.empty() ? std::string() : without_folder(lines.front());
}

std::string user_line_at(const void* instruction) {
  for (const std::string& line : inlined_lines_at(reinterpret_cast<std::uintptr_t>(instruction))) {
    if (line.find("/cocheck/") != std::string::npos &&
        line.find("/include/") != std::string::npos) {
      return {};
    }
    if (line.find("/c++/") == std::string::npos) return without_folder(line);
  }
  return {};
}

}  // namespace cocheck::detail
