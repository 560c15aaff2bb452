#pragma once
// One image from its source to normalised floats: read, decode, place, resample, mirror, augment, normalise.

#include <cstdint>
#include <memory>
#include <variant>
#include <vector>

#include "trainer/data/augment/augmentation.h"
#include "trainer/data/image/decode.h"
#include "trainer/data/image/resample.h"
#include "trainer/data/image_source.h"
#include "trainer/data/normalize.h"
#include "trainer/data/placement.h"

namespace skein {

using Transform = std::variant<TrainTransform, EvalTransform>;

/// How pixels are computed.
struct PixelOptions {
  ResampleFilter filter;
  DecodeOptions decode;
  /// Decode pictures that are at least twice as large as needed at a half, a quarter or an eighth of their size. Much faster; the pixels
  /// differ a little from those of the whole picture resampled.
  bool reduce_while_decoding = false;
  ChannelStatistics statistics;
};

/// Memory that one thread reuses from image to image.
struct PipelineScratch {
  std::vector<uint8_t> bytes;
  ImageDecoder decoder;
  RgbImage decoded;
  Resampler resampler;
  std::vector<uint8_t> strip;
  RgbImage resampled;
  AugmentScratch augment;
};

/// Immutable; any number of threads, each with its own scratch.
class ImagePipeline {
 public:
  /// Throws UsageError for a transform that makes no sense.
  ImagePipeline(std::shared_ptr<const ImageSource> source, const Transform& transform, const PixelOptions& pixels = {});

  /// Writes floats_per_image() floats: [height][width][3], height and width being output_side(), of the image that the key tells. A pure
  /// function of the image's bytes and of the key. Throws DataError naming the image where it
  /// cannot be read.
  void prepare(const ImageKey& key, PipelineScratch& scratch, float* output) const;

  int output_side() const;
  size_t floats_per_image() const { return static_cast<size_t>(output_side()) * output_side() * 3; }
  const ImageSource& source() const { return *source_; }

 private:
  void find_pixels(const ImageKey& key, PipelineScratch& scratch) const;
  void prepare_in_strips(PipelineScratch& scratch, float* output) const;

  std::shared_ptr<const ImageSource> source_;
  Transform transform_;
  PixelOptions pixels_;
  Augmentation augmentation_;
  Normalizer normalizer_;
};

}  // namespace skein
