#include "runtime/run/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>

#include "runtime/process/environment.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

/// Unique among threads, processes and hosts that share the directory.
std::filesystem::path temporary_name(const std::filesystem::path& target) {
  static std::atomic<unsigned> counter{0};
  return target.parent_path() /
         concat(".", target.filename().string(), ".", host_name(), ".", getpid(), ".", counter++, ".tmp");
}

std::filesystem::path directory_of(const std::filesystem::path& file) {
  return file.has_parent_path() ? file.parent_path() : ".";
}

}  // namespace

AtomicFile::AtomicFile(std::filesystem::path target, std::string_view flags)
    : target_(std::move(target)),
      temporary_(temporary_name(target_)),
      flags_(flags),
      fd_(open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) {
  if (!fd_) throw_storage_error("write", target_, errno, flags_);
}

AtomicFile::~AtomicFile() {
  if (fd_) unlink(temporary_.c_str());
}

void AtomicFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd_.get(), bytes.data(), bytes.size());
    if (written >= 0)
      bytes.remove_prefix(static_cast<std::size_t>(written));
    else if (errno != EINTR)
      throw_storage_error("write", target_, errno, flags_);
  }
}

void AtomicFile::commit() {
  if (fsync(fd_.get()) != 0) throw_storage_error("write", target_, errno, flags_);
  if (std::rename(temporary_.c_str(), target_.c_str()) != 0) throw_storage_error("replace", target_, errno, flags_);
  fd_.reset();
  sync_directory(directory_of(target_));
}

void write_file_atomically(const std::filesystem::path& target, std::string_view contents) {
  AtomicFile file(target);
  file.write(contents);
  file.commit();
}

void sync_directory(const std::filesystem::path& directory) {
  const FileDescriptor fd(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) throw_storage_error("open", directory, errno);
  // Some file systems know no fsync of directories; that is all EINVAL means here.
  if (fsync(fd.get()) != 0 && errno != EINVAL) throw_storage_error("write", directory, errno);
}

}  // namespace skein
