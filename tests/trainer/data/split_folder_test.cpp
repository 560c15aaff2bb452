#include "trainer/data/inspect/split_folder.h"

#include <set>

#include "data_test_support.h"
#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "trainer/data/image_folder.h"

namespace skein {
namespace {

using namespace skein::testing;
namespace fs = std::filesystem;

class SplitFolder : public ::testing::Test {
 protected:
  SplitFolder() {
    for (int i = 0; i < 20; ++i) folder.add(concat("all/emu/", i, ".jpg"), {static_cast<uint8_t>(i)});
    for (int i = 0; i < 10; ++i) folder.add(concat("all/hen/barn/", i, ".png"), {static_cast<uint8_t>(100 + i)});
    options.source = folder.path() / "all";
    options.out = folder.path() / "out";
  }
  std::set<std::string> names(const std::string& part, const fs::path& out) const {
    std::set<std::string> found;
    const ImageFolder images(out / part);
    for (size_t i = 0; i < images.num_images(); ++i) found.insert(images.relative_name(i));
    return found;
  }
  std::string refusal() {
    const std::string message = message_of<UsageError>([&] { split_folder(options); });
    return message;
  }

  TemporaryFolder folder;
  SplitOptions options;
};

TEST_F(SplitFolder, EachClassInTheSameShares) {
  options.val_share = 0.2;
  options.test_share = 0.1;
  const SplitSummary summary = split_folder(options);
  EXPECT_EQ(summary.num_classes, 2u);
  ASSERT_EQ(summary.parts.size(), 3u);
  EXPECT_EQ(summary.parts[0].num_images, 21u);
  EXPECT_EQ(summary.parts[1].num_images, 6u);
  EXPECT_EQ(summary.parts[2].num_images, 3u);
  EXPECT_EQ(ImageFolder(options.out / "train").images_by_class(), (std::vector<size_t>{14, 7}));
  EXPECT_EQ(ImageFolder(options.out / "val").images_by_class(), (std::vector<size_t>{4, 2}));
  EXPECT_EQ(ImageFolder(options.out / "test").images_by_class(), (std::vector<size_t>{2, 1}));
  std::set<std::string> all;
  for (const char* part : {"train", "val", "test"}) all.merge(names(part, options.out));
  EXPECT_EQ(all.size(), 30u);
  for (const std::string& name : names("val", options.out))
    EXPECT_EQ(bytes_of(options.out / "val" / name), bytes_of(options.source / name));
}

TEST_F(SplitFolder, DependsOnTheSeedAndNamesOnly) {
  split_folder(options);
  SplitOptions again = options;
  again.out = folder.path() / "again";
  again.link = SplitLink::kCopy;
  split_folder(again);
  EXPECT_EQ(names("val", options.out), names("val", again.out));
  SplitOptions other = options;
  other.out = folder.path() / "other";
  other.seed = 1;
  split_folder(other);
  EXPECT_NE(names("val", options.out), names("val", other.out));
}

TEST_F(SplitFolder, LinksOrCopies) {
  split_folder(options);
  const auto first = *names("train", options.out).begin();
  EXPECT_TRUE(fs::equivalent(options.out / "train" / first, options.source / first));
  EXPECT_FALSE(fs::is_symlink(options.out / "train" / first));
  options.out = folder.path() / "symbolic";
  options.link = SplitLink::kSymbolic;
  split_folder(options);
  EXPECT_TRUE(fs::is_symlink(options.out / "train" / first));
  EXPECT_EQ(bytes_of(options.out / "train" / first), bytes_of(options.source / first));
  options.out = folder.path() / "copy";
  options.link = SplitLink::kCopy;
  split_folder(options);
  EXPECT_FALSE(fs::equivalent(options.out / "train" / first, options.source / first));
}

TEST_F(SplitFolder, GroupsStayTogether) {
  for (int bird = 0; bird < 12; ++bird)
    for (int shot = 0; shot < 4; ++shot) folder.add(concat("groups/auk/bird", bird, "_", shot, ".jpg"));
  options.source = folder.path() / "groups";
  options.group_separator = "_";
  options.val_share = 0.25;
  split_folder(options);
  std::set<std::string> in_train, in_val;
  for (const auto& name : names("train", options.out)) in_train.insert(name.substr(0, name.find('_')));
  for (const auto& name : names("val", options.out)) in_val.insert(name.substr(0, name.find('_')));
  EXPECT_EQ(in_val.size(), 3u);
  EXPECT_EQ(in_train.size(), 9u);
  EXPECT_EQ(names("val", options.out).size(), 12u);
  for (const auto& bird : in_val) EXPECT_FALSE(in_train.count(bird)) << bird;
}

TEST_F(SplitFolder, SmallClassesHaveOneOfEach) {
  folder.add("all/owl/1.jpg");
  folder.add("all/owl/2.jpg");
  split_folder(options);
  EXPECT_EQ(ImageFolder(options.out / "train").images_by_class()[2], 1u);
  EXPECT_EQ(ImageFolder(options.out / "val").images_by_class()[2], 1u);
  options.out = folder.path() / "three";
  options.test_share = 0.1;
  const std::string message = message_of<DataError>([&] { split_folder(options); });
  EXPECT_TRUE(contains(message, "owl"));
  EXPECT_TRUE(contains(message, "2 images"));
  EXPECT_FALSE(fs::exists(options.out));
}

TEST_F(SplitFolder, RefusesBeforeItWrites) {
  options.val_share = 1;
  EXPECT_TRUE(contains(refusal(), "--val 1"));
  options.val_share = 0.5;
  options.test_share = 0.5;
  EXPECT_TRUE(contains(refusal(), "--test 0.5"));
  options.test_share = 0;
  options.out = options.source / "out";
  EXPECT_TRUE(contains(refusal(), "lies within"));
  options.out = options.source;
  EXPECT_TRUE(contains(refusal(), "exists already"));
  options.source = folder.path() / "nothing";
  options.out = folder.path() / "out";
  message_of<DataError>([&] { split_folder(options); });
  EXPECT_FALSE(fs::exists(options.out));
}

TEST_F(SplitFolder, NothingIsLeftOfOneThatFails) {
  fs::create_directories(options.out);
  folder.add("all/emu/20.jpg");
  fs::remove(options.source / "emu/20.jpg");
  fs::create_symlink("nowhere", options.source / "emu/20.jpg");  // listed, but neither linked nor copied
  EXPECT_TRUE(contains(message_of<DataError>([&] { split_folder(options); }), "emu/20.jpg"));
  EXPECT_TRUE(fs::is_empty(options.out));
  for (const auto& entry : fs::directory_iterator(folder.path())) EXPECT_NE(entry.path().filename().string().front(), '.');
}

}  // namespace
}  // namespace skein
