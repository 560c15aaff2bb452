// verify and stats, on pictures whose numbers are known.
#include <nlohmann/json.hpp>
#include <cmath>
#include <sstream>

#include "pack_test_support.h"
#include "runtime/process/error.h"
#include "trainer/data/image/decode.h"
#include "trainer/data/image_folder.h"
#include "trainer/data/inspect/statistics_report.h"
#include "trainer/data/inspect/verify.h"
#include "trainer/data/pack/packed_images.h"

namespace skein {
namespace {

using namespace skein::testing;
namespace fs = std::filesystem;

std::vector<uint8_t> truncated(std::vector<uint8_t> bytes) {
  bytes.resize(bytes.size() / 2);
  return bytes;
}

TEST(Verify, NamesEveryBadImageInOrder) {
  TemporaryFolder folder;
  add_pictures(folder);
  folder.add("birds/emu/0.jpg", truncated(bytes_of(expected("ycbcr_420.jpg"))));
  folder.add("birds/hen/9.png", {});
  for (const size_t workers : {1u, 4u}) {
    const ImageFolder images(folder.path() / "birds");
    size_t last = 0;
    const auto bad = find_bad_images(images, workers, [&](size_t done, size_t all) {
      EXPECT_EQ(done, ++last);
      EXPECT_EQ(all, 8u);
    });
    ASSERT_EQ(bad.size(), 2u);
    EXPECT_EQ(last, 8u);
    EXPECT_TRUE(contains(bad[0].cause, images.name(bad[0].index)));
    EXPECT_TRUE(contains(bad[0].cause, "emu/0.jpg"));
    EXPECT_TRUE(contains(bad[0].cause, "truncated"));
    EXPECT_TRUE(contains(bad[1].cause, "hen/9.png"));
    EXPECT_TRUE(contains(bad[1].cause, "empty"));
  }
}

class Statistics : public ::testing::Test {
 protected:
  Statistics() {
    add_pictures(folder, "train");
    add_pictures(folder, "val");
    for (const char* name : {"val/hen/1.png", "val/hen/2.jpg", "val/emu/1.jpg", "val/emu/2.jpg", "val/emu/3.png"})
      fs::remove(folder.path() / name);
    folder.add("val/emu/4.png", bytes_of(expected("rgba.png")));
    folder.add("train/emu/same.png", bytes_of(expected("rgb.png")));  // a hen too
    folder.add("train/emu/broken.jpg", truncated(bytes_of(expected("ycbcr_420.jpg"))));
    folder.add("train/emu/other.gif");
  }
  DataSetStatistics gather(size_t workers = 2) const { return gather_data_set(open_sources(folder.path()), workers); }

  TemporaryFolder folder;
};

TEST_F(Statistics, Counts) {
  const DataSetStatistics all = gather();
  ASSERT_EQ(all.splits.size(), 2u);
  const SourceStatistics& train = all.splits[0];
  EXPECT_EQ(train.name, "train");
  EXPECT_EQ(train.num_images, 8u);
  EXPECT_EQ(train.classes[0].name, "emu");
  EXPECT_EQ(train.classes[0].num_images, 5u);
  EXPECT_EQ(train.classes[1].num_images, 3u);
  EXPECT_EQ(train.classes[0].num_bytes + train.classes[1].num_bytes, train.num_bytes);
  EXPECT_EQ(train.num_jpeg, 4u);
  EXPECT_EQ(train.num_png, 3u);
  EXPECT_EQ(train.num_grey, 1u);
  EXPECT_EQ(train.num_cmyk, 1u);
  EXPECT_EQ(train.num_other_formats, 1u);
  ASSERT_EQ(train.unreadable.size(), 1u);
  EXPECT_TRUE(contains(train.unreadable[0].cause, "broken.jpg"));
  EXPECT_EQ(train.sizes.size(), 7u);
  ASSERT_EQ(train.duplicates.size(), 1u);
  EXPECT_EQ(train.num_contradictions, 1u);
  ASSERT_EQ(all.leaks.size(), 1u);
  ASSERT_EQ(all.leaks[0].images.size(), 1u);
  EXPECT_TRUE(contains(all.leaks[0].images[0].name, "val/hen/barn/7.jpg"));
  EXPECT_TRUE(contains(all.leaks[0].images[0].twin, "train/hen/barn/7.jpg"));
}

TEST_F(Statistics, ChannelMeansAreThoseOfTheDecodedImages) {
  const SourceStatistics train = gather().splits[0];
  std::array<double, 3> means{}, squares{};
  const ImageFolder images(folder.path() / "train");
  std::vector<uint8_t> buffer;
  RgbImage picture;
  int num_readable = 0;
  for (size_t i = 0; i < images.num_images(); ++i) {
    if (images.relative_name(i) == "emu/broken.jpg") continue;
    ++num_readable;
    decode_image(images.read(i, buffer).bytes, "", picture);
    const double num_pixels = picture.width() * picture.height();
    for (size_t value = 0; value < picture.num_bytes(); ++value) {
      const double scaled = picture.data()[value] / 255.0;
      means[value % 3] += scaled / num_pixels;
      squares[value % 3] += scaled * scaled / num_pixels;
    }
  }
  for (size_t channel = 0; channel < 3; ++channel) {
    const double mean = means[channel] / num_readable;
    EXPECT_NEAR(train.mean[channel], mean, 1e-9);
    EXPECT_NEAR(train.deviation[channel], std::sqrt(squares[channel] / num_readable - mean * mean), 1e-9);
    EXPECT_GT(train.deviation[channel], 0.05);
  }
}

TEST_F(Statistics, TheNumberOfThreadsChangesNothing) {
  EXPECT_EQ(statistics_json(gather(1)).dump(), statistics_json(gather(5)).dump());
}

TEST_F(Statistics, APackHasTheSameOnes) {
  fs::remove(folder.path() / "train/emu/broken.jpg");
  fs::remove(folder.path() / "train/emu/other.gif");
  pack(ImageFolder(folder.path() / "train"), folder.path() / "train.h5");
  auto from_folder = statistics_json(gather_data_set({{"", open_source(folder.path() / "train")}}, 2)).at("splits")[0];
  auto from_pack = statistics_json(gather_data_set({{"", open_source(folder.path() / "train.h5")}}, 2)).at("splits")[0];
  from_folder.erase("path");
  from_pack.erase("path");
  EXPECT_EQ(from_folder, from_pack);
  PackOptions raw;
  raw.recipe.encoding = PackEncoding::kRaw;
  pack(ImageFolder(folder.path() / "train"), folder.path() / "raw.h5", raw);
  const auto from_raw = statistics_json(gather_data_set({{"", open_source(folder.path() / "raw.h5")}}, 2)).at("splits")[0];
  EXPECT_EQ(from_raw.at("mean"), from_folder.at("mean"));
  EXPECT_EQ(from_raw.at("sizes"), from_folder.at("sizes"));
  EXPECT_EQ(from_raw.at("num_raw"), 7);
}

TEST_F(Statistics, TextAndJsonSayTheSame) {
  const DataSetStatistics all = gather();
  std::ostringstream out;
  print_statistics(all, out);
  for (const char* part : {"8 images of 2 classes", "emu", "JPEG 4, PNG 3, raw 0; grey 1, CMYK 1", "unreadable 1", "broken.jpg",
                           "1 images have the same bytes", "1 of them with another label", "emu/same.png",
                           "WARNING: 1 images of val are in train too", "mean 0."})
    EXPECT_TRUE(contains(out.str(), part)) << part;
  const nlohmann::json json = statistics_json(all);
  EXPECT_EQ(json.at("splits").size(), 2u);
  const auto& train = json.at("splits")[0];
  EXPECT_EQ(train.at("num_images"), 8);
  EXPECT_EQ(train.at("unreadable")[0].at("image"), "emu/broken.jpg");
  EXPECT_EQ(train.at("duplicates")[0].at("image"), "hen/1.png");
  EXPECT_EQ(train.at("duplicates")[0].at("same_as"), "emu/same.png");
  EXPECT_LE(train.at("sizes").at("shorter_side").at("min"), train.at("sizes").at("shorter_side").at("max"));
  EXPECT_EQ(json.at("leaks").size(), 1u);
}

TEST(OpenSources, ADataSetHasTrainAndVal) {
  TemporaryFolder folder;
  add_pictures(folder, "train");
  EXPECT_EQ(open_sources(folder.path() / "train").size(), 1u);
  EXPECT_EQ(open_sources(folder.path())[0].source->classes(), (std::vector<std::string>{"train"}));  // a folder of one class
  add_pictures(folder, "val");
  add_pictures(folder, "test");
  const auto sources = open_sources(folder.path());
  ASSERT_EQ(sources.size(), 3u);
  EXPECT_EQ(sources[2].name, "test");
  pack(*sources[1].source, folder.path() / "val.h5");
  EXPECT_TRUE(contains(message_of<DataError>([&] { open_sources(folder.path()); }), "val.h5"));
  fs::remove_all(folder.path() / "val");
  EXPECT_EQ(open_sources(folder.path())[1].source->place(), (folder.path() / "val.h5").string());
  EXPECT_TRUE(contains(message_of<DataError>([&] { find_split(folder.path(), "extra"); }), "extra.h5"));
  EXPECT_TRUE(contains(message_of<DataError>([&] { open_sources(folder.path() / "nothing"); }), "does not exist"));
}

}  // namespace
}  // namespace skein
