#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace cocheck::detail {

/// A line of the source that an instruction belongs to.
struct SourceLine {
  std::string function;  ///< demangled
  std::string place;     ///< "path/file.cpp:12"
};

/// A process of addr2line that is asked one address after the other, since reading the debug
/// information takes much longer than looking something up. It ends with this process.
///
///     for (const SourceLine& line : LineServer::instance().lines_at(address)) ...
class LineServer {
 public:
  /// That of this process: one that was forked has its own.
  [[nodiscard]] static LineServer& instance();

  /// The line of an instruction of the program, by its address in the file, and those of the calls
  /// into which it was inlined. Nothing where that is not known.
  [[nodiscard]] const std::vector<SourceLine>& lines_at(std::uintptr_t address_in_file);

 private:
  LineServer();

  bool ask(std::uintptr_t address, std::vector<SourceLine>& lines);
  /// False where there is no more.
  bool read_line(std::string& line);

  pid_t asker_;
  int socket_ = -1;
  std::string unread_;
  std::unordered_map<std::uintptr_t, std::vector<SourceLine>> known_;
};

}  // namespace cocheck::detail
