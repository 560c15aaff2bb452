// timing.jsonl, and its part of metrics.h5.

#include "runtime/run/timing_log.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "runtime/process/error.h"
#include "runtime/run/csv.h"
#include "runtime/run/hdf5_handle.h"
#include "runtime/run/metrics_file.h"
#include "runtime/run/run.h"
#include "tests/support/directory_test.h"

namespace skein {
namespace {

RankTiming timing(int epoch, std::int64_t step, std::vector<double> input, std::vector<double> compute) {
  return {epoch, step, 10, 1767225600.125, {{"input", std::move(input)}, {"compute", std::move(compute)}}};
}

class TimingLog : public DirectoryTest {
 protected:
  const std::filesystem::path file_ = directory_ / "timing.jsonl";
};

TEST_F(TimingLog, ReadsBack) {
  write_text(file_, timing_line(timing(0, 10, {1.5, 1.25}, {20, 20.5})) + "\n" + timing_line(timing(1, 20, {1}, {2})) + "\n");
  const TimingLogContents contents = read_timing_log(file_);
  EXPECT_EQ(contents.num_bad_lines, 0u);
  ASSERT_EQ(contents.epochs.size(), 2u);
  const RankTiming& first = contents.epochs[0];
  EXPECT_EQ(first.epoch, 0);
  EXPECT_EQ(first.step, 10);
  EXPECT_EQ(first.num_steps, 10);
  EXPECT_EQ(first.time, 1767225600.125);
  EXPECT_EQ(first.num_ranks(), 2u);
  ASSERT_EQ(first.phases.size(), 2u);
  EXPECT_EQ(first.phases[0].phase, "compute");
  EXPECT_EQ(first.phases[0].by_rank, (std::vector<double>{20, 20.5}));
  EXPECT_EQ(first.phases[1].by_rank, (std::vector<double>{1.5, 1.25}));
}

TEST_F(TimingLog, CountsWhatIsNoTiming) {
  write_text(file_, "rubbish\n{}\n" + timing_line(timing(0, 1, {1, 2}, {3})) + "\n" + timing_line(timing(0, 1, {}, {})) + "\n" +
                        timing_line(timing(0, 1, {1}, {2})) + "\n{\"epoch\":1,\"st");
  const TimingLogContents contents = read_timing_log(file_);
  EXPECT_EQ(contents.epochs.size(), 1u);
  EXPECT_EQ(contents.num_bad_lines, 4u);
  EXPECT_TRUE(read_timing_log(directory_ / "none").epochs.empty());
}

TEST_F(TimingLog, ARunThatGoesOnDropsWhatCameLater) {
  RunOptions options{.runs_dir = directory_, .run_id = "r"};
  {
    skein::Run run(options, nlohmann::json::object());
    run.log_timing(timing(0, 10, {1, 2}, {3, 4}));
    run.log_timing(timing(1, 20, {1, 2}, {3, 4}));
    run.log_timing({});  // as ranks other than 0 have it
    run.preempt("asked to");
    EXPECT_EQ(read_timing_log(run.directory() / "timing.jsonl").epochs.size(), 2u);
  }
  options.continue_at_step = 15;
  skein::Run run(options, nlohmann::json::object());
  run.log_timing(timing(1, 18, {1}, {5}));
  run.save_metrics();
  const auto epochs = read_timing_log(run.directory() / "timing.jsonl").epochs;
  ASSERT_EQ(epochs.size(), 2u);
  EXPECT_EQ(epochs[0].step, 10);
  EXPECT_EQ(epochs[1].step, 18);
  EXPECT_GT(epochs[1].time, 1767225601) << "the run fills in the time";

  const Hdf5Session session;
  const Hdf5Handle file(H5Fopen((run.directory() / "metrics.h5").c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
  const Hdf5Handle data(H5Dopen2(file.get(), "timing/compute", H5P_DEFAULT), H5Dclose);
  const Hdf5Handle space(H5Dget_space(data.get()), H5Sclose);
  hsize_t shape[2] = {};
  ASSERT_EQ(H5Sget_simple_extent_dims(space.get(), shape, nullptr), 2);
  EXPECT_EQ(shape[0], 2u);
  EXPECT_EQ(shape[1], 2u);
  double seconds[4] = {};
  ASSERT_GE(H5Dread(data.get(), H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, seconds), 0);
  EXPECT_EQ(seconds[0], 3);
  EXPECT_EQ(seconds[1], 4);
  EXPECT_EQ(seconds[2], 5);
  EXPECT_TRUE(std::isnan(seconds[3])) << "the second attempt has one rank";
}

TEST(MetricNames, TheGroupOfTheTimesIsTaken) {
  EXPECT_ERROR(UsageError, "'timing/input' cannot live", check_metric_name({}, "timing/input"));
  EXPECT_ERROR(UsageError, "'timing' cannot live", check_metric_name({}, "timing"));
  EXPECT_NO_THROW(check_metric_name({}, "timings"));
}

TEST(Csv, RowsAndFields) {
  using Rows = std::vector<std::vector<std::string>>;
  EXPECT_EQ(parse_csv("a,b\n1,2\n"), (Rows{{"a", "b"}, {"1", "2"}}));
  EXPECT_EQ(parse_csv("a,\"b,\"\"c\"\"\nd\"\r\n\r\n,\n"), (Rows{{"a", "b,\"c\"\nd"}, {"", ""}}));
  EXPECT_EQ(parse_csv("x"), (Rows{{"x"}}));
  EXPECT_EQ(parse_csv("\"\"\n"), (Rows{{""}}));
  EXPECT_EQ(parse_csv(""), Rows{});
  EXPECT_EQ(parse_csv("a,\"open\n"), (Rows{{"a", "open\n"}}));
}

}  // namespace
}  // namespace skein
