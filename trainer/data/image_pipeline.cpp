#include "trainer/data/image_pipeline.h"

#include <utility>

#include "trainer/data/image/decode.h"

namespace skein {

namespace {

Placement place(const Transform& transform, ImageSize image, const ImageKey& key) {
  if (const auto* train = std::get_if<TrainTransform>(&transform)) return place(*train, image, key);
  return place(std::get<EvalTransform>(transform), image);
}

AugmentOptions augment_options(const Transform& transform) {
  const auto* train = std::get_if<TrainTransform>(&transform);
  return train ? train->augment : AugmentOptions{};
}

}  // namespace

ImagePipeline::ImagePipeline(std::shared_ptr<const ImageSource> source, const Transform& transform,
                             const ChannelStatistics& statistics)
    : source_(std::move(source)), transform_(transform), augmentation_(augment_options(transform)), normalizer_(statistics) {
  std::visit([](const auto& chosen) { check(chosen); }, transform_);
}

int ImagePipeline::output_side() const {
  return std::visit([](const auto& chosen) { return chosen.crop_size; }, transform_);
}

void ImagePipeline::prepare(const ImageKey& key, PipelineScratch& scratch, float* output) const {
  const StoredImage stored = source_->read(key.index, scratch.bytes);
  RgbView picture{stored.bytes.data(), stored.raw, static_cast<size_t>(stored.raw.width) * 3};
  if (!stored.is_raw()) {
    decode_image(stored.bytes, source_->name(key.index), scratch.decoded);
    picture = scratch.decoded;
  }
  resample(picture, place(transform_, picture.dimensions, key), scratch.resample, scratch.resampled);
  augmentation_.apply(scratch.resampled, key, scratch.augment);
  normalizer_.apply(scratch.resampled, output);
  augmentation_.erase(output, scratch.resampled.dimensions(), key);
}

}  // namespace skein
