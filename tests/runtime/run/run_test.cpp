#include "runtime/run/run.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "runtime/process/error.h"
#include "runtime/run/count_matrix_file.h"
#include "runtime/run/run_directory.h"
#include "tests/runtime/run/file_size_limit.h"
#include "tests/support/directory_test.h"

namespace skein {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class RunTest : public DirectoryTest {
 protected:
  RunOptions options(const std::string& id = "") const {
    return {.runs_dir = directory_ / "runs", .experiment = "birds", .run_id = id};
  }
  static json run_json(const skein::Run& run) { return json::parse(file_contents(run.directory() / "run.json")); }
};

const json kFacts = {{"command", {"trainer", "--lr", "0.1"}}, {"parameters", {{"lr", 0.1}}}, {"seeds", {{"seed", 7}}}};

TEST_F(RunTest, LeavesEverythingBehind) {
  skein::Run run(options("r1"), kFacts);
  EXPECT_EQ(run.directory(), directory_ / "runs" / "birds" / "r1");
  EXPECT_EQ(run.outputs(), run.directory() / "outputs");
  run.enter(RunState::kPreparing);
  run.set("topology", {{"world_size", 2}});
  run.enter(RunState::kRunning);
  for (int epoch = 0; epoch < 3; ++epoch) {
    run.log("train/loss", 1.0 / (epoch + 1), epoch * 10, epoch);
    run.log("val/accuracy", 0.5 + 0.1 * epoch, epoch * 10, epoch);
    run.save_metrics();
  }
  run.describe("val/accuracy", {"%", "maximize"});
  run.tag("study", "birds");
  run.note("looks good");
  run.complete();

  const json record = run_json(run);
  EXPECT_EQ(record.at("run_id"), "r1");
  EXPECT_EQ(record.at("experiment"), "birds");
  EXPECT_EQ(record.at("state"), "Completed");
  EXPECT_EQ(record.at("parameters"), kFacts.at("parameters"));
  EXPECT_EQ(record.at("topology").at("world_size"), 2);
  EXPECT_EQ(record.at("tags").at("study"), "birds");
  EXPECT_EQ(record.at("notes").at(0).at("text"), "looks good");
  EXPECT_EQ(record.at("metrics").at("val/accuracy").at("max"), 0.7);
  EXPECT_EQ(record.at("metrics").at("train/loss").at("last"), 1.0 / 3);
  std::string states;
  for (const json& entry : record.at("state_history")) states += entry.at("state").get<std::string>() + " ";
  EXPECT_EQ(states, "NotStarted Starting Preparing Running Finalizing Completed ");
  for (const char* file : {"events.jsonl", "metrics.jsonl", "metrics.h5", "outputs/training_curve.svg", "logs"})
    EXPECT_TRUE(fs::exists(run.directory() / file)) << file;
  EXPECT_FALSE(fs::exists(run.directory() / "lease.json"));
  EXPECT_EQ(RunDirectory(run.directory()).metrics().metrics.at("train/loss").num_points(), 3u);
}

TEST_F(RunTest, RecordIsTheFoldOfTheEvents) {
  skein::Run run(options(), kFacts);
  run.enter(RunState::kRunning);
  run.tag("a", "b");
  EXPECT_EQ(RunDirectory(run.directory()).record(), run_json(run));
}

TEST_F(RunTest, OutputDirectoryIsCollected) {
  RunOptions with_outputs = options("r1");
  with_outputs.output_dir = directory_ / "out";
  write_text(with_outputs.output_dir / "from_before", "old");
  fs::last_write_time(with_outputs.output_dir / "from_before",
                      fs::file_time_type::clock::now() - std::chrono::hours(1));
  skein::Run run(with_outputs, {});
  EXPECT_EQ(run.outputs(), with_outputs.output_dir);
  write_text(run.outputs() / "checkpoints" / "model.safetensors", "weights");
  run.complete();
  const auto files = RunDirectory(run.directory()).output_files();
  EXPECT_EQ(files, (std::vector<fs::path>{"checkpoints/model.safetensors", "training_curve.png", "training_curve.svg"}));
  EXPECT_EQ(run_json(run).at("outputs").at("num_files"), 3);
  EXPECT_EQ(run_json(run).at("outputs").at("from"), with_outputs.output_dir.string());
}

TEST_F(RunTest, AContinuedRunKeepsItsConfusionMatrix) {
  const auto matrix_of = [&](std::int64_t last_step) { return read_confusion_matrix(directory_ / "runs/birds/r1/metrics.h5", last_step); };
  {
    skein::Run run(options("r1"), {});
    run.log("val/accuracy", 80, 7, 1);
    run.save_metrics();
    EXPECT_TRUE(matrix_of(100).is_empty());
    run.set_confusion_matrix({{"a", "b"}, {4, 1, 0, 5}, 7, 1});
    run.set_confusion_matrix({});
    run.fail("test");
  }
  EXPECT_TRUE(matrix_of(100).is_empty()) << "what was not saved is lost";
  RunOptions more = options("r1");
  more.continue_at_step = 7;
  {
    skein::Run run(more, {});
    run.set_confusion_matrix({{"a", "\xc3\xa9t\xc3\xa9"}, {4, 1, 0, 5}, 7, 1});
    run.complete();
  }
  skein::Run(more, {}).complete();
  const CountMatrix kept = matrix_of(7);
  EXPECT_EQ(kept.classes, (std::vector<std::string>{"a", "\xc3\xa9t\xc3\xa9"}));
  EXPECT_EQ(kept.counts, (std::vector<std::int64_t>{4, 1, 0, 5}));
  EXPECT_EQ(kept.step, 7);
  EXPECT_EQ(kept.epoch, 1);
  EXPECT_TRUE(matrix_of(6).is_empty()) << "of a later step";
  more.continue_at_step = 6;
  skein::Run(more, {}).complete();
  EXPECT_TRUE(matrix_of(100).is_empty());
  write_text(directory_ / "runs/birds/r1/metrics.h5", "no HDF5");
  EXPECT_TRUE(matrix_of(100).is_empty());
}

TEST_F(RunTest, OutputsCannotGoWhereRunsAreKept) {
  for (const char* place : {"runs", "runs/birds/../birds"}) {
    RunOptions with_outputs = options("r1");
    with_outputs.experiment = "birds";
    with_outputs.runs_dir = directory_ / "runs";
    with_outputs.output_dir = directory_ / place;
    EXPECT_ERROR(UsageError, "is where runs are kept", skein::Run(with_outputs, {}));
  }
  EXPECT_FALSE(fs::exists(directory_ / "runs"));
}

TEST_F(RunTest, LeavingEarlyIsAFailure) {
  fs::path directory;
  {
    skein::Run run(options(), {});
    directory = run.directory();
    run.enter(RunState::kRunning);
  }
  const RunStatus status = RunDirectory(directory).status();
  EXPECT_EQ(status.state, RunState::kFailed);
  EXPECT_FALSE(status.inferred);
  EXPECT_NE(status.reason.find("without completing"), std::string::npos);
}

TEST_F(RunTest, FailedAndCanceledCarryTheirReason) {
  skein::Run failed(options("f"), {}), canceled(options("c"), {});
  failed.fail("rank 1 is gone");
  canceled.cancel("signal 15");
  EXPECT_EQ(run_json(failed).at("state"), "Failed");
  EXPECT_EQ(run_json(failed).at("reason"), "rank 1 is gone");
  EXPECT_EQ(run_json(canceled).at("state"), "Canceled");
  EXPECT_THROW(failed.complete(), UsageError);
  EXPECT_THROW(canceled.enter(RunState::kRunning), UsageError);
}

TEST_F(RunTest, StatesGoForwardOnly) {
  skein::Run run(options(), {});
  run.enter(RunState::kRunning);
  EXPECT_ERROR(UsageError, "a run that is Running cannot become Preparing", run.enter(RunState::kPreparing));
  EXPECT_THROW(run.enter(RunState::kCompleted), UsageError);
  EXPECT_EQ(run_json(run).at("state"), "Running");
}

TEST_F(RunTest, IdsAreTakenOnce) {
  const skein::Run first(options("r1"), {});
  EXPECT_ERROR(UsageError, "birds/r1 exists", skein::Run second(options("r1"), {}));
  EXPECT_EQ(RunDirectory(first.directory()).status().state, RunState::kStarting) << "the first is untouched";
  RunOptions elsewhere = options("r1");
  elsewhere.experiment = "other";
  EXPECT_NO_THROW(skein::Run(elsewhere, {}));
}

TEST_F(RunTest, RunsOfOneInstantDiffer) {
  std::set<std::string> ids;
  for (int i = 0; i < 20; ++i) ids.insert(skein::Run(options(), {}).id());
  EXPECT_EQ(ids.size(), 20u);
}

TEST_F(RunTest, BadInputIsRefusedBeforeAnythingIsWritten) {
  EXPECT_ERROR(UsageError, "--run-id: 'a/b'", skein::Run(options("a/b"), {}));
  RunOptions bad = options();
  bad.experiment = "../up";
  EXPECT_ERROR(UsageError, "--experiment: '../up'", skein::Run(bad, {}));
  EXPECT_ERROR(UsageError, "run.json has no place for 'favourite'", skein::Run(options(), {{"favourite", 1}}));
  EXPECT_FALSE(fs::exists(directory_ / "runs"));
  RunOptions unwritable = options();
  unwritable.output_dir = "/proc/skein";
  EXPECT_ERROR(StorageError, "/proc/skein", skein::Run(unwritable, {}));
  RunOptions huge = options();
  huge.needed_bytes = std::uint64_t{1} << 60;
  EXPECT_ERROR(StorageError, "not enough space", skein::Run(huge, {}));
  EXPECT_TRUE(fs::is_empty(directory_ / "runs"));
}

TEST_F(RunTest, BadMetricsAndFacts) {
  skein::Run run(options(), {});
  EXPECT_THROW(run.log("a//b", 1, 0, 0), UsageError);
  EXPECT_THROW(run.describe("a", {"", "bigger"}), UsageError);
  EXPECT_THROW(run.set("state", "Completed"), UsageError);
  run.log("loss", 1, 0, 0);
  EXPECT_THROW(run.log("loss/value", 1, 0, 0), UsageError);
}

TEST_F(RunTest, AFullDiskIsAnErrorAndWhatWasLoggedStays) {
  skein::Run run(options("r1"), {});
  run.log("loss", 1, 0, 0);
  {
    const FileSizeLimit full(100);
    EXPECT_THROW(for (int i = 1; i < 1000; ++i) run.log("loss", 1, i, 0), StorageError);
  }
  run.log("loss", 0.5, 1000, 1);
  const auto contents = RunDirectory(run.directory()).metrics();
  EXPECT_EQ(contents.metrics.at("loss").steps.front(), 0);
  EXPECT_EQ(contents.metrics.at("loss").steps.back(), 1000);
  EXPECT_LE(contents.num_bad_lines, 1u);
}

TEST_F(RunTest, RankLogFiles) {
  EXPECT_EQ(rank_log_file("runs/e/r", 3), "runs/e/r/logs/rank_0003.log");
  EXPECT_EQ(rank_log_file("r", 12345), "r/logs/rank_12345.log");
}

}  // namespace
}  // namespace skein
