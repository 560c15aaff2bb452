#include "runtime/run/curve_plot.h"

#include <gtest/gtest.h>
#include <png.h>

#include <array>
#include <cmath>
#include <limits>
#include <regex>

namespace skein {
namespace {

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t num = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++num;
  return num;
}

TEST(AxisTicks, CoverTheRangeAtRoundDistances) {
  for (const double low : {-3.7, 0.0, 0.001, 12.0, 1e6})
    for (const double span : {1e-6, 0.003, 0.7, 1.0, 9.99, 1234.5}) {
      const auto ticks = axis_ticks(low, low + span, 5);
      const double step = ticks[1] - ticks[0];
      const double tolerance = 1e-6 * step + 1e-9 * std::abs(low);
      EXPECT_LE(ticks.front(), low + tolerance) << low << " " << span;
      EXPECT_GE(ticks.back(), low + span - tolerance) << low << " " << span;
      EXPECT_GE(ticks.size(), 3u);
      EXPECT_LE(ticks.size(), 8u) << low << " " << span;
      const double mantissa = step / std::pow(10, std::floor(std::log10(step * 1.0001)));
      EXPECT_TRUE(std::abs(mantissa - 1) < 0.01 || std::abs(mantissa - 2) < 0.01 || std::abs(mantissa - 5) < 0.01)
          << mantissa;
    }
}

TEST(AxisTicks, APointAndWholeNumbers) {
  EXPECT_GT(axis_ticks(3, 3, 5).size(), 2u);
  EXPECT_GT(axis_ticks(0, 0, 5).size(), 2u);
  EXPECT_EQ(axis_ticks(0, 2, 8, true), (std::vector<double>{0, 1, 2}));
  EXPECT_EQ(axis_ticks(5, 5, 8, true), (std::vector<double>{4, 5, 6}));
}

TEST(CurvePlot, OneFileWithAxesCurvesAndLegend) {
  const std::string svg = render_plot(
      "birds / run-1", {{"loss",
                         "epoch",
                         "nats",
                         {{"train/loss", {0, 1, 2}, {1, 0.5, 0.2}}, {"val/loss", {0, 1, 2}, {1.1, 0.7, 0.6}}}}});
  EXPECT_TRUE(svg.starts_with("<svg "));
  EXPECT_TRUE(svg.ends_with("</svg>\n"));
  EXPECT_EQ(count(svg, "<path "), 2u);
  EXPECT_EQ(count(svg, "<circle "), 6u);
  for (const char* label : {">birds / run-1<", ">train/loss<", ">val/loss<", ">epoch<", ">nats<", ">0.2<", ">1<"})
    EXPECT_EQ(count(svg, label) > 0, true) << label;
  EXPECT_EQ(count(svg, "http"), 1u) << "only the namespace: nothing is fetched";
}

TEST(CurvePlot, CurvesStayInsideTheirAxes) {
  std::vector<double> x, y;
  for (int i = 0; i < 500; ++i) {
    x.push_back(i);
    y.push_back(std::sin(i * 0.1) * 1e3);
  }
  const std::string svg = render_plot("t", {{"p", "step", "", {{"s", x, y}}}});
  const std::regex point("[ML](-?[0-9.]+) (-?[0-9.]+)");
  std::size_t num_points = 0;
  for (std::sregex_iterator it(svg.begin(), svg.end(), point), end; it != end; ++it, ++num_points) {
    EXPECT_GE(std::stod((*it)[1]), 76);
    EXPECT_LE(std::stod((*it)[1]), 736);
    EXPECT_GE(std::stod((*it)[2]), 40 + 34);
    EXPECT_LE(std::stod((*it)[2]), 40 + 300 - 46);
  }
  EXPECT_EQ(num_points, 500u);
}

TEST(CurvePlot, LongSeriesAreThinnedButKeepTheirPeaks) {
  std::vector<double> x(200000), y(200000, 1.0);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<double>(i);
  y[77777] = 2.0;
  const std::string thin = render_plot("t", {{"p", "step", "", {{"s", x, y}}}});
  EXPECT_LT(thin.size(), 60000u);
  EXPECT_NE(thin.find(" 74L"), std::string::npos) << "the peak reaches the top of the panel";
}

TEST(CurvePlot, GapsAndOddTexts) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::string svg = render_plot(
      "<&\">", {{"p", "x", "y", {{"a<b", {0, 1, 2, 3}, {1, nan, 2, 3}}}}, {"empty", "x", "y", {{"none", {}, {}}}}});
  EXPECT_EQ(svg.find("nan"), std::string::npos);
  EXPECT_NE(svg.find(">&lt;&amp;&quot;&gt;<"), std::string::npos);
  EXPECT_NE(svg.find(">a&lt;b<"), std::string::npos);
  EXPECT_TRUE(std::regex_search(svg, std::regex("d=\"M[0-9. ]+M[0-9. ]+L[0-9. ]+\"")));
  EXPECT_NE(render_plot("t", {}).find("nothing was logged"), std::string::npos);
}

/// A PNG's pixels, R, G, B.
struct Pixels {
  explicit Pixels(const std::string& file) {
    image.version = PNG_IMAGE_VERSION;
    EXPECT_NE(png_image_begin_read_from_memory(&image, file.data(), file.size()), 0) << image.message;
    image.format = PNG_FORMAT_RGB;
    bytes.resize(PNG_IMAGE_SIZE(image));
    EXPECT_NE(png_image_finish_read(&image, nullptr, bytes.data(), 0, nullptr), 0) << image.message;
  }
  /// Pixels within 4 of that colour, in the rectangle of the plot's pixels, of which two make one.
  int count(int left, int top, int right, int bottom, std::array<int, 3> colour) const {
    int found = 0;
    for (int y = 2 * top; y < 2 * bottom; ++y)
      for (int x = 2 * left; x < 2 * right; ++x) {
        const png_byte* at = &bytes[3 * (static_cast<std::size_t>(y) * image.width + x)];
        found += std::abs(at[0] - colour[0]) < 4 && std::abs(at[1] - colour[1]) < 4 && std::abs(at[2] - colour[2]) < 4;
      }
    return found;
  }
  png_image image{};
  std::vector<png_byte> bytes;
};

TEST(CurvePlot, TheSamePictureAsPixels) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> x(101), y(101, 5);
  for (int i = 0; i <= 100; ++i) x[i] = i;
  for (int i = 40; i < 60; ++i) y[i] = nan;
  std::vector<double> ends{0, 10};
  const Pixels shown(render_plot("a title with \xc3\xa4", {{"loss", "epoch", "nats", {{"flat", x, y}, {"range", {0, 100}, ends}}}}, PlotFormat::kPng));
  EXPECT_EQ(shown.image.width, 2 * 760u);
  EXPECT_EQ(shown.image.height, 2 * 340u);
  // The axes go from (76, 294) to (736, 74); the flat curve lies in the middle, with a gap from 39 % to 60 % of its way.
  constexpr std::array<int, 3> kBlue{0x1f, 0x77, 0xb4}, kOrange{0xff, 0x7f, 0x0e}, kInk{0x22, 0x22, 0x22}, kWhite{255, 255, 255};
  EXPECT_GT(shown.count(80, 182, 330, 186, kBlue), 800);
  EXPECT_EQ(shown.count(340, 178, 465, 190, kBlue), 0) << "the gap";
  EXPECT_GT(shown.count(480, 182, 730, 186, kBlue), 800);
  EXPECT_GT(shown.count(80, 280, 120, 294, kOrange), 20) << "begins at the lower left";
  EXPECT_GT(shown.count(690, 74, 730, 90, kOrange), 20) << "ends at the upper right";
  EXPECT_GT(shown.count(300, 10, 460, 30, kInk), 100) << "the title";
  EXPECT_GT(shown.count(8, 150, 24, 220, kInk), 20) << "the upright label";
  EXPECT_EQ(shown.count(25, 150, 40, 220, kInk), 0) << "the upright label lies";
  EXPECT_GT(shown.count(0, 0, 760, 340, kWhite), 2 * 760 * 340 * 2 * 0.9);
  EXPECT_EQ(Pixels(render_plot("t", {}, PlotFormat::kPng)).image.height, 2 * 340u);
}

TEST(CurvePlot, MetricsOfOneKindShareAPanel) {
  MetricTable metrics;
  for (int epoch = 0; epoch < 3; ++epoch) {
    metrics["train/loss"].add({1.0, epoch * 10, epoch, 0});
    metrics["val/loss"].add({1.0, epoch * 10, epoch, 0});
    for (int i = 0; i < 4; ++i) metrics["train/lr"].add({0.1, epoch * 10 + i, epoch, 0});
  }
  metrics["val/loss"].description.unit = "nats";
  metrics["described only"];
  const auto panels = panels_of(metrics);
  ASSERT_EQ(panels.size(), 2u);
  EXPECT_EQ(panels[0].title, "loss");
  EXPECT_EQ(panels[0].x_label, "epoch");
  EXPECT_EQ(panels[0].series.size(), 2u);
  EXPECT_EQ(panels[0].series[0].x, (std::vector<double>{0, 1, 2}));
  EXPECT_EQ(panels[1].title, "lr");
  EXPECT_EQ(panels[1].x_label, "step");
  EXPECT_EQ(panels[1].series[0].x.size(), 12u);
}

}  // namespace
}  // namespace skein
