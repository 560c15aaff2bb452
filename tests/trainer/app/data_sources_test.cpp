// Trainings from packed files and through caches, against the same from a folder.
#include "runtime/process/text.h"
#include "tests/support/directory_test.h"
#include "tests/support/run_mpi.h"
#include "tests/trainer/app/trainer_run.h"
#include "trainer/data/image_folder.h"
#include "trainer/data/pack/pack_source.h"

namespace skein {
namespace {

namespace fs = std::filesystem;

class DataSources : public TrainerTest {
 protected:
  DataSources() { write_image_folder(data(), 2, 13, 6); }
  void pack(const std::string& split, const fs::path& target, const PackOptions& options = {}) const {
    pack_source(ImageFolder(data() / split), target, options).writer->publish();
  }
  fs::path packed(const PackOptions& options = {}) const {
    const fs::path folder = directory() / "packed";
    fs::create_directories(folder);
    for (const char* split : {"train", "val"}) pack(split, folder / (std::string(split) + ".h5"), options);
    return folder;
  }
  std::vector<std::string> flags_on(const fs::path& folder, const std::string& id, std::vector<std::string> more = {}) const {
    more.insert(more.end(), {"--seed", "5"});
    std::vector<std::string> all = flags(id, more);
    all[1] = folder;
    return all;
  }
  std::string model(const std::string& id) const { return file_contents(run_directory(id) / "outputs/model.safetensors"); }
  std::string log_of(const std::string& id, int rank = 0) const {
    return file_contents(run_directory(id) / "logs" / concat("rank_000", rank, ".log"));
  }
};

TEST_F(DataSources, AKeptPackTrainsToTheSameBitsAsItsFolder) {
  PackOptions shards;
  shards.num_shards = 3;
  ASSERT_TRUE(succeeded(train(2, flags_on(data(), "folder"))));
  ASSERT_TRUE(succeeded(train(2, flags_on(packed(shards), "pack"))));
  EXPECT_EQ(model("folder"), model("pack"));
  EXPECT_EQ(last("folder", "val/loss"), last("pack", "val/loss"));
  // As raw pixels of the size that the crop asks for, the pictures are the same too: they are 40 pixels already.
  PackOptions raw;
  raw.recipe.encoding = PackEncoding::kRaw;
  ASSERT_TRUE(succeeded(train(2, flags_on(packed(raw), "raw"))));
  EXPECT_EQ(model("folder"), model("raw"));
}

TEST_F(DataSources, AFolderAndAPackMayBeMixed) {
  const fs::path mixed = directory() / "mixed";
  fs::create_directories(mixed);
  fs::create_directory_symlink(data() / "train", mixed / "train");
  pack("val", mixed / "val.h5");
  ASSERT_TRUE(succeeded(train_alone(flags_on(data(), "folder"))));
  ASSERT_TRUE(succeeded(train_alone(flags_on(mixed, "mixed"))));
  EXPECT_EQ(model("folder"), model("mixed"));
}

TEST_F(DataSources, ATrainingOfTheFolderGoesOnWithItsPack) {
  ASSERT_TRUE(succeeded(train_alone(flags_on(data(), "whole", {"--epochs", "3"}))));
  ASSERT_TRUE(succeeded(train_alone(flags_on(data(), "run", {"--epochs", "1"}))));
  ASSERT_TRUE(succeeded(train_alone(flags_on(packed(), "run", {"--epochs", "3", "--resume", "auto"}))));
  EXPECT_EQ(model("whole"), model("run"));
  EXPECT_EQ(record("run").at("attempts"), 2);
  PackOptions jpeg;
  jpeg.recipe = {PackEncoding::kJpeg, 0, false, 50};
  EXPECT_TRUE(refused(train_alone(flags_on(packed(jpeg), "run", {"--epochs", "4", "--resume", "auto"})), 4, {"data"}));
}

TEST_F(DataSources, BadDataPaths) {
  const fs::path both = packed();
  fs::create_directory_symlink(data() / "train", both / "train");
  EXPECT_TRUE(refused(train(2, flags_on(both, "x")), 4, {"both", (both / "train").string(), "train.h5"}));
  fs::remove(both / "train");
  fs::resize_file(both / "val.h5", fs::file_size(both / "val.h5") - 9);
  EXPECT_TRUE(refused(train(2, flags_on(both, "x")), 4, {(both / "val.h5").string()}));
  fs::remove(both / "val.h5");
  EXPECT_TRUE(refused(train(2, flags_on(both, "x")), 4, {"val.h5", "neither"}));
  fs::create_directories(data() / "val" / "goose");
  write_class(data() / "val" / "goose", 2, 1);
  pack("val", both / "val.h5");
  EXPECT_TRUE(refused(train(2, flags_on(both, "x")), 4, {"goose", "not in"}));
  EXPECT_FALSE(fs::exists(directory() / "runs"));
}

TEST_F(DataSources, UnreadableImagesOfAPackAreNamedOrSkipped) {
  fs::resize_file(data() / "train/class_1/5.png", 300);  // its header is whole
  const fs::path folder = packed();
  EXPECT_TRUE(refused(train(2, flags_on(folder, "fail")), 4, {"train.h5:class_1/5.png"}));
  ASSERT_TRUE(succeeded(train(2, flags_on(folder, "skip", {"--unreadable", "skip"}))));
  EXPECT_EQ(last("skip", "train/skipped_images"), 1);
}

TEST_F(DataSources, CachesChangeNothingButWhereImagesComeFrom) {
  const std::string cache = directory() / "cache";
  ASSERT_TRUE(succeeded(train(2, flags_on(data(), "plain"))));
  const CapturedRun memory = train(2, flags_on(data(), "memory", {"--cache", "memory", "--cache-bytes", "64M"}));
  ASSERT_TRUE(succeeded(memory));
  EXPECT_NE(memory.standard_output.find("images are cached in memory, up to 32.0 MiB on each rank"), std::string::npos)
      << memory.standard_output;
  const CapturedRun disk = train(2, flags_on(data(), "disk", {"--cache", "disk", "--cache-dir", cache}));
  ASSERT_TRUE(succeeded(disk));
  EXPECT_NE(disk.standard_output.find("images are cached in " + cache), std::string::npos) << disk.standard_output;
  ASSERT_TRUE(succeeded(train_alone(flags_on(data(), "again", {"--cache", "disk", "--cache-dir", cache}))));
  EXPECT_EQ(model("plain"), model("memory"));
  EXPECT_EQ(model("plain"), model("disk"));
  EXPECT_NE(log_of("disk").find("were put into it"), std::string::npos);
  EXPECT_NE(log_of("again").find("of 76 images 76 came from it, 0 were put into it"), std::string::npos) << log_of("again");
  EXPECT_EQ(log_of("plain").find("cache"), std::string::npos);
}

TEST_F(DataSources, CachesThatCannotBe) {
  const auto cache_refused = [&](const std::vector<std::string>& more, int code, const std::vector<std::string>& parts) {
    return refused(train_alone(flags_on(data(), "x", more)), code, parts);
  };
  EXPECT_TRUE(cache_refused({"--cache", "disk"}, 2, {"--cache-dir"}));
  EXPECT_TRUE(cache_refused({"--cache", "tape"}, 2, {"--cache", "tape"}));
  EXPECT_TRUE(cache_refused({"--cache-dir", "x"}, 2, {"--cache-dir", "--cache disk"}));
  EXPECT_TRUE(cache_refused({"--cache-bytes", "1G"}, 2, {"--cache-bytes", "--cache"}));
  EXPECT_TRUE(cache_refused({"--cache", "memory", "--cache-bytes", "much"}, 2, {"--cache-bytes", "much"}));
  EXPECT_TRUE(cache_refused({"--cache", "disk", "--cache-dir", "/proc/cache"}, 8, {"/proc/cache", "--cache-dir"}));
  EXPECT_FALSE(fs::exists(directory() / "runs"));
}

}  // namespace
}  // namespace skein
