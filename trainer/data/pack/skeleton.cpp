#include "trainer/data/pack/skeleton.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "runtime/run/hdf5_values.h"
#include "runtime/run/storage_error.h"

namespace skein {

namespace {

constexpr auto checked = hdf5_checked;
constexpr hsize_t kAlignment = 4096;
constexpr size_t kCopyBytes = 1 << 20;

[[noreturn]] void fail(const std::filesystem::path& target) {
  throw_storage_error("write", target, errno, "another output path");
}

}  // namespace

Skeleton::Skeleton(const std::filesystem::path& target) {
  const std::filesystem::path name = hidden_name(target, ".skeleton.tmp");
  const Hdf5Handle access(checked(H5Pcreate(H5P_FILE_ACCESS), "create a property list"), H5Pclose);
  checked(H5Pset_libver_bounds(access.get(), H5F_LIBVER_EARLIEST, H5F_LIBVER_V110), "choose a format");
  checked(H5Pset_alignment(access.get(), 1, kAlignment), "choose an alignment");
  hdf5_.emplace(H5Fcreate(name.c_str(), H5F_ACC_EXCL, H5P_DEFAULT, access.get()), H5Fclose);
  if (hdf5_->get() < 0) fail(target);
  file_ = FileDescriptor(::open(name.c_str(), O_RDONLY | O_CLOEXEC));
  const int error = errno;
  ::unlink(name.c_str());
  errno = error;
  if (!file_) fail(target);
}

void Skeleton::close() {
  checked(H5Fflush(hdf5_->get(), H5F_SCOPE_LOCAL), "flush a file");
  hdf5_.reset();
}

uint64_t Skeleton::num_bytes() const {
  return static_cast<uint64_t>(::lseek(file_.get(), 0, SEEK_END));
}

void Skeleton::copy(uint64_t begin, uint64_t end, NewFile& output) const {
  std::vector<uint8_t> buffer(kCopyBytes);
  while (begin < end) {
    const size_t wanted = std::min<uint64_t>(buffer.size(), end - begin);
    const ssize_t count = ::pread(file_.get(), buffer.data(), wanted, static_cast<off_t>(begin));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail(output.target());
    if (count == 0) return;
    output.write_at(begin, std::span(buffer).first(static_cast<size_t>(count)));
    begin += static_cast<uint64_t>(count);
  }
}

}  // namespace skein
