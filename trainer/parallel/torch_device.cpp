#include "trainer/parallel/torch_device.h"

namespace skein {

torch::Device torch_device(const World&) {
  return torch::kCPU;
}

}  // namespace skein
