#include <sys/stat.h>

#include <algorithm>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "runtime/run/hdf5_values.h"
#include "trainer/data/file_bytes.h"
#include "trainer/data/pack/pack_storage.h"

namespace skein {

namespace fs = std::filesystem;

namespace {

constexpr const char* kPackAgain = "pack the images again: skein data pack";

[[noreturn]] void refuse(const fs::path& file, const std::string& problem, const char* remedy = kPackAgain) {
  throw DataError(concat("packed file ", file.string(), " ", problem), remedy);
}

/// Without locks, which not every network file system has: a pack is replaced, never changed.
Hdf5Handle open_hdf5(const fs::path& file) {
  stamp_of(file);  // says why where it cannot be reached
  if (fs::is_directory(file)) refuse(file, "is a folder", "name a file that skein data pack has written");
  if (H5Fis_hdf5(file.c_str()) <= 0)
    refuse(file, "is no HDF5 file", "name a file that skein data pack has written, or a folder of images");
  const Hdf5Handle access(hdf5_checked(H5Pcreate(H5P_FILE_ACCESS), "create a property list"), H5Pclose);
  hdf5_checked(H5Pset_file_locking(access.get(), false, true), "leave out locks");
  Hdf5Handle opened(H5Fopen(file.c_str(), H5F_ACC_RDONLY, access.get()), H5Fclose);
  if (opened.get() < 0) refuse(file, "cannot be opened: it is truncated or damaged");
  return opened;
}

/// What the readers of single values throw lacks the file's name.
template <class Call>
auto in_file(const fs::path& file, Call&& call) {
  try {
    return call();
  } catch (const DataError& error) {
    const std::string cause = error.what();
    refuse(file, concat("is damaged: ", cause.substr(0, cause.find('\n'))));
  }
}

void check_schema(hid_t opened, const fs::path& file) {
  const auto format = [&] { return in_file(file, [&] { return read_hdf5_text_attribute(opened, "format"); }); };
  if (H5Aexists(opened, "format") <= 0 || format() != "skein images")
    refuse(file, "is an HDF5 file, but holds no packed images", "name a file that skein data pack has written");
  const int64_t version = in_file(file, [&] { return read_hdf5_integer_attribute(opened, "schema_version"); });
  if (version != kPackSchemaVersion)
    refuse(file, concat("has schema version ", version, ", of which this version of Skein knows only ", kPackSchemaVersion),
           "pack the images again, or use the version of Skein that wrote it");
}

std::string recorded_digest(hid_t opened, const fs::path& file) {
  return in_file(file, [&] { return read_hdf5_text_attribute(opened, "content_sha256"); });
}

PackContents read_contents(hid_t opened) {
  PackContents contents;
  contents.recipe.encoding = encoding_of(read_hdf5_text_attribute(opened, "encoding"));
  contents.recipe.shorter_side = static_cast<int>(read_hdf5_integer_attribute(opened, "shorter_side"));
  contents.recipe.enlarged = read_hdf5_integer_attribute(opened, "enlarged") != 0;
  contents.recipe.quality = static_cast<int>(read_hdf5_integer_attribute(opened, "quality"));
  contents.classes = read_hdf5_texts(opened, "classes");
  contents.offsets = read_hdf5_column<uint64_t>(opened, "offsets");
  contents.labels = read_hdf5_column<int64_t>(opened, "labels");
  contents.widths = read_hdf5_column<int32_t>(opened, "widths");
  contents.heights = read_hdf5_column<int32_t>(opened, "heights");
  contents.names = read_hdf5_texts(opened, "names");
  contents.digests = read_hdf5_rows(opened, "sha256", sizeof(Digest));
  return contents;
}

/// The dataset of bytes of a file that holds them itself, as far as images may use it.
PackSegment own_segment(hid_t opened, const fs::path& file) {
  const Hdf5Handle bytes(H5Dopen2(opened, "bytes", H5P_DEFAULT), H5Dclose);
  if (bytes.get() < 0) refuse(file, "is damaged: bytes is missing");
  const Hdf5Handle space(H5Dget_space(bytes.get()), H5Sclose), type(H5Dget_type(bytes.get()), H5Tclose);
  const haddr_t offset = H5Dget_offset(bytes.get());  // of contiguous datasets in this file only
  const bool holds_bytes = H5Sget_simple_extent_ndims(space.get()) == 1 && H5Tget_size(type.get()) == 1;
  if (!holds_bytes || offset == HADDR_UNDEF) refuse(file, "is damaged: bytes is no contiguous dataset of bytes");
  const auto length = static_cast<uint64_t>(H5Sget_simple_extent_npoints(space.get()));
  const uint64_t file_bytes = stamp_of(file).num_bytes;
  if (offset > file_bytes || length > file_bytes - offset)
    refuse(file, concat("is truncated: ", file_bytes, " bytes, ", offset + length, " are needed"));
  return {file, offset, length, file_bytes};
}

PackSegment shard_segment(const fs::path& joint, const std::string& name, const std::string& digest) {
  const fs::path file = folder_of(joint) / name;
  if (!fs::exists(file))
    refuse(joint, concat("needs ", file.string(), ", which is missing"), "put it back beside it, or pack the images again");
  const Hdf5Handle opened = open_hdf5(file);
  check_schema(opened.get(), file);
  if (recorded_digest(opened.get(), file) != digest)
    refuse(joint, concat("needs another ", file.string(), ": what lies there belongs to another pack"));
  PackSegment segment = own_segment(opened.get(), file);
  const auto offsets = in_file(file, [&] { return read_hdf5_column<uint64_t>(opened.get(), "offsets"); });
  const uint64_t used = offsets.empty() ? 0 : offsets.back();
  if (used > segment.num_bytes) refuse(file, "is damaged: its offsets reach beyond its bytes");
  segment.num_bytes = used;
  return segment;
}

std::vector<PackSegment> segments_of(hid_t opened, const fs::path& file) {
  if (H5Lexists(opened, "shards", H5P_DEFAULT) <= 0) return {own_segment(opened, file)};
  const auto names = in_file(file, [&] { return read_hdf5_texts(opened, "shards"); });
  const auto digests = in_file(file, [&] { return read_hdf5_texts(opened, "shard_sha256"); });
  if (names.size() != digests.size()) refuse(file, "is damaged: shards and shard_sha256 are of different lengths");
  std::vector<PackSegment> segments;
  for (size_t i = 0; i < names.size(); ++i) segments.push_back(shard_segment(file, names[i], digests[i]));
  return segments;
}

/// Readers may load vectors from behind the last raw pixel.
void require_padding(const PackContents& contents, const std::vector<PackSegment>& segments) {
  if (contents.recipe.encoding != PackEncoding::kRaw) return;
  for (const PackSegment& segment : segments) {
    const bool is_own = segments.size() == 1;
    const uint64_t used = is_own ? std::min(segment.num_bytes, contents.num_bytes()) : segment.num_bytes;
    if (segment.file_bytes - segment.file_offset - used < kPackPadding)
      refuse(segment.file, concat("lacks the ", kPackPadding, " bytes of padding behind its images"));
  }
}

}  // namespace

OpenedPack open_pack(const fs::path& file) {
  const Hdf5Session session;
  const Hdf5Handle opened = open_hdf5(file);
  check_schema(opened.get(), file);
  OpenedPack pack;
  pack.contents = in_file(file, [&] { return read_contents(opened.get()); });
  pack.segments = segments_of(opened.get(), file);
  uint64_t num_bytes = 0;
  for (const PackSegment& segment : pack.segments) num_bytes += segment.num_bytes;
  check_contents(pack.contents, num_bytes, file.string());
  require_padding(pack.contents, pack.segments);
  pack.digest = content_digest(pack.contents);
  if (recorded_digest(opened.get(), file) != hex(pack.digest))
    refuse(file, "is damaged: its names, labels or sizes are not those that were packed");
  return pack;
}

std::vector<std::string> shards_of(const fs::path& file) try {
  const Hdf5Session session;
  const Hdf5Handle opened = open_hdf5(file);
  if (H5Lexists(opened.get(), "shards", H5P_DEFAULT) <= 0) return {};
  return read_hdf5_texts(opened.get(), "shards");
} catch (const DataError&) {
  return {};
}

}  // namespace skein
