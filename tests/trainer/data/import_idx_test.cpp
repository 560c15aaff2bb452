#include "trainer/data/import/import_idx.h"

#include "idx_test_files.h"
#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "trainer/data/image/decode.h"
#include "trainer/data/image_folder.h"

namespace skein {
namespace {

using namespace skein::testing;
namespace fs = std::filesystem;

/// Twelve pictures of three classes: 0 1 2 0 1 2 ...
class ImportIdx : public ::testing::Test {
 protected:
  ImportIdx() {
    std::vector<uint8_t> labels;
    for (uint8_t i = 0; i < 12; ++i) labels.push_back(i % 3);
    options.images = folder.add("images", idx_images(12));
    options.labels = folder.add("labels", idx_labels(labels));
    options.out = folder.path() / "out";
    options.classes = {"hen", "duck", "emu"};
  }
  std::vector<std::string> files() const {
    std::vector<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(options.out))
      if (entry.is_regular_file()) found.push_back(entry.path().lexically_relative(options.out).string());
    std::sort(found.begin(), found.end());
    return found;
  }
  std::string refusal_of_usage() {
    const std::string message = message_of<UsageError>([&] { import_idx(options); });
    EXPECT_FALSE(fs::exists(options.out));
    return message;
  }

  TemporaryFolder folder;
  IdxImport options;
};

TEST_F(ImportIdx, EveryPictureGoesWhereItsLabelSays) {
  const ImportSummary summary = import_idx(options);
  EXPECT_EQ(summary.num_images, 12u);
  EXPECT_EQ(summary.num_classes, 3u);
  const ImageFolder images(options.out / "train");
  EXPECT_EQ(images.classes(), (std::vector<std::string>{"duck", "emu", "hen"}));
  EXPECT_EQ(images.num_images(), 12u);
  std::vector<uint8_t> buffer;
  RgbImage picture;
  for (size_t i = 0; i < images.num_images(); ++i) {
    const int number = std::stoi(images.path(i).stem().string());
    EXPECT_EQ(images.path(i).parent_path().filename(), options.classes[number % 3]);
    decode_image(images.read(i, buffer).bytes, images.name(i), picture);
    EXPECT_EQ(picture.dimensions(), (ImageSize{5, 4}));
    for (size_t byte = 0; byte < picture.num_bytes(); ++byte) ASSERT_EQ(picture.data()[byte], number);
  }
}

TEST_F(ImportIdx, SelectsByClassLimitAndOffset) {
  options.only = {"emu", "hen"};
  options.limit_per_class = 2;
  import_idx(options);
  EXPECT_EQ(files(), (std::vector<std::string>{".skein-import.json", "train/emu/02.png", "train/emu/05.png",
                                               "train/hen/00.png", "train/hen/03.png"}));
  options.split = "val";
  options.offset_per_class = 2;
  options.limit_per_class = 100;
  EXPECT_EQ(import_idx(options).num_images, 4u);
  EXPECT_TRUE(fs::exists(options.out / "val/hen/06.png"));
  EXPECT_FALSE(fs::exists(options.out / "val/hen/03.png"));
}

TEST_F(ImportIdx, WithoutNamesClassesAreNumbers) {
  options.classes.clear();
  import_idx(options);
  EXPECT_EQ(ImageFolder(options.out / "train").classes(), (std::vector<std::string>{"0", "1", "2"}));
}

TEST_F(ImportIdx, JpegOfTheAskedQuality) {
  options.format = "jpeg";
  options.split = "fine";
  options.quality = 95;
  import_idx(options);
  options.split = "coarse";
  options.quality = 10;
  import_idx(options);
  std::vector<uint8_t> buffer;
  RgbImage picture;
  decode_image(read_file(options.out / "fine/duck/10.jpg", buffer), "fine", picture);
  for (size_t byte = 0; byte < picture.num_bytes(); ++byte) EXPECT_NEAR(picture.data()[byte], 10, 2);
  EXPECT_NE(bytes_of(options.out / "fine/duck/10.jpg"), bytes_of(options.out / "coarse/duck/10.jpg"));
}

TEST_F(ImportIdx, AskingAgainWritesNothing) {
  EXPECT_FALSE(import_idx(options).was_complete);
  const auto written = fs::last_write_time(options.out / "train/duck/01.png");
  const ImportSummary again = import_idx(options);
  EXPECT_TRUE(again.was_complete);
  EXPECT_EQ(again.num_images, 12u);
  EXPECT_EQ(fs::last_write_time(options.out / "train/duck/01.png"), written);
}

TEST_F(ImportIdx, WhatIsMissingOrCutIsWrittenAgain) {
  import_idx(options);
  const auto whole = bytes_of(options.out / "train/duck/01.png");
  fs::remove(options.out / "train/emu/02.png");
  EXPECT_FALSE(import_idx(options).was_complete);
  EXPECT_TRUE(fs::exists(options.out / "train/emu/02.png"));
  fs::resize_file(options.out / "train/duck/01.png", 10);
  EXPECT_FALSE(import_idx(options).was_complete);
  EXPECT_EQ(bytes_of(options.out / "train/duck/01.png"), whole);
  EXPECT_TRUE(import_idx(options).was_complete);
}

TEST_F(ImportIdx, AnImportThatWasCutOffIsCompleted) {
  import_idx(options);
  const auto whole = files();
  auto text = lines_of(options.out / ".skein-import.json");
  std::vector<uint8_t> cut_off;
  for (std::string line : text) {
    if (const auto at = line.find("\"complete\": true"); at != std::string::npos) line.replace(at + 12, 4, "false");
    cut_off.insert(cut_off.end(), line.begin(), line.end());
  }
  replace_file(options.out / ".skein-import.json", cut_off);
  fs::remove_all(options.out / "train/hen");
  const fs::path left_by_a_kill = options.out / "train/emu/.99.png.skein-tmp";
  replace_file(left_by_a_kill, cut_off);
  EXPECT_FALSE(import_idx(options).was_complete);
  EXPECT_TRUE(import_idx(options).was_complete);
  fs::remove(left_by_a_kill);
  EXPECT_EQ(files(), whole);
}

TEST_F(ImportIdx, OtherFilesAreNeverMixedIn) {
  import_idx(options);
  options.limit_per_class = 1;
  EXPECT_TRUE(contains(message_of<DataError>([&] { import_idx(options); }), "train/hen already holds files"));
  options.split = "mine";
  fs::create_directories(options.out / "mine/duck");
  replace_file(options.out / "mine/duck/own.jpg", std::vector<uint8_t>{1});
  EXPECT_TRUE(contains(message_of<DataError>([&] { import_idx(options); }), "mine/duck already holds files"));
  EXPECT_FALSE(fs::exists(options.out / "mine/hen"));
}

TEST_F(ImportIdx, ADamagedRecordIsNamed) {
  import_idx(options);
  replace_file(options.out / ".skein-import.json", std::vector<uint8_t>{'{', '}'});
  EXPECT_TRUE(contains(message_of<DataError>([&] { import_idx(options); }), ".skein-import.json is damaged"));
}

TEST_F(ImportIdx, FilesThatDoNotBelongTogether) {
  options.labels = folder.add("fewer", idx_labels({0, 1, 2}));
  const std::string message = message_of<DataError>([&] { import_idx(options); });
  EXPECT_TRUE(contains(message, options.images.string() + " has 12 pictures (byte 4)"));
  EXPECT_TRUE(contains(message, options.labels.string() + " has 3 labels (byte 4)"));
  EXPECT_FALSE(fs::exists(options.out));
}

TEST_F(ImportIdx, NamesAndLabelsMustMatch) {
  options.classes = {"hen", "duck"};
  const std::string message = message_of<DataError>([&] { import_idx(options); });
  EXPECT_TRUE(contains(message, options.labels.string() + ": label 2 of picture 2 has no name"));
  options.classes = {"hen", "duck", "emu", "owl"};
  EXPECT_TRUE(contains(refusal_of_usage(), "names 4 classes, but the labels in"));
}

TEST_F(ImportIdx, RefusesWhatMakesNoSense) {
  const auto refusal = [&](auto change) {
    const IdxImport before = options;
    change(options);
    const std::string message = refusal_of_usage();
    options = before;
    return message;
  };
  EXPECT_TRUE(contains(refusal([](auto& o) { o.classes = {"a/b", "c", "d"}; }), "'a/b' cannot be the name"));
  EXPECT_TRUE(contains(refusal([](auto& o) { o.classes = {"a", "..", "d"}; }), "'..' cannot be the name"));
  EXPECT_TRUE(contains(refusal([](auto& o) { o.classes = {"a", "a", "d"}; }), "'a' is given twice"));
  EXPECT_TRUE(contains(refusal([](auto& o) { o.only = {"swan"}; }), "'swan' is not among --classes"));
  EXPECT_TRUE(contains(refusal([](auto& o) { o.classes = {}, o.only = {"hen"}; }), "there is no class 'hen'"));
  EXPECT_TRUE(contains(refusal([](auto& o) { o.split = ""; }), "--split"));
  EXPECT_TRUE(contains(refusal([](auto& o) { o.limit_per_class = 0; }), "--limit-per-class is 0"));
  EXPECT_TRUE(contains(refusal([](auto& o) { o.offset_per_class = -1; }), "--offset-per-class is -1"));
  EXPECT_TRUE(contains(refusal([](auto& o) { o.format = "gif"; }), "--format gif"));
  EXPECT_TRUE(contains(refusal([](auto& o) { o.quality = 50; }), "--quality has no meaning for png"));
  EXPECT_TRUE(contains(refusal([](auto& o) { o.format = "jpeg", o.quality = 101; }), "--quality is 101"));
}

TEST_F(ImportIdx, AClassWithoutPicturesLeftIsNamed) {
  options.offset_per_class = 4;
  EXPECT_TRUE(contains(message_of<DataError>([&] { import_idx(options); }), "class 'hen' has 4 pictures"));
  EXPECT_FALSE(fs::exists(options.out));
}

TEST_F(ImportIdx, AnOutputThatCannotBeWrittenIsNamed) {
  options.out = folder.add("file") / "out";
  EXPECT_TRUE(contains(message_of<StorageError>([&] { import_idx(options); }), "cannot create"));
}

}  // namespace
}  // namespace skein
