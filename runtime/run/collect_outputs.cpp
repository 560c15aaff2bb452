#include "runtime/run/collect_outputs.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "runtime/run/atomic_file.h"
#include "runtime/run/space_check.h"
#include "runtime/run/storage_error.h"

namespace skein {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kCopyBytes = std::size_t{1} << 30;

bool is_hidden(const fs::path& path) {
  return path.filename().string().starts_with('.');
}

bool is_same(const fs::path& left, const fs::path& right) {
  std::error_code ignored;
  return fs::equivalent(left, right, ignored);
}

/// In the kernel, by sharing blocks where possible. Where this pair of file systems cannot, nothing or only
/// the beginning is copied, and both descriptors stand behind it.
void copy_in_kernel(int from, int to) {
  while (copy_file_range(from, nullptr, to, nullptr, kCopyBytes, 0) > 0) continue;
}

/// Continues, or reports, what the kernel stopped at.
void copy_rest(const fs::path& source, int from, AtomicFile& to) {
  std::array<char, 1 << 16> buffer;
  ssize_t got;
  while ((got = read(from, buffer.data(), buffer.size())) > 0) to.write({buffer.data(), static_cast<std::size_t>(got)});
  if (got < 0) throw_storage_error("read", source, errno);
}

void copy_output(const fs::path& source, const fs::path& target) {
  const FileDescriptor from(open(source.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!from) throw_storage_error("read", source, errno);
  make_directories(target.parent_path());
  AtomicFile to(target);
  copy_in_kernel(from.get(), to.fd());
  copy_rest(source, from.get(), to);
  struct stat status {};
  if (fstat(from.get(), &status) == 0) {
    const std::array<timespec, 2> times{status.st_atim, status.st_mtim};
    futimens(to.fd(), times.data());
    fchmod(to.fd(), status.st_mode & 0777);
  }
  to.commit();
}

}  // namespace

CollectedOutputs collect_outputs(const fs::path& from, const fs::path& to, fs::file_time_type since,
                                 const fs::path& excluded) {
  CollectedOutputs result;
  try {
    for (auto entry = fs::recursive_directory_iterator(from); entry != fs::recursive_directory_iterator(); ++entry) {
      const bool skipped = is_hidden(entry->path()) || entry->is_symlink() || is_same(entry->path(), excluded);
      if (skipped && entry->is_directory()) entry.disable_recursion_pending();
      if (skipped || !entry->is_regular_file() || entry->last_write_time() < since) continue;
      copy_output(entry->path(), to / entry->path().lexically_relative(from));
      ++result.num_files;
      result.num_bytes += entry->file_size();
    }
  } catch (const fs::filesystem_error& error) {
    throw_storage_error("collect the outputs in", error.path1().empty() ? from : error.path1(), error.code().value());
  }
  return result;
}

}  // namespace skein
