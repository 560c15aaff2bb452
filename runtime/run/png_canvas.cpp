// Pictures of pixels: drawn by Anti-Grain Geometry, which brings a font of its own, and written by libpng.

#include <agg2/agg_conv_stroke.h>
#include <agg2/agg_conv_transform.h>
#include <agg2/agg_ellipse.h>
#include <agg2/agg_gsv_text.h>
#include <agg2/agg_path_storage.h>
#include <agg2/agg_pixfmt_rgb.h>
#include <agg2/agg_rasterizer_scanline_aa.h>
#include <agg2/agg_renderer_scanline.h>
#include <agg2/agg_rendering_buffer.h>
#include <agg2/agg_scanline_u.h>
#include <png.h>

#include <cmath>

#include "runtime/process/error.h"
#include "runtime/run/plot_canvas.h"

namespace skein {
namespace {

constexpr double kScale = 2;  // pixels to one of the plot's
constexpr unsigned kChannels = 3;
constexpr double kLetterHeight = 0.7;  // of a capital letter, in heights of the font
constexpr PlotColour kInk{0x22, 0x22, 0x22};

/// AGG's font has the printable ASCII characters. One '?' for each other one, of however many bytes of UTF-8.
std::string printable(const std::string& text) {
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f)
      result += c;
    else if (byte >= 0xc0)
      result += '?';
  }
  return result;
}

class PngCanvas : public PlotCanvas {
 public:
  PngCanvas(double width, double height)
      : width_(static_cast<unsigned>(std::lround(width * kScale))),
        height_(static_cast<unsigned>(std::lround(height * kScale))),
        bytes_(std::size_t{width_} * height_ * kChannels, 0xff),
        buffer_(bytes_.data(), width_, height_, static_cast<int>(width_ * kChannels)),
        format_(buffer_),
        base_(format_) {}

  void line(PlotPoint from, PlotPoint to, PlotColour colour, double width) override { curve({{from, to}}, colour, width); }

  void curve(const std::vector<std::vector<PlotPoint>>& strokes, PlotColour colour, double width) override {
    agg::path_storage path;
    for (const auto& stroke : strokes)
      for (std::size_t i = 0; i < stroke.size(); ++i)
        i == 0 ? path.move_to(stroke[i].x * kScale, stroke[i].y * kScale) : path.line_to(stroke[i].x * kScale, stroke[i].y * kScale);
    stroke(path, colour, width);
  }

  void dot(PlotPoint centre, double radius, PlotColour colour) override {
    agg::ellipse circle(centre.x * kScale, centre.y * kScale, radius * kScale, radius * kScale);
    fill(circle, colour);
  }

  void text(PlotPoint place, const std::string& text, const PlotTextStyle& style) override {
    using Anchor = PlotTextStyle::Anchor;
    const std::string shown = printable(text);
    agg::gsv_text letters;
    letters.flip(true);
    letters.size(style.height * kLetterHeight * kScale);
    letters.text(shown.c_str());
    const double width = letters.text_width();
    const double before = style.anchor == Anchor::kStart ? 0 : style.anchor == Anchor::kMiddle ? width / 2 : width;
    letters.start_point(-before, 0);
    agg::trans_affine placement;
    if (style.is_upright) placement *= agg::trans_affine_rotation(-agg::pi / 2);
    placement *= agg::trans_affine_translation(place.x * kScale, place.y * kScale);
    agg::conv_transform placed(letters, placement);
    stroke(placed, kInk, style.is_bold ? 1.6 : 1);
  }

  std::string finish() override {
    png_image image{};
    image.version = PNG_IMAGE_VERSION;
    image.width = width_;
    image.height = height_;
    image.format = PNG_FORMAT_RGB;
    png_alloc_size_t num_bytes = PNG_IMAGE_PNG_SIZE_MAX(image);
    std::string file(num_bytes, '\0');
    if (png_image_write_to_memory(&image, file.data(), &num_bytes, 0, bytes_.data(), 0, nullptr) == 0)
      throw Error(std::string("libpng cannot write a plot: ") + image.message);
    file.resize(num_bytes);
    return file;
  }

 private:
  template <class Path>
  void stroke(Path& path, PlotColour colour, double width) {
    agg::conv_stroke<Path> outline(path);
    outline.width(width * kScale);
    outline.line_join(agg::round_join);
    outline.line_cap(agg::round_cap);
    fill(outline, colour);
  }

  template <class Outline>
  void fill(Outline& outline, PlotColour colour) {
    rasterizer_.reset();
    rasterizer_.add_path(outline);
    agg::render_scanlines_aa_solid(rasterizer_, scanline_, base_, agg::rgba8(colour.red, colour.green, colour.blue));
  }

  unsigned width_, height_;
  std::vector<std::uint8_t> bytes_;
  agg::rendering_buffer buffer_;
  agg::pixfmt_rgb24 format_;
  agg::renderer_base<agg::pixfmt_rgb24> base_;
  agg::rasterizer_scanline_aa<> rasterizer_;
  agg::scanline_u8 scanline_;
};

}  // namespace

std::unique_ptr<PlotCanvas> make_png_canvas(double width, double height) {
  return std::make_unique<PngCanvas>(width, height);
}

}  // namespace skein
