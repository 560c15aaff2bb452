#include "trainer/data/image_folder.h"

#include "data_test_support.h"
#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {
namespace {

using testing::contains;
using testing::message_of;
using testing::TemporaryFolder;

TEST(ImageFolder, ListsWhatTorchvisionLists) {
  TemporaryFolder folder;
  for (const std::string& file : testing::lines_of(testing::expected("folder_input.txt"))) folder.add(file);
  const ImageFolder images(folder.path());
  std::vector<std::string> found;
  for (size_t i = 0; i < images.num_images(); ++i)
    found.push_back(concat(images.label(i), " ", images.path(i).lexically_relative(folder.path()).string()));
  EXPECT_EQ(found, testing::lines_of(testing::expected("folder.txt")));
  EXPECT_EQ(images.images_by_class(), (std::vector<size_t>{2, 2, 1, 4, 1}));
  EXPECT_EQ(images.class_index("a-1"), 2);
  EXPECT_EQ(images.class_index("c"), -1);
}

TEST(ImageFolder, ReadsTheBytes) {
  TemporaryFolder folder;
  folder.add("c/1.png", {1, 2, 3});
  folder.add("c/2.png", {});
  const ImageFolder images(folder.path());
  std::vector<uint8_t> buffer;
  const auto bytes = images.read(0, buffer).bytes;
  EXPECT_EQ(std::vector<uint8_t>(bytes.begin(), bytes.end()), (std::vector<uint8_t>{1, 2, 3}));
  EXPECT_TRUE(images.read(1, buffer).bytes.empty());
  std::filesystem::remove(images.path(0));
  EXPECT_TRUE(contains(message_of<DataError>([&] { images.read(0, buffer); }), images.name(0)));
}

TEST(ImageFolder, LinksAreFollowed) {
  TemporaryFolder folder, elsewhere;
  elsewhere.add("deep/1.png");
  std::filesystem::create_directory_symlink(elsewhere.path(), folder.path() / "linked");
  EXPECT_EQ(ImageFolder(folder.path()).num_images(), 1u);
}

TEST(ImageFolder, CountsImagesThatItCannotRead) {
  TemporaryFolder folder;
  for (const char* file : {"c/1.png", "c/2.WEBP", "c/3.bmp", "c/notes.txt"}) folder.add(file);
  const ImageFolder images(folder.path());
  EXPECT_EQ(images.num_images(), 1u);
  EXPECT_EQ(images.num_other_images(), 2u);
}

std::string failure(const std::filesystem::path& root) {
  return message_of<DataError>([&] { ImageFolder images(root); });
}

TEST(ImageFolder, RefusesAFolderThatIsNone) {
  TemporaryFolder folder;
  EXPECT_TRUE(contains(failure(folder.path() / "absent"), (folder.path() / "absent").string() + " does not exist"));
  EXPECT_TRUE(contains(failure(folder.path()), folder.path().string() + " holds no class folder"));
  EXPECT_TRUE(contains(failure(folder.add("file")), "file is not a folder"));
}

TEST(ImageFolder, NamesAClassWithoutImages) {
  TemporaryFolder folder;
  folder.add("chicken/1.png");
  folder.add("turkey/readme.txt");
  EXPECT_TRUE(contains(failure(folder.path()), (folder.path() / "turkey").string() + " holds no .jpg"));
}

TEST(ImageFolder, ALoopOfLinksIsAnError) {
  TemporaryFolder folder;
  folder.add("c/1.png");
  std::filesystem::create_directory_symlink("..", folder.path() / "c/up");
  EXPECT_TRUE(contains(failure(folder.path()), (folder.path() / "c").string()));
}

TEST(ImageFolder, ValidationUsesTheNumbersOfTraining) {
  TemporaryFolder folder;
  for (const char* file : {"train/a/1.png", "train/b/1.png", "train/c/1.png", "val/c/1.png", "val/b/1.png"})
    folder.add(file);
  const ImageFolder train(folder.path() / "train"), val(folder.path() / "val", train);
  EXPECT_EQ(val.classes(), train.classes());
  ASSERT_EQ(val.num_images(), 2u);
  EXPECT_EQ(val.label(0), 1);
  EXPECT_EQ(val.label(1), 2);
}

TEST(ImageFolder, NamesClassesThatTrainingLacks) {
  TemporaryFolder folder;
  for (const char* file : {"train/a/1.png", "val/a/1.png", "val/duck/1.png", "val/emu/1.png"}) folder.add(file);
  const ImageFolder train(folder.path() / "train");
  const std::string message = message_of<DataError>([&] { ImageFolder val(folder.path() / "val", train); });
  EXPECT_TRUE(contains(message, "2 of 3 classes"));
  EXPECT_TRUE(contains(message, "duck, emu"));
  EXPECT_TRUE(contains(message, (folder.path() / "train").string()));
  EXPECT_TRUE(contains(message, (folder.path() / "val").string()));
}

}  // namespace
}  // namespace skein
