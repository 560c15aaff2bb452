#pragma once
// Where a rank's tensors live.

#include <torch/types.h>

#include "runtime/process/world.h"

namespace skein {

/// The device for this rank's module and data. Builds without NCCL, such as this one, train on the CPU.
torch::Device torch_device(const World& world);

}  // namespace skein
