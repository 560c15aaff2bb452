#include "trainer/loading_options.h"

#include <algorithm>

#include "trainer/options/augment_options.h"

namespace skein {
namespace {

SamplerOptions sampler_options(const TrainOptions& options, std::size_t num_images, RankShare share) {
  SamplerOptions sampler;
  sampler.num_samples = num_images;
  sampler.world_size = share.world_size;
  sampler.rank = share.rank;
  sampler.batch_size = static_cast<std::size_t>(options.batch_size);
  sampler.seed = options.seed;
  sampler.tail = TailMode::kExact;
  sampler.layout = SampleLayout::kBlocks;
  return sampler;
}

LoaderOptions loader_options(const TrainOptions& options, int num_workers) {
  LoaderOptions loader;
  loader.batch_size = static_cast<std::size_t>(options.batch_size);
  loader.num_workers = num_workers;
  loader.unreadable = options.unreadable == "skip" ? UnreadablePolicy::kSkip : UnreadablePolicy::kFail;
  loader.seed = options.seed;
  return loader;
}

TrainTransform train_transform(const TrainOptions& options) {
  TrainTransform transform;
  transform.crop_size = options.train_crop_size;
  transform.min_scale = options.train_crop_scale[0];
  transform.max_scale = options.train_crop_scale[1];
  transform.flip_probability = options.hflip_prob;
  transform.augment = augment_options(options);
  return transform;
}

}  // namespace

SamplerOptions training_sampler_options(const TrainOptions& options, std::size_t num_images, RankShare share) {
  SamplerOptions sampler = sampler_options(options, num_images, share);
  sampler.shuffle = true;
  if (options.ra_sampler) sampler.num_repeats = options.ra_reps;
  return sampler;
}

SamplerOptions validation_sampler_options(const TrainOptions& options, std::size_t num_images, RankShare share) {
  SamplerOptions sampler = sampler_options(options, num_images, share);
  sampler.shuffle = false;
  return sampler;
}

LoaderOptions training_loader_options(const TrainOptions& options, int num_workers) {
  LoaderOptions loader = loader_options(options, num_workers);
  loader.transform = train_transform(options);
  loader.pixels = pixel_options(options, true);
  loader.mix = {options.mixup_alpha, options.cutmix_alpha};
  return loader;
}

LoaderOptions validation_loader_options(const TrainOptions& options, int num_workers) {
  LoaderOptions loader = loader_options(options, num_workers);
  loader.transform = EvalTransform{.resize_size = options.val_resize_size, .crop_size = options.val_crop_size};
  loader.pixels = pixel_options(options, false);
  return loader;
}

PixelOptions pixel_options(const TrainOptions& options, bool is_training) {
  const auto& names = interpolation_names();
  PixelOptions pixels;
  pixels.filter.interpolation =
      static_cast<Interpolation>(std::find(names.begin(), names.end(), options.interpolation) - names.begin());
  pixels.filter.antialias = options.antialias;
  pixels.decode.turn_upright = options.exif_orientation == "apply";
  pixels.reduce_while_decoding = options.scaled_decoding == "all" || (is_training && options.scaled_decoding == "train");
  return pixels;
}

}  // namespace skein
