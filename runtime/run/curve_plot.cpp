#include "runtime/run/curve_plot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>

#include "runtime/process/text.h"

namespace skein {
namespace {

// All lengths in SVG user units (pixels).
constexpr double kWidth = 760, kPanelHeight = 300, kTitleHeight = 40;
constexpr double kLeft = 76, kRight = 24, kTop = 34, kBottom = 46;
constexpr double kLetterWidth = 6.8;       // on average, at 12 px
constexpr std::size_t kMarkedPoints = 60;  // beyond this many, points are not marked
constexpr std::array kColours = {"#1f77b4", "#ff7f0e", "#2ca02c", "#d62728",
                                 "#9467bd", "#8c564b", "#e377c2", "#17becf"};

std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '&')
      result += "&amp;";
    else if (c == '<')
      result += "&lt;";
    else if (c == '>')
      result += "&gt;";
    else if (c == '"')
      result += "&quot;";
    else if (static_cast<unsigned char>(c) >= 0x20)
      result += c;
  }
  return result;
}

std::string number(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.6g", value == 0 ? 0.0 : value);
  return text.data();
}

std::string text_at(double x, double y, const std::string& text, const std::string& attributes) {
  return concat("<text x=\"", number(x), "\" y=\"", number(y), "\" ", attributes, ">", escaped(text), "</text>\n");
}

std::string line(double x1, double y1, double x2, double y2, const std::string& attributes) {
  return concat("<line x1=\"", number(x1), "\" y1=\"", number(y1), "\" x2=\"", number(x2), "\" y2=\"", number(y2),
                "\" ", attributes, "/>\n");
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

  std::string svg() const {
    std::string out = text_at(kLeft, top_ + kTop - 12, panel_.title, "font-weight=\"bold\"");
    out += axes();
    for (std::size_t i = 0; i < panel_.series.size(); ++i)
      out += curve(panel_.series[i], kColours[i % kColours.size()]);
    return out + legend();
  }

 private:
  std::string axes() const {
    std::string out;
    for (const double tick : y_.ticks) {
      out += line(x_.begin, y_.at(tick), x_.end, y_.at(tick), "stroke=\"#ddd\"");
      out += text_at(x_.begin - 8, y_.at(tick) + 4, number(tick), "text-anchor=\"end\"");
    }
    for (const double tick : x_.ticks) {
      out += line(x_.at(tick), y_.begin, x_.at(tick), y_.begin + 5, "stroke=\"#333\"");
      out += text_at(x_.at(tick), y_.begin + 19, number(tick), "text-anchor=\"middle\"");
    }
    out += line(x_.begin, y_.begin, x_.end, y_.begin, "stroke=\"#333\"");
    out += line(x_.begin, y_.begin, x_.begin, y_.end, "stroke=\"#333\"");
    out += text_at((x_.begin + x_.end) / 2, y_.begin + 38, panel_.x_label, "text-anchor=\"middle\"");
    const double middle = (y_.begin + y_.end) / 2;
    return out + text_at(18, middle, panel_.y_label,
                         concat("text-anchor=\"middle\" transform=\"rotate(-90 18 ", number(middle), ")\""));
  }

  std::string curve(const PlotSeries& series, const char* colour) const {
    std::string path, marks;
    bool pen_down = false;
    for (const std::size_t i : visible_points(series)) {
      if (!std::isfinite(series.x[i]) || !std::isfinite(series.y[i])) {
        pen_down = false;
        continue;
      }
      const std::string x = number(x_.at(series.x[i])), y = number(y_.at(series.y[i]));
      path += concat(pen_down ? "L" : "M", x, " ", y);
      if (series.x.size() <= kMarkedPoints)
        marks += concat("<circle cx=\"", x, "\" cy=\"", y, "\" r=\"2.5\" fill=\"", colour, "\"/>\n");
      pen_down = true;
    }
    return concat("<path d=\"", path, "\" fill=\"none\" stroke=\"", colour, "\" stroke-width=\"1.6\"/>\n", marks);
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
  std::string legend() const {
    std::string out;
    const double y = top_ + kTop - 12;
    double x = kWidth - kRight;
    for (std::size_t i = panel_.series.size(); i-- > 0;) {
      const std::string& label = panel_.series[i].label;
      out += text_at(x, y, label, "text-anchor=\"end\"");
      x -= static_cast<double>(label.size()) * kLetterWidth + 6;
      const std::string colour = concat("stroke=\"", kColours[i % kColours.size()], "\" stroke-width=\"3\"");
      out += line(x - 20, y - 4, x, y - 4, colour);
      x -= 36;
    }
    return out;
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

std::string render_plot(const std::string& title, const std::vector<PlotPanel>& panels) {
  const double height = kTitleHeight + kPanelHeight * static_cast<double>(std::max<std::size_t>(panels.size(), 1));
  std::string svg = concat("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"", number(kWidth), "\" height=\"",
                           number(height), "\" viewBox=\"0 0 ", number(kWidth), " ", number(height),
                           "\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#222\">\n",
                           "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n");
  svg += text_at(kWidth / 2, 24, title, "text-anchor=\"middle\" font-size=\"15\"");
  if (panels.empty()) svg += text_at(kWidth / 2, height / 2, "nothing was logged", "text-anchor=\"middle\"");
  for (std::size_t i = 0; i < panels.size(); ++i)
    svg += PanelDrawing(panels[i], kTitleHeight + kPanelHeight * static_cast<double>(i)).svg();
  return svg + "</svg>\n";
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
