#include "cocheck/schedule_file.hpp"

#include <array>
#include <cerrno>
#include <fstream>
#include <system_error>

#include "atomic_file.hpp"

namespace cocheck {

namespace {

constexpr std::size_t kLargestFile = std::size_t{256} << 20;  // bytes

std::string read_file(const std::filesystem::path& path) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) {
    throw ScheduleError("no such file; check the path, which is relative to the current folder");
  }
  if (error) throw ScheduleError("cannot be read: " + error.message());
  if (fs::is_directory(status)) throw ScheduleError("a folder; name a schedule file in it");
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text;
  std::array<char, 1 << 16> buffer;
  while (file.good()) {
    file.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    text.append(buffer.data(), static_cast<std::size_t>(file.gcount()));
    if (text.size() > kLargestFile) {
      throw ScheduleError("not a cocheck schedule: it is larger than " +
                          std::to_string(kLargestFile >> 20) + " MiB");
    }
  }
  if (!file.eof()) {
    throw ScheduleError("cannot be read: " +
                        std::generic_category().message(errno != 0 ? errno : EIO));
  }
  return text;
}

}  // namespace

void write_recording(const std::filesystem::path& path, const Recording& recording) {
  const std::string text = to_json(recording);
  try {
    detail::AtomicFile file(path);
    file.write(text);
    file.commit();
  } catch (const std::runtime_error& error) {
    throw ScheduleError(error.what());
  }
}

Recording read_recording(const std::filesystem::path& path) {
  try {
    return recording_from_json(read_file(path));
  } catch (const ScheduleError& error) {
    throw ScheduleError(path.string() + ": " + error.what());
  }
}

}  // namespace cocheck
