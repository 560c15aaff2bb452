#pragma once
// What plots are drawn on. All lengths and places are in pixels of a picture 760 wide, from its upper left corner.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace skein {

struct PlotColour {
  std::uint8_t red, green, blue;
};

struct PlotPoint {
  double x, y;
};

struct PlotTextStyle {
  enum class Anchor { kStart, kMiddle, kEnd };
  Anchor anchor = Anchor::kStart;
  double height = 12;       ///< of the font
  bool is_bold = false;
  bool is_upright = false;  ///< turned a quarter to the left around its place
};

/// One picture. Used by one thread.
class PlotCanvas {
 public:
  virtual ~PlotCanvas() = default;
  virtual void line(PlotPoint from, PlotPoint to, PlotColour colour, double width) = 0;
  /// Strokes, each through its points; one of a single point may leave no trace.
  virtual void curve(const std::vector<std::vector<PlotPoint>>& strokes, PlotColour colour, double width) = 0;
  virtual void dot(PlotPoint centre, double radius, PlotColour colour) = 0;
  /// Any text; what the font lacks is replaced.
  virtual void text(PlotPoint place, const std::string& text, const PlotTextStyle& style) = 0;
  /// The file: nothing may be drawn any more.
  virtual std::string finish() = 0;
};

std::unique_ptr<PlotCanvas> make_svg_canvas(double width, double height);
/// Twice as many pixels in each direction, antialiased.
std::unique_ptr<PlotCanvas> make_png_canvas(double width, double height);

}  // namespace skein
