#include "runtime/run/append_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/run/storage_error.h"

namespace skein {
namespace {

bool ends_inside_a_line(int fd) {
  struct stat status {};
  char last = '\n';
  if (fstat(fd, &status) != 0 || status.st_size == 0) return false;
  return pread(fd, &last, 1, status.st_size - 1) == 1 && last != '\n';
}

}  // namespace

AppendFile::AppendFile(std::filesystem::path file)
    : file_(std::move(file)), fd_(open(file_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666)) {
  if (!fd_) throw_storage_error("open", file_, errno);
  torn_ = ends_inside_a_line(fd_.get());
}

void AppendFile::append(std::string_view line) {
  buffer_.assign(torn_ ? "\n" : "");
  buffer_.append(line).push_back('\n');
  append_raw(buffer_);
}

void AppendFile::append_raw(std::string_view bytes) {
  ssize_t written;
  do written = write(fd_.get(), bytes.data(), bytes.size());
  while (written < 0 && errno == EINTR);
  if (written == static_cast<ssize_t>(bytes.size())) {
    torn_ = false;
    return;
  }
  torn_ = torn_ || written > 0;
  // A short write to a file means that the space ended there.
  throw_storage_error("append to", file_, written < 0 ? errno : ENOSPC);
}

void AppendFile::sync() {
  if (fdatasync(fd_.get()) != 0 && errno != EINVAL) throw_storage_error("write", file_, errno);
}

}  // namespace skein
