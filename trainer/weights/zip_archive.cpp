#include "trainer/weights/zip_archive.h"

#include <zlib.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "trainer/weights/byte_reader.h"

namespace skein {
namespace {

using Bytes = std::span<const std::byte>;

constexpr uint32_t kLocalHeader = 0x04034b50;
constexpr uint32_t kDirectoryEntry = 0x02014b50;
constexpr uint32_t kEnd = 0x06054b50;
constexpr uint32_t kEnd64 = 0x06064b50;
constexpr uint32_t kEnd64Locator = 0x07064b50;
constexpr size_t kEndBytes = 22;
constexpr size_t kEnd64LocatorBytes = 20;
constexpr size_t kMaxCommentBytes = 0xffff;
constexpr uint16_t kZip64Field = 0x0001;
constexpr uint32_t kIn64 = 0xffffffff;  // "the value is in the zip64 field"

struct Directory {
  uint64_t num_entries;
  uint64_t num_bytes;
  uint64_t offset;
};

/// Where the end record starts: the last place with its signature and a comment that reaches the end of the
/// file.
std::optional<size_t> find_end(std::string_view path, Bytes bytes) {
  if (bytes.size() < kEndBytes) return std::nullopt;
  const size_t farthest = std::min(bytes.size() - kEndBytes, kMaxCommentBytes);
  for (size_t back = 0; back <= farthest; ++back) {
    const size_t offset = bytes.size() - kEndBytes - back;
    ByteReader reader(bytes.subspan(offset), path, "the zip end record");
    if (reader.number<uint32_t>() != kEnd) continue;
    reader.take(kEndBytes - sizeof(uint32_t) - sizeof(uint16_t));
    if (reader.number<uint16_t>() == back) return offset;
  }
  return std::nullopt;
}

/// The zip64 end record, if a locator stands before the end record.
std::optional<Directory> find_directory64(std::string_view path, Bytes bytes, size_t end_offset) {
  if (end_offset < kEnd64LocatorBytes) return std::nullopt;
  ByteReader locator(bytes.subspan(end_offset - kEnd64LocatorBytes), path, "the zip64 locator");
  if (locator.number<uint32_t>() != kEnd64Locator) return std::nullopt;
  locator.number<uint32_t>();  // disk
  const auto offset = locator.number<uint64_t>();
  ByteReader end(bytes.subspan(std::min<uint64_t>(offset, bytes.size())), path, "the zip64 end record");
  if (end.number<uint32_t>() != kEnd64) return std::nullopt;
  end.take(28);  // own length, versions, disks, entries on this disk
  Directory directory{};
  directory.num_entries = end.number<uint64_t>();
  directory.num_bytes = end.number<uint64_t>();
  directory.offset = end.number<uint64_t>();
  return directory;
}

Directory find_directory(std::string_view path, Bytes bytes, size_t end_offset) {
  if (const auto directory = find_directory64(path, bytes, end_offset)) return *directory;
  ByteReader end(bytes.subspan(end_offset), path, "the zip end record");
  end.take(10);  // signature, disks, entries on this disk
  Directory directory{};
  directory.num_entries = end.number<uint16_t>();
  directory.num_bytes = end.number<uint32_t>();
  directory.offset = end.number<uint32_t>();
  return directory;
}

/// The zip64 field lists, in this order, those of the values that did not fit their 32 bits.
void apply_zip64(std::string_view path, Bytes extra, uint64_t& stored_bytes, uint64_t& packed_bytes, uint64_t& offset) {
  ByteReader fields(extra, path, "a zip extra field");
  while (fields.num_left() >= 4) {
    const auto id = fields.number<uint16_t>();
    ByteReader field(fields.take(fields.number<uint16_t>()), path, "a zip64 field");
    if (id != kZip64Field) continue;
    for (uint64_t* value : {&stored_bytes, &packed_bytes, &offset}) {
      if (*value == kIn64) *value = field.number<uint64_t>();
    }
  }
}

std::pair<std::string, ZipArchive::Entry> read_entry(std::string_view path, ByteReader& reader) {
  reader.take(4);  // versions
  const auto flags = reader.number<uint16_t>();
  const auto method = reader.number<uint16_t>();
  reader.take(4);  // date and time
  ZipArchive::Entry entry;
  entry.crc = reader.number<uint32_t>();
  uint64_t packed_bytes = reader.number<uint32_t>();
  entry.num_bytes = reader.number<uint32_t>();
  const auto name_bytes = reader.number<uint16_t>();
  const auto extra_bytes = reader.number<uint16_t>();
  const auto comment_bytes = reader.number<uint16_t>();
  reader.take(8);  // disk, attributes
  entry.header_offset = reader.number<uint32_t>();
  std::string name(reader.text(name_bytes));
  apply_zip64(path, reader.take(extra_bytes), entry.num_bytes, packed_bytes, entry.header_offset);
  reader.take(comment_bytes);
  if (flags & 1) entry.refusal = "is encrypted";
  if (method != 0 || packed_bytes != entry.num_bytes) entry.refusal = "is compressed, which torch.save never does";
  return {std::move(name), std::move(entry)};
}

/// zlib counts in 32 bits.
uint32_t checksum(Bytes bytes) {
  uLong crc = crc32(0, nullptr, 0);
  while (!bytes.empty()) {
    const auto part = bytes.first(std::min<size_t>(bytes.size(), size_t{1} << 30));
    crc = crc32(crc, reinterpret_cast<const Bytef*>(part.data()), static_cast<uInt>(part.size()));
    bytes = bytes.subspan(part.size());
  }
  return static_cast<uint32_t>(crc);
}

}  // namespace

ZipArchive::ZipArchive(std::string path, Bytes bytes) : path_(std::move(path)), bytes_(bytes) {
  const auto end = find_end(path_, bytes_);
  if (!end) refuse("has no zip directory at its end: it is truncated");
  const Directory directory = find_directory(path_, bytes_, *end);
  if (directory.offset > *end || directory.num_bytes > *end - directory.offset) {
    refuse("has a zip directory that points outside the file");
  }
  read_directory(bytes_.subspan(directory.offset, directory.num_bytes), directory.num_entries);
}

void ZipArchive::read_directory(Bytes directory, uint64_t num_entries) {
  ByteReader reader(directory, path_, "the zip directory");
  for (uint64_t index = 0; index < num_entries; ++index) {
    if (reader.number<uint32_t>() != kDirectoryEntry) refuse("has a damaged zip directory");
    auto [name, entry] = read_entry(path_, reader);
    if (!entries_.emplace(name, std::move(entry)).second) refuse(concat("holds '", name, "' twice"));
  }
}

Bytes ZipArchive::read(std::string_view name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) refuse(concat("lacks '", name, "'"));
  const Entry& entry = found->second;
  if (!entry.refusal.empty()) refuse(concat("'", name, "' ", entry.refusal));
  ByteReader reader(bytes_.subspan(std::min<uint64_t>(entry.header_offset, bytes_.size())), path_, name);
  if (reader.number<uint32_t>() != kLocalHeader) refuse(concat("'", name, "' is not where the directory says"));
  reader.take(22);  // what the directory says as well
  const auto name_bytes = reader.number<uint16_t>();
  const auto extra_bytes = reader.number<uint16_t>();
  if (reader.text(name_bytes) != name) refuse(concat("'", name, "' is not where the directory says"));
  reader.take(extra_bytes);
  const Bytes contents = reader.take(entry.num_bytes);
  if (entry.crc != 0 && checksum(contents) != entry.crc) refuse(concat("'", name, "' fails its checksum"));
  return contents;
}

void ZipArchive::refuse(const std::string& what) const {
  throw DataError(concat(path_, ": ", what), "download the file again, or save it again with torch.save");
}

}  // namespace skein
