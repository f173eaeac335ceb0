#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace cocheck::detail {

/// A file that takes the place of another one only when it is complete.
///
/// The constructor makes an empty temporary file in the folder of `target`; commit() renames it to
/// `target`. Without commit() the destructor removes it. A symbolic link is followed, so that the
/// file it names is replaced and not the link.
///
/// All members throw std::runtime_error with one line that names the target.
class AtomicFile {
 public:
  explicit AtomicFile(const std::filesystem::path& target);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  /// Where to write what will be in the target.
  [[nodiscard]] const std::filesystem::path& temporary() const noexcept { return temporary_; }

  void write(std::string_view text);
  void commit();

 private:
  std::filesystem::path name_;  ///< as the caller named it, for messages
  std::filesystem::path target_;
  std::filesystem::path temporary_;
};

}  // namespace cocheck::detail
