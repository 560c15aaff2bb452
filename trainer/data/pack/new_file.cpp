#include "trainer/data/pack/new_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>

#include "runtime/process/environment.h"
#include "runtime/process/text.h"
#include "runtime/run/atomic_file.h"

namespace skein {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kFlags = "another output path";

[[noreturn]] void fail(const char* action, const fs::path& target) {
  throw_storage_error(action, target, errno, kFlags);
}

}  // namespace

fs::path hidden_name(const fs::path& target, const char* ending) {
  static std::atomic<unsigned> counter{0};
  return folder_of(target) / concat(".", target.filename().string(), ".", host_name(), ".", getpid(), ".", counter++, ending);
}

fs::path folder_of(const fs::path& file) {
  return file.has_parent_path() ? file.parent_path() : ".";
}

NewFile::NewFile(fs::path target)
    : target_(std::move(target)), file_(::open(folder_of(target_).c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0666)) {
  if (file_) return;
  temporary_ = hidden_name(target_, ".tmp");
  file_ = FileDescriptor(::open(temporary_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!file_) fail("write", target_);
}

NewFile::~NewFile() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void NewFile::write_at(uint64_t position, std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(position));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("write", target_);
    bytes = bytes.subspan(static_cast<size_t>(count));
    position += static_cast<uint64_t>(count);
  }
}

void NewFile::set_length(uint64_t num_bytes) {
  if (::ftruncate(file_.get(), static_cast<off_t>(num_bytes)) != 0) fail("write", target_);
}

void NewFile::sync() {
  if (::fsync(file_.get()) != 0) fail("write", target_);
}

void NewFile::publish() {
  if (temporary_.empty()) {
    const fs::path name = hidden_name(target_, ".tmp");
    const std::string self = concat("/proc/self/fd/", file_.get());
    if (::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) != 0) fail("write", target_);
    temporary_ = name;
  }
  if (std::rename(temporary_.c_str(), target_.c_str()) != 0) fail("replace", target_);
  temporary_.clear();
  sync_directory(folder_of(target_));
}

}  // namespace skein
