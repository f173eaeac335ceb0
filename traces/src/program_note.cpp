#include "program_note.hpp"

#include <elf.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace cocheck::detail {

namespace {

constexpr std::string_view kSection(".note.cocheck\0", 14);
constexpr std::string_view kOwner("cocheck\0", 8);

/// Reads parts of a file of which nothing is believed.
class PartsOfFile {
 public:
  explicit PartsOfFile(const std::filesystem::path& path) : file_(path, std::ios::binary) {
    std::error_code error;
    size_ =
        std::filesystem::is_regular_file(path, error) ? std::filesystem::file_size(path, error) : 0;
    if (error) size_ = 0;
  }

  /// Nothing when the file has no such part.
  template <class T>
  [[nodiscard]] std::optional<T> at(std::uint64_t offset) {
    T value{};
    if (!read(offset, reinterpret_cast<char*>(&value), sizeof value)) return std::nullopt;
    return value;
  }

  [[nodiscard]] bool holds(std::uint64_t offset, std::string_view expected) {
    std::string found(expected.size(), '\0');
    return read(offset, found.data(), found.size()) && found == expected;
  }

 private:
  bool read(std::uint64_t offset, char* to, std::size_t bytes) {
    if (offset > size_ || size_ - offset < bytes) return false;
    file_.clear();
    file_.seekg(static_cast<std::streamoff>(offset));
    file_.read(to, static_cast<std::streamsize>(bytes));
    return file_.good();
  }

  std::ifstream file_;
  std::uint64_t size_ = 0;
};

/// The sum, nothing when there is none: offsets come from the file.
std::optional<std::uint64_t> sum(std::uint64_t one, std::uint64_t other) {
  std::uint64_t result = 0;
  if (__builtin_add_overflow(one, other, &result)) return std::nullopt;
  return result;
}

bool is_program(const Elf64_Ehdr& header) {
  constexpr auto kByteOrder =
      std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;
  return std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 &&
         header.e_ident[EI_CLASS] == ELFCLASS64 && header.e_ident[EI_DATA] == kByteOrder &&
         (header.e_type == ET_EXEC || header.e_type == ET_DYN) &&
         header.e_shentsize == sizeof(Elf64_Shdr);
}

std::optional<Elf64_Shdr> section(PartsOfFile& file, const Elf64_Ehdr& header, std::uint64_t n) {
  const auto offset = sum(header.e_shoff, n * sizeof(Elf64_Shdr));
  return offset ? file.at<Elf64_Shdr>(*offset) : std::nullopt;
}

/// Whether the section has the name, the type and the content of the note.
bool is_note(PartsOfFile& file, const Elf64_Shdr& found, const Elf64_Shdr& names) {
  if (found.sh_type != SHT_NOTE || found.sh_name >= names.sh_size) return false;
  const auto name = sum(names.sh_offset, found.sh_name);
  if (!name || !file.holds(*name, kSection)) return false;
  const auto note = file.at<Elf64_Nhdr>(found.sh_offset);
  const auto owner = sum(found.sh_offset, sizeof(Elf64_Nhdr));
  return note && owner && note->n_namesz == kOwner.size() && file.holds(*owner, kOwner);
}

}  // namespace

bool carries_program_note(const std::filesystem::path& program) {
  PartsOfFile file(program);
  const auto header = file.at<Elf64_Ehdr>(0);
  if (!header || !is_program(*header)) return false;
  const auto names = section(file, *header, header->e_shstrndx);
  for (std::uint64_t n = 0; names && n < header->e_shnum; ++n) {
    const auto found = section(file, *header, n);
    if (!found) return false;
    if (is_note(file, *found, *names)) return true;
  }
  return false;
}

}  // namespace cocheck::detail
