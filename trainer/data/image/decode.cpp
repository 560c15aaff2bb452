#include "trainer/data/image/decode.h"

#include <algorithm>
#include <array>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "trainer/data/image/decode_formats.h"
#include "trainer/data/image/orientation.h"

namespace skein {

namespace {

constexpr std::array<uint8_t, 3> kJpegMagic{0xFF, 0xD8, 0xFF};
constexpr std::array<uint8_t, 8> kPngMagic{0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};

template <size_t N>
bool starts_with(std::span<const uint8_t> bytes, const std::array<uint8_t, N>& magic) {
  return bytes.size() >= N && std::equal(magic.begin(), magic.end(), bytes.begin());
}

}  // namespace

ImageFormat format_of(std::span<const uint8_t> bytes) {
  if (starts_with(bytes, kJpegMagic)) return ImageFormat::kJpeg;
  return starts_with(bytes, kPngMagic) ? ImageFormat::kPng : ImageFormat::kNone;
}

void throw_unreadable(const std::string& name, const std::string& cause) {
  throw DataError(concat("image ", name, ": ", cause), "replace or remove the file, or skip unreadable images (trainer --unreadable skip)");
}

void check_image_size(uint64_t width, uint64_t height, const std::string& name) {
  if (width == 0 || height == 0) throw_unreadable(name, "it has no pixels");
  if (width > static_cast<uint64_t>(kMaxImagePixels) / height)
    throw_unreadable(name, concat(width, "x", height, " pixels are more than the ", kMaxImagePixels, " allowed"));
}

struct ImageDecoder::State {
  std::unique_ptr<FormatDecoder> jpeg = make_jpeg_decoder();
  std::unique_ptr<FormatDecoder> png = make_png_decoder();
  FormatDecoder* format = nullptr;  ///< of the picture that was opened
  std::string name;
  ImageSize stored;
  Turn turn;
  RgbImage before_turn;
};

ImageDecoder::ImageDecoder() : state_(std::make_unique<State>()) {}
ImageDecoder::~ImageDecoder() = default;

ImageSize ImageDecoder::open(std::span<const uint8_t> bytes, const std::string& name, const DecodeOptions& options) {
  State& state = *state_;
  state.name = name;
  if (bytes.empty()) throw_unreadable(name, "the file is empty");
  const ImageFormat format = format_of(bytes);
  if (format == ImageFormat::kNone) throw_unreadable(name, "it is neither a JPEG nor a PNG");
  state.format = format == ImageFormat::kJpeg ? state.jpeg.get() : state.png.get();
  state.stored = state.format->open(bytes, name);
  state.turn = options.turn_upright ? turn_of(state.format->orientation()) : Turn{};
  return turned(state.stored, state.turn);
}

int ImageDecoder::largest_reduction(ImageSize source, ImageSize wanted) const {
  int reduction = state_->format->max_reduction();
  while (reduction > 1 && (source.width / reduction < wanted.width || source.height / reduction < wanted.height)) reduction /= 2;
  return reduction;
}

DecodedPart ImageDecoder::decode(const ImageBox& box, int reduction, RgbImage& image) {
  State& state = *state_;
  const ImageSize divided{divided_up(state.stored.width, reduction), divided_up(state.stored.height, reduction)};
  RgbImage& target = state.turn.is_none() ? image : state.before_turn;
  const ImageBox part = state.format->decode(box_before(box, divided, state.turn), reduction, state.name, target);
  if (!state.turn.is_none()) turn_image(state.before_turn, state.turn, image);
  const ImageBox upright = box_after(part, divided, state.turn);
  return {upright.left, upright.top};
}

void decode_image(std::span<const uint8_t> bytes, const std::string& name, RgbImage& image) {
  ImageDecoder decoder;
  const ImageSize picture = decoder.open(bytes, name, {.turn_upright = false});
  decoder.decode({0, 0, picture.width, picture.height}, 1, image);
}

}  // namespace skein
