#include <array>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "runtime/run/hdf5_values.h"
#include "trainer/data/pack/pack_storage.h"
#include "trainer/data/pack/skeleton.h"

namespace skein {

namespace {

constexpr auto checked = hdf5_checked;

Hdf5Handle dataset_properties() {
  Hdf5Handle properties(checked(H5Pcreate(H5P_DATASET_CREATE), "create a property list"), H5Pclose);
  checked(H5Pset_obj_track_times(properties.get(), false), "leave out times");
  return properties;
}

Hdf5Handle space_of(hsize_t length) {
  return {checked(H5Screate_simple(1, &length, nullptr), "create a space"), H5Sclose};
}

void create_bytes(hid_t file, hsize_t length, const Hdf5Handle& properties) {
  const Hdf5Handle space = space_of(length);
  const Hdf5Handle bytes(checked(H5Dcreate2(file, "bytes", H5T_STD_U8LE, space.get(), H5P_DEFAULT, properties.get(), H5P_DEFAULT),
                                 "create a dataset"),
                         H5Dclose);
  if (H5Pget_layout(properties.get()) != H5D_CONTIGUOUS) return;
  const haddr_t offset = H5Dget_offset(bytes.get());
  if (offset != kPackedBytesOffset)
    throw Error(concat("this HDF5 library puts a file's first dataset at byte ", offset, ", not ", kPackedBytesOffset));
}

/// First of all datasets, so that its place does not depend on the others.
void create_contiguous_bytes(hid_t file, hsize_t length) {
  const Hdf5Handle properties = dataset_properties();
  checked(H5Pset_layout(properties.get(), H5D_CONTIGUOUS), "choose a layout");
  checked(H5Pset_alloc_time(properties.get(), H5D_ALLOC_TIME_EARLY), "allocate a dataset");
  checked(H5Pset_fill_time(properties.get(), H5D_FILL_TIME_NEVER), "leave a dataset empty");
  create_bytes(file, length, properties);
}

void select(const Hdf5Handle& space, hsize_t start, hsize_t length) {
  const hsize_t one = 1;
  checked(H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, &start, nullptr, &one, &length), "select a part");
}

void create_joint_bytes(hid_t file, hsize_t length, const std::vector<PackShard>& shards) {
  const Hdf5Handle properties = dataset_properties();
  hsize_t start = 0;
  for (const PackShard& shard : shards) {
    const Hdf5Handle whole = space_of(length), part = space_of(shard.num_bytes + kPackPadding);
    select(whole, start, shard.num_bytes);
    select(part, 0, shard.num_bytes);
    checked(H5Pset_virtual(properties.get(), whole.get(), shard.file_name.c_str(), "bytes", part.get()), "join files");
    start += shard.num_bytes;
  }
  create_bytes(file, length, properties);
}

void write_attributes(hid_t file, const PackContents& contents) {
  write_hdf5_attribute(file, "format", "skein images");
  write_hdf5_attribute(file, "schema_version", kPackSchemaVersion);
  write_hdf5_attribute(file, "encoding", text_of(contents.recipe.encoding));
  write_hdf5_attribute(file, "color", contents.recipe.encoding == PackEncoding::kKeep ? "as in the files" : "RGB");
  write_hdf5_attribute(file, "shorter_side", contents.recipe.shorter_side);
  write_hdf5_attribute(file, "enlarged", contents.recipe.enlarged ? 1 : 0);
  write_hdf5_attribute(file, "quality", contents.recipe.quality);
  write_hdf5_attribute(file, "content_sha256", hex(content_digest(contents)));
}

void write_columns(hid_t file, const PackContents& contents) {
  write_hdf5_column(file, "offsets", contents.offsets);
  write_hdf5_column(file, "labels", contents.labels);
  write_hdf5_column(file, "widths", contents.widths);
  write_hdf5_column(file, "heights", contents.heights);
  write_hdf5_rows(file, "sha256", contents.digests, sizeof(Digest));
  write_hdf5_texts(file, "names", contents.names);
  write_hdf5_texts(file, "classes", contents.classes);
}

void write_shards(hid_t file, const std::vector<PackShard>& shards) {
  std::vector<std::string> names, digests;
  for (const PackShard& shard : shards) {
    names.push_back(shard.file_name);
    digests.push_back(shard.digest);
  }
  write_hdf5_texts(file, "shards", names);
  write_hdf5_texts(file, "shard_sha256", digests);
}

}  // namespace

void finish_pack(NewFile& file, const PackContents& contents) {
  const Hdf5Session session;
  Skeleton skeleton(file.target());
  const uint64_t num_bytes = contents.num_bytes() + kPackPadding;
  create_contiguous_bytes(skeleton.hdf5(), num_bytes);
  write_attributes(skeleton.hdf5(), contents);
  write_columns(skeleton.hdf5(), contents);
  skeleton.close();
  const uint64_t end_of_bytes = kPackedBytesOffset + num_bytes;
  skeleton.copy(0, kPackedBytesOffset, file);
  file.write_at(end_of_bytes - kPackPadding, std::array<uint8_t, kPackPadding>{});
  skeleton.copy(end_of_bytes, skeleton.num_bytes(), file);
  file.set_length(skeleton.num_bytes());
}

void finish_joint_pack(NewFile& file, const PackContents& contents, const std::vector<PackShard>& shards) {
  const Hdf5Session session;
  Skeleton skeleton(file.target());
  create_joint_bytes(skeleton.hdf5(), contents.num_bytes(), shards);
  write_attributes(skeleton.hdf5(), contents);
  write_columns(skeleton.hdf5(), contents);
  write_shards(skeleton.hdf5(), shards);
  skeleton.close();
  skeleton.copy(0, skeleton.num_bytes(), file);
}

}  // namespace skein
