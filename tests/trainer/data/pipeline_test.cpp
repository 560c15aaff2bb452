#include "trainer/data/image_pipeline.h"

#include <cstring>

#include "data_test_support.h"
#include "runtime/process/error.h"
#include "trainer/data/image_folder.h"

namespace skein {
namespace {

/// The stored images, by name.
std::shared_ptr<ImageFolder> stored_images(const testing::TemporaryFolder& folder) {
  for (const auto& entry : std::filesystem::directory_iterator(EXPECTED_DIR)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(".jpg") || name.ends_with(".png")) folder.add("c/" + name, testing::bytes_of(entry.path()));
  }
  return std::make_shared<ImageFolder>(folder.path());
}

TEST(ImagePipeline, ValidationIsTorchvisionsBitForBit) {
  testing::TemporaryFolder folder;
  const auto source = stored_images(folder);
  PipelineScratch scratch;
  for (const std::string& line : testing::lines_of(testing::expected("pipeline.txt"))) {
    const auto fields = testing::numbers_of<std::string>(line);
    const ImagePipeline pipeline(source, EvalTransform{std::stoi(fields[1]), std::stoi(fields[2])});
    std::vector<float> floats(pipeline.floats_per_image());
    size_t index = 0;
    while (source->path(index).filename() != fields[0]) ++index;
    pipeline.prepare({0, 0, index}, scratch, floats.data());
    EXPECT_EQ(testing::crc(floats.data(), floats.size() * sizeof(float)), fields[3]) << line;
  }
}

TEST(Normalizer, IsTorchsBitForBit) {
  RgbImage ramp(256, 1);
  for (int i = 0; i < 256 * 3; ++i) ramp.data()[i] = static_cast<uint8_t>(i / 3);
  std::vector<float> floats(256 * 3);
  Normalizer().apply({ramp.data(), ramp.num_bytes()}, floats.data());
  const auto wanted = testing::bytes_of(testing::expected("normalize.f32"));
  ASSERT_EQ(wanted.size(), floats.size() * sizeof(float));
  EXPECT_EQ(std::memcmp(floats.data(), wanted.data(), wanted.size()), 0);
}

TEST(Normalizer, RefusesADeviationOfZero) {
  ChannelStatistics statistics;
  statistics.deviation[1] = 0;
  EXPECT_TRUE(testing::contains(testing::message_of<UsageError>([&] { Normalizer{statistics}; }), "channel 1 is 0"));
}

}  // namespace
}  // namespace skein
