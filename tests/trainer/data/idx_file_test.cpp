#include "trainer/data/import/idx_file.h"

#include "idx_test_files.h"
#include "runtime/process/error.h"

namespace skein {
namespace {

using namespace skein::testing;

std::string failure(const std::filesystem::path& path) {
  const std::string message = message_of<DataError>([&] { read_idx_images(path); });
  EXPECT_TRUE(contains(message, path.string()));
  return message;
}

TEST(IdxFile, ReadsPlainAndCompressed) {
  TemporaryFolder folder;
  const auto plain = folder.add("images", idx_images(7));
  const auto compressed = folder.add("images.gz", gzipped(idx_images(7), folder.path() / "scratch"));
  ASSERT_NE(bytes_of(plain), bytes_of(compressed));
  for (const auto& path : {plain, compressed}) {
    const IdxImages images = read_idx_images(path);
    EXPECT_EQ(images.num_images, 7u);
    EXPECT_EQ(images.width, 5);
    EXPECT_EQ(images.height, 4);
    const auto last = images.image(6);
    EXPECT_EQ(std::vector<uint8_t>(last.begin(), last.end()), std::vector<uint8_t>(20, 6));
  }
  EXPECT_EQ(read_idx_labels(folder.add("labels", idx_labels({3, 1, 2}))), (std::vector<uint8_t>{3, 1, 2}));
}

TEST(IdxFile, NamesWhereItEndsTooEarly) {
  TemporaryFolder folder;
  const auto whole = idx_images(7);
  EXPECT_TRUE(contains(failure(folder.add("none", {})), "truncated at byte 0, within the magic number"));
  EXPECT_TRUE(contains(failure(folder.add("head", {whole.begin(), whole.begin() + 9})),
                       "truncated at byte 9, within the height"));
  EXPECT_TRUE(contains(failure(folder.add("cut", {whole.begin(), whole.end() - 3})),
                       "truncated at byte 153, within the pictures"));
}

TEST(IdxFile, NamesDamagedCompression) {
  TemporaryFolder folder;
  std::vector<uint8_t> noise(5000);
  for (size_t i = 0; i < noise.size(); ++i) noise[i] = static_cast<uint8_t>(i * i * 31 >> 3);
  auto content = idx_images(200);
  std::copy_n(noise.begin(), 3900, content.begin() + 20);
  auto compressed = gzipped(content, folder.path() / "scratch");
  EXPECT_TRUE(contains(failure(folder.add("cut.gz", {compressed.begin(), compressed.begin() + compressed.size() / 2})),
                       "truncated at byte"));
  compressed[compressed.size() - 6] ^= 0xFF;  // of the checksum
  EXPECT_TRUE(contains(failure(folder.add("bad.gz", compressed)), "near byte"));
}

TEST(IdxFile, NamesTheWrongKindOfFile) {
  TemporaryFolder folder;
  const auto labels = folder.add("labels", idx_labels({1, 2}));
  EXPECT_TRUE(contains(failure(labels), "at byte 0: magic number 0x00000801, but a file of pictures has 0x00000803"));
  EXPECT_TRUE(
      contains(message_of<DataError>([&] { read_idx_labels(folder.add("images", idx_images(1))); }), "0x00000803"));
  EXPECT_TRUE(contains(failure(folder.path() / "absent"), "cannot be opened"));
}

TEST(IdxFile, RefusesMoreThanAnnounced) {
  TemporaryFolder folder;
  auto bytes = idx_images(2);
  bytes.push_back(0);
  EXPECT_TRUE(contains(failure(folder.add("long", bytes)), "at byte 56: there is more"));
}

TEST(IdxFile, AHugeAnnouncementClaimsNoMemory) {
  TemporaryFolder folder;
  std::vector<uint8_t> bytes;
  for (uint32_t number : {0x803u, 0xFFFFFFFFu, 30000u, 30000u}) append_number(bytes, number);
  EXPECT_TRUE(contains(failure(folder.add("huge", bytes)), "truncated at byte 16"));
  bytes.resize(8);
  for (uint32_t number : {0u, 5u}) append_number(bytes, number);
  EXPECT_TRUE(contains(failure(folder.add("flat", bytes)), "pictures of 5x0 pixels"));
}

}  // namespace
}  // namespace skein
