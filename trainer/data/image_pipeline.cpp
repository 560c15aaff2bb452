#include "trainer/data/image_pipeline.h"

#include <algorithm>
#include <utility>

namespace skein {

namespace {

constexpr int kStripRows = 8;  // resampled and normalised together, while they are in the cache

Placement place(const Transform& transform, ImageSize image, const ImageKey& key) {
  if (const auto* train = std::get_if<TrainTransform>(&transform)) return place(*train, image, key);
  return place(std::get<EvalTransform>(transform), image);
}

AugmentOptions augment_options(const Transform& transform) {
  const auto* train = std::get_if<TrainTransform>(&transform);
  return train ? train->augment : AugmentOptions{};
}

}  // namespace

ImagePipeline::ImagePipeline(std::shared_ptr<const ImageSource> source, const Transform& transform, const PixelOptions& pixels)
    : source_(std::move(source)), transform_(transform), pixels_(pixels), augmentation_(augment_options(transform)), normalizer_(pixels.statistics) {
  std::visit([](const auto& chosen) { check(chosen); }, transform_);
}

int ImagePipeline::output_side() const {
  return std::visit([](const auto& chosen) { return chosen.crop_size; }, transform_);
}

/// Leaves the scratch's resampler ready to deliver rows.
void ImagePipeline::find_pixels(const ImageKey& key, PipelineScratch& scratch) const {
  const size_t image = key.index % ImageKey::kMaxImages;
  const StoredImage stored = source_->read(image, scratch.bytes);
  if (stored.is_raw()) {
    scratch.resampler.plan(place(transform_, stored.raw, key), pixels_.filter);
    scratch.resampler.begin({stored.bytes.data(), stored.raw, static_cast<size_t>(stored.raw.width) * 3}, 0, 0);
    return;
  }
  const ImageSize picture = scratch.decoder.open(stored.bytes, source_->name(image), pixels_.decode);
  const Placement placement = place(transform_, picture, key);
  const ImageBox& source = placement.source;
  const int reduction =
      pixels_.reduce_while_decoding ? scratch.decoder.largest_reduction({source.width, source.height}, placement.scaled) : 1;
  scratch.resampler.plan(placement, pixels_.filter, reduction);
  const DecodedPart part = scratch.decoder.decode(scratch.resampler.needed(), reduction, scratch.decoded);
  scratch.resampler.begin(scratch.decoded, part.left, part.top);
}

void ImagePipeline::prepare(const ImageKey& key, PipelineScratch& scratch, float* output) const {
  find_pixels(key, scratch);
  const ImageSize result{output_side(), output_side()};
  if (augmentation_.is_identity()) {
    prepare_in_strips(scratch, output);
  } else {
    RgbImage& image = scratch.resampled;
    image.reshape(result);
    scratch.resampler.rows(0, result.height, image.data());
    augmentation_.apply(image, key, scratch.augment);
    normalizer_.apply({image.data(), image.num_bytes()}, output);
  }
  augmentation_.erase(output, result, key);
}

void ImagePipeline::prepare_in_strips(PipelineScratch& scratch, float* output) const {
  const int side = output_side();
  const size_t row_bytes = static_cast<size_t>(side) * 3;
  scratch.strip.resize(row_bytes * kStripRows + RgbImage::kReadableTail);
  for (int first = 0; first < side; first += kStripRows) {
    const int last = std::min(side, first + kStripRows);
    scratch.resampler.rows(first, last, scratch.strip.data());
    normalizer_.apply({scratch.strip.data(), row_bytes * (last - first)}, output + row_bytes * first);
  }
}

}  // namespace skein
