#include "cocheck/detail/outside_regions.hpp"

#include <link.h>

#include <algorithm>
#include <array>
#include <iostream>
#include <string_view>

#include "cocheck/detail/model_memory.hpp"
#include "cocheck/loop.hpp"
#include "own_statics.hpp"
#include "thread_stack.hpp"

namespace cocheck::detail {

namespace {

constexpr std::uintptr_t page_below(std::uintptr_t address) noexcept {
  return address / kSystemPage * kSystemPage;
}
constexpr std::uintptr_t page_above(std::uintptr_t address) noexcept {
  return page_below(address + kSystemPage - 1);
}

/// What those keep is the system's: stdio, locales, the binding of symbols.
bool is_system_library(std::string_view path) noexcept {
  for (const std::string_view folder : {"/lib/", "/lib64/", "/usr/lib/", "/usr/lib64/"}) {
    if (path.starts_with(folder)) return true;
  }
  return path.starts_with("linux-vdso") || path.starts_with("linux-gate");
}

void add_statics(const dl_phdr_info& info, OutsideRegions& regions) {
  MemoryRange constant;  // once the program has been loaded
  for (int i = 0; i < info.dlpi_phnum; ++i) {
    const auto& header = info.dlpi_phdr[i];
    const std::uintptr_t begin = info.dlpi_addr + header.p_vaddr;
    if (header.p_type == PT_GNU_RELRO) constant = {begin, begin + header.p_memsz};
  }
  for (int i = 0; i < info.dlpi_phnum; ++i) {
    const auto& header = info.dlpi_phdr[i];
    if (header.p_type != PT_LOAD || (header.p_flags & PF_W) == 0) continue;
    std::uintptr_t begin = info.dlpi_addr + header.p_vaddr;
    const std::uintptr_t end = page_above(begin + header.p_memsz);
    // The loader protects whole pages of what is constant.
    if (constant.holds(begin)) begin = page_below(constant.end);
    begin = page_below(begin);
    if (begin < end) regions.pages.push_back({begin, end});
  }
}

void add_thread_locals(const dl_phdr_info& info, OutsideRegions& regions) {
  if (info.dlpi_tls_data == nullptr) return;
  for (int i = 0; i < info.dlpi_phnum; ++i) {
    if (info.dlpi_phdr[i].p_type != PT_TLS) continue;
    const auto begin = reinterpret_cast<std::uintptr_t>(info.dlpi_tls_data);
    const std::uintptr_t words = info.dlpi_phdr[i].p_memsz / 8;
    const std::uintptr_t first = begin / 8 * 8;
    regions.words.push_back({first, first + (words + 1) * 8});
  }
}

/// Where addresses of functions are kept that are looked up when they are called first.
void ignore_bindings(const dl_phdr_info& info, OutsideRegions& regions) {
  constexpr std::uintptr_t kReserved = 3;
  std::uintptr_t begin = 0;
  std::uintptr_t count = 0;
  for (int i = 0; i < info.dlpi_phnum; ++i) {
    if (info.dlpi_phdr[i].p_type != PT_DYNAMIC) continue;
    // NOLINTNEXTLINE(performance-no-int-to-ptr): it is an address
    const auto* entry =
        reinterpret_cast<const ElfW(Dyn)*>(info.dlpi_addr + info.dlpi_phdr[i].p_vaddr);
    for (; entry->d_tag != DT_NULL; ++entry) {
      if (entry->d_tag == DT_PLTGOT) begin = entry->d_un.d_ptr;
      if (entry->d_tag == DT_PLTRELSZ) count = entry->d_un.d_val / sizeof(ElfW(Rela));
    }
  }
  if (begin != 0) regions.ignored.push_back({begin, begin + (count + kReserved) * sizeof(void*)});
}

int add_module(dl_phdr_info* info, std::size_t, void* to) {
  auto& regions = *static_cast<OutsideRegions*>(to);
  if (is_system_library(info->dlpi_name)) return 0;
  add_statics(*info, regions);
  add_thread_locals(*info, regions);
  ignore_bindings(*info, regions);
  return 0;
}

/// Where code of users lies; the program comes first.
struct CodeRanges {
  std::array<MemoryRange, 64> ranges{};
  std::ptrdiff_t count = 0;
};

int add_code(dl_phdr_info* info, std::size_t, void* to) {
  auto& code = *static_cast<CodeRanges*>(to);
  if (is_system_library(info->dlpi_name)) return 0;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto& header = info->dlpi_phdr[i];
    if (header.p_type != PT_LOAD || (header.p_flags & PF_X) == 0) continue;
    if (code.count == static_cast<std::ptrdiff_t>(code.ranges.size())) return 1;
    const std::uintptr_t begin = info->dlpi_addr + header.p_vaddr;
    code.ranges[static_cast<std::size_t>(code.count++)] = {begin, begin + header.p_memsz};
  }
  return 0;
}

/// Found out without any lock of a static: malloc asks.
const CodeRanges& user_code() noexcept {
  COCHECK_OWN static constinit CodeRanges code;
  if (code.count == 0) ::dl_iterate_phdr(add_code, &code);
  return code;
}

template <class T>
void ignore(const T& object, OutsideRegions& regions) {
  const auto begin = reinterpret_cast<std::uintptr_t>(&object);
  regions.ignored.push_back({begin / 8 * 8, (begin + sizeof object + 7) / 8 * 8});
}

}  // namespace

bool is_user_code(std::uintptr_t address) noexcept {
  const CodeRanges& code = user_code();
  return std::any_of(code.ranges.begin(), code.ranges.begin() + code.count,
                     [&](const MemoryRange& range) { return range.holds(address); });
}

OutsideRegions OutsideRegions::find(std::uintptr_t border) {
  OutsideRegions regions;
  const ThreadStack& stack = ThreadStack::mine();
  ::dl_iterate_phdr(add_module, &regions);
  if (border < page_below(stack.end)) regions.pages.push_back({border, page_below(stack.end)});
  if (&__start_cocheck_own != nullptr) {
    regions.ignored.push_back({reinterpret_cast<std::uintptr_t>(&__start_cocheck_own),
                               reinterpret_cast<std::uintptr_t>(&__stop_cocheck_own)});
  }
  // The program may hold copies of the library's streams. Printing changes how the next printing
  // looks, a little; that is no state of a model.
  ignore(std::cout, regions);
  ignore(std::cerr, regions);
  ignore(std::clog, regions);
  ignore(std::cin, regions);
  ignore(std::wcout, regions);
  ignore(std::wcerr, regions);
  ignore(std::wclog, regions);
  ignore(std::wcin, regions);
  return regions;
}

}  // namespace cocheck::detail
