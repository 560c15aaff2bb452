#pragma once
// A whole file as memory, read page by page as it is touched.

#include <cstddef>
#include <span>
#include <string>

namespace skein {

/// Maps `path` read-only for as long as it lives. Immutable, so any thread may read it. The file must not be
/// shortened meanwhile; Skein's own writers replace files whole. Throws DataError, naming the path, when it
/// cannot be opened or is not a regular file.
class MappedFile {
 public:
  explicit MappedFile(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace skein
