// Checkpoints are whole or refused by name.

#include "trainer/parallel/checkpoint.h"

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <torch/types.h>
#include <zlib.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "tests/collectives/conformance/expect_throw.h"
#include "tests/support/temporary_directory.h"

namespace skein {
namespace {

namespace fs = std::filesystem;

Checkpoint sample(std::int64_t step, std::optional<double> score = std::nullopt) {
  Checkpoint checkpoint;
  checkpoint.step = step;
  checkpoint.tensors = {{"a", torch::full({3, 5}, static_cast<double>(step))}, {"b", torch::arange(7)}};
  checkpoint.facts = R"({"epoch": 2})";
  checkpoint.score = score;
  return checkpoint;
}

class CheckpointTest : public ::testing::Test {
 protected:
  fs::path folder() const { return directory_.path() / "checkpoints"; }
  std::vector<std::string> names() const {
    std::vector<std::string> result;
    for (const auto& entry : fs::directory_iterator(folder())) result.push_back(entry.path().filename());
    std::sort(result.begin(), result.end());
    return result;
  }
  void write(const fs::path& file, const std::string& text) const { std::ofstream(file, std::ios::binary) << text; }

 private:
  TemporaryDirectory directory_;
};

using Names = std::vector<std::string>;

TEST_F(CheckpointTest, IsReadAsItWasWritten) {
  const fs::path directory = write_checkpoint(folder(), sample(12, 0.5));
  EXPECT_EQ(directory.filename(), "step_000000012");
  const Checkpoint read = read_checkpoint(directory);
  EXPECT_EQ(read.step, 12);
  EXPECT_EQ(read.score, 0.5);
  EXPECT_EQ(nlohmann::json::parse(read.facts).at("epoch"), 2);
  ASSERT_EQ(read.tensors.size(), 2u);
  EXPECT_TRUE(torch::equal(read.tensors.at("a"), sample(12).tensors.at("a")));
  EXPECT_TRUE(torch::equal(read.tensors.at("b"), torch::arange(7)));
}

TEST_F(CheckpointTest, KeepsTheLastAndTheBest) {
  const CheckpointPolicy policy{.keep_last = 2, .keep_best = 1};
  for (const auto& [step, score] : std::vector<std::pair<int, double>>{{1, 5}, {2, 9}, {3, 7}, {4, 1}, {5, 2}})
    write_checkpoint(folder(), sample(step, score), policy);
  EXPECT_EQ(names(), (Names{"step_000000002", "step_000000004", "step_000000005"}));
}

TEST_F(CheckpointTest, RemovesWhatKilledWritersLeft) {
  fs::create_directories(folder() / ".new-step_000000001");
  fs::create_directories(folder() / "mine");
  write_checkpoint(folder(), sample(2));
  write_checkpoint(folder(), sample(2));
  EXPECT_EQ(names(), (Names{"mine", "step_000000002"}));
}

TEST_F(CheckpointTest, RefusesAManifestCutAtAnyByte) {
  const fs::path file = write_checkpoint(folder(), sample(3)) / "manifest.json";
  const std::string text = file_contents(file);
  for (std::size_t length = 0; length < text.size(); ++length) {
    write(file, text.substr(0, length));
    EXPECT_THROW_SAYING(read_checkpoint(file.parent_path()), DataError, "manifest.json is damaged") << length;
  }
}

TEST_F(CheckpointTest, RefusesAnyFlippedBit) {
  const fs::path directory = write_checkpoint(folder(), sample(3));
  for (const char* name : {"manifest.json", "state.safetensors"}) {
    const std::string text = file_contents(directory / name);
    for (std::size_t i = 0; i < text.size(); ++i) {
      std::string damaged = text;
      damaged[i] = static_cast<char>(damaged[i] ^ (1 << i % 8));
      write(directory / name, damaged);
      EXPECT_THROW_SAYING(read_checkpoint(directory), DataError, "damaged") << name << " byte " << i;
    }
    write(directory / name, text);
  }
  EXPECT_EQ(read_checkpoint(directory).step, 3);
}

TEST_F(CheckpointTest, RefusesOtherFormatsByName) {
  const fs::path directory = write_checkpoint(folder(), sample(3));
  fs::remove(directory / "manifest.json");
  EXPECT_THROW_SAYING(read_checkpoint(directory), DataError, "it has no manifest.json");
  write(directory / "checkpoint.json", "{}");
  EXPECT_THROW_SAYING(read_checkpoint(directory), DataError, "format 1, which an older Skein wrote");
}

TEST_F(CheckpointTest, RefusesANewerFormatByName) {
  const fs::path file = write_checkpoint(folder(), sample(3)) / "manifest.json";
  std::ifstream in(file);
  nlohmann::json whole = nlohmann::json::parse(in);
  whole["manifest"]["format"] = kCheckpointFormat + 1;
  const std::string text = whole["manifest"].dump();
  whole["crc32"] = crc32_z(0, reinterpret_cast<const Bytef*>(text.data()), text.size());
  write(file, whole.dump(2) + "\n");
  EXPECT_THROW_SAYING(read_checkpoint(file.parent_path()), DataError, concat("format ", kCheckpointFormat + 1),
                      "use the newer Skein that wrote it");
}

TEST_F(CheckpointTest, TheNewestThatCanBeReadIsFound) {
  EXPECT_FALSE(newest_checkpoint(folder()));
  for (const int step : {1, 2, 3}) write_checkpoint(folder(), sample(step), {.keep_last = 5});
  fs::resize_file(folder() / "step_000000003/state.safetensors", 50);
  fs::remove(folder() / "step_000000002/state.safetensors");
  const auto found = newest_checkpoint(folder());
  ASSERT_TRUE(found);
  EXPECT_EQ(found->directory, folder() / "step_000000001");
  ASSERT_EQ(found->refused.size(), 2u);
  EXPECT_NE(found->refused[0].find("step_000000003/state.safetensors is damaged"), std::string::npos);
  EXPECT_NE(found->refused[1].find("step_000000002/state.safetensors is missing"), std::string::npos);
  fs::remove(folder() / "step_000000001/manifest.json");
  EXPECT_THROW_SAYING(newest_checkpoint(folder()), DataError, "none of the checkpoints");
}

TEST_F(CheckpointTest, AFailureLeavesNothingAndTheOthersAlone) {
  write_checkpoint(folder(), sample(1));
  Checkpoint impossible = sample(2);
  impossible.tensors["c"] = torch::zeros({2}, torch::kComplexFloat);  // no weight file holds it
  EXPECT_THROW(write_checkpoint(folder(), impossible), Error);
  EXPECT_EQ(names(), (Names{"step_000000001"}));
}

/// A file system of 1 MiB, where mounting is permitted.
class SmallDisk {
 public:
  explicit SmallDisk(const fs::path& directory) : directory_(directory) {
    fs::create_directories(directory);
    is_mounted_ = mount("small", directory.c_str(), "tmpfs", 0, "size=1m") == 0;
  }
  ~SmallDisk() {
    if (is_mounted_) umount2(directory_.c_str(), MNT_DETACH);
  }
  bool is_mounted() const { return is_mounted_; }

 private:
  fs::path directory_;
  bool is_mounted_;
};

TEST_F(CheckpointTest, OnAFullDiskThePreviousOneStays) {
  const SmallDisk disk(folder());
  if (!disk.is_mounted()) GTEST_SKIP() << "mounting a small file system is not permitted here";
  const CheckpointPolicy keep_all{.keep_last = 9};
  Checkpoint large = sample(1);
  large.tensors["c"] = torch::zeros({90'000});
  write_checkpoint(folder(), large, keep_all);
  large.step = 2;
  write_checkpoint(folder(), large, keep_all);
  large.step = 3;
  int num_failures = 0;
  for (std::int64_t num_elements = 90'000; num_elements > 0; num_elements -= 512) {  // half a page less: the last lacks the manifest
    large.tensors["c"] = torch::zeros({num_elements});
    try {
      write_checkpoint(folder(), large, keep_all);
      break;
    } catch (const StorageError& error) {
      ++num_failures;
      EXPECT_NE(std::string(error.what()).find("No space left on device"), std::string::npos) << error.what();
      EXPECT_EQ(names(), (Names{"step_000000001", "step_000000002"})) << "nothing half-written is left";
      EXPECT_EQ(newest_checkpoint(folder())->checkpoint.step, 2);
    }
  }
  EXPECT_GT(num_failures, 10);
  EXPECT_EQ(newest_checkpoint(folder())->checkpoint.step, 3) << "it fits at last";
}

TEST_F(CheckpointTest, TheWriterTellsWhatWentWrong) {
  CheckpointWriter writer(folder());
  int num_done = 0;
  writer.write(sample(1), [&] { ++num_done; });
  writer.wait();
  EXPECT_EQ(num_done, 1);
  EXPECT_FALSE(writer.is_busy());
  writer.write(sample(2), [] { throw StorageError("no room"); });
  EXPECT_THROW_SAYING(writer.wait(), StorageError, "no room");
  writer.wait();
  EXPECT_EQ(names(), (Names{"step_000000001"}));
}

}  // namespace
}  // namespace skein
