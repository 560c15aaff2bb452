#include "runtime/run/curve_plot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>

#include "runtime/run/plot_canvas.h"

namespace skein {
namespace {

// All lengths in pixels.
constexpr double kWidth = 760, kPanelHeight = 300, kTitleHeight = 40;
constexpr double kLeft = 76, kRight = 24, kTop = 34, kBottom = 46;
constexpr double kLetterWidth = 6.8;       // on average, at 12 px
constexpr std::size_t kMarkedPoints = 60;  // beyond this many, points are not marked
constexpr PlotColour kAxis{0x33, 0x33, 0x33}, kGrid{0xdd, 0xdd, 0xdd};
constexpr std::array<PlotColour, 8> kColours = {{{0x1f, 0x77, 0xb4}, {0xff, 0x7f, 0x0e}, {0x2c, 0xa0, 0x2c}, {0xd6, 0x27, 0x28},
                                                 {0x94, 0x67, 0xbd}, {0x8c, 0x56, 0x4b}, {0xe3, 0x77, 0xc2}, {0x17, 0xbe, 0xcf}}};
constexpr PlotTextStyle kFromRight{.anchor = PlotTextStyle::Anchor::kEnd}, kCentred{.anchor = PlotTextStyle::Anchor::kMiddle};

std::string number(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.6g", value == 0 ? 0.0 : value);
  return text.data();
}

/// The finite values' range over all series.
struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  void include(double value) {
    if (!std::isfinite(value)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  bool empty() const { return low > high; }
};

Range range_of(const PlotPanel& panel, std::vector<double> PlotSeries::*column) {
  Range range;
  for (const PlotSeries& series : panel.series)
    for (const double value : series.*column) range.include(value);
  return range;
}

/// Maps values between two ticks to pixels between two places.
struct Axis {
  std::vector<double> ticks;
  double begin, end;
  double at(double value) const {
    return begin + (value - ticks.front()) / (ticks.back() - ticks.front()) * (end - begin);
  }
};

/// One panel with its upper left corner at (0, top).
class PanelDrawing {
 public:
  PanelDrawing(const PlotPanel& panel, double top) : panel_(panel), top_(top) {
    const Range x = range_of(panel, &PlotSeries::x), y = range_of(panel, &PlotSeries::y);
    const bool nothing = x.empty() || y.empty();
    x_ = {nothing ? axis_ticks(0, 1, 5) : axis_ticks(x.low, x.high, 8, true), kLeft, kWidth - kRight};
    y_ = {nothing ? axis_ticks(0, 1, 5) : axis_ticks(y.low, y.high, 5), top + kPanelHeight - kBottom, top + kTop};
  }

  void draw(PlotCanvas& canvas) const {
    canvas.text({kLeft, top_ + kTop - 12}, panel_.title, {.is_bold = true});
    axes(canvas);
    for (std::size_t i = 0; i < panel_.series.size(); ++i) curve(canvas, panel_.series[i], kColours[i % kColours.size()]);
    legend(canvas);
  }

 private:
  void axes(PlotCanvas& canvas) const {
    for (const double tick : y_.ticks) {
      canvas.line({x_.begin, y_.at(tick)}, {x_.end, y_.at(tick)}, kGrid, 1);
      canvas.text({x_.begin - 8, y_.at(tick) + 4}, number(tick), kFromRight);
    }
    for (const double tick : x_.ticks) {
      canvas.line({x_.at(tick), y_.begin}, {x_.at(tick), y_.begin + 5}, kAxis, 1);
      canvas.text({x_.at(tick), y_.begin + 19}, number(tick), kCentred);
    }
    canvas.line({x_.begin, y_.begin}, {x_.end, y_.begin}, kAxis, 1);
    canvas.line({x_.begin, y_.begin}, {x_.begin, y_.end}, kAxis, 1);
    canvas.text({(x_.begin + x_.end) / 2, y_.begin + 38}, panel_.x_label, kCentred);
    canvas.text({18, (y_.begin + y_.end) / 2}, panel_.y_label,
                {.anchor = PlotTextStyle::Anchor::kMiddle, .is_upright = true});
  }

  void curve(PlotCanvas& canvas, const PlotSeries& series, PlotColour colour) const {
    std::vector<std::vector<PlotPoint>> strokes;
    bool pen_down = false;
    for (const std::size_t i : visible_points(series)) {
      const bool is_finite = std::isfinite(series.x[i]) && std::isfinite(series.y[i]);
      if (is_finite && !pen_down) strokes.emplace_back();
      if (is_finite) strokes.back().push_back({x_.at(series.x[i]), y_.at(series.y[i])});
      pen_down = is_finite;
    }
    canvas.curve(strokes, colour, 1.6);
    if (series.x.size() > kMarkedPoints) return;
    for (const auto& stroke : strokes)
      for (const PlotPoint& point : stroke) canvas.dot(point, 2.5, colour);
  }

  /// Indices to draw: of the points that share a column of pixels, the first, the lowest, the highest and the
  /// last.
  std::vector<std::size_t> visible_points(const PlotSeries& series) const {
    std::vector<std::size_t> result;
    for (std::size_t begin = 0, end; begin < series.x.size(); begin = end) {
      const auto column = [&](std::size_t i) { return std::floor(x_.at(series.x[i])); };
      for (end = begin + 1; end < series.x.size() && column(end) == column(begin);) ++end;
      const auto less = [&](std::size_t a, std::size_t b) { return series.y[a] < series.y[b]; };
      std::vector<std::size_t> all(end - begin);
      for (std::size_t i = begin; i < end; ++i) all[i - begin] = i;
      std::vector<std::size_t> kept{begin, *std::min_element(all.begin(), all.end(), less),
                                    *std::max_element(all.begin(), all.end(), less), end - 1};
      std::sort(kept.begin(), kept.end());
      kept.erase(std::unique(kept.begin(), kept.end()), kept.end());
      result.insert(result.end(), kept.begin(), kept.end());
    }
    return result;
  }

  /// In the title's line, from the right, so that it covers no curve.
  void legend(PlotCanvas& canvas) const {
    const double y = top_ + kTop - 12;
    double x = kWidth - kRight;
    for (std::size_t i = panel_.series.size(); i-- > 0;) {
      const std::string& label = panel_.series[i].label;
      canvas.text({x, y}, label, kFromRight);
      x -= static_cast<double>(label.size()) * kLetterWidth + 6;
      canvas.line({x - 20, y - 4}, {x, y - 4}, kColours[i % kColours.size()], 3);
      x -= 36;
    }
  }

  const PlotPanel& panel_;
  double top_;
  Axis x_, y_;
};

}  // namespace

std::vector<double> axis_ticks(double low, double high, int num_ticks, bool whole_numbers) {
  if (high <= low) {
    const double room = whole_numbers || low == 0 ? 1 : std::abs(low) * 0.1;
    low -= room;
    high += room;
  }
  const double raw = (high - low) / num_ticks;
  const double power = std::pow(10.0, std::floor(std::log10(raw)));
  double step = 10 * power;
  for (const double factor : {5.0, 2.0, 1.0})
    if (factor * power >= raw * 0.999) step = factor * power;
  if (whole_numbers) step = std::max(1.0, step);
  const double first = std::floor(low / step + 1e-9), last = std::ceil(high / step - 1e-9);
  std::vector<double> ticks;
  for (double i = first; i <= last; ++i) ticks.push_back(i * step);
  return ticks;
}

std::string render_plot(const std::string& title, const std::vector<PlotPanel>& panels, PlotFormat format) {
  const double height = kTitleHeight + kPanelHeight * static_cast<double>(std::max<std::size_t>(panels.size(), 1));
  const auto canvas = format == PlotFormat::kSvg ? make_svg_canvas(kWidth, height) : make_png_canvas(kWidth, height);
  canvas->text({kWidth / 2, 24}, title, {.anchor = PlotTextStyle::Anchor::kMiddle, .height = 15});
  if (panels.empty()) canvas->text({kWidth / 2, height / 2}, "nothing was logged", kCentred);
  for (std::size_t i = 0; i < panels.size(); ++i)
    PanelDrawing(panels[i], kTitleHeight + kPanelHeight * static_cast<double>(i)).draw(*canvas);
  return canvas->finish();
}

std::vector<PlotPanel> panels_of(const MetricTable& metrics) {
  std::map<std::string, std::vector<const MetricTable::value_type*>> groups;
  for (const auto& metric : metrics)
    if (metric.second.num_points() > 0) groups[metric.first.substr(metric.first.rfind('/') + 1)].push_back(&metric);
  std::vector<PlotPanel> panels;
  for (const auto& [name, members] : groups) {
    const bool by_epoch = std::all_of(members.begin(), members.end(), [](const auto* metric) {
      const auto& epochs = metric->second.epochs;
      return std::adjacent_find(epochs.begin(), epochs.end(), std::greater_equal<>()) == epochs.end();
    });
    PlotPanel panel{name, by_epoch ? "epoch" : "step", "", {}};
    for (const auto* metric : members) {
      const MetricSeries& series = metric->second;
      if (panel.y_label.empty()) panel.y_label = series.description.unit;
      std::vector<double> x(series.steps.begin(), series.steps.end());
      if (by_epoch) x.assign(series.epochs.begin(), series.epochs.end());
      panel.series.push_back({metric->first, std::move(x), series.values});
    }
    panels.push_back(std::move(panel));
  }
  return panels;
}

}  // namespace skein
