#pragma once
// metrics.jsonl: every logged value, one JSON object a line, in the kernel as soon as it is logged.
//   {"metric":"val/accuracy","value":93.0,"step":240,"epoch":3,"time":1767225600.123}
//   {"metric":"val/accuracy","unit":"%","goal":"maximize"}
// Values that JSON has no number for are the strings "NaN", "Infinity" and "-Infinity".

#include <filesystem>
#include <string>

#include "runtime/run/append_file.h"
#include "runtime/run/metric_table.h"

namespace skein {

/// A line of the file, without its end.
std::string point_line(const std::string& name, const MetricPoint& point);
std::string description_line(const std::string& name, const MetricDescription& description);

/// Write side. Use from one thread. All functions throw StorageError.
class MetricLog {
 public:
  explicit MetricLog(const std::filesystem::path& file) : file_(file) {}
  void append(const std::string& name, const MetricPoint& point);
  void describe(const std::string& name, const MetricDescription& description);
  void sync() { file_.sync(); }

 private:
  AppendFile file_;
};

/// What a metrics.jsonl holds.
struct MetricLogContents {
  MetricTable metrics;
  std::size_t num_bad_lines = 0;  ///< lines that are no metric; a torn last line does not count
};

/// Reads a file that may still be written, or whose writer was killed. A missing file is empty. Throws
/// DataError when it cannot be read.
MetricLogContents read_metric_log(const std::filesystem::path& file);

}  // namespace skein
