#include "runtime/run/space_check.h"

#include <sys/statvfs.h>

#include <cerrno>
#include <string>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "runtime/run/atomic_file.h"
#include "runtime/run/storage_error.h"

namespace skein {
namespace {

constexpr std::size_t kProbeBytes = 64 * 1024;  // more than an empty inode's slack, so that a full disk shows

void write_probe(const std::filesystem::path& directory, std::string_view flags) {
  AtomicFile probe(directory / "write_probe", flags);  // never committed: removed on return
  probe.write(std::string(kProbeBytes, 'p'));
  if (fsync(probe.fd()) != 0) throw_storage_error("write to", directory, errno, flags);
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
