// Self-contained SVG: no fonts, scripts or files besides it.

#include <array>
#include <cstdio>

#include "runtime/process/text.h"
#include "runtime/run/plot_canvas.h"

namespace skein {
namespace {

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

std::string colour_text(PlotColour colour) {
  std::array<char, 8> text{};
  std::snprintf(text.data(), text.size(), "#%02x%02x%02x", colour.red, colour.green, colour.blue);
  return text.data();
}

class SvgCanvas : public PlotCanvas {
 public:
  SvgCanvas(double width, double height)
      : svg_(concat("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"", number(width), "\" height=\"", number(height),
                    "\" viewBox=\"0 0 ", number(width), " ", number(height),
                    "\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#222\">\n",
                    "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n")) {}

  void line(PlotPoint from, PlotPoint to, PlotColour colour, double width) override {
    svg_ += concat("<line x1=\"", number(from.x), "\" y1=\"", number(from.y), "\" x2=\"", number(to.x), "\" y2=\"", number(to.y),
                   "\" stroke=\"", colour_text(colour), "\"");
    if (width != 1) svg_ += concat(" stroke-width=\"", number(width), "\"");
    svg_ += "/>\n";
  }

  void curve(const std::vector<std::vector<PlotPoint>>& strokes, PlotColour colour, double width) override {
    std::string path;
    for (const auto& stroke : strokes)
      for (std::size_t i = 0; i < stroke.size(); ++i)
        path += concat(i == 0 ? "M" : "L", number(stroke[i].x), " ", number(stroke[i].y));
    svg_ += concat("<path d=\"", path, "\" fill=\"none\" stroke=\"", colour_text(colour), "\" stroke-width=\"", number(width), "\"/>\n");
  }

  void dot(PlotPoint centre, double radius, PlotColour colour) override {
    svg_ += concat("<circle cx=\"", number(centre.x), "\" cy=\"", number(centre.y), "\" r=\"", number(radius), "\" fill=\"",
                   colour_text(colour), "\"/>\n");
  }

  void text(PlotPoint place, const std::string& text, const PlotTextStyle& style) override {
    using Anchor = PlotTextStyle::Anchor;
    svg_ += concat("<text x=\"", number(place.x), "\" y=\"", number(place.y), "\"");
    if (style.anchor != Anchor::kStart) svg_ += style.anchor == Anchor::kMiddle ? " text-anchor=\"middle\"" : " text-anchor=\"end\"";
    if (style.height != 12) svg_ += concat(" font-size=\"", number(style.height), "\"");
    if (style.is_bold) svg_ += " font-weight=\"bold\"";
    if (style.is_upright) svg_ += concat(" transform=\"rotate(-90 ", number(place.x), " ", number(place.y), ")\"");
    svg_ += concat(">", escaped(text), "</text>\n");
  }

  std::string finish() override { return std::move(svg_) + "</svg>\n"; }

 private:
  std::string svg_;
};

}  // namespace

std::unique_ptr<PlotCanvas> make_svg_canvas(double width, double height) {
  return std::make_unique<SvgCanvas>(width, height);
}

}  // namespace skein
