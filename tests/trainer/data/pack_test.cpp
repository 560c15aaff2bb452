// Packing and reading back, whole packs.
#include <chrono>
#include <thread>

#include "pack_test_support.h"
#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "tests/trainer/weights/python.h"
#include "trainer/data/image/decode.h"
#include "trainer/data/image_folder.h"
#include "trainer/data/pack/pack_image.h"
#include "trainer/data/pack/packed_images.h"

namespace skein {
namespace {

using namespace skein::testing;
namespace fs = std::filesystem;

using Pack = PackTest;

TEST_F(Pack, KeepsTheBytesOfTheFiles) {
  const ImageFolder source = images();
  pack(source, target());
  const PackedImages packed(target());
  ASSERT_EQ(packed.num_images(), 6u);
  EXPECT_EQ(packed.classes(), source.classes());
  EXPECT_EQ(listing_of(packed), listing_of(source));
  for (size_t i = 0; i < 6; ++i) {
    const StoredImage image = packed.read(i, buffer);
    EXPECT_FALSE(image.is_raw());
    const auto bytes = source.read(i, other_buffer).bytes;
    EXPECT_TRUE(std::equal(image.bytes.begin(), image.bytes.end(), bytes.begin(), bytes.end())) << packed.name(i);
    EXPECT_EQ(packed.digest(i), sha256(bytes));
    EXPECT_EQ(packed.stamp(i).num_bytes, bytes.size());
    RgbImage picture;
    decode_image(bytes, "", picture);
    EXPECT_EQ(packed.dimensions(i), picture.dimensions());
  }
  EXPECT_EQ(packed.name(0), target().string() + ":" + source.relative_name(0));
  EXPECT_TRUE(buffer.empty());  // views into the file
}

TEST_F(Pack, RawImagesAreWhatTheDecoderAndTheResamplerMake) {
  const ImageFolder source = images();
  PackOptions options;
  options.recipe = {PackEncoding::kRaw, 20, false, 0};
  pack(source, target(), options);
  const PackedImages packed(target());
  EXPECT_NE(listing_of(packed), listing_of(source));
  RgbImage picture, scaled;
  Resampler resampler;
  for (size_t i = 0; i < 6; ++i) {
    const StoredImage image = packed.read(i, buffer);
    decode_image(source.read(i, buffer).bytes, "", picture);
    const ImageSize from = picture.dimensions(), to = packed_dimensions(from, 20, false);
    ASSERT_EQ(image.raw, to);
    EXPECT_LE(std::min(to.width, to.height), 20);
    resample(picture, {{0, 0, from.width, from.height}, to, {0, 0, to.width, to.height}}, {}, resampler, scaled);
    ASSERT_EQ(image.bytes.size(), scaled.num_bytes());
    EXPECT_TRUE(std::equal(image.bytes.begin(), image.bytes.end(), scaled.data())) << packed.name(i);
    volatile uint8_t behind = image.bytes.data()[image.bytes.size() + RgbImage::kReadableTail - 1];
    static_cast<void>(behind);
  }
}

TEST_F(Pack, JpegImagesAreSmallerAndCloseToTheOriginals) {
  const ImageFolder source = images();
  PackOptions options;
  options.recipe = {PackEncoding::kJpeg, 0, false, 95};
  pack(source, target(), options);
  const PackedImages packed(target());
  EXPECT_EQ(packed.recipe().quality, 95);
  RgbImage before, after;
  const size_t photo = source.num_images() - 1;
  EXPECT_TRUE(contains(source.relative_name(photo), "hen/barn/7.jpg"));
  decode_image(source.read(photo, buffer).bytes, "", before);
  decode_image(packed.read(photo, buffer).bytes, "", after);
  ASSERT_EQ(after.dimensions(), before.dimensions());
  double sum = 0;
  for (size_t i = 0; i < before.num_bytes(); ++i) sum += std::abs(before.data()[i] - after.data()[i]);
  EXPECT_LT(sum / static_cast<double>(before.num_bytes()), 12);
  EXPECT_GT(sum, 0);
}

TEST(PackedDimensions, OnlyEverSmallerUnlessAsked) {
  EXPECT_EQ(packed_dimensions({500, 375}, 256, false), (ImageSize{341, 256}));
  EXPECT_EQ(packed_dimensions({375, 500}, 256, false), (ImageSize{256, 341}));
  EXPECT_EQ(packed_dimensions({100, 50}, 256, false), (ImageSize{100, 50}));
  EXPECT_EQ(packed_dimensions({100, 50}, 256, true), (ImageSize{512, 256}));
  EXPECT_EQ(packed_dimensions({500, 375}, 0, true), (ImageSize{500, 375}));
}

TEST_F(Pack, TheNumberOfThreadsChangesNothing) {
  const ImageFolder source = images();
  for (const PackEncoding encoding : {PackEncoding::kKeep, PackEncoding::kJpeg, PackEncoding::kRaw}) {
    PackOptions options;
    options.recipe.encoding = encoding;
    options.recipe.quality = encoding == PackEncoding::kJpeg ? 80 : 0;
    options.num_workers = 1;
    pack(source, target("one.h5"), options);
    std::this_thread::sleep_for(std::chrono::milliseconds(1100));  // HDF5 counts times in seconds, where it keeps any
    options.num_workers = 5;
    pack(source, target("five.h5"), options);
    EXPECT_EQ(bytes_of(target("one.h5")), bytes_of(target("five.h5"))) << text_of(encoding);
  }
}

TEST_F(Pack, ShardsTogetherAreTheSamePack) {
  const ImageFolder source = images();
  pack(source, target("one.h5"));
  PackOptions options;
  options.num_shards = 3;
  EXPECT_EQ(pack(source, target("many.h5"), options).writer->num_shards(), 3u);
  EXPECT_EQ(shards_of(target("many.h5")), (std::vector<std::string>{"many-00000-of-00003.h5", "many-00001-of-00003.h5", "many-00002-of-00003.h5"}));
  fs::create_directories(folder.path() / "moved");
  for (const std::string& name : names_in(folder.path()))
    if (name.starts_with("many")) fs::rename(folder.path() / name, folder.path() / "moved" / name);
  const PackedImages one(target("one.h5")), many(folder.path() / "moved/many.h5");
  EXPECT_EQ(many.num_files(), 3u);
  EXPECT_EQ(listing_of(one), listing_of(many));
  for (size_t i = 0; i < 6; ++i) {
    const auto a = one.read(i, buffer).bytes, b = many.read(i, buffer).bytes;
    EXPECT_TRUE(std::equal(a.begin(), a.end(), b.begin(), b.end())) << i;
  }
  const PackedImages shard(folder.path() / "moved/many-00001-of-00003.h5");  // each is a pack itself
  EXPECT_GT(shard.num_images(), 0u);
  EXPECT_LT(shard.num_images(), 6u);
}

TEST_F(Pack, ShardsOfAtMostSoManyBytes) {
  const ImageFolder source = images();
  uint64_t largest = 0;
  for (size_t i = 0; i < 6; ++i) largest = std::max(largest, source.stamp(i).num_bytes);
  PackOptions options;
  options.shard_bytes = largest;
  const PackedSource packed = pack(source, target(), options);
  EXPECT_GT(packed.writer->num_shards(), 1u);
  for (const std::string& name : packed.writer->shard_names()) {
    const PackedImages shard(folder.path() / name);
    uint64_t num_bytes = 0;
    for (size_t i = 0; i < shard.num_images(); ++i) num_bytes += shard.stamp(i).num_bytes;
    EXPECT_LE(num_bytes, largest);
  }
  options.shard_bytes = 1;  // every image is larger
  EXPECT_EQ(pack(source, target(), options).writer->num_shards(), 6u);
}

TEST_F(Pack, H5pyReadsAllOfIt) {
  const ImageFolder source = images();
  PackOptions options;
  pack(source, target("keep.h5"));
  options.num_shards = 2;
  pack(source, target("shards.h5"), options);
  options.recipe = {PackEncoding::kRaw, 16, true, 0};
  pack(source, target("raw.h5"), options);
  for (const char* name : {"keep.h5", "shards.h5"})
    EXPECT_TRUE(test::run_python("data/read_pack.py", {target(name), folder.path() / "birds", "keep"}));
  EXPECT_TRUE(test::run_python("data/read_pack.py", {target("raw.h5"), folder.path() / "birds", "raw"}));
}

TEST_F(Pack, ReadsPacksThatH5pyWrote) {
  ASSERT_TRUE(test::run_python("data/write_pack.py", {target("python.h5"), folder.path() / "birds"}));
  const ImageFolder source = images();
  const PackedImages packed(target("python.h5"));
  EXPECT_EQ(listing_of(packed), listing_of(source));
  for (size_t i = 0; i < 6; ++i) {
    const auto a = packed.read(i, buffer).bytes, b = source.read(i, other_buffer).bytes;
    EXPECT_TRUE(std::equal(a.begin(), a.end(), b.begin(), b.end())) << i;
  }
}

TEST_F(Pack, ValidationUsesTheNumbersOfTraining) {
  add_pictures(folder, "val");
  folder.add("train/auk/1.jpg", bytes_of(expected("grey.jpg")));
  add_pictures(folder, "train");
  fs::remove_all(folder.path() / "val/emu");
  pack(ImageFolder(folder.path() / "train"), target("train.h5"));
  pack(ImageFolder(folder.path() / "val"), target("val.h5"));
  const PackedImages training(target("train.h5")), validation(target("val.h5"), training);
  EXPECT_EQ(training.classes(), (std::vector<std::string>{"auk", "emu", "hen"}));
  EXPECT_EQ(validation.classes(), training.classes());
  EXPECT_EQ(validation.images_by_class(), (std::vector<size_t>{0, 0, 3}));
  const ImageFolder folder_training(folder.path() / "birds");
  pack(ImageFolder(folder.path() / "train"), target("more.h5"));
  const std::string message = message_of<DataError>([&] { PackedImages more(target("more.h5"), folder_training); });
  EXPECT_TRUE(contains(message, "auk"));
  EXPECT_TRUE(contains(message, target("more.h5").string()));
}

TEST_F(Pack, UnreadableImagesAreErrorsOrLeftOut) {
  folder.add("birds/emu/0.jpg", {'n', 'o', 'n', 'e'});
  PackOptions options;
  const std::string message = message_of<DataError>([&] { pack_source(images(), target(), options); });
  EXPECT_TRUE(contains(message, "emu/0.jpg"));
  EXPECT_EQ(names_in(folder.path()), (std::vector<std::string>{"birds"}));
  options.skips_unreadable = true;
  options.num_workers = 3;
  const PackedSource packed = pack(images(), target(), options);
  EXPECT_EQ(packed.num_skipped, 1u);
  ASSERT_EQ(packed.skipped.size(), 1u);
  EXPECT_TRUE(contains(packed.skipped[0], "emu/0.jpg"));
  EXPECT_EQ(PackedImages(target()).num_images(), 6u);
}

TEST_F(Pack, NothingIsSeenBeforeItIsPublished) {
  PackOptions options;
  options.num_shards = 2;
  PackedSource packed = pack_source(images(), target(), options);
  EXPECT_EQ(names_in(folder.path()), (std::vector<std::string>{"birds"}));
  packed.writer->publish();
  EXPECT_EQ(names_in(folder.path()).size(), 4u);
}

TEST_F(Pack, APackCanBePackedAgain) {
  pack(images(), target("keep.h5"));
  PackOptions options;
  options.recipe = {PackEncoding::kRaw, 16, false, 0};
  pack(images(), target("direct.h5"), options);
  pack(PackedImages(target("keep.h5")), target("twice.h5"), options);
  EXPECT_EQ(bytes_of(target("direct.h5")), bytes_of(target("twice.h5")));
  options.recipe = {};
  EXPECT_TRUE(contains(message_of<UsageError>([&] { check_pack_options(options, PackedImages(target("twice.h5"))); }), "raw"));
  options.num_shards = 7;
  EXPECT_TRUE(contains(message_of<UsageError>([&] { check_pack_options(options, images()); }), "--shards 7"));
}

}  // namespace
}  // namespace skein
