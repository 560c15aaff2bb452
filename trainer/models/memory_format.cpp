#include "trainer/models/memory_format.h"

#include <torch/torch.h>

namespace skein {
namespace {

void convert(torch::Tensor tensor) {
  if (tensor.defined() && tensor.dim() == 4) {
    tensor.set_data(tensor.detach().contiguous(torch::MemoryFormat::ChannelsLast));
  }
}

}  // namespace

void to_channels_last(torch::nn::Module& module) {
  for (const auto& parameter : module.parameters()) convert(parameter);
  for (const auto& buffer : module.buffers()) convert(buffer);
}

}  // namespace skein
