#pragma once
// Training curves as one self-contained picture, SVG or PNG: no fonts, scripts or files besides it.

#include <string>
#include <vector>

#include "runtime/run/metric_table.h"

namespace skein {

/// One line of a plot. Points that are not finite leave a gap.
struct PlotSeries {
  std::string label;
  std::vector<double> x;
  std::vector<double> y;  ///< as long as x
};

/// One pair of axes.
struct PlotPanel {
  std::string title;
  std::string x_label;
  std::string y_label;
  std::vector<PlotSeries> series;
};

enum class PlotFormat { kSvg, kPng };

/// The bytes of a file: panels below each other. Any label may hold any text; in PNG, characters beyond ASCII are shown as '?'.
std::string render_plot(const std::string& title, const std::vector<PlotPanel>& panels, PlotFormat format = PlotFormat::kSvg);

/// One panel for each last part of the metrics' names, so that train/loss and val/loss meet in one: over
/// epochs where each series has at most one value per epoch, over steps otherwise.
std::vector<PlotPanel> panels_of(const MetricTable& metrics);

/// Values at round distances (1, 2 or 5 times a power of ten) that cover [low, high] in about `num_ticks`
/// steps; the first is at or below `low`, the last at or above `high`. A single point gets room around it.
std::vector<double> axis_ticks(double low, double high, int num_ticks, bool whole_numbers = false);

}  // namespace skein
