#include "runtime/run/space_check.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "runtime/process/environment.h"
#include "runtime/process/error.h"
#include "runtime/process/file_descriptor.h"
#include "runtime/process/text.h"
#include "runtime/run/storage_error.h"

namespace skein {
namespace {

constexpr std::size_t kProbeBytes = 64 * 1024;  // more than an empty inode's slack, so that a full disk shows

/// The probe loses its name before it is written, so that a killed process leaves none.
void write_probe(const std::filesystem::path& directory, std::string_view flags) {
  const std::filesystem::path name = directory / concat(".write_probe.", host_name(), ".", getpid(), ".tmp");
  const FileDescriptor probe(open(name.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  if (!probe) throw_storage_error("write to", directory, errno, flags);
  unlink(name.c_str());
  const std::string text(kProbeBytes, 'p');
  ssize_t written = 0;
  do written = write(probe.get(), text.data(), text.size());
  while (written < 0 && errno == EINTR);
  if (written >= 0 && written < static_cast<ssize_t>(text.size())) errno = ENOSPC;
  if (written != static_cast<ssize_t>(text.size()) || fsync(probe.get()) != 0)
    throw_storage_error("write to", directory, errno, flags);
}

std::uint64_t free_bytes(const std::filesystem::path& directory, std::string_view flags) {
  struct statvfs status {};
  if (statvfs(directory.c_str(), &status) != 0) throw_storage_error("examine", directory, errno, flags);
  return static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
}

}  // namespace

void make_directories(const std::filesystem::path& directory, std::string_view flags) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) throw_storage_error("create the directory", directory, error.value(), flags);
}

void require_writable(const std::filesystem::path& directory, std::uint64_t needed_bytes,
                      std::string_view flags) {
  make_directories(directory, flags);
  write_probe(directory, flags);
  const std::uint64_t available = free_bytes(directory, flags);
  if (available < needed_bytes)
    throw StorageError(concat("not enough space in ", directory.string(), ": ", needed_bytes >> 20, " MiB needed, ",
                              available >> 20, " MiB free"),
                       concat("free some space, or choose another place with ", flags));
}

}  // namespace skein
