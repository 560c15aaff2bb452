// Files that must survive kills and full disks: atomic_file, append_file, json_lines, space_check.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "runtime/process/error.h"
#include "runtime/run/append_file.h"
#include "runtime/run/atomic_file.h"
#include "runtime/run/json_lines.h"
#include "runtime/run/space_check.h"
#include "tests/runtime/run/file_size_limit.h"
#include "tests/support/directory_test.h"

namespace skein {
namespace {

namespace fs = std::filesystem;

std::size_t num_entries(const fs::path& directory) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
}

class Storage : public DirectoryTest {};

TEST_F(Storage, AtomicFileReplacesWhole) {
  const fs::path file = directory_ / "f";
  write_file_atomically(file, "old");
  AtomicFile next(file);
  next.write("new ");
  EXPECT_EQ(file_contents(file), "old");
  next.write("text");
  next.commit();
  EXPECT_EQ(file_contents(file), "new text");
  EXPECT_EQ(num_entries(directory_), 1u);
}

TEST_F(Storage, AbandonedAtomicFileLeavesNothing) {
  write_file_atomically(directory_ / "f", "old");
  { AtomicFile(directory_ / "f").write("half"); }
  EXPECT_EQ(file_contents(directory_ / "f"), "old");
  EXPECT_EQ(num_entries(directory_), 1u);
}

TEST_F(Storage, AFullDiskLeavesTheOldFile) {
  const fs::path file = directory_ / "f";
  write_file_atomically(file, "old");
  {
    const FileSizeLimit full(1000);
    EXPECT_ERROR(StorageError, "cannot write " + file.string() + ": File too large",
                 write_file_atomically(file, std::string(5000, 'x')));
  }
  EXPECT_EQ(file_contents(file), "old");
  EXPECT_EQ(num_entries(directory_), 1u);
}

TEST_F(Storage, AtomicFileWhereThereIsNoDirectory) {
  EXPECT_ERROR(StorageError, "No such file or directory", write_file_atomically(directory_ / "no" / "f", "text"));
  EXPECT_ERROR(StorageError, "choose another place with --json", AtomicFile(directory_ / "no" / "f", "--json"));
}

TEST_F(Storage, AppendedLinesAreThereAtOnce) {
  AppendFile file(directory_ / "lines");
  file.append("one");
  EXPECT_EQ(file_contents(directory_ / "lines"), "one\n");
  file.append("two");
  EXPECT_EQ(file_contents(directory_ / "lines"), "one\ntwo\n");
}

TEST_F(Storage, ATornLineOfAnEarlierWriterSpoilsNoOther) {
  write_text(directory_ / "lines", "one\ntw");
  AppendFile(directory_ / "lines").append("three");
  EXPECT_EQ(file_contents(directory_ / "lines"), "one\ntw\nthree\n");
}

TEST_F(Storage, AppendingGoesOnAfterAFullDisk) {
  AppendFile file(directory_ / "lines");
  {
    const FileSizeLimit full(10);
    file.append("12345678");
    EXPECT_ERROR(StorageError, "No space left on device", file.append("abc"));  // one byte of it still fits
    EXPECT_ERROR(StorageError, "File too large", file.append("abc"));
  }
  file.append("end");
  EXPECT_EQ(file_contents(directory_ / "lines"), "12345678\na\nend\n");
}

TEST_F(Storage, AppendingToAFullDevice) {
  AppendFile file("/dev/full");
  EXPECT_ERROR(StorageError, "remedy: free some space", file.append("line"));
}

TEST_F(Storage, JsonLinesSkipWhatIsNoObject) {
  const fs::path file = directory_ / "lines";
  write_text(file, "{\"a\":1}\n\n{\"a\":\n[1]\n{\"a\":2}\n{\"a\":3");
  int sum = 0;
  EXPECT_EQ(read_json_lines(file, [&](const nlohmann::json& line) { sum += line.at("a").get<int>(); }), 2u);
  EXPECT_EQ(sum, 3);
  EXPECT_EQ(read_json_lines(directory_ / "missing", [](const nlohmann::json&) { FAIL(); }), 0u);
}

TEST_F(Storage, WritableDirectoriesAreCreatedAndLeftEmpty) {
  require_writable(directory_ / "a" / "b", 1);
  EXPECT_EQ(num_entries(directory_ / "a" / "b"), 0u);
}

TEST_F(Storage, WhatCannotBeWrittenIsSaidBefore) {
  write_text(directory_ / "file", "in the way");
  EXPECT_ERROR(StorageError, (directory_ / "file" / "runs").string(), require_writable(directory_ / "file" / "runs"));
  EXPECT_ERROR(StorageError, "Not a directory", require_writable(directory_ / "file"));
  EXPECT_ERROR(StorageError, "/proc", require_writable("/proc/skein"));
  EXPECT_ERROR(StorageError, "MiB needed", require_writable(directory_, std::uint64_t{1} << 60));
  const FileSizeLimit full(4096);
  EXPECT_ERROR(StorageError, "cannot write", require_writable(directory_));
}

}  // namespace
}  // namespace skein
