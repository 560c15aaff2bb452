#include "trainer/data/file_bytes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <system_error>

#include "runtime/process/environment.h"
#include "runtime/process/error.h"
#include "runtime/process/file_descriptor.h"
#include "runtime/process/text.h"

namespace skein {

namespace {

namespace fs = std::filesystem;

constexpr int64_t kNanosecondsPerSecond = 1000000000;
constexpr const char* kTemporaryEnding = ".skein-tmp";

std::string reason() {
  return std::generic_category().message(errno);
}

[[noreturn]] void throw_unreadable_file(const fs::path& path) {
  throw DataError(concat("cannot read ", path.string(), ": ", reason()));
}

/// Fills `bytes` or stops at the end of the file; returns the number read, -1 on error.
ssize_t read_fully(int descriptor, std::span<uint8_t> bytes) {
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count = ::read(descriptor, bytes.data() + done, bytes.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return -1;
    if (count == 0) break;
    done += count;
  }
  return static_cast<ssize_t>(done);
}

bool write_fully(int descriptor, std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    bytes = bytes.subspan(count);
  }
  return true;
}

/// Unique among threads, processes and hosts that share the folder.
fs::path temporary_name(const fs::path& path) {
  static std::atomic<unsigned> counter{0};
  return path.parent_path() /
         concat(".", path.filename().string(), ".", host_name(), ".", getpid(), ".", counter++, kTemporaryEnding);
}

}  // namespace

std::span<const uint8_t> read_file(const fs::path& path, std::vector<uint8_t>& buffer) {
  // O_NONBLOCK: a pipe that happens to be named like an image must not hang the job.
  FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0) throw_unreadable_file(path);
  const size_t file_bytes = static_cast<size_t>(status.st_size);
  if (buffer.size() < file_bytes) buffer.resize(file_bytes);
  const ssize_t count = read_fully(file.get(), std::span(buffer).first(file_bytes));
  if (count < 0) throw_unreadable_file(path);
  return std::span<const uint8_t>(buffer).first(count);
}

ImageStamp stamp_of(const fs::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) throw_unreadable_file(path);
  return {static_cast<uint64_t>(status.st_size), status.st_mtim.tv_sec * kNanosecondsPerSecond + status.st_mtim.tv_nsec};
}

void replace_file(const fs::path& path, std::span<const uint8_t> bytes) {
  const fs::path temporary = temporary_name(path);
  FileDescriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  const bool created = static_cast<bool>(file);
  const bool written =
      created && write_fully(file.get(), bytes) && file.close() && ::rename(temporary.c_str(), path.c_str()) == 0;
  if (written) return;
  const std::string cause = reason();
  if (created) ::unlink(temporary.c_str());
  throw StorageError(concat("cannot write ", path.string(), ": ", cause), "check free space and permissions");
}

bool is_temporary(const fs::path& path) {
  return path.extension() == kTemporaryEnding;
}

}  // namespace skein
