#include "trainer/data/image/resample_weights.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>

namespace skein {

namespace {

double box(double x) {
  return x > -0.5 && x <= 0.5 ? 1.0 : 0.0;
}

double triangle(double x) {
  return std::max(0.0, 1.0 - std::fabs(x));
}

double hamming(double x) {
  x = std::fabs(x);
  if (x == 0.0) return 1.0;
  if (x >= 1.0) return 0.0;
  x *= std::numbers::pi;
  return std::sin(x) / x * (0.54 + 0.46 * std::cos(x));
}

/// Keys, "Cubic convolution interpolation for digital image processing", 1981.
double cubic(double x, double a) {
  x = std::fabs(x);
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
  if (x < 2.0) return (((x - 5) * x + 8) * x - 4) * a;
  return 0.0;
}

double sinc(double x) {
  if (x == 0.0) return 1.0;
  x *= std::numbers::pi;
  return std::sin(x) / x;
}

double lanczos(double x) {
  return x >= -3.0 && x < 3.0 ? sinc(x) * sinc(x / 3) : 0.0;
}

struct Kernel {
  double (*value)(double);
  double support;
};

constexpr double kPillowCubic = -0.5;
constexpr double kTorchCubic = -0.75;

Kernel kernel_of(Interpolation interpolation, bool antialias) {
  switch (interpolation) {
    case Interpolation::kNearest:
    case Interpolation::kBox:
      return {box, 0.5};
    case Interpolation::kBilinear:
      return {triangle, 1.0};
    case Interpolation::kHamming:
      return {hamming, 1.0};
    case Interpolation::kBicubic:
      if (!antialias) return {[](double x) { return cubic(x, kTorchCubic); }, 2.0};
      return {[](double x) { return cubic(x, kPillowCubic); }, 2.0};
    case Interpolation::kLanczos:
      break;
  }
  return {lanczos, 3.0};
}

/// Rounds halves away from zero.
int32_t to_fixed_point(double weight) {
  return static_cast<int32_t>((weight < 0 ? -0.5 : 0.5) + weight * (1 << ResampleWeights::kFractionBits));
}

/// The input pixels that an output pixel is made of.
struct Taps {
  int first;
  int count;
};

/// Pillow's way: what lies outside of the picture is left out.
Taps antialiased_taps(const ResampleAxis& axis, const Kernel& kernel, int output, std::span<double> weights) {
  const double scale = axis.scale(), stretch = std::max(scale, 1.0), inverse = 1.0 / stretch;
  const double centre = axis.begin + (output + 0.5) * scale, support = kernel.support * stretch;
  const int begin = std::max(static_cast<int>(centre - support + 0.5), 0);
  const int end = std::min(static_cast<int>(centre + support + 0.5), axis.num_input);
  double sum = 0.0;
  for (int input = begin; input < end; ++input)
    sum += weights[input - begin] = kernel.value((input - centre + 0.5) * inverse);
  if (sum != 0.0)
    for (int k = 0; k < end - begin; ++k) weights[k] /= sum;
  return {begin, end - begin};
}

/// torch's way: what lies outside of the picture is the pixel at its border.
Taps clamped_taps(const ResampleAxis& axis, const Kernel& kernel, int output, std::span<double> weights) {
  const double centre = axis.begin + (output + 0.5) * axis.scale() - 0.5;
  const int lowest = static_cast<int>(std::floor(centre)) - static_cast<int>(kernel.support) + 1;
  const int num = 2 * static_cast<int>(kernel.support);
  const auto inside = [&](int input) { return std::clamp(input, 0, axis.num_input - 1); };
  const int begin = inside(lowest);
  for (int input = lowest; input < lowest + num; ++input) weights[inside(input) - begin] += kernel.value(input - centre);
  return {begin, inside(lowest + num - 1) + 1 - begin};
}

/// Pillow's ImagingScaleAffine adds up the positions step by step; the sums decide where they fall on a border.
class NearestPixel {
 public:
  explicit NearestPixel(const ResampleAxis& axis)
      : num_input_(axis.num_input), step_(axis.scale()), position_(axis.begin + step_ * 0.5) {
    for (int i = 0; i < axis.first_output; ++i) position_ += step_;
  }
  int next() {
    const int pixel = std::clamp(static_cast<int>(position_), 0, num_input_ - 1);
    position_ += step_;
    return pixel;
  }

 private:
  int num_input_;
  double step_, position_;
};

bool is_clamped(const ResampleFilter& filter) {
  return !filter.antialias &&
         (filter.interpolation == Interpolation::kBilinear || filter.interpolation == Interpolation::kBicubic);
}

/// Two 16-bit numbers side by side, the first in the lower half.
int32_t pair_of(int32_t first, int32_t second) {
  return static_cast<int32_t>((static_cast<uint32_t>(first) & 0xFFFF) | static_cast<uint32_t>(second) << 16);
}

}  // namespace

void ResampleWeights::compute(const ResampleAxis& axis, const ResampleFilter& filter) {
  const Kernel kernel = kernel_of(filter.interpolation, filter.antialias);
  const int num_outputs = axis.last_output - axis.first_output;
  const int most_taps = static_cast<int>(std::ceil(kernel.support * std::max(axis.scale(), 1.0))) * 2 + 1;
  first.resize(num_outputs);
  count.resize(num_outputs);
  exact_.resize(static_cast<size_t>(num_outputs) * most_taps);
  NearestPixel nearest(axis);
  for (int output = axis.first_output; output < axis.last_output; ++output) {
    const int place = axis.mirrored ? axis.last_output - 1 - output : output - axis.first_output;
    const std::span<double> weights(&exact_[static_cast<size_t>(place) * most_taps], most_taps);
    std::fill(weights.begin(), weights.end(), 0.0);
    Taps taps{};
    if (filter.interpolation == Interpolation::kNearest) {
      taps = {nearest.next(), 1};
      weights[0] = 1.0;
    } else {
      taps = is_clamped(filter) ? clamped_taps(axis, kernel, output, weights) : antialiased_taps(axis, kernel, output, weights);
    }
    first[place] = taps.first;
    count[place] = taps.count;
  }
  round_weights(most_taps);
}

/// All pixels get as many taps as the one that needs most: a loop whose length does not change is predicted.
void ResampleWeights::round_weights(int most_taps) {
  const int most_used = *std::max_element(count.begin(), count.end());
  num_pairs = (most_used + kGroup - 1) / kGroup * (kGroup / 2);
  high.resize(first.size() * num_pairs);
  low.resize(first.size() * num_pairs);
  for (size_t output = 0; output < first.size(); ++output) {
    const double* weights = &exact_[output * most_taps];
    const auto fixed = [&](int tap) { return tap < count[output] ? to_fixed_point(weights[tap]) : 0; };
    for (int pair = 0; pair < num_pairs; ++pair) {
      const int32_t a = fixed(pair * 2), b = fixed(pair * 2 + 1);
      high[output * num_pairs + pair] = pair_of(a >> kLowBits, b >> kLowBits);
      low[output * num_pairs + pair] = pair_of(a & kLowMask, b & kLowMask);
    }
  }
}

int32_t ResampleWeights::weight(int output, int tap) const {
  const size_t pair = static_cast<size_t>(output) * num_pairs + tap / 2;
  const int shift = tap % 2 * 16;
  const auto half = [&](int32_t both) { return static_cast<int16_t>(static_cast<uint32_t>(both) >> shift); };
  return half(high[pair]) * (1 << kLowBits) + half(low[pair]);
}

int ResampleWeights::begin() const {
  return std::min(first.front(), first.back());
}

int ResampleWeights::end() const {
  return std::max(first.front() + count.front(), first.back() + count.back());
}

}  // namespace skein
