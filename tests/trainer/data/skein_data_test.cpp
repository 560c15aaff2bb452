// The program skein-data as a user meets it.
#include <csignal>
#include <nlohmann/json.hpp>
#include <thread>

#include "idx_test_files.h"
#include "pack_test_support.h"
#include "runtime/process/subprocess.h"
#include "runtime/process/text.h"
#include "trainer/data/pack/packed_images.h"

namespace skein {
namespace {

using namespace skein::testing;
using namespace std::chrono_literals;

CapturedRun skein_data(std::vector<std::string> words) {
  words.insert(words.begin(), SKEIN_DATA_PROGRAM);
  SubprocessOptions options;
  options.argv = words;
  return run_captured(options, Deadline::after(30s));
}

TEST(SkeinData, HelpPages) {
  for (const char* flag : {"--help", "-h"}) EXPECT_TRUE(contains(skein_data({flag}).standard_output, "import-idx"));
  const CapturedRun help = skein_data({"import-idx", "--help"});
  EXPECT_TRUE(help.status.success());
  for (const char* part : {"--images", "--only", "--limit-per-class", "--offset-per-class", "--quality", "Example"})
    EXPECT_TRUE(contains(help.standard_output, part));
}

TEST(SkeinData, EveryCommandExplainsItself) {
  const CapturedRun all = skein_data({"--help"});
  for (const char* command : {"import-idx", "split", "stats", "verify", "pack"}) {
    EXPECT_TRUE(contains(all.standard_output, concat("  ", command, " ")));
    const CapturedRun help = skein_data({command, "--help"});
    EXPECT_TRUE(help.status.success()) << command;
    EXPECT_TRUE(contains(help.standard_output, concat("skein-data ", command)));
    EXPECT_EQ(help.standard_error, "");
    EXPECT_EQ(skein_data({command, "--version"}).standard_output, concat("skein-data ", command, " " SKEIN_VERSION "\n"));
  }
}

TEST(SkeinData, ImportsAndSaysWhat) {
  TemporaryFolder folder;
  const std::string images = folder.add("images", idx_images(4)),
                    labels = folder.add("labels", idx_labels({0, 1, 0, 1}));
  const std::string out = folder.path() / "out";
  const std::vector<std::string> words{"import-idx", "--images", images,    "--labels",  labels,
                                       "--out",      out,        "--split", "val",       "--classes",
                                       "hen,emu",    "--format", "jpeg",    "--quality", "80"};
  const CapturedRun first = skein_data(words);
  EXPECT_TRUE(first.status.success()) << first.standard_error;
  EXPECT_EQ(first.standard_output, out + "/val: 4 images of 2 classes\n");
  EXPECT_EQ(skein_data(words).standard_output, out + "/val: 4 images of 2 classes, complete before\n");
  EXPECT_TRUE(std::filesystem::exists(out + "/val/emu/3.jpg"));
}

TEST(SkeinData, ExitCodesTellTheKindOfError) {
  TemporaryFolder folder;
  const std::string images = folder.add("images", idx_images(4)), labels = folder.add("labels", idx_labels({0, 1}));
  EXPECT_EQ(skein_data({}).status.code, 2);
  EXPECT_EQ(skein_data({"export"}).status.code, 2);
  EXPECT_EQ(skein_data({"import-idx", "--out", "x"}).status.code, 2);
  const CapturedRun mismatch =
      skein_data({"import-idx", "--images", images, "--labels", labels, "--out", folder.path() / "out"});
  EXPECT_EQ(mismatch.status.code, 4);
  EXPECT_TRUE(contains(mismatch.standard_error, "do not belong together"));
  EXPECT_TRUE(contains(mismatch.standard_error, "remedy"));
}

/// A data set, and the commands on it.
class DataCommands : public ::testing::Test {
 protected:
  DataCommands() {
    add_pictures(folder, "birds/train");
    add_pictures(folder, "birds/val");
  }
  std::string path(const std::string& name) const { return folder.path() / name; }
  /// The command fails with `code`, says `parts`, and writes nothing.
  void refuse(const std::vector<std::string>& words, int code, const std::vector<std::string>& parts) const {
    const auto before = names_in(folder.path());
    const CapturedRun run = skein_data(words);
    EXPECT_EQ(run.status.shell_code(), code) << run.standard_error;
    for (const std::string& part : parts) EXPECT_TRUE(contains(run.standard_error, part));
    EXPECT_EQ(names_in(folder.path()), before);
  }

  TemporaryFolder folder;
};

TEST_F(DataCommands, PacksADataSetAndVerifiesIt) {
  const CapturedRun run = skein_data({"pack", path("birds"), path("packed"), "-j", "2"});
  EXPECT_TRUE(run.status.success()) << run.standard_error;
  EXPECT_TRUE(contains(run.standard_output, path("packed/train.h5") + ": 6 images of 2 classes, "));
  EXPECT_TRUE(contains(run.standard_output, path("packed/val.h5") + ": 6 images of 2 classes, "));
  EXPECT_TRUE(contains(run.standard_output, "images/s"));
  EXPECT_EQ(names_in(path("packed")), (std::vector<std::string>{"train.h5", "val.h5"}));
  const CapturedRun verified = skein_data({"verify", path("packed"), "--list", path("list")});
  EXPECT_TRUE(verified.status.success()) << verified.standard_error;
  EXPECT_TRUE(contains(verified.standard_output, path("packed/val.h5") + ": 6 of 6 images are sound"));
  EXPECT_EQ(bytes_of(path("list")).size(), 0u);
}

TEST_F(DataCommands, PacksOneSplitInEveryForm) {
  EXPECT_TRUE(skein_data({"pack", path("birds/train"), path("raw.h5"), "--encoding", "raw", "--size", "40", "--enlarge"}).status.success());
  EXPECT_TRUE(skein_data({"pack", path("raw.h5"), path("j.h5"), "--encoding", "jpeg", "--size", "30", "--quality", "70", "--shards", "2"}).status.success());
  EXPECT_TRUE(skein_data({"pack", path("birds/train"), path("k.h5"), "--shard-size", "1K"}).status.success());
  const PackedImages raw(path("raw.h5")), jpeg(path("j.h5")), keep(path("k.h5"));
  for (size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(std::min(raw.dimensions(i).width, raw.dimensions(i).height), 40);
    EXPECT_EQ(std::min(jpeg.dimensions(i).width, jpeg.dimensions(i).height), 30);
  }
  EXPECT_EQ(jpeg.num_files(), 2u);
  EXPECT_EQ(jpeg.recipe().quality, 70);
  EXPECT_GT(keep.num_files(), 2u);
  EXPECT_EQ(keep.recipe().encoding, PackEncoding::kKeep);
}

TEST_F(DataCommands, OverwritesOnlyWhenAsked) {
  const std::vector<std::string> words{"pack", path("birds/train"), path("p.h5"), "--shards", "3"};
  EXPECT_TRUE(skein_data(words).status.success());
  refuse(words, 2, {"p.h5 exists already", "--overwrite"});
  EXPECT_TRUE(skein_data({"pack", path("birds/train"), path("p.h5"), "--shards", "2", "--overwrite"}).status.success());
  EXPECT_EQ(names_in(folder.path()), (std::vector<std::string>{"birds", "p-00000-of-00002.h5", "p-00001-of-00002.h5", "p.h5"}));
  EXPECT_EQ(PackedImages(path("p.h5")).num_images(), 6u);
}

TEST_F(DataCommands, PackRefusesWhatMakesNoSense) {
  const auto pack_refused = [&](std::vector<std::string> more, int code, const std::vector<std::string>& parts) {
    more.insert(more.begin(), {"pack", path("birds/train"), path("x.h5")});
    refuse(more, code, parts);
  };
  refuse({"pack", path("birds")}, 2, {"OUT"});
  refuse({"pack", path("nothing"), path("x.h5")}, 4, {"nothing", "does not exist"});
  refuse({"pack", path("birds/train"), path("birds")}, 2, {"is a folder", "train.h5"});
  folder.add("file");
  refuse({"pack", path("birds"), path("file")}, 2, {"is a file"});
  refuse({"pack", path("file"), path("x.h5")}, 4, {"is no HDF5 file"});
  pack_refused({"--encoding", "png"}, 2, {"--encoding", "png"});
  pack_refused({"--size", "40"}, 2, {"--size", "keep"});
  pack_refused({"--encoding", "raw", "--size", "0"}, 2, {"--size"});
  pack_refused({"--encoding", "raw", "--enlarge"}, 2, {"--enlarge", "--size"});
  pack_refused({"--encoding", "raw", "--quality", "80"}, 2, {"--quality"});
  pack_refused({"--encoding", "jpeg", "--quality", "101"}, 2, {"--quality"});
  pack_refused({"--shards", "2", "--shard-size", "1G"}, 2, {"--shards", "--shard-size"});
  pack_refused({"--shards", "7"}, 2, {"--shards 7", "6 images"});
  pack_refused({"--shards", "0"}, 2, {"--shards"});
  pack_refused({"--shard-size", "many"}, 2, {"--shard-size", "many"});
  pack_refused({"--workers", "-1"}, 2, {"--workers"});
  pack_refused({"--unreadable", "maybe"}, 2, {"--unreadable"});
  refuse({"pack", path("birds/train"), "/proc/nowhere/x.h5"}, 8, {"/proc/nowhere"});
  folder.add("birds/val/owl/1.jpg", bytes_of(expected("grey.jpg")));
  refuse({"pack", path("birds"), path("packed")}, 4, {"owl"});
}

TEST_F(DataCommands, PackNamesUnreadableImages) {
  folder.add("birds/train/hen/0.jpg", {'n', 'o'});
  refuse({"pack", path("birds/train"), path("x.h5")}, 4, {"hen/0.jpg"});
  const CapturedRun run = skein_data({"pack", path("birds/train"), path("x.h5"), "--unreadable", "skip"});
  EXPECT_TRUE(run.status.success());
  EXPECT_TRUE(contains(run.standard_output, "6 images of 2 classes"));
  EXPECT_TRUE(contains(run.standard_error, "1 images were left out"));
  EXPECT_TRUE(contains(run.standard_error, "hen/0.jpg"));
}

TEST_F(DataCommands, APackingThatIsKilledLeavesNothing) {
  for (int i = 0; i < 400; ++i) folder.add(concat("many/hen/", i, ".png"), bytes_of(expected("rgb.png")));
  SubprocessOptions options;
  options.argv = {SKEIN_DATA_PROGRAM, "pack", path("many"), path("out/x.h5"), "--encoding", "raw", "--size", "700", "--enlarge", "-j", "1"};
  for (const int milliseconds : {20, 60, 150}) {
    Subprocess process(options);
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
    process.send_signal(SIGKILL);
    const auto status = process.wait(Deadline::after(10s));
    ASSERT_TRUE(status && status->signal_number == SIGKILL);
    if (std::filesystem::exists(path("out"))) {
      EXPECT_EQ(names_in(path("out")), (std::vector<std::string>{})) << milliseconds;
    }
  }
}

TEST_F(DataCommands, VerifyListsBadImagesAndFails) {
  auto broken = bytes_of(expected("ycbcr_420.jpg"));
  broken.resize(broken.size() / 2);
  const std::string bad = folder.add("birds/val/emu/0.jpg", broken);
  const CapturedRun run = skein_data({"verify", path("birds"), "--list", path("list")});
  EXPECT_EQ(run.status.shell_code(), 4);
  EXPECT_TRUE(contains(run.standard_output, bad));
  EXPECT_TRUE(contains(run.standard_output, "6 of 7 images are sound"));
  EXPECT_TRUE(contains(run.standard_output, path("birds/train") + ": 6 of 6"));
  EXPECT_TRUE(contains(run.standard_error, "1 of 13 images"));
  EXPECT_EQ(lines_of(path("list")), (std::vector<std::string>{bad}));
  refuse({"verify", path("nothing")}, 4, {"nothing"});
  refuse({"verify"}, 2, {"PATH"});
  EXPECT_EQ(skein_data({"verify", path("birds/train"), "--list", path("no/where")}).status.shell_code(), 8);
}

TEST_F(DataCommands, StatsSayWhatThereIs) {
  const CapturedRun text = skein_data({"stats", path("birds")});
  EXPECT_TRUE(text.status.success());
  EXPECT_TRUE(contains(text.standard_output, concat("train (", path("birds/train"), "): 6 images of 2 classes")));
  EXPECT_TRUE(contains(text.standard_output, "WARNING: 6 images of val are in train too"));
  const CapturedRun run = skein_data({"stats", path("birds/train"), "--json", "-j", "1"});
  EXPECT_EQ(nlohmann::json::parse(run.standard_output).at("splits")[0].at("num_images"), 6);
  refuse({"stats", path("nothing")}, 4, {"nothing"});
  refuse({"stats", path("birds"), "--jason"}, 2, {"--jason"});
}

TEST_F(DataCommands, SplitDividesAFolder) {
  const CapturedRun run = skein_data({"split", path("birds/train"), path("out"), "--val", "0.34", "--test", "0.33", "--seed", "3", "--link", "symbolic"});
  EXPECT_TRUE(run.status.success()) << run.standard_error;
  EXPECT_EQ(run.standard_output, path("out") + ": 2 images in train, 2 images in val, 2 images in test, 2 classes\n");
  EXPECT_EQ(names_in(path("out")), (std::vector<std::string>{"test", "train", "val"}));
  refuse({"split", path("birds/train"), path("out")}, 2, {"exists already"});
  refuse({"split", path("birds/train"), path("new"), "--val", "1.5"}, 2, {"--val"});
  refuse({"split", path("birds/train"), path("new"), "--val", "0"}, 2, {"--val"});
  refuse({"split", path("birds/train"), path("new"), "--link", "soft"}, 2, {"--link"});
  folder.add("birds/train/owl/1_1.jpg");
  folder.add("birds/train/owl/1_2.jpg");
  refuse({"split", path("birds/train"), path("new"), "--group-separator", "_"}, 4, {"owl", "1 groups", "too few"});
}

}  // namespace
}  // namespace skein
