#include "audit_program.hpp"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace cocheck::detail {

namespace {

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

/// Mapped for as long as the program runs: names point there.
std::span<const std::uint8_t> map_program() {
  const int file = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  if (file < 0) return {};
  struct stat status {};
  void* bytes = MAP_FAILED;
  if (::fstat(file, &status) == 0) {
    bytes =
        ::mmap(nullptr, static_cast<std::size_t>(status.st_size), PROT_READ, MAP_PRIVATE, file, 0);
  }
  ::close(file);
  if (bytes == MAP_FAILED) return {};
  return {static_cast<const std::uint8_t*>(bytes), static_cast<std::size_t>(status.st_size)};
}

template <class T>
std::span<const T> table_at(std::span<const std::uint8_t> file, std::size_t offset,
                            std::size_t bytes) {
  if (offset > file.size() || bytes > file.size() - offset) return {};
  return {reinterpret_cast<const T*>(file.data() + offset), bytes / sizeof(T)};
}

std::span<const Elf64_Shdr> sections_of(std::span<const std::uint8_t> file) {
  const auto headers = table_at<Elf64_Ehdr>(file, 0, sizeof(Elf64_Ehdr));
  if (headers.empty()) return {};
  return table_at<Elf64_Shdr>(file, headers[0].e_shoff,
                              std::size_t{headers[0].e_shnum} * sizeof(Elf64_Shdr));
}

std::string_view text_at(std::span<const std::uint8_t> file, const Elf64_Shdr& strings,
                         std::size_t offset) {
  const auto all = table_at<char>(file, strings.sh_offset, strings.sh_size);
  if (offset >= all.size()) return {};
  return {all.data() + offset, ::strnlen(all.data() + offset, all.size() - offset)};
}

bool is_runtime(std::string_view name) {
  // The functions of cocheck, also those that correct `this` first; the operators new and delete;
  // and what replacements.cpp and instrumentation.cpp put in the places of functions of the system.
  for (const std::string_view prefix :
       {"_ZN7cocheck", "_ZNK7cocheck", "_ZThn", "_ZNSt7cocheck", "__tsan_", "__wrap_", "_Znw",
        "_Zna", "_Zdl", "_Zda", "__cxa_allocate_exception", "__cxa_free_exception",
        "__cxa_guard_"}) {
    if (name.starts_with(prefix)) {
      return prefix != "_ZThn" || name.find("7cocheck") != std::string_view::npos;
    }
  }
  return false;
}

}  // namespace

ProgramCode::ProgramCode() : file_(map_program()), load_(load_address()) {
  for (const Elf64_Shdr& section : sections_of(file_)) {
    const auto headers = table_at<Elf64_Ehdr>(file_, 0, sizeof(Elf64_Ehdr));
    const Elf64_Shdr& names = sections_of(file_)[headers[0].e_shstrndx];
    if (text_at(file_, names, section.sh_name) != ".text") continue;
    text_ = load_ + section.sh_addr;
    bytes_ = table_at<std::uint8_t>(file_, section.sh_offset, section.sh_size);
  }
  read_symbols();
  read_imports();
  find_instrumented();
}

void ProgramCode::read_symbols() {
  const auto sections = sections_of(file_);
  for (const Elf64_Shdr& section : sections) {
    if (section.sh_type != SHT_SYMTAB || section.sh_link >= sections.size()) continue;
    for (const Elf64_Sym& symbol : table_at<Elf64_Sym>(file_, section.sh_offset, section.sh_size)) {
      const std::uintptr_t begin = load_ + symbol.st_value;
      if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_size == 0 || !holds(begin)) {
        continue;
      }
      Function function;
      function.begin = begin;
      function.end = begin + symbol.st_size;
      function.name = text_at(file_, sections[section.sh_link], symbol.st_name);
      if (is_runtime(function.name)) function.kind = Kind::runtime;
      if (function.name.starts_with("__tsan_")) callbacks_.push_back(begin);
      functions_.push_back(function);
    }
  }
  std::sort(callbacks_.begin(), callbacks_.end());
  std::sort(functions_.begin(), functions_.end(),
            [](const Function& one, const Function& other) { return one.begin < other.begin; });
  // Constructors and the like have two names for the same code.
  const auto same = [](const Function& one, const Function& other) {
    return one.begin == other.begin;
  };
  functions_.erase(std::unique(functions_.begin(), functions_.end(), same), functions_.end());
}

void ProgramCode::read_imports() {
  const auto sections = sections_of(file_);
  for (const Elf64_Shdr& section : sections) {
    if (section.sh_type != SHT_RELA || section.sh_link >= sections.size()) continue;
    const Elf64_Shdr& symbols = sections[section.sh_link];
    const auto table = table_at<Elf64_Sym>(file_, symbols.sh_offset, symbols.sh_size);
    for (const Elf64_Rela& entry :
         table_at<Elf64_Rela>(file_, section.sh_offset, section.sh_size)) {
      const std::size_t symbol = ELF64_R_SYM(entry.r_info);
      const auto type = ELF64_R_TYPE(entry.r_info);
      if ((type != R_X86_64_JUMP_SLOT && type != R_X86_64_GLOB_DAT) || symbol >= table.size() ||
          symbols.sh_link >= sections.size()) {
        continue;
      }
      slots_[load_ + entry.r_offset] =
          text_at(file_, sections[symbols.sh_link], table[symbol].st_name);
    }
  }
}

bool ProgramCode::is_callback(std::uintptr_t target) const noexcept {
  return !callbacks_.empty() && target >= callbacks_.front() && target <= callbacks_.back() &&
         std::binary_search(callbacks_.begin(), callbacks_.end(), target);
}

void ProgramCode::find_instrumented() {
  std::map<std::string_view, Kind> kinds;
  constexpr std::uint8_t kCall = 0xe8;
  constexpr std::uint8_t kJump = 0xe9;
  for (Function& function : functions_) {
    if (is_callback(function.begin)) continue;
    const auto code = code_at(function.begin)
                          .first(std::min<std::size_t>(function.end - function.begin,
                                                       code_at(function.begin).size()));
    for (std::size_t at = 0; at + 5 <= code.size(); ++at) {
      if (code[at] != kCall && code[at] != kJump) continue;
      std::int32_t distance = 0;
      std::memcpy(&distance, code.data() + at + 1, sizeof distance);
      if (!is_callback(function.begin + at + 5 + static_cast<std::uintptr_t>(distance))) continue;
      function.kind = Kind::instrumented;
      break;
    }
    kinds.emplace(function.name, function.kind);
  }
  // What the compiler has put aside since it is rarely executed is of the same kind.
  constexpr std::string_view kCold = ".cold";
  for (Function& function : functions_) {
    if (!function.name.ends_with(kCold)) continue;
    const auto parent = kinds.find(function.name.substr(0, function.name.size() - kCold.size()));
    if (parent != kinds.end()) function.kind = parent->second;
  }
}

ProgramCode::Function* ProgramCode::function_at(std::uintptr_t at) noexcept {
  const auto behind =
      std::upper_bound(functions_.begin(), functions_.end(), at,
                       [](std::uintptr_t one, const Function& other) { return one < other.begin; });
  if (behind == functions_.begin()) return nullptr;
  Function& found = *std::prev(behind);
  return found.holds(at) ? &found : nullptr;
}

ProgramCode::Import ProgramCode::import_of_slot(std::uintptr_t slot) const noexcept {
  const auto found = slots_.find(slot);
  return found != slots_.end() ? Import{slot, found->second} : Import{};
}

ProgramCode::Import ProgramCode::import_of_stub(std::uintptr_t stub) const noexcept {
  // [endbr64] [bnd] jmp *slot(%rip)
  constexpr std::size_t kStub = 16;
  // NOLINTNEXTLINE(performance-no-int-to-ptr): the program calls it
  const std::span code(reinterpret_cast<const std::uint8_t*>(stub), kStub);
  std::size_t at = 0;
  constexpr std::array<std::uint8_t, 4> kEndbr{0xf3, 0x0f, 0x1e, 0xfa};
  if (std::equal(kEndbr.begin(), kEndbr.end(), code.begin())) at += kEndbr.size();
  if (code[at] == 0xf2) ++at;
  if (code[at] != 0xff || code[at + 1] != 0x25) return {};
  std::int32_t distance = 0;
  std::memcpy(&distance, code.data() + at + 2, sizeof distance);
  return import_of_slot(stub + at + 6 + static_cast<std::uintptr_t>(distance));
}

}  // namespace cocheck::detail
