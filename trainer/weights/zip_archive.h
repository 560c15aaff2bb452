#pragma once
// The part of the zip format (PKWARE's APPNOTE.TXT) that torch.save uses: stored entries, with and without
// zip64.

#include <cstdint>
#include <map>
#include <span>
#include <string>

namespace skein {

/// The directory of a zip archive held in memory; views into those bytes, which must outlive it. Immutable.
/// Throws DataError naming the file for anything damaged, encrypted or compressed.
class ZipArchive {
 public:
  struct Entry {
    uint64_t header_offset = 0;
    uint64_t num_bytes = 0;
    uint32_t crc = 0;     // 0 also when the writer was told not to compute it
    std::string refusal;  // why it cannot be read, if so
  };

  ZipArchive(std::string path, std::span<const std::byte> bytes);

  /// By name.
  const std::map<std::string, Entry, std::less<>>& entries() const { return entries_; }
  bool contains(std::string_view name) const { return entries_.contains(name); }

  /// Contents of the entry of that name, checked against its checksum.
  std::span<const std::byte> read(std::string_view name) const;

 private:
  void read_directory(std::span<const std::byte> directory, uint64_t num_entries);
  [[noreturn]] void refuse(const std::string& what) const;

  std::string path_;
  std::span<const std::byte> bytes_;
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace skein
