#include "runtime/run/cut_series.h"

#include "runtime/run/atomic_file.h"
#include "runtime/run/metric_log.h"

namespace skein {

MetricTable cut_metrics(const std::filesystem::path& file, std::int64_t last_step) {
  MetricTable kept;
  std::string text;
  for (const auto& [name, series] : read_metric_log(file).metrics) {
    kept[name].description = series.description;
    text += description_line(name, series.description) + "\n";
    for (std::size_t i = 0; i < series.num_points(); ++i) {
      if (series.steps[i] > last_step) continue;
      const MetricPoint point{series.values[i], series.steps[i], series.epochs[i], series.times[i]};
      kept[name].add(point);
      text += point_line(name, point) + "\n";
    }
  }
  write_file_atomically(file, text);
  return kept;
}

std::vector<RankTiming> cut_timings(const std::filesystem::path& file, std::int64_t last_step) {
  std::vector<RankTiming> kept = read_timing_log(file).epochs;
  std::erase_if(kept, [&](const RankTiming& timing) { return timing.step > last_step; });
  std::string text;
  for (const RankTiming& timing : kept) text += timing_line(timing) + "\n";
  if (std::filesystem::exists(file)) write_file_atomically(file, text);
  return kept;
}

}  // namespace skein
