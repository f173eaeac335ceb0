#include "atomic_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <fstream>
#include <stdexcept>
#include <system_error>

namespace cocheck::detail {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void fail(const fs::path& name, const std::string& why) {
  throw std::runtime_error(name.string() + ": cannot be written: " + why);
}

std::string reason(int error) {
  return std::generic_category().message(error);
}

}  // namespace

AtomicFile::AtomicFile(const fs::path& target) : name_(target), target_(target) {
  std::error_code ignored;
  if (fs::is_symlink(target_, ignored)) target_ = fs::weakly_canonical(target_, ignored);
  const fs::file_status status = fs::status(target_, ignored);
  if (fs::is_directory(status)) fail(name_, "it is a folder; name a file in it");
  if (fs::exists(status) && !fs::is_regular_file(status)) fail(name_, "it is not an ordinary file");
  if (!target_.has_filename()) fail(name_, "it does not name a file");

  static std::atomic<unsigned> counter{0};
  // An older temporary of the same name can only be the remains of a process that was killed.
  temporary_ = target_.parent_path() /
               ("." + target_.filename().string() + "." + std::to_string(::getpid()) + "-" +
                std::to_string(counter++) + ".tmp");
  fs::remove(temporary_, ignored);
  const int descriptor = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (descriptor < 0) {
    const int error = errno;
    const bool no_folder = error == ENOENT;
    fail(name_, no_folder ? "the folder " + target_.parent_path().string() + " does not exist"
                          : reason(error));
  }
  ::close(descriptor);
}

AtomicFile::~AtomicFile() {
  std::error_code ignored;
  if (!temporary_.empty()) fs::remove(temporary_, ignored);
}

void AtomicFile::write(std::string_view text) {
  errno = 0;
  std::ofstream file(temporary_, std::ios::binary | std::ios::trunc);
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
  file.close();
  if (!file) fail(name_, reason(errno != 0 ? errno : EIO));
}

void AtomicFile::commit() {
  std::error_code error;
  fs::rename(temporary_, target_, error);
  if (error) fail(name_, error.message());
  temporary_.clear();
}

}  // namespace cocheck::detail
