#include "runtime/run/run_directory.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "runtime/process/error.h"
#include "runtime/run/run.h"
#include "runtime/run/run_record.h"
#include "tests/support/directory_test.h"

namespace skein {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class RunDirectoryTest : public DirectoryTest {
 protected:
  fs::path runs() const { return directory_ / "runs"; }
  fs::path make(const std::string& experiment, const std::string& id) const {
    skein::Run run({.runs_dir = runs(), .experiment = experiment, .run_id = id}, {});
    run.complete();
    return run.directory();
  }
};

TEST_F(RunDirectoryTest, ListsRunsInOrder) {
  make("b", "20260101-a");
  make("a", "20260102-a");
  make("b", "20260103-a");
  fs::create_directories(runs() / "b" / "not a run");
  fs::create_directories(runs() / ".hidden" / "x");
  write_text(runs() / "README", "hello");
  std::string ids;
  for (const RunEntry& run : list_runs(runs())) ids += run.experiment + "/" + run.id + " ";
  EXPECT_EQ(ids, "b/20260101-a a/20260102-a b/20260103-a ");
  EXPECT_EQ(list_runs(runs(), "b").size(), 2u);
  EXPECT_EQ(list_runs(runs(), "none").size(), 0u);
  EXPECT_ERROR(DataError, "cannot read /nowhere", list_runs("/nowhere"));
}

TEST_F(RunDirectoryTest, FindsByPrefixAndTail) {
  make("a", "20260101-101500-001-k7f2");
  make("a", "20260101-101500-002-xxxx");
  make("b", "20260101");
  EXPECT_EQ(find_run(runs(), "20260101-101500-001-k7f2").id(), "20260101-101500-001-k7f2");
  EXPECT_EQ(find_run(runs(), "k7f2").id(), "20260101-101500-001-k7f2");
  EXPECT_EQ(find_run(runs(), "20260101-101500-002").id(), "20260101-101500-002-xxxx");
  EXPECT_EQ(find_run(runs(), "20260101").experiment(), "b") << "the exact one";
  EXPECT_ERROR(UsageError, "'20260101-' means 2 runs:\n  a/20260101-101500-001-k7f2\n  a/20260101-101500-002-xxxx",
               find_run(runs(), "20260101-"));
  EXPECT_ERROR(UsageError, "no run 'zzz'", find_run(runs(), "zzz"));
  EXPECT_ERROR(UsageError, "no run ''", find_run(runs(), ""));
  EXPECT_ERROR(UsageError, "no run 'k7f2'", find_run(runs(), "k7f2", "b"));
}

TEST_F(RunDirectoryTest, TheSameIdInTwoExperiments) {
  make("a", "r");
  make("b", "r");
  EXPECT_ERROR(UsageError, "'r' means 2 runs", find_run(runs(), "r"));
  EXPECT_EQ(find_run(runs(), "r", "b").experiment(), "b");
}

TEST_F(RunDirectoryTest, LiveRun) {
  skein::Run run({.runs_dir = runs(), .run_id = "r"}, {});
  run.enter(RunState::kRunning);
  const RunStatus status = RunDirectory(run.directory()).status();
  EXPECT_EQ(status.state, RunState::kRunning);
  EXPECT_FALSE(status.inferred);
}

TEST_F(RunDirectoryTest, AFailureRecordedFromOutsideCountsAndStays) {
  skein::Run run({.runs_dir = runs(), .run_id = "r"}, {});
  run.enter(RunState::kRunning);
  record_failure(run.directory(), "rank 1 is gone");
  run.note("still here");
  run.cancel("too late");
  const RunStatus status = RunDirectory(run.directory()).status();
  EXPECT_EQ(status.state, RunState::kFailed);
  EXPECT_EQ(status.reason, "rank 1 is gone");
  EXPECT_FALSE(status.inferred);
}

TEST_F(RunDirectoryTest, TextThatIsNoUtf8IsKeptReadable) {
  skein::Run run({.runs_dir = runs(), .run_id = "r"}, {{"command", {"trainer", "caf\xe9"}}});
  run.note("na\xefve");
  EXPECT_NO_THROW(RunDirectory(run.directory()).record());
}

TEST_F(RunDirectoryTest, AnUnfinishedCopyDoesNotRespond) {
  {
    skein::Run run({.runs_dir = runs(), .run_id = "r"}, {});
    run.enter(RunState::kRunning);
    fs::create_directories(directory_ / "copy" / "e");
    fs::copy(run.directory(), directory_ / "copy" / "e" / "r", fs::copy_options::recursive);
    fs::remove(directory_ / "copy" / "e" / "r" / "lease.json");
  }
  const RunStatus status = RunDirectory(directory_ / "copy" / "e" / "r").status();
  EXPECT_EQ(status.state, RunState::kNotResponding);
  EXPECT_TRUE(status.inferred);
  EXPECT_NE(status.reason.find("while Running"), std::string::npos) << status.reason;
}

TEST_F(RunDirectoryTest, WhatIsMissingOrWrongIsNamed) {
  EXPECT_ERROR(DataError, "holds no run", RunDirectory{directory_});
  const fs::path run = make("a", "r");
  const json record = RunDirectory(run).record();
  fs::remove(run / "events.jsonl");
  EXPECT_EQ(RunDirectory(run).record(), record) << "run.json alone tells the same";
  write_text(run / "run.json", "{\"half");
  EXPECT_ERROR(DataError, "run.json is not a JSON object", RunDirectory(run).record());
  write_text(run / "run.json", R"({"schema_version": 99})");
  EXPECT_ERROR(DataError, "written by a newer Skein (run format 99", RunDirectory(run).record());
  write_text(run / "events.jsonl", R"({"event":"state","state":"Running","time":"x"})"
                                   "\n");
  EXPECT_ERROR(DataError, "events.jsonl", RunDirectory(run).record());
  write_text(run / "events.jsonl", R"({"event":"created","time":"x"})"
                                   "\n");
  EXPECT_ERROR(DataError, "an event that makes no sense", RunDirectory(run).record());
}

TEST_F(RunDirectoryTest, EventsOfLaterVersionsAreIgnored) {
  const fs::path run = make("a", "r");
  const json before = RunDirectory(run).record();
  write_text(run / "events.jsonl", file_contents(run / "events.jsonl") +
                                       R"({"event":"fanfare","time":"x","louder":true})"
                                       "\n{\"torn");
  EXPECT_EQ(RunDirectory(run).record(), before);
}

TEST_F(RunDirectoryTest, OutputFilesLeaveOutUnfinishedOnes) {
  const fs::path run = make("a", "r");
  write_text(run / "outputs" / "z" / "b", "1");
  write_text(run / "outputs" / ".model.host.1.0.tmp", "half");
  EXPECT_EQ(RunDirectory(run).output_files(), (std::vector<fs::path>{"training_curve.png", "training_curve.svg", "z/b"}));
  fs::remove_all(run / "outputs");
  EXPECT_TRUE(RunDirectory(run).output_files().empty());
}

}  // namespace
}  // namespace skein
