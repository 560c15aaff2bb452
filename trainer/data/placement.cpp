#include "trainer/data/placement.h"

#include <algorithm>
#include <cmath>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "trainer/data/counter_random.h"

namespace skein {

namespace {

constexpr int kNumTries = 10;
constexpr double kMaxScaledSide = 1e9;  // keeps a picture one pixel wide and very long within int

/// Python's round(): halves to the even neighbour (the default rounding mode of the processor).
int round_half_even(double value) {
  return static_cast<int>(std::nearbyint(value));
}

int floor_half(int value) {
  return value >> 1;
}

void check_size(const char* what, int pixels) {
  if (pixels < 1) throw UsageError(concat("the ", what, " is ", pixels, " pixels"), "ask for at least 1");
}

void check_range(const char* what, double low, double high) {
  if (!(low > 0.0 && low <= high && std::isfinite(high)))
    throw UsageError(concat("the ", what, " range ", low, " to ", high, " is empty or not positive"));
}

/// Where ten tries found no box: the largest centred box whose ratio is allowed.
ImageBox central_box(const TrainTransform& transform, ImageSize image) {
  ImageSize box = image;
  const double ratio = static_cast<double>(image.width) / image.height;
  if (ratio < transform.min_ratio) box.height = round_half_even(image.width / transform.min_ratio);
  if (ratio > transform.max_ratio) box.width = round_half_even(image.height * transform.max_ratio);
  box = {std::max(box.width, 1), std::max(box.height, 1)};
  return {floor_half(image.width - box.width), floor_half(image.height - box.height), box.width, box.height};
}

ImageBox random_box(const TrainTransform& transform, ImageSize image, CounterRandom& random) {
  const double area = static_cast<double>(image.width) * image.height;
  const double low = std::log(transform.min_ratio), high = std::log(transform.max_ratio);
  for (int i = 0; i < kNumTries; ++i) {
    const double target_area = area * random.uniform(transform.min_scale, transform.max_scale);
    const double ratio = std::exp(random.uniform(low, high));
    const int width = round_half_even(std::sqrt(target_area * ratio));
    const int height = round_half_even(std::sqrt(target_area / ratio));
    if (width < 1 || width > image.width || height < 1 || height > image.height) continue;
    const int top = static_cast<int>(random.below(image.height - height + 1));
    const int left = static_cast<int>(random.below(image.width - width + 1));
    return {left, top, width, height};
  }
  return central_box(transform, image);
}

/// Shorter side to `target`, the longer one in proportion, rounded down.
ImageSize scale_shorter_side(ImageSize image, int target) {
  const auto longer = [target](int long_side, int short_side) {
    const double length = static_cast<double>(static_cast<int64_t>(target) * long_side) / short_side;
    return static_cast<int>(std::min(length, kMaxScaledSide));
  };
  if (image.width <= image.height) return {target, longer(image.height, image.width)};
  return {longer(image.width, image.height), target};
}

/// Start of a centred window; negative where the picture is smaller and black is added around it.
int centre_start(int picture, int window) {
  if (window > picture) return -floor_half(window - picture);
  return round_half_even((picture - window) / 2.0);
}

}  // namespace

void check(const TrainTransform& transform) {
  check_size("training crop", transform.crop_size);
  check_range("scale", transform.min_scale, transform.max_scale);
  check_range("ratio", transform.min_ratio, transform.max_ratio);
  if (!(transform.flip_probability >= 0.0 && transform.flip_probability <= 1.0))
    throw UsageError(concat("the flip probability is ", transform.flip_probability), "ask for 0 to 1");
}

void check(const EvalTransform& transform) {
  check_size("validation size", transform.resize_size);
  check_size("validation crop", transform.crop_size);
}

Placement place(const TrainTransform& transform, ImageSize image, const ImageKey& key) {
  CounterRandom random(key.seed, key.epoch, key.index, RandomPurpose::kPlacement);
  const int side = transform.crop_size;
  Placement placement{random_box(transform, image, random), {side, side}, {0, 0, side, side}};
  placement.mirrored = random.uniform() < transform.flip_probability;
  return placement;
}

Placement place(const EvalTransform& transform, ImageSize image) {
  const ImageSize scaled = scale_shorter_side(image, transform.resize_size);
  const int side = transform.crop_size;
  const ImageBox window{centre_start(scaled.width, side), centre_start(scaled.height, side), side, side};
  return {{0, 0, image.width, image.height}, scaled, window};
}

}  // namespace skein
