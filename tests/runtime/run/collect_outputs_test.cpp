#include "runtime/run/collect_outputs.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "runtime/process/error.h"
#include "tests/runtime/run/file_size_limit.h"
#include "tests/support/directory_test.h"

namespace skein {
namespace {

namespace fs = std::filesystem;

class CollectOutputs : public DirectoryTest {
 protected:
  void SetUp() override {
    DirectoryTest::SetUp();
    from_ = directory_ / "from";
    to_ = directory_ / "runs" / "e" / "id" / "outputs";
    fs::create_directories(from_);
    fs::create_directories(to_);
  }
  CollectedOutputs collect(const fs::path& from) { return collect_outputs(from, to_, since_, directory_ / "runs"); }

  fs::path from_, to_;
  fs::file_time_type since_ = fs::file_time_type::clock::now() - std::chrono::hours(1);
};

TEST_F(CollectOutputs, CopiesTheTree) {
  write_text(from_ / "model.safetensors", std::string(300000, 'm'));
  write_text(from_ / "checkpoints" / "1" / "state", "s");
  write_text(from_ / "empty", "");
  fs::permissions(from_ / "empty", fs::perms::owner_all);
  const CollectedOutputs result = collect(from_);
  EXPECT_EQ(result.num_files, 3u);
  EXPECT_EQ(result.num_bytes, 300001u);
  EXPECT_EQ(file_contents(to_ / "model.safetensors"), std::string(300000, 'm'));
  EXPECT_EQ(file_contents(to_ / "checkpoints" / "1" / "state"), "s");
  EXPECT_EQ(fs::status(to_ / "empty").permissions(), fs::perms::owner_all);
  EXPECT_EQ(fs::last_write_time(to_ / "empty"), fs::last_write_time(from_ / "empty"));
}

TEST_F(CollectOutputs, CopiesStayWhenTheNextRunRewritesItsOutputs) {
  write_text(from_ / "model", "first");
  collect(from_);
  std::ofstream(from_ / "model") << "second run";  // in place
  EXPECT_EQ(file_contents(to_ / "model"), "first");
}

TEST_F(CollectOutputs, LeavesOldHiddenAndLinkedFiles) {
  write_text(from_ / "old", "o");
  fs::last_write_time(from_ / "old", since_ - std::chrono::seconds(1));
  write_text(from_ / ".hidden", "h");
  write_text(from_ / ".git" / "config", "c");
  fs::create_symlink("/etc/passwd", from_ / "link");
  fs::create_directory_symlink("/etc", from_ / "links");
  write_text(from_ / "new", "n");
  EXPECT_EQ(collect(from_).num_files, 1u);
  EXPECT_TRUE(fs::exists(to_ / "new"));
}

TEST_F(CollectOutputs, AnOutputDirectoryThatHoldsTheRuns) {
  write_text(directory_ / "model", "m");
  write_text(directory_ / "runs" / "e" / "other" / "metrics.jsonl", "{}");
  EXPECT_EQ(collect(directory_).num_files, 1u);
  EXPECT_EQ(file_contents(to_ / "model"), "m");
}

TEST_F(CollectOutputs, FullDisk) {
  write_text(from_ / "model", std::string(100000, 'm'));
  const FileSizeLimit full(5000);
  EXPECT_ERROR(StorageError, "model", collect(from_));
  EXPECT_TRUE(fs::is_empty(to_));
}

TEST_F(CollectOutputs, MissingDirectory) {
  EXPECT_ERROR(StorageError, "nowhere", collect(directory_ / "nowhere"));
}

}  // namespace
}  // namespace skein
