// What a training gets from packs, and where their images lie.
#include "pack_test_support.h"
#include "trainer/data/image/decode.h"
#include "trainer/data/image_pipeline.h"
#include "trainer/data/pack/locate.h"
#include "trainer/data/pack/packed_images.h"

namespace skein {
namespace {

using namespace skein::testing;
using PackReader = PackTest;

TEST_F(PackReader, PipelineGivesTheSameFloatsFromFolderAndPack) {
  const auto source = std::make_shared<ImageFolder>(folder.path() / "birds");
  pack(*source, target());
  PackOptions raw;
  raw.recipe.encoding = PackEncoding::kRaw;
  pack(*source, target("raw.h5"), raw);
  const TrainTransform transform{.crop_size = 24};
  const ImagePipeline from_folder(source, transform), from_pack(std::make_shared<PackedImages>(target()), transform),
      from_raw(std::make_shared<PackedImages>(target("raw.h5")), transform);
  PipelineScratch scratch;
  std::vector<float> a(from_folder.floats_per_image()), b(a), c(a);
  for (size_t i = 0; i < 6; ++i) {
    const ImageKey key{.seed = 3, .epoch = 1, .index = i};
    from_folder.prepare(key, scratch, a.data());
    from_pack.prepare(key, scratch, b.data());
    from_raw.prepare(key, scratch, c.data());
    EXPECT_EQ(a, b) << i;
    EXPECT_EQ(a, c) << i;
  }
}

TEST_F(PackReader, RotatedPhotosAreTurnedUprightWhereTheirFilesAreNotKept) {
  const auto upright = bytes_of(expected("ycbcr_420.jpg"));
  auto rotated = upright;
  const std::vector<uint8_t> segment{0xFF, 0xE1, 0, 34, 'E', 'x', 'i', 'f', 0, 0, 'M', 'M', 0, 42, 0, 0, 0, 8,
                                     0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0};
  rotated.insert(rotated.begin() + 2, segment.begin(), segment.end());
  folder.add("photos/owl/1.jpg", rotated);
  const auto photos = std::make_shared<ImageFolder>(folder.path() / "photos");
  PackOptions raw;
  raw.recipe.encoding = PackEncoding::kRaw;
  pack(*photos, target("raw.h5"), raw);
  pack(*photos, target("keep.h5"));
  RgbImage stored;
  decode_image(upright, "", stored);
  ASSERT_NE(stored.width(), stored.height());
  const auto from_raw = std::make_shared<PackedImages>(target("raw.h5"));
  EXPECT_EQ(from_raw->dimensions(0), (ImageSize{stored.height(), stored.width()}));
  const TrainTransform transform{.crop_size = 24};
  PipelineScratch scratch;
  const ImagePipeline folder_pipeline(photos, transform), raw_pipeline(from_raw, transform),
      keep_pipeline(std::make_shared<PackedImages>(target("keep.h5")), transform);
  std::vector<float> a(folder_pipeline.floats_per_image()), b(a), c(a);
  folder_pipeline.prepare({}, scratch, a.data());
  raw_pipeline.prepare({}, scratch, b.data());
  keep_pipeline.prepare({}, scratch, c.data());
  EXPECT_EQ(a, b);
  EXPECT_EQ(a, c);
}

TEST(Locate, CountsIn64Bits) {
  constexpr uint64_t kHuge = uint64_t{5} << 32;
  OpenedPack opened;
  opened.contents.offsets = {0, kHuge, 2 * kHuge, 2 * kHuge + 7};
  opened.segments = {{"a", 20480, kHuge, 0}, {"b", 20480, kHuge + 7, 0}};
  const auto starts = starts_of(opened.segments);
  const ImageLocation second = locate(opened, starts, 1), third = locate(opened, starts, 2);
  EXPECT_EQ(second.segment, 1u);
  EXPECT_EQ(second.file_offset, 20480u);
  EXPECT_EQ(second.num_bytes, kHuge);
  EXPECT_EQ(third.segment, 1u);
  EXPECT_EQ(third.file_offset, 20480u + kHuge);
  EXPECT_EQ(third.num_bytes, 7u);
  for (size_t i = 0; i < 3; ++i) EXPECT_TRUE(lies_in_one_segment(opened, starts, i)) << i;
  opened.segments[0].num_bytes = kHuge + 1;  // then the second image begins in the first file
  EXPECT_FALSE(lies_in_one_segment(opened, starts_of(opened.segments), 1));
}

TEST_F(PackReader, ImagesBeyondFourGibibytes) {
  constexpr uint64_t kHole = uint64_t{9} << 30;  // nobody writes it: the file is sparse
  PackContents contents;
  contents.classes = {"emu", "hen"};
  contents.add("emu/1.jpg", 0, {1, 1}, kHole, {});
  contents.add("hen/1.jpg", 1, {1, 1}, 5, {});
  {
    NewFile file(target());
    const std::vector<uint8_t> bytes{'i', 'm', 'a', 'g', 'e'};
    file.write_at(kPackedBytesOffset + kHole, bytes);
    finish_pack(file, contents);
    file.publish();
  }
  const PackedImages packed(target());
  const auto bytes = packed.read(1, buffer).bytes;
  EXPECT_EQ(std::string(bytes.begin(), bytes.end()), "image");
  EXPECT_EQ(packed.read(0, buffer).bytes.size(), kHole);
}

}  // namespace
}  // namespace skein
