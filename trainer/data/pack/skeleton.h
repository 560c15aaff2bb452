#pragma once
// A file that HDF5 writes, to be copied from: it has no name once it is open, and its holes take no space.

#include <filesystem>
#include <optional>

#include "runtime/process/file_descriptor.h"
#include "runtime/run/hdf5_handle.h"
#include "trainer/data/pack/new_file.h"

namespace skein {

/// Use within an Hdf5Session. Throws StorageError naming `target`, in whose folder it lies.
class Skeleton {
 public:
  explicit Skeleton(const std::filesystem::path& target);

  hid_t hdf5() const { return hdf5_->get(); }
  /// HDF5 has written all when this returns. No object of the file may be open any more.
  void close();
  uint64_t num_bytes() const;
  /// Copies bytes [begin, end) to the same place of `output`. After close().
  void copy(uint64_t begin, uint64_t end, NewFile& output) const;

 private:
  std::optional<Hdf5Handle> hdf5_;
  FileDescriptor file_;
};

}  // namespace skein
