#include "trainer/weights/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "runtime/process/error.h"
#include "runtime/process/file_descriptor.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

[[noreturn]] void fail(const std::string& path) {
  throw DataError(concat("cannot read ", path, ": ", std::strerror(errno)), "check the path and its permissions");
}

}  // namespace

MappedFile::MappedFile(const std::string& path) {
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (!file || fstat(file.get(), &status) != 0) fail(path);
  if (!S_ISREG(status.st_mode)) throw DataError(concat(path, " is not a file"), "name a file with weights");
  if (status.st_size == 0) return;  // mmap refuses a length of zero
  const size_t num_bytes = static_cast<size_t>(status.st_size);
  void* address = mmap(nullptr, num_bytes, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (address == MAP_FAILED) fail(path);
  bytes_ = {static_cast<const std::byte*>(address), num_bytes};
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

}  // namespace skein
