#include "trainer/data/normalize.h"

#include <cstring>
#include <vector>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "trainer/data/normalize_kernel.h"

namespace skein {

Normalizer::Normalizer(const ChannelStatistics& statistics) : statistics_(statistics) {
  std::vector<uint8_t> pixels;
  std::vector<float> expected;
  for (int channel = 0; channel < 3; ++channel) {
    const float deviation = statistics.deviation[channel];
    if (!(deviation > 0.0f))
      throw UsageError(concat("the standard deviation of channel ", channel, " is ", deviation), "it must be positive");
  }
  for (int value = 0; value < 256; ++value) {
    for (int channel = 0; channel < 3; ++channel) {
      table_[channel][value] = (static_cast<float>(value) / 255.0f - statistics.mean[channel]) / statistics.deviation[channel];
      pixels.push_back(static_cast<uint8_t>(value));
      expected.push_back(table_[channel][value]);
    }
  }
  std::vector<float> found(expected.size());
  normalize_pixels(pixels.data(), pixels.size(), statistics_.mean.data(), statistics_.deviation.data(), found.data());
  is_kernel_exact_ = std::memcmp(found.data(), expected.data(), found.size() * sizeof(float)) == 0;
}

void Normalizer::apply(std::span<const uint8_t> pixels, float* output) const {
  if (is_kernel_exact_) {
    normalize_pixels(pixels.data(), pixels.size(), statistics_.mean.data(), statistics_.deviation.data(), output);
    return;
  }
  const uint8_t* in = pixels.data();
  for (const uint8_t* const end = in + pixels.size(); in != end; in += 3, output += 3)
    for (int channel = 0; channel < 3; ++channel) output[channel] = table_[channel][in[channel]];
}

}  // namespace skein
