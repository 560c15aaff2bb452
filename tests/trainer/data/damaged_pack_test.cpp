// Packs with something wrong: each kind has its own message, and none brings the program down.
#include <functional>

#include "pack_test_support.h"
#include "runtime/process/error.h"
#include "runtime/run/hdf5_values.h"
#include "trainer/data/image_folder.h"
#include "trainer/data/inspect/verify.h"
#include "trainer/data/pack/packed_images.h"

namespace skein {
namespace {

using namespace skein::testing;
namespace fs = std::filesystem;

class DamagedPack : public ::testing::Test {
 protected:
  DamagedPack() {
    add_pictures(folder);
    pack(ImageFolder(folder.path() / "birds"), file);
  }
  void edit(const std::function<void(hid_t)>& change) const {
    const Hdf5Session session;
    const Hdf5Handle opened(H5Fopen(file.c_str(), H5F_ACC_RDWR, H5P_DEFAULT), H5Fclose);
    ASSERT_GE(opened.get(), 0);
    change(opened.get());
  }
  template <class T>
  void overwrite(const char* column, hid_t type, std::vector<T> values) const {
    edit([&](hid_t opened) {
      const Hdf5Handle data(H5Dopen2(opened, column, H5P_DEFAULT), H5Dclose);
      ASSERT_GE(H5Dwrite(data.get(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), 0);
    });
  }
  void replace_column(const char* column, const std::vector<int64_t>& values) const {
    edit([&](hid_t opened) {
      H5Ldelete(opened, column, H5P_DEFAULT);
      write_hdf5_column(opened, column, values);
    });
  }
  void replace_attribute(const char* name, const std::string& text) const {
    edit([&](hid_t opened) {
      H5Adelete(opened, name);
      write_hdf5_attribute(opened, name, text);
    });
  }
  ::testing::AssertionResult refused(const std::string& part) const {
    const std::string message = message_of<DataError>([&] { PackedImages packed(file); });
    if (!contains(message, file.string())) return contains(message, file.string());
    return contains(message, part);
  }
  std::vector<uint64_t> offsets() const { return open_pack(file).contents.offsets; }

  TemporaryFolder folder;
  const fs::path file = folder.path() / "birds.h5";
};

TEST_F(DamagedPack, NoPackAtAll) {
  fs::remove(file);
  EXPECT_TRUE(refused("No such file"));
  fs::create_directory(file);
  EXPECT_TRUE(refused("is a folder"));
  fs::remove(file);
  folder.add("birds.h5", {'t', 'e', 'x', 't'});
  EXPECT_TRUE(refused("is no HDF5 file"));
  folder.add("birds.h5", {});
  EXPECT_TRUE(refused("is no HDF5 file"));
}

TEST_F(DamagedPack, OfAnotherKind) {
  edit([](hid_t opened) { H5Adelete(opened, "format"); });
  EXPECT_TRUE(refused("holds no packed images"));
}

TEST_F(DamagedPack, OfAnotherSchema) {
  edit([](hid_t opened) {
    H5Adelete(opened, "schema_version");
    write_hdf5_attribute(opened, "schema_version", 2);
  });
  EXPECT_TRUE(refused("schema version 2"));
  edit([](hid_t opened) { H5Adelete(opened, "schema_version"); });
  EXPECT_TRUE(refused("schema_version is missing"));
}

TEST_F(DamagedPack, TruncatedAnywhere) {
  const auto whole = bytes_of(file);
  for (size_t length = 1; length < whole.size(); length += 1 + whole.size() / 60) {
    folder.add("birds.h5", {whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)});
    EXPECT_TRUE(contains(message_of<DataError>([&] { PackedImages packed(file); }), file.string())) << length;
  }
}

TEST_F(DamagedPack, OffsetsThatAreNone) {
  auto numbers = offsets();
  const auto sound = numbers;
  numbers.back() = uint64_t{1} << 40;
  overwrite("offsets", H5T_NATIVE_UINT64, numbers);
  EXPECT_TRUE(refused("reach to byte 1099511627776"));
  numbers = sound;
  std::swap(numbers[2], numbers[3]);
  overwrite("offsets", H5T_NATIVE_UINT64, numbers);
  EXPECT_TRUE(refused("do not rise at image 2"));
  numbers = sound;
  numbers[1] = numbers[0];
  overwrite("offsets", H5T_NATIVE_UINT64, numbers);
  EXPECT_TRUE(refused("do not rise at image 0"));
  numbers = sound;
  numbers[0] = 1;
  overwrite("offsets", H5T_NATIVE_UINT64, numbers);
  EXPECT_TRUE(refused("do not begin at 0"));
  numbers = sound;
  ++numbers[1];
  overwrite("offsets", H5T_NATIVE_UINT64, numbers);
  EXPECT_TRUE(refused("not those that were packed"));
}

TEST_F(DamagedPack, LabelsThatAreNone) {
  overwrite<int64_t>("labels", H5T_NATIVE_INT64, {0, 0, 2, 1, 1, 1});
  EXPECT_TRUE(refused("label 2 of image 2"));
  overwrite<int64_t>("labels", H5T_NATIVE_INT64, {0, 0, 1, 1, 1, -1});
  EXPECT_TRUE(refused("label -1 of image 5"));
  replace_column("labels", {0, 1});
  EXPECT_TRUE(refused("different lengths"));
  replace_column("labels", {});
  EXPECT_TRUE(refused("holds no image"));
  edit([](hid_t opened) { H5Ldelete(opened, "labels", H5P_DEFAULT); });
  EXPECT_TRUE(refused("labels is missing"));
  edit([](hid_t opened) { write_hdf5_column(opened, "labels", std::vector<int32_t>{0, 0, 0, 1, 1, 1}); });
  EXPECT_TRUE(refused("labels has another type"));
}

TEST_F(DamagedPack, SizesNamesAndEncodings) {
  overwrite<int32_t>("widths", H5T_NATIVE_INT32, {5, 5, 0, 5, 5, 5});
  EXPECT_TRUE(refused("image 2 is 0x"));
  replace_attribute("encoding", "mp3");
  EXPECT_TRUE(refused("encoding 'mp3' is unknown"));
  replace_attribute("encoding", "raw");
  overwrite<int32_t>("widths", H5T_NATIVE_INT32, {5, 5, 5, 5, 5, 5});
  EXPECT_TRUE(refused("does not take"));
}

TEST_F(DamagedPack, ClassesOutOfOrder) {
  edit([](hid_t opened) {
    H5Ldelete(opened, "classes", H5P_DEFAULT);
    write_hdf5_texts(opened, "classes", {"hen", "emu"});
  });
  EXPECT_TRUE(refused("byte order"));
}

TEST_F(DamagedPack, BytesThatAreNotContiguous) {
  edit([](hid_t opened) {
    H5Ldelete(opened, "bytes", H5P_DEFAULT);
    const hsize_t length = 100000, chunk = 1000;
    const Hdf5Handle space(H5Screate_simple(1, &length, nullptr), H5Sclose), properties(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
    H5Pset_chunk(properties.get(), 1, &chunk);
    const Hdf5Handle data(H5Dcreate2(opened, "bytes", H5T_STD_U8LE, space.get(), H5P_DEFAULT, properties.get(), H5P_DEFAULT), H5Dclose);
  });
  EXPECT_TRUE(refused("no contiguous dataset"));
  edit([](hid_t opened) {
    H5Ldelete(opened, "bytes", H5P_DEFAULT);
    write_hdf5_column(opened, "bytes", std::vector<int64_t>(10000));
  });
  EXPECT_TRUE(refused("no contiguous dataset"));
  edit([](hid_t opened) {
    H5Ldelete(opened, "bytes", H5P_DEFAULT);
    const hsize_t length = 100000;
    const Hdf5Handle space(H5Screate_simple(1, &length, nullptr), H5Sclose), properties(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
    H5Pset_external(properties.get(), "elsewhere", 0, length);
    const Hdf5Handle data(H5Dcreate2(opened, "bytes", H5T_STD_U8LE, space.get(), H5P_DEFAULT, properties.get(), H5P_DEFAULT), H5Dclose);
  });
  EXPECT_TRUE(refused("no contiguous dataset"));
}

TEST_F(DamagedPack, ShardsThatAreGoneOrStrange) {
  const ImageFolder source(folder.path() / "birds");
  PackOptions options;
  options.num_shards = 2;
  pack(source, file, options);
  const fs::path second = folder.path() / "birds-00001-of-00002.h5", kept = folder.path() / "kept";
  fs::rename(second, kept);
  EXPECT_TRUE(refused(second.string() + ", which is missing"));
  fs::copy_file(folder.path() / "birds-00000-of-00002.h5", second);
  EXPECT_TRUE(refused("belongs to another pack"));
  fs::rename(kept, second);
  EXPECT_EQ(PackedImages(file).num_images(), 6u);
  fs::resize_file(second, fs::file_size(second) - 1);
  EXPECT_TRUE(contains(message_of<DataError>([&] { PackedImages packed(file); }), second.string()));
}

TEST_F(DamagedPack, VerifyNamesAnImageWhoseBytesChanged) {
  auto bytes = bytes_of(file);
  bytes[kPackedBytesOffset + offsets()[4] - 1] ^= 1;  // the last byte of image 3: its decoder would not notice
  folder.add("birds.h5", bytes);
  const PackedImages packed(file);
  const auto bad = find_bad_images(packed, 2);
  ASSERT_EQ(bad.size(), 1u);
  EXPECT_EQ(bad[0].index, 3u);
  EXPECT_TRUE(contains(bad[0].cause, packed.name(3)));
  EXPECT_TRUE(contains(bad[0].cause, "SHA-256"));
}

}  // namespace
}  // namespace skein
