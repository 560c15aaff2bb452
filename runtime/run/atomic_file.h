#pragma once
// Replaces a file whole: readers see the old contents or the new, never a part, whenever the writer is killed
// (write to a temporary in the same directory, fsync, rename, fsync of the directory).

#include <filesystem>
#include <string_view>

#include "runtime/process/file_descriptor.h"
#include "runtime/run/storage_error.h"

namespace skein {

/// A file under construction. Until commit(), the target is untouched; without commit(), the temporary is
/// removed. The temporary's name starts with a dot; one that a killed writer left behind is no one's and may
/// be deleted. All functions throw StorageError. Use from one thread; several objects, also in several
/// processes, may have the same target: the last commit stays.
class AtomicFile {
 public:
  /// `flags`: of the program, by which another place is chosen.
  explicit AtomicFile(std::filesystem::path target, std::string_view flags = kFlagsOfRunPlaces);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::string_view bytes);
  int fd() const { return fd_.get(); }
  /// The directory entry is durable when this returns.
  void commit();

 private:
  std::filesystem::path target_;
  std::filesystem::path temporary_;
  std::string_view flags_;
  FileDescriptor fd_;
};

/// All of the above in one call.
void write_file_atomically(const std::filesystem::path& target, std::string_view contents);

/// Makes new names in `directory` survive a power failure.
void sync_directory(const std::filesystem::path& directory);

}  // namespace skein
