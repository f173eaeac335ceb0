#include "program_note.hpp"

#include <elf.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>

#include "temporary_folder.hpp"

namespace cocheck::detail {
namespace {

namespace fs = std::filesystem;

/// An ELF file with the two sections that matter, made by hand.
class NotedProgram {
 public:
  NotedProgram() {
    header_.e_ident[EI_CLASS] = ELFCLASS64;
    header_.e_ident[EI_DATA] = ELFDATA2LSB;
    std::memcpy(header_.e_ident, ELFMAG, SELFMAG);
    header_.e_type = ET_DYN;
    header_.e_shentsize = sizeof(Elf64_Shdr);
    header_.e_shnum = 2;
    header_.e_shstrndx = 0;
    header_.e_shoff = sizeof header_;
    names_.sh_offset = sizeof header_ + 2 * sizeof(Elf64_Shdr);
    names_.sh_size = kNames.size();
    note_.sh_type = SHT_NOTE;
    note_.sh_offset = names_.sh_offset + names_.sh_size;
    content_.n_namesz = 8;
    content_.n_descsz = 4;
    content_.n_type = 1;
  }

  [[nodiscard]] std::string text() const {
    std::string text;
    const auto append = [&](const auto& part) {
      text.append(reinterpret_cast<const char*>(&part), sizeof part);
    };
    append(header_);
    append(names_);
    append(note_);
    text.append(kNames);
    append(content_);
    text.append(owner_);
    text.append("\1\0\0\0", 4);
    return text;
  }

  static constexpr std::string_view kNames{".note.cocheck\0", 14};
  Elf64_Ehdr header_{};
  Elf64_Shdr names_{};
  Elf64_Shdr note_{};
  Elf64_Nhdr content_{};
  std::string owner_ = std::string("cocheck\0", 8);
};

class ProgramNote : public testing::Test {
 protected:
  bool carried_by(std::string_view text) {
    samples::write_text(folder_ / "program", text);
    return carries_program_note(folder_ / "program");
  }
  bool carried_by(const NotedProgram& program) { return carried_by(program.text()); }

  samples::TemporaryFolder folder_;
};

TEST_F(ProgramNote, IsInProgramsThatTellResultsAndInNoOthers) {
  EXPECT_TRUE(carries_program_note(COCHECK_REPLAYED_PROGRAM));
  EXPECT_TRUE(carries_program_note(COCHECK_REPLAYED_PROGRAM "_small"))
      << "the linker dropped unused sections and symbols";
  EXPECT_FALSE(carries_program_note(COCHECK_COMMAND));
  EXPECT_FALSE(carries_program_note("/bin/true"));
  EXPECT_FALSE(carries_program_note("/proc/self/exe"));
}

TEST_F(ProgramNote, IsReadFromAFileMadeByHand) {
  EXPECT_TRUE(carried_by(NotedProgram()));
}

TEST_F(ProgramNote, IsNotInWhatIsNoProgram) {
  EXPECT_FALSE(carries_program_note(folder_ / "missing"));
  EXPECT_FALSE(carries_program_note(folder_.path()));
  EXPECT_FALSE(carries_program_note("/dev/zero"));
  EXPECT_FALSE(carried_by(""));
  EXPECT_FALSE(carried_by("#!/bin/sh\n.note.cocheck\n"));
  EXPECT_FALSE(carried_by(std::string(ELFMAG, SELFMAG)));
}

TEST_F(ProgramNote, IsNotInPartsOfAProgram) {
  const std::string whole = NotedProgram().text();
  const std::size_t needed = whole.size() - 4;  // what the note says is not looked at
  for (std::size_t size = 0; size < needed; ++size) {
    EXPECT_FALSE(carried_by(std::string_view(whole).substr(0, size))) << size;
  }
}

TEST_F(ProgramNote, NeedsItsNameTypeAndOwner) {
  NotedProgram other_type;
  other_type.note_.sh_type = SHT_PROGBITS;
  EXPECT_FALSE(carried_by(other_type));
  NotedProgram other_owner;
  other_owner.owner_ = std::string("cochec_\0", 8);
  EXPECT_FALSE(carried_by(other_owner));
  NotedProgram other_name;
  other_name.note_.sh_name = 5;
  EXPECT_FALSE(carried_by(other_name));
  NotedProgram object;
  object.header_.e_type = ET_REL;
  EXPECT_FALSE(carried_by(object));
  NotedProgram narrow;
  narrow.header_.e_ident[EI_CLASS] = ELFCLASS32;
  EXPECT_FALSE(carried_by(narrow));
}

TEST_F(ProgramNote, IsNotFoundBeyondTheFile) {
  constexpr auto kHuge = ~std::uint64_t{0};
  for (const std::uint64_t offset : {kHuge, kHuge - 63, kHuge / 2, std::uint64_t{1} << 40}) {
    NotedProgram sections;
    sections.header_.e_shoff = offset;
    EXPECT_FALSE(carried_by(sections)) << offset;
    NotedProgram names;
    names.names_.sh_offset = offset;
    EXPECT_FALSE(carried_by(names)) << offset;
    NotedProgram note;
    note.note_.sh_offset = offset;
    EXPECT_FALSE(carried_by(note)) << offset;
  }
  NotedProgram name;
  name.note_.sh_name = ~std::uint32_t{0};
  EXPECT_FALSE(carried_by(name));
  NotedProgram index;
  index.header_.e_shstrndx = 0xffff;
  EXPECT_FALSE(carried_by(index));
}

TEST_F(ProgramNote, ReadsWhateverBytesThereAre) {
  const std::string whole = NotedProgram().text();
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const char byte : {'\0', '\x7f', '\x80', '\xff'}) {
      std::string changed = whole;
      changed[at] = byte;
      static_cast<void>(carried_by(changed));  // must end, and without a fault
    }
  }
}

}  // namespace
}  // namespace cocheck::detail
