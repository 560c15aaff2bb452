#include "trainer/data/cache/disk_cache.h"

#include <zlib.h>

#include <cstring>

#include "runtime/process/error.h"
#include "runtime/process/fnv1a.h"
#include "runtime/process/log.h"
#include "runtime/process/text.h"
#include "trainer/data/file_bytes.h"

namespace skein {

namespace fs = std::filesystem;

namespace {

constexpr uint64_t kMagic = 0x31706f436e69656b;  // "keinCop1"

/// The end of a copy.
struct CopyNote {
  uint64_t num_bytes = 0;    ///< of the image, in front
  uint64_t name_length = 0;  ///< of its relative name, between them
  int64_t modified_ns = 0;   ///< of the source
  int32_t raw_width = 0;
  int32_t raw_height = 0;
  uint64_t crc = 0;  ///< CRC-32 of all in front of it
  uint64_t magic = kMagic;
};
constexpr size_t kCheckedBytes = offsetof(CopyNote, crc);

uint64_t checksum(std::span<const uint8_t> bytes) {
  return crc32_z(0, bytes.data(), bytes.size());
}

std::vector<uint8_t> copy_of(const StoredImage& image, const std::string& name, const ImageStamp& stamp) {
  CopyNote note;
  note.num_bytes = image.bytes.size();
  note.name_length = name.size();
  note.modified_ns = stamp.modified_ns;
  note.raw_width = image.raw.width;
  note.raw_height = image.raw.height;
  std::vector<uint8_t> copy(image.bytes.begin(), image.bytes.end());
  copy.insert(copy.end(), name.begin(), name.end());
  const size_t start = copy.size();
  copy.resize(start + sizeof(note));
  std::memcpy(&copy[start], &note, kCheckedBytes);
  note.crc = checksum(std::span(copy).first(start + kCheckedBytes));
  std::memcpy(&copy[start], &note, sizeof(note));
  return copy;
}

/// Whether `copy` is a whole copy of the image of that name; then `note` is its end.
bool is_sound(std::span<const uint8_t> copy, const std::string& name, CopyNote& note) {
  if (copy.size() < sizeof(note)) return false;
  std::memcpy(&note, &copy[copy.size() - sizeof(note)], sizeof(note));
  const uint64_t in_front = copy.size() - sizeof(note);
  if (note.magic != kMagic || note.name_length != name.size() || note.num_bytes > in_front) return false;
  if (note.num_bytes + note.name_length != in_front) return false;
  if (std::memcmp(&copy[note.num_bytes], name.data(), name.size()) != 0) return false;
  return checksum(copy.first(in_front + kCheckedBytes)) == note.crc;
}

}  // namespace

DiskCache::DiskCache(std::shared_ptr<const ImageSource> source, std::shared_ptr<CacheBudget> budget,
                     const fs::path& folder)
    : CachedSource(std::move(source), std::move(budget)),
      folder_(folder / fnv1a_hex(fs::absolute(place()).string() + "\n" + variant())),
      is_current_(num_images()) {}

fs::path DiskCache::copy_path(size_t index) const {
  const std::string name = fnv1a_hex(relative_name(index));
  return folder_ / name.substr(0, 2) / name;
}

StoredImage DiskCache::read(size_t index, std::vector<uint8_t>& buffer) const {
  const fs::path copy = copy_path(index);
  StoredImage image;
  if (find(index, copy, buffer, image)) {
    count_hit();
    return image;
  }
  image = read_source(index, buffer);
  if (is_writable_.load(std::memory_order_relaxed)) store(index, copy, image);
  return image;
}

bool DiskCache::find(size_t index, const fs::path& copy, std::vector<uint8_t>& buffer, StoredImage& image) const try {
  std::error_code error;
  if (!fs::exists(copy, error)) return false;
  CopyNote note;
  const auto bytes = read_file(copy, buffer);
  if (!is_sound(bytes, relative_name(index), note)) return false;
  if (!is_current_[index].load(std::memory_order_relaxed)) {
    if (stamp(index) != ImageStamp{note.num_bytes, note.modified_ns}) return false;
    is_current_[index].store(true, std::memory_order_relaxed);
  }
  if (buffer.size() < note.num_bytes + RgbImage::kReadableTail) buffer.resize(note.num_bytes + RgbImage::kReadableTail);
  image = {{buffer.data(), note.num_bytes}, {note.raw_width, note.raw_height}};
  return true;
} catch (const DataError&) {
  return false;  // the copy went away, or the source does not say: it shall say why
}

void DiskCache::store(size_t index, const fs::path& copy, const StoredImage& image) const try {
  const std::vector<uint8_t> bytes = copy_of(image, relative_name(index), stamp(index));
  std::error_code error;
  const auto before = fs::file_size(copy, error);
  if (!error) shared_budget().give_back(before);  // outdated or damaged: it is replaced
  if (!shared_budget().take(bytes.size())) {
    if (!error) fs::remove(copy, error);
    return;
  }
  fs::create_directories(copy.parent_path());
  replace_file(copy, bytes);
  is_current_[index].store(true, std::memory_order_relaxed);
  count_stored();
} catch (const StorageError& failure) {
  stop_writing(failure.what());
} catch (const fs::filesystem_error& failure) {
  stop_writing(failure.what());
} catch (const DataError&) {
  // The source does not say what it is: not kept.
}

void DiskCache::stop_writing(const std::string& cause) const {
  if (is_writable_.exchange(false))
    log_warning(concat("the cache in ", folder_.string(), " is not written any more: ", cause.substr(0, cause.find('\n'))));
}

}  // namespace skein
