#include "trainer/data/normalize.h"

#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {

Normalizer::Normalizer(const ChannelStatistics& statistics) {
  for (int channel = 0; channel < 3; ++channel) {
    const float mean = statistics.mean[channel], deviation = statistics.deviation[channel];
    if (!(deviation > 0.0f))
      throw UsageError(concat("the standard deviation of channel ", channel, " is ", deviation), "it must be positive");
    for (int value = 0; value < 256; ++value)
      table_[channel][value] = (static_cast<float>(value) / 255.0f - mean) / deviation;
  }
}

void Normalizer::apply(const RgbImage& image, float* output) const {
  const uint8_t* in = image.data();
  const uint8_t* const end = in + image.num_bytes();
  for (; in != end; in += 3, output += 3)
    for (int channel = 0; channel < 3; ++channel) output[channel] = table_[channel][in[channel]];
}

}  // namespace skein
