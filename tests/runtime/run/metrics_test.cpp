// metrics.jsonl and metrics.h5.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "runtime/process/error.h"
#include "runtime/run/hdf5_handle.h"
#include "runtime/run/metric_log.h"
#include "runtime/run/metrics_file.h"
#include "tests/runtime/run/file_size_limit.h"
#include "tests/support/directory_test.h"

namespace skein {
namespace {

class Metrics : public DirectoryTest {};

MetricTable sample_table() {
  MetricTable table;
  for (int i = 0; i < 5; ++i) {
    table["train/loss"].add({1.0 / (i + 1), 10 * i, i, 1767225600.125 + i});
    table["val/accuracy"].add({0.5 + 0.1 * i, 10 * i, i, 1767225600.5 + i});
  }
  table["val"].add({std::numeric_limits<double>::quiet_NaN(), std::int64_t{1} << 40, 3, 1767225600});
  table["described only"];
  table["val/accuracy"].description = {"%", "maximize"};
  return table;
}

TEST_F(Metrics, NamesThatFit) {
  MetricTable table;
  for (const char* good : {"loss", "val/top-1 accuracy", "a/b/c", "lr", "images/s", "time", "gpu.0@node%"})
    EXPECT_NO_THROW(check_metric_name(table, good)) << good;
  for (const char* bad : {"", "/loss", "loss/", "a//b", "..", "a/../b", "a\"b", "a\nb", "\xc3\xa9t\xc3\xa9", "val/confusion_matrix",
                          "val/confusion_matrix/count"})
    EXPECT_THROW(check_metric_name(table, bad), UsageError) << bad;
}

TEST_F(Metrics, NamesThatWouldCollideInHdf5) {
  MetricTable table;
  table["loss"];
  table["epoch/time"];
  EXPECT_ERROR(UsageError, "'loss' and 'loss/value'", check_metric_name(table, "loss/value"));
  EXPECT_ERROR(UsageError, "'epoch' and 'epoch/time'", check_metric_name(table, "epoch"));
  EXPECT_NO_THROW(check_metric_name(table, "loss/other"));
}

TEST_F(Metrics, LogReadsBackExactly) {
  const auto file = directory_ / "metrics.jsonl";
  MetricLog log(file);
  const double inf = std::numeric_limits<double>::infinity();
  const std::vector<double> values{0.1, -1e-300, 1e300, 0.30000000000000004, inf, -inf, 3};
  for (std::size_t i = 0; i < values.size(); ++i)
    log.append("x/y", {values[i], std::int64_t{1} << 50, 2, 1767225600.123});
  log.append("x/y", {std::nan(""), 7, 3, 1767225601});
  log.describe("x/y", {"%", "minimize"});
  const MetricLogContents contents = read_metric_log(file);
  EXPECT_EQ(contents.num_bad_lines, 0u);
  const MetricSeries& series = contents.metrics.at("x/y");
  ASSERT_EQ(series.num_points(), values.size() + 1);
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_EQ(series.values[i], values[i]);
  EXPECT_TRUE(std::isnan(series.values.back()));
  EXPECT_EQ(series.steps.front(), std::int64_t{1} << 50);
  EXPECT_EQ(series.epochs.back(), 3);
  EXPECT_EQ(series.times.front(), 1767225600.123);
  EXPECT_EQ(series.description.unit, "%");
  EXPECT_EQ(series.description.goal, "minimize");
}

TEST_F(Metrics, LogCutAtEveryByteKeepsAllWholeLines) {
  const auto file = directory_ / "metrics.jsonl";
  {
    MetricLog log(file);
    for (int i = 0; i < 4; ++i) log.append("loss", {0.5, i, i, 1767225600.0 + i});
  }
  const std::string whole = file_contents(file);
  for (std::size_t length = 0; length <= whole.size(); ++length) {
    write_text(file, whole.substr(0, length));
    const MetricLogContents contents = read_metric_log(file);
    const auto num_lines = std::count(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length), '\n');
    const bool only_newline_lacks = length > 0 && whole[length - 1] == '}';
    const std::size_t found = contents.metrics.contains("loss") ? contents.metrics.at("loss").num_points() : 0;
    EXPECT_EQ(found, static_cast<std::size_t>(num_lines) + only_newline_lacks) << "cut at " << length;
    EXPECT_EQ(contents.num_bad_lines, 0u) << "cut at " << length;
  }
}

TEST_F(Metrics, LogCountsLinesThatAreNoMetric) {
  const auto file = directory_ / "metrics.jsonl";
  write_text(file,
             "{\"metric\":\"a\",\"value\":1,\"step\":1,\"epoch\":0,\"time\":1}\nrubbish\n{\"metric\":\"a\","
             "\"value\":\"x\"}\n{}\n");
  const MetricLogContents contents = read_metric_log(file);
  EXPECT_EQ(contents.metrics.at("a").num_points(), 1u);
  EXPECT_EQ(contents.num_bad_lines, 3u);
}

template <class T>
std::vector<T> read_column(hid_t file, const std::string& path, hid_t type) {
  const Hdf5Handle data(H5Dopen2(file, path.c_str(), H5P_DEFAULT), H5Dclose);
  const Hdf5Handle space(H5Dget_space(data.get()), H5Sclose);
  EXPECT_EQ(H5Sget_simple_extent_ndims(space.get()), 1) << path;
  std::vector<T> column(static_cast<std::size_t>(H5Sget_simple_extent_npoints(space.get())));
  const herr_t result = H5Dread(data.get(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, column.data());
  EXPECT_GE(result, 0) << path;
  return column;
}

std::string read_text_attribute(hid_t file, const char* object, const char* name) {
  const Hdf5Handle attribute(H5Aopen_by_name(file, object, name, H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
  const Hdf5Handle type(H5Aget_type(attribute.get()), H5Tclose);
  std::string text(H5Tget_size(type.get()), '\0');
  EXPECT_GE(H5Aread(attribute.get(), type.get(), text.data()), 0);
  return text;
}

TEST_F(Metrics, Hdf5FileHoldsWhatWasLogged) {
  const MetricTable table = sample_table();
  const auto path = directory_ / "metrics.h5";
  write_metrics_file(path, {}, "birds", "early");
  write_metrics_file(path, table, "birds", "run-1");
  const Hdf5Session session;
  const Hdf5Handle file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
  ASSERT_GE(file.get(), 0);
  EXPECT_EQ(read_text_attribute(file.get(), "/", "run_id"), "run-1");
  EXPECT_EQ(read_text_attribute(file.get(), "/", "experiment"), "birds");
  EXPECT_EQ(read_text_attribute(file.get(), "/val/accuracy", "unit"), "%");
  EXPECT_EQ(read_text_attribute(file.get(), "/val/accuracy", "goal"), "maximize");
  for (const auto& [name, series] : table) {
    const auto values = read_column<double>(file.get(), name + "/value", H5T_NATIVE_DOUBLE);
    ASSERT_EQ(values.size(), series.num_points()) << name;
    for (std::size_t i = 0; i < values.size(); ++i)
      EXPECT_TRUE(values[i] == series.values[i] || (std::isnan(values[i]) && std::isnan(series.values[i])));
    EXPECT_EQ(read_column<std::int64_t>(file.get(), name + "/step", H5T_NATIVE_INT64), series.steps);
    EXPECT_EQ(read_column<std::int32_t>(file.get(), name + "/epoch", H5T_NATIVE_INT32), series.epochs);
    EXPECT_EQ(read_column<double>(file.get(), name + "/time", H5T_NATIVE_DOUBLE), series.times);
  }
}

TEST_F(Metrics, AFullDiskLeavesTheOldHdf5File) {
  const auto path = directory_ / "metrics.h5";
  write_metrics_file(path, sample_table(), "birds", "run-1");
  const std::string before = file_contents(path);
  {
    const FileSizeLimit full(512);
    EXPECT_THROW(write_metrics_file(path, sample_table(), "birds", "run-2"), StorageError);
  }
  EXPECT_EQ(file_contents(path), before);
}

}  // namespace
}  // namespace skein
