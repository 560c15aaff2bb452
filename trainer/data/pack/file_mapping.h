#pragma once
// A file's bytes as read-only memory, for reading stretches of it here and there.

#include <cstdint>
#include <filesystem>
#include <span>

namespace skein {

/// Immutable; any thread. The file must not be made shorter meanwhile: reading beyond its end is a bus error.
class FileMapping {
 public:
  /// The first `num_bytes` of the file. Throws DataError naming the file, also where it is shorter.
  FileMapping(const std::filesystem::path& file, uint64_t num_bytes);
  ~FileMapping();
  FileMapping(FileMapping&& other) noexcept;
  FileMapping& operator=(FileMapping&&) = delete;

  const uint8_t* data() const { return data_; }
  /// Asks the kernel to fetch all of [offset, offset + num_bytes) in one go, and returns at once.
  void prefetch(uint64_t offset, uint64_t num_bytes) const;

 private:
  uint8_t* data_;
  uint64_t num_bytes_;
};

}  // namespace skein
